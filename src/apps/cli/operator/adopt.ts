import { flattenLine } from "../../../core/report/flatten-line.ts";
import type { FlagSummary } from "../../../flows/operator/describe-flag.ts";
import type { CliCommand } from "../cli-command.ts";
import { parseOptions } from "../parse-options.ts";
import { askFor, channelUsage, printJson, readFlagName, withChannel } from "./with-channel.ts";

function renderFlag(flag: FlagSummary): string {
  const off = flag.variations.find(({ isOff }) => isOff)?.name ?? "unknown";
  const known = [
    ...(flag.isOurs ? ["Routeward made it"] : []),
    ...(flag.adopted === null ? [] : [`adopted by ${flag.adopted.by} at ${flag.adopted.at}`]),
    ...(flag.claim === null ? [] : [`claimed by ${flag.claim.repository}, ${flag.claim.path}`]),
    ...(flag.isApproved ? ["an approved route moves it"] : []),
  ];
  const lines = [
    `${flag.key} (${flag.type}), revision ${flag.revision}, changed ${flag.updatedAt}`,
    `  state       ${flag.isArchived ? "archived" : flag.isEnabled ? "on" : "off"}; off serves ${off}`,
    `  variations  ${flag.variations.length}`,
    ...flag.variations.map(({ name, value }) => `    ${name}: ${value}`),
    `  rules       ${flag.rules.length === 0 ? "none" : flag.rules.join(", ")}`,
    `  named users ${flag.targetedUsers}`,
    `  everyone    ${flag.fallthrough.join(", ") || "nothing"}`,
    `  tags        ${flag.tags.join(", ") || "none"}`,
    `  pending     ${flag.pendingChanges ?? "unknown"} scheduled changes and change requests`,
    `  known       ${known.join("; ") || "nothing"}`,
    ...(flag.lastChanges ?? []).map(({ at, actor, comment }) => `  changed     ${at} by ${actor}: ${comment || "-"}`),
  ];
  return `${lines.map(flattenLine).join("\n")}\n`;
}

/** `routeward adopt`: the operator hands a flag over that Routeward did not make (SPEC 4). */
export const adoptCommand: CliCommand = {
  usage: `Usage: routeward adopt BINDING FLAGKEY [--yes] [--json]

Shows what a FeatBit flag holds that Routeward did not make, and with --yes hands it over. Nothing that it serves changes now: the
next approved merge of its route replaces variations and targeting, and a change by hand after this is seen.

${channelUsage}

Options
  --yes       adopt the flag as it is shown
  --json      print JSON
  -h, --help  show this text

Exit code: 0 adopted, 1 only shown or refused, 2 not understood
`,
  async run(args, context) {
    const options = parseOptions(args, { yes: { type: "boolean" }, json: { type: "boolean" } }, 2);
    const name = readFlagName(options);
    return withChannel(context, async (channel) => {
      const flag = await askFor<"show-flag">(channel, { kind: "show-flag", ...name });
      const isJson = options.has("json");
      if (!isJson) context.print(renderFlag(flag));
      if (flag.adopted !== null || flag.isOurs) {
        if (isJson) printJson(context, { flag, adopted: flag.adopted });
        else
          context.print(flag.isOurs ? "Routeward made this flag: there is nothing to adopt.\n" : "Adopted already.\n");
        return 0;
      }
      if (!options.has("yes")) {
        if (isJson) printJson(context, { flag, adopted: null });
        context.warn("routeward adopt: nothing is done yet; add --yes to hand this flag over as it is shown\n");
        return 1;
      }
      const { adoptedAt } = await askFor<"adopt">(channel, { kind: "adopt", ...name, revision: flag.revision });
      if (isJson) printJson(context, { flag, adopted: { at: adoptedAt } });
      else context.print(`Adopted at ${adoptedAt}. The next approved merge moves it.\n`);
      return 0;
    });
  },
};
