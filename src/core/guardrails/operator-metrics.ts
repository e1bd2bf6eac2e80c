import { createHash } from "node:crypto";
import { renderCanonical } from "../audit/canonical-text.ts";
import type { BindingFacts } from "../facts.ts";
import type { RouteRecord } from "../routes/route-file.ts";
import { tableOf } from "../table-of.ts";
import type { MetricTemplate, Policy } from "../policy/policy.ts";

/** A metric template of the operator that a route uses, for its card. */
export interface OperatorMetric {
  name: string;
  /** `sha256:<hex>` of the template: another one means that the operator changed what is asked. */
  digest: string;
  /** The policy has another template of this name, which does not count. */
  isReplacing: boolean;
}

function digest(value: unknown): string {
  return `sha256:${createHash("sha256").update(renderCanonical(value)).digest("hex")}`;
}

function listUsed(record: RouteRecord): readonly string[] {
  const goal = record.improvement?.metric ?? null;
  const names = [...record.guardrails.map(({ metric }) => metric), ...(goal === null ? [] : [goal])];
  return [...new Set(names)].sort();
}

function templatesOf(binding: BindingFacts | null): Readonly<Record<string, MetricTemplate>> {
  return binding?.metricTemplates ?? {};
}

/** The operator's templates that a route's guardrails and goal name, sorted by name. */
export function listOperatorMetrics(
  policy: Pick<Policy, "metrics">,
  binding: BindingFacts | null,
  record: RouteRecord,
): readonly OperatorMetric[] {
  const templates = templatesOf(binding);
  return listUsed(record).flatMap((name) => {
    const template = Object.hasOwn(templates, name) ? templates[name] : undefined;
    if (template === undefined) return [];
    const own = Object.hasOwn(policy.metrics, name) ? policy.metrics[name] : undefined;
    const isReplacing = own !== undefined && digest(own) !== digest(template);
    return [{ name, digest: digest(template), isReplacing }];
  });
}

/**
 * The policy with the operator's metric templates (SPEC 9). Where both have one of a name the operator's counts: nothing in a
 * repository changes what the operator asks the metrics source. The digest says which of the operator's templates the route uses, so
 * that reviews given under another one end.
 */
export function applyOperatorMetrics(policy: Policy, binding: BindingFacts | null, record: RouteRecord): Policy {
  const templates = Object.entries(templatesOf(binding));
  if (templates.length === 0) return policy;
  const used = listOperatorMetrics(policy, binding, record).map(({ name, digest: of }) => [name, of]);
  return {
    ...policy,
    metrics: tableOf([...Object.entries(policy.metrics), ...templates]),
    digest: used.length === 0 ? policy.digest : digest([policy.digest, used]),
  };
}
