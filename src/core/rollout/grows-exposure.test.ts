import { assert, constantFrom, integer, property, record, uniqueArray } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Stage } from "../scales.ts";
import type { FlagContents } from "./compare-flag.ts";
import { resolveExposure } from "./exposure.ts";
import type { FlagSnapshot, FlagTargeting } from "./flag.ts";
import { deriveVariationIds } from "./flag-identity.ts";
import { growsExposure } from "./grows-exposure.ts";
import { renderBaselineTargeting, renderTargeting } from "./targeting.ts";
import { makeExposureRequest } from "./test-builders.ts";
import { readServed } from "./test-serve.ts";

const name = { binding: "acme-production", flagKey: "support_answer_model_route" };
const ids = deriveVariationIds(name);
const serve = (variation: string): string =>
  JSON.stringify({ variation, bundle: { model: variation }, digest: `mrb1:sha256:${"a".repeat(64)}`, stage: null });
const variations: FlagContents["variations"] = [
  { id: ids.baseline, name: "baseline", value: serve("baseline") },
  { id: ids.candidate, name: "candidate", value: serve("candidate") },
  { id: ids.shadow, name: "shadow", value: serve("shadow") },
];

function makeContents(stage: Stage, step = 0, excluded?: readonly string[]): FlagContents {
  const resolved = resolveExposure(
    makeExposureRequest({ stage, step, ...(excluded === undefined ? {} : { excluded }) }),
  );
  if (!resolved.ok) throw new Error(resolved.reasons.join());
  return { variations, offVariationId: ids.baseline, targeting: renderTargeting(name, resolved.value) };
}

const canary = makeContents("customer-canary", 1);
const baseline: FlagContents = { ...canary, targeting: renderBaselineTargeting(name) };
const withTargeting = (targeting: Partial<FlagTargeting>): FlagContents => ({
  ...canary,
  targeting: { ...canary.targeting, ...targeting },
});

describe("putting the approved state back gives more than what was found by hand", () => {
  it.each<[string, FlagContents, FlagContents, boolean]>([
    ["when nothing differs: no", canary, canary, false],
    ["when somebody raised the share: no", makeContents("customer-canary", 2), canary, false],
    ["when somebody lowered the share: yes", makeContents("customer-canary", 0), canary, true],
    ["when somebody opened it to everybody: no", makeContents("default"), canary, false],
    ["when somebody took everybody off: yes", baseline, canary, true],
    ["when somebody removed an exclusion: no", makeContents("customer-canary", 1, []), canary, false],
    ["when somebody added an exclusion: yes", canary, makeContents("customer-canary", 1, []), true],
    [
      "when somebody removed an audience: yes",
      withTargeting({ rules: canary.targeting.rules.slice(0, -1) }),
      canary,
      true,
    ],
    [
      "when somebody put another attribute behind the share: yes, others are in it then",
      withTargeting({ rules: canary.targeting.rules.map((rule) => ({ ...rule, dispatchKey: "country" })) }),
      canary,
      true,
    ],
    [
      "when somebody changed what the baseline holds: no",
      { ...canary, variations: variations.map((one) => (one.id === ids.baseline ? { ...one, value: "{}" } : one)) },
      canary,
      false,
    ],
    [
      "when somebody put the baseline into the candidate: yes",
      {
        ...canary,
        variations: variations.map((one) => (one.id === ids.candidate ? { ...one, value: serve("baseline") } : one)),
      },
      canary,
      true,
    ],
    [
      "when individual users are targeted: cannot be told, so yes",
      withTargeting({ targetUsers: [{ variationId: ids.baseline, keyIds: ["ceo"] }] }),
      canary,
      true,
    ],
    ["when only the off variation was changed: no", { ...canary, offVariationId: ids.candidate }, canary, false],
    ["when the candidate variation is gone: yes", { ...canary, variations: variations.slice(0, 1) }, canary, true],
  ])("%s", (_name, from, to, expected) => {
    expect(growsExposure(from, to, ids.baseline)).toBe(expected);
  });

  it("whenever it says no, nobody of a thousand users gains", () => {
    const anyContents = record({
      stage: constantFrom<Stage>("internal-canary", "customer-canary", "ab-comparison", "default"),
      step: integer({ min: 0, max: 2 }),
      excluded: uniqueArray(constantFrom("regulated-region", "enterprise-legal-review"), { maxLength: 2 }),
    }).map(({ stage, step, excluded }) => makeContents(stage, stage === "customer-canary" ? step : 0, excluded));
    const flagOf = (contents: FlagContents): FlagSnapshot => ({
      id: "f",
      key: name.flagKey,
      revision: "r",
      type: "json",
      isEnabled: true,
      isArchived: false,
      tags: [],
      updatorId: "",
      updatedAt: "",
      ...contents,
    });
    const users = Array.from({ length: 1_000 }, (_unused, n) => ({
      userKey: n % 7 === 0 ? `legal-${n}` : `u-${n}`,
      attributes: {
        ...(n % 3 === 0 ? {} : { accountId: `acct-${n}` }),
        ...(n % 4 === 0 ? { team: "support" } : {}),
        ...(n % 5 < 3 ? { riskTier: "low" } : {}),
        ...(n % 6 === 0 ? {} : { region: "eu" }),
      },
    }));
    let shown = 0;
    assert(
      property(anyContents, anyContents, (from, to) => {
        if (growsExposure(from, to, ids.baseline)) return;
        shown += 1;
        for (const user of users) {
          const after = readServed(flagOf(to), user).variation;
          if (after !== "baseline" && after !== readServed(flagOf(from), user).variation)
            throw new Error(`${user.userKey} gains ${after}`);
        }
      }),
      { numRuns: 150 },
    );
    expect(shown).toBeGreaterThan(10);
  });
});
