import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { longestOutput, readToolOutput } from "./read-tool-output.ts";
import type { ToolFormat } from "./record-schema.ts";
import type { ToolReading, ToolSelection } from "./tool-reading.ts";

const none: ToolSelection = { provider: null, scorer: null, dataset: null };

function sample(name: string): string {
  return readFileSync(`test/fixtures/evidence/${name}`, "utf8");
}

/** The whole reading of an output, or why there is none. */
function read(format: ToolFormat, output: unknown, select: Partial<ToolSelection> = {}): ToolReading | string {
  const text = typeof output === "string" ? output : JSON.stringify(output);
  const result = readToolOutput(format, text, { ...none, ...select });
  return result.ok ? result.value : result.why;
}

const sampleBundle = `sha256:${"0f1e2d3c4b5a69788796a5b4c3d2e1f0".repeat(2)}`;

it.each<[string, ToolFormat, string, Partial<ToolSelection>, ToolReading]>([
  [
    "results of promptfoo",
    "promptfoo",
    "promptfoo/results.json",
    {},
    {
      bundle: null,
      dataset: {
        name: "",
        digest: "sha256:b824bfed3a242fa605804cc55e2b61b6a7efcae8cf269f115fc68752e29b7e55",
        size: 2,
      },
      grader: "contains, icontains, javascript",
      threshold: null,
      result: 0.5,
      run: "eval-ueL-2026-11-22T22:30:07",
      url: null,
      producedAt: "2026-11-22T22:30:07.895Z",
      counts: { total: 8, passed: 4, failed: 4, errored: 0 },
      defects: [],
    },
  ],
  [
    "one provider of promptfoo's results",
    "promptfoo",
    "promptfoo/results-with-tags.json",
    { provider: "candidate" },
    {
      bundle: null,
      dataset: {
        name: "",
        digest: "sha256:b824bfed3a242fa605804cc55e2b61b6a7efcae8cf269f115fc68752e29b7e55",
        size: 2,
      },
      grader: "contains, icontains, javascript",
      threshold: null,
      result: 0.5,
      run: "eval-KBO-2026-11-22T22:39:45",
      url: null,
      producedAt: "2026-11-22T22:39:45.161Z",
      counts: { total: 4, passed: 2, failed: 2, errored: 0 },
      defects: [],
    },
  ],
  [
    "a run of OpenAI's evals",
    "openai-eval",
    "openai-evals/run.constructed.json",
    {},
    {
      bundle: sampleBundle,
      dataset: { name: "", digest: "openai:file-support-v3", size: 200 },
      grader: "Correct label-3f0, Tone rubric-9ab",
      threshold: null,
      result: 0.96,
      run: "evalrun_constructed",
      url: "https://platform.openai.com/evaluations/eval_constructed?run_id=evalrun_constructed",
      producedAt: "2026-08-24T19:33:20.000Z",
      counts: { total: 200, passed: 192, failed: 7, errored: 1 },
      defects: ["errored: 1 sample"],
    },
  ],
  [
    "one criterion of OpenAI's, of whose total the errored sample is",
    "openai-eval",
    "openai-evals/run.constructed.json",
    { scorer: "Tone rubric-9ab" },
    {
      bundle: sampleBundle,
      dataset: { name: "", digest: "openai:file-support-v3", size: 200 },
      grader: "Tone rubric-9ab",
      threshold: null,
      result: 193 / 200,
      run: "evalrun_constructed",
      url: "https://platform.openai.com/evaluations/eval_constructed?run_id=evalrun_constructed",
      producedAt: "2026-08-24T19:33:20.000Z",
      counts: { total: 200, passed: 192, failed: 7, errored: 1 },
      defects: ["errored: 1 sample"],
    },
  ],
  [
    "a cancelled log of Inspect",
    "inspect",
    "inspect/popularity.json",
    {},
    {
      bundle: null,
      dataset: { name: "popularity", digest: null, size: 100 },
      grader: "match",
      threshold: null,
      result: 2 / 3,
      run: "7KyCuAQSqp76qKQZEKmG6M",
      url: null,
      producedAt: "2025-05-13T00:28:15.000Z",
      counts: null,
      defects: ["not completed: the run's status is cancelled", "partial: 3 of 100 samples, the run was limited"],
    },
  ],
  [
    "a limited log of Inspect",
    "inspect",
    "inspect/small-popularity.json",
    {},
    {
      bundle: null,
      dataset: { name: "popularity", digest: null, size: 100 },
      grader: "match",
      threshold: null,
      result: 0,
      run: "o6Sd6xm3yv7pcqhmX2MJn9",
      url: null,
      producedAt: "2024-08-29T15:11:08.000Z",
      counts: null,
      defects: ["partial: 1 of 100 samples, the run was limited"],
    },
  ],
  [
    "a JUnit report",
    "junit",
    "junit/promptfoo.junit.xml",
    {},
    {
      bundle: null,
      dataset: null,
      grader: "promptfoo",
      threshold: null,
      result: 0.5,
      run: null,
      url: null,
      producedAt: "2026-11-22T22:30:07.895Z",
      counts: { total: 8, passed: 4, failed: 4, errored: 0 },
      defects: [],
    },
  ],
  [
    "a model package of SageMaker",
    "sagemaker",
    "sagemaker/model-package.constructed.json",
    {},
    {
      bundle: "sha256:0f1e",
      dataset: null,
      grader: "SageMaker model registry",
      threshold: "== 1",
      result: 0,
      run: "arn:aws:sagemaker:us-east-1:123456789012:model-package/support-triage/7 (version 7)",
      url: null,
      producedAt: "2026-08-24T19:33:20.000Z",
      counts: null,
      defects: ["not approved: the registry says PendingManualApproval"],
    },
  ],
  [
    "an in-toto test result",
    "in-toto",
    "in-toto/test-result.constructed.json",
    { dataset: "evals/support-v3.jsonl" },
    {
      bundle: sampleBundle,
      dataset: {
        name: "evals/support-v3.jsonl",
        digest: "sha256:bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900aa11",
        size: null,
      },
      grader: "evals/support.promptfoo.yaml",
      threshold: null,
      result: 1,
      run: "https://github.com/acme/app/actions/runs/123",
      url: "https://github.com/acme/app/actions/runs/123",
      producedAt: null,
      counts: { total: 1, passed: 1, failed: 0, errored: 0 },
      defects: [],
    },
  ],
])("%s is read as a whole", (_name, format, name, select, reading) => {
  expect(read(format, sample(name), select)).toEqual(reading);
});

