import { readFileSync, readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Parsed } from "../problem.ts";
import type { EvidenceRecord } from "./evidence.ts";
import { readEvidence, readInlineEvidence, type EvidenceFile } from "./read-evidence.ts";
import { readToolOutput } from "./read-tool-output.ts";
import { toolFormats, type ToolFormat } from "./record-schema.ts";

const place = { path: "route.yaml", line: 7, column: 3 };
const digest = `mrb1:sha256:${"0".repeat(64)}`;

function sample(name: string): string {
  return readFileSync(`test/fixtures/evidence/${name}`, "utf8");
}

function file(path: string, text: string): EvidenceFile {
  return { path: `e/${path}`, content: { kind: "text", text } };
}

function wrap(format: string, output: string, more = "", kind = "regression-eval"): Parsed<EvidenceRecord> {
  const wrapper = `id: x\nkind: ${kind}\nformat: ${format}\nfile: x.out\n${more}\n`;
  return readEvidence("x", [file("x.yaml", wrapper), file("x.out", output)], { folder: "e", place });
}

function recordOf(parsed: Parsed<EvidenceRecord>): EvidenceRecord {
  if (!parsed.ok) throw new Error(parsed.problems.map((one) => `${one.message} ${one.found}`).join("; "));
  return parsed.value;
}

interface Sample {
  config: { tags: object };
  eval: { dataset: object };
}

/** A sample with its parsed JSON changed. */
function changed(name: string, change: (value: Sample) => void): string {
  const value = JSON.parse(sample(name)) as Sample;
  change(value);
  return JSON.stringify(value);
}

describe("a record in Routeward's own form", () => {
  it("is read from the evidence folder by its id", () => {
    const text = sample("native/offline-eval-run-2026-06-11.yaml");
    const parsed = readEvidence("offline-eval-run-2026-06-11", [file("offline-eval-run-2026-06-11.yaml", text)], {
      folder: "e",
      place,
    });
    expect(recordOf(parsed)).toEqual({
      id: "offline-eval-run-2026-06-11",
      files: ["e/offline-eval-run-2026-06-11.yaml"],
      kind: "offline-eval",
      bundle: digest,
      dataset: { name: "support-golden-2026-06", digest: `sha256:${"ab".repeat(32)}`, size: 240 },
      grader: "rubric-v2",
      threshold: ">= 0.85",
      result: 0.91,
      run: "run-8841",
      url: "https://example.com/runs/8841",
      producedAt: "2026-06-11T09:12:44.000Z",
      producer: { workflow: ".github/workflows/model-eval.yml", runId: 8841 },
      counts: null,
      defects: [],
      format: "native",
      place: { path: "e/offline-eval-run-2026-06-11.yaml", line: 2, column: 1 },
    });
  });

  it("may be JSON, or stand in the route file", () => {
    const record = { id: "x", kind: "human-review", result: 1 };
    expect(recordOf(readEvidence("x", [file("x.json", JSON.stringify(record))], { folder: "e", place })).kind).toBe(
      "human-review",
    );
    expect(readInlineEvidence(record, place, [], "e")).toEqual({
      ok: true,
      value: {
        id: "x",
        kind: "human-review",
        bundle: null,
        dataset: null,
        grader: null,
        threshold: null,
        result: 1,
        run: null,
        url: null,
        producedAt: null,
        producer: null,
        counts: null,
        defects: [],
        format: "native",
        place,
      },
      problems: [],
    });
  });

  it("that names a check run says nothing of its result: what it says of itself is left", () => {
    const check = { app: 7, name: "model eval", commit: "a".repeat(40) };
    const record = { id: "x", kind: "compatibility-check", format: "check-run", bundle: digest, check };
    const own = {
      id: "x",
      kind: "compatibility-check",
      bundle: digest,
      dataset: null,
      grader: null,
      threshold: null,
      result: null,
      run: null,
      url: null,
      producedAt: null,
      producer: null,
      counts: null,
      defects: [],
      format: "check-run",
      check: { appId: 7, name: "model eval", commit: "a".repeat(40) },
      place,
    };
    expect(recordOf(readInlineEvidence(record, place, [], "e"))).toEqual(own);
    const emptied = { ...record, result: null, counts: null, threshold: null, producedAt: "2026-06-11T09:12:44Z" };
    expect(recordOf(readInlineEvidence(emptied, place, [], "e"))).toEqual(own);
    const contradictory =
      "contradictory: a check run only succeeds or fails, so `result`, `counts` and `threshold` have no place";
    for (const claim of [
      { result: 1 },
      { threshold: ">= 0" },
      { counts: { total: 1, passed: 1, failed: 0, errored: 0 } },
    ]) {
      expect(recordOf(readInlineEvidence({ ...record, ...claim }, place, [], "e"))).toEqual({
        ...own,
        defects: [contradictory],
      });
    }
  });

  it.each([
    "offline-eval",
    "regression-eval",
    "adversarial-eval",
    "human-review",
    "compatibility-check",
    "cost-check",
    "latency-check",
    "shadow-run",
    "canary-report",
    "ab-result",
    "rollback-rehearsal",
    "baseline-check",
    "registry-approval",
  ])("may be of the kind %s", (kind) => {
    expect(recordOf(readInlineEvidence({ id: "x", kind }, place, [], "e")).kind).toBe(kind);
  });

  it("cannot pass itself: what it claims is ignored", () => {
    const parsed = readEvidence("x", [file("x.yaml", "id: x\nkind: offline-eval\npassed: true")], {
      folder: "e",
      place,
    });
    expect(recordOf(parsed)).toMatchObject({ result: null });
    expect(recordOf(parsed)).not.toHaveProperty("passed");
  });

  it.each<[string, string, string]>([
    ["errored samples", "counts: { total: 10, passed: 8, failed: 1, errored: 1 }", "errored: 1 of 10 samples"],
    [
      "samples that were never judged",
      "counts: { total: 10, passed: 5, failed: 1, errored: 0 }",
      "partial: 6 of 10 samples were judged",
    ],
    [
      "a result of no samples",
      "counts: { total: 0, passed: 0, failed: 0, errored: 0 }\nresult: 1",
      "without assertions: no sample was judged",
    ],
    ["a time that does not exist", "producedAt: 2026-13-40T00:00:00Z", "the time is not in the calendar"],
  ])("shows %s as a defect", (_name, line, defect) => {
    const parsed = readEvidence("x", [file("x.yaml", `id: x\nkind: offline-eval\n${line}`)], { folder: "e", place });
    expect(recordOf(parsed).defects).toEqual([defect]);
  });
});

