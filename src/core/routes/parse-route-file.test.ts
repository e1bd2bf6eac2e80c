import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRouteFile } from "./parse-route-file.ts";
import { placeOf } from "./route-file.ts";
import { routeOf, routeText, smallRoute } from "./test-route.ts";

const short = readFileSync("docs/examples/support-answer.yaml", "utf8");
const full = readFileSync("docs/examples/support-answer-full.yaml", "utf8");

function problemsOf(text: string): string[] {
  const parsed = parseRouteFile("r.yaml", { kind: "text", text });
  return parsed.problems.map((one) => `${one.line}:${one.column} ${one.code}`);
}

describe("the examples", () => {
  it("the form that people write first has no problem", () => {
    const file = routeOf(short);
    expect(file.record.candidate?.fallback).toEqual([{ kind: "name", name: "baseline-search" }]);
    expect(file.record.environment).toBe("production");
    expect(file.record.dataClasses).toBeNull();
    expect(file.record.exposure).toEqual({
      form: "short",
      firstAudience: "internal-support",
      nextAudience: "five-percent-low-risk-accounts",
      excluded: ["regulated-region", "enterprise-legal-review"],
    });
  });

  it("the form with every field has no problem and is normalised", () => {
    const { record } = routeOf(full);
    expect(record.guardrails[2]?.margin).toEqual({
      operator: "<=",
      unit: "percent",
      amount: 10,
      text: "<= baseline + 10%",
    });
    expect(record.guardrails[5]?.margin).toMatchObject({ unit: "points", amount: 2 });
    expect(record.guardrails[0]).toMatchObject({ windowMs: 86_400_000, minSamples: 200, threshold: { amount: 0.85 } });
    expect(record.exposure).toMatchObject({
      plan: [{}, { steps: [5, 10, 25], soakMs: 172_800_000 }, {}, { audience: null }],
    });
    expect(record.cleanup).toEqual({ decision: "remove", date: "2027-01-31", owner: "support-ai-platform" });
    expect(record.extensions).toEqual({ "x-team-channel": "#support-ai" });
  });

  it("every field knows its line and column", () => {
    const file = routeOf(full);
    expect(placeOf(file, "candidate.model")).toEqual({ path: "model-routes/f.yaml", line: 34, column: 12 });
    expect(placeOf(file, "candidate")).toMatchObject({ line: 32, column: 3 });
    expect(placeOf(file, "candidate.endpoint")).toMatchObject({ line: 32, column: 3 });
    expect(placeOf(file, "exposure.plan.1.steps")).toMatchObject({ line: 61 });
  });

  it("Windows line ends and a byte order mark change nothing in meaning", () => {
    expect(routeOf(`\uFEFF${full.replaceAll("\n", "\r\n")}`).record).toEqual(routeOf(full).record);
  });
});

/** The full example with one text replaced by another. */
function changed(from: string, to: string): string {
  const text = full.replace(from, to);
  if (text === full) throw new Error(`nothing to replace: ${from}`);
  return text;
}

