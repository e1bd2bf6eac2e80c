#!/usr/bin/env node
import { runCli } from "./run-cli.ts";

/** NO_COLOR and FORCE_COLOR as other tools read them; else colours are for terminals that have them. */
function wantsColour({ env, stdout }: typeof process): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"] ?? "";
  if (forced !== "") return forced !== "0";
  return stdout.isTTY && env["TERM"] !== "dumb";
}

/** The command ran, but what it had to say could not be written: a full disk must not be taken for its answer. */
const unwritten = 2;
let hasFailedOutput = false;

// Whoever reads the output may have had enough of it, as `head` does; that is no failure, and the command still cleans up behind itself.
process.stdout.on("error", (error: Error) => {
  const code = "code" in error ? String(error.code) : error.message;
  if (code === "EPIPE" || hasFailedOutput) return;
  hasFailedOutput = true;
  process.exitCode = unwritten;
  process.stderr.write(`routeward: the output could not be written (${code})\n`);
});

// Where complaints cannot be written nobody can be told so, and the exit code still says how it went.
process.stderr.on("error", () => {});

// The exit code is set instead of calling exit, so that what is still to be written reaches a pipe.
const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  folder: process.cwd(),
  now: () => new Date(),
  print: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
  colour: wantsColour(process),
});
process.exitCode = hasFailedOutput ? unwritten : exitCode;
