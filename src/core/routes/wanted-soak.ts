import type { Policy } from "../policy/policy.ts";
import type { Stage } from "../scales.ts";
import type { PlanStep } from "./route-file.ts";

/** How long a stage soaks when neither plan nor policy says it. */
export const defaultSoakMs = 24 * 3_600_000;

/** Milliseconds that each step of a stage must soak: the longer of plan and policy, a day when neither says it (SPEC 10). */
export function wantedSoakOf(plan: readonly PlanStep[], policy: Pick<Policy, "stages">, stage: Stage): number {
  const planned = plan.find((step) => step.stage === stage)?.soakMs ?? null;
  const ruled = policy.stages[stage]?.soakMs ?? null;
  return planned === null && ruled === null ? defaultSoakMs : Math.max(planned ?? 0, ruled ?? 0);
}
