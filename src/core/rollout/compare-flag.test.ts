import { describe, expect, it } from "vitest";
import { describeDifferences, digestContents, digestTargeting, type FlagContents } from "./compare-flag.ts";
import { resolveExposure } from "./exposure.ts";
import type { FlagRule, FlagSnapshot } from "./flag.ts";
import { deriveVariationIds } from "./flag-identity.ts";
import { renderTargeting } from "./targeting.ts";
import { makeExposureRequest } from "./test-builders.ts";

const name = { binding: "acme-production", flagKey: "support_answer_model_route" };
const ids = deriveVariationIds(name);
const exposure = resolveExposure(makeExposureRequest());
if (!exposure.ok) throw new Error(exposure.reasons.join());
const wanted: FlagContents = {
  variations: [
    { id: ids.baseline, name: "baseline", value: "{}" },
    { id: ids.candidate, name: "candidate", value: "{}" },
  ],
  offVariationId: ids.baseline,
  targeting: renderTargeting(name, exposure.value),
};
const found: FlagSnapshot = {
  id: "f",
  key: name.flagKey,
  revision: "r",
  type: "json",
  isEnabled: true,
  isArchived: false,
  tags: [],
  updatorId: "t",
  updatedAt: "",
  ...wanted,
};
const changeRules = (change: (rules: readonly FlagRule[]) => readonly FlagRule[]): FlagSnapshot => ({
  ...found,
  targeting: { ...found.targeting, rules: change(found.targeting.rules) },
});
const ranges = (id: string) => [{ id, rollout: [0, 1] as const, exptRollout: 1 }];

describe("a flag as it is read is compared with what is wanted", () => {
  it.each<[string, FlagSnapshot, readonly string[]]>([
    ["nothing differs", found, []],
    [
      "what FeatBit adds is no difference",
      {
        ...found,
        targeting: {
          ...found.targeting,
          exptIncludeAllTargets: true,
          targetUsers: [{ variationId: ids.candidate, keyIds: [] }],
          fallthrough: { ...found.targeting.fallthrough, dispatchKey: "" },
        },
      },
      [],
    ],
    [
      "a variation's value",
      {
        ...found,
        variations: found.variations.map((v) => ({ ...v, value: v.name === "candidate" ? "other" : v.value })),
      },
      ["variation candidate has another value"],
    ],
    [
      "a variation more",
      { ...found, variations: [...found.variations, { id: "x", name: "third", value: "" }] },
      ["there is a variation third more"],
    ],
    ["the off variation", { ...found, offVariationId: ids.candidate }, ["the off variation is candidate"]],
    [
      "individual users",
      {
        ...found,
        targeting: { ...found.targeting, targetUsers: [{ variationId: ids.candidate, keyIds: ["a", "b"] }] },
      },
      ["individual users are targeted (2)"],
    ],
    [
      "the default rule",
      {
        ...found,
        targeting: {
          ...found.targeting,
          fallthrough: { ...found.targeting.fallthrough, variations: ranges(ids.candidate) },
        },
      },
      ["the default rule serves candidate 100 %"],
    ],
    [
      "a rule that is gone",
      changeRules((rules) => rules.slice(1)),
      ['rule "routeward: without regulated-region (region unknown or not listed as safe)" is missing'],
    ],
    [
      "a rule that serves something else",
      changeRules((rules) =>
        rules.map((rule) => (rule.name.includes("low-risk") ? { ...rule, variations: ranges(ids.candidate) } : rule)),
      ),
      ['rule "routeward: low-risk-accounts, 5 %" was changed: it serves candidate 100 %'],
    ],
    ["rules in another order", changeRules((rules) => rules.toReversed()), ["the order of the rules was changed"]],
  ])("%s", (_name, flag, differences) => {
    expect(describeDifferences(wanted, flag)).toEqual(differences);
    expect(digestContents(flag) === digestContents(wanted)).toBe(differences.length === 0);
  });

  it("the digest of a targeting does not depend on ids of conditions, which FeatBit may renew", () => {
    const renewed = changeRules((rules) =>
      rules.map((rule) => ({ ...rule, conditions: rule.conditions.map((condition) => ({ ...condition, id: "new" })) })),
    );
    expect(digestTargeting(renewed.targeting)).toBe(digestTargeting(found.targeting));
  });
});
