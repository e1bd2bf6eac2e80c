import { describe, expect, it } from "vitest";
import type { CheckRunFacts } from "../facts.ts";
import type { Policy } from "../policy/policy.ts";
import { buildPolicy, buildSnapshot, evidencePath, readRoute, resolve, writeRecord } from "../verdict/test-builders.ts";
import type { EvidenceContext } from "./judge-evidence.ts";
import { judgeRouteEvidence } from "./judge-route-evidence.ts";
import { readEvidence } from "./read-evidence.ts";

const digest = resolve(writeRecord()).candidateDigest ?? "";

type FoundRun = Extract<CheckRunFacts, { kind: "found" }>;

const run: FoundRun = {
  kind: "found",
  checkRunId: 51,
  appId: 7,
  appSlug: "acme-ci",
  name: "model eval",
  conclusion: "success",
  commit: "a".repeat(40),
  completedAt: "2026-06-14T08:00:00Z",
  url: "https://ci.example/51",
  bundlesAtCommit: { support_answer: digest },
};

const own = {
  id: "eval-1",
  kind: "compatibility-check",
  bundle: digest,
  format: "check-run",
  check: { app: 7, name: "model eval" },
};

function judge(changes: object, facts: CheckRunFacts | null, policy: Partial<Policy>, tier: EvidenceContext["tier"]) {
  const file = readRoute(writeRecord({ approval: { status: "approved-for-internal-canary", evidence: ["eval-1"] } }));
  const context: EvidenceContext = {
    at: "2026-06-15T10:00:00.000Z",
    flagKey: "support_answer",
    tier,
    candidateDigest: digest,
    baselineDigest: resolve(writeRecord()).baselineDigest,
    policy: { ...buildPolicy(), ...policy },
    notBefore: null,
  };
  const source = {
    snapshot: buildSnapshot({ [evidencePath]: JSON.stringify({ ...own, ...changes }) }),
    policy: { ...buildPolicy(), evidenceApps: [7], ...policy },
    rehearsals: [],
    workflowRuns: {},
    ...(facts === null ? {} : { checkRuns: { "eval-1": facts } }),
    context,
  };
  return judgeRouteEvidence(file, source)[0]?.finding;
}

