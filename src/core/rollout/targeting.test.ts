import { assert, double, property, string } from "fast-check";
import { expect, it } from "vitest";
import type { ApprovedAudience } from "../facts.ts";
import { stages, type Stage } from "../scales.ts";
import { computeBlindSpots } from "./bucket.ts";
import { resolveExposure, type Exposure, type ExposureRequest } from "./exposure.ts";
import type { FlagVariation } from "./flag.ts";
import { deriveVariationIds } from "./flag-identity.ts";
import { expectVariation, planProbes } from "./probes.ts";
import { checkTargeting, divideLine, renderBaselineTargeting, renderTargeting } from "./targeting.ts";
import { exampleAudiences, makeAudience, makeExposureRequest, makeSegment } from "./test-builders.ts";
import { openOfflineSdk } from "../../../test/offline-sdk.ts";

const flag = { binding: "acme-production", flagKey: "support_answer_model_route" };
const ids = deriveVariationIds(flag);
const variations: readonly FlagVariation[] = [
  { id: ids.baseline, name: "baseline", value: "baseline" },
  { id: ids.candidate, name: "candidate", value: "candidate" },
  { id: ids.shadow, name: "shadow", value: "shadow" },
];

function resolve(fields: Partial<ExposureRequest> = {}): Exposure {
  const resolved = resolveExposure(makeExposureRequest(fields));
  if (!resolved.ok) throw new Error(resolved.reasons.join("; "));
  return resolved.value;
}

function reasonsOf(fields: Partial<ExposureRequest>): readonly string[] {
  const resolved = resolveExposure(makeExposureRequest(fields));
  return resolved.ok ? [] : resolved.reasons;
}

async function evaluateAll(
  exposure: Exposure,
  users: readonly { userKey: string; attributes: Record<string, string> }[],
): Promise<string[]> {
  const targeting = renderTargeting(flag, exposure);
  expect(
    checkTargeting(
      targeting,
      variations.map((v) => v.id),
    ),
  ).toEqual([]);
  const segments = [...exposure.exclusions, ...exposure.entries.map((e) => e.audience)].flatMap((a) =>
    a.segment === null ? [] : [a.segment],
  );
  const sdk = await openOfflineSdk([{ flagKey: flag.flagKey, targeting, variations, segments }]);
  const served = await Promise.all(users.map((user) => sdk.evaluate(flag.flagKey, user.userKey, user.attributes)));
  await sdk.close();
  return served;
}

it.each<[string, Stage, number, Record<string, string>]>([
  [
    "offline evaluation serves the baseline to everyone",
    "offline-eval",
    0,
    { ordinary: "baseline", internal: "baseline", lowRisk: "baseline" },
  ],
  [
    "shadow serves the shadow to everyone not excluded",
    "shadow",
    0,
    { ordinary: "shadow", internal: "shadow", unknownRegion: "baseline" },
  ],
  [
    "the internal canary serves the candidate to the internal audience only",
    "internal-canary",
    0,
    { ordinary: "baseline", internal: "candidate", lowRisk: "baseline", unknownRegion: "baseline", legal: "baseline" },
  ],
  [
    "the customer canary keeps the internal audience",
    "customer-canary",
    2,
    { ordinary: "baseline", internal: "candidate", unknownRegion: "baseline", legal: "baseline" },
  ],
  [
    "the a/b comparison keeps the internal audience whole",
    "ab-comparison",
    0,
    { internal: "candidate", unknownRegion: "baseline", legal: "baseline" },
  ],
  [
    "default serves the candidate to everyone not excluded",
    "default",
    0,
    {
      ordinary: "candidate",
      internal: "candidate",
      lowRisk: "candidate",
      unknownRegion: "baseline",
      legal: "baseline",
    },
  ],
])("%s", async (_name, stage, step, expected) => {
  // Account 0 is outside 50 % of this flag; account 28 is inside 5 %.
  const far =
    Array.from({ length: 100 }, (_, n) => `far-${n}`).find(
      (id) =>
        expectVariation(flag.flagKey, resolve({ stage: "ab-comparison" }), {
          userKey: "u",
          attributes: { region: "eu", accountId: id },
        }) === "baseline",
    ) ?? "";
  const users: Record<string, { userKey: string; attributes: Record<string, string> }> = {
    ordinary: { userKey: "u-1", attributes: { region: "eu", accountId: far } },
    internal: { userKey: "u-2", attributes: { region: "eu", team: "support", accountId: far } },
    lowRisk: { userKey: "u-3", attributes: { region: "us", riskTier: "low", accountId: far } },
    unknownRegion: { userKey: "u-4", attributes: { team: "support", accountId: far } },
    legal: { userKey: "legal-1", attributes: { region: "eu", team: "support", accountId: far } },
  };
  const served = await evaluateAll(resolve({ stage, step }), Object.values(users));
  const answers = Object.fromEntries(Object.keys(users).map((name, index) => [name, served[index]]));
  expect(answers).toMatchObject(expected);
});

