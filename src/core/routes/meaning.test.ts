import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Snapshot, TreeEntry } from "../facts.ts";
import { builtInPolicy } from "../policy/built-in-policy.ts";
import { parsePolicy } from "../policy/parse-policy.ts";
import type { Policy } from "../policy/policy.ts";
import { approvalStatuses } from "../vocabulary.ts";
import { checkAudiences } from "./check-audiences.ts";
import { checkRouteCount, checkRouteFiles } from "./check-route-files.ts";
import { diffRecords, isWordsOnly } from "./diff-records.ts";
import { digestBundle } from "./digest-bundle.ts";
import { isRouteTransitionProblem } from "./is-route-transition-problem.ts";
import { namedFiles } from "./named-files.ts";
import { planOf } from "./plan-of.ts";
import { resolveRoute } from "./resolve-route.ts";
import { stageOf } from "./stage-of.ts";
import { routeOf, routeText, smallRoute } from "./test-route.ts";

const full = readFileSync("docs/examples/support-answer-full.yaml", "utf8");
const short = readFileSync("docs/examples/support-answer.yaml", "utf8");

const internal = { name: "staff", internal: true, segment: null, where: [], safe: [], percent: null };
const policy: Policy = {
  ...builtInPolicy,
  digest: "",
  audiences: { "internal-support": { ...internal, name: "internal-support" } },
};

describe("differences in meaning", () => {
  const differ = (from: string, to: string, text = full): string[] => {
    const other = text.replace(from, to);
    expect(other).not.toBe(text);
    return diffRecords(routeOf(text), routeOf(other)).map((one) => one.field);
  };

  it.each<[string, string, string]>([
    ["the spelling of a number", "temperature: 0.2,", "temperature: 0.20,"],
    ["the order of parameters", "{ temperature: 0.2, max_tokens: 800 }", "{ max_tokens: 800, temperature: 0.2 }"],
    ["an empty field", "    provider: openai", "    endpoint:\n    provider: openai"],
    ["the order of data classes", "[public, customer]", "[customer, public]"],
    [
      "the order of reviewers",
      "[support-product-owner, ai-platform-owner]",
      "[ai-platform-owner, support-product-owner]",
    ],
    [
      "the order of exclusions",
      "[regulated-region, enterprise-legal-review]",
      "[enterprise-legal-review, regulated-region]",
    ],
    ["a comment", "# with decision", "# when decision"],
    ["quotes", "workflow: support-answer", 'workflow: "support-answer"'],
    ["the default environment", "  environment: production\n", ""],
    ["another spelling of a duration", "window: 24h", "window: 1d"],
    ["spaces in a threshold", '"<= 2.5"', '"<=2.5"'],
    ["a list of one fallback", "fallback: baseline-search", "fallback: [baseline-search]"],
  ])("%s is no difference", (_name, from, to) => {
    expect(differ(from, to)).toEqual([]);
  });

  it.each<[string, string, string, string[]]>([
    ["a parameter", "temperature: 0.2,", "temperature: 0.3,", ["baseline.parameters.temperature"]],
    ["a parameter that goes", "temperature: 0.2,", "", ["baseline.parameters.temperature"]],
    ["a timeout", "timeoutMs: 8000", "timeoutMs: 9000", ["baseline.timeoutMs"]],
    ["a data class", "[public, customer]", "[public]", ["dataClasses"]],
    ["a threshold", '"<= 2.5"', '"<= 3"', ["guardrails.p95 latency.threshold"]],
    ["a window", "window: 6h", "window: 5h", ["guardrails.cost per resolved conversation.window"]],
    [
      "a guardrail's name",
      "name: fallback rate,",
      "name: fallbacks,",
      ["guardrails.fallback rate", "guardrails.fallbacks"],
    ],
    [
      "a guardrail's parameter",
      "segment: priority",
      "segment: all",
      ["guardrails.escalation rate of priority accounts.parameters"],
    ],
    ["the steps of a stage", "[5, 10, 25]", "[5, 10]", ["exposure.plan.customer-canary.steps"]],
    ["a stage of the plan", "      - { stage: default }\n", "", ["exposure.plan.default"]],
    ["an exclusion", ", enterprise-legal-review]", "]", ["exposure.excluded"]],
    ["the status", "approved-for-internal-canary", "draft", ["approval.status"]],
    ["the cleanup date", "2027-01-31", "2027-02-28", ["cleanup.date"]],
    ["an own key", '"#support-ai"', '"#ai"', ["x-team-channel"]],
    ["the kind of flag", "type: json", "type: string", ["flag.type"]],
  ])("%s is one difference", (_name, from, to, fields) => {
    expect(differ(from, to)).toEqual(fields);
  });

  it("a candidate that appears is one difference and not twenty", () => {
    const draft = routeText("flagKey: f\nowner: team\nbaseline: { model: a }\napproval: { status: draft }");
    const fields = diffRecords(routeOf(draft), routeOf(routeText(smallRoute))).map((one) => one.field);
    expect(fields).toEqual(["approval.status", "candidate"]);
  });

  it("shows both values and the line of the new one", () => {
    const [difference] = diffRecords(routeOf(full), routeOf(full.replace("timeoutMs: 8000", "timeoutMs: 9000")));
    expect(difference).toEqual({
      field: "baseline.timeoutMs",
      from: 8000,
      to: 9000,
      place: { path: "model-routes/f.yaml", line: 29, column: 16 },
    });
  });

  it("a new file is new in everything, a removed one points into the removed file", () => {
    const file = routeOf(routeText(smallRoute));
    expect(diffRecords(null, file).every((one) => one.from === undefined && one.to !== undefined)).toBe(true);
    expect(diffRecords(file, null).map((one) => one.field)).toEqual(diffRecords(null, file).map((one) => one.field));
    expect(diffRecords(null, null)).toEqual([]);
  });

  it.each<[string, boolean]>([
    ["description", true],
    ["improvement.goal", true],
    ["improvement.metric", false],
    ["audit.tracker", true],
    ["x-team", true],
    ["approval.outcome.reason", true],
    ["approval.outcome.decision", false],
    ["workflow", false],
    ["owner", false],
    ["risks.cost", false],
    ["guardrails.x.threshold", false],
    ["candidate.promptVersion", false],
  ])("%s: words only is %s", (field, isWords) => {
    expect(isWordsOnly(field)).toBe(isWords);
  });

  it("a risk that is put into other words is words, one that appears is not", () => {
    expect(isWordsOnly({ field: "risks.cost", from: "a", to: "b" })).toBe(true);
    expect(isWordsOnly({ field: "risks.cost", from: undefined, to: "b" })).toBe(false);
  });
});

