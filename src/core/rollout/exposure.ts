import type { ApprovedAudience } from "../facts.ts";
import type { PlanStep } from "../routes/route-file.ts";
import type { Stage } from "../scales.ts";
import type { SegmentSnapshot } from "./flag.ts";
import type { VariationName } from "./flag-identity.ts";

/** An audience of the policy with its segment found in FeatBit. */
export interface ResolvedAudience {
  name: string;
  segment: SegmentSnapshot | null;
  where: readonly { property: string; in: readonly string[] }[];
  safe: readonly { property: string; in: readonly string[] }[];
}

/** An audience that gets the candidate, and how much of it. */
export interface Entry {
  audience: ResolvedAudience;
  /** Percent of the audience, 0 to 100. */
  share: number;
}

/** Who is served what at one step of one stage, before it is written in FeatBit's terms. */
export interface Exposure {
  stage: Stage | null;
  step: number;
  /** Percent of the stage's own audience. */
  share: number;
  /** What everybody gets who is in no audience. */
  everyoneElse: VariationName;
  exclusions: readonly ResolvedAudience[];
  /** Audiences with the candidate, in the order in which FeatBit must ask: greatest share first. */
  entries: readonly Entry[];
  /** Attribute that decides who is inside a share. */
  dispatchKey: string;
}

export interface ExposureRequest {
  stage: Stage | null;
  step: number;
  flagType: "json" | "string";
  plan: readonly PlanStep[];
  /** Names of exclusions. */
  excluded: readonly string[];
  /** Definitions as they were approved. */
  audiences: Readonly<Record<string, ApprovedAudience>>;
  /** Definitions of the policy now: what it excludes beyond the approved ones is excluded too (SPEC 3). */
  exclusionsNow: Readonly<Record<string, ApprovedAudience>>;
  segments: readonly SegmentSnapshot[];
  dispatchKey: string;
}

export type Resolved<T> = { ok: true; value: T } | { ok: false; reasons: readonly string[] };

const segmentProperties = new Set(["User is in segment", "User is not in segment"]);

/**
 * Works out who gets what at a step of a stage (SPEC 10). Everything that is unknown, empty or contradictory is a reason
 * to hold; none is guessed.
 */
export function resolveExposure(request: ExposureRequest): Resolved<Exposure> {
  const reasons: string[] = [];
  const exclusions = request.excluded.flatMap((name) => resolveExclusion(name, request, reasons));
  const own = request.plan.find((step) => step.stage === request.stage);
  const rows = exposedRows(request, reasons);
  const entries = rows.flatMap(({ row, share }) => {
    const audience = row.audience === null ? everyone(row.stage) : resolveNamed(row.audience, request, reasons);
    return audience === null ? [] : [{ audience, share }];
  });
  if (request.stage === "shadow" && request.flagType === "string") {
    reasons.push("a string flag cannot serve a shadow: it has no room for the second bundle");
  }
  if (entries.some((entry) => entry.share < 100) && request.dispatchKey.trim() === "") {
    reasons.push("the binding names no dispatchKey, and a share needs one");
  }
  if (reasons.length > 0) return { ok: false, reasons: [...new Set(reasons)] };
  const share = own === undefined ? 0 : (rows.at(-1)?.share ?? 0);
  return {
    ok: true,
    value: {
      stage: request.stage,
      step: request.step,
      share: request.stage === "default" ? 100 : share,
      everyoneElse: request.stage === "default" ? "candidate" : request.stage === "shadow" ? "shadow" : "baseline",
      exclusions,
      entries: request.stage === "default" ? [] : orderEntries(entries),
      dispatchKey: request.dispatchKey,
    },
  };
}

/** Keys of the segments that a request needs, sorted: what must be read from FeatBit before it can be resolved. */
export function listSegmentKeys(request: Omit<ExposureRequest, "segments">): readonly string[] {
  const names = [...request.excluded, ...request.plan.flatMap((row) => (row.audience === null ? [] : [row.audience]))];
  const definitions = names.flatMap((name) => [
    findAudience(request.audiences, name),
    findAudience(request.exclusionsNow, name),
  ]);
  return [...new Set(definitions.flatMap((audience) => (audience?.segment ? [audience.segment] : [])))].toSorted();
}

/** How many steps a stage has under a plan; at least 1. */
export function countSteps(plan: readonly PlanStep[], stage: Stage): number {
  return Math.max(1, plan.find((row) => row.stage === stage)?.steps.length ?? 1);
}

