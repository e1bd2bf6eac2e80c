import { isBound, parseEvidenceThreshold } from "../bound.ts";
import type { Rehearsal, WorkflowRunFacts } from "../facts.ts";
import type { Policy } from "../policy/policy.ts";
import { cut, type Place } from "../problem.ts";
import { atLeast, tiers, type Tier, type Trust } from "../scales.ts";
import type { EvidenceFinding, EvidenceKind, EvidenceRecord } from "./evidence.ts";
import { keepsLimit } from "./keeps-limit.ts";

/** What evidence of one route is judged against. */
export interface EvidenceContext {
  /** ISO 8601; the time of judging. */
  at: string;
  flagKey: string;
  tier: Tier;
  candidateDigest: string | null;
  baselineDigest: string | null;
  policy: Pick<Policy, "evidenceMaxAgeMs" | "datasets" | "evidenceThresholds">;
  /** Evidence must be younger than this: the breach for which the candidate was rolled back. ISO 8601. */
  notBefore: string | null;
}

/** The run that a record names, and the record in that run's artifact as the same reader read it. */
export interface RunOfRecord {
  facts: WorkflowRunFacts;
  artifact: EvidenceRecord | null;
}

/** How far a record can be believed, and why not further. */
export interface TrustFinding {
  level: Trust;
  why: string;
}

/** Kinds that are scores on a dataset: without a named one nobody can say what was measured. */
const kindsOnDataset: readonly EvidenceKind[] = ["offline-eval", "regression-eval", "adversarial-eval"];

/** Clocks of services differ a little; a record from further ahead is not believed. */
const clockSlackMs = 5 * 60_000;

/** Whether an id asks for a rehearsal out of Routeward's own store; nobody else's record can stand in for one (SPEC 8). */
export function isRehearsalId(id: string): boolean {
  return /^rollback-(?:test|rehearsal)/.test(id);
}

/**
 * Judges one record for one route: does it count for what is asked, was it passed, and how far can it be trusted (SPEC 8).
 * `trust` is given where something else than a workflow run vouches for the record.
 * `passed` is recomputed from result or counts and the stricter of the record's and the policy's threshold.
 */
export function judgeEvidence(
  record: EvidenceRecord,
  run: RunOfRecord | null,
  context: EvidenceContext,
  trust: TrustFinding = judgeTrust(record, run, context),
): EvidenceFinding {
  const score = judgeScore(record, context);
  const objections = [
    ...record.defects,
    ...(record.kind === "rollback-rehearsal"
      ? ["a rehearsal counts only when Routeward made it itself: ask with `/routeward rehearse`"]
      : []),
    ...findBundleObjections(record, context),
    ...findDatasetObjections(record, context),
    ...findAgeObjections(record, context),
    ...(score.passed === true ? [] : [score.why]),
    ...(trust.level === "declared" && atLeast(tiers, context.tier, "high")
      ? [`${context.tier} risk needs evidence of a verified workflow run`]
      : []),
  ];
  const notes = [
    score.why,
    ...(record.bundle === null ? ["it does not say which bundle was measured"] : []),
    trust.why,
  ];
  return {
    id: record.id,
    kind: record.kind,
    state: objections.length === 0 ? "counts" : "does-not-count",
    trust: trust.level,
    passed: score.passed,
    why: [...new Set([...objections, ...notes])],
    record,
    place: record.place,
  };
}

/** A reference whose record is not there or cannot be read. */
export function reportMissingEvidence(id: string, why: readonly string[], place: Place): EvidenceFinding {
  return { id, kind: null, state: "missing", trust: null, passed: null, why, record: null, place };
}