it("users without the dispatch attribute get the baseline at every share, also where their bucket lies inside it", async () => {
  for (const flagKey of ["a", "b", "c", "d", "e", "f", "support_answer_model_route"]) {
    for (const share of [1, 25, 50, 75, 99.5]) {
      const plan = [{ stage: "ab-comparison" as const, audience: null, steps: [share], soakMs: null }];
      const exposure = resolve({ stage: "ab-comparison", plan, excluded: [] });
      const targeting = renderTargeting({ binding: "x", flagKey }, exposure);
      const own = deriveVariationIds({ binding: "x", flagKey });
      const named = variations.map((v, index) => ({ ...v, id: Object.values(own)[index] ?? "" }));
      const sdk = await openOfflineSdk([{ flagKey, targeting, variations: named }]);
      expect(await sdk.evaluate(flagKey, "u", {})).toBe("baseline");
      expect(await sdk.evaluate(flagKey, "u", { accountId: "" })).toBe("baseline");
      await sdk.close();
    }
  }
});

it("a blind spot splits the candidate's range and costs nobody else his place", () => {
  const pieces = divideLine(50, [0.25]);
  expect(pieces).toEqual([
    { variation: "candidate", from: 0, to: 0.249999998 },
    { variation: "baseline", from: 0.249999998, to: 0.250000002 },
    { variation: "candidate", from: 0.250000002, to: 0.5 },
    { variation: "baseline", from: 0.5, to: 1 },
  ]);
});

it("divided lines are always whole, begin at 0 and serve no blind spot", () => {
  assert(
    property(double({ min: 0.001, max: 99.99, noNaN: true }), string(), (share, flagKey) => {
      const spots = computeBlindSpots(flagKey);
      const pieces = divideLine(share, spots);
      expect(pieces[0]?.from).toBe(0);
      expect(pieces.at(-1)?.to).toBe(1);
      pieces.slice(1).forEach((piece, index) => expect(piece.from).toBe(pieces[index]?.to));
      for (const spot of spots)
        expect(pieces.find((piece) => spot >= piece.from && spot <= piece.to)?.variation).toBe("baseline");
    }),
  );
});

it("none of 20,000 users leaves the candidate while stages and shares grow, in the real SDK", async () => {
  const users = Array.from({ length: 20_000 }, (_, n) => ({
    userKey: `u-${n}`,
    attributes: {
      region: ["eu", "us", "apac", "latam"][n % 4] ?? "",
      ...(n % 3 === 0 ? { riskTier: "low" } : {}),
      ...(n % 50 === 0 ? { team: "support" } : {}),
      ...(n % 41 === 0 ? {} : { accountId: `acct-${n}` }),
    },
  }));
  const walk: [Stage, number][] = [
    ["offline-eval", 0],
    ["internal-canary", 0],
    ["customer-canary", 0],
    ["customer-canary", 1],
    ["customer-canary", 2],
    ["ab-comparison", 0],
    ["default", 0],
  ];
  let before: string[] = users.map(() => "baseline");
  const counts: number[] = [];
  for (const [stage, step] of walk) {
    const exposure = resolve({ stage, step });
    const served = await evaluateAll(exposure, users);
    expect(served).toEqual(users.map((user) => expectVariation(flag.flagKey, exposure, user)));
    const lost = served.filter((variation, index) => before[index] === "candidate" && variation !== "candidate");
    expect(lost).toEqual([]);
    counts.push(served.filter((variation) => variation === "candidate").length);
    before = served;
  }
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  // Three of four regions are safe: default reaches exactly those.
  expect(counts.at(-1)).toBe(15_000);
});

it("a user of a small and a large audience gets the larger share", async () => {
  const exposure = resolve({ stage: "ab-comparison", excluded: [] });
  const users = Array.from({ length: 600 }, (_, n) => ({
    userKey: `u-${n}`,
    attributes: { riskTier: "low", accountId: `acct-${n}` },
  }));
  const served = await evaluateAll(exposure, users);
  const share = served.filter((variation) => variation === "candidate").length / served.length;
  expect(share).toBeGreaterThan(0.44);
  expect(share).toBeLessThan(0.56);
});

