import { digestContents, digestTargeting, listServedVariations, type FlagContents } from "./compare-flag.ts";
import type { FlagSnapshot, FlagVariation } from "./flag.ts";
import { deriveVariationIds } from "./flag-identity.ts";
import { identifyProof, isReleased, type RolloutFacts, type WantedStage } from "./rollout-facts.ts";
import type { Probe } from "./probe.ts";
import { listChangedSegments, sameSegments } from "./digest-segments.ts";
import { growsExposure } from "./grows-exposure.ts";
import { expectServed, identifyContent } from "./served-value.ts";
import type { Step } from "./step.ts";
import { checkTargeting, renderBaselineTargeting } from "./targeting.ts";

/**
 * Whether the way back is the only way: a latch stands that no later approved merge has released, or the flag is still on
 * from before the rollback. So an approved re-entry that cannot go on yet never leaves the old candidate exposed.
 */
export function isLatched(facts: RolloutFacts): boolean {
  if (facts.latch === null) return false;
  return !isReleased(facts.latch, facts) || (facts.flag?.isEnabled === true && !facts.switchedOn);
}

export function isExposedOnRecord(facts: RolloutFacts): boolean {
  return facts.live !== null && (facts.live.stage !== null || facts.live.candidateDigest !== null);
}

export function holdsBaseline(flag: FlagSnapshot, facts: RolloutFacts): boolean {
  const id = deriveVariationIds(facts.name).baseline;
  const value = flag.variations.find((variation) => variation.id === id)?.value;
  if (value === undefined) return false;
  // What Routeward wrote itself was an approved baseline when it was written, perhaps of the merge before. An emergency goes back to that at
  // once; a merge that retires a route has said what everybody gets from now on: its own baseline, no older one.
  const mayBeOlder = facts.latch?.cause !== "merge";
  return (
    facts.baseline.values.length === 0 ||
    facts.baseline.values.includes(value) ||
    (mayBeOlder && facts.written.includes(digestContents(flag)))
  );
}

export function mendBaseline(flag: FlagSnapshot, facts: RolloutFacts): readonly FlagVariation[] {
  const id = deriveVariationIds(facts.name).baseline;
  const others = flag.variations.filter((variation) => variation.id !== id);
  return [{ id, name: "baseline", value: facts.baseline.values[0] ?? "" }, ...others];
}

export function isOffBaseline(facts: RolloutFacts): boolean {
  return facts.flag?.offVariationId === deriveVariationIds(facts.name).baseline;
}

export function servesBaselineOnly(facts: RolloutFacts): boolean {
  if (facts.flag === null) return true;
  const id = deriveVariationIds(facts.name).baseline;
  return [...listServedVariations(facts.flag.targeting)].every((served) => served === id);
}

export function hasBaselineTargeting(facts: RolloutFacts): boolean {
  return (
    facts.flag === null ||
    digestTargeting(facts.flag.targeting) === digestTargeting(renderBaselineTargeting(facts.name))
  );
}

export function isSettledBack(facts: RolloutFacts): boolean {
  const { live, latch, flag } = facts;
  if (live === null || latch === null || !hasBaselineTargeting(facts)) return false;
  const isProvenSince = Date.parse(live.provenAt) >= Date.parse(latch.at);
  return live.stage === null && live.revision === flag?.revision && isProvenSince;
}

export function needsProof(facts: RolloutFacts): boolean {
  return facts.proof?.of !== identifyProof(facts.flag);
}

export function isDisproven(facts: RolloutFacts): boolean {
  return facts.proof !== null && facts.proof.of === identifyProof(facts.flag) && !facts.proof.ok;
}

export function isChangedByHand(facts: RolloutFacts): boolean {
  if (facts.flag === null || facts.wanted.kind !== "stage") return false;
  const found = digestContents(facts.flag);
  return found !== digestContents(facts.wanted.contents) && !facts.written.includes(found);
}

export function isWritten(facts: RolloutFacts): boolean {
  return (
    facts.flag !== null &&
    facts.wanted.kind === "stage" &&
    facts.flag.isEnabled &&
    digestContents(facts.flag) === digestContents(facts.wanted.contents)
  );
}

export function isSettled(facts: RolloutFacts): boolean {
  const { live, wanted, approval, latch } = facts;
  if (live === null || wanted.kind !== "stage" || approval === null || latch !== null || !isWritten(facts))
    return false;
  return (
    live.mergeSha === approval.mergeSha &&
    live.stage === wanted.stage &&
    live.step === wanted.step &&
    live.candidateDigest === wanted.candidateDigest &&
    live.baselineDigest === wanted.baselineDigest &&
    live.targetingDigest === digestTargeting(wanted.contents.targeting) &&
    (facts.segments === null || sameSegments(live.segments ?? {}, facts.segments))
  );
}