it.each<[string, readonly EvidenceFile[], string]>([
  ["nothing bears the id", [], "route.yaml:7 evidence-missing"],
  ["the kind does not exist", [file("x.yaml", "id: x\nkind: eval")], "e/x.yaml:2 wrong-value"],
  ["a key is misspelt", [file("x.yaml", "id: x\nkind: cost-check\ntreshold: '>= 1'")], "e/x.yaml:3 unknown-key"],
  ["the YAML is broken", [file("x.yaml", "id: [")], "e/x.yaml:1 broken-yaml"],
  ["a tool's output has no wrapper", [file("x.json", sample("promptfoo/results.json"))], "e/x.json:1 wrapper-missing"],
  [
    "the wrapper points out of the folder",
    [file("x.yaml", "id: x\nkind: cost-check\nformat: junit\nfile: ../y")],
    "e/x.yaml:4 wrong-path",
  ],
])("when %s, the problem stands on the line to mend", (_name, files, problem) => {
  const parsed = readEvidence("x", files, { folder: "e", place });
  expect(parsed.ok).toBe(false);
  expect(parsed.problems.map((one) => `${one.path}:${one.line} ${one.code}`)).toContain(problem);
});

describe("promptfoo", () => {
  const results = "promptfoo/results.json";

  it("is counted row by row, with the wrapper's threshold and dataset name", () => {
    expect(
      recordOf(wrap("promptfoo", sample(results), "threshold: '>= 0.95'\ndataset: { name: golden }")),
    ).toMatchObject({
      result: 0.5,
      counts: { total: 8, passed: 4, failed: 4, errored: 0 },
      threshold: ">= 0.95",
      dataset: { name: "golden", size: 2, digest: expect.stringMatching(/^sha256:/) },
      grader: "contains, icontains, javascript",
      run: "eval-ueL-2026-11-22T22:30:07",
      producedAt: "2026-11-22T22:30:07.895Z",
      defects: [],
    });
  });

  it("is joined with the wrapper of the examples, which names kind, threshold and dataset", () => {
    const id = "regression-2026-06-12";
    const files = [
      file(`${id}.yaml`, sample("native/promptfoo-wrapper.yaml")),
      file(`${id}.promptfoo.json`, sample(results)),
    ];
    expect(recordOf(readEvidence(id, files, { folder: "e", place }))).toMatchObject({
      kind: "regression-eval",
      format: "promptfoo",
      threshold: ">= 0.95",
      dataset: { name: "support-golden-2026-06", size: 2 },
      result: 0.5,
      bundle: null,
      files: [`e/${id}.yaml`, `e/${id}.promptfoo.json`],
    });
  });

  it("written as JSON Lines lacks what tells a whole run, and is refused", () => {
    const { results: inner } = JSON.parse(sample(results)) as { results: { results: object[] } };
    const lines = inner.results.map((row) => JSON.stringify(row)).join("\n");
    expect(wrap("promptfoo", lines).problems).toMatchObject([{ code: "evidence-output", found: "not valid JSON" }]);
    const first = wrap("promptfoo", lines.split("\n")[0] ?? "").problems;
    expect(first).toMatchObject([{ code: "evidence-output", found: expect.stringContaining("results.prompts") }]);
  });

  it("tells baseline and candidate apart by label where both share an id", () => {
    expect(recordOf(wrap("promptfoo", sample(results), "select: { provider: candidate }")).counts?.total).toBe(4);
  });

  it("reads the bundle from the tag route_bundle and from no other", () => {
    const tagged = changed("promptfoo/results-with-tags.json", (value) =>
      Object.assign(value.config.tags, { route_bundle: digest }),
    );
    expect(recordOf(wrap("promptfoo", tagged)).bundle).toBe(digest);
    expect(recordOf(wrap("promptfoo", sample("promptfoo/results-with-tags.json"))).bundle).toBeNull();
  });

  type Results = {
    results: { results: Record<string, unknown>[]; prompts: unknown[]; stats: Record<string, number> };
    config: Record<string, unknown>;
    runtimeOptions: Record<string, unknown>;
  };
  const broken = (change: (value: Results) => void): readonly string[] =>
    recordOf(
      wrap(
        "promptfoo",
        changed(results, (value) => change(value as unknown as Results)),
      ),
    ).defects;

  it.each<[string, (value: Results) => void, string]>([
    [
      "a run of the first test only",
      (one) => {
        one.results.results.splice(4);
        one.results.stats["successes"] = 4;
        one.results.stats["failures"] = 0;
      },
      "partial: 4 rows where 8 belong",
    ],
    [
      "a repeated run that was cut",
      (one) => {
        one.runtimeOptions["repeat"] = 2;
      },
      "partial: 8 rows where 16 belong",
    ],
    [
      "a provider that was left out",
      (one) => {
        one.results.prompts.splice(2);
      },
      "partial: 2 of 4 pairs of prompt and provider were run",
    ],
    [
      "tests that the file does not list",
      (one) => {
        one.config["tests"] = "file://tests.csv";
      },
      "partial or not: the file does not list its tests, so nobody can tell",
    ],
    [
      "a row without assertions",
      (one) => {
        Object.assign(one.results.results[0] ?? {}, { gradingResult: { pass: true, score: 1, componentResults: [] } });
      },
      "without assertions: 1 row that could only pass",
    ],
    [
      "a grader that broke",
      (one) => {
        Object.assign(one.results.results[0] ?? {}, { failureReason: 2, success: false });
      },
      "errored: 1 row",
    ],
    [
      "a success against its own grading",
      (one) => {
        Object.assign(one.results.results[1] ?? {}, {
          success: true,
          gradingResult: { pass: false, componentResults: [{}] },
        });
      },
      "contradictory: 1 row claim success against their grading",
    ],
    [
      "statistics that were changed",
      (one) => {
        one.results.stats["successes"] = 8;
      },
      "contradictory: `stats` count 12, the file holds 8 rows",
    ],
  ])("%s does not count", (_name, change, defect) => {
    expect(broken(change)).toContain(defect);
  });
});