describe("the bounds of an output", () => {
  const nest = (levels: number, open: string, close: string): string => open.repeat(levels) + close.repeat(levels);
  const run = (inside: string): string => `{"object": "eval.run", "id": "run-1", "x": ${inside}}`;
  const pad = (text: string, length: number): string => text + " ".repeat(length - text.length);

  it.each<[string, string]>([
    ["99 lists inside of its map", run(nest(99, "[", "]"))],
    ["99 maps inside of its map", run(`${'{"a":'.repeat(99)}1${"}".repeat(99)}`)],
    ["200 lists beside each other", run(`[${Array.from({ length: 200 }, () => "[]").join(",")}]`)],
    ["200 maps beside each other", run(`[${Array.from({ length: 200 }, () => "{}").join(",")}]`)],
    ["brackets in a text", run(`"${"[{".repeat(100)}"`)],
    ["brackets in a text, after a quote of the text", run(`"1\\"${"[{".repeat(100)}"`)],
    ["a byte order mark", `\uFEFF${run("1")}`],
    ["4,194,304 characters", pad(run("1"), longestOutput)],
  ])("take %s", (_name, text) => {
    expect(read("openai-eval", text)).toMatchObject({ run: "run-1" });
  });

  it.each<[string, ToolFormat, string, string]>([
    ["100 lists inside of a map", "openai-eval", run(nest(100, "[", "]")), "nested deeper than 100"],
    [
      "100 maps inside of a map",
      "openai-eval",
      run(`${'{"a":'.repeat(100)}1${"}".repeat(100)}`),
      "nested deeper than 100",
    ],
    [
      "100 lists with values before each",
      "openai-eval",
      run(`${'["ab", 1, '.repeat(100)}2${"]".repeat(100)}`),
      "nested deeper than 100",
    ],
    [
      "100 lists after texts that end in a backslash",
      "openai-eval",
      run(`["\\\\", "a\\\\", ${nest(99, "[", "]")}]`),
      "nested deeper than 100",
    ],
    ["one character more, in JSON", "openai-eval", pad(run("1"), longestOutput + 1), "longer than 4194304 characters"],
    ["half a character in a key", "openai-eval", run('{"\\ud800": 1, "a": 2}'), "a key holds half a character"],
    ["half a JSON", "openai-eval", run("1").slice(0, -1), "not valid JSON"],
    ["a report as JSON", "inspect", "<testsuite/>", "not valid JSON"],
  ])("refuse %s", (_name, format, text, why) => {
    expect(read(format, text)).toBe(why);
  });

  it("take a JUnit report of 4,194,304 characters and refuse one more", () => {
    expect(read("junit", pad("<testsuite/>", longestOutput))).toHaveProperty("counts");
    expect(read("junit", pad("<testsuite/>", longestOutput + 1))).toBe("the text is longer than 4194304 characters");
  });

  it("show half a character of a text as one that is missing", () => {
    const reading = read("openai-eval", run('1, "status": "cut \\ud800"'));
    expect(reading).toMatchObject({
      defects: expect.arrayContaining(["not completed: the run's status is cut \ufffd"]),
    });
  });
});