/** Segments that hold somebody else than when the stage was proven, under the same approval. */
export function findChangedSegments({ live, approval, segments }: RolloutFacts): readonly string[] {
  if (live === null || live.stage === null || live.mergeSha !== approval?.mergeSha) return [];
  return segments === null ? [] : listChangedSegments(live.segments ?? {}, segments);
}

/** Whether what somebody changed by hand may be put back without asking (SPEC 13): the policy wants it, and nobody gains by it. */
export function mayRepair(facts: RolloutFacts): boolean {
  if (facts.drift !== "repair" || facts.flag?.isEnabled !== true || !isChangedByHand(facts)) return false;
  const baseline = deriveVariationIds(facts.name).baseline;
  return differs(facts, (wanted, flag) => !growsExposure(flag, wanted.contents, baseline));
}

export function checkWanted(facts: RolloutFacts): readonly string[] {
  if (facts.wanted.kind !== "stage") return [];
  const { targeting, variations } = facts.wanted.contents;
  return checkTargeting(
    targeting,
    variations.map((variation) => variation.id),
  );
}

/** The wanted variations, and those that the flag's present rules still name: without them every SDK would fail on the flag. */
export function withReferenced(wanted: FlagContents, flag: FlagSnapshot): readonly FlagVariation[] {
  const named = listServedVariations(flag.targeting);
  const kept = flag.variations.filter(
    (variation) =>
      !wanted.variations.some((v) => v.id === variation.id) &&
      (named.has(variation.id) || flag.offVariationId === variation.id),
  );
  return [...wanted.variations, ...kept];
}

/**
 * The variations that may be written now: while an old candidate is being served that the wanted one would replace, only the
 * baseline's value may change.
 */
export function keepServed(wanted: FlagContents, flag: FlagSnapshot): readonly FlagVariation[] {
  const next = withReferenced(wanted, flag);
  const served = flag.isEnabled ? listServedVariations(flag.targeting) : new Set<string>();
  const find = (id: string): FlagVariation | undefined => flag.variations.find((variation) => variation.id === id);
  const exchanges = next.some((variation) => {
    const old = find(variation.id);
    if (old === undefined || variation.id === wanted.offVariationId || !served.has(variation.id)) return false;
    return identifyContent(old.value) !== identifyContent(variation.value);
  });
  if (!exchanges) return next;
  const baseline = next.filter((variation) => variation.id === wanted.offVariationId);
  return [...baseline, ...flag.variations.filter((variation) => variation.id !== wanted.offVariationId)];
}

export function differs(facts: RolloutFacts, test: (wanted: WantedStage, flag: FlagSnapshot) => boolean): boolean {
  return facts.wanted.kind === "stage" && facts.flag !== null && test(facts.wanted, facts.flag);
}

export function planBaselineTargeting(facts: RolloutFacts): Step {
  return withFlag(facts, (flag) => ({
    kind: "put-targeting",
    revision: flag.revision,
    targeting: renderBaselineTargeting(facts.name),
    purpose: "baseline",
  }));
}

export function planWith(facts: RolloutFacts, plan: (wanted: WantedStage, flag: FlagSnapshot) => Step): Step {
  const { wanted } = facts;
  return wanted.kind === "stage" ? withFlag(facts, (flag) => plan(wanted, flag)) : nothingKnown;
}

export function withFlag(facts: RolloutFacts, plan: (flag: FlagSnapshot) => Step): Step {
  return withFlagOr(facts, nothingKnown, plan);
}

export function withFlagOr<T>(facts: RolloutFacts, otherwise: T, use: (flag: FlagSnapshot) => T): T {
  return facts.flag === null ? otherwise : use(facts.flag);
}

export function withStage<T>(facts: RolloutFacts, use: (wanted: WantedStage) => readonly T[]): readonly T[] {
  return facts.wanted.kind === "stage" ? use(facts.wanted) : [];
}

/** What a row would give whose guard did not hold; no guard lets it happen. */
export const nothingKnown: Step = { kind: "hold", reasons: ["the flag is not known"] };

/** The probes of the way back: everybody must be served what the flag's own baseline variation holds. */
export function planBaselineProbes(facts: RolloutFacts): readonly Probe[] {
  const id = deriveVariationIds(facts.name).baseline;
  const variation = facts.flag?.variations.find((candidate) => candidate.id === id);
  if (variation === undefined) return [];
  const expected = expectServed([variation], "baseline");
  return facts.baseline.users.map((user) => ({ ...user, expected }));
}