describe("the stage that is asked", () => {
  it.each([
    ["draft", null],
    ["approved-for-testing", "offline-eval"],
    ["approved-for-shadow", "shadow"],
    ["approved-for-internal-canary", "internal-canary"],
    ["approved-for-customer-canary", "customer-canary"],
    ["approved-for-ab-comparison", "ab-comparison"],
    ["approved-as-default", "default"],
    ["rolled-back", null],
    ["rejected", null],
    ["retired", null],
  ])("%s asks for %s", (status, stage) => {
    expect(stageOf(routeOf(routeText(smallRoute.replace("approved-for-testing", status))).record, policy)).toBe(stage);
  });

  it("every status is in the table above or is approved-for-canary", () => {
    expect(approvalStatuses).toHaveLength(11);
  });

  it("approved-for-canary is internal when the first audience is", () => {
    expect(stageOf(routeOf(short).record, policy)).toBe("internal-canary");
  });

  it("approved-for-canary is a customer canary when the policy does not call the first audience internal", () => {
    expect(stageOf(routeOf(short).record, { ...policy, audiences: {} })).toBe("customer-canary");
  });

  it("approved-for-canary follows the file's own plan", () => {
    const text = full.replace("approved-for-internal-canary", "approved-for-canary");
    expect(stageOf(routeOf(text).record, policy)).toBe("internal-canary");
    const later = text.replace("      - { stage: internal-canary, audience: internal-support, soak: 24h }\n", "");
    expect(stageOf(routeOf(later).record, policy)).toBe("customer-canary");
  });

  it("the short form is a plan of internal canary, customer canary and default", () => {
    expect(planOf(routeOf(short).record, policy).map((step) => [step.stage, step.audience])).toEqual([
      ["internal-canary", "internal-support"],
      ["customer-canary", "five-percent-low-risk-accounts"],
      ["default", null],
    ]);
  });

  it("a live route cannot become a draft", () => {
    const draft = routeOf(routeText(smallRoute.replace("approved-for-testing", "draft")));
    expect(isRouteTransitionProblem(draft, true)).toMatchObject({
      code: "live-to-draft",
      fix: expect.stringContaining("rolled-back"),
    });
    expect(isRouteTransitionProblem(draft, false)).toBeNull();
    expect(isRouteTransitionProblem(routeOf(routeText(smallRoute)), true)).toBeNull();
  });
});

