import { digestContent, ownerLinesUsed } from "../approvals/digest-content.ts";
import { judgeRouteEvidence, type EvidenceSource } from "../evidence/judge-route-evidence.ts";
import type { BindingFacts, BreachedCandidates, FileFacts, Latch } from "../facts.ts";
import { judgeGuardrails } from "../guardrails/judge-guardrails.ts";
import type { GuardrailFinding } from "../guardrails/judgement.ts";
import { findRehearsal } from "../evidence/judge-evidence.ts";
import type { Policy } from "../policy/policy.ts";
import type { Problem } from "../problem.ts";
import { requireReviews } from "../reviewers/require-reviews.ts";
import type { ParsedCodeowners } from "../reviewers/parse-codeowners.ts";
import type { ReviewRequirement } from "../reviewers/requirement.ts";
import { checkTransition } from "../risk/check-transition.ts";
import { classifyRoute } from "../risk/classify-route.ts";
import type { Classification } from "../risk/fired-rule.ts";
import { liveStageOf, uniteSets, type RouteComparison, type RouteContent } from "../risk/route-comparison.ts";
import { checkAudiences } from "../routes/check-audiences.ts";
import { diffRecords, isWordsOnly } from "../routes/diff-records.ts";
import { planOf } from "../routes/plan-of.ts";
import { placeOf, type RouteFile, type RouteRecord, type RouteState } from "../routes/route-file.ts";
import { stageOf } from "../routes/stage-of.ts";
import { stages, type Stage } from "../scales.ts";
import type { RouteAssessment } from "./assessment.ts";
import { compareRows } from "./compare-rows.ts";
import { foreseeGates, guardrailsPassing, judgeGates, listWantedKinds, type GateContext } from "./gates.ts";
import type { GateFinding } from "./verdict.ts";

/** One route with everything that its assessment needs beside the facts. */
export interface RouteInput {
  state: RouteState;
  binding: BindingFacts;
  base: RouteRecord | null;
  approved: RouteContent | null;
  /** See `RouteComparison`. */
  earlier: readonly RouteContent[];
  anchor: RouteContent | null;
  /** Problems found where all files are seen together: duplicates, claims. */
  problems: readonly Problem[];
  /** The route file's name after the change first, then its old names. */
  paths: readonly string[];
  evidenceChanged: boolean;
}

/** Assesses one route that would be merged (SPEC 5 to 10, without people). */
export function assessRoute(
  input: RouteInput,
  facts: FileFacts,
  policy: Policy,
  codeowners: ParsedCodeowners,
): RouteAssessment {
  const { state, binding } = input;
  const { file } = state;
  const { record } = file;
  const ofFlag = (each: { binding: string; flagKey: string }): boolean =>
    each.binding === binding.name && each.flagKey.toLowerCase() === record.flagKey.toLowerCase();
  const live = facts.live.find(ofFlag) ?? null;
  const latch = facts.latches.find(ofFlag) ?? null;
  const rehearsals = facts.rehearsals.filter(ofFlag);
  const breachedAt = findBreach(state.candidateDigest, latch, facts.breached?.find(ofFlag) ?? null);
  const asked = stageOf(record, policy);
  const comparison: RouteComparison = {
    approved: input.approved,
    earlier: input.earlier,
    anchor: input.anchor,
    base: input.base,
    merged: { state, audiences: policy.audiences },
    asked,
    live,
    latch,
    isProduction: binding.isProduction,
    policy,
    evidenceChanged: input.evidenceChanged,
  };
  const classification = classifyRoute(comparison);
  const requirements = requireReviews({
    classification,
    route: {
      stage: asked,
      reviewers: uniteSets(comparison).reviewers,
      reviewersPlace: placeOf(file, "approval.reviewers"),
    },
    policy,
    codeowners,
    paths: input.paths,
  });
  const source: EvidenceSource = {
    snapshot: facts.head,
    policy,
    rehearsals,
    workflowRuns: facts.workflowRuns,
    checkRuns: facts.checkRuns,
    attested: { repositoryId: facts.repository.id, byBundle: facts.attestations ?? {} },
    context: {
      at: facts.at,
      flagKey: record.flagKey,
      tier: classification.tier,
      candidateDigest: state.candidateDigest,
      baselineDigest: state.baselineDigest,
      policy,
      notBefore: breachedAt,
    },
  };
  const evidence = judgeRouteEvidence(file, source);
  const liveStage = liveStageOf(comparison);
  const guardrails = judgeReadings(comparison, liveStage, facts, { binding, metrics: policy.metrics });
  const gateContext: GateContext = {
    at: facts.at,
    route: state,
    plan: planOf(record, policy),
    policy,
    tier: classification.tier,
    live,
    liveStage,
    latch,
    breachedAt,
    evidence: evidence.map((each) => each.finding),
    guardrails,
    rehearsals,
    isGrowing: isGrowing(classification, asked, liveStage),
  };
  const gates = asked !== null && meetsGates(classification) ? judgeGates(gateContext, asked) : [];
  const problems = [
    ...input.problems,
    ...state.problems,
    ...checkAudiences(file, policy),
    ...checkTransition({ approved: input.approved, merged: state, live }),
  ];
  const isJudged = problems.every((problem) => problem.severity !== "error");
  return {
    state,
    isRemoved: false,
    binding,
    classification,
    asked,
    plan: gateContext.plan,
    audiences: policy.audiences,
    requirements,
    evidence: gateContext.evidence,
    guardrails,
    gates,
    later: foreseeStages(gateContext, comparison, {
      asked,
      isBack: isGoingBack(classification),
      gates,
      codeowners,
      paths: input.paths,
    }),
    live,
    latch,
    rehearsal: describeRehearsal(gateContext),
    rows: compareRows(state),
    contentKey: file.path,
    contentDigest: isJudged ? digestRoute(comparison, requirements, evidence, policy) : null,
    problems,
  };
}

