import { fillGuardrail } from "../guardrails/fill-guardrail.ts";
import type { Audience } from "../policy/policy.ts";
import { listSkippedStages } from "../risk/classify-route.ts";
import { greatestShare } from "../risk/compare-exposure.ts";
import { placeOf } from "../routes/route-file.ts";
import { wantedSoakOf } from "../routes/wanted-soak.ts";
import { atLeast, stages, type Stage } from "../scales.ts";
import { suggestWord } from "../yaml/suggest-word.ts";
import { block, findAudience, ok, wait, type GateContext, type GateOutcome } from "./gate-context.ts";
import { renderDuration } from "./render-duration.ts";

export function lookForEvidence({ evidence }: GateContext, kinds: readonly string[]): GateOutcome {
  const found = evidence.filter((each) => each.kind !== null && kinds.includes(each.kind));
  const counting = found.find((each) => each.state === "counts");
  const what = kinds.join(" or ");
  if (counting !== undefined) return ok(`${what}: ${counting.id} counts (${counting.trust ?? "declared"})`);
  const [first] = found;
  if (first !== undefined) {
    return block(`${what}: ${first.id} does not count: ${first.why[0] ?? "no reason is known"}`, "approval.evidence");
  }
  const unread = evidence.filter((each) => each.kind === null);
  const hint =
    unread.length === 0 ? "" : ` (${unread.map((each) => `${each.id}: ${each.why[0] ?? "not found"}`).join("; ")})`;
  return block(`${what}: no evidence that counts${hint}`, "approval.evidence");
}

/** Stages of the plan at which somebody is exposed, or shadowed. */
function orderOf(context: GateContext): readonly Stage[] {
  const planned = new Set<Stage>(context.plan.map((step) => step.stage));
  return stages.filter((stage) => planned.has(stage) && stage !== "offline-eval");
}

/** The planned exposure stage before another one; null when there is none. */
export function previousStage(context: GateContext, stage: Stage): Stage | null {
  const before = orderOf(context).filter((each) => each !== "shadow" && stages.indexOf(each) < stages.indexOf(stage));
  return before.at(-1) ?? null;
}

export function lookAtOrder(context: GateContext, stage: Stage): GateOutcome {
  const { liveStage } = context;
  const isPastExposure = liveStage !== null && stages.indexOf(liveStage) >= stages.indexOf(stage);
  if (isPastExposure) return ok(`${stage} was entered before`);
  const order = orderOf(context);
  if (!order.includes(stage)) {
    if (stage === "shadow") return ok("shadow comes before any exposure");
    return block(`the exposure plan has no stage ${stage}; it has ${order.join(", ") || "none"}`, "exposure");
  }
  const next = order.find((each) => liveStage === null || stages.indexOf(each) > stages.indexOf(liveStage)) ?? null;
  if (next !== null && next !== stage) {
    const now = liveStage === null ? "this candidate is not live yet" : `${liveStage} is live`;
    return block(`one stage at a time: ${now}, so ${next} is next, not ${stage}`, "approval.status");
  }
  const skips = explainForbiddenSkips(context, stage, liveStage);
  return skips === null ? ok(`${stage} is the next stage of the plan`) : block(skips, "exposure");
}

export function explainForbiddenSkips({ policy }: GateContext, stage: Stage, before: Stage | null): string | null {
  const skipped = listSkippedStages(before, stage).filter((each) => policy.stages[each]?.mayBeSkipped !== true);
  if (skipped.length === 0) return null;
  return `the plan leaves out ${skipped.join(" and ")} before ${stage}, which the policy does not allow`;
}

/** What is wrong with how many a stage would reach; null when nothing is. */
function explainReach(stage: Stage, audience: Audience, share: number): string | null {
  const { name } = audience;
  if (share <= 0) return `audience ${name} has 0 percent: nobody would get the candidate`;
  if (stage === "internal-canary" && isEverybody(audience))
    return `audience ${name} names no segment, no where and no safe: that is everybody, not the internal people`;
  const mend = "give it `steps` in a plan, or its audience a `percent`";
  if (stage === "ab-comparison" && share >= 100) return `an a/b comparison needs a share below 100 %: ${mend}`;
  // Default asks for more than a canary does, and would be entered under its name.
  if (stage === "customer-canary" && share >= 100 && isEverybody(audience))
    return `audience ${name} is everybody, so a customer canary of all of it is the default: ${mend}`;
  return null;
}

/** An audience without any condition. */
function isEverybody({ segment, where, safe }: Audience): boolean {
  return segment === null && where.length === 0 && safe.length === 0;
}

