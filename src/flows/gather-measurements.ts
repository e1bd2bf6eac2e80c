import type { LiveState, Measurement } from "../core/facts.ts";
import { fillGuardrail } from "../core/guardrails/fill-guardrail.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { Place } from "../core/problem.ts";
import type { Guardrail, RouteRecord } from "../core/routes/route-file.ts";
import type { MetricQuery, MetricsPort } from "../ports/metrics.ts";

const nowhere: Place = { path: "", line: 1, column: 1 };

function planGuardrail(record: RouteRecord, guardrail: Guardrail, policy: Policy): MetricQuery[] {
  return (["baseline", "candidate"] as const).flatMap((variation) => {
    const filled = fillGuardrail(guardrail, policy, { route: record.flagKey, variation }, nowhere);
    return filled?.ok === true ? [{ guardrail: guardrail.name, variation, ...filled.value }] : [];
  });
}

/** The questions of all guardrails of a route, for both variations. A template that the policy lacks or that cannot be filled asks nothing; the gate says so. */
export function planQueries(record: RouteRecord, policy: Policy): readonly MetricQuery[] {
  return record.guardrails.flatMap((guardrail) => planGuardrail(record, guardrail, policy));
}

/**
 * Reads the guardrails of a route while its candidate serves somebody. Nothing is read before: without traffic there is
 * nothing to judge, and the gate says so.
 */
export async function gatherMeasurements(
  record: RouteRecord,
  policy: Policy,
  live: LiveState | undefined,
  source: MetricsPort | undefined,
  at: string,
): Promise<readonly Measurement[]> {
  if (source === undefined || live === undefined || live.stage === null || live.candidateDigest === null) return [];
  return source.measure(planQueries(record, policy), at);
}
