import type { CliCommand } from "./cli-command.ts";
import { parseOptions } from "./parse-options.ts";

/** `routeward demo`. */
export const demoCommand: CliCommand = {
  usage: `Usage: routeward demo [--keep]

Plays the life of a route against simulators of GitHub and FeatBit on loopback, with the real app and an embedded store in a temporary
folder. Nothing stays behind.

Options
  --keep        stay up afterwards and print the addresses
  -h, --help    show this text
`,
  async run(args, context) {
    const options = parseOptions(args, { keep: { type: "boolean" } }, 0);
    // Loaded only here: the simulators are no part of a running app.
    const { runDemo } = await import("../demo/run-demo.ts");
    return runDemo({ keep: options.has("keep"), colour: context.colour });
  },
};
