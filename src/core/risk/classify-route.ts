import { matchGlob } from "../policy/match-glob.ts";
import { diffRecords, isWordsOnly } from "../routes/diff-records.ts";
import { placeOf, type Bundle, type FieldDifference } from "../routes/route-file.ts";
import { atLeast, stages, tiers, triggers, worstOf, type Stage, type Trigger } from "../scales.ts";
import { bundleRules, tolerantRules } from "./bundle-rules.ts";
import { viewBundle, type BundleView } from "./bundle-view.ts";
import { exposedOf, listWidenings } from "./compare-exposure.ts";
import { fire } from "./fire.ts";
import { fireLasting } from "./fire-lasting-rules.ts";
import type { Classification, FiredRule } from "./fired-rule.ts";
import {
  isExposingStatus,
  isGoingBackStatus,
  listApproved,
  liveStageOf,
  uniteSets,
  type RouteComparison,
  type RouteContent,
} from "./route-comparison.ts";
import { showValue } from "./show-value.ts";

/**
 * Tier, triggers and fired rules of one route over the three differences (SPEC 5): last approved content to merged content,
 * baseline to candidate, live to asked. The highest tier wins.
 */
export function classifyRoute(comparison: RouteComparison): Classification {
  return sumUp(fireRules(comparison));
}

/** Sorts fired rules, each sentence once, and takes the highest tier; without a rule the tier is low. */
export function sumUp(fired: readonly FiredRule[]): Classification {
  const told = new Map(
    fired.map((rule) => [JSON.stringify([rule.id, rule.difference, rule.sentence, rule.place]), rule] as const),
  );
  const sorted = [...told.values()].sort(
    (a, b) =>
      tiers.indexOf(b.tier) - tiers.indexOf(a.tier) ||
      compareText(a.id, b.id) ||
      compareText(a.difference, b.difference) ||
      a.place.line - b.place.line ||
      compareText(a.sentence, b.sentence),
  );
  const fires = new Set(sorted.flatMap((rule) => rule.triggers));
  return {
    tier: worstOf(
      tiers,
      sorted.map((rule) => rule.tier),
      "low",
    ),
    fired: sorted,
    triggers: triggers.filter((trigger) => fires.has(trigger)),
  };
}

function fireRules(comparison: RouteComparison): readonly FiredRule[] {
  const changes = readChanges(comparison);
  if (!changes.hasMeaning && !changes.isReentry) return fireHarmless(comparison, changes);
  if (isGoingBack(comparison, changes))
    return [sayRollback(comparison), ...fireEndedExclusions(comparison), ...fireLasting(comparison)];
  const { asked } = comparison;
  if (asked === null || asked === "offline-eval") {
    const status = comparison.merged.state.file.record.approval.status;
    const sentence = `status ${status}: the flag serves the baseline to everyone`;
    const draft = fire(comparison, "draft-only", "approval.status", "live-to-asked", sentence);
    return [draft, ...(wasNeverExposed(comparison) ? [] : fireLasting({ ...comparison, earlier: [] }))];
  }
  const fired = [
    ...fireNew(comparison),
    ...fireApprovedToMerged(comparison),
    ...fireBaselineToCandidate(comparison),
    ...fireLiveToAsked(comparison, asked),
    ...fireLasting(comparison),
    ...fireDeclared(comparison),
    ...firePolicyRules(comparison, changes),
  ];
  if (comparison.isProduction) return fired.length === 0 ? fireHarmless(comparison, changes) : fired;
  return limitToNonProduction(comparison, fired);
}

interface Changes {
  differences: readonly FieldDifference[];
  /** Something changed that is more than words and evidence. */
  hasMeaning: boolean;
  /** A rollback holds the flag and the file asks for exposure: merging it would release the flag (SPEC 13). */
  isReentry: boolean;
}

