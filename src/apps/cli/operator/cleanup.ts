import { randomUUID } from "node:crypto";
import type { CliCommand } from "../cli-command.ts";
import { parseOptions } from "../parse-options.ts";
import { askFor, channelUsage, printJson, readFlagName, withChannel } from "./with-channel.ts";

/** `routeward cleanup`: asks for the pull request that ends a rollout (SPEC 12). */
export const cleanupCommand: CliCommand = {
  usage: `Usage: routeward cleanup BINDING FLAGKEY [--json]

Asks for the pull request that makes the candidate the baseline and retires the flag. The app opens it and says so on the pull
request that brought the default, or says there why it cannot; nothing changes before it is approved and merged.

${channelUsage}

Options
  --json      print JSON
  -h, --help  show this text

Exit code: 0 asked for, 1 refused, 2 not understood
`,
  async run(args, context) {
    const options = parseOptions(args, { json: { type: "boolean" } }, 2);
    const name = readFlagName(options);
    return withChannel(context, async (channel) => {
      const { askedAt } = await askFor<"cleanup">(channel, { kind: "cleanup", ...name, requestId: randomUUID() });
      const who = channel.kind === "own-store" ? "The app opens it when it starts" : "The app opens it";
      if (options.has("json")) printJson(context, { ...name, askedAt });
      else context.print(`Asked for. ${who} and answers on the pull request that brought the default.\n`);
      return 0;
    });
  },
};
