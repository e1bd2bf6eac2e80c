import { describeDifferences, digestContents, digestTargeting, sameVariations } from "./compare-flag.ts";
import {
  checkWanted,
  differs,
  findChangedSegments,
  isChangedByHand,
  isDisproven,
  isLeftOver,
  isRehearsalSeen,
  isSettled,
  isWritten,
  keepServed,
  mayRepair,
  needsProof,
  nothingKnown,
  planBaselineTargeting,
  planWith,
  withFlag,
  withFlagOr,
  withReferenced,
  withStage,
} from "./flag-checks.ts";
import { withoutSynthetic } from "./live-rehearsal.ts";
import { identifyProof } from "./rollout-facts.ts";
import type { Transition } from "./transition.ts";

/** The way to the state that the last approved merge asks for (SPEC 12). */
export const wayForward: readonly Transition[] = [
  {
    id: "merged-off",
    state: "forward",
    when: "the approved file says rolled-back, rejected or retired, and no latch stands",
    effect: "set the latch: from here on only the way back",
    step: "set-latch",
    guard: (facts) =>
      facts.latch === null && facts.wanted.kind === "off" && (facts.flag !== null || facts.live !== null),
    plan: (facts) => ({
      kind: "set-latch",
      cause: "merge",
      reason: facts.wanted.kind === "off" ? `the merged file says ${facts.wanted.status}` : "",
    }),
  },
  {
    id: "nothing-wanted",
    state: "forward",
    when: "nothing was approved, the file is a draft without a flag, or it says off and there was never a flag",
    effect: "nothing",
    step: "done",
    guard: (facts) =>
      facts.approval === null ||
      facts.wanted.kind === "nothing" ||
      facts.wanted.kind === "off" ||
      ((facts.flag === null || facts.foreign !== null) && facts.wanted.kind === "stage" && facts.wanted.stage === null),
    plan: (facts) => ({
      kind: "done",
      state: "idle",
      why: facts.wanted.kind === "nothing" ? facts.wanted.why : "nothing is asked",
    }),
  },
  {
    id: "switched-off-by-hand",
    state: "forward",
    when: "the flag is ours and off, and no re-entry is about to switch it on",
    effect: "an emergency rollback by hand: set the latch",
    step: "set-latch",
    guard: (facts) =>
      facts.flag !== null &&
      facts.foreign === null &&
      !facts.flag.isEnabled &&
      !facts.flag.isArchived &&
      (facts.latch === null || facts.switchedOn),
    plan: () => ({ kind: "set-latch", cause: "flag-turned-off", reason: "the flag was switched off in FeatBit" }),
  },
  {
    id: "rehearsal-left",
    state: "forward",
    when: "a rehearsal's synthetic user stands in the flag and no rehearsal needs it",
    effect: "take its rule away: nobody else is served anything by it",
    step: "clear-rehearsal",
    guard: isLeftOver,
    plan: (facts) =>
      withFlag(facts, (flag) => ({
        kind: "clear-rehearsal",
        revision: flag.revision,
        targeting: withoutSynthetic(facts.name, flag.targeting),
      })),
  },
  {
    id: "unclear",
    state: "forward",
    when: "the approved content cannot be brought into FeatBit's terms",
    effect: "hold",
    step: "hold",
    guard: (facts) => facts.wanted.kind === "unclear",
    plan: (facts) => ({ kind: "hold", reasons: facts.wanted.kind === "unclear" ? facts.wanted.reasons : [] }),
  },
  {
    id: "blocked",
    state: "forward",
    when: "branch, claim, policy, binding or a pause forbids to go on",
    effect: "hold",
    step: "hold",
    guard: (facts) => facts.blockers.length > 0,
    plan: (facts) => ({ kind: "hold", reasons: facts.blockers }),
  },
  {
    id: "vanished",
    state: "forward",
    when: "the flag was deleted while it was live",
    effect: "hold",
    step: "hold",
    guard: (facts) => facts.flag === null && facts.live !== null && facts.live.stage !== null,
    plan: () => ({
      kind: "hold",
      reasons: [
        "somebody deleted the flag in FeatBit while it was live; applications serve the baseline that they were given",
      ],
    }),
  },
  {
    id: "create",
    state: "forward",
    when: "there is no flag",
    effect: "create it, serving the baseline to everyone",
    step: "create-flag",
    guard: (facts) => facts.flag === null,
    plan: () => ({ kind: "create-flag" }),
  },
  {
    id: "foreign",
    state: "forward",
    when: "the flag is not Routeward's",
    effect: "hold",
    step: "hold",
    guard: (facts) => facts.foreign !== null,
    plan: (facts) => ({ kind: "hold", reasons: [facts.foreign ?? ""] }),
  },
  {
    id: "archived",
    state: "forward",
    when: "the flag is archived",
    effect: "hold: server SDKs keep serving archived flags",
    step: "hold",
    guard: (facts) => facts.flag?.isArchived === true,
    plan: () => ({ kind: "hold", reasons: ["the flag is archived in FeatBit; restore it there"] }),
  },
  {
    id: "foreign-targets",
    state: "forward",
    when: "individual users are targeted by somebody",
    effect: "hold: they stand above every rule, exclusions too",
    step: "hold",
    guard: (facts) =>
      facts.flag !== null && facts.flag.targeting.targetUsers.some((target) => target.keyIds.length > 0),
    plan: () => ({
      kind: "hold",
      reasons: ["individual users are targeted in FeatBit, above all rules and exclusions; remove them there"],
    }),
  },
  {
    id: "segments-changed",
    state: "forward",
    when: "a segment that the proven targeting leans on holds somebody else than when it was proven",
    effect: "pause: the audience is no longer the approved one; resuming accepts it",
    step: "pause",
    guard: (facts) => findChangedSegments(facts).length > 0,
    plan: (facts) => ({
      kind: "pause",
      reason: `the contents of segment ${findChangedSegments(facts).join(", ")} changed in FeatBit under the approval`,
    }),
  },
  {
    id: "repair",
    state: "forward",
    when: "the contents were changed by hand, the policy repairs, and putting the approved ones back gives nobody more",
    effect: "say who changed what, and let the rows below write the approved contents",
    step: "repair",
    guard: mayRepair,
    plan: (facts) =>
      planWith(facts, (wanted, flag) => ({
        kind: "repair",
        found: digestContents(flag),
        differences: [...describeDifferences(wanted.contents, flag), ...facts.hands],
      })),
  },
  {
    id: "changed-by-hand",
    state: "forward",
    when: "the contents are neither wanted nor anything that Routeward wrote",
    effect: "hold and show the differences",
    step: "hold",
    guard: (facts) => isChangedByHand(facts),
    plan: (facts) => ({
      kind: "hold",
      reasons: [
        "the flag was changed in FeatBit by hand",
        ...withStage(facts, (wanted) => withFlagOr(facts, [], (flag) => describeDifferences(wanted.contents, flag))),
        ...facts.hands,
      ],
    }),
  },
  {
    id: "pending-changes",
    state: "forward",
    when: "scheduled changes or change requests wait in FeatBit, and something is to be written",
    effect: "hold: they would be applied on top",
    step: "hold",
    guard: (facts) => facts.pendingChanges > 0 && !isWritten(facts),
    plan: (facts) => ({
      kind: "hold",
      reasons: [`${facts.pendingChanges} scheduled change(s) or change request(s) wait on the flag in FeatBit`],
    }),
  },
  {
    id: "bad-targeting",
    state: "forward",
    when: "the planned targeting is malformed",
    effect: "hold: FeatBit would store it and SDKs would fail on it",
    step: "hold",
    guard: (facts) => checkWanted(facts).length > 0,
    plan: (facts) => ({ kind: "hold", reasons: checkWanted(facts) }),
  },
  {
    id: "values",
    state: "forward",
    when: "a variation is missing or has another value, and nobody would be moved to another bundle by writing it",
    effect: "write the variations",
    step: "put-variations",
    guard: (facts) =>
      differs(facts, (wanted, flag) => !sameVariations(keepServed(wanted.contents, flag), flag.variations)),
    plan: (facts) =>
      planWith(facts, (wanted, flag) => ({
        kind: "put-variations",
        revision: flag.revision,
        variations: keepServed(wanted.contents, flag),
      })),
  },
  {
    id: "off-variation",
    state: "forward",
    when: "the off variation is not the baseline",
    effect: "make the baseline the off variation, before anybody is exposed",
    step: "put-off-variation",
    guard: (facts) => differs(facts, (wanted, flag) => flag.offVariationId !== wanted.contents.offVariationId),
    plan: (facts) =>
      planWith(facts, (wanted, flag) => ({
        kind: "put-off-variation",
        revision: flag.revision,
        variationId: wanted.contents.offVariationId,
      })),
  },
  {
    id: "candidate-exchanged",
    state: "forward",
    when: "the candidate is another bundle and the old one is being served",
    effect: "targeting to baseline first: nobody may slide to the new bundle by the old audience",
    step: "put-targeting",
    guard: (facts) =>
      differs(facts, (wanted, flag) => !sameVariations(withReferenced(wanted.contents, flag), flag.variations)),
    plan: planBaselineTargeting,
  },
  {
    id: "targeting",
    state: "forward",
    when: "the targeting is not the stage's",
    effect: "write the targeting with the revision that was read",
    step: "put-targeting",
    guard: (facts) =>
      differs(facts, (wanted, flag) => digestTargeting(flag.targeting) !== digestTargeting(wanted.contents.targeting)),
    plan: (facts) =>
      planWith(facts, (wanted, flag) => ({
        kind: "put-targeting",
        revision: flag.revision,
        targeting: wanted.contents.targeting,
        purpose: "stage",
      })),
  },
  {
    id: "switch-on",
    state: "forward",
    when: "an approved re-entry released the latch, and everything is written",
    effect: "switch the flag on",
    step: "toggle-on",
    guard: (facts) => facts.flag?.isEnabled === false,
    plan: () => ({ kind: "toggle-on" }),
  },
  {
    id: "rehearsal-asked",
    state: "forward",
    when: "everything is as wanted and proven, and a rehearsal on the live flag is asked for",
    effect: "record that it begins: from here on the wanted state holds the synthetic user",
    step: "begin-rehearsal",
    guard: (facts) => facts.rehearsal?.phase === "asked" && isSettled(facts),
    plan: () => ({ kind: "begin-rehearsal" }),
  },
  {
    id: "step-due",
    state: "forward",
    when: "everything is as wanted, and the step has soaked green outside freeze windows while the plan has a next one",
    effect: "record that the next step of the approved stage begins",
    step: "begin-step",
    guard: (facts) => facts.stepDue !== null && isSettled(facts),
    plan: (facts) =>
      facts.stepDue === null ? nothingKnown : { kind: "begin-step", next: facts.stepDue.next, why: facts.stepDue.why },
  },
  {
    id: "settled",
    state: "forward",
    when: "everything is as wanted, proven and recorded for this merge",
    effect: "nothing",
    step: "done",
    guard: (facts) => isSettled(facts),
    plan: () => ({ kind: "done", state: "live", why: "" }),
  },
  {
    id: "prove",
    state: "forward",
    when: "everything is written and not yet seen through the SDK",
    effect: "prove with every probe",
    step: "prove",
    guard: (facts) => needsProof(facts),
    plan: (facts) => ({
      kind: "prove",
      of: identifyProof(facts.flag),
      probes: withStage(facts, (wanted) => wanted.probes),
      purpose: "stage",
    }),
  },
  {
    id: "rehearsal-seen",
    state: "forward",
    when: "a phase of the rehearsal was proven, or shown to be wrong, for the synthetic user and everybody else",
    effect: "record what was seen with its time, and go on to the next phase: candidate, baseline, gone",
    step: "save-rehearsal",
    guard: isRehearsalSeen,
    plan: (facts) => ({
      kind: "save-rehearsal",
      ok: facts.proof?.ok === true,
      text: facts.proof?.text ?? "",
    }),
  },
  {
    id: "unproven",
    state: "forward",
    when: "a probe is served something else",
    effect: "try again later and say so",
    step: "retry",
    guard: (facts) => isDisproven(facts),
    plan: (facts) => ({ kind: "retry", reasons: [facts.proof?.text ?? ""] }),
  },
  {
    id: "record",
    state: "any",
    when: "the stage is proven",
    effect: "record it as live; a released latch goes",
    step: "save-live",
    guard: () => true,
    plan: () => ({ kind: "save-live" }),
  },
];
