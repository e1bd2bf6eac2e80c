import { describe, expect, it } from "vitest";
import type { Audience } from "../policy/policy.ts";
import { audiences, buildAudience, buildPolicy, readRoute, writeRecord } from "../verdict/test-builders.ts";
import type { RouteRecord } from "../routes/route-file.ts";
import { listWidenings } from "./compare-exposure.ts";

const record = readRoute(writeRecord()).record;

/** What is said when only the policy's definition of one audience changes. */
function redefine(name: string, from: Partial<Audience> | null, to: Partial<Audience> | null): string[] {
  const define = (changes: Partial<Audience> | null): Record<string, Audience> => {
    const { [name]: _, ...others } = audiences;
    return changes === null ? others : { ...others, [name]: buildAudience(name, changes) };
  };
  const found = listWidenings(
    { record, audiences: define(from) },
    { record, audiences: define(to) },
    "customer-canary",
    buildPolicy(),
  );
  return found.map(({ field, sentence, reachesCustomers }) => {
    expect(reachesCustomers).toBe(true);
    return `${field}: ${sentence}`;
  });
}

const eu = { property: "region", in: ["eu"] };
const euAndUs = { property: "region", in: ["eu", "us"] };
const free = { property: "plan", in: ["free"] };

it.each<[string, Partial<Audience> | null, Partial<Audience> | null, boolean]>([
  ["the same", { where: [eu] }, { where: [eu] }, false],
  ["one value less", { where: [euAndUs] }, { where: [eu] }, false],
  ["one value more", { where: [eu] }, { where: [euAndUs] }, true],
  ["one condition more", { where: [eu] }, { where: [eu, free] }, false],
  ["one condition less", { where: [eu, free] }, { where: [eu] }, true],
  ["the same values of another property", { where: [eu] }, { where: [{ property: "home", in: ["eu"] }] }, true],
  ["more values that are safe", { safe: [eu] }, { safe: [euAndUs] }, true],
  ["nobody named as safe any more", { where: [free], safe: [eu] }, { where: [free] }, true],
  ["a first list of who is safe", { where: [free] }, { where: [free], safe: [eu] }, false],
  ["the same segment", { segment: "a" }, { segment: "a" }, false],
  ["another segment", { segment: "a" }, { segment: "b" }, true],
  ["no segment any more", { segment: "a" }, { segment: null }, true],
  ["a first segment", { where: [eu] }, { where: [eu], segment: "a" }, false],
  ["customers instead of the organisation's own people", { internal: true }, { internal: false }, true],
  ["the organisation's own people instead of customers", { internal: false }, { internal: true }, false],
  ["a definition where there was none", null, { where: [eu] }, true],
  ["no definition any more", { where: [eu] }, null, false],
])("an audience with %s: wider is %s", (_name, from, to, isWider) => {
  const sentence =
    "exposure.plan.1.audience: customer-canary: the policy now defines audience low-risk wider, or in other terms, than when it was approved";
  expect(redefine("low-risk", from, to)).toEqual(isWider ? [sentence] : []);
});