describe("a check run of CI as evidence", () => {
  it("counts with the trust of a workflow when the policy lists the app and it checked this candidate", () => {
    const finding = judge({}, run, {}, "high");
    expect(finding).toMatchObject({
      state: "counts",
      trust: "workflow",
      passed: true,
      why: ["passed: 1 against == 1", "check run 51 of app acme-ci (7) on commit aaaaaaa"],
    });
    expect(finding?.record).toMatchObject({
      result: 1,
      threshold: "== 1",
      run: "check run 51",
      url: "https://ci.example/51",
      producedAt: "2026-06-14T08:00:00Z",
    });
  });

  const unverified = "high risk needs evidence of a verified workflow run";
  it.each<[string, object, CheckRunFacts | null, { trust: string; passed: boolean | null; why: string[] }]>([
    [
      "that failed",
      {},
      { ...run, conclusion: "failure" },
      {
        trust: "workflow",
        passed: false,
        why: [
          "the check run model eval ended with failure",
          "failed: 0 against the record's threshold == 1",
          "check run 51 of app acme-ci (7) on commit aaaaaaa",
        ],
      },
    ],
    [
      "that GitHub does not have at the commit that the record names",
      { check: { app: 7, name: "model eval", commit: "b".repeat(40) } },
      { kind: "not-found" },
      {
        trust: "declared",
        passed: null,
        why: [
          "no check run model eval of app 7 was found on commit bbbbbbb",
          "it does not say when it was made",
          "it gives no result that could be recomputed",
          unverified,
          "declared only: GitHub knows no such check run",
        ],
      },
    ],
    [
      "of another name than GitHub answered",
      {},
      { ...run, name: "lint" },
      {
        trust: "declared",
        passed: true,
        why: [unverified, "passed: 1 against == 1", "declared only: GitHub knows no such check run"],
      },
    ],
    [
      "whose record names no bundle",
      { bundle: null },
      run,
      {
        trust: "declared",
        passed: true,
        why: [
          "it does not say which bundle was measured, which high risk needs",
          unverified,
          "passed: 1 against == 1",
          "it does not say which bundle was measured",
          "declared only: the record does not say which bundle was measured",
        ],
      },
    ],
  ])("one %s is told with everything that was found", (_name, changes, facts, finding) => {
    expect(judge(changes, facts, {}, "high")).toMatchObject({ state: "does-not-count", ...finding });
  });

  it.each<[string, object, CheckRunFacts | null, Partial<Policy>, RegExp]>([
    ["GitHub was not asked", {}, null, {}, /no check run model eval of app 7 was found on the head commit/],
    ["there is no such check run", {}, { kind: "not-found" }, {}, /no check run/],
    ["it is not completed", {}, { ...run, conclusion: null }, {}, /not completed/],
    ["it failed", {}, { ...run, conclusion: "failure" }, {}, /ended with failure/],
    ["it was skipped", {}, { ...run, conclusion: "skipped" }, {}, /ended with skipped/],
    ["it is of another app", {}, { ...run, appId: 8 }, {}, /knows no such/],
    ["it has another name", {}, { ...run, name: "lint" }, {}, /knows no such/],
    ["the policy lists no app", {}, run, { evidenceApps: [] }, /does not list app 7/],
    ["the policy lists another app", {}, run, { evidenceApps: [8] }, /does not list app 7/],
    [
      "a workflow of the author could have written it",
      {},
      { ...run, appSlug: "github-actions" },
      {},
      /GitHub Actions; name the run/,
    ],
    ["its commit holds another candidate", {}, { ...run, bundlesAtCommit: {} }, {}, /another one/],
    ["the record is of another bundle", { bundle: `mrb1:sha256:${"1".repeat(64)}` }, run, {}, /another bundle/],
    ["the record names no bundle", { bundle: null }, run, {}, /which bundle/],
    ["it is too old", {}, { ...run, completedAt: "2026-01-01T00:00:00Z" }, {}, /too old/],
    ["it has no time", {}, { ...run, completedAt: null }, {}, /when it was made/],
    [
      "the policy wants a score",
      {},
      run,
      { evidenceThresholds: { "compatibility-check": "95%" } },
      /a check run gives no score/,
    ],
    ["the record claims a score", { result: 0.99, threshold: "95%" }, run, {}, /only succeeds or fails/],
  ])("does not count at high risk when %s", (_name, changes, facts, policy, why) => {
    const finding = judge(changes, facts, policy, "high");
    expect(finding?.state).toBe("does-not-count");
    expect(finding?.why.join("; ")).toMatch(why);
  });

  it("is accepted as declared at medium risk, and shown as such", () => {
    expect(judge({}, run, { evidenceApps: [] }, "medium")).toMatchObject({ state: "counts", trust: "declared" });
  });

  it("never passes by what the record claims", () => {
    expect(judge({ passed: true }, null, {}, "low")).toMatchObject({ state: "does-not-count", passed: null });
  });

  it.each<[string, object]>([
    ["without `check`", { check: null }],
    ["without `format`", { format: null }],
    ["with a file", { file: "x.json" }],
    ["of another format", { format: "junit" }],
  ])("is refused %s", (_name, changes) => {
    const text = JSON.stringify({ ...own, ...changes });
    const files = [{ path: "e/eval-1.json", content: { kind: "text" as const, text } }];
    const parsed = readEvidence("eval-1", files, { folder: "e", place: { path: "r", line: 1, column: 1 } });
    expect(parsed.ok ? [] : parsed.problems.map((problem) => problem.code)).toEqual(["incomplete-check"]);
  });
});
