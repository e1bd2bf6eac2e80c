import { GitError } from "../../adapters/git-local/git-error.ts";
import { suggestWord } from "../../core/yaml/suggest-word.ts";
import { GitHubError } from "../../ports/github.ts";
import { StoreError } from "../../ports/store.ts";
import { ListenError } from "../bot/listen-error.ts";
import { ChannelError } from "../operator/channel-error.ts";
import { ConfigurationError } from "../config/read-environment.ts";
import { FileError, RefusedError, UsageError, type CliCommand, type CliContext } from "./cli-command.ts";

/** Commands by name, each loaded only when it is called: `check` must not wait for the app's modules. */
const commands: Readonly<Record<string, () => Promise<CliCommand>>> = {
  init: async () => (await import("./init.ts")).initCommand,
  lint: async () => (await import("./lint.ts")).lintCommand,
  check: async () => (await import("./check.ts")).checkCommand,
  explain: async () => (await import("./explain.ts")).explainCommand,
  digest: async () => (await import("./digest.ts")).digestCommand,
  simulate: async () => (await import("./simulate.ts")).simulateCommand,
  replay: async () => (await import("./replay.ts")).replayCommand,
  serve: async () => (await import("./serve.ts")).serveCommand,
  worker: async () => (await import("./worker.ts")).workerCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
  status: async () => (await import("./operator/status.ts")).statusCommand,
  rollback: async () => (await import("./operator/rollback.ts")).rollbackCommand,
  rehearse: async () => (await import("./operator/rehearse.ts")).rehearseCommand,
  cleanup: async () => (await import("./operator/cleanup.ts")).cleanupCommand,
  adopt: async () => (await import("./operator/adopt.ts")).adoptCommand,
  transfer: async () => (await import("./operator/transfer.ts")).transferCommand,
  demo: async () => (await import("./demo.ts")).demoCommand,
  audit: async () => (await import("./audit.ts")).auditCommand,
};

const usage = `Usage: routeward <command> [options]

In a clone, without network
  init                      make a working start: a route file, a policy, CODEOWNERS lines for the roles
  lint [PATH..]             report the problems of route files, policy, evidence and CODEOWNERS
  check                     judge this branch and show the card that the check run would show; exit 0 approved, 1 not
  explain [FLAGKEY]         show the reasons behind the verdict and the checklist before production exposure
  digest [FILE]             print bundle digests
  simulate                  show what a change of fields, approvals or live state would make of the verdict
  replay --policy FILE      judge past merges by another policy and show what would differ

The app
  serve                     run the GitHub App (see docs/operation.md for the environment)
  worker                    work the queue beside the app, without taking webhooks (PostgreSQL only)
  demo [--keep]             play the whole story against simulators on loopback; --keep stays up afterwards
  audit verify [FILE]       prove the store's audit log and records, or an exported log; exit 1 if anything differs
  audit export [--out FILE] write the audit log as JSON Lines

The operator, where the app runs
  doctor                    test the installation end to end and say what to mend
  status [FLAGKEY]          show how the routes stand
  rollback BINDING FLAGKEY  send all traffic back to the baseline and wait for the proof
  rehearse BINDING FLAGKEY  prove that the way back works
  cleanup BINDING FLAGKEY   ask for the pull request that makes the candidate the baseline and retires the flag
  adopt BINDING FLAGKEY     hand over a FeatBit flag that Routeward did not make
  transfer BINDING FLAGKEY  give a flag key to another repository or route file

Options
  -h, --help                show this text; after a command, the command's
  -v, --version             show the version
`;

async function dispatch(args: readonly string[], context: CliContext): Promise<number> {
  const [name, ...rest] = args;
  switch (name) {
    case undefined:
      context.warn(usage);
      return 2;
    case "-h":
    case "--help":
      context.print(usage);
      return 0;
    case "help": {
      const [about] = rest;
      if (about === undefined) context.print(usage);
      else context.print((await loadCommand(about)).usage);
      return 0;
    }
    case "-v":
    case "--version": {
      const { readVersion } = await import("./read-version.ts");
      context.print(`${readVersion()}\n`);
      return 0;
    }
    default: {
      const command = await loadCommand(name);
      const end = rest.indexOf("--");
      const own = end < 0 ? rest : rest.slice(0, end);
      if (own.includes("--help") || own.includes("-h")) {
        context.print(command.usage);
        return 0;
      }
      return command.run(rest, context);
    }
  }
}

async function loadCommand(name: string): Promise<CliCommand> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load !== undefined) return load();
  const near = suggestWord(name, Object.keys(commands));
  const what = name.startsWith("-") ? "option" : "command";
  throw new UsageError(`unknown ${what} "${name}"${near === null ? "" : `; did you mean ${near}?`}`);
}

/**
 * Runs one command of the command line. Nobody gets a stack trace; `LOG_LEVEL=debug` shows it for what nobody expected.
 *
 * @returns the exit code: 0 done or approved, 1 the answer is no or it failed, 2 wrong usage or configuration, or nothing to judge
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    return await dispatch(args, context);
  } catch (error) {
    const name = args[0] !== undefined && Object.hasOwn(commands, args[0]) ? `routeward ${args[0]}` : "routeward";
    return explainFailure(error, name, context);
  }
}

function explainFailure(error: unknown, name: string, context: CliContext): number {
  if (error instanceof UsageError) {
    context.warn(`${name}: ${error.message}\nTry "${name} --help".\n`);
    return 2;
  }
  if (error instanceof FileError || error instanceof GitError) {
    context.warn(`${name}: ${error.message}\n`);
    return 2;
  }
  if (error instanceof GitHubError) {
    const isDenied = error.kind === "unauthorized" || error.kind === "forbidden";
    const hint = isDenied
      ? "\nIs GITHUB_TOKEN set, with read access to the repository and its organisation's teams?"
      : "";
    context.warn(`${name}: ${error.message}${hint}\n`);
    return 2;
  }
  if (error instanceof ConfigurationError) {
    context.warn(`${error.message}\n`);
    return 2;
  }
  if (error instanceof RefusedError || error instanceof ChannelError) {
    context.warn(`${name}: ${error.message}\n`);
    return 1;
  }
  if (error instanceof ListenError) {
    context.warn(`${name}: ${error.message}; set PORT and HOST to an address that is free\n`);
    return 1;
  }
  if (error instanceof StoreError) {
    context.warn(`${name}: ${error.message}${causeOf(error)}\n`);
    return 1;
  }
  const message = error instanceof Error ? error.message : String(error);
  const isDebug = ["debug", "trace"].includes(context.env["LOG_LEVEL"] ?? "");
  const detail = isDebug && error instanceof Error ? `${error.stack ?? ""}\n` : "LOG_LEVEL=debug shows where.\n";
  context.warn(`${name}: this should not happen: ${message}\n${detail}`);
  return 1;
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? ` (${error.cause.message})` : "";
}
