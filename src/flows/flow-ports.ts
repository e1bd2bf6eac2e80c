import type { BindingFacts } from "../core/facts.ts";
import type { FlagPorts } from "../ports/featbit.ts";
import type { GitHubPort } from "../ports/github.ts";
import type { MetricsPorts } from "../ports/metrics.ts";
import type { RouteProbePorts } from "../ports/route-probe.ts";
import type { JobQueue } from "../ports/queue.ts";
import type { Store } from "../ports/store.ts";

/** What the flows need of the world, put together by the app. */
export interface FlowPorts {
  github: GitHubPort;
  store: Store;
  queue: JobQueue;
  /** By binding name. */
  flags: FlagPorts;
  metrics: MetricsPorts;
  /** How the baseline route is asked at the end of a rehearsal, by binding name; a binding whose operator wants none is absent. */
  routeProbes: RouteProbePorts;
  bindings: readonly BindingFacts[];
  /**
   * By repository, `owner/name` in lower case: further branches whose own rules judge the pull requests that go to them (SPEC 3).
   * Absent: none.
   */
  policyBranches?: ReadonlyMap<string, readonly string[]>;
  /** An unreadable organisation floor blocks (SPEC 3). */
  requireFloor: boolean;
  /** Milliseconds that never go back, for durations that people are told. */
  stopwatch: () => number;
}