it.each<[string, ToolFormat, unknown, string]>([
  ["results without rows", "promptfoo", { results: { prompts: [{}] } }, "promptfoo"],
  ["results without prompts", "promptfoo", { results: { results: [], prompts: [] } }, "promptfoo"],
  ["another object of OpenAI's", "openai-eval", { object: "eval" }, "openai-eval"],
  ["a log of Inspect's first version", "inspect", { version: 1, eval: { task: "t" } }, "inspect"],
  ["a log without a task", "inspect", { version: 2, eval: {} }, "inspect"],
  ["a package without its name", "sagemaker", { ModelApprovalStatus: "Approved" }, "sagemaker"],
  ["a package without its approval", "sagemaker", { ModelPackageArn: "arn:7" }, "sagemaker"],
  ["a statement with another predicate", "in-toto", { predicateType: "https://slsa.dev/x" }, "in-toto"],
  ["a statement without a predicate", "in-toto", {}, "in-toto"],
  ["an HTML page", "junit", "<html/>", "junit"],
])("%s is not read, and the reader says what it looked for", (_name, format, output, of) => {
  const whys: Readonly<Record<string, string>> = {
    promptfoo: "no `results.results` and `results.prompts`, as promptfoo writes them",
    "openai-eval": "`object` is not `eval.run`",
    inspect: "no `version: 2` and `eval.task`, as Inspect writes them",
    sagemaker: "no `ModelPackageArn` and `ModelApprovalStatus`, as SageMaker writes them",
    "in-toto": "the predicate is not an in-toto test result",
    junit: "the root is neither `testsuites` nor `testsuite`",
  };
  expect(read(format, output)).toBe(whys[of]);
});

