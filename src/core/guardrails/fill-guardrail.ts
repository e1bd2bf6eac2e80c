import type { Measurement } from "../facts.ts";
import type { Policy } from "../policy/policy.ts";
import type { Parsed, Place } from "../problem.ts";
import type { Guardrail } from "../routes/route-file.ts";
import { fillTemplate, type FilledTemplate } from "./fill-template.ts";

/** How far a guardrail without `window` looks back. */
const defaultWindowMs = 3_600_000;

/**
 * The queries of one guardrail for one variation, from the template that it names (SPEC 9); null when the policy has no such template.
 *
 * @param place where the guardrail stands, for problems
 */
export function fillGuardrail(
  guardrail: Guardrail,
  policy: Pick<Policy, "metrics">,
  series: { route: string; variation: Measurement["variation"] },
  place: Place,
): Parsed<FilledTemplate> | null {
  const template = Object.hasOwn(policy.metrics, guardrail.metric) ? policy.metrics[guardrail.metric] : undefined;
  if (template === undefined) return null;
  const { windowMs, parameters } = guardrail;
  return fillTemplate(template, { ...series, windowMs: windowMs ?? defaultWindowMs, parameters }, place);
}
