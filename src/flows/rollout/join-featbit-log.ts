import { FeatBitError } from "../../ports/featbit.ts";
import { StaleVersionError } from "../../ports/store.ts";
import { featBitLogKind } from "../records.ts";
import type { RolloutRun } from "./rollout-run.ts";

/** FeatBit's clock may go behind ours. */
const clockSlackMs = 60_000;
/** Rows of one look at most: a run writes a handful. */
const mostRows = 40;

/**
 * Joins FeatBit's own audit log to ours (SPEC 14): once the flag has another revision than when this was done last, the rows since
 * then, ours and everybody else's, with their ids, in one entry. FeatBit's log comes after the change that it tells of, so this is done at
 * the end of a run and holds nothing up: what cannot be read now is read by the next run.
 */
export async function joinFeatBitLog(run: RolloutRun): Promise<void> {
  const { flag, key, subject } = run;
  const { store } = run.ports;
  if (flag === null) return;
  const known = await store.getRecord(featBitLogKind, key);
  if (known?.value.revision === flag.revision && known.value.flagId === flag.id) return;
  const isSameFlag = known?.value.flagId === flag.id;
  const since = isSameFlag ? Math.max(0, Date.parse(known.value.at) - clockSlackMs) : 0;
  try {
    const at = run.now().toISOString();
    const rows = await run.flags.readChanges(flag.id, since, mostRows);
    const fresh = rows.filter(({ id }) => !(isSameFlag && known.value.rows.includes(id))).toReversed();
    await store.transaction(async (tx) => {
      if (fresh.length > 0)
        await tx.appendAudit({
          type: "rollout.featbit-log",
          subject,
          data: { flagId: flag.id, revision: flag.revision, rows: fresh },
        });
      await tx.putRecord({
        kind: featBitLogKind,
        key,
        value: { ...run.name, flagId: flag.id, revision: flag.revision, at, rows: rows.map(({ id }) => id) },
        expectedVersion: known?.version ?? 0,
        audit: { subject },
      });
    });
  } catch (error) {
    // Another run was faster, or FeatBit is away: the next run looks again.
    if (!(error instanceof FeatBitError) && !(error instanceof StaleVersionError)) throw error;
  }
}
