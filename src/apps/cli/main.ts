import { runCli } from "./run-cli.ts";

// The exit code is set instead of calling exit, so that what is still to be written reaches a pipe.
process.exitCode = await runCli(process.argv.slice(2), process.env);