describe("a log of Inspect", () => {
  const score = (name: string, metrics: object): object => ({ name, metrics });

  interface Changes {
    dataset?: object;
    config?: object;
    results?: object;
    log?: object;
  }

  const buildLog = ({ dataset, config, results, log }: Changes): object => ({
    version: 2,
    status: "success",
    eval: {
      task: "t",
      run_id: "run-1",
      dataset: { name: "golden", samples: 2, ...dataset },
      config: { ...config },
      metadata: { route_bundle: "mrb1:sha256:00" },
    },
    results: {
      total_samples: 2,
      completed_samples: 2,
      scores: [score("match", { accuracy: { value: 0.5 } })],
      ...results,
    },
    stats: { started_at: "2026-11-01T10:00:00Z", completed_at: "2026-11-01T10:05:00Z" },
    ...log,
  });

  const whole: ToolReading = {
    bundle: "mrb1:sha256:00",
    dataset: { name: "golden", digest: null, size: 2 },
    grader: "match",
    threshold: null,
    result: 0.5,
    run: "run-1",
    url: null,
    producedAt: "2026-11-01T10:05:00.000Z",
    counts: null,
    defects: [],
  };

  it.each<[string, Changes, Partial<ToolReading>]>([
    ["that is complete", {}, {}],
    [
      "whose scorer has a mean",
      { results: { scores: [score("match", { mean: { value: 0.7 } })] } },
      { result: 0.7, defects: [] },
    ],
    [
      "whose scorer has accuracy and mean: accuracy is read",
      { results: { scores: [score("match", { mean: { value: 0.7 }, accuracy: { value: 0.6 } })] } },
      { result: 0.6 },
    ],
    [
      "whose scorer has neither",
      { results: { scores: [score("match", { stderr: { value: 0.7 } })] } },
      { result: null, defects: ["without a result: the scorer has neither accuracy nor mean"] },
    ],
    [
      "without scores",
      { results: { scores: [] } },
      { grader: null, result: null, defects: ["without assertions: the log has no scores"] },
    ],
    [
      "with two scorers, of which nobody chose",
      { results: { scores: [score("a", { mean: { value: 1 } }), score("b", { mean: { value: 0 } })] } },
      { grader: "a", result: 1, defects: ["ambiguous: 2 scorers, and the wrapper names none"] },
    ],
    [
      "without its end: it is as old as its start",
      { log: { stats: { started_at: "2026-11-01T10:00:00Z" } } },
      { producedAt: "2026-11-01T10:00:00.000Z" },
    ],
    ["without times", { log: { stats: {} } }, { producedAt: null }],
    ["without a name of its dataset", { dataset: { name: "" } }, { dataset: { name: "", digest: null, size: 2 } }],
    [
      "that does not say how large the dataset is",
      { dataset: { samples: null } },
      {
        dataset: { name: "golden", digest: null, size: null },
        defects: ["partial or not: the log does not say how many samples the dataset has"],
      },
    ],
    [
      "that was limited and does not say how large the dataset is",
      { dataset: { samples: null }, config: { limit: 2 } },
      {
        dataset: { name: "golden", digest: null, size: null },
        defects: [
          "partial: 2 of an unknown number of samples, the run was limited",
          "partial or not: the log does not say how many samples the dataset has",
        ],
      },
    ],
    ["whose limit is empty", { config: { limit: null } }, { defects: [] }],
    [
      "of a part of the dataset",
      { results: { total_samples: 1, completed_samples: 1 } },
      { defects: ["partial: 1 of 2 samples"] },
    ],
    [
      "of three epochs",
      { config: { epochs: 3 }, results: { total_samples: 6, completed_samples: 6 } },
      { defects: [] },
    ],
    [
      "of three epochs, one of them cut: each epoch asks for every sample",
      { config: { epochs: 3 }, results: { total_samples: 5, completed_samples: 5 } },
      { defects: ["partial: 5 of 6 samples"] },
    ],
    [
      "of no epoch, which is read as one",
      { config: { epochs: 0 }, results: { total_samples: 1, completed_samples: 1 } },
      { defects: ["partial: 1 of 2 samples"] },
    ],
    [
      "in which samples were not completed",
      { results: { completed_samples: 1 } },
      { defects: ["partial: 1 of 2 samples were completed"] },
    ],
    [
      "of an empty dataset",
      { dataset: { samples: 0 }, results: { total_samples: 0, completed_samples: 0 } },
      { dataset: { name: "golden", digest: null, size: 0 }, defects: ["partial: no sample was judged"] },
    ],
    [
      "whose samples ended in errors",
      { log: { samples: [{ error: null }, { error: { message: "timeout" } }, {}, { error: "x" }] } },
      { defects: ["errored: 2 samples"] },
    ],
    ["whose samples ended well", { log: { samples: [{ error: null }, {}] } }, { defects: [] }],
    ["without a status", { log: { status: null } }, { defects: ["not completed: the run's status is unknown"] }],
    [
      "without a bundle",
      { log: { eval: { task: "t", dataset: { samples: 2 } } } },
      {
        bundle: null,
        run: null,
        dataset: { name: "", digest: null, size: 2 },
      },
    ],
  ])("%s", (_name, changes, reading) => {
    expect(read("inspect", buildLog(changes))).toEqual({ ...whole, ...reading });
  });

  it.each<[string, Partial<ToolReading>]>([
    ["b", { grader: "b", result: 0.25, defects: [] }],
    ["c", { grader: null, result: null, defects: ["no scorer is called c"] }],
  ])("is read for the scorer that the wrapper names: %s", (scorer, reading) => {
    const scores = [score("a", { accuracy: { value: 1 } }), score("b", { accuracy: { value: 0.25 } })];
    expect(read("inspect", buildLog({ results: { scores } }), { scorer })).toEqual({ ...whole, ...reading });
  });
});