function readChanges(comparison: RouteComparison): Changes {
  const { approved, merged, latch, asked } = comparison;
  const isReentry = latch !== null && asked !== null && asked !== "offline-eval";
  if (approved === null) {
    return {
      // Everything is new: few ask for each field of it, and this is read for each later stage too.
      get differences() {
        return diffRecords(null, merged.state.file);
      },
      hasMeaning: true,
      isReentry,
    };
  }
  const differences = diffRecords(approved.state.file, merged.state.file);
  const hasOtherFiles =
    approved.state.baselineDigest !== merged.state.baselineDigest ||
    approved.state.candidateDigest !== merged.state.candidateDigest ||
    merged.state.baselineDigest === null;
  return {
    differences,
    hasMeaning:
      hasOtherFiles ||
      !differences.every((each) => isEvidence(each) || isWordsOnly(each)) ||
      listWidenings(exposedOf(approved), exposedOf(merged), asked, comparison.policy).length > 0,
    isReentry,
  };
}

function isEvidence({ field }: FieldDifference): boolean {
  return field === "approval.evidence";
}

/** Only words or evidence changed, or nothing; or what no rule looks at, such as the owner, while the candidate is the baseline. */
function fireHarmless(comparison: RouteComparison, { differences }: Changes): readonly FiredRule[] {
  const fired: FiredRule[] = [];
  if (comparison.evidenceChanged || differences.some(isEvidence)) {
    const sentence = "only evidence changed; what is approved to run stays as it is";
    fired.push(fire(comparison, "evidence-only", "approval.evidence", "approved-to-merged", sentence));
  }
  const others = differences.filter((each) => !isEvidence(each));
  if (others.length > 0 || fired.length === 0) {
    const fields = others.map((each) => each.field);
    const list = showValue(fields.join(", "));
    const what = others.every((each) => isWordsOnly(each))
      ? `only words changed: ${list}`
      : `no other rule looks at what changed: ${list}`;
    const sentence = fields.length === 0 ? "nothing changes in meaning" : what;
    fired.push(fire(comparison, "metadata-only", fields[0] ?? "", "approved-to-merged", sentence));
  }
  return fired;
}

/** Exposure shrinks: a status that asks for none, or an earlier stage for the candidate that is live, and nothing of it is new. */
function isGoingBack(comparison: RouteComparison, changes: Changes): boolean {
  const { merged, asked } = comparison;
  if (isGoingBackStatus(merged.state.file.record.approval.status)) return true;
  if (asked === null) return false;
  const liveStage = liveStageOf(comparison);
  if (liveStage === null || stages.indexOf(asked) >= stages.indexOf(liveStage)) return false;
  const onlyStatus = changes.differences.every((each) => each.field.startsWith("approval.") || isWordsOnly(each));
  return onlyStatus && comparison.approved?.state.candidateDigest === merged.state.candidateDigest;
}

/**
 * Before the first exposure there is nothing that a later file could quietly weaken: the exposure stages judge everything as new.
 * Afterwards what protects a route is judged in drafts too, else a change could be split over a draft (SPEC, principle 6).
 */
function wasNeverExposed(comparison: RouteComparison): boolean {
  const { live, latch } = comparison;
  const isExposing = listApproved(comparison).some(({ state }) => isExposingStatus(state.file.record.approval.status));
  return live === null && latch === null && !isExposing;
}

/** What drafts and rollbacks changed since exposure was last approved: few have looked at it. */
function listUnjudgedDifferences(comparison: RouteComparison): readonly FieldDifference[] {
  const { earlier, merged } = comparison;
  const differences = earlier.flatMap((content) => diffRecords(content.state.file, merged.state.file));
  return wasNeverExposed(comparison) ? [...differences, ...diffRecords(null, merged.state.file)] : differences;
}

function sayRollback(comparison: RouteComparison): FiredRule {
  const { merged, asked, live } = comparison;
  const { status } = merged.state.file.record.approval;
  const from = live?.stage ?? "no stage";
  const sentence =
    asked === null
      ? `status ${status}: from ${from} to baseline for everyone`
      : `exposure shrinks from ${from} to ${asked}`;
  return fire(comparison, "rollback", "approval.status", "live-to-asked", sentence);
}

/** A proven default that becomes the baseline is served to everybody: to those too who were excluded from it until now. */
function fireEndedExclusions(comparison: RouteComparison): FiredRule[] {
  const { live, merged } = comparison;
  const isSameBaseline = live === null || merged.state.baselineDigest === live.baselineDigest;
  if (isSameBaseline || live.excluded.length === 0) return [];
  const names = live.excluded.map((name) => showValue(name)).join(", ");
  const sentence = `exclusion removed: ${names} get the candidate as the new baseline`;
  return [fire(comparison, "customer-exposure", "baseline", "live-to-asked", sentence)];
}

