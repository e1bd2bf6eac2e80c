import type { LiveState } from "../../core/facts.ts";
import type { Policy } from "../../core/policy/policy.ts";
import { checkResume } from "../../core/rollout/judge-step.ts";
import { StaleVersionError, type Store } from "../../ports/store.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { keyOfFlag, liveStateKind, subjectOfFlag, watchKind } from "../records.ts";
import { findWatch } from "./gather-records.ts";

export interface PauseRequest {
  binding: string;
  flagKey: string;
  /** Who asked: `@login`, or the name of what noticed. */
  by: string;
  reason: string;
  /** Tells this request from every other, so that one that is repeated after a crash is answered as the first time. */
  requestId?: string;
}

/** What became of it. `not-live`: nothing stands in FeatBit that could be paused. */
export type PauseResult = { kind: "done"; live: LiveState } | { kind: "unchanged" } | { kind: "not-live" };

const attempts = 8;

/** Changes the pause of a live flag, with the job that makes it known, in one commit; the same request once. */
async function changePause(
  flag: { binding: string; flagKey: string; requestId?: string },
  paused: (live: LiveState) => LiveState | undefined,
  data: Readonly<Record<string, unknown>>,
  ports: Pick<FlowPorts, "store" | "queue">,
): Promise<PauseResult> {
  const key = keyOfFlag(flag.binding, flag.flagKey);
  const change = (store: Store): Promise<PauseResult> =>
    store.transaction(async (tx): Promise<PauseResult> => {
      const live = await tx.getRecord(liveStateKind, key);
      if (live === undefined || live.value.stage === null) return { kind: "not-live" };
      const requestKey = nameRequest(flag);
      if (requestKey !== null && (await tx.lastOutcome(requestKey)) !== undefined)
        return { kind: "done", live: live.value };
      const value = paused(live.value);
      if (value === undefined) return { kind: "unchanged" };
      const subject = subjectOfFlag(flag.binding, flag.flagKey);
      if (requestKey !== null) {
        await tx.recordIntent({ key: requestKey, effect: "change-pause", subject, data });
        await tx.recordOutcome(requestKey, { status: "done" });
      }
      await tx.putRecord({ kind: liveStateKind, key, value, expectedVersion: live.version, audit: { subject, data } });
      await ports.queue.enqueueIn(tx, "flag", key, { binding: flag.binding, flagKey: flag.flagKey });
      return { kind: "done", live: value };
    });
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change(ports.store);
    } catch (error) {
      // The flag's job proved a step in between.
      if (!(error instanceof StaleVersionError) || attempt === attempts) throw error;
    }
  }
}

function nameRequest(flag: { binding: string; flagKey: string; requestId?: string }): string | null {
  return flag.requestId === undefined ? null : `pause:${keyOfFlag(flag.binding, flag.flagKey)}:${flag.requestId}`;
}

/** Stops the growth and the soak clock of a flag; whoever is served the candidate keeps it (SPEC 15). An earlier pause stands. */
export function pauseFlag(
  request: PauseRequest,
  ports: Pick<FlowPorts, "store" | "queue">,
  now: Date,
): Promise<PauseResult> {
  const { by, reason } = request;
  const at = now.toISOString();
  return changePause(
    request,
    (live) => (live.paused === null ? { ...live, paused: { at, by, reason } } : undefined),
    { paused: { by, reason } },
    ports,
  );
}

/**
 * Lets a paused flag go on when it meets the gates again: readings green, no freeze window (SPEC 15). What the segments hold now
 * becomes what was agreed to.
 *
 * @returns why not, or what became of it
 */
export async function resumeFlag(
  request: { binding: string; flagKey: string; by: string; requestId?: string },
  policy: Pick<Policy, "freeze">,
  ports: Pick<FlowPorts, "store" | "queue">,
  now: Date,
): Promise<PauseResult | { kind: "refused"; reasons: readonly string[] }> {
  const { binding, flagKey, by } = request;
  const live = (await ports.store.getRecord(liveStateKind, keyOfFlag(binding, flagKey)))?.value;
  if (live === undefined || live.stage === null) return { kind: "not-live" };
  const requestKey = nameRequest(request);
  if (requestKey !== null && (await ports.store.lastOutcome(requestKey)) !== undefined) return { kind: "done", live };
  if (live.paused === null) return { kind: "unchanged" };
  const watch = await ports.store.getRecord(watchKind, binding);
  const reasons = checkResume(live, findWatch(watch?.value, flagKey), policy, now.toISOString());
  if (reasons.length > 0) return { kind: "refused", reasons };
  const resume = ({ segments: _agreedAnew, ...rest }: LiveState): LiveState => ({ ...rest, paused: null });
  return changePause(
    request,
    (current) => (current.paused === null ? undefined : resume(current)),
    { resumed: { by, after: live.paused } },
    ports,
  );
}
