import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parsePrometheusAnswer } from "./parse-prometheus-answer.ts";

const fixtures = new URL("../../../test/fixtures/evidence/prometheus/", import.meta.url);
const fiveMinutes = 300_000;

function recorded(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, fixtures), "utf8"));
}

/** The recorded answers of one session, one JSON document after another. */
const session = readFileSync(new URL("query-responses.txt", fixtures), "utf8")
  .split(/\n|(?<=\})(?=\{"status")/)
  .filter((line) => line.trim() !== "")
  .map((line): unknown => JSON.parse(line));

function vector(value: string, stamp = 1_795_387_528, rest: object = {}): unknown {
  return {
    status: "success",
    data: { resultType: "vector", result: [{ metric: {}, value: [stamp, value] }] },
    ...rest,
  };
}

const at = new Date(1_795_387_530_000).toISOString();

describe("what a real Prometheus answered", () => {
  it.each([
    ["one series is a value", "instant-up.json", { kind: "value", value: 1, at: "2026-11-22T22:45:28.671Z" }],
    ["no such metric is no data", "instant-nosuch_metric.json", { kind: "no-data" }],
    ["0/0 is unusable", "instant-0_0.json", { kind: "unusable", why: "the reading is NaN" }],
    [
      "a range is unusable",
      "range-up.json",
      { kind: "unusable", why: "the query answers a matrix where one number is expected" },
    ],
  ])("%s", (_name, file, expected) => {
    expect(parsePrometheusAnswer(recorded(file), at, fiveMinutes)).toEqual(expected);
  });

  it("a session of queries reads in order", () => {
    const kinds = session.map((body) => parsePrometheusAnswer(body, "2026-11-22T22:41:10.500Z", fiveMinutes).kind);
    expect(kinds).toEqual(["value", "no-data", "unusable", "no-data", "value", "value", "error"]);
  });

  it("a refused query says why", () => {
    expect(parsePrometheusAnswer(session.at(-1), at, fiveMinutes)).toEqual({
      kind: "error",
      why: 'the metrics source refused the query: invalid parameter "query": 1:6: parse error: unclosed left parenthesis',
    });
  });
});

describe("what holds exposure", () => {
  it.each([
    ["infinity", vector("+Inf"), "unusable"],
    ["minus infinity", vector("-Inf"), "unusable"],
    ["an empty number", vector(""), "unusable"],
    ["a reading from ten minutes ago", vector("1", 1_795_387_528 - 600), "unusable"],
    ["a reading from ten minutes ahead", vector("1", 1_795_387_528 + 600), "unusable"],
    ["a stamp that is no time", vector("1", 1e300), "unusable"],
    ["a partial answer with a warning", vector("1", 1_795_387_528, { warnings: ["one store is away"] }), "unusable"],
    [
      "two series",
      {
        status: "success",
        data: { resultType: "vector", result: [{ value: [1_795_387_528, "1"] }, { value: [1_795_387_528, "2"] }] },
      },
      "unusable",
    ],
    [
      "a native histogram",
      { status: "success", data: { resultType: "vector", result: [{ histogram: [1_795_387_528, {}] }] } },
      "unusable",
    ],
    ["an unknown kind of result", { status: "success", data: { resultType: "tensor", result: [] } }, "error"],
    ["an unknown status", { status: "pending" }, "error"],
    ["something that is not an object", "busy", "error"],
  ])("%s", (_name, body, kind) => {
    expect(parsePrometheusAnswer(body, at, fiveMinutes).kind).toBe(kind);
  });
});

it.each([
  ["1e+06", 1_000_000],
  ["-0.5", -0.5],
  ["0", 0],
])("the number %s is read", (text, value) => {
  expect(parsePrometheusAnswer(vector(text), at, fiveMinutes)).toMatchObject({ kind: "value", value });
});
