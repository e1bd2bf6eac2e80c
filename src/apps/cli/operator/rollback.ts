import { randomUUID } from "node:crypto";
import { flattenLine } from "../../../core/report/flatten-line.ts";
import { maximumWaitMs, type OperatorResults } from "../../../flows/operator/operator-request.ts";
import type { OperatorChannel } from "../../operator/open-operator-channel.ts";
import { UsageError, type CliCommand } from "../cli-command.ts";
import { parseOptions } from "../parse-options.ts";
import { askFor, channelUsage, printJson, readFlagName, readPatience, withChannel } from "./with-channel.ts";

const defaultPatienceMs = 60_000;

async function awaitProof(
  channel: OperatorChannel,
  name: { binding: string; flagKey: string },
  since: string,
  patienceMs: number,
): Promise<OperatorResults["await-rollback"]> {
  const ends = performance.now() + patienceMs;
  for (;;) {
    const left = Math.max(0, Math.round(ends - performance.now()));
    const waitMs = Math.min(left, maximumWaitMs);
    const seen = await askFor<"await-rollback">(channel, { kind: "await-rollback", ...name, since, waitMs });
    if (seen.proven || left <= maximumWaitMs) return seen;
  }
}

/** `routeward rollback`: all traffic of a route to the baseline, proven (SPEC 13). */
export const rollbackCommand: CliCommand = {
  usage: `Usage: routeward rollback BINDING FLAGKEY --reason TEXT [--timeout 60s] [--json]

Sends all traffic of a route back to its baseline, waits until the FeatBit SDK proves it and prints how long that took. The rollback
sets a latch at once: nothing but a merge that is approved after it goes forward again. It works whenever FeatBit answers, also while
the app or GitHub is away; comments and deployments on GitHub follow when they can.

${channelUsage}

Options
  --reason TEXT       why, for the pull request and the audit log; at most 300 characters
  --timeout DURATION  how long to wait for the proof (default 60s, 0s: do not wait); the rollback goes on all the same
  --json              print JSON
  -h, --help          show this text

Exit code: 0 the baseline is proven, 1 refused or not proven yet, 2 not understood
`,
  async run(args, context) {
    const specs = { reason: { type: "string" }, timeout: { type: "string" }, json: { type: "boolean" } } as const;
    const options = parseOptions(args, specs, 2);
    const name = readFlagName(options);
    const reason = options.text("reason")?.trim() ?? "";
    if (reason === "" || reason.length > 300) throw new UsageError("--reason needs a text of at most 300 characters");
    const patienceMs = readPatience(options, defaultPatienceMs);
    return withChannel(context, async (channel) => {
      // The same request is taken once, so it may be asked again when an answer is lost.
      const request = { kind: "rollback" as const, ...name, reason, requestId: randomUUID() };
      const { at } = await askFor<"rollback">(channel, request);
      const since = at ?? context.now().toISOString();
      const seen = await awaitProof(channel, name, since, patienceMs);
      if (options.has("json")) printJson(context, { ...name, latchedAt: since, ...seen });
      else if (seen.proven)
        context.print(
          seen.milliseconds === null
            ? `${name.flagKey} was off and on its baseline already. The latch is set.\n`
            : `Rolled back: ${name.flagKey} serves the baseline to everyone, proven through the FeatBit SDK after ${(seen.milliseconds / 1000).toFixed(2)} s.\n`,
        );
      if (seen.proven) return 0;
      const why = seen.reason === "" ? "" : ` (${seen.state}: ${seen.reason})`;
      const who =
        channel.kind === "own-store"
          ? "The app goes on with it when it starts."
          : "It is queued and goes on by itself; `routeward status` shows it.";
      context.warn(
        `${flattenLine(`routeward rollback: the latch is set, the baseline is not proven yet${why}. ${who}`)}\n`,
      );
      return 1;
    });
  },
};
