import type { LiveState, Measurement } from "../core/facts.ts";
import { fillTemplate } from "../core/guardrails/fill-template.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { Place } from "../core/problem.ts";
import type { Guardrail, RouteRecord } from "../core/routes/route-file.ts";
import type { MetricQuery, MetricsPort } from "../ports/metrics.ts";

const defaultWindowMs = 3_600_000;
const nowhere: Place = { path: "", line: 1, column: 1 };

function planGuardrail(record: RouteRecord, guardrail: Guardrail, policy: Policy): MetricQuery[] {
  const template = Object.hasOwn(policy.metrics, guardrail.metric) ? policy.metrics[guardrail.metric] : undefined;
  if (template === undefined) return [];
  const queries: MetricQuery[] = [];
  for (const variation of ["baseline", "candidate"] as const) {
    const filled = fillTemplate(
      template,
      {
        route: record.flagKey,
        variation,
        windowMs: guardrail.windowMs ?? defaultWindowMs,
        parameters: guardrail.parameters,
      },
      nowhere,
    );
    if (filled.ok) queries.push({ guardrail: guardrail.name, variation, ...filled.value });
  }
  return queries;
}

/** The questions of all guardrails of a route, for both variations. A template that the policy lacks or that cannot be filled asks nothing. */
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
