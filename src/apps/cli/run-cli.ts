import { ListenError } from "../bot/listen-error.ts";
import { ConfigurationError } from "../config/read-environment.ts";
import { StoreError } from "../../ports/store.ts";
import { exportAudit, verifyAudit } from "./audit.ts";
import { serve } from "./serve.ts";

const usage = `Usage: routeward <command> [options]

Commands
  serve                     run the GitHub App (see docs/operation.md for the environment)
  demo [--keep]             play the whole story against simulators on loopback; --keep stays up afterwards
  audit verify [FILE]       prove the store's audit log and records, or an exported log; exit 1 if anything differs
  audit export [--out FILE] write the audit log as JSON Lines

Options
  -h, --help                show this text
  -v, --version             show the version
`;

type Variables = Readonly<Record<string, string | undefined>>;

async function runAudit(args: readonly string[], env: Variables): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === "verify" && rest.length <= 1) return verifyAudit(rest[0], env);
  if (verb === "export") {
    if (rest.length === 0) return exportAudit(undefined, env);
    if (rest.length === 2 && rest[0] === "--out" && rest[1] !== undefined) return exportAudit(rest[1], env);
  }
  process.stderr.write(`routeward audit: expected "verify [FILE]" or "export [--out FILE]"\n\n${usage}`);
  return 2;
}

async function runDemoCommand(args: readonly string[], env: Variables): Promise<number> {
  const unknown = args.find((arg) => arg !== "--keep");
  if (unknown !== undefined) {
    process.stderr.write(`routeward demo: unknown option ${unknown}\n\n${usage}`);
    return 2;
  }
  // Loaded only here: the simulators are no part of a running app.
  const { runDemo } = await import("../demo/run-demo.ts");
  return runDemo({ keep: args.includes("--keep"), colour: process.stdout.isTTY && env["NO_COLOR"] === undefined });
}

async function dispatch(args: readonly string[], env: Variables): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case undefined:
    case "help":
    case "-h":
    case "--help":
      (command === undefined ? process.stderr : process.stdout).write(usage);
      return command === undefined ? 2 : 0;
    case "-v":
    case "--version": {
      const { readVersion } = await import("./read-version.ts");
      process.stdout.write(`${readVersion()}\n`);
      return 0;
    }
    case "serve":
      return serve(env);
    case "demo":
      return runDemoCommand(rest, env);
    case "audit":
      return runAudit(rest, env);
    default:
      process.stderr.write(`routeward: unknown command "${command}"\n\n${usage}`);
      return 2;
  }
}

/**
 * Runs one command of the command line.
 *
 * @returns the exit code: 0 done, 1 the answer is no or it failed, 2 wrong usage or configuration
 */
export async function runCli(args: readonly string[], env: Variables): Promise<number> {
  try {
    return await dispatch(args, env);
  } catch (error) {
    if (error instanceof ConfigurationError) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    if (error instanceof ListenError) {
      process.stderr.write(`routeward: ${error.message}; set PORT and HOST to an address that is free\n`);
      return 1;
    }
    if (error instanceof StoreError) {
      process.stderr.write(`routeward: ${error.message}${causeOf(error)}\n`);
      return 1;
    }
    // Our own mistake. A trace of the stack helps nobody at a terminal; with LOG_LEVEL=debug it is shown.
    const isDebugging = ["debug", "trace"].includes(env["LOG_LEVEL"] ?? "");
    process.stderr.write(`routeward: unexpected error: ${describeUnexpected(error, isDebugging)}\n`);
    return 1;
  }
}

function describeUnexpected(error: unknown, withStack: boolean): string {
  if (!(error instanceof Error)) return "something else than an error was thrown";
  return withStack ? (error.stack ?? error.message) : `${error.name}: ${error.message}`;
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? ` (${error.cause.message})` : "";
}