/** Meets a `rollback-test…` or `rollback-rehearsal…` id by the newest rehearsal of the candidate that Routeward made. */
export function judgeRehearsal(
  id: string,
  rehearsals: readonly Rehearsal[],
  context: EvidenceContext,
  place: Place,
): EvidenceFinding {
  const finding = { id, kind: "rollback-rehearsal" as const, record: null, place };
  const newest = findRehearsal(rehearsals, context);
  if (newest === null) {
    const why = "Routeward has rehearsed no way back for this candidate: ask with `/routeward rehearse`";
    return { ...finding, state: "missing", trust: null, passed: null, why: [why] };
  }
  const age = findAge("the rehearsal", newest.at, context);
  const objections = [...(newest.ok ? [] : [`the rehearsal failed: ${cut(newest.detail, 200)}`]), ...age];
  const timing = `rehearsed ${newest.at}: forward ${newest.forwardMs} ms, back ${newest.backMs} ms, proven through the SDK`;
  return {
    ...finding,
    state: objections.length === 0 ? "counts" : "does-not-count",
    trust: "own-store",
    passed: newest.ok,
    why: newest.ok ? [...objections, timing] : objections,
  };
}

/** The newest rehearsal of the candidate's digest for this flag; null when there is none. */
export function findRehearsal(
  rehearsals: readonly Rehearsal[],
  context: Pick<EvidenceContext, "flagKey" | "candidateDigest">,
): Rehearsal | null {
  const own = rehearsals.filter(
    (each) => each.flagKey === context.flagKey && each.candidateDigest === context.candidateDigest,
  );
  return own.reduce<Rehearsal | null>((best, each) => (best === null || each.at >= best.at ? each : best), null);
}

function findBundleObjections(record: EvidenceRecord, context: EvidenceContext): string[] {
  const wanted = record.kind === "baseline-check" ? context.baselineDigest : context.candidateDigest;
  const whose = record.kind === "baseline-check" ? "baseline" : "candidate";
  if (wanted === null) return [`the digest of the ${whose} is not known`];
  if (record.bundle === null) {
    return atLeast(tiers, context.tier, "high")
      ? [`it does not say which bundle was measured, which ${context.tier} risk needs`]
      : [];
  }
  if (isSameBundle(record.bundle, wanted)) return [];
  return [`it measured another bundle: ${shorten(record.bundle)}, not the ${whose} ${shorten(wanted)}`];
}

/** Enough of a digest to tell two apart; the card shows the candidate's whole. */
function shorten(digest: string): string {
  return cut(digest, digest.startsWith("mrb1:sha256:") ? 25 : 20);
}

/** Tools that know only plain digests, in-toto for one, carry the digest without our scheme. */
function isSameBundle(claimed: string, wanted: string): boolean {
  return claimed === wanted || `mrb1:${claimed}` === wanted || `mrb1:sha256:${claimed}` === wanted;
}

function findDatasetObjections(record: EvidenceRecord, context: EvidenceContext): string[] {
  const { datasets } = context.policy;
  if (record.dataset === null) {
    return kindsOnDataset.includes(record.kind) ? ["it does not name its dataset"] : [];
  }
  if (datasets.length === 0 || datasets.includes(record.dataset.name)) return [];
  return [`the policy does not accept dataset ${cut(record.dataset.name, 80)}; it accepts ${datasets.join(", ")}`];
}

function findAgeObjections(record: EvidenceRecord, context: EvidenceContext): string[] {
  if (record.producedAt === null) return ["it does not say when it was made"];
  return findAge("it", record.producedAt, context);
}

function findAge(what: string, madeAt: string, context: EvidenceContext): string[] {
  const age = Date.parse(context.at) - Date.parse(madeAt);
  if (!Number.isFinite(age)) return [`${what} has no readable date`];
  if (age < -clockSlackMs) return [`${what} is dated in the future (${madeAt})`];
  const objections: string[] = [];
  if (age > context.policy.evidenceMaxAgeMs) {
    const day = 24 * 60 * 60_000;
    const limit = Math.round((context.policy.evidenceMaxAgeMs / day) * 10) / 10;
    objections.push(`${what} is too old: made ${madeAt}, the policy accepts ${limit} days`);
  }
  if (context.notBefore !== null && !(Date.parse(madeAt) > Date.parse(context.notBefore))) {
    objections.push(
      `${what} was made before the breach of ${context.notBefore}, for which this candidate was rolled back`,
    );
  }
  return objections;
}

