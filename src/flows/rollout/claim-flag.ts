import { flagClaimKind, keyOfFlag } from "../records.ts";
import type { RolloutView } from "./gather-rollout.ts";
import type { RolloutRun } from "./rollout-run.ts";

/** The first approved merge of a key owns it. A claim that stands is moved by merges and by the operator only. */
export async function claimFlag(run: RolloutRun, view: RolloutView): Promise<void> {
  const approved = view.content?.approved;
  if (approved === undefined || view.records.claim !== null) return;
  const flagKey = run.job.flagKey.toLowerCase();
  await run.ports.store.putRecord({
    kind: flagClaimKind,
    key: keyOfFlag(run.job.binding, flagKey),
    value: { binding: run.job.binding, flagKey, repository: approved.repository, path: approved.path },
    expectedVersion: 0,
    audit: { subject: run.subject },
  });
}