it.each<[string, Partial<Audience> | null, Partial<Audience> | null, boolean]>([
  ["the same", { safe: [eu] }, { safe: [eu] }, false],
  ["fewer values that are safe", { safe: [euAndUs] }, { safe: [eu] }, false],
  ["more values that are safe", { safe: [eu] }, { safe: [euAndUs] }, true],
  ["one more condition to be safe", { safe: [eu] }, { safe: [eu, free] }, false],
  ["one condition less to be safe", { safe: [eu, free] }, { safe: [eu] }, true],
  ["nobody named as safe any more", { where: [eu], safe: [eu] }, { where: [eu] }, true],
  ["a first list of who is safe", { where: [eu] }, { where: [eu], safe: [eu] }, false],
  ["the same segment", { segment: "a" }, { segment: "a" }, false],
  ["another segment", { segment: "a" }, { segment: "b" }, true],
  ["no segment any more", { segment: "a", where: [eu] }, { where: [eu] }, true],
  ["a first segment", { where: [eu] }, { where: [eu], segment: "a" }, false],
  ["the same conditions", { where: [eu] }, { where: [eu] }, false],
  ["more values that are excluded", { where: [eu] }, { where: [euAndUs] }, false],
  ["fewer values that are excluded", { where: [euAndUs] }, { where: [eu] }, true],
  ["one more condition to be excluded", { where: [eu] }, { where: [eu, free] }, true],
  ["one condition less to be excluded", { where: [eu, free] }, { where: [eu] }, false],
  ["no conditions any more", { where: [eu], segment: "a" }, { segment: "a" }, true],
  ["no definition any more", { where: [eu] }, null, true],
  ["a definition where there was none", null, { where: [eu] }, false],
])("an exclusion with %s: narrower is %s", (_name, from, to, isNarrower) => {
  const sentence =
    "exposure.excluded: the policy now defines exclusion regulated-region narrower, or in other terms, than when it was approved";
  expect(redefine("regulated-region", from, to)).toEqual(isNarrower ? [sentence] : []);
});

