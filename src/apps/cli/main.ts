#!/usr/bin/env node
import { runCli } from "./run-cli.ts";

/** NO_COLOR and FORCE_COLOR as other tools read them; else colours are for terminals that have them. */
function wantsColour({ env, stdout }: typeof process): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"] ?? "";
  if (forced !== "") return forced !== "0";
  return stdout.isTTY && env["TERM"] !== "dumb";
}

// Whoever reads the output may have had enough of it, as `head` does; that is no failure, and the command still cleans up behind itself.
process.stdout.on("error", (error: Error) => {
  if (!("code" in error) || error.code !== "EPIPE") throw error;
});

// The exit code is set instead of calling exit, so that what is still to be written reaches a pipe.
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  folder: process.cwd(),
  now: () => new Date(),
  print: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
  colour: wantsColour(process),
});
