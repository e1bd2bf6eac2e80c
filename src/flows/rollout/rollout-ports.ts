import type { FlowPorts } from "../flow-ports.ts";

/** What moving flags needs of the world. */
export type RolloutPorts = Pick<
  FlowPorts,
  "github" | "store" | "queue" | "flags" | "bindings" | "routeProbes" | "stopwatch"
>;

/** One flag to move or check; a hint like every job: everything is read again. */
export interface FlagJob {
  binding: string;
  flagKey: string;
  /** Aborted when the process stops: the run ends between two steps. */
  signal?: AbortSignal;
}
