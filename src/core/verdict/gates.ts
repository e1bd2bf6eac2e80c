import { findRehearsal } from "../evidence/judge-evidence.ts";
import { listUncovered } from "../guardrails/list-uncovered.ts";
import type { Audience, Policy } from "../policy/policy.ts";
import { placeOf } from "../routes/route-file.ts";
import { wantedSoakOf } from "../routes/wanted-soak.ts";
import { atLeast, stages, tiers, type Stage } from "../scales.ts";
import { isFrozen } from "../time/is-frozen.ts";
import { block, findAudience, ok, wait, type GateContext, type GateOutcome } from "./gate-context.ts";
import {
  explainForbiddenSkips,
  lookAtAudiences,
  lookAtGuardrails,
  lookAtOrder,
  lookAtReadings,
  lookAtSoak,
  lookForEvidence,
  previousStage,
} from "./gate-looks.ts";
import { renderDuration } from "./render-duration.ts";
import type { GateFinding } from "./verdict.ts";

export type { GateContext } from "./gate-context.ts";

/** One row of the gate table (SPEC 10). */
export interface Gate {
  id: string;
  stages: readonly Stage[];
  /** What it asks, for people. */
  asks: string;
  /** Null when the gate does not concern this route. */
  look(context: GateContext, stage: Stage): GateOutcome | null;
  /** What a later stage will need; without it, what `look` misses now. Null when nothing. */
  foresee?(context: GateContext, stage: Stage): string | null;
}

/**
 * Whether an exclusion by attributes holds for users of whom one is unknown. Its conditions are ANDed, so one of them that everybody
 * fulfils who is not listed as safe is enough; a list for another attribute, or one that holds an excluded value, says nothing.
 */
function coversUnknown({ where, safe }: Pick<Audience, "where" | "safe">): boolean {
  return where.some(({ property, in: excluded }) =>
    safe.some((list) => list.property === property && !list.in.some((value) => excluded.includes(value))),
  );
}

const from = (first: Stage): readonly Stage[] => stages.filter((stage) => atLeast(stages, stage, first));

/** What every stage after the first needs anew. */
export const guardrailsPassing = "all guardrails passing";

