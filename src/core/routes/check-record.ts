import type { Problem } from "../problem.ts";
import { problemAt } from "../yaml/explain-schema-issues.ts";
import type { YamlDocument } from "../yaml/yaml-document.ts";
import { stages } from "../scales.ts";
import { isBound, parseMargin, parseThreshold } from "../bound.ts";
import { root } from "./route-root.ts";
import type { RecordInput } from "./route-schema.ts";

type Report = (steps: readonly (string | number)[], text: Parameters<typeof problemAt>[2]) => void;

/** What SPEC 2, 9 and 10 ask of a record beyond the form of its single fields. */
export function checkRecord(document: YamlDocument, input: RecordInput): readonly Problem[] {
  const problems: Problem[] = [];
  const report: Report = (steps, text) => problems.push(problemAt(document, [root, ...steps], text));
  checkCandidate(input, report);
  checkFlag(input, report);
  checkGuardrails(input, report);
  checkExposure(input, report);
  checkCleanup(input, report);
  return problems;
}

function checkCandidate({ candidate, approval }: RecordInput, report: Report): void {
  if (candidate || approval.status === "draft" || approval.status === "retired") return;
  report(["candidate"], {
    code: "candidate-missing",
    message: `\`candidate\` is missing while the status is \`${approval.status}\`.`,
    expected: "a candidate bundle; it may be absent only while the status is draft or retired",
    fix: "Add `candidate`, or set `approval.status` to draft or retired.",
  });
}

function checkFlag({ flagKey, flag, approval, exposure }: RecordInput, report: Report): void {
  if (flagKey.toLowerCase().endsWith("__rehearsal")) {
    report(["flagKey"], {
      code: "reserved-flag-key",
      message: "Flag keys that end in `__rehearsal` are Routeward's own.",
      expected: "a flag key with another ending",
      found: flagKey,
      fix: "Choose another flag key.",
    });
  }
  const shadowStep = exposure?.plan?.findIndex((step) => step.stage === "shadow") ?? -1;
  if (flag?.type !== "string" || (approval.status !== "approved-for-shadow" && shadowStep === -1)) return;
  report(shadowStep === -1 ? ["approval", "status"] : ["exposure", "plan", shadowStep, "stage"], {
    code: "string-flag-shadow",
    message: "A string flag cannot shadow: it carries only a name, so nothing tells the service what to shadow.",
    expected: "a flag of type json",
    found: "string",
    fix: "Set `flag.type` to json, or leave the shadow stage out.",
  });
}

function checkGuardrails({ guardrails }: RecordInput, report: Report): void {
  const names = new Map<string, number>();
  for (const [index, guardrail] of (guardrails ?? []).entries()) {
    const at = ["guardrails", index];
    const first = names.get(guardrail.name);
    if (first !== undefined) {
      report([...at, "name"], {
        code: "duplicate-guardrail",
        message: "Two guardrails have the same name.",
        expected: "a name of its own for each guardrail",
        found: guardrail.name,
        fix: `Rename it, or remove the one at position ${first + 1}.`,
      });
    }
    names.set(guardrail.name, index);
    if (!guardrail.threshold && !guardrail.margin) {
      report(at, {
        code: "guardrail-without-bound",
        message: `The guardrail \`${guardrail.name}\` has neither \`threshold\` nor \`margin\`, so it can never fail.`,
        expected: 'threshold: "<= 1800" or margin: "<= baseline + 10%"',
        fix: "Add one of the two.",
      });
    }
    for (const [field, parse] of [
      ["threshold", parseThreshold],
      ["margin", parseMargin],
    ] as const) {
      const text = guardrail[field];
      const parsed = text ? parse(text) : null;
      if (parsed === null || isBound(parsed)) continue;
      report([...at, field], {
        code: `wrong-${field}`,
        message: `\`${field}\` cannot be read.`,
        expected: parsed.expected,
        found: text ?? undefined,
        fix: parsed.fix,
      });
    }
  }
}