describe("the other tools", () => {
  it("OpenAI: errored samples belong to the total and are a defect", () => {
    expect(recordOf(wrap("openai-eval", sample("openai-evals/run.constructed.json")))).toMatchObject({
      bundle: `sha256:${"0f1e2d3c4b5a69788796a5b4c3d2e1f0".repeat(2)}`,
      result: 0.96,
      counts: { total: 200, passed: 192, failed: 7, errored: 1 },
      producedAt: "2026-08-24T19:33:20.000Z",
      defects: ["errored: 1 sample"],
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a run that is not completed", { status: "canceled" }, "not completed: the run's status is canceled"],
    [
      "a run without criteria",
      { per_testing_criteria_results: [] },
      "without assertions: the run has no testing criteria",
    ],
    [
      "a run that is not fully judged",
      { result_counts: { total: 200, errored: 0, failed: 7, passed: 100 } },
      "partial: 107 of 200 samples were judged",
    ],
  ])("OpenAI: %s does not count", (_name, change, defect) => {
    const text = changed("openai-evals/run.constructed.json", (value) => Object.assign(value, change));
    expect(recordOf(wrap("openai-eval", text)).defects).toContain(defect);
  });

  it("Inspect: a cancelled run of 3 of 100 samples carries a score and does not count", () => {
    expect(recordOf(wrap("inspect", sample("inspect/popularity.json")))).toMatchObject({
      result: 2 / 3,
      dataset: { name: "popularity", size: 100 },
      defects: ["not completed: the run's status is cancelled", "partial: 3 of 100 samples, the run was limited"],
    });
  });

  it("Inspect: a run that was limited does not count though it succeeded", () => {
    expect(recordOf(wrap("inspect", sample("inspect/small-popularity.json"))).defects).toEqual([
      "partial: 1 of 100 samples, the run was limited",
    ]);
  });

  it("Inspect: a complete run with the bundle in its metadata counts", () => {
    const text = changed("inspect/small-popularity.json", (value) => {
      Object.assign(value.eval, { config: {}, metadata: { route_bundle: digest } });
      Object.assign(value.eval.dataset, { samples: 1 });
    });
    expect(recordOf(wrap("inspect", text))).toMatchObject({ bundle: digest, defects: [] });
  });

  it("Inspect: a wrapper cannot rename the dataset", () => {
    expect(recordOf(wrap("inspect", sample("inspect/popularity.json"), "dataset: { name: golden }"))).toMatchObject({
      dataset: { name: "popularity" },
      defects: expect.arrayContaining(["contradictory: the wrapper names another dataset than the output"]),
    });
  });

  it("JUnit: cases are counted, and the bundle is a property", () => {
    const text = sample("junit/promptfoo.junit.xml");
    expect(recordOf(wrap("junit", text))).toMatchObject({
      result: 0.5,
      counts: { total: 8, passed: 4, failed: 4 },
      bundle: null,
      defects: [],
    });
    const bound = text.replace(
      /(<testsuite [^>]*>)/,
      `$1<properties><property name="route_bundle" value="${digest}"/></properties>`,
    );
    expect(recordOf(wrap("junit", bound)).bundle).toBe(digest);
  });

  it.each<[string, string, string]>([
    [
      "skipped cases",
      '<testsuite><testcase name="a"><skipped/></testcase><testcase name="b"/></testsuite>',
      "partial: 1 test case skipped",
    ],
    ["errored cases", '<testsuite><testcase name="a"><error/></testcase></testsuite>', "errored: 1 test case"],
    ["no cases", "<testsuite></testsuite>", "without assertions: the report holds no test case"],
    [
      "cases that say themselves that they assert nothing",
      '<testsuite><testcase name="a" assertions="0"/><testcase name="b" assertions="2"/></testsuite>',
      "without assertions: 1 test case that could only pass",
    ],
    [
      "totals that were changed",
      '<testsuite failures="0"><testcase name="a"><failure/></testcase></testsuite>',
      "contradictory: `failures` says 0, the report holds 1",
    ],
  ])("JUnit: %s do not count", (_name, text, defect) => {
    expect(recordOf(wrap("junit", text)).defects).toContain(defect);
  });

  it.each<[string, string]>([
    ["a document type", '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>'],
    ["an unknown entity", '<testsuite name="&a;"/>'],
    ["an external reference as entity", '<testsuite name="&xxe"/>'],
    ["tags that cross", "<testsuite><testcase></testsuite></testcase>"],
    ["two roots", "<testsuite/><testsuite/>"],
    ["a tag that never ends", '<testsuite name="a'],
    ["another root", "<html/>"],
    ["no XML", "hello"],
    ["a nest of tags", "<a>".repeat(100)],
  ])("JUnit: %s is refused", (_name, text) => {
    expect(wrap("junit", text).problems.map((one) => one.code)).toEqual(["evidence-output"]);
  });

  it("SageMaker: an approval of the registry is an approval, never a measurement", () => {
    const text = sample("sagemaker/model-package.constructed.json");
    const pending = recordOf(wrap("sagemaker", text, "", "registry-approval"));
    expect(pending).toMatchObject({
      bundle: "sha256:0f1e",
      result: 0,
      defects: ["not approved: the registry says PendingManualApproval"],
    });
    const approved = text.replace("PendingManualApproval", "Approved");
    expect(recordOf(wrap("sagemaker", approved, "", "registry-approval"))).toMatchObject({
      result: 1,
      threshold: "== 1",
      defects: [],
    });
    expect(recordOf(wrap("sagemaker", approved, "", "offline-eval")).defects).toEqual([
      "an approval of the registry is no measurement: its kind is registry-approval",
    ]);
  });

  it("in-toto: the subject is the bundle, and the named tests decide", () => {
    const text = sample("in-toto/test-result.constructed.json");
    expect(recordOf(wrap("in-toto", text, "dataset: { name: evals/support-v3.jsonl }"))).toMatchObject({
      bundle: `sha256:${"0f1e2d3c4b5a69788796a5b4c3d2e1f0".repeat(2)}`,
      result: 1,
      producedAt: null,
      dataset: { digest: expect.stringMatching(/^sha256:bb22/) },
      defects: [],
    });
    const lying = text.replace('"failedTests":[]', '"failedTests":["tone"]');
    expect(recordOf(wrap("in-toto", lying))).toMatchObject({
      result: 0.5,
      defects: ["contradictory: the result is PASSED with 1 failed test"],
    });
    const empty = text.replace('["refund"]', "[]");
    expect(recordOf(wrap("in-toto", empty)).defects).toContain("without assertions: no test is named");
  });
});

const outputs: readonly (readonly [ToolFormat, string])[] = [
  ["promptfoo", "promptfoo/results.json"],
  ["openai-eval", "openai-evals/run.constructed.json"],
  ["inspect", "inspect/small-popularity.json"],
  ["junit", "junit/promptfoo.junit.xml"],
  ["sagemaker", "sagemaker/model-package.constructed.json"],
  ["in-toto", "in-toto/test-result.constructed.json"],
];

describe("an output beyond the bounds is refused, whatever it says", () => {
  const long = (name: string): string => sample(name) + " ".repeat(4 * 1024 * 1024);
  it.each(outputs)("%s of more than 4 MiB", (format, name) => {
    expect(readToolOutput(format, long(name), { provider: null, scorer: null, dataset: null })).toEqual({
      ok: false,
      why: expect.stringMatching(/longer than 4194304 characters$/) as string,
    });
    expect(wrap(format, long(name)).problems.map(({ code }) => code)).toEqual(["evidence-output"]);
  });

  it.each(outputs.filter(([format]) => format !== "junit"))("%s with a nest of lists in it", (format, name) => {
    const nest = `${"[".repeat(100)}${"]".repeat(100)}`;
    const nested = sample(name).replace("{", `{"nest":${nest},`);
    expect(wrap(format, nested).problems).toMatchObject([{ code: "evidence-output", found: "nested deeper than 100" }]);
  });
});

it("every format that can be wrapped has a sample here", () => {
  expect(outputs.map(([format]) => format)).toEqual([...toolFormats]);
  expect(readdirSync("test/fixtures/evidence")).toEqual(expect.arrayContaining(["native", "prometheus"]));
});

it.each(outputs)("the reader of %s never throws on a mutated sample", (format, name) => {
  const text = sample(name);
  const insert = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom("null", "[]", "{}", "-1", "1e999", '"', "<", "&", "true,", "[".repeat(150), "\\ud800"),
  );
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(60), insert, (at, length, piece) => {
      const mutated = text.slice(0, at) + piece + text.slice(at + length);
      const result = readToolOutput(format, mutated, { provider: null, scorer: null, dataset: null });
      expect(result.ok ? result.value.defects : [result.why]).toBeInstanceOf(Array);
      expect(result.ok && result.value.result !== null ? Number.isFinite(result.value.result) : true).toBe(true);
    }),
    { numRuns: 150 },
  );
});

it("no JSON whatever its shape makes a reader throw", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(...toolFormats), (text, format) => {
      const merged = text.startsWith("{")
        ? `{"object":"eval.run","version":2,"eval":{"task":"t"},"results":{"results":[${text}],"prompts":[${text}]},"ModelPackageArn":"a","ModelApprovalStatus":"b","x":${text}}`
        : text;
      expect(readToolOutput(format, merged, { provider: null, scorer: null, dataset: null })).toHaveProperty("ok");
    }),
    { numRuns: 300 },
  );
});

it("a native record never makes the reader throw", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(readInlineEvidence(value as never, place, [], "e")).toHaveProperty("ok");
    }),
    { numRuns: 200 },
  );
});
