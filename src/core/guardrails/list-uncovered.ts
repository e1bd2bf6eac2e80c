import type { Policy } from "../policy/policy.ts";
import type { Guardrail } from "../routes/route-file.ts";

/**
 * The categories that the policy requires at customer stages and no guardrail covers (SPEC 9), each with the guardrail that only claims it.
 * What a guardrail reads is said by the template of its metric: a latency query that its author calls safety is not about safety. A
 * metric that the policy does not define is another gate's to tell.
 */
export function listUncovered(
  guardrails: readonly Guardrail[],
  policy: Pick<Policy, "metrics" | "requiredGuardrails">,
): readonly string[] {
  return policy.requiredGuardrails.flatMap((category) => {
    const claiming = guardrails.filter((each) => each.category === category);
    const foreign = claiming.filter(({ metric }) => (findCategory(policy, metric) ?? category) !== category);
    if (foreign.length < claiming.length) return [];
    const [first] = foreign;
    if (first === undefined) return [category];
    const { name, metric } = first;
    return [`${category} (${name} reads ${metric}, which is about ${findCategory(policy, metric) ?? "nothing"})`];
  });
}

function findCategory({ metrics }: Pick<Policy, "metrics">, name: string): string | null {
  return Object.hasOwn(metrics, name) ? (metrics[name]?.category ?? null) : null;
}