/** When a candidate was last rolled back for a breach. A latch is released by the next re-entry, or made anew by somebody's rollback. */
function findBreach(candidate: string | null, latch: Latch | null, breached: BreachedCandidates | null): string | null {
  if (candidate === null) return null;
  const known = breached !== null && Object.hasOwn(breached.at, candidate) ? (breached.at[candidate] ?? null) : null;
  if (latch?.cause !== "breach" || latch.candidateDigest !== candidate) return known;
  return known === null || Date.parse(latch.at) > Date.parse(known) ? latch.at : known;
}

function isGoingBack({ fired }: Classification): boolean {
  return fired.some((rule) => rule.id === "rollback");
}

/** Going back needs no evidence (SPEC, principle 5), and what changes nothing enters nothing. */
function meetsGates(classification: Classification): boolean {
  if (isGoingBack(classification)) return false;
  return classification.fired.some((rule) => rule.id !== "metadata-only" && rule.id !== "evidence-only");
}

function isGrowing(classification: Classification, asked: Stage | null, liveStage: Stage | null): boolean {
  const { fired } = classification;
  if (asked === null || isGoingBack(classification)) return false;
  const isEntered = liveStage === null || stages.indexOf(asked) > stages.indexOf(liveStage);
  return isEntered || fired.some((rule) => rule.id === "customer-exposure" || rule.id === "internal-exposure");
}

/** Readings belong to the candidate that is live; another candidate has none, whatever the metric says (SPEC 9). */
function judgeReadings(
  { merged, live }: RouteComparison,
  liveStage: Stage | null,
  facts: FileFacts,
  { binding, metrics }: { binding: BindingFacts; metrics: Policy["metrics"] },
): readonly GuardrailFinding[] {
  const { record } = merged.state.file;
  const key = `${binding.name}/${record.flagKey}`;
  const known = Object.hasOwn(facts.measurements, key) ? (facts.measurements[key] ?? []) : [];
  const measurements = liveStage === null ? [] : known;
  const served = { stage: liveStage, share: live?.share ?? 0 };
  return judgeGuardrails(record.guardrails, measurements, served, metrics, facts.at);
}

/**
 * Roles, evidence and the rest that the stages after the asked one will need (SPEC 5, `draft-only`). What is missing for an earlier stage is
 * not repeated for a later one.
 */
