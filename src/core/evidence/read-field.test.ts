import { expect, it } from "vitest";
import type { JsonValue } from "../json.ts";
import { listAt, momentOf, numberAt, textAt, valueAt } from "./read-field.ts";

const value: JsonValue = {
  list: [{ name: "a" }, 2],
  text: "x",
  empty: "",
  number: 1.5,
  none: null,
  long: "y".repeat(600),
};

it("finds a value at a path, and nothing where a step is missing", () => {
  expect(valueAt(value, "list", 0, "name")).toBe("a");
  expect(valueAt(value)).toBe(value);
  const missing = [
    valueAt(value, "list", 2),
    valueAt(value, "list", "length"),
    valueAt(value, "list", "0"),
    valueAt(value, "text", 0),
    valueAt(value, "none", "x"),
    valueAt(value, "toString"),
    valueAt(undefined, "x"),
  ];
  expect(missing).toEqual(missing.map(() => undefined));
});

it("reads text that is not empty, cut to what a card can show", () => {
  expect(["text", "empty", "number", "none", "gone"].map((step) => textAt(value, step))).toEqual([
    "x",
    null,
    null,
    null,
    null,
  ]);
  expect(textAt(value, "long")).toBe("y".repeat(500));
});

it("reads finite numbers and lists only", () => {
  expect(["number", "text", "none"].map((step) => numberAt(value, step))).toEqual([1.5, null, null]);
  expect(numberAt(Number.POSITIVE_INFINITY)).toBeNull();
  expect([listAt(value, "list"), listAt(value, "text"), listAt(value, "gone")]).toEqual([[{ name: "a" }, 2], [], []]);
});

it.each<[string, JsonValue | undefined, string | null]>([
  ["text in UTC", "2026-11-01T10:20:30Z", "2026-11-01T10:20:30.000Z"],
  ["text without seconds", "2026-11-01T10:20Z", "2026-11-01T10:20:00.000Z"],
  ["text with parts of a second", "2026-11-01T10:20:30.123456789Z", "2026-11-01T10:20:30.123Z"],
  ["text in another zone", "2026-11-01T10:20:30+02:00", "2026-11-01T08:20:30.000Z"],
  ["text in a zone without a colon", "2026-11-01T10:20:30-0130", "2026-11-01T11:50:30.000Z"],
  ["seconds since 1970", 1_700_000_000, "2023-11-14T22:13:20.000Z"],
  ["the last moment that there is", 8.64e12, "+275760-09-13T00:00:00.000Z"],
  ["the first moment that there is", -8.64e12, "-271821-04-20T00:00:00.000Z"],
  ["a moment after the last", 8.64e12 + 1, null],
  ["a moment before the first", -8.64e12 - 1, null],
  ["text without a zone", "2026-11-01T10:20:30", null],
  ["a date", "2026-11-01", null],
  ["text before the moment", "at 2026-11-01T10:20:30Z", null],
  ["text after the moment", "2026-11-01T10:20:30Z!", null],
  ["ten digits of a second", "2026-11-01T10:20:30.1234567890Z", null],
  ["a month that there is not", "2026-13-01T10:20:30Z", null],
  ["nothing", null, null],
  ["what is absent", undefined, null],
  ["a list", [1], null],
  ["a list of one moment", ["2026-11-01T10:20:30Z"], null],
  ["a year of six digits", "+002026-11-01T10:20:30Z", null],
])("reads %s as a moment", (_name, given, moment) => {
  expect(momentOf(given)).toBe(moment);
});
