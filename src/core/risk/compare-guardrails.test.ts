import { expect, it } from "vitest";
import { readRoute, writeRecord, type Written } from "../verdict/test-builders.ts";
import { listLoosenings } from "./compare-guardrails.ts";

function compare(before: Written, after: Written): string[] {
  const read = (changes: Written) =>
    readRoute(writeRecord({ guardrails: [{ name: "g", category: "quality", metric: "m", ...changes }] })).record
      .guardrails;
  return listLoosenings(read(before), read(after), { onBreach: "pause" }).map((each) =>
    each.field.replace("guardrails.0.", ""),
  );
}

it.each<[string, Written, Written, string[]]>([
  ["the same", { threshold: "<= 2" }, { threshold: "<= 2" }, []],
  ["written otherwise", { threshold: "<= 2" }, { threshold: "<=2.0" }, []],
  ["a lower ceiling is stricter", { threshold: "<= 2" }, { threshold: "<= 1" }, []],
  ["a higher ceiling is eased", { threshold: "<= 2" }, { threshold: "<= 3" }, ["threshold"]],
  ["a higher floor is stricter", { threshold: ">= 2" }, { threshold: ">= 3" }, []],
  ["a lower floor is eased", { threshold: ">= 2" }, { threshold: ">= 1" }, ["threshold"]],
  ["from below to at most is eased", { threshold: "< 2" }, { threshold: "<= 2" }, ["threshold"]],
  ["from at most to below is stricter", { threshold: "<= 2" }, { threshold: "< 2" }, []],
  ["the other direction is eased", { threshold: "<= 2" }, { threshold: ">= 2" }, ["threshold"]],
  ["one value inside the old range is stricter", { threshold: "<= 2" }, { threshold: "== 1" }, []],
  ["one value outside the old range is eased", { threshold: "<= 2" }, { threshold: "== 3" }, ["threshold"]],
  ["one value at an open end is eased", { threshold: "< 2" }, { threshold: "== 2" }, ["threshold"]],
  ["one value at a closed end is stricter", { threshold: "<= 2" }, { threshold: "== 2" }, []],
  ["one value above a floor is stricter", { threshold: ">= 2" }, { threshold: "== 3" }, []],
  ["one value at a closed floor is stricter", { threshold: ">= 2" }, { threshold: "== 2" }, []],
  ["one value below a floor is eased", { threshold: ">= 2" }, { threshold: "== 1" }, ["threshold"]],
  ["one value at an open floor is eased", { threshold: "> 2" }, { threshold: "== 2" }, ["threshold"]],
  ["one value below an open end is stricter", { threshold: "< 2" }, { threshold: "== 1" }, []],
  ["another single value is eased", { threshold: "== 0" }, { threshold: "== 1" }, ["threshold"]],
  ["from above to at least is eased", { threshold: "> 2" }, { threshold: ">= 2" }, ["threshold"]],
  ["from at least to above is stricter", { threshold: ">= 2" }, { threshold: "> 2" }, []],
  ["from below to at most of less is stricter", { threshold: "< 2" }, { threshold: "<= 1" }, []],
  ["from above to at least of more is stricter", { threshold: "> 2" }, { threshold: ">= 3" }, []],
  ["from at least to at most is eased", { threshold: ">= 2" }, { threshold: "<= 2" }, ["threshold"]],
  ["a narrower margin is stricter", { margin: "<= baseline + 2%" }, { margin: "<= baseline + 1%" }, []],
  ["the same samples", { threshold: "<= 2", minSamples: 5 }, { threshold: "<= 2", minSamples: 5 }, []],
  ["fewer samples", { threshold: "<= 2", minSamples: 5 }, { threshold: "<= 2", minSamples: 4 }, ["minSamples"]],
  ["the same window", { threshold: "<= 2", window: "1h" }, { threshold: "<= 2", window: "60m" }, []],
  ["from one value to a range is eased", { threshold: "== 0" }, { threshold: "<= 0" }, ["threshold"]],
  ["a margin instead of a threshold is eased", { threshold: "<= 2" }, { margin: "<= baseline + 1%" }, ["threshold"]],
  [
    "a margin beside the threshold is stricter",
    { threshold: "<= 2" },
    { threshold: "<= 2", margin: "<= baseline + 1%" },
    [],
  ],
  ["a wider margin is eased", { margin: "<= baseline + 1%" }, { margin: "<= baseline + 2%" }, ["margin"]],
  [
    "points instead of percent cannot be compared",
    { margin: "<= baseline + 5%" },
    { margin: "<= baseline + 1pp" },
    ["margin"],
  ],
  ["a longer window is stricter", { threshold: "<= 2", window: "1h" }, { threshold: "<= 2", window: "2h" }, []],
  ["no window any more", { threshold: "<= 2", window: "1h" }, { threshold: "<= 2" }, ["window"]],
  ["more samples are stricter", { threshold: "<= 2", minSamples: 5 }, { threshold: "<= 2", minSamples: 6 }, []],
  ["missing data counts as good", { threshold: "<= 2" }, { threshold: "<= 2", absentIs: 0 }, ["absentIs"]],
  ["missing data no longer counts", { threshold: "<= 2", absentIs: 0 }, { threshold: "<= 2" }, []],
  [
    "other parameters of the query",
    { threshold: "<= 2", parameters: { a: "1" } },
    { threshold: "<= 2", parameters: { a: "2" } },
    ["parameters"],
  ],
  [
    "points instead of as many percent cannot be compared either",
    { margin: "<= baseline + 5%" },
    { margin: "<= baseline + 5pp" },
    ["margin"],
  ],
  ["another query", { threshold: "<= 2" }, { threshold: "<= 2", metric: "n" }, ["metric"]],
  [
    "a breach that only pauses",
    { threshold: "<= 2", onBreach: "rollback" },
    { threshold: "<= 2", onBreach: "pause" },
    ["onBreach"],
  ],
  ["another category", { threshold: "<= 2" }, { threshold: "<= 2", category: "segment" }, ["category"]],
  ["a breach rolls back from now on", { threshold: "<= 2" }, { threshold: "<= 2", onBreach: "rollback" }, []],
])("%s", (_name, before, after, fields) => {
  expect(compare(before, after)).toEqual(fields);
});