describe("a run of OpenAI's evals", () => {
  const criterion = (name: string | null, passed: number): object => ({ testing_criteria: name, passed });
  const run = {
    object: "eval.run",
    id: "run-1",
    status: "completed",
    created_at: 1_700_000_000,
    result_counts: { total: 4, passed: 3, failed: 1, errored: 0 },
    per_testing_criteria_results: [criterion("tone", 2), criterion("facts", 4)],
  };
  const whole: ToolReading = {
    bundle: null,
    dataset: { name: "", digest: null, size: 4 },
    grader: "tone, facts",
    threshold: null,
    result: 0.75,
    run: "run-1",
    url: null,
    producedAt: "2023-11-14T22:13:20.000Z",
    counts: { total: 4, passed: 3, failed: 1, errored: 0 },
    defects: [],
  };

  it.each<[string, object, string | null, Partial<ToolReading>]>([
    ["that is complete", {}, null, {}],
    ["for a criterion that the wrapper names", {}, "facts", { grader: "facts", result: 1 }],
    [
      "for a criterion that it does not have",
      {},
      "cost",
      { grader: "cost", result: 0, defects: ["no criterion is called cost"] },
    ],
    ["without a status", { status: null }, null, { defects: ["not completed: the run's status is unknown"] }],
    [
      "without criteria",
      { per_testing_criteria_results: [] },
      null,
      { grader: null, defects: ["without assertions: the run has no testing criteria"] },
    ],
    [
      "with criteria that have no name",
      { per_testing_criteria_results: [criterion(null, 1), criterion("facts", 1)] },
      null,
      { grader: "unnamed, facts" },
    ],
    [
      "with eleven criteria, of which ten are shown",
      { per_testing_criteria_results: Array.from({ length: 11 }, (_, index) => criterion(`c${index}`, 1)) },
      null,
      { grader: "c0, c1, c2, c3, c4, c5, c6, c7, c8, c9" },
    ],
    [
      "without counts",
      { result_counts: null },
      null,
      {
        dataset: { name: "", digest: null, size: 0 },
        result: null,
        counts: { total: 0, passed: 0, failed: 0, errored: 0 },
      },
    ],
    [
      "with an error and a sample that was not judged",
      { result_counts: { total: 4, passed: 2, failed: 0, errored: 1 } },
      null,
      {
        result: 0.5,
        counts: { total: 4, passed: 2, failed: 0, errored: 1 },
        defects: ["errored: 1 sample", "partial: 3 of 4 samples were judged"],
      },
    ],
  ])("%s", (_name, changes, scorer, reading) => {
    expect(read("openai-eval", { ...run, ...changes }, { scorer })).toEqual({ ...whole, ...reading });
  });
});

describe("a model package of SageMaker", () => {
  const whole: ToolReading = {
    bundle: null,
    dataset: null,
    grader: "SageMaker model registry",
    threshold: "== 1",
    result: 1,
    run: "arn:7 (version 7)",
    url: null,
    producedAt: "2023-11-14T22:14:20.000Z",
    counts: null,
    defects: [],
  };

  it.each<[string, object, Partial<ToolReading>]>([
    ["that is approved", {}, {}],
    ["without a version", { ModelPackageVersion: null }, { run: "arn:7" }],
    ["that nobody changed since it was made", { LastModifiedTime: null }, { producedAt: "2023-11-14T22:13:20.000Z" }],
    ["without its creation", { CreationTime: null }, { producedAt: "2023-11-14T22:14:20.000Z" }],
    [
      "that is rejected",
      { ModelApprovalStatus: "Rejected" },
      { result: 0, defects: ["not approved: the registry says Rejected"] },
    ],
    ["that failed", { ModelPackageStatus: "Failed" }, { defects: ["not completed: the package's status is Failed"] }],
    ["without a status", { ModelPackageStatus: null }, { defects: ["not completed: the package's status is unknown"] }],
  ])("%s", (_name, changes, reading) => {
    const written = {
      ModelPackageArn: "arn:7",
      ModelPackageVersion: 7,
      ModelPackageStatus: "Completed",
      ModelApprovalStatus: "Approved",
      CreationTime: 1_700_000_000,
      LastModifiedTime: 1_700_000_060,
      ...changes,
    };
    expect(read("sagemaker", written)).toEqual({ ...whole, ...reading });
  });
});