function foreseeStages(
  context: GateContext,
  comparison: RouteComparison,
  { asked, isBack, gates, codeowners, paths }: Outlook,
): RouteAssessment["later"] {
  const { record } = context.route.file;
  if (record.candidate === null || record.approval.status === "retired") return [];
  const after = asked === null ? -1 : stages.indexOf(asked);
  const planned = new Set<Stage>(context.plan.map((step) => step.stage));
  const said = new Set(gates.filter((gate) => gate.state !== "ok").map((gate) => gate.text));
  const { reviewers } = uniteSets(comparison);
  const next = isBack ? seeAfterWayBack(comparison) : comparison;
  return stages
    .filter((stage) => planned.has(stage) && stages.indexOf(stage) > after)
    .map((stage) => {
      const classification = classifyRoute({ ...next, asked: stage, merged: asIfAsked(next.merged, stage) });
      const route = { stage, reviewers };
      const requirements = requireReviews({ classification, route, policy: context.policy, codeowners, paths });
      const roles = [...new Set(requirements.map((each) => each.role))];
      const gaps = foreseeGates({ ...context, tier: classification.tier }, stage).filter((text) => !said.has(text));
      for (const gap of gaps) if (gap !== guardrailsPassing) said.add(gap);
      return { stage, needs: [...(roles.length === 0 ? [] : [`approval of ${roles.join(", ")}`]), ...gaps] };
    });
}

interface Outlook {
  asked: Stage | null;
  /** The change takes exposure away. */
  isBack: boolean;
  gates: readonly GateFinding[];
  codeowners: ParsedCodeowners;
  paths: readonly string[];
}

/** What is live after exposure was taken away has to be entered again, by everyone whom it concerns. */
function seeAfterWayBack(comparison: RouteComparison): RouteComparison {
  const { approved, earlier, merged, live, asked } = comparison;
  return {
    ...comparison,
    approved: merged,
    earlier: approved === null ? earlier : [...earlier, approved],
    live: live === null ? null : { ...live, stage: asked },
  };
}

const statusOfStage: Readonly<Record<Stage, RouteRecord["approval"]["status"]>> = {
  "offline-eval": "approved-for-testing",
  shadow: "approved-for-shadow",
  "internal-canary": "approved-for-internal-canary",
  "customer-canary": "approved-for-customer-canary",
  "ab-comparison": "approved-for-ab-comparison",
  default: "approved-as-default",
};

function asIfAsked(content: RouteContent, stage: Stage): RouteContent {
  const { file } = content.state;
  const approval = { ...file.record.approval, status: statusOfStage[stage] };
  return { ...content, state: { ...content.state, file: { ...file, record: { ...file.record, approval } } } };
}

function describeRehearsal({ route, rehearsals }: GateContext): string {
  const { flagKey } = route.file.record;
  const newest = findRehearsal(rehearsals, { flagKey, candidateDigest: route.candidateDigest });
  if (newest === null) return "not rehearsed for this candidate";
  const where = newest.where === "live" ? " on the live flag" : "";
  return newest.ok
    ? `rehearsed ${newest.at}${where}, back in ${newest.backMs} ms`
    : `rehearsal of ${newest.at}${where} failed`;
}

/**
 * What a review of this route is bound to (SPEC 7). A rollback between review and merge ends reviews through the latch: only what is
 * approved after it goes forward again.
 */
function digestRoute(
  comparison: RouteComparison,
  requirements: readonly ReviewRequirement[],
  evidence: ReturnType<typeof judgeRouteEvidence>,
  policy: Policy,
): string {
  const { merged, asked, latch } = comparison;
  return digestContent({
    route: { ...meaningOf(merged.state.file), latch: latch?.at ?? null },
    files: merged.state.files,
    evidence: asked === null ? {} : pickUsedEvidence(evidence, policy, asked),
    policy: policy.digest,
    owners: ownerLinesUsed(requirements),
  });
}

/** The record without words and without the list of evidence, of which only what is used binds. */
function meaningOf(file: RouteFile): Record<string, NonNullable<ReturnType<typeof diffRecords>[number]["to"]> | null> {
  const fields = diffRecords(null, file).filter((each) => each.field !== "approval.evidence" && !isWordsOnly(each));
  return Object.fromEntries(fields.map(({ field, to }) => [field, field.startsWith("risks.") ? true : (to ?? null)]));
}

/** For each kind that a gate wants, the first record that counts: a record more changes nothing. */
function pickUsedEvidence(
  evidence: ReturnType<typeof judgeRouteEvidence>,
  policy: Policy,
  asked: Stage,
): Readonly<Record<string, string | null>> {
  const used = listWantedKinds(policy, asked).flatMap((kinds) => {
    const found = evidence.find(
      ({ finding }) => finding.state === "counts" && finding.kind !== null && kinds.includes(finding.kind),
    );
    return found === undefined ? [] : [found];
  });
  return Object.fromEntries(used.map(({ finding, digest }) => [finding.id, digest]));
}
