import type { Tier, VerdictState } from "../scales.ts";
import type { Verdict } from "./verdict.ts";

/** What an edit of the rules would do to one open pull request (SPEC 3). */
export interface PolicyEffect {
  pull: number;
  before: { state: VerdictState; tier: Tier };
  after: { state: VerdictState; tier: Tier };
  /** What comes and goes, as short phrases; sorted. */
  differences: readonly string[];
}

/** The effect on the open pull requests that were looked at. */
export interface PolicyEffects {
  /** Those whose verdict would change, by number. */
  changed: readonly PolicyEffect[];
  /** How many were compared. */
  compared: number;
  /** Open ones that were not looked at. */
  left: number;
}

/** Compares two verdicts on the same facts under the rules in force and under edited ones; null when nothing would change. */
export function describeEffect(pull: number, before: Verdict, after: Verdict): PolicyEffect | null {
  const [old, edited] = [listTraits(before), listTraits(after)];
  const differences = [
    ...[...edited].filter((trait) => !old.has(trait)).map((trait) => `+ ${trait}`),
    ...[...old].filter((trait) => !edited.has(trait)).map((trait) => `- ${trait}`),
  ];
  if (before.state === after.state && before.tier === after.tier && differences.length === 0) return null;
  return {
    pull,
    before: { state: before.state, tier: before.tier },
    after: { state: after.state, tier: after.tier },
    differences: differences.sort(),
  };
}

/** What a reader would notice: routes that are judged, rules that fired, roles, gates and problems in the way. */
function listTraits(verdict: Verdict): ReadonlySet<string> {
  const judged = [
    ...verdict.routes.flatMap((route) => [
      `route ${route.flagKey}`,
      ...route.gates.filter((gate) => gate.state !== "ok").map((gate) => `gate ${gate.gate}`),
      ...route.evidence.filter((each) => each.state !== "counts").map((each) => `evidence ${each.id} does not count`),
    ]),
    ...[...verdict.routes, ...verdict.gateways].flatMap((each) => [
      ...each.classification.fired.map((rule) => `rule ${rule.id}`),
      ...each.requirements.map(({ requirement }) => `role ${requirement.role} (${requirement.owners.join(", ")})`),
      ...each.problems.map((problem) => `problem ${problem.code}`),
    ]),
  ];
  return new Set(judged);
}
