import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SourceText } from "../facts.ts";
import { builtInPolicy } from "./built-in-policy.ts";
import { isFloorViolation, parsePolicy } from "./parse-policy.ts";
import type { Policy } from "./policy.ts";

const example = readFileSync("docs/examples/routeward.yml", "utf8");
const absent: SourceText = { kind: "absent" };

function source(text: string): SourceText {
  return { kind: "text", path: ".github/routeward.yml", text };
}

function policyOf(own: string | null, floor: string | null = null): Policy {
  const parsed = parsePolicy(own === null ? absent : source(own), floor === null ? absent : source(floor));
  if (!parsed.ok) throw new Error(parsed.problems.map((one) => `${one.line}: ${one.message} ${one.found}`).join("; "));
  return parsed.value;
}

it("without any file the built-in policy holds", () => {
  expect(policyOf(null)).toEqual({ ...builtInPolicy, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

it("the example is read", () => {
  const policy = policyOf(example);
  expect(policy.audiences["internal-support"]).toEqual({
    name: "internal-support",
    internal: true,
    segment: null,
    where: [{ property: "team", in: ["support", "support-ai"] }],
    safe: [],
    percent: null,
  });
  expect(policy.audiences["regulated-region"]?.safe).toEqual([{ property: "region", in: ["eu", "us", "apac"] }]);
  expect(policy.metrics["escalation-rate"]?.parameters).toEqual({ segment: ".*" });
  expect(policy.freeze).toEqual([
    { name: "weekend", cron: "0 16 * * 5", lastsMs: 230_400_000, timezone: "Europe/Berlin" },
  ]);
  expect(policy.evidenceMaxAgeMs).toBe(2_592_000_000);
  expect(policy.requiredGuardrails).toEqual(["quality", "latency", "cost", "fallback", "safety", "business"]);
});

it("a file that sets one thing leaves the rest built in", () => {
  expect(policyOf("approvals: { counts: { finance-owner: 2 } }").approvals).toEqual({
    counts: { "finance-owner": 2 },
    separationOfDuties: ["high", "restricted"],
  });
});

it("names such as constructor are no audience, role or metric", () => {
  const policy = policyOf(example);
  expect([policy.audiences["constructor"], policy.metrics["toString"]]).toEqual([undefined, undefined]);
});

it.each<[string, string, string]>([
  ["a misspelt key", "audience: {}", "1:1 unknown-key"],
  ["a newer version", "version: 2", "1:10 wrong-value"],
  ["a pattern that takes paths away", "routes: ['!a/**']", "1:10 wrong-glob"],
  ["a pattern bomb", `routes: ['${"{a,b}".repeat(10)}']`, "1:10 wrong-glob"],
  [
    "a time zone that does not exist",
    "freeze: [{ name: a, cron: 0 0 * * *, lasts: 1h, timezone: Mars/Base }]",
    "1:59 wrong-timezone",
  ],
  [
    "a cron text that cannot be read",
    "freeze: [{ name: a, cron: never, lasts: 1h, timezone: UTC }]",
    "1:27 wrong-cron",
  ],
  [
    "a freeze longer than can be looked back",
    "freeze: [{ name: a, cron: 0 0 * * *, lasts: 90d, timezone: UTC }]",
    "1:45 wrong-duration",
  ],
  [
    "two freezes of one name",
    "freeze:\n  - &a { name: a, cron: 0 0 * * *, lasts: 1h, timezone: UTC }\n  - *a",
    "3:5 duplicate-name",
  ],
  ["a metric without a query", "metrics: { m: { category: cost } }", "1:15 wrong-metric"],
  ["a metric with half a ratio", "metrics: { m: { category: cost, numerator: x } }", "1:15 wrong-metric"],
  ["an owner that is none", "roles: { finance-owner: finance }", "1:25 wrong-value"],
  ["an approval count of zero", "approvals: { counts: { a: 0 } }", "1:27 wrong-value"],
  ["an age without unit", "evidenceMaxAge: 30", "1:17 wrong-value"],
  ["a mode that does not exist", "mode: observe", "1:7 wrong-value"],
  ["a threshold that is none", "evidenceThresholds: { offline-eval: good }", "1:37 wrong-threshold"],
  ["broken YAML", "routes: [", "1:10 broken-yaml"],
])("%s is a problem on its line", (_name, text, problem) => {
  const parsed = parsePolicy(source(text), absent);
  expect(parsed.ok).toBe(false);
  expect(parsed.problems.map((one) => `${one.line}:${one.column} ${one.code}`)).toContain(problem);
});

describe("the organisation's floor", () => {
  it.each<[string, string, string, (policy: Policy) => unknown, unknown]>([
    ["route patterns may only be added", "routes: [a/**]", "routes: [b/**]", (one) => one.routes, ["b/**", "a/**"]],
    ["the evidence folder stays", "evidence: a", "evidence: b", (one) => one.evidenceFolder, "a"],
    [
      "evidence may only be younger",
      "evidenceMaxAge: 10d",
      "evidenceMaxAge: 20d",
      (one) => one.evidenceMaxAgeMs,
      864_000_000,
    ],
    ["datasets may only be fewer", "datasets: [a, b]", "datasets: [b, c]", (one) => one.datasets, ["b"]],
    ["no list of datasets means any, and is weaker", "datasets: [a]", "datasets: []", (one) => one.datasets, ["a"]],
    [
      "owners of a role may only be fewer",
      "roles: { r: ['@a/x'] }",
      "roles: { r: ['@a/x', '@a/y'] }",
      (one) => one.roles["r"],
      ["@a/x"],
    ],
    [
      "an audience stays what it is",
      "audiences: { a: { internal: false } }",
      "audiences: { a: { internal: true } }",
      (one) => one.audiences["a"]?.internal,
      false,
    ],
    [
      "an exclusion stays what it is",
      "audiences: { a: { safe: [{ property: p, in: [x] }] } }",
      "audiences: { a: { safe: [{ property: p, in: [x, y] }] } }",
      (one) => one.audiences["a"]?.safe,
      [{ property: "p", in: ["x"] }],
    ],
    [
      "soaking may only be longer",
      "stages: { shadow: { soak: 2d } }",
      "stages: { shadow: { soak: 1d } }",
      (one) => one.stages.shadow?.soakMs,
      172_800_000,
    ],
    [
      "skipping may only be forbidden",
      "stages: { shadow: {} }",
      "stages: { shadow: { mayBeSkipped: true } }",
      (one) => one.stages.shadow?.mayBeSkipped,
      false,
    ],
    [
      "evidence of a stage may only be added",
      "stages: { shadow: { evidence: [human-review] } }",
      "stages: { shadow: { evidence: [cost-check] } }",
      (one) => one.stages.shadow?.evidence,
      ["cost-check", "human-review"],
    ],
    [
      "roles of a stage may only be added",
      "stages: { default: { roles: [legal-owner] } }",
      "stages: { default: { roles: [finance-owner] } }",
      (one) => one.stages.default?.roles,
      ["finance-owner", "legal-owner"],
    ],
    [
      "a template stays what it is",
      "metrics: { m: { category: cost, value: a } }",
      "metrics: { m: { category: cost, value: b } }",
      (one) => one.metrics["m"]?.value,
      "a",
    ],
    [
      "guardrail categories may only be added",
      "guardrails: [cost, safety]",
      "guardrails: [cost]",
      (one) => one.requiredGuardrails,
      ["cost", "safety"],
    ],
    [
      "approval counts may only rise",
      "approvals: { counts: { r: 2 } }",
      "approvals: { counts: { r: 1 } }",
      (one) => one.approvals.counts["r"],
      2,
    ],
    [
      "separation of duties may only be added",
      "approvals: { separationOfDuties: [high] }",
      "approvals: { separationOfDuties: [] }",
      (one) => one.approvals.separationOfDuties,
      ["high"],
    ],
    [
      "a tier rule may not be lowered",
      "tiers: [{ id: t, tier: high, why: w, when: {} }]",
      "tiers: [{ id: t, tier: low, why: w, when: {} }]",
      (one) => one.tierRules.map((rule) => rule.tier),
      ["high"],
    ],
    [
      "a tier rule may not be narrowed",
      "tiers: [{ id: t, tier: high, why: w, when: {} }]",
      "tiers: [{ id: t, tier: high, why: w, when: { workflows: [a] } }]",
      (one) => one.tierRules[0]?.when.workflows,
      [],
    ],
    [
      "a model family stays",
      "modelFamilies: { m: a }",
      "modelFamilies: { m: b }",
      (one) => one.modelFamilies["m"],
      "a",
    ],
    [
      "an evidence threshold may only be harder",
      "evidenceThresholds: { offline-eval: '>= 0.9' }",
      "evidenceThresholds: { offline-eval: '>= 0.8' }",
      (one) => one.evidenceThresholds["offline-eval"],
      ">= 0.9",
    ],
    [
      "a threshold in percent is compared as a share",
      "evidenceThresholds: { offline-eval: '95%' }",
      "evidenceThresholds: { offline-eval: '>= 0.9' }",
      (one) => one.evidenceThresholds["offline-eval"],
      "95%",
    ],
    [
      "apps whose check runs count may only be fewer",
      "evidenceApps: [7, 8]",
      "evidenceApps: [8, 9]",
      (one) => one.evidenceApps,
      [8],
    ],
    [
      "an upper threshold may only be lower",
      "evidenceThresholds: { cost-check: '<= 3' }",
      "evidenceThresholds: { cost-check: '<= 4' }",
      (one) => one.evidenceThresholds["cost-check"],
      "<= 3",
    ],
    [
      "a freeze window stays",
      "freeze: [{ name: a, cron: 0 0 * * *, lasts: 2h, timezone: UTC }]",
      "freeze: [{ name: a, cron: 0 0 * * *, lasts: 1h, timezone: UTC }]",
      (one) => one.freeze.map((window) => window.lastsMs),
      [7_200_000],
    ],
    ["repair is stricter than alert", "drift: repair", "drift: alert", (one) => one.drift, "repair"],
    ["rollback is stricter than pause", "onBreach: rollback", "onBreach: pause", (one) => one.onBreach, "rollback"],
    ["enforce is stricter than report", "mode: enforce", "mode: report", (one) => one.mode, "enforce"],
  ])("%s", (_name, floor, own, pick, value) => {
    const parsed = parsePolicy(source(own), source(floor));
    expect(parsed.problems.map((one) => [one.code, one.severity])).toEqual([["weaker-than-floor", "warning"]]);
    expect(parsed.problems.every(isFloorViolation)).toBe(true);
    expect(pick(policyOf(own, floor))).toEqual(value);
    // What the organisation alone says is never changed by turning the two around without a problem either way.
    expect(pick(policyOf(floor, floor))).toEqual(pick(policyOf(null, floor)));
  });

  it.each<[string, string, string, (policy: Policy) => unknown, unknown]>([
    ["younger evidence", "evidenceMaxAge: 10d", "evidenceMaxAge: 5d", (one) => one.evidenceMaxAgeMs, 432_000_000],
    [
      "more approvals",
      "approvals: { counts: { r: 1 } }",
      "approvals: { counts: { r: 2 } }",
      (one) => one.approvals.counts["r"],
      2,
    ],
    [
      "a harder threshold",
      "evidenceThresholds: { offline-eval: '>= 0.8' }",
      "evidenceThresholds: { offline-eval: '> 0.8' }",
      (one) => one.evidenceThresholds["offline-eval"],
      "> 0.8",
    ],
    [
      "a higher tier",
      "tiers: [{ id: t, tier: high, why: w, when: {} }]",
      "tiers: [{ id: t, tier: restricted, why: w, when: {} }]",
      (one) => one.tierRules.map((rule) => rule.tier),
      ["restricted"],
    ],
    [
      "one role more at a stage",
      "stages: { default: { roles: [legal-owner] } }",
      "stages: { default: { soak: 2d, roles: [legal-owner, finance-owner] } }",
      (one) => one.stages.default?.roles,
      ["legal-owner", "finance-owner"],
    ],
    [
      "a soak of a stage, and keeps the roles that it has",
      "stages: { default: { roles: [legal-owner] } }",
      "stages: { default: { soak: 2d } }",
      (one) => one.stages.default?.roles,
      ["legal-owner"],
    ],
    [
      "an audience of its own",
      "audiences: { a: {} }",
      "audiences: { b: {} }",
      (one) => Object.keys(one.audiences).sort(),
      ["a", "b"],
    ],
    [
      "a smaller share of an audience",
      "audiences: { a: { percent: 10 } }",
      "audiences: { a: { percent: 5 } }",
      (one) => one.audiences["a"]?.percent,
      5,
    ],
    [
      "a freeze window of its own",
      "freeze: [{ name: a, cron: 0 0 * * *, lasts: 2h, timezone: UTC }]",
      "freeze: [{ name: b, cron: 0 0 * * *, lasts: 1h, timezone: UTC }]",
      (one) => one.freeze.map((window) => window.name),
      ["a", "b"],
    ],
    [
      "nothing, and keeps the organisation's",
      "mode: report\nonBreach: rollback",
      "datasets: [a]",
      (one) => [one.mode, one.onBreach, one.datasets],
      ["report", "rollback", ["a"]],
    ],
  ])("a repository may say %s", (_name, floor, own, pick, value) => {
    expect(parsePolicy(source(own), source(floor)).problems).toEqual([]);
    expect(pick(policyOf(own, floor))).toEqual(value);
  });

  it("a broken or unreadable policy gives no policy", () => {
    expect(parsePolicy(source("a: ["), absent).ok).toBe(false);
    expect(parsePolicy(absent, source("a: [")).ok).toBe(false);
    expect(parsePolicy({ kind: "unreadable", path: "p", why: "403" }, absent).ok).toBe(false);
  });

  it("an unreadable floor blocks only where the operator requires one", () => {
    const floor: SourceText = { kind: "unreadable", path: "p", why: "403" };
    expect(parsePolicy(absent, floor)).toMatchObject({ ok: true, problems: [{ severity: "warning" }] });
    expect(parsePolicy(absent, floor, { requireFloor: true }).ok).toBe(false);
    expect(parsePolicy(absent, absent, { requireFloor: true })).toMatchObject({
      ok: false,
      problems: [{ code: "floor-missing" }],
    });
  });
});

it("the digest changes with either text", () => {
  const digests = [policyOf(null), policyOf("mode: report"), policyOf(null, "mode: report")].map((one) => one.digest);
  expect(new Set(digests).size).toBe(3);
});

it("never throws on a mutated example", () => {
  fc.assert(
    fc.property(fc.nat(example.length), fc.nat(30), fc.string({ maxLength: 6 }), (at, length, insert) => {
      const text = example.slice(0, at) + insert + example.slice(at + length);
      for (const parsed of [parsePolicy(source(text), source(example)), parsePolicy(source(example), source(text))]) {
        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});
