import type { Policy } from "../policy/policy.ts";
import type { Problem } from "../problem.ts";
import { describeText } from "../yaml/describe-value.ts";
import { suggestWord } from "../yaml/suggest-word.ts";
import { planOf } from "./plan-of.ts";
import { placeOf, type RouteFile } from "./route-file.ts";

/**
 * What the policy says about the audiences that a route names (SPEC 10): every name must be known, `percent` of an audience and
 * `steps` of the route exclude each other, and the internal canary goes to an internal audience only.
 */
export function checkAudiences(file: RouteFile, policy: Policy): readonly Problem[] {
  const { exposure } = file.record;
  const known = Object.keys(policy.audiences);
  const fields =
    exposure.form === "plan"
      ? exposure.plan.map((step, index) => [`exposure.plan.${index}.audience`, step.audience] as const)
      : ([
          ["exposure.firstAudience", exposure.firstAudience],
          ["exposure.nextAudience", exposure.nextAudience],
        ] as const);
  const excluded = exposure.excluded.map((name, index) => [`exposure.excluded.${index}`, name] as const);
  const unknown = [...fields, ...excluded].flatMap(([field, name]): Problem[] =>
    name === null || known.includes(name) ? [] : [explainUnknown(file, field, name, known)],
  );
  const steps = exposure.form === "plan" ? exposure.plan : [];
  const doubled = steps.flatMap((step, index): Problem[] => {
    const percent =
      step.audience !== null && known.includes(step.audience) ? policy.audiences[step.audience]?.percent : null;
    if (percent === null || percent === undefined || step.steps.length === 0) return [];
    return [
      {
        ...placeOf(file, `exposure.plan.${index}.steps`),
        code: "percent-and-steps",
        severity: "error",
        message: `The audience \`${step.audience ?? ""}\` has its own \`percent\`, and the plan gives \`steps\` as well.`,
        expected: "either the audience's percent, or steps",
        found: `percent ${percent} and steps ${step.steps.slice(0, 10).join(", ")}`,
        fix: "Remove `steps`, or name an audience without `percent`.",
      },
    ];
  });
  return [...unknown, ...doubled, ...checkInternal(file, policy, known)];
}

function checkInternal(file: RouteFile, policy: Policy, known: readonly string[]): readonly Problem[] {
  if (file.record.exposure.form === "short") return [];
  return planOf(file.record, policy).flatMap((step, index): Problem[] => {
    if (step.stage !== "internal-canary" || step.audience === null || !known.includes(step.audience)) return [];
    if (policy.audiences[step.audience]?.internal === true) return [];
    return [
      {
        ...placeOf(file, `exposure.plan.${index}.audience`),
        code: "audience-not-internal",
        severity: "error",
        message: `The policy does not call the audience \`${step.audience}\` internal.`,
        expected: "an audience with `internal: true` in the policy",
        found: step.audience,
        fix: "Name an internal audience, or use the stage customer-canary.",
      },
    ];
  });
}

function explainUnknown(file: RouteFile, field: string, name: string, known: readonly string[]): Problem {
  const suggestion = suggestWord(name, known);
  return {
    ...placeOf(file, field),
    code: "unknown-audience",
    severity: "error",
    message: `The policy defines no audience \`${describeText(name)}\`.`,
    expected: known.length === 0 ? "an audience that the policy defines" : `one of ${known.slice(0, 20).join(", ")}`,
    found: describeText(name),
    fix:
      suggestion === null
        ? "Define it under `audiences` in the policy, or correct the name."
        : `Did you mean \`${suggestion}\`?`,
  };
}
