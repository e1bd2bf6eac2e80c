import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { openStore } from "../../adapters/store/open-store.ts";
import { verifyAuditExport } from "../../core/audit/verify-audit-export.ts";
import type { Store } from "../../ports/store.ts";
import { FileError, UsageError, type CliCommand } from "./cli-command.ts";
import { parseOptions } from "./parse-options.ts";

type Variables = Readonly<Record<string, string | undefined>>;

async function withStore<T>(env: Variables, work: (store: Store) => Promise<T>): Promise<T> {
  const databaseUrl = env["DATABASE_URL"]?.trim() ?? "";
  const dataDir = env["DATA_DIR"]?.trim() || "./data";
  // A store made on the way would be proven with nothing in it, which says nothing about the one that was meant.
  if (databaseUrl === "" && !existsSync(dataDir)) {
    throw new FileError(`there is no store in ${dataDir}; DATA_DIR or DATABASE_URL names it`);
  }
  const location = databaseUrl === "" ? { dataDir } : { databaseUrl };
  const opened = await openStore(location, () => new Date());
  try {
    return await work(opened.store);
  } finally {
    await opened.close();
  }
}

async function readLines(path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== "") lines.push(line);
  }
  return lines;
}

async function verifyFile(path: string): Promise<number> {
  let lines: string[];
  try {
    lines = await readLines(path);
  } catch {
    process.stderr.write(`routeward: ${path} cannot be read\n`);
    return 2;
  }
  const findings = verifyAuditExport(lines);
  return report(findings, `${lines.length} entries of ${path}`);
}

function report(findings: readonly { where: string; message: string }[], what: string): number {
  for (const { where, message } of findings) process.stdout.write(`${where}: ${message}\n`);
  process.stdout.write(
    findings.length === 0 ? `proven: ${what}\n` : `NOT proven: ${findings.length} findings in ${what}\n`,
  );
  return findings.length === 0 ? 0 : 1;
}

/** Proves an exported log, or the store that the environment names (the app must not be running on an embedded one). */
export async function verifyAudit(file: string | undefined, env: Variables): Promise<number> {
  if (file !== undefined) return verifyFile(file);
  return withStore(env, async (store) => {
    const head = await store.readAuditHead();
    const code = report(await store.verifyStore(), `${head?.seq ?? 0} audit entries and every record`);
    // Whoever keeps this hash elsewhere can tell later that the end of the log was not cut off.
    if (head !== undefined) process.stdout.write(`head: ${head.hash}\n`);
    return code;
  });
}

async function openOutput(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path);
  try {
    await once(stream, "open");
  } catch {
    throw new FileError(`${path} cannot be written`);
  }
  return stream;
}

/** Writes the whole audit log as JSON Lines to a file, or to standard output. */
export async function exportAudit(out: string | undefined, env: Variables): Promise<number> {
  return withStore(env, async (store) => {
    const stream = out === undefined ? process.stdout : await openOutput(out);
    for await (const line of store.exportAudit()) stream.write(`${line}\n`);
    if (stream !== process.stdout) {
      stream.end();
      await finished(stream);
    }
    return 0;
  });
}

/** `routeward audit`: the log as others may keep it, and the proof that nothing in it was changed (SPEC 14, 16). */
export const auditCommand: CliCommand = {
  usage: `Usage: routeward audit verify [FILE]
       routeward audit export [--out FILE]

verify  proves the chain of the store's audit log and every record, or an exported log; with the embedded store the app must not run
export  writes the audit log as JSON Lines, to standard output without --out

The store is the one that DATABASE_URL or DATA_DIR names (default ./data).

Exit code: 0 proven or written, 1 something differs or the store failed, 2 the file cannot be read
`,
  async run(args, context) {
    const [verb, ...rest] = args;
    if (verb === "verify") return verifyAudit(parseOptions(rest, {}, 1).positionals[0], context.env);
    if (verb === "export") {
      return exportAudit(parseOptions(rest, { out: { type: "string" } }, 0).text("out") ?? undefined, context.env);
    }
    throw new UsageError('expected "verify [FILE]" or "export [--out FILE]"');
  },
};