function fireNew(comparison: RouteComparison): FiredRule[] {
  const { approved, merged } = comparison;
  const { candidate } = merged.state.file.record;
  const hadNone = approved !== null && approved.state.file.record.candidate === null;
  const isNew = wasNeverExposed(comparison);
  if (candidate === null || (approved !== null && !hadNone && !isNew)) return [];
  const what =
    approved === null
      ? "nothing of this flag was approved before"
      : hadNone
        ? "before there was no candidate"
        : "no exposure of this flag was approved before";
  const sentence = `candidate ${showValue(candidate.model)} added; ${what}`;
  return [fire(comparison, "candidate-added", "candidate", "approved-to-merged", sentence)];
}

function fireApprovedToMerged(comparison: RouteComparison): FiredRule[] {
  const { anchor } = comparison;
  const crept = anchor === null ? [] : compareContents(comparison, anchor);
  return [
    ...listApproved(comparison).flatMap((before) => compareContents(comparison, before)),
    ...crept.filter(({ id }) => tolerantRules.includes(id)),
  ];
}

function compareContents(comparison: RouteComparison, from: RouteContent): FiredRule[] {
  const { merged, live, policy } = comparison;
  const [before, after] = [from.state.file.record, merged.state.file.record];
  const view = (content: RouteContent, bundle: Bundle): BundleView => viewBundle(bundle, content.state.files, policy);
  const compare = (old: Bundle, now: Bundle, side: "baseline" | "candidate"): FiredRule[] =>
    compareBundles(comparison, view(from, old), view(merged, now), side, "approved-to-merged");
  // The proven default may become the baseline: it is what everybody gets already.
  const isPromoted =
    from.state.baselineDigest !== merged.state.baselineDigest &&
    live?.stage === "default" &&
    live.candidateDigest === merged.state.baselineDigest;
  return [
    // Price and latency are no part of a digest: they are compared where the bundle is the same one too.
    ...(isPromoted ? [] : compare(before.baseline, after.baseline, "baseline")),
    ...(before.candidate === null || after.candidate === null
      ? []
      : compare(before.candidate, after.candidate, "candidate")),
  ];
}

function fireBaselineToCandidate(comparison: RouteComparison): FiredRule[] {
  const { merged, policy } = comparison;
  const { baseline, candidate } = merged.state.file.record;
  if (candidate === null) return [];
  const from = viewBundle(baseline, merged.state.files, policy);
  const to = viewBundle(candidate, merged.state.files, policy);
  return compareBundles(comparison, from, to, "candidate", "baseline-to-candidate");
}

function compareBundles(
  comparison: RouteComparison,
  from: BundleView,
  to: BundleView,
  side: "baseline" | "candidate",
  difference: FiredRule["difference"],
): FiredRule[] {
  const { file } = comparison.merged.state;
  return bundleRules.flatMap((rule) => {
    const seen = rule.look(from, to);
    if (seen === null) return [];
    const { id, tier } = rule;
    const place = placeOf(file, `${side}.${seen.field}`);
    return [{ id, tier, triggers: rule.triggers, sentence: seen.sentence, place, difference }];
  });
}

function fireLiveToAsked(comparison: RouteComparison, asked: Stage): FiredRule[] {
  const liveStage = liveStageOf(comparison);
  const from = liveStage ?? "no exposure";
  const fired: FiredRule[] = [];
  const isEntered = liveStage === null || stages.indexOf(asked) > stages.indexOf(liveStage);
  if (isEntered && reachesCustomers(comparison, asked)) {
    const sentence = `customer stage entered: from ${from} to ${asked}`;
    fired.push(fire(comparison, "customer-exposure", "approval.status", "live-to-asked", sentence));
  } else if (isEntered) {
    const sentence = `${asked} entered, from ${from}`;
    fired.push(fire(comparison, "internal-exposure", "approval.status", "live-to-asked", sentence));
  }
  const skipped = listSkippedStages(liveStage, asked);
  if (skipped.length > 0) {
    const sentence = `from ${from} to ${asked} without ${skipped.join(" and ")}`;
    fired.push(fire(comparison, "stage-skipped", "approval.status", "live-to-asked", sentence));
  }
  return fired;
}

