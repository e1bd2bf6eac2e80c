import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

/** A PostgreSQL of our own on a loopback port, with nothing in it. */
export interface PostgresCluster {
  version: string;
  /** Makes an empty database and answers its URL. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Why there is no PostgreSQL to test against, or undefined when there is one. On a developer's machine the tests are then
 * skipped with this sentence; in CI they must not be.
 */
export function explainMissingPostgres(): string | undefined {
  if (findBinaries() !== undefined) return undefined;
  if (process.env["CI"] === "true") throw new Error("CI must have PostgreSQL: install the package postgresql");
  return "PostgreSQL is not installed (looked in /usr/lib/postgresql/*/bin and PATH)";
}

/** Starts a cluster in a temporary directory. It never survives `stop`; fsync is off, because it only proves the SQL. */
export async function startPostgresCluster(): Promise<PostgresCluster> {
  const binaries = findBinaries();
  if (binaries === undefined) throw new Error("PostgreSQL is not installed");
  const user = chooseUser();
  const directory = mkdtempSync(join(tmpdir(), "routeward-postgres-"));
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
  const data = join(directory, "data");
  const asUser = { ...user, env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" }, cwd: directory };
  const initdbOptions = ["-D", data, "-U", "routeward", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"];
  execFileSync(join(binaries, "initdb"), initdbOptions, { ...asUser, stdio: "pipe" });
  const port = await findFreePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    fsync: "off",
    max_connections: 200,
  };
  const server = spawn(
    join(binaries, "postgres"),
    ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { ...asUser, stdio: "ignore" },
  );
  const url = (database: string): string => `postgresql://routeward@127.0.0.1:${port}/${database}`;
  const stop = async (): Promise<void> => {
    await stopServer(server);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const version = await waitUntilReady(url("postgres"), server);
    return {
      version,
      async createDatabase() {
        const name = `test_${randomUUID().replaceAll("-", "")}`;
        await query(url("postgres"), `create database ${name}`);
        return url(name);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs one statement on a connection of its own. */
export async function query(databaseUrl: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

function findBinaries(): string | undefined {
  const debian = "/usr/lib/postgresql";
  let versions: string[] = [];
  try {
    versions = readdirSync(debian).sort((a, b) => Number(b) - Number(a));
  } catch {
    // Not Debian; PATH is looked at next.
  }
  const candidates = [
    ...versions.map((version) => join(debian, version, "bin")),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
  return candidates.find(
    (directory) => isExecutable(join(directory, "initdb")) && isExecutable(join(directory, "postgres")),
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL refuses to run as root; then it runs as Debian's own user, or as nobody. */
function chooseUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const read = (flag: string): number =>
        Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }));
      return { uid: read("-u"), gid: read("-g") };
    } catch {
      // No such user; the next one is tried.
    }
  }
  throw new Error("no unprivileged user to run PostgreSQL as");
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, "127.0.0.1", resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

async function waitUntilReady(databaseUrl: string, server: ChildProcess): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const rows = await query(databaseUrl, "show server_version");
      return String(rows[0]?.["server_version"]);
    } catch (cause) {
      if (server.exitCode !== null || attempt === 200) throw new Error("PostgreSQL did not start", { cause });
      await sleep(50);
    }
  }
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = new Promise((resolve) => {
    server.once("exit", resolve);
  });
  // Fast shutdown: connections that a failing test left open must not hold it up.
  server.kill("SIGINT");
  await exited;
}
