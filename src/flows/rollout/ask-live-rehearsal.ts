import { nameSyntheticUser } from "../../core/rollout/live-rehearsal.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { keyOfFlag, latchKind, liveRehearsalKind, liveStateKind, subjectOfFlag } from "../records.ts";

export interface LiveRehearsalRequest {
  binding: string;
  flagKey: string;
  candidateDigest: string;
  by: string;
  /** `owner/name`, its id and the pull request in which somebody asked. */
  repository: string;
  repositoryId: number;
  pull: number;
  /** Tells this request from every other, so that one that is repeated after a crash is taken once. */
  requestId: string;
}

/**
 * Asks the flag's own job for a rehearsal on the live flag, when this candidate is what is live there (SPEC 13). The job plays
 * it between its other steps, so that nothing else moves the flag meanwhile. One that waits or runs already is not doubled.
 *
 * @returns `elsewhere` when the candidate is not live, so that it must be rehearsed on the disposable flag
 */
export async function askLiveRehearsal(
  request: LiveRehearsalRequest,
  ports: Pick<FlowPorts, "store" | "queue">,
  now: () => Date,
): Promise<"asked" | "elsewhere"> {
  const { binding, flagKey, candidateDigest, requestId, by, repository, repositoryId, pull } = request;
  const key = keyOfFlag(binding, flagKey);
  const subject = subjectOfFlag(binding, flagKey);
  const askedAt = now().toISOString();
  return ports.store.transaction(async (tx): Promise<"asked" | "elsewhere"> => {
    const requestKey = `rehearse-live:${key}:${requestId}`;
    if ((await tx.lastOutcome(requestKey)) !== undefined) return "asked";
    const live = (await tx.getRecord(liveStateKind, key))?.value;
    if (live === undefined || live.stage === null || live.candidateDigest !== candidateDigest) return "elsewhere";
    if ((await tx.getRecord(latchKind, key)) !== undefined) return "elsewhere";
    await tx.recordIntent({ key: requestKey, effect: "ask-rehearsal", subject, data: { by } });
    await tx.recordOutcome(requestKey, { status: "done" });
    const before = await tx.getRecord(liveRehearsalKind, key);
    if (before === undefined || before.value.phase === "asked") {
      await tx.putRecord({
        kind: liveRehearsalKind,
        key,
        value: {
          binding,
          flagKey,
          candidateDigest,
          by,
          repository,
          repositoryId,
          pull,
          askedAt,
          phase: "asked",
          userKey: nameSyntheticUser({ binding, flagKey }, candidateDigest, askedAt),
          mergeSha: null,
          phaseBegan: askedAt,
          forwardMs: 0,
          backMs: 0,
          route: null,
          failure: null,
          isInterrupted: false,
        },
        expectedVersion: before?.version ?? 0,
        audit: { subject, data: { rehearsal: "asked", by } },
      });
    }
    await ports.queue.enqueueIn(tx, "flag", key, { binding, flagKey });
    return "asked";
  });
}