export function lookAtAudiences({ plan, policy, route }: GateContext, stage: Stage): GateOutcome {
  const reached = plan.filter((step) => atLeast(stages, stage, step.stage));
  const isShort = route.file.record.exposure.form === "short";
  for (const step of reached) {
    const field = isShort ? "exposure" : `exposure.plan.${plan.indexOf(step)}`;
    if (step.audience === null) continue;
    const audience = findAudience(policy, step.audience);
    if (audience === null) {
      const near = suggestWord(step.audience, Object.keys(policy.audiences));
      const hint = near === null ? "" : `; did you mean ${near}?`;
      return block(`the policy defines no audience ${step.audience}${hint}`, field);
    }
    if (step.stage === "internal-canary" && !audience.internal) {
      return block(`audience ${step.audience} is not internal, so it cannot be the internal canary`, field);
    }
    const wrong = explainReach(step.stage, audience, greatestShare(step, audience));
    if (wrong !== null) return block(wrong, field);
  }
  const { excluded } = route.file.record.exposure;
  const unknown = excluded.filter((name) => findAudience(policy, name) === null);
  if (unknown.length > 0) return block(`the policy defines no exclusion ${unknown.join(", ")}`, "exposure.excluded");
  const empty = excluded.filter((name) => {
    const audience = findAudience(policy, name);
    return audience !== null && isEverybody(audience);
  });
  if (empty.length > 0)
    return block(
      `exclusion ${empty.join(", ")} excludes nobody: it has no segment, where or safe`,
      "exposure.excluded",
    );
  return ok("all audiences and exclusions are defined");
}

export function lookAtGuardrails({ route, policy }: GateContext): GateOutcome {
  const { guardrails, flagKey } = route.file.record;
  if (guardrails.length === 0) return block("no guardrail is declared", "guardrails");
  for (const [index, guardrail] of guardrails.entries()) {
    const field = `guardrails.${index}`;
    if (guardrail.threshold === null && guardrail.margin === null) {
      return block(`guardrail ${guardrail.name} has neither threshold nor margin`, field);
    }
    const place = placeOf(route.file, field);
    const filled = fillGuardrail(guardrail, policy, { route: flagKey, variation: "candidate" }, place);
    if (filled === null) {
      return block(
        `guardrail ${guardrail.name} names metric ${guardrail.metric}, which the policy does not define`,
        `${field}.metric`,
      );
    }
    const [problem] = filled.problems;
    if (problem !== undefined) {
      return block(
        `guardrail ${guardrail.name} could never be read: ${problem.message} ${problem.fix}`,
        `${field}.parameters`,
      );
    }
  }
  return ok(`${guardrails.length} guardrails with thresholds`);
}

export function lookAtSoak(context: GateContext, stage: Stage): GateOutcome | null {
  const { live, liveStage, plan, isGrowing } = context;
  if (!isGrowing || (liveStage !== null && stages.indexOf(liveStage) >= stages.indexOf(stage))) return null;
  const before = previousStage(context, stage);
  if (before === null) return null;
  if (live === null || liveStage !== before) {
    return wait(`${before} must be live and soaked first; live is ${liveStage ?? "no stage of this candidate"}`);
  }
  if (live.paused !== null)
    return wait(`the rollout is paused since ${live.paused.at} by ${live.paused.by}: ${live.paused.reason}`);
  const last = Math.max(0, (plan.find((step) => step.stage === before)?.steps.length ?? 1) - 1);
  if (live.step < last) return wait(`${before} is in step ${live.step + 1} of ${last + 1}`);
  const wanted = wantedSoakOf(context.plan, context.policy, before);
  if (live.soakedMs < wanted) {
    return wait(`${before} has soaked ${renderDuration(live.soakedMs)} of ${renderDuration(wanted)}`);
  }
  return ok(`${before} has soaked ${renderDuration(live.soakedMs)}`);
}

export function lookAtReadings(context: GateContext, stage: Stage): GateOutcome | null {
  const { guardrails, isGrowing } = context;
  if (!isGrowing || (context.liveStage === null && previousStage(context, stage) === null)) return null;
  if (context.liveStage === null) return wait("there are no readings: this candidate is not live");
  const failed = guardrails.filter((each) => each.outcome === "fail");
  const open = guardrails.filter((each) => each.outcome !== "fail" && each.outcome !== "pass");
  const show = (findings: typeof guardrails): string =>
    findings.map((each) => `${each.guardrail.name} (${each.why})`).join("; ");
  if (failed.length > 0) return block(`guardrails fail: ${show(failed)}`, "guardrails");
  if (open.length > 0) return wait(`guardrails are not settled: ${show(open)}`);
  if (guardrails.length === 0) return block("no guardrail is declared", "guardrails");
  return ok(`all ${guardrails.length} guardrails pass`);
}
