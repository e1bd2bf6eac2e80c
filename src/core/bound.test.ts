import { expect, it } from "vitest";
import { isBound, parseEvidenceThreshold, parseMargin, parseThreshold } from "./bound.ts";

it.each<[string, string, number]>([
  ["<= 1800", "<=", 1800],
  [">=0.85", ">=", 0.85],
  ["== 0", "==", 0],
  ["< -1.5", "<", -1.5],
])("the threshold %s is read", (text, operator, amount) => {
  expect(parseThreshold(text)).toEqual({ operator, unit: "value", amount, text });
});

it.each<[string, string, number]>([
  ["95%", ">=", 0.95],
  [">= 99.5 %", ">=", 0.995],
  ["<= 3%", "<=", 0.03],
  ["< 0.2", "<", 0.2],
])("evidence has the threshold %s", (text, operator, amount) => {
  expect(parseEvidenceThreshold(text)).toEqual({ operator, unit: "value", amount, text });
});

it.each(["", "95", "%", "1e2%", "-3%", "95%%", "baseline + 3%", "9999%"])("%j is no threshold of evidence", (text) => {
  expect(isBound(parseEvidenceThreshold(text))).toBe(false);
});

it.each<[string, string, number]>([
  ["<= baseline + 10%", "percent", 10],
  ["<= baseline + 2pp", "points", 2],
  [">= baseline - 2.5 %", "percent", -2.5],
  ["<= baseline", "percent", 0],
])("the margin %s is read", (text, unit, amount) => {
  expect(parseMargin(text)).toMatchObject({ unit, amount });
});

it.each(["", "1800", "<= 3%", "<= 250ms", "<= baseline", "~ 3", "<= 1e3", "<= NaN", "<= 1 2"])(
  "%j is no threshold",
  (text) => {
    expect(isBound(parseThreshold(text))).toBe(false);
  },
);

it.each(["", "<= 3", "<= baseline + 10", "== baseline + 1%", "<= baseline + 10% + 1%", "<= baseline * 2"])(
  "%j is no margin",
  (text) => {
    expect(isBound(parseMargin(text))).toBe(false);
  },
);
