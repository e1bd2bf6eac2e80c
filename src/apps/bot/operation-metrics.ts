import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What `/metrics` tells operators. No label holds a name of a repository, person or flag (SPEC 18). */
export interface OperationMetrics {
  registry: Registry;
  deliveries: Counter<"outcome">;
  /** Seconds of one job. */
  jobSeconds: Histogram<"queue" | "outcome">;
  verdicts: Counter<"state" | "tier">;
  jobs: Gauge<"queue" | "state">;
  /** Flags by how their rollout stands. */
  rollouts: Gauge<"state">;
  /** Seconds from a rollback's latch until the baseline was proven. */
  rollbackSeconds: Histogram;
  /** Seconds from a merge until the stage was proven. */
  servedSeconds: Histogram;
}

/** Creates the metrics in a registry of their own, so that two apps in one process do not mix. */
export function createOperationMetrics(): OperationMetrics {
  const registry = new Registry();
  const registers = [registry];
  const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
  return {
    registry,
    deliveries: new Counter({
      name: "routeward_webhook_deliveries_total",
      help: "Webhook requests by what became of them.",
      labelNames: ["outcome"],
      registers,
    }),
    jobSeconds: new Histogram({
      name: "routeward_job_seconds",
      help: "Duration of jobs.",
      labelNames: ["queue", "outcome"],
      buckets: seconds,
      registers,
    }),
    verdicts: new Counter({
      name: "routeward_verdicts_total",
      help: "Verdicts by state and tier.",
      labelNames: ["state", "tier"],
      registers,
    }),
    jobs: new Gauge({
      name: "routeward_jobs",
      help: "Jobs by queue and state.",
      labelNames: ["queue", "state"],
      registers,
    }),
    rollouts: new Gauge({
      name: "routeward_rollouts",
      help: "Flags by the state of their rollout; held and failing ones wait for something outside.",
      labelNames: ["state"],
      registers,
    }),
    rollbackSeconds: new Histogram({
      name: "routeward_rollback_seconds",
      help: "From the rollback's latch until the baseline was proven through the FeatBit SDK.",
      buckets: seconds,
      registers,
    }),
    servedSeconds: new Histogram({
      name: "routeward_served_seconds",
      help: "From the merge until the stage was proven through the FeatBit SDK.",
      buckets: seconds,
      registers,
    }),
  };
}
