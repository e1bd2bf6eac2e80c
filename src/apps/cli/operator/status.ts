import { flattenLine } from "../../../core/report/flatten-line.ts";
import type { RouteStatus } from "../../../flows/operator/list-route-status.ts";
import type { CliCommand } from "../cli-command.ts";
import { parseOptions } from "../parse-options.ts";
import { askFor, channelUsage, printJson, withChannel } from "./with-channel.ts";

function renderRoute(route: RouteStatus): string {
  const served =
    route.stage === null
      ? "baseline to everyone"
      : `${route.stage}, ${route.share} % of its audience, since ${route.since ?? "?"}`;
  const lines = [
    `${route.binding}/${route.flagKey}: ${route.state}${route.reason === "" ? "" : ` (${route.reason})`}`,
    `  live    ${route.since === null ? "nothing was proven yet" : served}`,
    ...(route.repository === null ? [] : [`  route   ${route.repository}, ${route.path ?? ""}`]),
    ...(route.paused === null ? [] : [`  paused  ${route.paused}`]),
    ...(route.latch === null ? [] : [`  latch   ${route.latch.at} by ${route.latch.by}: ${route.latch.reason}`]),
    ...(route.watch === null ? [] : [`  watch   ${route.watch}`]),
  ];
  return `${lines.map(flattenLine).join("\n")}\n`;
}

/** `routeward status`: how the routes stand. */
export const statusCommand: CliCommand = {
  usage: `Usage: routeward status [FLAGKEY] [--json]

Shows how every route stands, or the named one: stage, share, latch, pause, guardrails and why nothing goes on.

${channelUsage}

Options
  --json      print JSON
  -h, --help  show this text

Exit code: 0 shown, 1 there is no such route, 2 not understood
`,
  async run(args, context) {
    const options = parseOptions(args, { json: { type: "boolean" } }, 1);
    const flagKey = options.positionals[0] ?? null;
    return withChannel(context, async (channel) => {
      const { routes } = await askFor<"status">(channel, { kind: "status", flagKey });
      if (options.has("json")) printJson(context, { routes });
      else context.print(routes.map(renderRoute).join("\n"));
      if (routes.length > 0) return 0;
      if (flagKey === null) {
        context.warn("routeward status: there is no route yet\n");
        return 0;
      }
      context.warn(`routeward status: there is no route of flag ${flattenLine(flagKey)}\n`);
      return 1;
    });
  },
};
