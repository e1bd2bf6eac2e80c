import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Parsed } from "../problem.ts";
import type { EvidenceRecord } from "./evidence.ts";
import { readEvidence, type EvidenceFile } from "./read-evidence.ts";

const place = { path: "route.yaml", line: 7, column: 3 };
const digest = `mrb1:sha256:${"0".repeat(64)}`;
const otherDigest = `mrb1:sha256:${"1".repeat(64)}`;

function read(files: Readonly<Record<string, string>>, id = "x"): Parsed<EvidenceRecord> {
  const list = Object.entries(files).map(([path, text]): EvidenceFile => {
    return { path: `e/${path}`, content: { kind: "text", text } };
  });
  return readEvidence(id, list, { folder: "e", place });
}

function recordOf(parsed: Parsed<EvidenceRecord>): EvidenceRecord {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const junit = (inside: string, attributes = ""): string => `<testsuite name="suite"${attributes}>${inside}</testsuite>`;
const bundleProperty = `<properties><property name="route_bundle" value="${digest}"/></properties>`;

function readJunit(output: string, more: Record<string, unknown> = {}): EvidenceRecord {
  const wrapper = JSON.stringify({ id: "x", kind: "regression-eval", format: "junit", file: "report.xml", ...more });
  return recordOf(read({ "x.json": wrapper, "report.xml": output }));
}

describe("a wrapper completes what the tool leaves out", () => {
  it("and takes everything else from the tool", () => {
    const output = junit(`${bundleProperty}<testcase/>`, ' timestamp="2026-11-01T10:00:00"');
    const own = {
      dataset: { name: "golden", digest: `sha256:${"ab".repeat(32)}`, size: 3 },
      url: "https://example.com/1",
    };
    expect(readJunit(output, { ...own, run: "run-1", threshold: ">= 0.9" })).toMatchObject({
      bundle: digest,
      dataset: own.dataset,
      grader: "suite",
      threshold: ">= 0.9",
      result: 1,
      run: "run-1",
      url: "https://example.com/1",
      producedAt: "2026-11-01T10:00:00.000Z",
      counts: { total: 1, passed: 1, failed: 0, errored: 0 },
      defects: [],
      format: "junit",
      files: ["e/x.json", "e/report.xml"],
    });
  });

  it("has no dataset when neither names one", () => {
    expect(readJunit(junit("<testcase/>")).dataset).toBeNull();
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ["the same bundle", { bundle: digest }, []],
    ["another bundle", { bundle: otherDigest }, ["contradictory: the wrapper names another bundle than the output"]],
    ["the same result", { result: 1 }, []],
    ["another result", { result: 0.5 }, ["contradictory: the wrapper claims another result than the output"]],
  ])("and contradicts it by %s: %j", (_name, claim, defects) => {
    expect(readJunit(junit(`${bundleProperty}<testcase/>`), claim).defects).toEqual(defects);
  });

  it("and may name the output with the evidence folder before it", () => {
    const output = junit("<testcase/>");
    expect(readJunit(output, { file: "e/report.xml" })).toEqual(readJunit(output));
  });

  it("with its own size of the dataset, where the tool gives none", () => {
    const log = { version: 2, eval: { task: "t", dataset: { name: "golden" } } };
    const readLog = (dataset: object | null): EvidenceRecord["dataset"] => {
      const wrapper = { id: "x", kind: "offline-eval", format: "inspect", file: "x.out", dataset };
      return recordOf(read({ "x.json": JSON.stringify(wrapper), "x.out": JSON.stringify(log) })).dataset;
    };
    expect(readLog({ name: "golden", size: 7 })).toEqual({ name: "golden", digest: null, size: 7 });
    expect(readLog({ name: "golden" })).toEqual({ name: "golden", digest: null, size: null });
    expect(readLog(null)).toEqual({ name: "golden", digest: null, size: null });
  });

  it("names the bundle alone, where the tool names none", () => {
    expect(readJunit(junit("<testcase/>"), { bundle: digest })).toMatchObject({ bundle: digest, defects: [] });
  });
});

describe("JUnit", () => {
  it.each<[string, string, { total: number; passed: number; failed: number; errored: number }, string[]]>([
    ["a case without children passed", "<testcase/>", { total: 1, passed: 1, failed: 0, errored: 0 }, []],
    ["a failure", "<testcase><failure/></testcase><testcase/>", { total: 2, passed: 1, failed: 1, errored: 0 }, []],
    [
      "an error is worse than a failure, whatever comes first",
      "<testcase><failure/><error/></testcase>",
      { total: 1, passed: 0, failed: 0, errored: 1 },
      ["errored: 1 test case"],
    ],
    [
      "what is skipped",
      "<testcase><skipped/></testcase><testcase><skipped/></testcase>",
      { total: 2, passed: 0, failed: 0, errored: 0 },
      ["partial: 2 test cases skipped"],
    ],
    [
      "only a case's own children say anything",
      "<testcase><system-out><failure/></system-out></testcase>",
      { total: 1, passed: 1, failed: 0, errored: 0 },
      [],
    ],
    [
      "a failure beside a case is not the case's",
      "<testcase></testcase><failure/>",
      { total: 1, passed: 1, failed: 0, errored: 0 },
      [],
    ],
    [
      "no case",
      "<properties/>",
      { total: 0, passed: 0, failed: 0, errored: 0 },
      ["without assertions: the report holds no test case"],
    ],
  ])("counts %s", (_name, inside, counts, defects) => {
    expect(readJunit(junit(inside))).toMatchObject({ counts, defects });
  });

  it("has no result when everything was skipped, and leaves skipped and errored ones out of it", () => {
    expect(readJunit(junit("<testcase><skipped/></testcase>")).result).toBeNull();
    const mixed =
      "<testcase/><testcase><failure/></testcase><testcase><skipped/></testcase><testcase><error/></testcase>";
    expect(readJunit(junit(mixed)).result).toBe(0.5);
  });

  it.each<[string, string, string[]]>([
    ["that agree", ' tests="1" failures="0" errors="0"', []],
    ["of tests", ' tests="2"', ["contradictory: `tests` says 2, the report holds 1"]],
    ["of failures", ' failures="1"', ["contradictory: `failures` says 1, the report holds 0"]],
    ["of errors", ' errors="1"', ["contradictory: `errors` says 1, the report holds 0"]],
    [
      "that are long, cut",
      ` tests="${"9".repeat(30)}"`,
      [`contradictory: \`tests\` says ${"9".repeat(20)}, the report holds 1`],
    ],
  ])("compares totals %s", (_name, attributes, defects) => {
    expect(readJunit(junit("<testcase/>", attributes)).defects).toEqual(defects);
  });

  it.each<[string, string, string | null]>([
    ["none", "", null],
    ["without a zone, as UTC", ' timestamp="2026-11-01T10:00:00"', "2026-11-01T10:00:00.000Z"],
    ["with a zone", ' timestamp="2026-11-01T10:00:00+01:00"', "2026-11-01T09:00:00.000Z"],
    ["with Z", ' timestamp="2026-11-01T10:00:00Z"', "2026-11-01T10:00:00.000Z"],
    ["that nobody can read", ' timestamp="yesterday"', null],
  ])("takes its time from a suite's timestamp: %s", (_name, attributes, producedAt) => {
    expect(readJunit(junit("<testcase/>", attributes)).producedAt).toBe(producedAt);
  });

  it("takes the latest of several suites, the name of the root, and a bundle that is named once", () => {
    const suite = (day: number, value: string): string =>
      `<testsuite timestamp="2026-11-0${day}T10:00:00"><properties><property name="route_bundle" value="${value}"/><property name="x" value="y"/></properties><testcase/></testsuite>`;
    const report = (second: string): EvidenceRecord =>
      readJunit(`<testsuites name="all">${suite(2, digest)}${suite(1, second)}</testsuites>`);
    expect(report(digest)).toMatchObject({
      producedAt: "2026-11-02T10:00:00.000Z",
      grader: "all",
      bundle: digest,
      defects: [],
    });
    expect(report(otherDigest)).toMatchObject({
      bundle: null,
      defects: ["ambiguous: several values of the property `route_bundle`"],
    });
    expect(
      readJunit(`<testsuites>${suite(1, digest).replace("<testsuite ", '<testsuite name="one" ')}</testsuites>`).grader,
    ).toBe("one");
  });
});

describe("promptfoo", () => {
  const row = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
    success: true,
    provider: "p",
    gradingResult: { pass: true, componentResults: [{ assertion: { type: "equals" } }] },
    ...over,
  });
  const failed = row({ success: false, gradingResult: { pass: false, componentResults: [{}] } });
  const broken = row({ success: false, failureReason: 2 });
  const tests = [{ vars: { a: 1 } }];

  function readRows(rows: Record<string, unknown>[], over: Record<string, unknown> = {}, more = {}): EvidenceRecord {
    const stats = {
      successes: rows.filter((each) => each["success"] === true).length,
      failures: rows.filter((each) => each["success"] !== true && each["failureReason"] !== 2).length,
      errors: rows.filter((each) => each["failureReason"] === 2).length,
    };
    const output = {
      evalId: "eval-1",
      results: { prompts: [{ provider: "p" }], results: rows, stats, timestamp: "2026-11-01T10:00:00Z" },
      config: { tests: rows.map(() => tests[0]), tags: { route_bundle: digest } },
      ...over,
    };
    const wrapper = { id: "x", kind: "offline-eval", format: "promptfoo", file: "x.out", ...more };
    return recordOf(read({ "x.json": JSON.stringify(wrapper), "x.out": JSON.stringify(output) }));
  }

  it("reads run, time, bundle, assertions and the digest of the tests", () => {
    const text = JSON.stringify(tests);
    const testsDigest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    expect(readRows([row()], {}, { threshold: ">= 1" })).toMatchObject({
      bundle: digest,
      run: "eval-1",
      url: null,
      producedAt: "2026-11-01T10:00:00.000Z",
      grader: "equals",
      dataset: { name: testsDigest, digest: testsDigest, size: 1 },
      defects: [],
    });
  });

  it.each<
    [string, Record<string, unknown>[], [total: number, passed: number, failed: number, errored: number], string[]]
  >([
    ["passed, failed and broken rows", [row(), failed, broken, row(), failed], [5, 2, 2, 1], ["errored: 1 row"]],
    [
      "an error without a grading as broken",
      [row({ success: false, error: "timeout", gradingResult: null })],
      [1, 0, 0, 1],
      ["errored: 1 row"],
    ],
    ["an error with a grading as failed", [row({ success: false, error: "expected a" })], [1, 0, 1, 0], []],
    [
      "rows that nothing was asserted of",
      [row({ gradingResult: { pass: true, componentResults: [] } }), row()],
      [2, 2, 0, 0],
      ["without assertions: 1 row that could only pass"],
    ],
    [
      "rows that claim success against their grading",
      [row({ gradingResult: { pass: false, componentResults: [{}] } })],
      [1, 0, 1, 0],
      ["contradictory: 1 row claim success against their grading"],
    ],
  ])("counts %s", (_name, rows, [total, passed, failedRows, errored], defects) => {
    expect(readRows(rows)).toMatchObject({
      counts: { total, passed, failed: failedRows, errored },
      result: passed / total,
      defects,
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["one row of two tests", { config: { tests: [{}, {}] } }, "partial: 1 row where 2 belong"],
    ["one row of two repeats", { runtimeOptions: { repeat: 2 } }, "partial: 1 row where 2 belong"],
    ["no list of tests", { config: {} }, "partial or not: the file does not list its tests, so nobody can tell"],
    [
      "an empty list of tests",
      { config: { tests: [] } },
      "partial or not: the file does not list its tests, so nobody can tell",
    ],
    [
      "scenarios",
      { config: { tests: [{}], scenarios: [] } },
      "partial or not: the file does not list its tests, so nobody can tell",
    ],
    [
      "fewer pairs than prompts and providers make",
      { config: { tests: [{}], prompts: ["a", "b"], providers: ["p", "q"] } },
      "partial: 1 of 4 pairs of prompt and provider were run",
    ],
  ])("sees that %s is no whole run", (_name, over, defect) => {
    expect(readRows([row()], over).defects).toEqual([defect]);
  });

  it("compares its own totals with its rows", () => {
    const results = (stats: unknown): Record<string, unknown> => ({
      results: { prompts: [{ provider: "p" }], results: [row()], stats },
    });
    expect(readRows([row()], results({ successes: 2, failures: 0, errors: 0 })).defects).toEqual([
      "contradictory: `stats` count 2, the file holds 1 row",
    ]);
    expect(readRows([row()], results({ successes: 1, failures: 0 })).defects).toEqual([
      "contradictory: the file has no complete `stats`",
    ]);
  });

  it("takes the rows of one provider by its label or id, and says when there is none", () => {
    const rows = [row({ provider: { id: "p", label: "candidate" } }), failed];
    const over = {
      results: {
        prompts: [{ provider: "candidate" }, { provider: "p" }],
        results: rows,
        stats: { successes: 1, failures: 1, errors: 0 },
      },
      config: { tests: [{}] },
    };
    expect(readRows(rows, over, { select: { provider: "candidate" } })).toMatchObject({
      counts: { total: 1, passed: 1 },
      defects: [],
    });
    expect(readRows(rows, over, { select: { provider: "p" } })).toMatchObject({
      counts: { total: 1, failed: 1 },
      defects: [],
    });
    expect(readRows(rows, over, { select: { provider: "other" } }).defects).toEqual(["no row of the provider other"]);
  });
});

describe("a tool's own output under the id of a record", () => {
  it.each<[string, string]>([
    ["promptfoo results", '{"evalId": "e", "results": {}}'],
    ["an OpenAI eval run", '{"object": "eval.run"}'],
    ["a SageMaker model package", '{"ModelPackageArn": "arn"}'],
    ["an in-toto statement", '{"predicateType": "t"}'],
    ["an Inspect log", '{"eval": {}, "plan": {}}'],
  ])("is named as %s", (what, text) => {
    const parsed = read({ "x.json": text });
    const [problem] = parsed.ok ? [] : parsed.problems;
    expect(problem?.code).toBe("wrapper-missing");
    expect(`${problem?.message} ${problem?.found}`).toContain(what);
  });

  it.each<[string, string]>([
    ["results without a run", '{"results": {}}'],
    ["a run without results", '{"evalId": "e"}'],
    ["another object", '{"object": "list"}'],
    ["an eval without a plan", '{"eval": {}}'],
    ["a plan without an eval", '{"plan": {}}'],
    ["a list", "[]"],
    ["a number", "7"],
    ["nothing", "null"],
  ])("is not taken for one when it is %s", (_name, text) => {
    const parsed = read({ "x.json": text });
    const codes = parsed.ok ? [] : parsed.problems.map(({ code }) => code);
    expect(codes.length).toBeGreaterThan(0);
    expect(codes).not.toContain("wrapper-missing");
  });
});

it.each<[string, Record<string, unknown>, string[]]>([
  ["without its check", { format: "check-run" }, ["format"]],
  [
    "with a file beside it",
    { file: "x.out", format: "check-run", check: { app: 1, name: "eval" } },
    ["format", "file", "check"],
  ],
  ["of another format", { format: "junit", check: { app: 1, name: "eval" } }, ["format", "check"]],
  ["without a format", { check: { app: 1, name: "eval" } }, ["check"]],
])("a record of a check run %s is incomplete, and names those of its keys that it has", (_name, keys, found) => {
  const parsed = read({ "x.json": JSON.stringify({ id: "x", kind: "regression-eval", grader: "g", ...keys }) });
  expect(parsed.ok ? [] : parsed.problems).toMatchObject([
    {
      code: "incomplete-check",
      message: "A record of a check run needs `format: check-run` and `check`, and no `file`.",
      expected: "format: check-run, and check: { app, name }",
      found: found.join(", "),
      fix: "Write `format: check-run` and `check` with the app's id and the check run's name.",
    },
  ]);
});

it("a wrapper that names another digest of the tests than promptfoo's own contradicts it", () => {
  const output = {
    results: {
      prompts: [{ provider: "p" }],
      results: [{ success: true, provider: "p", gradingResult: { pass: true, componentResults: [{}] } }],
      stats: { successes: 1, failures: 0, errors: 0 },
    },
    config: { tests: [{}] },
  };
  const readAs = (sha: string): readonly string[] => {
    const dataset = { name: "golden", digest: `sha256:${sha}` };
    const wrapper = { id: "x", kind: "offline-eval", format: "promptfoo", file: "x.out", dataset };
    return recordOf(read({ "x.json": JSON.stringify(wrapper), "x.out": JSON.stringify(output) })).defects;
  };
  expect(readAs(createHash("sha256").update("[{}]").digest("hex"))).toEqual([]);
  expect(readAs("ab".repeat(32))).toEqual(["contradictory: the wrapper names another dataset digest than the output"]);
});

it.each<[string, unknown, string | null]>([
  ["by its file", { source: { type: "file_id", id: "file-1" } }, "openai:file-1"],
  ["not at all without one", { source: { type: "file_content" } }, null],
])("an OpenAI run names its dataset %s", (_name, source, name) => {
  const run = JSON.parse(readFileSync("test/fixtures/evidence/openai-evals/run.constructed.json", "utf8")) as object;
  const wrapper = { id: "x", kind: "offline-eval", format: "openai-eval", file: "x.out" };
  const output = JSON.stringify({ ...run, data_source: source });
  const record = recordOf(read({ "x.json": JSON.stringify(wrapper), "x.out": output }));
  expect(record.dataset?.name ?? null).toBe(name);
});

it.each<[string, string, string[]]>([
  ["completes it with a hash, which is no file id", `sha256:${"ab".repeat(32)}`, []],
  [
    "contradicts it with another file id",
    "openai:file-9",
    ["contradictory: the wrapper names another dataset digest than the output"],
  ],
])("a wrapper of an OpenAI run %s", (_name, sha, defects) => {
  const text = readFileSync("test/fixtures/evidence/openai-evals/run.constructed.json", "utf8");
  const run = JSON.parse(text.replace('"errored":1', '"errored":0').replace('"failed":7', '"failed":8')) as object;
  const output = JSON.stringify({ ...run, data_source: { source: { id: "file-1" } } });
  const dataset = { name: "golden", digest: sha };
  const wrapper = { id: "x", kind: "offline-eval", format: "openai-eval", file: "x.out", dataset };
  const record = recordOf(read({ "x.json": JSON.stringify(wrapper), "x.out": output }));
  expect(record).toMatchObject({ dataset: { name: "golden", digest: "openai:file-1" } });
  expect(record.defects.filter((defect) => defect.includes("dataset"))).toEqual(defects);
});

it("a record that is not there is missed where it is named, with the path to commit", () => {
  const parsed = read({}, "eval-7");
  expect(parsed.ok ? [] : parsed.problems).toEqual([
    {
      ...place,
      code: "evidence-missing",
      severity: "error",
      message: "There is no evidence record `eval-7`.",
      expected: "e/eval-7.yaml (or .json)",
      found: "nothing",
      fix: "Commit the record, or take its id out of `approval.evidence`.",
    },
  ]);
});