it.each<[string, string, string]>([
  ["an unknown key", changed("    promptVersion", "    promtVersion"), "24:5 unknown-key"],
  [
    "a key of one's own inside a bundle",
    changed("    provider: openai", "    x-note: 1\n    provider: openai"),
    "21:5 unknown-key",
  ],
  ["a key of one's own inside approval", changed("    reviewers:", "    x-a: 1\n    reviewers:"), "46:5 unknown-key"],
  ["a wrong status", changed("approved-for-internal-canary", "approved"), "45:13 wrong-value"],
  ["a wrong data class", changed("[public, customer]", "[public, secret]"), "12:25 wrong-value"],
  ["a flag key that FeatBit refuses", changed("support_answer_model_route", "support answer"), "3:12 wrong-value"],
  ["a flag key that is too long", changed("support_answer_model_route", "a".repeat(129)), "3:12 wrong-value"],
  ["a flag key of Routeward's own", changed("support_answer_model_route", "a__rehearsal"), "3:12 reserved-flag-key"],
  ["a number where text belongs", changed('version: "14"', "version: 14"), "19:14 wrong-value"],
  ["text where a number belongs", changed("timeoutMs: 8000", "timeoutMs: fast"), "29:16 wrong-value"],
  ["a timeout of zero", changed("timeoutMs: 8000", "timeoutMs: 0"), "29:16 wrong-value"],
  ["a path out of the repository", changed("prompts/support/v3.md", "../v3.md"), "25:13 wrong-path"],
  ["an absolute path", changed("prompts/support/v3.md", "/etc/passwd"), "25:13 wrong-path"],
  ["an address as path", changed("prompts/support/v3.md", "https://example.com/v3.md"), "25:13 wrong-path"],
  ["a day that does not exist", changed("2027-01-31", "2027-02-31"), "70:9 wrong-date"],
  ["the wrong name of the cleanup date", changed("by: 2027-01-31", "reviewBy: 2027-01-31"), "70:15 wrong-cleanup-date"],
  ["a duration without unit", changed("window: 24h", "window: 24"), "51:102 wrong-value"],
  ["a duration of zero as window", changed("window: 24h", "window: 0h"), "51:102 wrong-duration"],
  ["a threshold with a unit", changed('"<= 2.5"', '"<= 2500ms"'), "52:80 wrong-threshold"],
  ["a threshold that names the baseline", changed('"<= 2.5"', '"<= baseline"'), "52:80 wrong-threshold"],
  ["a margin without percent or points", changed("baseline + 10%", "baseline + 10"), "53:98 wrong-margin"],
  ["a margin without the baseline", changed('"<= baseline + 10%"', '"<= 10%"'), "53:98 wrong-margin"],
  ["a guardrail that can never fail", changed('threshold: "<= 2.5", ', ""), "52:7 guardrail-without-bound"],
  ["two guardrails of one name", changed("name: p95 latency", "name: answer quality"), "52:15 duplicate-guardrail"],
  ["a query instead of a template", changed("metric: rubric-score", "metric: sum(x)"), "51:58 wrong-value"],
  [
    "a parameter that could change a query",
    changed("segment: priority", "segment: 'x\"} or vector(1)'"),
    "57:120 wrong-value",
  ],
  ["steps that fall", changed("[5, 10, 25]", "[5, 25, 10]"), "61:79 steps-not-rising"],
  ["a step above 100", changed("[5, 10, 25]", "[5, 10, 250]"), "61:79 wrong-value"],
  ["a step below 1", changed("[5, 10, 25]", "[0, 10, 25]"), "61:72 wrong-value"],
  [
    "a share that falls from one stage to the next",
    changed("audience: all-eligible, steps: [50]", "audience: low-risk-accounts, steps: [20]"),
    "62:70 share-falls",
  ],
  ["stages out of order", changed("stage: ab-comparison", "stage: shadow"), "62:18 plan-order"],
  [
    "an audience that calls itself internal, which only the policy may",
    changed("audience: internal-support,", "audience: internal-support, internal: true,"),
    "60:63 unknown-key",
  ],
  ["a canary without audience", changed("audience: low-risk-accounts, ", ""), "61:9 audience-missing"],
  [
    "steps where there are no shares",
    changed("{ stage: default }", "{ stage: default, steps: [50] }"),
    "63:34 steps-without-share",
  ],
  ["short form and plan together", changed("    plan:", "    firstAudience: a\n    plan:"), "59:20 two-exposure-forms"],
  ["an audience that is excluded too", changed("[regulated-region,", "[all-eligible,"), "64:16 audience-excluded"],
  [
    "a next audience without a first",
    short.replace("firstAudience: internal-support\n    ", ""),
    "23:19 next-without-first",
  ],
  [
    "a next audience that is the first",
    short.replace("five-percent-low-risk-accounts", "internal-support"),
    "24:19 same-audience-twice",
  ],
  [
    "a permanent flag with the date of a removal",
    changed("decision: remove", "decision: permanent"),
    "70:9 wrong-cleanup-date",
  ],
  ["a registry without a reference", changed("    reference: arn", "    version2: arn"), "16:3 missing-field"],
  [
    "an outcome without a reason",
    changed("    reviewers:", "    outcome: { decision: expand }\n    reviewers:"),
    "46:14 missing-field",
  ],
  ["a kind of risk that there is not", changed("    cost: Output", "    morale: Output"), "14:5 unknown-key"],
  [
    "a key of one's own inside a fallback",
    changed("fallback: baseline-search", "fallback: { model: a, x-b: 1 }"),
    "31:27 unknown-key",
  ],
  ["a key that is no text", changed("  description:", "  [a, b]: x\n  description:"), "8:3 broken-yaml"],
  [
    "a rollback to something else",
    changed("defaultVariation: baseline", "defaultVariation: candidate"),
    "66:23 wrong-value",
  ],
  ["an evidence id that is a path", changed("rollback-test-passed", "../x"), "49:9 wrong-value"],
  ["a missing owner", changed("  owner: support-ai-platform\n", ""), "2:1 missing-field"],
  ["a missing model", changed("    model: gpt-4o-2024-08-06\n", ""), "20:3 missing-field"],
  [
    "a string flag that shadows",
    changed("type: json", "type: string").replace("approved-for-internal-canary", "approved-for-shadow"),
    "45:13 string-flag-shadow",
  ],
  [
    "a string flag whose plan shadows",
    changed("type: json", "type: string").replace("    plan:\n", "    plan:\n      - { stage: shadow }\n"),
    "60:18 string-flag-shadow",
  ],
  ["a key beside the record", `${full}other: 1\n`, "75:8 unknown-key"],
  ["no record at all", "other: 1\n", "1:1 no-record"],
  ["a misspelt record", full.replace("model_change", "model_chnage"), "2:1 no-record"],
  ["a list instead of a record", "- a\n", "1:1 no-record"],
])("%s is a problem on its line", (_name, text, problem) => {
  expect(problemsOf(text)).toContain(problem);
});

