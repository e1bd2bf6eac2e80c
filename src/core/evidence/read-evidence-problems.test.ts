import { expect, it } from "vitest";
import type { FileContent } from "../facts.ts";
import type { JsonValue } from "../json.ts";
import type { Problem } from "../problem.ts";
import { readEvidence, readInlineEvidence, type EvidenceFile } from "./read-evidence.ts";

const place = { path: "route.yaml", line: 7, column: 3 };

function file(path: string, content: string | FileContent): EvidenceFile {
  return { path: `e/${path}`, content: typeof content === "string" ? { kind: "text", text: content } : content };
}

function read(...files: EvidenceFile[]): readonly Problem[] {
  const parsed = readEvidence("x", files, { folder: "e", place });
  return parsed.ok ? [] : parsed.problems;
}

const wrapper = "id: x\nkind: regression-eval\nformat: junit\nfile: report.xml";

const bare = (what: string): Omit<Problem, "path" | "line" | "column"> => ({
  code: "wrapper-missing",
  severity: "error",
  message: `The file holds ${what} without a wrapper record, so nobody says what kind of evidence it is.`,
  expected: "a record with id, kind, format and file",
  found: what,
  fix: "Give this file another name, and add a record `<id>.yaml` with `kind`, `format` and `file`.",
});