describe("exposure that grows by the record is shown on its line", () => {
  type Step = Record<string, unknown>;
  const planned = (steps: readonly Step[]) =>
    readRoute(writeRecord({ exposure: { plan: steps, excluded: [] } })).record;
  const inShort = (exposure: Step) => readRoute(writeRecord({ exposure })).record;
  const [internal, customer] = [
    { stage: "internal-canary", audience: "internal-support" },
    { stage: "customer-canary", audience: "low-risk", steps: [5, 10] },
  ];
  it.each<[string, RouteRecord, RouteRecord, string[]]>([
    ["nothing for the same plan", planned([internal, customer]), planned([internal, customer]), []],
    [
      "another audience",
      planned([internal, customer]),
      planned([internal, { ...customer, audience: "all-eligible" }]),
      ["exposure.plan.1.audience: customer-canary: audience changed from low-risk to all-eligible (customers)"],
    ],
    [
      "another internal audience, which reaches nobody outside",
      planned([{ ...internal, audience: "unknown" }]),
      planned([internal]),
      ["exposure.plan.0.audience: internal-canary: audience changed from unknown to internal-support (internal)"],
    ],
    [
      "another internal audience that is not known to be internal",
      planned([internal, customer]),
      planned([{ ...internal, audience: "unknown" }, customer]),
      ["exposure.plan.0.audience: internal-canary: audience changed from internal-support to unknown (customers)"],
    ],
    [
      "the organisation's own people where customers were planned: the stage is one for customers all the same",
      planned([customer]),
      planned([{ ...customer, audience: "internal-support" }]),
      ["exposure.plan.0.audience: customer-canary: audience changed from low-risk to internal-support (customers)"],
    ],
    [
      "nothing for an audience that nobody defined, named like a method of objects",
      planned([{ ...internal, audience: "toString" }]),
      planned([{ ...internal, audience: "toString" }]),
      [],
    ],
    [
      "a greater share",
      planned([internal, customer]),
      planned([internal, { ...customer, steps: [5, 20] }]),
      ["exposure.plan.1.steps: customer-canary: share raised from 10 % to 20 % (customers)"],
    ],
    [
      "everybody where there were steps",
      planned([internal, customer]),
      planned([internal, { stage: "customer-canary", audience: "low-risk" }]),
      ["exposure.plan.1.steps: customer-canary: share raised from 10 % to 100 % (customers)"],
    ],
    [
      "a step that is left out",
      planned([internal, customer]),
      planned([internal, { ...customer, steps: [10] }]),
      [
        "exposure.plan.1.steps: customer-canary: steps changed from [5,10] to [10], which reaches users sooner (customers)",
      ],
    ],
    [
      "nothing for a smaller share",
      planned([internal, customer]),
      planned([internal, { ...customer, steps: [5] }]),
      [],
    ],
    [
      "a soak that is cut, although it is longer than the policy's",
      planned([internal, { ...customer, soak: "200h" }]),
      planned([internal, { ...customer, soak: "100h" }]),
      ["exposure.plan.1.soak: customer-canary: soak cut from 200 h to 100 h (customers)"],
    ],
    [
      "a short soak where none was written down",
      planned([internal, customer]),
      planned([internal, { ...customer, soak: "1h" }]),
      ["exposure.plan.1.soak: customer-canary: soak cut from 24 h to 1 h (customers)"],
    ],
    [
      "a soak that is no longer written down",
      planned([internal, { ...customer, soak: "48h" }]),
      planned([internal, customer]),
      ["exposure.plan.1.soak: customer-canary: soak cut from 48 h to 24 h (customers)"],
    ],
    [
      "nothing for a longer soak, or one that is written down for the first time",
      planned([{ ...internal, soak: "48h" }, customer]),
      planned([
        { ...internal, soak: "72h" },
        { ...customer, soak: "24h" },
      ]),
      [],
    ],
    [
      "a stage that is planned before the asked one",
      planned([customer]),
      planned([internal, customer]),
      [
        "exposure.plan.0: internal-canary is planned before customer-canary now, for audience internal-support (internal)",
      ],
    ],
    [
      "nothing for a shadow that is planned before it, which exposes nobody",
      planned([customer]),
      planned([{ stage: "shadow" }, customer]),
      [],
    ],
    [
      "nothing for the asked stage itself, which is judged by entering it",
      planned([internal]),
      planned([internal, customer]),
      [],
    ],
    [
      "nothing of a later stage",
      planned([internal, customer, { stage: "ab-comparison", audience: "low-risk" }]),
      planned([internal, customer, { stage: "ab-comparison", audience: "all-eligible" }]),
      [],
    ],
    [
      "the first audience of the short form",
      inShort({ firstAudience: "low-risk" }),
      inShort({ firstAudience: "all-eligible" }),
      ["exposure.firstAudience.audience: customer-canary: audience changed from low-risk to all-eligible (customers)"],
    ],
    [
      "the next audience of the short form",
      inShort({ firstAudience: "internal-support", nextAudience: "low-risk" }),
      inShort({ firstAudience: "internal-support", nextAudience: "all-eligible" }),
      ["exposure.nextAudience.audience: customer-canary: audience changed from low-risk to all-eligible (customers)"],
    ],
  ])("%s", (_name, before, after, expected) => {
    const found = listWidenings(
      { record: before, audiences },
      { record: after, audiences },
      "customer-canary",
      buildPolicy(),
    );
    const shown = found.map(
      (each) => `${each.field}: ${each.sentence} (${each.reachesCustomers ? "customers" : "internal"})`,
    );
    expect(shown).toEqual(expected);
  });

  it.each<[string, string | undefined, string | undefined, string[]]>([
    ["a cut of the plan's", "200h", "100h", ["exposure.plan.0.soak: customer-canary: soak cut from 200 h to 100 h"]],
    ["nothing when the plan never said one", undefined, undefined, []],
    ["nothing when the plan no longer says one", "200h", undefined, []],
    ["nothing when the plan says one for the first time", undefined, "1h", []],
  ])("where the policy asks for a longer soak: %s", (_name, before, after, expected) => {
    const gate = { soakMs: 300 * 3_600_000, evidence: [], roles: [], mayBeSkipped: false };
    const policy = buildPolicy({ stages: { "customer-canary": gate } });
    const [from, to] = [planned([{ ...customer, soak: before }]), planned([{ ...customer, soak: after }])];
    const found = listWidenings({ record: from, audiences }, { record: to, audiences }, "customer-canary", policy);
    expect(found.map(({ field, sentence }) => `${field}: ${sentence}`)).toEqual(expected);
  });

  it("nothing at all while no stage is asked", () => {
    const [before, after] = [planned([internal, customer]), planned([internal, { ...customer, steps: [50] }])];
    expect(listWidenings({ record: before, audiences }, { record: after, audiences }, null, buildPolicy())).toEqual([]);
  });
});
