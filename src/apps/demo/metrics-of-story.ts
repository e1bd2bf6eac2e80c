/** One set of numbers for the metric templates of docs/examples/routeward.yml, per variation. */
const numbers: readonly (readonly [pattern: string, baseline: number, candidate: number])[] = [
  ["route_rubric_score_sum", 17_400, 18_200],
  ["route_rubric_score_count", 20_000, 20_000],
  ["histogram_quantile", 1.9, 1.7],
  ["route_duration_seconds_count", 20_000, 20_000],
  ["route_cost_usd_total", 412, 418],
  ["conversation_resolved_total", 14_100, 14_600],
  ["route_fallback_total", 140, 120],
  ["route_requests_total", 20_000, 20_000],
  ["unsafe_output_reports_total", 0, 0],
  ["conversation_escalated_total", 1_220, 1_100],
  ["conversation_total", 20_000, 20_000],
];

/** What a metrics source answers where no traffic is needed: a candidate that does well. The demo itself scrapes its service. */
export function answerQuery(query: string): number | null {
  const found = numbers.find(([pattern]) => query.includes(pattern));
  if (found === undefined) return null;
  return query.includes('variation="candidate"') ? found[2] : found[1];
}