/** The gate table of SPEC 10, in the order in which a reader wants to know. */
export const gates: readonly Gate[] = [
  {
    id: "complete-record",
    stages: from("offline-eval"),
    asks: "baseline, candidate and owner are recorded; from internal-canary on workflow, first audience and rollback too",
    look({ route, plan }, stage) {
      const { record } = route.file;
      const missing: [string, string][] = [];
      if (record.candidate === null) missing.push(["candidate", "the candidate"]);
      if (record.owner.trim() === "") missing.push(["owner", "the owner"]);
      if (route.baselineDigest === null) missing.push(["baseline", "a baseline whose files can all be read"]);
      if (record.candidate !== null && route.candidateDigest === null) {
        missing.push(["candidate", "a candidate whose files can all be read"]);
      }
      if (atLeast(stages, stage, "internal-canary")) {
        if (record.workflow === null) missing.push(["workflow", "`workflow`"]);
        if (plan.every((step) => step.audience === null)) missing.push(["exposure", "the first audience"]);
        if (record.rollback === null) missing.push(["rollback", "`rollback`"]);
      }
      const [first] = missing;
      if (first === undefined) return ok("the record is complete");
      return block(`the record lacks ${missing.map(([, name]) => name).join(", ")}`, first[0]);
    },
  },
  {
    id: "stage-order",
    stages: from("shadow"),
    asks: "one stage at a time, in the plan's order; stages are left out only where the policy allows",
    look: lookAtOrder,
    foresee: (context, stage) => explainForbiddenSkips(context, stage, previousStage(context, stage)),
  },
  {
    id: "rollback-latch",
    stages: from("shadow"),
    asks: "after a rollback only a merge that is approved after it goes forward again",
    look({ latch }) {
      if (latch === null) return null;
      return ok(
        `re-entry: merging this releases the rollback of ${latch.at} (${latch.cause}); approvals from before it do not count`,
      );
    },
    foresee: () => null,
  },
  {
    id: "evidence-after-breach",
    stages: from("shadow"),
    asks: "a candidate that was rolled back for a breach needs evidence made after the breach",
    look({ breachedAt, evidence }) {
      if (breachedAt === null) return null;
      const fresh = evidence.some((each) => each.state === "counts" && each.trust !== "own-store");
      if (fresh) return ok(`evidence made after the breach of ${breachedAt} is there`);
      return block(
        `this candidate was rolled back for a breach at ${breachedAt}: evidence made after it is missing`,
        "approval.evidence",
      );
    },
    foresee: () => null,
  },
  {
    id: "offline-eval-evidence",
    stages: from("shadow"),
    asks: "an offline evaluation of this candidate counts",
    look: (context) => lookForEvidence(context, ["offline-eval"]),
  },
  {
    id: "policy-evidence",
    stages: from("offline-eval"),
    asks: "evidence of every kind that the policy asks for this stage counts",
    look(context, stage) {
      const wanted = context.policy.stages[stage]?.evidence ?? [];
      const missing = wanted.map((kind) => lookForEvidence(context, [kind])).filter((each) => each.state !== "ok");
      if (wanted.length === 0) return null;
      const [first] = missing;
      if (first === undefined) return ok(`the policy's evidence for ${stage} counts: ${wanted.join(", ")}`);
      return { ...first, text: missing.map((each) => each.text).join("; ") };
    },
  },
  {
    id: "launch-evidence",
    stages: ["default"],
    asks: "an A/B result or a canary report counts",
    look: (context) => lookForEvidence(context, ["ab-result", "canary-report"]),
  },
  {
    id: "rehearsal",
    stages: from("internal-canary"),
    asks: "at high and restricted risk Routeward has rehearsed the way back for this candidate",
    look({ tier, rehearsals, route }) {
      if (!atLeast(tiers, tier, "high")) return null;
      const newest = findRehearsal(rehearsals, {
        flagKey: route.file.record.flagKey,
        candidateDigest: route.candidateDigest,
      });
      if (newest === null)
        return wait("the way back was not rehearsed for this candidate: ask with `/routeward rehearse`");
      if (!newest.ok) return wait(`the rehearsal of ${newest.at} failed: ask again with \`/routeward rehearse\``);
      const where = newest.where === "live" ? " on the live flag" : "";
      return ok(`rehearsed ${newest.at}${where}, back in ${newest.backMs} ms`);
    },
  },
  {
    id: "audiences-known",
    stages: from("shadow"),
    asks: "the policy defines every audience and exclusion that is named; the internal canary's is internal",
    look: lookAtAudiences,
  },
  {
    id: "safe-exclusions",
    stages: from("shadow"),
    asks: "at high and restricted risk an exclusion by attribute says who is safe, so that unknown users get the baseline",
    look({ tier, policy, route }) {
      if (!atLeast(tiers, tier, "high")) return null;
      const { excluded } = route.file.record.exposure;
      const open = excluded.filter((name) => {
        const audience = findAudience(policy, name);
        return audience !== null && audience.where.length > 0 && !coversUnknown(audience);
      });
      if (open.length === 0)
        return excluded.length === 0 ? null : ok("exclusions hold for users whose attributes are unknown");
      return block(
        `exclusion ${open.join(", ")} has no \`safe\` list for its attribute: users of whom it is unknown would get the candidate`,
        "exposure.excluded",
      );
    },
  },
  {
    id: "guardrails-declared",
    stages: from("internal-canary"),
    asks: "there are guardrails, each with a threshold or margin and a metric that the policy defines",
    look: lookAtGuardrails,
  },
  {
    id: "categories-covered",
    stages: from("customer-canary"),
    asks: "guardrails cover every category that the policy requires",
    look({ route, policy }) {
      const missing = listUncovered(route.file.record.guardrails, policy);
      if (missing.length === 0)
        return ok(`guardrails cover ${policy.requiredGuardrails.join(", ") || "what is required"}`);
      return block(`no guardrail covers ${missing.join(", ")}`, "guardrails");
    },
  },
  {
    id: "data-classes-declared",
    stages: from("customer-canary"),
    asks: "the route says which classes of data it handles",
    look({ route }) {
      const { dataClasses } = route.file.record;
      if (dataClasses === null) return block("`dataClasses` is not declared", "dataClasses");
      return ok(`data classes: ${dataClasses.join(", ") || "none"}`);
    },
  },
  {
    id: "previous-stage-soaked",
    stages: from("customer-canary"),
    asks: "the stage before is live, in its last step, and has soaked without interruption",
    look: lookAtSoak,
    foresee(context, stage) {
      const before = previousStage(context, stage);
      return before === null
        ? null
        : `${before} soaked for ${renderDuration(wantedSoakOf(context.plan, context.policy, before))}`;
    },
  },
  {
    id: "guardrails-passing",
    stages: from("customer-canary"),
    asks: "every guardrail passes on the stage that is live",
    look: lookAtReadings,
    foresee: (context, stage) => (previousStage(context, stage) === null ? null : guardrailsPassing),
  },
  {
    id: "goal-metric",
    stages: from("ab-comparison"),
    asks: "the improvement goal names its metric",
    look({ route, policy }) {
      const metric = route.file.record.improvement?.metric ?? null;
      if (metric === null) return block("`improvement` names no metric for its goal", "improvement");
      if (!Object.hasOwn(policy.metrics, metric)) {
        return block(`the goal's metric ${metric} is not defined by the policy`, "improvement.metric");
      }
      return ok(`the goal is measured by ${metric}`);
    },
  },
  {
    id: "cleanup-decision",
    stages: ["default"],
    asks: "it is decided whether the flag is removed or permanent, with date and owner",
    look({ route }) {
      const { cleanup } = route.file.record;
      if (cleanup === null)
        return block("`cleanup` is not decided: remove or permanent, with date and owner", "cleanup");
      const missing = [...(cleanup.date === null ? ["a date"] : []), ...(cleanup.owner === null ? ["an owner"] : [])];
      if (missing.length > 0) return block(`\`cleanup\` lacks ${missing.join(" and ")}`, "cleanup");
      return ok(`cleanup: ${cleanup.decision} by ${cleanup.date ?? ""}, ${cleanup.owner ?? ""}`);
    },
  },
  {
    id: "freeze",
    stages: from("shadow"),
    asks: "no freeze window holds",
    look({ policy, at, isGrowing }) {
      if (!isGrowing || policy.freeze.length === 0) return null;
      const frozen = isFrozen(policy.freeze, new Date(at));
      if (frozen === null) return ok("no freeze window holds");
      return wait(`freeze window ${frozen.window.name} holds until ${frozen.until.toISOString()}`);
    },
    foresee: () => null,
  },
];

