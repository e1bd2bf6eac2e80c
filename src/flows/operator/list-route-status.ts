import type { FlowPorts } from "../flow-ports.ts";
import { describeWatch } from "../describe-watch.ts";
import {
  approvedRouteKind,
  keyOfFlag,
  latchKind,
  liveStateKind,
  rolloutStatusKind,
  watchKind,
  type RolloutStatus,
} from "../records.ts";
import { findWatch } from "../rollout/gather-records.ts";

/** How one route stands, as the store knows it. */
export interface RouteStatus {
  binding: string;
  flagKey: string;
  repository: string | null;
  path: string | null;
  state: RolloutStatus["state"] | "unknown";
  reason: string;
  stage: string | null;
  /** Percent of the stage's audience. */
  share: number;
  /** When the stage's step was entered; null when nothing was ever proven. */
  since: string | null;
  paused: string | null;
  latch: { at: string; by: string; reason: string } | null;
  /** Guardrails and soak in a sentence; null when there is nothing to watch. */
  watch: string | null;
}

/** Everything that was ever approved, live or latched, sorted by binding and flag key. */
export async function listRouteStatus(
  flagKey: string | null,
  ports: Pick<FlowPorts, "store">,
  now: Date,
): Promise<RouteStatus[]> {
  const { store } = ports;
  const [approved, live, latches, statuses, watches] = await Promise.all([
    store.listRecords(approvedRouteKind),
    store.listRecords(liveStateKind),
    store.listRecords(latchKind),
    store.listRecords(rolloutStatusKind),
    store.listRecords(watchKind),
  ]);
  const names = new Map(
    [...approved, ...live, ...latches, ...statuses].map(({ key, value }) => [
      key,
      { binding: value.binding, flagKey: value.flagKey },
    ]),
  );
  const find = <Value>(records: readonly { key: string; value: Value }[], key: string): Value | undefined =>
    records.find((record) => record.key === key)?.value;
  return [...names.values()]
    .filter((name) => flagKey === null || name.flagKey.toLowerCase() === flagKey.toLowerCase())
    .map((name): RouteStatus => {
      const key = keyOfFlag(name.binding, name.flagKey);
      const route = find(approved, key);
      const state = find(live, key);
      const latch = find(latches, key);
      const status = find(statuses, key);
      const watch = findWatch(find(watches, name.binding), name.flagKey);
      return {
        ...name,
        repository: route?.repository ?? null,
        path: route?.path ?? null,
        state: status?.state ?? "unknown",
        reason: status?.reason ?? "",
        stage: state?.stage ?? null,
        share: state?.share ?? 0,
        since: state?.enteredAt ?? null,
        paused: state === undefined || state.paused === null ? null : `by ${state.paused.by}: ${state.paused.reason}`,
        latch: latch === undefined ? null : { at: latch.at, by: latch.by, reason: latch.reason },
        watch: state === undefined || latch !== undefined ? null : describeWatch(state, watch, now.toISOString()),
      };
    })
    .toSorted((one, other) => (keyOfFlag(one.binding, one.flagKey) < keyOfFlag(other.binding, other.flagKey) ? -1 : 1));
}