describe("an in-toto test result", () => {
  const configuration = [
    { name: "suite.yaml", digest: { sha256: "aa" } },
    { name: "golden.jsonl", digest: { sha256: "bb" } },
    { name: "empty.jsonl" },
    { digest: { sha256: "cc" } },
  ];
  const tests = (passed: number, warned: number, failed: number): object => ({
    passedTests: Array.from({ length: passed }, (_, index) => `passed ${index}`),
    warnedTests: Array.from({ length: warned }, (_, index) => `warned ${index}`),
    failedTests: Array.from({ length: failed }, (_, index) => `failed ${index}`),
  });
  const subjects = (...digests: (string | null)[]): object[] =>
    digests.map((sha) => ({ name: "x", digest: sha === null ? { sha512: "ff" } : { sha256: sha } }));
  const whole: ToolReading = {
    bundle: "sha256:00",
    dataset: null,
    grader: "suite.yaml",
    threshold: null,
    result: 0.8,
    run: "https://example.com/1",
    url: "https://example.com/1",
    producedAt: null,
    counts: { total: 5, passed: 4, failed: 1, errored: 0 },
    defects: [],
  };

  interface Changes {
    predicate?: object;
    subject?: object[];
    dataset?: string;
  }

  it.each<[string, Changes, Partial<ToolReading>]>([
    ["in which warned tests count as passed", {}, {}],
    ["that lost a test and says so", { predicate: { result: "FAILED" } }, {}],
    [
      "that claims to have passed with failed tests",
      { predicate: { result: "PASSED", ...tests(3, 0, 2) } },
      {
        result: 0.6,
        counts: { total: 5, passed: 3, failed: 2, errored: 0 },
        defects: ["contradictory: the result is PASSED with 2 failed tests"],
      },
    ],
    [
      "that claims to have failed without a failed test",
      { predicate: { result: "FAILED", ...tests(5, 0, 0) } },
      {
        result: 1,
        counts: { total: 5, passed: 5, failed: 0, errored: 0 },
        defects: ["contradictory: the result is FAILED with 0 failed tests"],
      },
    ],
    ["that warns with failed tests, which no word of its own denies", { predicate: { result: "WARNED" } }, {}],
    [
      "without tests",
      { predicate: tests(0, 0, 0) },
      {
        result: null,
        counts: { total: 0, passed: 0, failed: 0, errored: 0 },
        defects: ["without assertions: no test is named"],
      },
    ],
    ["of two subjects", { subject: subjects("00", "11") }, { defects: ["ambiguous: 2 subjects instead of one"] }],
    [
      "of two subjects, the first without a SHA-256",
      { subject: subjects(null, "11") },
      { bundle: "sha256:11", defects: ["ambiguous: 2 subjects instead of one"] },
    ],
    ["of a subject without a SHA-256", { subject: subjects(null) }, { bundle: null }],
    ["of no subject", { subject: [] }, { bundle: null, defects: ["ambiguous: 0 subjects instead of one"] }],
    ["without a configuration", { predicate: { configuration: [] } }, { grader: null }],
    ["without a run", { predicate: { url: null } }, { run: null, url: null }],
    [
      "whose wrapper names the dataset",
      { dataset: "golden.jsonl" },
      { dataset: { name: "golden.jsonl", digest: "sha256:bb", size: null } },
    ],
    [
      "whose dataset has no digest",
      { dataset: "empty.jsonl" },
      { dataset: { name: "empty.jsonl", digest: null, size: null } },
    ],
    ["whose configuration does not name the dataset", { dataset: "other.jsonl" }, { dataset: null }],
  ])("%s", (_name, { predicate, subject, dataset }, reading) => {
    const statement = {
      subject: subject ?? subjects("00"),
      predicateType: "https://in-toto.io/attestation/test-result/v0.1",
      predicate: { configuration, url: "https://example.com/1", ...tests(3, 1, 1), ...predicate },
    };
    expect(read("in-toto", statement, { dataset: dataset ?? null })).toEqual({ ...whole, ...reading });
  });
});

