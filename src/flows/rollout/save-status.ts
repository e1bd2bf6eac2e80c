import type { StoreOperations } from "../../ports/store.ts";
import { rolloutStatusKind, type RolloutStatus } from "../records.ts";
import type { RolloutRun } from "./rollout-run.ts";
import { createStatus } from "./write-with-audit.ts";

/**
 * Says how the rollout stands. A failure that comes again counts up; anything else that stays so is not written again, because
 * flags are looked at every few minutes and the log of record keeps what changed, not that nothing did.
 *
 * @param proven digest of the contents that were just proven: what was written before them is ours no longer, so that
 * somebody who puts an older state back by hand is seen
 */
export async function saveStatus(
  run: RolloutRun,
  store: StoreOperations,
  state: RolloutStatus["state"],
  reason: string,
  mergeSha: string | null,
  proven: string | null = null,
): Promise<{ status: RolloutStatus; isNews: boolean }> {
  const current = await store.getRecord(rolloutStatusKind, run.key);
  const before = current?.value ?? createStatus(run);
  const same = before.state === state && before.reason === reason && before.mergeSha === mergeSha;
  if (same && state !== "failing" && proven === null && current !== undefined) return { status: before, isNews: false };
  const value: RolloutStatus = {
    ...before,
    state,
    reason,
    mergeSha,
    since: same ? before.since : run.now().toISOString(),
    attempts: same ? before.attempts + 1 : 1,
    written: proven === null ? before.written : [proven],
  };
  await store.putRecord({
    kind: rolloutStatusKind,
    key: run.key,
    value,
    expectedVersion: current?.version ?? 0,
    audit: { subject: run.subject },
  });
  return { status: value, isNews: !same };
}
