import { flattenLine } from "../../../core/report/flatten-line.ts";
import { UsageError, type CliCommand } from "../cli-command.ts";
import { parseOptions } from "../parse-options.ts";
import { askFor, channelUsage, printJson, readFlagName, withChannel } from "./with-channel.ts";

function readTarget(text: string | null): { repository: string; path: string } | null {
  if (text === null) return null;
  const [repository = "", ...rest] = text.split(":");
  const path = rest.join(":");
  if (!/^[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}$/.test(repository) || path === "")
    throw new UsageError(`--to must be OWNER/NAME:PATH, found "${text}"`);
  return { repository, path };
}

/** `routeward transfer`: a flag key is given to another repository or path (SPEC 4). */
export const transferCommand: CliCommand = {
  usage: `Usage: routeward transfer BINDING FLAGKEY [--to OWNER/NAME:PATH [--yes]] [--json]

Shows which repository and route file have claimed a flag key, and gives it to another. What is approved and live stays until the
new holder's route is approved and merged; pull requests of the old one are invalid from then on.

${channelUsage}

Options
  --to OWNER/NAME:PATH  repository and route file that get the key; the binding must name the repository
  --yes                 do it
  --json                print JSON
  -h, --help            show this text

Exit code: 0 shown or transferred, 1 not confirmed or refused, 2 not understood
`,
  async run(args, context) {
    const specs = { to: { type: "string" }, yes: { type: "boolean" }, json: { type: "boolean" } } as const;
    const options = parseOptions(args, specs, 2);
    const name = readFlagName(options);
    const to = readTarget(options.text("to"));
    return withChannel(context, async (channel) => {
      const { holder } = await askFor<"show-claim">(channel, { kind: "show-claim", ...name });
      const isJson = options.has("json");
      const shown =
        holder === null
          ? `Nobody has claimed ${name.flagKey}: the first approved merge does.`
          : `${name.flagKey} belongs to ${holder.repository}, ${holder.path}.`;
      if (!isJson) context.print(`${flattenLine(shown)}\n`);
      if (to === null) {
        if (isJson) printJson(context, { holder });
        return 0;
      }
      if (holder === null) {
        context.warn("routeward transfer: there is nothing to transfer\n");
        return 1;
      }
      if (!options.has("yes")) {
        if (isJson) printJson(context, { holder });
        context.warn(`routeward transfer: nothing is done yet; add --yes to give it to ${to.repository}, ${to.path}\n`);
        return 1;
      }
      const result = await askFor<"transfer">(channel, { kind: "transfer", ...name, from: holder, to });
      if (isJson) printJson(context, { holder: result.holder, from: holder });
      else context.print(flattenLine(`It belongs to ${to.repository}, ${to.path} from now on.`) + "\n");
      return 0;
    });
  },
};
