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
  /** Live flags by what the last look at their guardrails found. */
  watched: Gauge<"state">;
  /** Seconds since the guardrails of the binding that waits longest were read; absent while nothing is watched. */
  watchAge: Gauge;
  /** Breaches by what was done about them. */
  breaches: Counter<"action">;
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
    watched: new Gauge({
      name: "routeward_watched_flags",
      help: "Live flags by the last look at their guardrails: green ones soak, open and failing ones hold.",
      labelNames: ["state"],
      registers,
    }),
    watchAge: new Gauge({
      name: "routeward_guardrail_watch_age_seconds",
      help: "Since the last look at the guardrails of the binding that waits longest.",
      registers,
    }),
    breaches: new Counter({
      name: "routeward_guardrail_breaches_total",
      help: "Breaches of guardrails by what was done.",
      labelNames: ["action"],
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
