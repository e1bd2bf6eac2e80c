import type { Policy } from "../policy/policy.ts";
import type { Problem } from "../problem.ts";
import { placeOf, type RouteFile } from "./route-file.ts";

/**
 * An audience's own `percent` is its single step, so `steps` beside it contradict it (SPEC 10). Whether the audiences are defined at all is
 * asked by the gate of the stage that needs them: until then a route may name what the policy will define.
 */
export function checkAudiences(file: RouteFile, policy: Pick<Policy, "audiences">): readonly Problem[] {
  const { exposure } = file.record;
  const steps = exposure.form === "plan" ? exposure.plan : [];
  return steps.flatMap((step, index): Problem[] => {
    const { audience } = step;
    if (audience === null || step.steps.length === 0 || !Object.hasOwn(policy.audiences, audience)) return [];
    const percent = policy.audiences[audience]?.percent ?? null;
    if (percent === null) return [];
    return [
      {
        ...placeOf(file, `exposure.plan.${index}.steps`),
        code: "percent-and-steps",
        severity: "error",
        message: `The audience \`${audience}\` has its own \`percent\`, and the plan gives \`steps\` as well.`,
        expected: "either the audience's percent, or steps",
        found: `percent ${percent} and steps ${step.steps.slice(0, 10).join(", ")}`,
        fix: "Remove `steps`, or name an audience without `percent`.",
      },
    ];
  });
}
