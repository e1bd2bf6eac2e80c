import { describe, expect, it } from "vitest";
import { compareRows, type BundleRow } from "./compare-rows.ts";
import { namedTexts, resolve, writeBundle, writeRecord, type Written } from "./test-builders.ts";

const texts = {
  ...namedTexts,
  "retrieval/docs.yaml": "top_k: 5",
  "tools/read.json": "[]",
};

function rowsOf(baseline: Written, candidate: Written | null = {}): readonly BundleRow[] {
  const written = writeRecord({
    baseline: writeBundle(baseline),
    candidate: candidate === null ? undefined : writeBundle(candidate),
    ...(candidate === null ? { approval: { status: "draft" } } : {}),
  });
  return compareRows(resolve(written, texts));
}

const row = (field: string, rows: readonly BundleRow[]): BundleRow | undefined =>
  rows.find((each) => each.field === field);

describe("baseline and candidate side by side", () => {
  it("have a row for each field that one of them has, in one order", () => {
    expect(rowsOf({}, { parameters: { temperature: 0.2, seed: 7 } }).map(({ field }) => field)).toEqual([
      "provider",
      "model",
      "region",
      "promptVersion",
      "prompt",
      "retrievalProfile",
      "toolPolicy",
      "timeoutMs",
      "maxRetries",
      "parameters.seed",
      "parameters.temperature",
      "fallback",
    ]);
  });

  it.each<[string, Written, Written, string, string | null, string | null]>([
    ["a name", {}, { model: "gpt-4o-mini" }, "model", "gpt-4o-2024-08-06", "gpt-4o-mini"],
    ["a time with its unit", {}, { timeoutMs: 500 }, "timeoutMs", "8000 ms", "500 ms"],
    ["a number without a unit", {}, { maxRetries: 2 }, "maxRetries", "1", "2"],
    ["a parameter that only one has", {}, { parameters: { seed: 7 } }, "parameters.seed", null, "7"],
    ["a parameter that one leaves out", {}, { parameters: {} }, "parameters.temperature", "0.2", null],
    [
      "a prompt with the beginning of its digest",
      {},
      { prompt: "prompts/v4.md" },
      "prompt",
      expect.stringMatching(/^prompts\/v3\.md \([0-9a-f]{12}\)$/) as string,
      expect.stringMatching(/^prompts\/v4\.md \([0-9a-f]{12}\)$/) as string,
    ],
    [
      "retrieval with the beginning of its digest",
      {},
      { retrieval: "retrieval/docs.yaml" },
      "retrieval",
      null,
      expect.stringMatching(/^retrieval\/docs\.yaml \([0-9a-f]{12}\)$/) as string,
    ],
    [
      "tools with the beginning of their digest",
      { tools: "tools/read.json" },
      {},
      "tools",
      expect.stringMatching(/^tools\/read\.json \([0-9a-f]{12}\)$/) as string,
      null,
    ],
    [
      "a file that is not there",
      {},
      { prompt: "prompts/none.md" },
      "prompt",
      expect.any(String) as string,
      "prompts/none.md (unreadable)",
    ],
    [
      "fallbacks in their order",
      {},
      { fallback: ["static-answer"] },
      "fallback",
      "baseline-search, static-answer",
      "static-answer",
    ],
    ["no fallback", {}, { fallback: [] }, "fallback", "baseline-search, static-answer", null],
    [
      "a declared price, known in part",
      { pricing: { inputPerMTok: 2.5, outputPerMTok: 10 } },
      { pricing: { inputPerMTok: 3 } },
      "declared price",
      "$2.5 in, $10 out per million tokens",
      "$3 in, $? out per million tokens".replace("$?", "?"),
    ],
    ["a declared latency", {}, { latency: { p95Ms: 900 } }, "declared p95", null, "900 ms"],
  ])("show %s", (_name, baseline, candidate, field, old, now) => {
    expect(row(field, rowsOf(baseline, candidate))).toEqual({ field, baseline: old, candidate: now, differs: true });
  });

  it("say where nothing differs", () => {
    expect(row("provider", rowsOf({}))).toEqual({
      field: "provider",
      baseline: "openai",
      candidate: "openai",
      differs: false,
    });
  });

  it("show a baseline alone", () => {
    const rows = rowsOf({ pricing: { inputPerMTok: 1, outputPerMTok: 2 }, latency: { p95Ms: 900 } }, null);
    expect(rows.every(({ candidate }) => candidate === null)).toBe(true);
    expect(rows.map(({ field }) => field).slice(-4)).toEqual([
      "parameters.temperature",
      "fallback",
      "declared price",
      "declared p95",
    ]);
  });
});
