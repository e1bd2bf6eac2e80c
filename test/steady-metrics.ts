import type { Measurement } from "../src/core/facts.ts";
import type { MetricQuery, MetricsPort } from "../src/ports/metrics.ts";

/** What the templates of the example policy read when all is well, for baseline and candidate at 5 % of a day's traffic. */
const good: readonly (readonly [pattern: string, baseline: number, candidate: number])[] = [
  ["route_rubric_score_sum", 17_400, 819],
  ["route_rubric_score_count", 20_000, 900],
  ["histogram_quantile", 1.9, 1.7],
  ["route_duration_seconds_count", 20_000, 900],
  ["route_cost_usd_total", 412, 18],
  ["conversation_resolved_total", 14_100, 640],
  ["route_fallback_total", 140, 5],
  ["route_requests_total", 20_000, 900],
  ["unsafe_output_reports_total", 0, 0],
  ["conversation_escalated_total", 1_220, 40],
  ["conversation_total", 20_000, 900],
];

/** What a template's query is answered when all is well; null for one that the example policy does not hold. */
export function readSteadily(query: string): number | null {
  const found = good.find(([pattern]) => query.includes(pattern));
  return found?.[query.includes('variation="candidate"') ? 2 : 1] ?? null;
}

/** A metrics source in memory that answers the example policy's templates. `weather` changes an answer; null leaves it. */
export function createSteadyMetrics(weather: (query: string) => number | null): MetricsPort {
  const ask = (query: string): number => weather(query) ?? readSteadily(query) ?? Number.NaN;
  const measure = ({ value, numerator, denominator, samples }: MetricQuery): Measurement["outcome"] => {
    const count = samples ?? denominator;
    const read = value === null ? ask(numerator ?? "") / ask(denominator ?? "") : ask(value);
    if (!Number.isFinite(read)) return { kind: "unusable", why: "the metrics source answered NaN" };
    return { kind: "value", value: read, samples: count === null ? null : ask(count) };
  };
  return {
    measure: (queries, at) =>
      Promise.resolve(
        queries.map((query) => ({
          guardrail: query.guardrail,
          variation: query.variation,
          at,
          outcome: measure(query),
        })),
      ),
  };
}