function judgeScore(record: EvidenceRecord, context: EvidenceContext): { passed: boolean | null; why: string } {
  const fromPolicy = Object.hasOwn(context.policy.evidenceThresholds, record.kind)
    ? (context.policy.evidenceThresholds[record.kind] ?? null)
    : null;
  const thresholds = [
    ...(record.threshold === null ? [] : [{ text: record.threshold, whose: "the record's" }]),
    ...(fromPolicy === null ? [] : [{ text: fromPolicy, whose: "the policy's" }]),
  ];
  const { result, counts } = record;
  if (result === null && counts !== null && counts.total > 0 && thresholds.length === 0) {
    const passed = counts.failed === 0 && counts.errored === 0 && counts.passed === counts.total;
    return {
      passed,
      why: `${counts.passed} of ${counts.total} passed${passed ? "" : ", and no threshold allows less"}`,
    };
  }
  const value = result ?? (counts === null ? Number.NaN : counts.passed / counts.total);
  if (!Number.isFinite(value)) return { passed: null, why: "it gives no result that could be recomputed" };
  if (thresholds.length === 0) return { passed: null, why: "neither the record nor the policy names a threshold" };
  const shown = Number(value.toPrecision(6));
  for (const { text, whose } of thresholds) {
    const bound = parseEvidenceThreshold(text);
    if (!isBound(bound)) return { passed: null, why: `${whose} threshold ${cut(text, 40)} cannot be read` };
    // Both must hold, which is the same as the stricter one, and needs no order between them.
    if (!keepsLimit(value, bound.operator, bound.amount))
      return { passed: false, why: `failed: ${shown} against ${whose} threshold ${cut(bound.text, 40)}` };
  }
  return { passed: true, why: `passed: ${shown} against ${thresholds.map(({ text }) => cut(text, 40)).join(" and ")}` };
}

/** Workflow trust needs every link of the chain (SPEC 8); the first one that is missing is named. */
export function judgeTrust(record: EvidenceRecord, run: RunOfRecord | null, context: EvidenceContext): TrustFinding {
  const declared = (why: string): TrustFinding => ({ level: "declared", why: `declared only: ${why}` });
  const { producer } = record;
  if (producer === null) return declared("a file of the pull request, no workflow run is named");
  if (run === null || run.facts.kind === "not-found") return declared(`workflow run ${producer.runId} was not found`);
  const { facts } = run;
  if (facts.runId !== producer.runId) return declared(`workflow run ${producer.runId} was not found`);
  if (facts.workflow !== producer.workflow) {
    return declared(
      `run ${producer.runId} belongs to ${cut(facts.workflow, 100)}, not to ${cut(producer.workflow, 100)}`,
    );
  }
  if (facts.conclusion !== "success")
    return declared(`run ${producer.runId} ended with ${facts.conclusion ?? "nothing yet"}`);
  if (!facts.workflowMatchesDefaultBranch) {
    return declared(`run ${producer.runId} used a workflow file that is not the default branch's`);
  }
  const atHead = Object.hasOwn(facts.bundlesAtHead, context.flagKey) ? facts.bundlesAtHead[context.flagKey] : undefined;
  if (atHead !== context.candidateDigest) {
    return declared(`run ${producer.runId} ran on a commit whose candidate is another one`);
  }
  if (run.artifact === null) return declared(`run ${producer.runId} has no artifact ${record.id} that can be read`);
  if (!isSameRecord(record, run.artifact))
    return declared(`the artifact ${record.id} of run ${producer.runId} says something else`);
  return { level: "workflow", why: `run ${producer.runId} of ${producer.workflow} holds the same record` };
}

/** Equal in everything but the place where it stands. */
function isSameRecord(a: EvidenceRecord, b: EvidenceRecord): boolean {
  const text = (record: EvidenceRecord): string => {
    const { id, kind, bundle, dataset, grader, threshold, result, run, url, producedAt, producer, counts, defects } =
      record;
    const set = dataset === null ? null : [dataset.name, dataset.digest, dataset.size];
    const by = producer === null ? null : [producer.workflow, producer.runId];
    const count = counts === null ? null : [counts.total, counts.passed, counts.failed, counts.errored];
    return JSON.stringify([id, kind, bundle, set, grader, threshold, result, run, url, producedAt, by, count, defects]);
  };
  return text(a) === text(b);
}
