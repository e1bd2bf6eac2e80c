import { spawn } from "node:child_process";
import { GitError } from "./git-error.ts";

/** Answers above this are refused: a tree of a million files is smaller. */
const maximumAnswerBytes = 512 * 1024 * 1024;

export interface GitRequest {
  input?: string | Uint8Array;
  env?: Readonly<Record<string, string>>;
  /** Exit codes that are an answer; 0 when absent. */
  accept?: readonly number[];
}

export interface GitAnswer {
  code: number;
  out: Buffer;
}

/** One repository's git, with the environment that keeps it local and quiet. */
export type GitRunner = (args: readonly string[], request?: GitRequest) => Promise<GitAnswer>;

/**
 * Variables that would point git at another repository or index than the one in the folder: hooks set them. Everything else of the
 * person's own, such as `safe.directory`, stays.
 */
const foreign = new Set([
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_PREFIX",
  "GIT_NAMESPACE",
  "GIT_REPLACE_REF_BASE",
  "GIT_GLOB_PATHSPECS",
  "GIT_NOGLOB_PATHSPECS",
  "GIT_ICASE_PATHSPECS",
  "GIT_EXTERNAL_DIFF",
  "GIT_TRACE",
  "GIT_PAGER",
]);

/** `GIT_ALLOW_PROTOCOL` names a protocol that does not exist: a partial clone must not fetch what it lacks (SPEC 16, no network). */
const quiet: Readonly<Record<string, string>> = {
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_ALLOW_PROTOCOL: "none",
  GIT_LITERAL_PATHSPECS: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
};

/** A monitor or hook that the repository's configuration names is a program of its own: reading must start none. */
const settings = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false"];

/**
 * Makes a runner of the `git` command in one folder. Arguments are handed over as they are, without a shell.
 *
 * @throws GitError from every call when git is not there or ends with a code that was not expected
 */
export function createGitRunner(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  own: Readonly<Record<string, string>> = {},
): GitRunner {
  const inherited = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined || foreign.has(name) ? [] : [[name, value]])),
  );
  return async (args, request = {}) => {
    const environment = { ...inherited, ...quiet, ...own, ...request.env };
    const command = args.find((arg) => !arg.startsWith("-")) ?? "git";
    const { code, out, said } = await runOnce(folder, [...settings, ...args], environment, request.input, command);
    if (!(request.accept ?? [0]).includes(code)) {
      throw new GitError(`git ${command} failed: ${said === "" ? `exit code ${code}` : said}`, { command, code, said });
    }
    return { code, out };
  };
}

function runOnce(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string | Uint8Array | undefined,
  command: string,
): Promise<{ code: number; out: Buffer; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("git", args, { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    const chunks: Buffer[] = [];
    let size = 0;
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maximumAnswerBytes) child.kill();
      else chunks.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (errors.length < 4096) errors += chunk.toString("utf8");
    });
    child.on("error", (cause) => {
      const message = "code" in cause && cause.code === "ENOENT" ? "git is not installed" : "git could not be started";
      reject(new GitError(message, { command, code: null, said: "", cause }));
    });
    child.on("close", (code) => {
      const said = describeComplaint(errors);
      if (code !== null) resolve({ code, out: Buffer.concat(chunks), said });
      else reject(new GitError(`git ${command} was ended before its answer was complete`, { command, code, said }));
    });
    // Git may end without reading everything; what it says about that is its exit code.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
  });
}

function describeComplaint(text: string): string {
  const line = text.split("\n").find((each) => /^(?:fatal|error):/.test(each)) ?? text.split("\n")[0] ?? "";
  return line
    .replace(/^(?:fatal|error): /, "")
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ")
    .trim()
    .slice(0, 300);
}
