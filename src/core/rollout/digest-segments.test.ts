import { expect, it } from "vitest";
import { digestSegments, listChangedSegments, sameSegments } from "./digest-segments.ts";
import type { SegmentSnapshot } from "./flag.ts";
import { makeSegment } from "./test-builders.ts";

const rule = { id: "r", name: "eu", conditions: [{ id: "c", property: "region", op: "Equal", value: "eu" }] };
const recorded = digestSegments([makeSegment("legal", { included: ["a", "b"], rules: [rule] })]);

it.each<[string, Partial<SegmentSnapshot> | null, boolean]>([
  ["nothing was touched", {}, false],
  ["the members stand in another order", { included: ["b", "a"] }, false],
  ["a rule was renamed", { rules: [{ ...rule, id: "x", name: "europe" }] }, false],
  ["somebody was added", { included: ["a", "b", "c"] }, true],
  ["somebody was excluded", { excluded: ["a"] }, true],
  ["a rule asks for something else", { rules: [] }, true],
  ["the segment was archived", { isArchived: true }, true],
  ["it is another segment of the same key", { id: "1f0e0d0c-0b0a-4908-8706-050403020100" }, true],
  ["the segment is gone", null, true],
])("%s", (_name, fields, expected) => {
  const now = digestSegments(
    fields === null ? [] : [makeSegment("legal", { included: ["a", "b"], rules: [rule], ...fields })],
  );
  expect(listChangedSegments(recorded, now)).toEqual(expected ? ["legal"] : []);
  expect(sameSegments(recorded, now)).toBe(!expected);
});