function checkExposure({ exposure }: RecordInput, report: Report): void {
  if (!exposure) return;
  const { firstAudience, nextAudience, plan, excluded } = exposure;
  if (plan && (firstAudience || nextAudience)) {
    report(["exposure", firstAudience ? "firstAudience" : "nextAudience"], {
      code: "two-exposure-forms",
      message: "`exposure` has both the short form and a plan.",
      expected: "either firstAudience and nextAudience, or plan",
      found: firstAudience ?? nextAudience ?? undefined,
      fix: "Keep the plan and remove `firstAudience` and `nextAudience`, or the other way round.",
    });
  }
  if (nextAudience && !firstAudience && !plan) {
    report(["exposure", "nextAudience"], {
      code: "next-without-first",
      message: "`nextAudience` is given without `firstAudience`.",
      expected: "firstAudience, then nextAudience",
      found: nextAudience,
      fix: "Add `firstAudience`: exposure starts somewhere.",
    });
  }
  if (nextAudience && nextAudience === firstAudience) {
    report(["exposure", "nextAudience"], {
      code: "same-audience-twice",
      message: "`nextAudience` is the same as `firstAudience`.",
      expected: "a wider audience",
      found: nextAudience,
      fix: "Name the audience that comes next, or remove `nextAudience`.",
    });
  }
  const audiences = new Set([firstAudience, nextAudience, ...(plan ?? []).map((step) => step.audience)]);
  for (const [index, name] of (excluded ?? []).entries()) {
    if (!audiences.has(name)) continue;
    report(["exposure", "excluded", index], {
      code: "audience-excluded",
      message: `\`${name}\` is excluded and exposed at the same time.`,
      expected: "an audience on one side only",
      found: name,
      fix: "Remove it from one of the two.",
    });
  }
  for (const [index, step] of (plan ?? []).entries()) checkPlanStep(plan ?? [], step, index, report);
}

type PlanInput = NonNullable<NonNullable<RecordInput["exposure"]>["plan"]>;

function checkPlanStep(plan: PlanInput, step: PlanInput[number], index: number, report: Report): void {
  const at = ["exposure", "plan", index];
  const before = plan[index - 1];
  if (before !== undefined && stages.indexOf(before.stage) >= stages.indexOf(step.stage)) {
    report([...at, "stage"], {
      code: "plan-order",
      message: "The stages of a plan must rise, each once.",
      expected: `a stage after ${before.stage}`,
      found: step.stage,
      fix: `Order the plan as ${stages.join(", ")}; shares of one stage are its \`steps\`.`,
    });
  }
  const isShared =
    step.stage === "internal-canary" || step.stage === "customer-canary" || step.stage === "ab-comparison";
  if (isShared && !step.audience) {
    report(at, {
      code: "audience-missing",
      message: `The stage ${step.stage} names no audience.`,
      expected: "audience: the name of an audience of the policy",
      fix: "Add `audience`.",
    });
  }
  if (!isShared && step.steps) {
    report([...at, "steps"], {
      code: "steps-without-share",
      message: `The stage ${step.stage} has no shares.`,
      expected: "steps only at internal-canary, customer-canary and ab-comparison",
      found: step.steps,
      fix: "Remove `steps`.",
    });
  }
  checkFall(plan, step, index, report);
  const falling = (step.steps ?? []).findIndex((percent, place, all) => place > 0 && percent <= (all[place - 1] ?? 0));
  if (falling === -1) return;
  report([...at, "steps", falling], {
    code: "steps-not-rising",
    message: "The shares of a stage must rise.",
    expected: `more than ${step.steps?.[falling - 1] ?? 0}`,
    found: step.steps?.[falling],
    fix: "Order the steps from small to large, each once.",
  });
}

/** Whoever has the candidate in one stage keeps it in the next (SPEC 10), so there the same audience cannot begin with less. */
function checkFall(plan: PlanInput, { audience, steps }: PlanInput[number], index: number, report: Report): void {
  const first = steps?.[0];
  if (!audience || first === undefined) return;
  const shares = plan
    .slice(0, index)
    .flatMap((each) => (each.audience === audience ? [each.steps?.at(-1) ?? 100] : []));
  const before = Math.max(0, ...shares);
  if (first >= before) return;
  report(["exposure", "plan", index, "steps", 0], {
    code: "share-falls",
    message: `\`${audience}\` has ${before} % from an earlier stage, and a share never falls.`,
    expected: `at least ${before}`,
    found: first,
    fix: "Begin with the share that the earlier stage ends with, or name another audience.",
  });
}

function checkCleanup({ cleanup }: RecordInput, report: Report): void {
  if (!cleanup) return;
  const [right, wrong] = cleanup.decision === "remove" ? (["by", "reviewBy"] as const) : (["reviewBy", "by"] as const);
  if (!cleanup[wrong]) return;
  report(["cleanup", wrong], {
    code: "wrong-cleanup-date",
    message: `With \`decision: ${cleanup.decision}\` the date is called \`${right}\`.`,
    expected: right,
    found: wrong,
    fix: `Rename \`${wrong}\` to \`${right}\`.`,
  });
}