describe("results of promptfoo", () => {
  const row = (provider: unknown, types: readonly (string | null)[] = ["equals"]): object => ({
    success: true,
    provider,
    gradingResult: { pass: true, componentResults: types.map((type) => ({ assertion: { type } })) },
  });
  const cells = (...providers: string[]): object[] => providers.map((provider) => ({ provider }));
  const buildResults = (rows: readonly object[], prompts: readonly object[], config: object, more = {}): object => ({
    evalId: "eval-1",
    shareableUrl: "https://example.com/eval-1",
    results: {
      prompts,
      results: rows,
      stats: { successes: rows.length, failures: 0, errors: 0 },
    },
    config,
    ...more,
  });

  it("carry the address under which they were shared", () => {
    expect(read("promptfoo", buildResults([row("p")], cells("p"), { tests: [{}] }))).toMatchObject({
      url: "https://example.com/eval-1",
      defects: [],
    });
  });

  it("without a row are a run of nothing", () => {
    expect(read("promptfoo", buildResults([], cells("p"), { tests: [{}] }))).toMatchObject({
      grader: null,
      result: null,
      counts: { total: 0, passed: 0, failed: 0, errored: 0 },
      defects: ["partial: 0 rows where 1 belong"],
    });
  });

  it("that do not list their tests have no digest of them", () => {
    expect(read("promptfoo", buildResults([row("p")], cells("p"), { tests: "file://tests.csv" }))).toMatchObject({
      dataset: { name: "", digest: null, size: null },
    });
  });

  it.each<[string, (string | null)[], string]>([
    ["each once, by name", ["llm-rubric", "equals", "llm-rubric"], "equals, llm-rubric"],
    ["unknown where they have no type", ["equals", null], "equals, unknown"],
    [
      "ten of eleven",
      Array.from({ length: 11 }, (_, index) => `a${String(index).padStart(2, "0")}`),
      "a00, a01, a02, a03, a04, a05, a06, a07, a08, a09",
    ],
  ])("show the types of their assertions: %s", (_name, types, grader) => {
    expect(read("promptfoo", buildResults([row("p", types)], cells("p"), { tests: [{}] }))).toMatchObject({ grader });
  });

  it.each<[string, unknown]>([
    ["its name", "candidate"],
    ["its label", { id: "echo", label: "candidate" }],
    ["its id", { id: "candidate" }],
  ])("are read for one provider by %s", (_name, provider) => {
    const config = { tests: [{}], prompts: ["a"], providers: ["candidate", "baseline"] };
    const results = buildResults([row(provider), row("baseline")], cells("candidate", "baseline"), config);
    expect(read("promptfoo", results, { provider: "candidate" })).toMatchObject({
      counts: { total: 1, passed: 1, failed: 0, errored: 0 },
      defects: [],
    });
  });

  it("of one provider miss the prompts that it was not asked", () => {
    const config = { tests: [{}], prompts: ["a", "b"], providers: ["candidate", "baseline"] };
    const results = buildResults([row("candidate")], cells("candidate"), config);
    expect(read("promptfoo", results, { provider: "candidate" })).toMatchObject({
      defects: ["partial: 1 of 2 pairs of prompt and provider were run"],
    });
  });
});

describe("a JUnit report", () => {
  it("takes its bundle from a property only", () => {
    const report = `<testsuite><testcase name="route_bundle" value="mrb1:sha256:00"/></testsuite>`;
    expect(read("junit", report)).toMatchObject({ bundle: null, defects: [] });
  });

  it.each(['<property name="route_bundle"/>', '<property name="route_bundle" value=""/>'])(
    "names no bundle by a property without a value: %s",
    (property) => {
      const report = `<testsuite><properties>${property}</properties><testcase/></testsuite>`;
      expect(read("junit", report)).toMatchObject({ bundle: null, defects: [] });
    },
  );

  it("is as old as the latest of its suites that says when it ran", () => {
    const report =
      '<testsuites><testsuite/><testsuite timestamp="2026-11-01T10:00:00+0100"><testcase/></testsuite><testsuite timestamp="soon"/></testsuites>';
    expect(read("junit", report)).toMatchObject({ producedAt: "2026-11-01T09:00:00.000Z" });
  });

  it("without a suite is read as a run of nothing", () => {
    expect(read("junit", "<testsuites/>")).toEqual({
      bundle: null,
      dataset: null,
      grader: null,
      threshold: null,
      result: null,
      run: null,
      url: null,
      producedAt: null,
      counts: { total: 0, passed: 0, failed: 0, errored: 0 },
      defects: ["without assertions: the report holds no test case"],
    });
  });
});
