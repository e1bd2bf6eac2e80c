import type { FlowPorts } from "./flow-ports.ts";
import { approvedRouteKind, keyOfFlag } from "./records.ts";

/**
 * FeatBit says that something changed (SPEC 13): the jobs of the flags that it may concern are queued, if they are ours. The hint
 * itself is neither believed nor kept; what it missed finds the timer.
 */
export async function takeFeatBitHint(
  hint: { binding: string; flagKey: string | null },
  ports: Pick<FlowPorts, "store" | "queue">,
): Promise<void> {
  const { binding, flagKey } = hint;
  const keys =
    flagKey === null
      ? (await ports.store.listRecords(approvedRouteKind, keyOfFlag(binding, ""))).map(({ key }) => key)
      : [keyOfFlag(binding, flagKey)];
  for (const key of keys) {
    const isOurs = flagKey === null || (await ports.store.getRecord(approvedRouteKind, key)) !== undefined;
    if (isOurs) await ports.queue.enqueue("flag", key, { cause: "FeatBit's webhook" });
  }
}