/** Judges every gate of a stage (SPEC 10). */
export function judgeGates(context: GateContext, stage: Stage): readonly GateFinding[] {
  return gates
    .filter((gate) => gate.stages.includes(stage))
    .flatMap((gate) => {
      const outcome = gate.look(context, stage);
      if (outcome === null) return [];
      const place = outcome.field === null ? null : placeOf(context.route.file, outcome.field);
      return [{ gate: gate.id, state: outcome.state, text: outcome.text, place }];
    });
}

/** What a later stage will need that is not there yet, for people. */
export function foreseeGates(context: GateContext, stage: Stage): readonly string[] {
  return gates
    .filter((gate) => gate.stages.includes(stage))
    .flatMap((gate) => {
      if (gate.foresee !== undefined) return gate.foresee(context, stage) ?? [];
      const outcome = gate.look(context, stage);
      return outcome === null || outcome.state === "ok" ? [] : [outcome.text];
    });
}

/** Kinds of evidence that the gates of a stage look for, alternatives together. */
export function listWantedKinds(policy: Policy, stage: Stage): readonly (readonly string[])[] {
  return [
    ...(atLeast(stages, stage, "shadow") ? [["offline-eval"]] : []),
    ...(policy.stages[stage]?.evidence ?? []).map((kind) => [kind]),
    ...(stage === "default" ? [["ab-result", "canary-report"]] : []),
  ];
}
