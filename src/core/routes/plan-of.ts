import type { Policy } from "../policy/policy.ts";
import type { PlanStep, RouteRecord } from "./route-file.ts";

/**
 * The exposure as a plan (SPEC 10). The short form becomes: `firstAudience` as internal canary when the policy calls it
 * internal, else as customer canary; `nextAudience` as the stage after that; then default. An audience that the policy does
 * not know is not internal.
 */
export function planOf(record: RouteRecord, policy: Pick<Policy, "audiences">): readonly PlanStep[] {
  const { exposure } = record;
  if (exposure.form === "plan") return exposure.plan;
  if (exposure.firstAudience === null) return [];
  const isInternal = isInternalAudience(exposure.firstAudience, policy);
  const first = planStep(isInternal ? "internal-canary" : "customer-canary", exposure.firstAudience);
  const next =
    exposure.nextAudience === null
      ? []
      : [planStep(isInternal ? "customer-canary" : "ab-comparison", exposure.nextAudience)];
  return [first, ...next, planStep("default", null)];
}

/** Whether the policy says that an audience is made of the organisation's own people. */
export function isInternalAudience(name: string, policy: Pick<Policy, "audiences">): boolean {
  return Object.hasOwn(policy.audiences, name) && policy.audiences[name]?.internal === true;
}

function planStep(stage: PlanStep["stage"], audience: string | null): PlanStep {
  return { stage, audience, steps: [], soakMs: null };
}