/** Exposure stages between two stages, none when the second is not the later one; offline-eval and shadow may be left out (SPEC 10). */
export function listSkippedStages(from: Stage | null, to: Stage): readonly Stage[] {
  const start = from === null ? -1 : stages.indexOf(from);
  const between = stages.slice(start + 1, stages.indexOf(to));
  return between.filter((stage) => stage !== "offline-eval" && stage !== "shadow");
}

/** An internal canary for an audience that is not internal reaches customers, whatever it is called. */
function reachesCustomers(comparison: RouteComparison, asked: Stage): boolean {
  if (atLeast(stages, asked, "customer-canary")) return true;
  if (asked !== "internal-canary") return false;
  const name = audienceOf(comparison, asked);
  if (name === null) return false;
  const { audiences } = comparison.merged;
  return !(Object.hasOwn(audiences, name) && audiences[name]?.internal === true);
}

function audienceOf({ merged }: RouteComparison, stage: Stage): string | null {
  const { exposure } = merged.state.file.record;
  if (exposure.form === "short") return exposure.firstAudience;
  return exposure.plan.find((step) => step.stage === stage)?.audience ?? null;
}

const triggerOfRisk: Readonly<Record<string, Trigger>> = {
  cost: "cost",
  latency: "latency",
  quality: "quality",
  safety: "data",
  data: "data",
  support: "quality",
};

/** Risks that the author names add the roles that answer for them; leaving them out again takes none away. */
function fireDeclared(comparison: RouteComparison): FiredRule[] {
  const { risks } = comparison.merged.state.file.record;
  return uniteSets(comparison).risks.map((kind) => {
    const words = Object.hasOwn(risks, kind) ? showValue(risks[kind]) : "declared earlier, no longer in the file";
    const rule = fire(
      comparison,
      "declared-risk",
      `risks.${kind}`,
      "approved-to-merged",
      `${showValue(kind)} risk declared: ${words}`,
    );
    return { ...rule, triggers: [triggerOfRisk[kind] ?? "quality"] };
  });
}

/** The policy's own rules raise the tier; they are never asked to lower it (SPEC 3, `tiers`). */
function firePolicyRules(comparison: RouteComparison, changes: Changes): FiredRule[] {
  const { merged, policy } = comparison;
  if (policy.tierRules.length === 0) return [];
  const differences = [...changes.differences, ...listUnjudgedDifferences(comparison)];
  const united = uniteSets(comparison);
  const { file } = merged.state;
  return policy.tierRules.flatMap(({ id, tier, triggers: names, why, when }) => {
    const meets = (wanted: readonly string[], has: (value: string) => boolean): boolean =>
      wanted.length === 0 || wanted.some(has);
    const applies =
      meets(when.workflows, (workflow) => united.workflows.includes(workflow)) &&
      meets(when.dataClasses, (each) => united.dataClasses.includes(each)) &&
      meets(when.paths, (glob) => matchGlob(glob, file.path)) &&
      meets(when.fields, (field) =>
        differences.some((each) => each.field === field || each.field.startsWith(`${field}.`)),
      );
    if (!applies) return [];
    const known = triggers.filter((trigger) => names.includes(trigger));
    const place = placeOf(file, "");
    return [
      {
        id,
        tier,
        triggers: known,
        sentence: `policy rule: ${showValue(why)}`,
        place,
        difference: "pull-request" as const,
      },
    ];
  });
}

/** Outside production only what concerns data keeps its tier: real data is real data wherever it is used. */
function limitToNonProduction(comparison: RouteComparison, fired: readonly FiredRule[]): readonly FiredRule[] {
  const { environment } = comparison.merged.state.file.record;
  const kept = fired.filter((rule) => rule.tier === "restricted" || rule.difference === "pull-request");
  const sentence = `environment ${showValue(environment)} is not production`;
  return [fire(comparison, "non-production-only", "environment", "approved-to-merged", sentence), ...kept];
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
