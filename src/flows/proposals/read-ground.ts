import type { ProposalGround } from "../../core/proposals/plan-proposal.ts";
import type { StoreOperations } from "../../ports/store.ts";
import { approvedRouteKind, keyOfFlag, latchKind, liveStateKind } from "../records.ts";
import { readApprovedContent } from "../rollout/read-approved-content.ts";

/** What is approved, live and rolled back of a flag; a reason when nothing is approved or it cannot be read. */
export async function readGround(
  binding: string,
  flagKey: string,
  store: Pick<StoreOperations, "getRecord">,
): Promise<{ ok: true; ground: ProposalGround } | { ok: false; why: string }> {
  const key = keyOfFlag(binding, flagKey);
  const [approved, live, latch] = await Promise.all([
    store.getRecord(approvedRouteKind, key),
    store.getRecord(liveStateKind, key),
    store.getRecord(latchKind, key),
  ]);
  if (approved === undefined) return { ok: false, why: "nothing of this route was approved and merged yet" };
  const read = readApprovedContent(approved.value);
  if (!read.ok) return { ok: false, why: read.reason };
  return { ok: true, ground: { content: read.content, live: live?.value ?? null, latch: latch?.value ?? null } };
}
