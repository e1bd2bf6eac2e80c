import type { Measurement } from "../core/facts.ts";

/** One question to the metrics source: a template of the policy for one variation, with everything filled in but the query. */
export interface MetricQuery {
  guardrail: string;
  variation: "baseline" | "candidate";
  /** PromQL, ready to send. Either `value`, or `numerator` and `denominator`. */
  value: string | null;
  numerator: string | null;
  denominator: string | null;
  samples: string | null;
}

/** Reads guardrail metrics. Never throws: what cannot be read is an outcome that holds exposure (SPEC 9). */
export interface MetricsPort {
  /** One measurement per query, in order. `at` of a measurement is the time the source stamps it with. */
  measure(queries: readonly MetricQuery[], at: string): Promise<readonly Measurement[]>;
}

/** Metrics sources by binding name; a binding without one is absent. */
export type MetricsPorts = ReadonlyMap<string, MetricsPort>;
