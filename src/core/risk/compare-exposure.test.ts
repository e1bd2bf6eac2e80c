import { expect, it } from "vitest";
import type { Audience } from "../policy/policy.ts";
import { audiences, buildAudience, buildPolicy, readRoute, writeRecord } from "../verdict/test-builders.ts";
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
