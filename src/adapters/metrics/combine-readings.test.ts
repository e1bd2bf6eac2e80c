import { expect, it } from "vitest";
import { combineReadings, type Readings } from "./combine-readings.ts";
import type { Reading } from "./parse-prometheus-answer.ts";

function value(number: number, at = "2026-11-23T00:00:00.000Z"): Reading {
  return { kind: "value", value: number, at };
}

const none: Reading = { kind: "no-data" };
const unusable: Reading = { kind: "unusable", why: "the reading is NaN" };
const failed: Reading = { kind: "error", why: "away" };

function combine(readings: Partial<Readings>) {
  return combineReadings({ value: null, numerator: null, denominator: null, samples: null, ...readings }).outcome;
}

it.each([
  ["a plain value claims no samples", { value: value(3) }, { kind: "value", value: 3, samples: null }],
  [
    "a plain value has the samples that were asked for",
    { value: value(3), samples: value(40) },
    { kind: "value", value: 3, samples: 40 },
  ],
  [
    "a ratio has its denominator as samples",
    { numerator: value(1), denominator: value(4) },
    { kind: "value", value: 0.25, samples: 4 },
  ],
  ["0 of 0 is no data", { numerator: value(0), denominator: value(0) }, { kind: "no-data" }],
  ["nothing of nothing is no data", { numerator: none, denominator: none }, { kind: "no-data" }],
  ["a numerator that never counted is no data", { numerator: none, denominator: value(9) }, { kind: "no-data" }],
  ["something of 0 is unusable", { numerator: value(2), denominator: value(0) }, { kind: "unusable" }],
  ["something of less than 0 is unusable", { numerator: value(2), denominator: value(-1) }, { kind: "unusable" }],
  [
    "a denominator that cannot be read decides",
    { numerator: value(2), denominator: failed },
    { kind: "error", why: "away" },
  ],
  ["a value that cannot be used stays so", { value: unusable, samples: value(4) }, { kind: "unusable" }],
  ["no series of samples are 0 samples", { value: value(3), samples: none }, { kind: "value", value: 3, samples: 0 }],
  ["samples that cannot be read spoil the value", { value: value(3), samples: failed }, { kind: "error" }],
  ["less than no samples is unusable", { value: value(3), samples: value(-1) }, { kind: "unusable" }],
  ["no query at all is an error", {}, { kind: "error" }],
  ["half a ratio is an error", { numerator: value(1) }, { kind: "error" }],
])("%s", (_name, readings, expected) => {
  expect(combine(readings)).toMatchObject(expected);
});

it("a ratio is as old as its older half", () => {
  const combined = combineReadings({
    value: null,
    numerator: value(1, "2026-11-23T00:00:02.000Z"),
    denominator: value(1, "2026-11-23T00:00:01.000Z"),
    samples: null,
  });
  expect(combined.at).toBe("2026-11-23T00:00:01.000Z");
});
