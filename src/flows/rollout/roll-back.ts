import type { Latch } from "../../core/facts.ts";
import { StaleVersionError, type StoreTransaction } from "../../ports/store.ts";
import { approvedRouteKind, breachedKind, keyOfFlag, latchKind, liveStateKind, subjectOfFlag } from "../records.ts";
import { updateRecord } from "../update-record.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

export interface RollbackRequest {
  binding: string;
  flagKey: string;
  /** Who asked: `@login`, or the name of what noticed. */
  by: string;
  reason: string;
  cause: Latch["cause"];
  /** `owner/name` where the person is answered. */
  repository: string;
  pull: number | null;
  /** Tells this request from every other, so that a delivery which runs again after a crash does not ask twice. */
  requestId?: string;
}

const attempts = 8;

/**
 * Sets the latch at once, with the job that makes it true, in one commit: from here on a promotion in flight stops at its next
 * step or within its proof. Asking again while a latch stands makes it newer, so that nothing approved in between
 * releases it. The same request (`requestId`) is taken once: repeated after a crash it could otherwise undo a re-entry that was
 * approved in between.
 *
 * @returns the latch that stands; null when this request was dealt with before and its latch has been released since
 */
export async function requestRollback(
  request: RollbackRequest,
  ports: Pick<RolloutPorts, "store" | "queue">,
  now: () => Date,
): Promise<Latch | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ports.store.transaction((tx) => latchFlag(request, ports, tx, now()));
    } catch (error) {
      // The flag's job released or wrote the latch in between.
      if (!(error instanceof StaleVersionError) || attempt === attempts) throw error;
    }
  }
}

async function latchFlag(
  request: RollbackRequest,
  ports: Pick<RolloutPorts, "queue">,
  tx: StoreTransaction,
  now: Date,
): Promise<Latch | null> {
  const { binding, flagKey, by, reason, cause, repository, pull, requestId } = request;
  const key = keyOfFlag(binding, flagKey);
  const subject = subjectOfFlag(binding, flagKey);
  const current = await tx.getRecord(latchKind, key);
  if (requestId !== undefined) {
    const requestKey = `rollback:${key}:${requestId}`;
    if ((await tx.lastOutcome(requestKey)) !== undefined) return current?.value ?? null;
    await tx.recordIntent({ key: requestKey, effect: "request-rollback", subject, data: { by, reason, cause } });
    await tx.recordOutcome(requestKey, { status: "done" });
  }
  const live = await tx.getRecord(liveStateKind, key);
  const approved = await tx.getRecord(approvedRouteKind, key);
  const candidateDigest =
    live?.value.candidateDigest ?? current?.value.candidateDigest ?? approved?.value.candidateDigest ?? null;
  const value: Latch = {
    binding,
    flagKey,
    at: now.toISOString(),
    by,
    reason,
    cause,
    candidateDigest,
    repository,
    pull,
  };
  await tx.putRecord({
    kind: latchKind,
    key,
    value,
    expectedVersion: current?.version ?? 0,
    audit: { subject, data: { by, reason, cause } },
  });
  if (cause === "breach" && candidateDigest !== null) {
    await updateRecord(tx, breachedKind, key, subject, (known) => ({
      binding,
      flagKey,
      at: { ...known?.at, [candidateDigest]: value.at },
    }));
  }
  await ports.queue.enqueueIn(tx, "flag", key, { binding, flagKey });
  return value;
}