describe("the bundle digest", () => {
  const digestOf = (candidate: string, files: Record<string, string> = {}): string | null => {
    const { record } = routeOf(routeText(smallRoute.replace("{ model: b }", candidate)));
    return record.candidate === null ? null : digestBundle(record.candidate, files);
  };

  it("has its scheme in front", () => {
    expect(digestOf("{ model: b }")).toMatch(/^mrb1:sha256:[0-9a-f]{64}$/);
  });

  it("stays what it was when it was published", () => {
    expect(digestOf("{ model: b }")).toBe(
      "mrb1:sha256:19ae491eae51ff6925a374805efe9ce1d138aa4d94a873a7762d5d81f08b6be0",
    );
  });

  it.each<[string, string, string]>([
    ["the order of keys", "{ model: b, provider: p }", "{ provider: p, model: b }"],
    ["0.20 and 0.2", "{ model: b, parameters: { t: 0.20 } }", "{ model: b, parameters: { t: 0.2 } }"],
    ["absent and null", "{ model: b, region: , parameters: { t: null } }", "{ model: b }"],
    ["the claimed price", "{ model: b, pricing: { inputPerMTok: 3 } }", "{ model: b }"],
    ["the claimed latency", "{ model: b, latency: { p95Ms: 3 } }", "{ model: b }"],
    ["one fallback and a list of one", "{ model: b, fallback: c }", "{ model: b, fallback: [c] }"],
    [
      "a claimed price inside a fallback",
      "{ model: b, fallback: { model: c, pricing: { inputPerMTok: 1 } } }",
      "{ model: b, fallback: { model: c } }",
    ],
  ])("%s make no difference", (_name, a, b) => {
    expect(digestOf(a)).toBe(digestOf(b));
  });

  it.each<[string, string]>([
    ["a parameter", "{ model: b, parameters: { t: 1 } }"],
    ["a number as text", '{ model: b, version: "1" }'],
    ["a fallback", "{ model: b, fallback: c }"],
    ["a timeout", "{ model: b, timeoutMs: 1 }"],
    ["a region", "{ model: b, region: eu }"],
  ])("%s makes a difference", (_name, candidate) => {
    expect(digestOf(candidate)).not.toBe(digestOf("{ model: b }"));
  });

  it("changes with the content of a named file, and is unknown without it", () => {
    const candidate = "{ model: b, prompt: p.md }";
    expect(digestOf(candidate, { "p.md": "1" })).not.toBe(digestOf(candidate, { "p.md": "2" }));
    expect(digestOf(candidate)).toBeNull();
  });

  it("does not depend on the order of keys, for any parameters", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.oneof(fc.integer(), fc.string(), fc.boolean())),
        (map) => {
          const bundle = { ...routeOf(routeText(smallRoute)).record.baseline };
          const reversed = Object.fromEntries(Object.entries(map).reverse());
          expect(digestBundle({ ...bundle, parameters: map }, {})).toBe(
            digestBundle({ ...bundle, parameters: reversed }, {}),
          );
          expect(digestBundle({ ...bundle, parameters: { ...map, zzzzzzz: null } }, {})).toBe(
            digestBundle({ ...bundle, parameters: map }, {}),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("a route and its files", () => {
  const snapshot = (
    contents: Snapshot["contents"],
    entries: readonly string[] = Object.keys(contents),
    complete = true,
  ): Snapshot => ({
    commit: "c",
    complete,
    entries: entries.map((path): TreeEntry => ({ path, mode: "file", oid: path, size: 1 })),
    contents,
  });

  it("names each file once, also those of a fallback", () => {
    const text = smallRoute.replace(
      "{ model: b }",
      "{ model: b, prompt: p.md, tools: t.json, fallback: { model: c, prompt: q.md } }",
    );
    expect(namedFiles(routeOf(routeText(text)).record)).toEqual(["p.md", "q.md", "t.json"]);
  });

  it("has digests when every file is there", () => {
    const state = resolveRoute(routeOf(full), snapshot({ "prompts/support/v3.md": { kind: "text", text: "hello" } }));
    expect(state.problems).toEqual([]);
    expect(state.candidateDigest).toMatch(/^mrb1:/);
    expect(state.files["prompts/support/v3.md"]).toBe(
      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    );
  });

  it.each<[string, Snapshot, string]>([
    ["does not exist", snapshot({}), "named-file-missing"],
    ["exists in another case", snapshot({}, ["prompts/Support/v3.md"]), "named-file-missing"],
    ["was not read", snapshot({}, ["prompts/support/v3.md"]), "named-file-unread"],
    ["may exist where the listing was cut", snapshot({}, [], false), "named-file-unread"],
    ["is binary", snapshot({ "prompts/support/v3.md": { kind: "binary" } }), "named-file-unreadable"],
    ["is stored in LFS", snapshot({ "prompts/support/v3.md": { kind: "lfs-pointer" } }), "named-file-unreadable"],
  ])("has no digest when a file %s", (_name, commit, code) => {
    const state = resolveRoute(routeOf(full), commit);
    expect([state.baselineDigest, state.candidateDigest]).toEqual([null, null]);
    expect(state.problems.map((one) => [one.code, one.line])).toEqual([
      [code, 25],
      [code, 37],
    ]);
  });
});

describe("several route files", () => {
  const files = (...texts: [path: string, flagKey: string, environment?: string][]): ReturnType<typeof routeOf>[] =>
    texts.map(([path, flagKey, environment = "production"]) =>
      routeOf(routeText(smallRoute.replace("flagKey: f", `flagKey: ${flagKey}\nenvironment: ${environment}`)), path),
    );
  const codes = (list: ReturnType<typeof routeOf>[], paths: string[] = []): string[] =>
    checkRouteFiles(
      list,
      paths.map((path): TreeEntry => ({ path, mode: "file", oid: "", size: 1 })),
    ).map((one) => `${one.path}:${one.line} ${one.code}`);

  it("may not control one flag twice in one environment", () => {
    expect(codes(files(["a.yaml", "f"], ["b.yaml", "F"]))).toEqual([
      "a.yaml:2 duplicate-flag-key",
      "b.yaml:2 duplicate-flag-key",
    ]);
    expect(codes(files(["a.yaml", "f"], ["b.yaml", "f", "staging"], ["c.yaml", "g"]))).toEqual([]);
  });

  it("may not differ only by case", () => {
    expect(codes(files(["m/a.yaml", "f"]), ["m/a.yaml", "M/A.yaml"])).toEqual(["m/a.yaml:1 paths-differ-by-case"]);
  });

  it("are at most fifty in one pull request", () => {
    const paths = Array.from({ length: 51 }, (_, index) => `r${index}.yaml`);
    expect(checkRouteCount(paths)).toMatchObject({ code: "too-many-routes", found: "51 routes" });
    expect(checkRouteCount(paths.slice(1))).toBeNull();
  });
});

describe("the share of an audience is given once", () => {
  const parsed = parsePolicy(
    { kind: "text", path: "p", text: readFileSync("docs/examples/routeward.yml", "utf8") },
    { kind: "absent" },
  );
  const codes = (text: string): string[] =>
    parsed.ok ? checkAudiences(routeOf(text), parsed.value).map((one) => `${one.line} ${one.code}`) : ["unread"];

  it.each<[string, string, readonly string[]]>([
    ["the examples give it once", full, []],
    ["the short form gives none", short, []],
    [
      "a share given twice",
      full.replace("audience: low-risk-accounts", "audience: five-percent-low-risk-accounts"),
      ["61 percent-and-steps"],
    ],
  ])("%s", (_name, text, expected) => {
    expect(codes(text)).toEqual(expected);
  });
});
