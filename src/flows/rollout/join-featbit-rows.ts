import { cut } from "../../core/problem.ts";
import { FeatBitError } from "../../ports/featbit.ts";
import { StaleVersionError } from "../../ports/store.ts";
import { featbitRowsKind, liveStateKind } from "../records.ts";
import type { RolloutRun } from "./rollout-run.ts";

/** Rows of FeatBit's audit log that are kept for one proven state; the longest way of a flag writes a third of them. */
const mostRows = 20;

/** How far FeatBit's clock may be behind ours, and how long a row may take to appear before it is taken for lost. */
const slackMs = 10 * 60_000;

/**
 * Puts FeatBit's own audit rows of our changes into our audit log, beside the state that they led to (SPEC 14): once for each proven
 * revision, found by the comment that every change of ours carries. It reads only and comes after everything that users wait for; what
 * FeatBit does not tell now is asked for by the next look at the flag.
 */
export async function joinFeatBitRows(run: RolloutRun): Promise<void> {
  const { store } = run.ports;
  const [live, known] = await Promise.all([
    store.getRecord(liveStateKind, run.key),
    store.getRecord(featbitRowsKind, run.key),
  ]);
  if (live === undefined || live.value.revision === "" || known?.value.revision === live.value.revision) return;
  const { revision, provenAt } = live.value;
  const since = known === undefined ? 0 : Date.parse(known.value.until) - slackMs;
  const seen = new Set(known?.value.rows.map(({ id }) => id));
  try {
    const flag = await run.flags.readFlag(run.job.flagKey);
    // Somebody changed it meanwhile: the rows belong to the state that is proven next.
    if (flag === null || flag.revision !== revision) return;
    const changes = await run.flags.readChanges(flag.id, since, mostRows);
    const rows = changes
      .filter(({ id, comment }) => comment.startsWith("routeward:") && !seen.has(id))
      .map(({ id, at, actor, actorId, comment, kinds }) => ({
        id,
        at,
        actor: cut(actor, 200),
        actorId,
        comment: cut(comment, 300),
        kinds: kinds.slice(0, 20),
      }));
    const isLate = run.now().getTime() - Date.parse(provenAt) > slackMs;
    if (rows.length === 0 && !isLate) return;
    await store.putRecord({
      kind: featbitRowsKind,
      key: run.key,
      value: { ...run.name, revision, until: provenAt, rows },
      expectedVersion: known?.version ?? 0,
      audit: { subject: run.subject, data: { revision, rows } },
    });
  } catch (error) {
    // Best effort: the state is proven whatever FeatBit's log says, and the next look asks again.
    if (!(error instanceof FeatBitError) && !(error instanceof StaleVersionError)) throw error;
  }
}