it.each<[string, EvidenceFile[], Problem]>([
  [
    "two files bear the id",
    [file("x.json", "{}"), file("other.yaml", "a: 1"), file("x.yaml", "a: 1")],
    {
      ...place,
      code: "evidence-twice",
      severity: "error",
      message: "Several files bear the evidence id `x`.",
      expected: "one file for each id",
      found: "e/x.yaml, e/x.json",
      fix: "Delete or rename all but one; the output behind a wrapper needs a name of its own.",
    },
  ],
  [
    "the record is no text",
    [file("x.yml", { kind: "lfs-pointer" })],
    {
      path: "e/x.yml",
      line: 1,
      column: 1,
      code: "evidence-unreadable",
      severity: "error",
      message: "The evidence record cannot be read.",
      expected: "UTF-8 text of a bounded size",
      found: "lfs-pointer",
      fix: "Commit the record as text.",
    },
  ],
  [
    "the record bears another id than its file",
    [file("x.yaml", "kind: cost-check\nid: y")],
    {
      path: "e/x.yaml",
      line: 2,
      column: 5,
      code: "evidence-id",
      severity: "error",
      message: "The record's id is not the one that its file name says.",
      expected: "x",
      found: "y",
      fix: "Write `id: x`, or rename the file.",
    },
  ],
  [
    "the digest of the bundle is short",
    [file("x.yaml", "id: x\nkind: cost-check\nbundle: sha256:00")],
    {
      path: "e/x.yaml",
      line: 3,
      column: 9,
      code: "wrong-value",
      severity: "error",
      message: "`bundle` has a value that is not accepted.",
      expected: "a digest: mrb1:sha256: and 64 hex digits",
      found: "sha256:00",
      fix: "Write a digest: mrb1:sha256: and 64 hex digits.",
    },
  ],
  [
    "the id inside is none",
    [file("x.yaml", "id: an eval\nkind: cost-check")],
    {
      path: "e/x.yaml",
      line: 1,
      column: 5,
      code: "wrong-value",
      severity: "error",
      message: "`id` has a value that is not accepted.",
      expected: "an evidence id: letters, digits, `.`, `_` and `-`",
      found: "an eval",
      fix: "Write an evidence id: letters, digits, `.`, `_` and `-`.",
    },
  ],
  [
    "the time has no zone",
    [file("x.yaml", "id: x\nkind: cost-check\nproducedAt: 2026-06-11T09:12:44")],
    {
      path: "e/x.yaml",
      line: 3,
      column: 13,
      code: "wrong-value",
      severity: "error",
      message: "`producedAt` has a value that is not accepted.",
      expected: "a time with zone, for example 2026-06-11T09:12:44Z",
      found: "2026-06-11T09:12:44",
      fix: "Write a time with zone, for example 2026-06-11T09:12:44Z.",
    },
  ],
  [
    "the commit of a check is short",
    [file("x.yaml", "id: x\nkind: cost-check\nformat: check-run\ncheck: { app: 7, name: eval, commit: c0ffee }")],
    {
      path: "e/x.yaml",
      line: 4,
      column: 38,
      code: "wrong-value",
      severity: "error",
      message: "`check.commit` has a value that is not accepted.",
      expected: "a commit id: 40 hex digits",
      found: "c0ffee",
      fix: "Write a commit id: 40 hex digits.",
    },
  ],
  [
    "a report has no wrapper",
    [file("x.xml", "<testsuite/>")],
    { path: "e/x.xml", line: 1, column: 1, ...bare("JUnit XML") },
  ],
  [
    "a tool's run has no wrapper",
    [file("x.json", '{"object": "eval.run"}')],
    { path: "e/x.json", line: 1, column: 1, ...bare("an OpenAI eval run") },
  ],
  [
    "a text without a wrapper is larger than a record can be",
    [file("x.json", `"${"a".repeat(300_000)}"`)],
    { path: "e/x.json", line: 1, column: 1, ...bare("a tool's output") },
  ],
  [
    "a text without a wrapper has more parts than a record can have",
    [file("x.json", `[${"1,".repeat(60_000)}1]`)],
    { path: "e/x.json", line: 1, column: 1, ...bare("a tool's output") },
  ],
  [
    "a wrapper names no output",
    [file("x.yaml", "id: x\nkind: regression-eval\nformat: junit")],
    {
      path: "e/x.yaml",
      line: 1,
      column: 1,
      code: "incomplete-wrapper",
      severity: "error",
      message: "A wrapper record needs both `format` and `file`.",
      expected: "format: the tool, and file: its output in the evidence folder",
      found: "format alone",
      fix: "Add `file`.",
    },
  ],
  [
    "a wrapper names no tool",
    [file("x.yaml", "id: x\nkind: regression-eval\nfile: report.xml")],
    {
      path: "e/x.yaml",
      line: 1,
      column: 1,
      code: "incomplete-wrapper",
      severity: "error",
      message: "A wrapper record needs both `format` and `file`.",
      expected: "format: the tool, and file: its output in the evidence folder",
      found: "file alone",
      fix: "Add `format`.",
    },
  ],
  [
    "the output is not there",
    [file("x.yaml", wrapper)],
    {
      path: "e/x.yaml",
      line: 4,
      column: 7,
      code: "evidence-output",
      severity: "error",
      message: "The tool's output does not stand in the evidence folder.",
      expected: "the output of junit at e/report.xml",
      found: "no such file",
      fix: "Commit the output, or correct `file`.",
    },
  ],
  [
    "the output is no text",
    [file("x.yaml", wrapper), file("report.xml", { kind: "binary" })],
    {
      path: "e/x.yaml",
      line: 4,
      column: 7,
      code: "evidence-output",
      severity: "error",
      message: "The tool's output cannot be read.",
      expected: "the output of junit at e/report.xml",
      found: "binary",
      fix: "Commit it as UTF-8 text of a bounded size.",
    },
  ],
  [
    "the output is of another tool",
    [file("x.yaml", wrapper), file("report.xml", "<html/>")],
    {
      path: "e/x.yaml",
      line: 4,
      column: 7,
      code: "evidence-output",
      severity: "error",
      message: "The file is not an output of junit.",
      expected: "the output of junit at e/report.xml",
      found: "the root is neither `testsuites` nor `testsuite`",
      fix: "Correct `format`, or commit the tool's own output.",
    },
  ],
])("when %s, the problem says where, what and how to mend it", (_name, files, problem) => {
  expect(read(...files)).toEqual([problem]);
});

it.each<[string, JsonValue, Partial<Problem>]>([
  ["a key is missing", { id: "x" }, { code: "missing-field", message: "`kind` is missing." }],
  ["a key is unknown", { id: "x", kind: "cost-check", cost: 1 }, { code: "unknown-key", found: "cost" }],
  ["its output is not there", { id: "x", kind: "cost-check", format: "junit", file: "y" }, { code: "evidence-output" }],
])("when in a record inside the route file %s, the problem stands at the record", (_name, record, problem) => {
  const parsed = readInlineEvidence(record, place, [], "e");
  expect(parsed.ok ? [] : parsed.problems).toMatchObject([{ ...place, ...problem }]);
});
