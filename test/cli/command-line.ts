import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCli } from "../../src/apps/cli/run-cli.ts";

/** The program, to be started by Node. */
export const main = fileURLToPath(new URL("../../src/apps/cli/main.ts", import.meta.url));
const refuseNetwork = fileURLToPath(new URL("refuse-network.ts", import.meta.url));

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A Git repository in a temporary folder, with `routeward` run in it as a child process. */
export interface Clone {
  folder: string;
  git(...args: string[]): string;
  write(files: Readonly<Record<string, string>>): void;
  commit(message: string, files?: Readonly<Record<string, string>>): string;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CommandResult>;
  close(): void;
}

/** Git without the configuration of whoever runs the tests. */
const environment: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Dana",
  GIT_AUTHOR_EMAIL: "7+dana@users.noreply.github.com",
  GIT_COMMITTER_NAME: "Dana",
  GIT_COMMITTER_EMAIL: "7+dana@users.noreply.github.com",
};

/** Runs the command line in a folder, with the network refused unless `env.ROUTEWARD_TEST_NETWORK` is set. */
export function runCommand(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const preload = env["ROUTEWARD_TEST_NETWORK"] === undefined ? ["--import", refuseNetwork] : [];
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...environment, ...env }, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [...preload, main, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

export function makeClone(files: Readonly<Record<string, string>> = {}): Clone {
  const folder = mkdtempSync(join(tmpdir(), "cli-test-"));
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: folder, env: environment, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const write = (some: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(some)) {
      const target = join(folder, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
  };
  git("init", "-q", "-b", "main");
  const clone: Clone = {
    folder,
    git,
    write,
    commit(message, some = {}) {
      write(some);
      git("add", "--all");
      git("commit", "-q", "--allow-empty", "-m", message);
      return git("rev-parse", "HEAD").trim();
    },
    run: (args, env) => runCommand(folder, args, env),
    close() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
  if (Object.keys(files).length > 0) clone.commit("Start", files);
  return clone;
}

/** The same in this process, on a Monday in June, for what does not depend on it being one of its own. */
export async function callCli(
  folder: string,
  args: readonly string[],
  now = new Date("2026-06-15T10:00:00Z"),
): Promise<CommandResult> {
  const result = { stdout: "", stderr: "" };
  const code = await runCli(args, {
    env: environment,
    folder,
    now: () => now,
    print: (text) => void (result.stdout += text),
    warn: (text) => void (result.stderr += text),
    colour: false,
  });
  return { code, ...result };
}