/** The rows of the plan that put people on the candidate: earlier ones with their last step, the stage's own with the asked one. */
function exposedRows(request: ExposureRequest, reasons: string[]): readonly { row: PlanStep; share: number }[] {
  const { stage, plan } = request;
  if (stage === null || stage === "offline-eval" || stage === "shadow" || stage === "default") return [];
  const index = plan.findIndex((row) => row.stage === stage);
  if (index < 0) {
    reasons.push(`the route's exposure plan has no stage ${stage}`);
    return [];
  }
  return plan
    .slice(0, index + 1)
    .filter(
      (row) => row.stage === "internal-canary" || row.stage === "customer-canary" || row.stage === "ab-comparison",
    )
    .flatMap((row) => {
      const share = shareOf(row, row.stage === stage ? request.step : row.steps.length - 1, request);
      if (share === null) reasons.push(`stage ${row.stage} has no step ${request.step + 1}`);
      else if (!Number.isFinite(share) || share <= 0 || share > 100)
        reasons.push(`stage ${row.stage}: a share of ${share} % is not between 0 and 100`);
      else if (row.stage === "ab-comparison" && share === 100)
        reasons.push("an a/b comparison needs a share below 100 %: give its `steps`");
      else return [{ row, share }];
      return [];
    });
}

function shareOf(row: PlanStep, step: number, request: ExposureRequest): number | null {
  if (row.steps.length > 0) return row.steps[step] ?? null;
  if (row.stage === request.stage && step > 0) return null;
  const audience = row.audience === null ? undefined : findAudience(request.audiences, row.audience);
  return audience?.percent ?? 100;
}

/**
 * FeatBit stops at the first rule that fits, even when its share leaves the user out. With the greatest share first, a user
 * of several audiences gets the best of them, so adding a wider audience never takes the candidate from anybody. What a
 * rule for everybody already covers is left out.
 */
function orderEntries(entries: readonly Entry[]): readonly Entry[] {
  const greatest = new Map<string, Entry>();
  for (const entry of entries) {
    const same = JSON.stringify([entry.audience.segment?.id ?? null, entry.audience.where, entry.audience.safe]);
    const before = greatest.get(same);
    if (before === undefined || entry.share > before.share)
      greatest.set(same, before === undefined ? entry : { ...before, share: entry.share });
  }
  const ordered = [...greatest.values()].toSorted((a, b) => b.share - a.share);
  const last = ordered.findIndex((entry) => isEverybody(entry.audience));
  return last < 0 ? ordered : ordered.slice(0, last + 1);
}

export function isEverybody(audience: ResolvedAudience): boolean {
  return audience.segment === null && audience.where.length === 0 && audience.safe.length === 0;
}

function everyone(stage: Stage): ResolvedAudience {
  return { name: stage === "ab-comparison" ? "all-eligible" : "everyone", segment: null, where: [], safe: [] };
}

function resolveExclusion(name: string, request: ExposureRequest, reasons: string[]): ResolvedAudience[] {
  const approved = resolveNamed(name, request, reasons);
  if (approved === null) return [];
  if (isEverybody(approved))
    reasons.push(`exclusion ${name} names no segment, no condition and no safe list: it would exclude everybody`);
  const now = findAudience(request.exclusionsNow, name);
  if (
    now === undefined ||
    JSON.stringify(definitionOf(now)) === JSON.stringify(definitionOf(findAudience(request.audiences, name)))
  )
    return [approved];
  const added = resolveAudience(now, request.segments, reasons);
  // A definition that was emptied since excludes nobody in addition; the approved one stays in force.
  return added === null || isEverybody(added) ? [approved] : [approved, { ...added, name: `${name} (policy now)` }];
}

function definitionOf(audience: ApprovedAudience | undefined): unknown {
  return [audience?.segment, audience?.where, audience?.safe];
}

function resolveNamed(name: string, request: ExposureRequest, reasons: string[]): ResolvedAudience | null {
  const audience = findAudience(request.audiences, name);
  if (audience === undefined) {
    reasons.push(`the policy has no audience ${name}`);
    return null;
  }
  return resolveAudience(audience, request.segments, reasons);
}

function findAudience(
  audiences: Readonly<Record<string, ApprovedAudience>>,
  name: string,
): ApprovedAudience | undefined {
  return Object.hasOwn(audiences, name) ? audiences[name] : undefined;
}

function resolveAudience(
  audience: ApprovedAudience,
  segments: readonly SegmentSnapshot[],
  reasons: string[],
): ResolvedAudience | null {
  const before = reasons.length;
  const segment = audience.segment === null ? null : (segments.find((s) => s.key === audience.segment) ?? null);
  if (audience.segment !== null && segment === null)
    reasons.push(`FeatBit has no segment ${audience.segment}, which audience ${audience.name} names`);
  if (segment?.isArchived === true) reasons.push(`segment ${segment.key} of audience ${audience.name} is archived`);
  for (const condition of [...audience.where, ...audience.safe]) {
    if (condition.property.trim() === "" || segmentProperties.has(condition.property)) {
      reasons.push(`audience ${audience.name}: \`${condition.property}\` cannot be an attribute's name`);
    }
    // An empty text in a list would also match users whose attribute is missing in FeatBit's own evaluation.
    if (condition.in.length === 0 || condition.in.includes("")) {
      reasons.push(`audience ${audience.name}: the list of ${condition.property} is empty or holds an empty text`);
    }
  }
  if (reasons.length > before) return null;
  return { name: audience.name, segment, where: audience.where, safe: audience.safe };
}
