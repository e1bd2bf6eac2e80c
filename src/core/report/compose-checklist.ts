import { listUncovered } from "../guardrails/list-uncovered.ts";
import { applyOperatorMetrics } from "../guardrails/operator-metrics.ts";
import type { Policy } from "../policy/policy.ts";
import { atLeast, stages, tiers } from "../scales.ts";
import type { RouteAssessment } from "../verdict/assessment.ts";
import type { RouteVerdict } from "../verdict/verdict.ts";
import type { Mark } from "./card.ts";

/** One line of the list that SPEC 20 wants answered before production exposure. */
export interface ChecklistLine {
  mark: Mark;
  /** What must hold. */
  asks: string;
  /** How it stands, not yet escaped. */
  text: string;
}

/**
 * The checklist of SPEC 20 for one route, in its order.
 *
 * @param policy the one in force: the categories that it wants covered, and what its metrics are about
 */
export function composeChecklist(
  assessed: RouteAssessment,
  route: RouteVerdict,
  policy: Policy,
): readonly ChecklistLine[] {
  const line = (asks: string, [mark, text]: Finding): ChecklistLine => ({ mark, asks, text });
  return [
    line("baseline, candidate, owner, workflow and first audience are recorded", findRecord(assessed)),
    line("evidence fits the tier", findEvidence(route)),
    line("reviewers fit the risk", findReviewers(route)),
    line("the route is controlled at run time", findControl(route)),
    line("exposure starts with a named audience or share", findFirstExposure(assessed)),
    line(
      "guardrails cover quality, latency, cost, fallback, safety and the business outcome",
      findCover(assessed, policy),
    ),
    line("rollback returns to a known baseline without a redeploy", findWayBack(assessed, route)),
    line("the audit connects approval, flag variation, stage, reviewer and evidence", findAudit(route)),
    line("cleanup or permanence is decided before broad rollout", findCleanup(assessed)),
  ];
}

type Finding = readonly [Mark, string];

function findRecord({ state, plan }: RouteAssessment): Finding {
  const { record } = state.file;
  const missing = [
    ...(state.baselineDigest === null ? ["a baseline whose files can be read"] : []),
    ...(record.candidate === null ? ["candidate"] : []),
    ...(record.candidate !== null && state.candidateDigest === null ? ["a candidate whose files can be read"] : []),
    ...(record.owner.trim() === "" ? ["owner"] : []),
    ...(record.workflow === null ? ["workflow"] : []),
    ...(plan.every((step) => step.audience === null) ? ["first audience"] : []),
  ];
  return missing.length === 0 ? ["ok", "all five are there"] : ["bad", `missing: ${missing.join(", ")}`];
}

const evidenceGates = ["evidence-after-breach", "offline-eval-evidence", "policy-evidence", "launch-evidence"];

function findEvidence(route: RouteVerdict): Finding {
  const gates = route.gates.filter((gate) => evidenceGates.includes(gate.gate));
  const open = gates.filter((gate) => gate.state !== "ok");
  if (open.length > 0) {
    const mark = open.some((gate) => gate.state === "blocked") ? "bad" : "waiting";
    return [mark, open.map((gate) => gate.text).join("; ")];
  }
  const counting = route.evidence.filter((each) => each.state === "counts").map((each) => each.id);
  if (counting.length > 0) return ["ok", `counts: ${counting.join(", ")}`];
  return route.asked === null || route.asked === "offline-eval"
    ? ["note", "no stage that needs evidence is asked for, and none counts yet"]
    : ["bad", "no evidence counts"];
}

function findReviewers({ requirements }: RouteVerdict): Finding {
  if (requirements.length === 0) return ["bad", "nobody could be determined"];
  const open = requirements.filter((each) => each.state !== "approved");
  if (open.length === 0) return ["ok", `approved by all ${requirements.length} roles`];
  const mark = open.every((each) => each.state === "waiting") ? "waiting" : "bad";
  return [mark, open.map((each) => `${each.requirement.role}: ${each.explanation}`).join("; ")];
}

function findControl(route: RouteVerdict): Finding {
  if (route.binding === null) return ["bad", "no binding of the operator lets this repository move the flag"];
  const stage = route.live === null ? "no state is known" : (route.live.stage ?? "baseline to everyone");
  return ["ok", `flag ${route.flagKey} in ${route.environment}; live: ${stage}`];
}

function findFirstExposure({ plan, gates }: RouteAssessment): Finding {
  const first = plan.find((step) => atLeast(stages, step.stage, "internal-canary"));
  if (first === undefined) return ["bad", "the record has no exposure plan"];
  if (first.audience === null && first.steps.length === 0)
    return ["bad", `${first.stage} names neither audience nor share`];
  const known = gates.find((gate) => gate.gate === "audiences-known");
  if (known !== undefined && known.state !== "ok") return ["bad", known.text];
  return ["ok", `${first.stage}: ${first.audience ?? `${first.steps[0] ?? 0} %`}`];
}

function findCover({ state, binding }: RouteAssessment, policy: Policy): Finding {
  const { guardrails } = state.file.record;
  const missing = listUncovered(guardrails, applyOperatorMetrics(policy, binding, state.file.record));
  return missing.length === 0
    ? ["ok", `${new Set(guardrails.map(({ category }) => category)).size} categories covered`]
    : ["bad", `not covered: ${missing.join(", ")}`];
}

function findWayBack(assessed: RouteAssessment, route: RouteVerdict): Finding {
  const { file, baselineDigest } = assessed.state;
  if (file.record.rollback === null) return ["bad", "`rollback` is not recorded"];
  if (baselineDigest === null) return ["bad", "the baseline's files cannot all be read"];
  const gate = route.gates.find((each) => each.gate === "rehearsal");
  if (gate !== undefined && gate.state !== "ok") return ["waiting", gate.text];
  const needsProof = atLeast(tiers, route.classification.tier, "high");
  if (needsProof && gate === undefined && !assessed.rehearsal.startsWith("rehearsed"))
    return ["note", `to ${baselineDigest}; ${assessed.rehearsal}`];
  return ["ok", `to ${baselineDigest}; ${assessed.rehearsal}`];
}

function findAudit(route: RouteVerdict): Finding {
  if (route.contentDigest === null) return ["bad", "the route cannot be judged, so no review can be bound to it"];
  return ["ok", `reviews are bound to ${route.contentDigest}; the packet is written at the merge`];
}

function findCleanup({ state, asked }: RouteAssessment): Finding {
  const { cleanup } = state.file.record;
  if (cleanup !== null && cleanup.date !== null && cleanup.owner !== null)
    return ["ok", `${cleanup.decision} by ${cleanup.date}, ${cleanup.owner}`];
  const text = cleanup === null ? "not decided" : "date or owner is missing";
  return [asked === "default" ? "bad" : "note", `${text}; needed before default`];
}
