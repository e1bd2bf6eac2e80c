import type { FlowPorts } from "../flow-ports.ts";

/** What moving flags needs of the world. */
export type RolloutPorts = Pick<FlowPorts, "github" | "store" | "queue" | "flags" | "bindings" | "stopwatch">;

/** One flag to move or check; a hint like every job: everything is read again. */
export interface FlagJob {
  binding: string;
  flagKey: string;
  /** Aborted when the process stops: the run ends between two steps. */
  signal?: AbortSignal;
}

/** The flag job of a queue key `binding/flagKey`. Flag keys hold no slash, binding names may. */
export function parseFlagJob(key: string, signal?: AbortSignal): FlagJob {
  const slash = key.lastIndexOf("/");
  const job = { binding: key.slice(0, Math.max(slash, 0)), flagKey: key.slice(slash + 1) };
  return signal === undefined ? job : { ...job, signal };
}
