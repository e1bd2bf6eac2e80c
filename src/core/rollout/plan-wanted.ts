import type { ApprovedAudience, ApprovedRoute, LiveState } from "../facts.ts";
import type { PlanStep, RouteRecord } from "../routes/route-file.ts";
import type { Stage } from "../scales.ts";
import { resolveExposure, countSteps, type Exposure, type ExposureRequest } from "./exposure.ts";
import type { SegmentSnapshot } from "./flag.ts";
import { deriveVariationIds, type FlagName } from "./flag-identity.ts";
import { planProbes, planUsers } from "./probes.ts";
import type { BaselineFacts, Wanted } from "./rollout-facts.ts";
import { renderVariations, type ServedBundles } from "./served-value.ts";
import { renderTargeting } from "./targeting.ts";

/** The approved content of a flag, read. */
export interface ApprovedContent {
  approved: ApprovedRoute;
  record: RouteRecord;
  /** Stage that the file asks for; null when it asks for none. */
  stage: Stage | null;
  plan: readonly PlanStep[];
}

/** What the rest of the world adds to it. */
export interface WantedContext {
  dispatchKey: string;
  exclusionsNow: Readonly<Record<string, ApprovedAudience>>;
  segments: readonly SegmentSnapshot[];
  live: LiveState | null;
}

/**
 * The step of the stage that the flag stands at or enters: the first, until the live state says more (SPEC 10), and the next once
 * it was recorded as begun. A new candidate begins anew.
 */
export function chooseStep(content: ApprovedContent, live: LiveState | null): number {
  if (live === null || content.stage === null) return 0;
  if (live.stage !== content.stage || live.candidateDigest !== content.approved.candidateDigest) return 0;
  return Math.min(live.nextStep ?? live.step, countSteps(content.plan, content.stage) - 1);
}

/** What must be known of segments and policy before the wanted state can be planned. */
export function describeExposure(
  content: ApprovedContent,
  context: Omit<WantedContext, "segments">,
): Omit<ExposureRequest, "segments"> {
  return {
    stage: content.stage,
    step: chooseStep(content, context.live),
    flagType: content.record.flagType,
    plan: content.plan,
    excluded: content.record.exposure.excluded,
    audiences: content.approved.audiences,
    exclusionsNow: context.exclusionsNow,
    dispatchKey: context.dispatchKey,
  };
}

/** The state that FeatBit shall have by the last approved merge (SPEC 2, status table). */
export function planWanted(content: ApprovedContent, context: WantedContext): Wanted {
  const { approved, record, stage } = content;
  const { status } = record.approval;
  const name: FlagName = approved;
  if (status === "rolled-back" || status === "rejected") return { kind: "off", status };
  if (status === "retired" && record.cleanup?.decision !== "permanent") return { kind: "off", status };
  if (status === "retired" && record.candidate !== null) {
    return {
      kind: "unclear",
      reasons: ["a permanent flag is retired with its candidate as the baseline; `routeward cleanup` writes that"],
    };
  }
  if (status === "retired" || status === "draft") {
    return planStage(content, { ...emptyExposure, dispatchKey: context.dispatchKey }, name);
  }
  if (stage === null)
    return { kind: "unclear", reasons: [`the status ${status} names no stage of this file's exposure`] };
  if (record.candidate === null || approved.candidateDigest === null) {
    return { kind: "unclear", reasons: ["the approved file has no candidate that can be read"] };
  }
  const exposure = resolveExposure({ ...describeExposure(content, context), segments: context.segments });
  return exposure.ok ? planStage(content, exposure.value, name) : { kind: "unclear", reasons: exposure.reasons };
}

/**
 * The baseline that users are sent back to, and users of every audience of the plan to show it with. Needs nothing from
 * outside, because a rollback waits for nothing: audiences that hang on a segment are left out.
 */
export function planBaseline(content: ApprovedContent, dispatchKey: string): BaselineFacts {
  const { approved, record, plan } = content;
  const rows = plan.filter((row) => row.audience === null || !approved.audiences[row.audience]?.segment);
  const last = rows.findLast((row) => row.stage !== "default");
  const resolved = resolveExposure({
    stage: last?.stage ?? null,
    step: Math.max(0, (last?.steps.length ?? 0) - 1),
    flagType: record.flagType,
    plan: rows,
    excluded: record.exposure.excluded.filter((name) => !approved.audiences[name]?.segment),
    audiences: approved.audiences,
    exclusionsNow: {},
    segments: [],
    dispatchKey,
  });
  const exposure = resolved.ok ? resolved.value : { ...emptyExposure, dispatchKey };
  const variations = renderVariations(approved, bundlesOf(content), null);
  const baseline = variations.find((variation) => variation.name === "baseline");
  return {
    values: baseline === undefined ? [] : [baseline.value],
    users: planUsers(approved.flagKey, exposure),
  };
}

const emptyExposure: Exposure = {
  stage: null,
  step: 0,
  share: 0,
  everyoneElse: "baseline",
  exclusions: [],
  entries: [],
  dispatchKey: "",
};

function planStage(content: ApprovedContent, exposure: Exposure, name: FlagName): Wanted {
  const { approved, record } = content;
  const variations = renderVariations(name, bundlesOf(content), exposure.stage);
  const { probes, unproven } = planProbes(approved.flagKey, exposure, variations);
  return {
    kind: "stage",
    stage: exposure.stage,
    step: exposure.step,
    share: exposure.share,
    contents: {
      variations,
      offVariationId: deriveVariationIds(name).baseline,
      targeting: renderTargeting(name, exposure),
    },
    audiences:
      exposure.everyoneElse === "candidate" ? ["everyone"] : exposure.entries.map((entry) => entry.audience.name),
    shares: exposure.entries.map((entry) => ({ audience: entry.audience.name, share: entry.share })),
    excluded: record.exposure.excluded,
    candidateDigest: approved.candidateDigest,
    baselineDigest: approved.baselineDigest,
    probes,
    unproven,
  };
}

function bundlesOf({ approved, record }: ApprovedContent): ServedBundles {
  const { candidateDigest, baselineDigest } = approved;
  return {
    flagType: record.flagType,
    baseline: { bundle: record.baseline, digest: baselineDigest },
    candidate:
      record.candidate === null || candidateDigest === null
        ? null
        : { bundle: record.candidate, digest: candidateDigest },
  };
}