it.each<[string, string, string, string]>([
  ["a status", "approved-for-internal-canary", "aproved-for-internal-canary", "approved-for-internal-canary"],
  ["a type of flag", "type: json", "type: jsn", "json"],
  ["a data class", "[public, customer]", "[public, custommer]", "customer"],
  ["a registry", "provider: sagemaker", "provider: sagemakr", "sagemaker"],
  ["a category", "category: fallback", "category: falback", "fallback"],
  ["what a breach does", "onBreach: rollback", "onBreach: rolback", "rollback"],
  ["a stage", "stage: default", "stage: defualt", "default"],
  ["a cleanup decision", "decision: remove", "decision: removed", "remove"],
])("suggests the word that was meant for %s", (_name, from, to, meant) => {
  const parsed = parseRouteFile("r.yaml", { kind: "text", text: changed(from, to) });
  expect(parsed.problems).toEqual([
    expect.objectContaining({
      code: "wrong-value",
      expected: expect.stringContaining(meant) as unknown,
      found: to.replace(/^.*[: ](?=\S)/, "").replace("]", ""),
      fix: `Did you mean \`${meant}\`?`,
    }),
  ]);
});

it.each<[string, string, string, string]>([
  ["of the record", "  guardrails:", "  guardrials:", "guardrails"],
  ["of a risk", "    cost: Output", "    costs: Output", "cost"],
  ["of the goal", "    metric: escalation-rate", "    metrc: escalation-rate", "metric"],
  ["of a bundle, in another case", "    timeoutMs", "    timeoutMS", "timeoutMs"],
  ["of a fallback", "fallback: baseline-search", "fallback: [{ model: a, promtVersion: b }]", "promptVersion"],
  ["of declared prices", "    timeoutMs", "    pricing: { inputPerMtok: 3 }\n    timeoutMs", "inputPerMTok"],
  ["of a guardrail", "minSamples: 200", "minSample: 200", "minSamples"],
  ["of the exposure", "    excluded:", "    exclude:", "excluded"],
  ["of a stage of the plan", "soak: 24h", "soack: 24h", "soak"],
])("suggests the key that was meant: one %s", (_name, from, to, meant) => {
  const { problems } = parseRouteFile("r.yaml", { kind: "text", text: changed(from, to) });
  expect(problems.map(({ code, fix }) => `${code}: ${fix}`)).toContain(`unknown-key: Rename it to \`${meant}\`.`);
});

it.each<[string, string, Record<string, string>]>([
  [
    "a missing field",
    changed("  owner: support-ai-platform\n", ""),
    { message: "`owner` is missing.", expected: "text", found: "nothing", fix: "Add `owner`: text." },
  ],
  [
    "another kind of value",
    changed("timeoutMs: 8000", "timeoutMs: fast"),
    {
      message: "`baseline.timeoutMs` has a value that is not accepted.",
      expected: "a number",
      found: "fast",
      fix: "Write a number.",
    },
  ],
  [
    "a path out of the repository",
    changed("prompts/support/v3.md", "../v3.md"),
    {
      message: "`baseline.prompt`: this is not a path inside the repository.",
      expected: "a path inside the repository from its root, for example prompts/support/v3.md",
      found: "../v3.md",
      fix: "Write the path from the repository's root: no leading `/` or `./`, no `..`, no address.",
    },
  ],
  [
    "a duration in words",
    changed("soak: 24h", "soak: 1 day"),
    { found: "1 day", expected: expect.stringContaining("90m, 48h, 7d") as string },
  ],
  [
    "stages out of order",
    changed("stage: ab-comparison", "stage: shadow"),
    { expected: "a stage after customer-canary", found: "shadow" },
  ],
  [
    "a key of one's own in the wrong place",
    changed("    provider: openai", "    x-note: 1\n    provider: openai"),
    { found: "x-note", fix: "Move it to the record's own level: keys that start with `x-` are yours only there." },
  ],
])("says what was expected, what stands there and how to mend it: %s", (_name, text, words) => {
  const { problems } = parseRouteFile("r.yaml", { kind: "text", text });
  expect(problems).toContainEqual(expect.objectContaining({ path: "r.yaml", severity: "error", ...words }));
});

