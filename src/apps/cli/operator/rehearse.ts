import { flattenLine } from "../../../core/report/flatten-line.ts";
import { maximumWaitMs, type OperatorResults } from "../../../flows/operator/operator-request.ts";
import { UsageError, type CliCommand } from "../cli-command.ts";
import { parseOptions } from "../parse-options.ts";
import { askFor, channelUsage, printJson, readFlagName, readPatience, withChannel } from "./with-channel.ts";

const defaultPatienceMs = 60_000;

function readPull(text: string | null): { repository: string; number: number } | null {
  if (text === null) return null;
  const match = /^([A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100})#([1-9]\d{0,8})$/.exec(text);
  if (match === null) throw new UsageError(`--pr must be OWNER/NAME#NUMBER, found "${text}"`);
  return { repository: match[1] ?? "", number: Number(match[2]) };
}

/** `routeward rehearse`: proves that the way back works (SPEC 13). */
export const rehearseCommand: CliCommand = {
  usage: `Usage: routeward rehearse BINDING FLAGKEY [--pr OWNER/NAME#NUMBER] [--timeout 60s] [--json]

Proves that the way back works for the candidate of a pull request, as \`/routeward rehearse\` there does, and prints the times. Without
--pr it takes the open pull request of the flag that was judged last, else the one that was merged last.

${channelUsage}
While the app is stopped a rehearsal is only queued: it runs when the app starts.

Options
  --pr OWNER/NAME#NUMBER  the pull request whose candidate is rehearsed
  --timeout DURATION      how long to wait for the result (default 60s, 0s: do not wait)
  --json                  print JSON
  -h, --help              show this text

Exit code: 0 the way back works, 1 it does not, there is no result yet or it was refused, 2 not understood
`,
  async run(args, context) {
    const specs = { pr: { type: "string" }, timeout: { type: "string" }, json: { type: "boolean" } } as const;
    const options = parseOptions(args, specs, 2);
    const name = readFlagName(options);
    const pull = readPull(options.text("pr"));
    const patienceMs = readPatience(options, defaultPatienceMs);
    return withChannel(context, async (channel) => {
      const asked = await askFor<"rehearse">(channel, { kind: "rehearse", ...name, pull });
      const ends = performance.now() + (channel.kind === "own-store" ? 0 : patienceMs);
      let rehearsal: OperatorResults["await-rehearsal"]["rehearsal"] = null;
      for (;;) {
        const left = Math.max(0, Math.round(ends - performance.now()));
        const waitMs = Math.min(left, maximumWaitMs);
        const { since } = asked;
        ({ rehearsal } = await askFor<"await-rehearsal">(channel, { kind: "await-rehearsal", ...name, since, waitMs }));
        if (rehearsal !== null || left <= maximumWaitMs) break;
      }
      const where = `${asked.repository}#${asked.pull}`;
      if (options.has("json")) printJson(context, { ...name, ...asked, rehearsal });
      else if (rehearsal !== null)
        context.print(
          `${flattenLine(`${rehearsal.ok ? "The way back works" : "The way back does NOT work"} for ${where}: ${rehearsal.detail}`)}\n`,
        );
      if (rehearsal !== null) return rehearsal.ok ? 0 : 1;
      const when =
        channel.kind === "own-store" ? "it runs when the app starts" : "its result stands on the pull request";
      context.warn(`routeward rehearse: the rehearsal of ${where} is queued and has no result yet; ${when}\n`);
      return 1;
    });
  },
};