it.each<[string, Partial<ExposureRequest>, string]>([
  [
    "an audience that the policy does not have",
    { excluded: ["nobody-knows"] },
    "the policy has no audience nobody-knows",
  ],
  ["a segment that FeatBit does not have", { segments: [] }, "FeatBit has no segment enterprise-legal-review"],
  ["an archived segment", { segments: [makeSegment("enterprise-legal-review", { isArchived: true })] }, "is archived"],
  ["a stage outside the plan", { plan: [] }, "has no stage customer-canary"],
  ["a step that the stage does not have", { step: 3 }, "has no step 4"],
  ["a share without a dispatch key", { dispatchKey: " " }, "names no dispatchKey"],
  ["a shadow of a string flag", { stage: "shadow", flagType: "string" }, "cannot serve a shadow"],
  [
    "a comparison of everybody with nobody",
    { stage: "ab-comparison", plan: [{ stage: "ab-comparison", audience: null, steps: [], soakMs: null }] },
    "needs a share below 100 %",
  ],
  ["an exclusion of everybody", { excluded: ["all-eligible"] }, "would exclude everybody"],
  [
    "an empty text in a list",
    {
      audiences: {
        ...exampleAudiences,
        "low-risk-accounts": makeAudience("low-risk-accounts", { where: [{ property: "riskTier", in: [""] }] }),
      },
    },
    "holds an empty text",
  ],
  [
    "an audience named like a property of every object",
    { excluded: ["constructor"] },
    "the policy has no audience constructor",
  ],
])("%s holds the rollout", (_name, fields, reason) => {
  expect(reasonsOf(fields).join("; ")).toContain(reason);
});

it("an exclusion that the policy sharpened later is applied beside the approved one", async () => {
  const sharper: Record<string, ApprovedAudience> = {
    ...exampleAudiences,
    "regulated-region": makeAudience("regulated-region", { safe: [{ property: "region", in: ["eu"] }] }),
  };
  const looser: Record<string, ApprovedAudience> = {
    ...exampleAudiences,
    "regulated-region": makeAudience("regulated-region", {
      safe: [{ property: "region", in: ["eu", "us", "apac", "latam"] }],
    }),
  };
  const user = (region: string) => ({ userKey: "u", attributes: { region, team: "support" } });
  expect(await evaluateAll(resolve({ exclusionsNow: sharper }), [user("eu"), user("us")])).toEqual([
    "candidate",
    "baseline",
  ]);
  expect(await evaluateAll(resolve({ exclusionsNow: looser }), [user("us"), user("latam")])).toEqual([
    "candidate",
    "baseline",
  ]);
});

it("every probe of every stage is served what it must be, and every audience and exclusion has one", async () => {
  for (const stage of stages) {
    const exposure = resolve({ stage });
    const { probes, unproven } = planProbes(flag.flagKey, exposure, variations);
    expect(unproven).toEqual([]);
    const served = await evaluateAll(
      exposure,
      probes.map(({ userKey, attributes }) => ({ userKey, attributes: { ...attributes } })),
    );
    expect(served).toEqual(probes.map((probe) => probe.expected.variation));
  }
  const names = planProbes(flag.flagKey, resolve({ stage: "customer-canary" }), variations).probes.map(
    (probe) => `${probe.name}: ${probe.expected.variation}`,
  );
  expect(names).toMatchInlineSnapshot(`
    [
      "ordinary user: baseline",
      "user without attributes: baseline",
      "internal-support: candidate",
      "low-risk-accounts, in the share: candidate",
      "low-risk-accounts, outside the share: baseline",
      "low-risk-accounts, without accountId: baseline",
      "excluded by regulated-region: unlisted region: baseline",
      "excluded by regulated-region: unknown region: baseline",
      "excluded by enterprise-legal-review: baseline",
    ]
  `);
});

it("a segment without named members is said to be unproven", () => {
  const segments = [makeSegment("enterprise-legal-review", { included: [] })];
  expect(planProbes(flag.flagKey, resolve({ segments }), variations).unproven).toEqual([
    "exclusion enterprise-legal-review: segment enterprise-legal-review has no member that can be named",
  ]);
});

it.each<[string, Parameters<typeof checkTargeting>[0], string]>([
  [
    "a hole",
    withRanges([
      [ids.candidate, 0, 0.1],
      [ids.baseline, 0.2, 1],
    ]),
    "hole or overlap at 0.2",
  ],
  [
    "an overlap",
    withRanges([
      [ids.candidate, 0, 0.3],
      [ids.baseline, 0.2, 1],
    ]),
    "hole or overlap at 0.2",
  ],
  ["an early end", withRanges([[ids.candidate, 0, 0.5]]), "end at 0.5"],
  ["an unknown variation", withRanges([["nothing", 0, 1]]), "unknown variation nothing"],
  ["no range at all", withRanges([]), "end at 0"],
])("%s in a targeting is refused before it is sent", (_name, targeting, problem) => {
  expect(checkTargeting(targeting, Object.values(ids)).join("; ")).toContain(problem);
});

function withRanges(ranges: readonly (readonly [string, number, number])[]): Parameters<typeof checkTargeting>[0] {
  const base = renderBaselineTargeting(flag);
  return {
    ...base,
    fallthrough: {
      ...base.fallthrough,
      variations: ranges.map(([id, from, to]) => ({ id, rollout: [from, to] as const, exptRollout: 1 })),
    },
  };
}