it("suggests the key that was meant", () => {
  const parsed = parseRouteFile("r.yaml", { kind: "text", text: changed("    promptVersion", "    promtVersion") });
  expect(parsed.problems[0]).toMatchObject({
    message: "`promtVersion`: did you mean `promptVersion`?",
    fix: "Rename it to `promptVersion`.",
    found: "promtVersion",
  });
});

it.each(["draft", "retired"])("without a candidate the status may be %s", (status) => {
  expect(
    problemsOf(routeText(`flagKey: f\nowner: t\nbaseline: { model: a }\napproval: { status: ${status} }`)),
  ).toEqual([]);
});

it("without a candidate no other status is accepted", () => {
  const text = routeText("flagKey: f\nowner: t\nbaseline: { model: a }\napproval: { status: rolled-back }");
  expect(problemsOf(text)).toEqual(["1:1 candidate-missing"]);
});

it.each<[string, string]>([
  ["an API key by its value", "parameters: { note: sk-abcdefghij1234567890 }"],
  ["an API key by its name", "parameters: { api_key: hidden-value-1 }"],
  ["a token in a header", 'parameters: { headers: { Authorization: "hidden-value-1" } }'],
  ["a FeatBit token", "endpoint: api-Zm9vYmFyMTIzNDU2Nzg5MA-hidden"],
  ["a password in the endpoint", "endpoint: https://user:hidden-value-1@example.com"],
  ["a secret in a fallback bundle", "fallback: { model: c, parameters: { password: hidden-value-1 } }"],
  ["a secret of the wrong type's neighbour", "parameters: { secret: hidden-value-1 }\n    timeoutMs: x"],
])("refuses %s and never shows it", (_name, field) => {
  const text = routeText(smallRoute.replace("candidate: { model: b }", `candidate:\n    model: b\n    ${field}`));
  const parsed = parseRouteFile("r.yaml", { kind: "text", text });
  expect(parsed.problems.map((one) => one.code)).toContain("secret-in-bundle");
  const shown = JSON.stringify(parsed.problems);
  expect(shown).not.toContain("hidden-value");
  expect(shown).not.toContain("abcdefghij");
  expect(shown).not.toContain("Zm9vYmFy");
});

it("max_tokens and stop tokens are no secrets", () => {
  const text = routeText(
    smallRoute.replace("{ model: b }", "{ model: b, parameters: { max_tokens: 5, stop_token: x } }"),
  );
  expect(problemsOf(text)).toEqual([]);
});

it.each<[string, Parameters<typeof parseRouteFile>]>([
  ["symlink", ["r.yaml", { kind: "text", text: full }, "symlink"]],
  ["submodule", ["r.yaml", { kind: "submodule" }]],
  ["lfs-pointer", ["r.yaml", { kind: "text", text: "version https://git-lfs.github.com/spec/v1\noid sha256:0\n" }]],
  ["not-utf8", ["r.yaml", { kind: "not-utf8" }]],
  ["binary", ["r.yaml", { kind: "binary" }]],
  ["too-large", ["r.yaml", { kind: "too-large", size: 300 * 1024 }]],
])("a %s is a problem of its own", (code, parameters) => {
  const parsed = parseRouteFile(...parameters);
  expect(parsed.ok).toBe(false);
  expect(parsed.problems).toEqual([
    expect.objectContaining({ code, path: "r.yaml", line: 1, column: 1, severity: "error" }),
  ]);
});

it("an absent field and an empty one are the same", () => {
  const withNulls = smallRoute.replace("{ model: b }", "{ model: b, region: , parameters: { stop: null } }");
  expect(routeOf(routeText(withNulls)).record).toEqual(routeOf(routeText(smallRoute)).record);
});

it("names such as constructor find nothing", () => {
  const { record } = routeOf(full);
  expect(record.audit["constructor"]).toBeUndefined();
  expect(record.baseline.parameters["constructor"]).toBeUndefined();
});

it("never throws on a mutated example, and every problem can be shown", () => {
  fc.assert(
    fc.property(
      fc.nat(full.length),
      fc.nat(40),
      fc.oneof(
        fc.string({ maxLength: 8 }),
        fc.constantFrom("\n", ": ", "{", "]", "- ", '"', "&a ", "*a", "null", "9".repeat(30), "\u0000"),
      ),
      (at, length, insert) => {
        const parsed = parseRouteFile("r.yaml", {
          kind: "text",
          text: full.slice(0, at) + insert + full.slice(at + length),
        });
        for (const problem of parsed.problems) {
          expect(problem.found.length).toBeLessThanOrEqual(120);
          expect([problem.message, problem.expected, problem.fix].every((text) => text !== "")).toBe(true);
          expect(problem.line).toBeGreaterThan(0);
        }
      },
    ),
    { numRuns: 400 },
  );
});
