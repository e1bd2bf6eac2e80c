import { planBaselineProbes } from "./flag-checks.ts";
import {
  hasBaselineTargeting,
  holdsBaseline,
  isDisproven,
  isExposedOnRecord,
  isLatched,
  isOffBaseline,
  isSettledBack,
  mendBaseline,
  needsProof,
  planBaselineTargeting,
  servesBaselineOnly,
  withFlag,
} from "./flag-checks.ts";
import { deriveVariationIds } from "./flag-identity.ts";
import { identifyProof } from "./rollout-facts.ts";
import type { Transition } from "./transition.ts";

/** The way back, above everything: off, proven, targeting to baseline, proven, recorded (SPEC 13). */
export const wayBack: readonly Transition[] = [
  {
    id: "back-without-flag",
    state: "way-back",
    when: "FeatBit has no such flag, and the live state still names a stage",
    effect: "record baseline: applications fall back to the baseline that they were given",
    step: "save-baseline",
    guard: (facts) => isLatched(facts) && facts.flag === null && isExposedOnRecord(facts),
    plan: () => ({ kind: "save-baseline" }),
  },
  {
    id: "back-nothing-there",
    state: "way-back",
    when: "FeatBit has no such flag",
    effect: "nothing is left to do",
    step: "done",
    guard: (facts) => isLatched(facts) && facts.flag === null,
    plan: () => ({ kind: "done", state: "off", why: "FeatBit has no such flag" }),
  },
  {
    id: "back-foreign",
    state: "way-back",
    when: "the flag is not Routeward's",
    effect: "hold: nothing of other people is switched",
    step: "hold",
    guard: (facts) => isLatched(facts) && facts.foreign !== null,
    plan: (facts) => ({ kind: "hold", reasons: [facts.foreign ?? ""] }),
  },
  {
    id: "back-mend-value",
    state: "way-back",
    when: "the baseline variation is missing or does not hold an approved baseline, and the approved one is known",
    effect: "write the approved baseline's value, before anybody is sent to it",
    step: "put-variations",
    guard: (facts) =>
      isLatched(facts) && facts.flag !== null && facts.baseline.values.length > 0 && !holdsBaseline(facts.flag, facts),
    plan: (facts) =>
      withFlag(facts, (flag) => ({
        kind: "put-variations",
        revision: flag.revision,
        variations: mendBaseline(flag, facts),
      })),
  },
  {
    id: "back-unsafe-off",
    state: "way-back",
    when: "the flag is on and its off variation is not the baseline",
    effect: "targeting to baseline first: switching off would serve something else to everyone",
    step: "put-targeting",
    guard: (facts) =>
      isLatched(facts) && facts.flag?.isEnabled === true && !isOffBaseline(facts) && !servesBaselineOnly(facts),
    plan: planBaselineTargeting,
  },
  {
    id: "back-mend-off",
    state: "way-back",
    when: "the off variation is not the baseline",
    effect: "make the baseline the off variation",
    step: "put-off-variation",
    guard: (facts) => isLatched(facts) && facts.flag !== null && !isOffBaseline(facts),
    plan: (facts) =>
      withFlag(facts, (flag) => ({
        kind: "put-off-variation",
        revision: flag.revision,
        variationId: deriveVariationIds(facts.name).baseline,
      })),
  },
  {
    id: "back-off",
    state: "way-back",
    when: "the flag is on",
    effect: "switch it off, in one call and without a revision",
    step: "toggle-off",
    guard: (facts) => isLatched(facts) && facts.flag?.isEnabled === true,
    plan: () => ({ kind: "toggle-off" }),
  },
  {
    id: "back-prove",
    state: "way-back",
    when: "the flag is off and the baseline was not yet seen through the SDK",
    effect: "prove that every probe is served the baseline, timed",
    step: "prove",
    guard: (facts) => isLatched(facts) && needsProof(facts) && !isSettledBack(facts),
    plan: (facts) => ({
      kind: "prove",
      of: identifyProof(facts.flag),
      probes: planBaselineProbes(facts),
      purpose: "baseline",
    }),
  },
  {
    id: "back-unproven",
    state: "way-back",
    when: "a probe is served something else",
    effect: "try again later and say so",
    step: "retry",
    guard: (facts) => isLatched(facts) && isDisproven(facts),
    plan: (facts) => ({ kind: "retry", reasons: [facts.proof?.text ?? ""] }),
  },
  {
    id: "back-targeting",
    state: "way-back",
    when: "the flag is off and proven, and its targeting still names the candidate",
    effect: "targeting to baseline, so that switching it on by mistake exposes nobody",
    step: "put-targeting",
    guard: (facts) => isLatched(facts) && !hasBaselineTargeting(facts),
    plan: planBaselineTargeting,
  },
  {
    id: "back-record",
    state: "way-back",
    when: "off, baseline targeting, both proven, and the live state still names a stage",
    effect: "record baseline to everyone",
    step: "save-baseline",
    guard: (facts) => isLatched(facts) && !isSettledBack(facts),
    plan: () => ({ kind: "save-baseline" }),
  },
  {
    id: "back-done",
    state: "way-back",
    when: "off, baseline targeting, proven and recorded",
    effect: "nothing: the latch holds until a later approved merge",
    step: "done",
    guard: isLatched,
    plan: (facts) => ({ kind: "done", state: "off", why: facts.latch?.reason ?? "" }),
  },
];
