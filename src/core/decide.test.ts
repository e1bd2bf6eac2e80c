import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assess } from "./assess.ts";
import { decide } from "./decide.ts";
import type { FileFacts, PeopleFacts } from "./facts.ts";
import { renderCheck } from "./report/render-check.ts";
import { renderTerminal } from "./report/render-terminal.ts";
import { contentDigestsOf } from "./verdict/assessment.ts";
import {
  audiences,
  author,
  binding,
  buildApprovals,
  buildApproved,
  buildFacts,
  buildLatch,
  buildLive,
  buildPeople,
  buildSnapshot,
  codeownersText,
  namedTexts,
  policyText,
  routePath,
  writeBundle,
  writeEvidence,
  writeFiles,
  writeRecord,
  writeRouteFile,
  writeStatus,
  type Written,
} from "./verdict/test-builders.ts";
import type { Verdict } from "./verdict/verdict.ts";

/** Everybody who is asked for the default route approves. */
const needed = ["product", "platform"];

function judge(facts: FileFacts, approvers: readonly string[] = [], people: Partial<PeopleFacts> = {}): Verdict {
  const assessment = assess(facts);
  return decide(assessment, { ...buildApprovals(assessment, approvers), ...people });
}

const heads = (written: Written, more: Record<string, string> = {}): Partial<FileFacts> => ({
  head: buildSnapshot(writeFiles(written, more)),
});

/** The route was approved and is live; the pull request changes it. */
function changed(merged: Written, changes: Partial<FileFacts> = {}): FileFacts {
  return buildFacts({
    ...heads(merged),
    base: buildSnapshot(writeFiles(writeRecord())),
    changes: { complete: true, files: [{ path: routePath, previousPath: null, status: "modified" }] },
    approved: [buildApproved(writeRecord())],
    live: [buildLive()],
    claims: [{ binding: "prod", flagKey: "support_answer", repository: "acme/app", path: routePath }],
    ...changes,
  });
}

const touched = (path: string): Partial<FileFacts> => ({
  changes: { complete: true, files: [{ path, previousPath: null, status: "modified" }] },
});

describe("the way of a pull request", () => {
  it("waits for the roles, asks their teams and is approved by them", () => {
    const waiting = judge(buildFacts());
    expect(waiting.state).toBe("waiting");
    expect(waiting.title).toBe("Medium risk: waiting for product-owner, ai-platform-owner (0 of 2 roles approved)");
    expect(waiting.request).toEqual({ users: [], teams: ["platform", "product"] });

    const half = judge(buildFacts(), ["product"]);
    expect(half.title).toBe("Medium risk: waiting for ai-platform-owner (1 of 2 roles approved)");
    expect(half.request).toEqual({ users: [], teams: ["platform"] });

    const approved = judge(buildFacts(), needed);
    expect([approved.state, approved.title]).toEqual(["approved", "Medium risk: approved by all 2 roles"]);
    expect(approved.next).toEqual(["Merge it: the merge asks FeatBit for internal-canary."]);
  });

  it("an approval of other content does not count, and the card says which review ended", () => {
    const before = contentDigestsOf(assess(buildFacts()));
    const facts = buildFacts(
      heads(writeRecord({ candidate: writeBundle({ parameters: { temperature: 0.3 }, maxRetries: 2 }) })),
    );
    const people = buildApprovals(assess(buildFacts()), needed);
    const verdict = decide(assess(facts), people);
    expect(verdict.state).not.toBe("approved");
    expect(verdict.routes[0]?.reviews.map((review) => review.counts)).toEqual([false, false]);
    expect(before).not.toEqual(contentDigestsOf(assess(facts)));
  });

  it.each<[string, FileFacts]>([
    [
      "other words",
      buildFacts(heads(writeRecord({ description: "new words", audit: { tracker: "https://example.com/2" } }))),
    ],
    [
      "another layout",
      buildFacts({
        head: buildSnapshot({
          ...writeFiles(writeRecord()),
          [routePath]: JSON.stringify({ model_change: writeRecord() }, null, 2),
        }),
      }),
    ],
    [
      "a record of evidence more",
      buildFacts(
        heads(
          writeRecord({
            approval: { status: "approved-for-internal-canary", evidence: ["eval-1", "rollback-test-1", "extra"] },
          }),
        ),
      ),
    ],
    [
      "a record of evidence more that counts as well",
      buildFacts(
        heads(
          writeRecord({
            approval: { status: "approved-for-internal-canary", evidence: ["eval-1", "rollback-test-1", "eval-2"] },
          }),
          { "model-routes/evidence/eval-2.yaml": writeEvidence({ id: "eval-2", result: 0.95 }) },
        ),
      ),
    ],
    ["an unrelated file", buildFacts(heads(writeRecord(), { "src/main.ts": "1" }))],
  ])("an approval survives %s", (_name, facts) => {
    expect(decide(assess(facts), buildApprovals(assess(buildFacts()), needed)).state).toBe("approved");
  });

  it.each<[string, FileFacts]>([
    ["another candidate", buildFacts(heads(writeRecord({ candidate: writeBundle({ timeoutMs: 1 }) })))],
    ["another text of the prompt", buildFacts(heads(writeRecord(), { "prompts/v3.md": "Answer rudely." }))],
    ["another status", buildFacts(heads(writeRecord(writeStatus("approved-for-shadow"))))],
    [
      "another text of the evidence that is used",
      buildFacts(heads(writeRecord(), { "model-routes/evidence/eval-1.yaml": "{}" })),
    ],
    ["another policy", buildFacts({ policy: { kind: "text", path: ".github/routeward.yml", text: `${policyText} ` } })],
    [
      "other owners",
      buildFacts({
        codeowners: {
          kind: "text",
          path: ".github/CODEOWNERS",
          text: codeownersText.replace("@acme/platform", "@acme/finance"),
        },
      }),
    ],
    ["a rollback in between", buildFacts({ latches: [buildLatch({ cause: "command" })] })],
    ["another risk", buildFacts(heads(writeRecord({ risks: { cost: "more" } })))],
  ])("an approval ends with %s", (_name, facts) => {
    expect(contentDigestsOf(assess(facts))[routePath]).not.toBe(contentDigestsOf(assess(buildFacts()))[routePath]);
  });

  it("a merged pull request is judged alike, and a freeze does not undo its approval", () => {
    const freeze = JSON.stringify({
      ...JSON.parse(policyText),
      freeze: [{ name: "launch", cron: "0 0 15 6 *", lasts: "24h", timezone: "UTC" }],
    });
    const frozen = { policy: { kind: "text" as const, path: ".github/routeward.yml", text: freeze } };
    expect(judge(buildFacts(frozen), needed).state).toBe("waiting");
    const merged = {
      ...buildFacts().pull,
      state: "closed" as const,
      merged: true,
      mergeCommitSha: "m",
      mergedAt: "2026-06-15T10:00:00Z",
    };
    expect(judge(buildFacts({ ...frozen, pull: merged }), needed).state).toBe("approved");
    expect(judge(buildFacts({ pull: merged }), ["product"]).state).toBe("waiting");
  });

  it("a rollback needs an owner of the file and neither evidence nor gates", () => {
    const facts = changed({ ...writeRecord(), approval: { status: "rolled-back", evidence: [] } });
    expect(judge(facts).routes[0]?.gates).toEqual([]);
    expect(judge(facts, ["product"]).state).toBe("approved");
  });

  it("the next stage needs soak and readings besides the roles", () => {
    const facts = changed(writeRecord(writeStatus("approved-for-customer-canary")));
    const verdict = judge(facts, [...needed, "release"]);
    expect(verdict.tier).toBe("high");
    expect(verdict.routes[0]?.gates.filter((gate) => gate.state !== "ok").map((gate) => gate.gate)).toEqual([
      "offline-eval-evidence",
      "guardrails-passing",
    ]);
  });
});

describe("what nothing gets past", () => {
  const pull = buildFacts().pull;
  it.each<[string, Partial<FileFacts>, Verdict["state"], RegExp]>([
    [
      "another base branch",
      { pull: { ...pull, baseRef: "release" } },
      "waiting",
      /goes to release; only main moves flags/,
    ],
    [
      "a base that the operator lists and nothing guards",
      { pull: { ...pull, baseRef: "release" }, policyBranch: { name: "release", isGuarded: false } },
      "waiting",
      /whose rules may judge only while release requires routeward\/approval from this app/,
    ],
    ["conflicts", { hasConflicts: true }, "blocked", /conflicts with its base branch/],
    ["a draft", { pull: { ...pull, isDraft: true } }, "waiting", /it is a draft/],
    [
      "an incomplete listing of changes",
      { changes: { ...buildFacts().changes, complete: false } },
      "blocked",
      /only a part of the files/,
    ],
    ["an incomplete tree", { head: { ...buildFacts().head, complete: false } }, "blocked", /only a part of the files/],
    [
      "a policy that cannot be read",
      { policy: { kind: "text", path: ".github/routeward.yml", text: "{" } },
      "blocked",
      /rules in force cannot be read/,
    ],
    [
      "a policy that GitHub did not give",
      { policy: { kind: "unreadable", path: ".github/routeward.yml", why: "502" } },
      "blocked",
      /rules in force cannot be read/,
    ],
    ["no CODEOWNERS", { codeowners: { kind: "absent" } }, "blocked", /no CODEOWNERS file/],
    ["no binding", { bindings: [] }, "invalid", /binding/],
    [
      "a claimed flag",
      { claims: [{ binding: "prod", flagKey: "support_answer", repository: "acme/other", path: "x" }] },
      "invalid",
      /another flag key/,
    ],
    [
      "a route file that was not read",
      { head: { ...buildFacts().head, contents: {} } },
      "invalid",
      /could not be read/,
    ],
    ["broken YAML", { head: buildSnapshot({ [routePath]: "model_change: [" }) }, "invalid", /answer.yaml line 1/],
    ["an unknown key", heads(writeRecord({ candidat: {} })), "invalid", /candidat/],
    [
      "a symlink",
      {
        head: {
          ...buildFacts().head,
          entries: buildFacts().head.entries.map((each) => ({ ...each, mode: "symlink" as const })),
        },
      },
      "invalid",
      /answer.yaml/,
    ],
    [
      "a prompt that is missing",
      { head: buildSnapshot({ [routePath]: writeRouteFile(writeRecord()) }) },
      "invalid",
      /file/,
    ],
    [
      "two files with one flag",
      heads(writeRecord(), { "model-routes/support/twin.yaml": writeRouteFile(writeRecord()) }),
      "invalid",
      /flagKey/,
    ],
    [
      "paths that differ by case",
      heads(writeRecord(), {
        "model-routes/support/Answer.yaml": writeRouteFile(writeRecord({ flagKey: "support_other" })),
      }),
      "invalid",
      /Rename/,
    ],
  ])("%s", (_name, changes, state, next) => {
    const verdict = judge(buildFacts(changes), [
      "product",
      "platform",
      "release",
      "security",
      "finance",
      "operations",
      "governance",
    ]);
    expect(verdict.state).toBe(state);
    expect(verdict.next.join("\n")).toMatch(next);
  });

  it.each<[string, "added" | "removed" | "renamed"]>([
    ["new ones", "added"],
    ["ones that disappear", "removed"],
    ["ones that move", "renamed"],
  ])("more than fifty routes are refused with one message: %s", (_name, status) => {
    const judgeMany = (count: number): Verdict => {
      const paths = (folder: string): string[] =>
        Array.from({ length: count }, (_, index) => `model-routes/${folder}/r${index}.yaml`);
      const write = (folder: string): Record<string, string> => ({
        ...namedTexts,
        ...Object.fromEntries(
          paths(folder).map((path, index) => [path, writeRouteFile(writeRecord({ flagKey: `support_${index}` }))]),
        ),
      });
      const old = paths("old");
      const files = paths(status === "removed" ? "old" : "new").map((path, index) => ({
        path,
        previousPath: status === "renamed" ? (old[index] ?? null) : null,
        status,
      }));
      const base = buildSnapshot(status === "added" ? namedTexts : write("old"));
      const head = buildSnapshot(status === "removed" ? namedTexts : write("new"));
      return judge(buildFacts({ base, head, changes: { complete: true, files } }));
    };
    const verdict = judgeMany(51);
    expect([verdict.state, verdict.routes.length]).toEqual(["invalid", 0]);
    expect(verdict.next).toEqual([expect.stringContaining("The pull request changes 51 routes.")]);
    expect(judgeMany(50).routes).toHaveLength(50);
  });

  it.each<[string, FileFacts, RegExp]>([
    [
      "the baseline under its users",
      changed(writeRecord({ baseline: writeBundle({ timeoutMs: 1 }) })),
      /Make it the candidate/,
    ],
    [
      "the baseline's prompt file alone",
      changed(writeRecord(), { ...heads(writeRecord(), { "prompts/v3.md": "other" }), ...touched("prompts/v3.md") }),
      /Make it the candidate/,
    ],
    [
      "a live route that is deleted",
      changed(writeRecord(), {
        head: buildSnapshot(namedTexts),
        changes: { complete: true, files: [{ path: routePath, previousPath: null, status: "removed" }] },
      }),
      /status: retired` first/,
    ],
    [
      "a live route that is moved out of the globs",
      changed(writeRecord(), {
        head: buildSnapshot({ ...namedTexts, "old/answer.yaml": writeRouteFile(writeRecord()) }),
        changes: { complete: true, files: [{ path: "old/answer.yaml", previousPath: routePath, status: "renamed" }] },
      }),
      /status: retired` first/,
    ],
    [
      "another flag key in the file of a live route",
      changed(writeRecord({ flagKey: "support_other" })),
      /status: retired` first/,
    ],
    ["draft for a live route", changed(writeRecord(writeStatus("draft"))), /rolled-back/],
  ])("%s is invalid whoever approves", (_name, facts, next) => {
    const verdict = judge(facts, ["product", "platform", "release", "security", "finance", "operations"]);
    expect(verdict.state).toBe("invalid");
    expect(verdict.next.join("\n")).toMatch(next);
  });

  it("a route that serves nobody may be deleted by an owner of its file", () => {
    const facts = changed(writeRecord(), {
      head: buildSnapshot(namedTexts),
      changes: { complete: true, files: [{ path: routePath, previousPath: null, status: "removed" }] },
      approved: [],
      live: [],
    });
    expect(judge(facts, ["product"]).state).toBe("approved");
    expect(judge(facts).state).toBe("waiting");
  });

  it("a moved route file keeps its approval's content and its claim", () => {
    const path = "model-routes/support/moved.yaml";
    const facts = changed(writeRecord(), {
      head: buildSnapshot({ ...writeFiles(writeRecord()), [routePath]: "", [path]: writeRouteFile(writeRecord()) }),
      changes: { complete: true, files: [{ path, previousPath: routePath, status: "renamed" }] },
    });
    const head = { ...facts.head, entries: facts.head.entries.filter((each) => each.path !== routePath) };
    const verdict = judge({ ...facts, head }, ["product"]);
    expect([verdict.state, verdict.tier]).toEqual(["approved", "low"]);
  });

  it("GitHub's own error on a CODEOWNERS line that gave a reviewer blocks", () => {
    const line = codeownersText.split("\n").findIndex((each) => each.includes("ai-platform-owner")) + 1;
    const codeownersErrors = [{ line, column: 1, kind: "Invalid pattern", message: "", path: ".github/CODEOWNERS" }];
    const verdict = judge(buildFacts(), needed, { codeownersErrors });
    expect(verdict.state).toBe("blocked");
    expect(verdict.next.join()).toContain(`GitHub ignores CODEOWNERS line ${line}`);
  });

  it("a reviewer whom the author named and GitHub does not know is a problem where the author named them", () => {
    const approval = { status: "approved-for-internal-canary", evidence: ["eval-1"], reviewers: ["@ghost"] };
    const text = JSON.stringify({ model_change: writeRecord({ approval }) }, null, 2);
    const facts = buildFacts({ head: buildSnapshot({ ...writeFiles(writeRecord()), [routePath]: text }) });
    const line = text.split("\n").findIndex((each) => each.includes('"reviewers"')) + 1;
    expect(judge(facts, needed).problems).toMatchObject([
      { code: "owner-unresolved", path: routePath, line, found: "@ghost" },
    ]);
  });

  it("an approved route that no longer parses counts as never approved", () => {
    const facts = changed(writeRecord({ description: "x" }), {
      approved: [buildApproved(writeRecord(), { text: "{" })],
    });
    expect(judge(facts).routes[0]?.classification.fired.map((rule) => rule.id)).toContain("candidate-added");
  });

  it("a later policy that widens an approved audience is seen", () => {
    const narrow = {
      ...audiences,
      "internal-support": { ...audiences["internal-support"], where: [{ property: "team", in: [] }] },
    };
    const approved = buildApproved(writeRecord(), { audiences: narrow as typeof audiences });
    const fired = judge(changed(writeRecord({ description: "x" }), { approved: [approved] })).routes[0]?.classification
      .fired;
    expect(fired?.map((rule) => rule.id)).toContain("internal-exposure");
  });
});

describe("several routes in one pull request", () => {
  const billingPath = "model-routes/billing/answer.yaml";
  const billing = (changes: Written = {}): string =>
    writeRouteFile(writeRecord({ flagKey: "support_billing", ...changes }));
  const platformOfBilling = "/.github/roles/ai-platform-owner/model-routes/billing/ @acme/operations\n";
  const both = (text: string, more: Partial<FileFacts> = {}): FileFacts =>
    buildFacts({
      head: buildSnapshot(writeFiles(writeRecord(), { [billingPath]: text })),
      changes: {
        complete: true,
        files: [routePath, billingPath].map((path) => ({ path, previousPath: null, status: "added" as const })),
      },
      codeowners: { kind: "text", path: ".github/CODEOWNERS", text: codeownersText + platformOfBilling },
      ...more,
    });

  it.each<[string, string, readonly string[], Verdict["state"]]>([
    ["approved when each is by its own owners", billing(), [...needed, "operations"], "approved"],
    ["waiting when one lacks the owner of its own folder, whoever owns the other", billing(), needed, "waiting"],
    [
      "blocked when one lacks evidence",
      billing({ candidate: writeBundle({ timeoutMs: 9000 }) }),
      [...needed, "operations"],
      "blocked",
    ],
    ["invalid when one cannot be read", "model_change: [", [...needed, "operations"], "invalid"],
  ])("are %s", (_name, text, approvers, state) => {
    const verdict = judge(both(text), approvers);
    expect(verdict.state).toBe(state);
    expect(verdict.routes.find(({ flagKey }) => flagKey === "support_answer")?.state).toBe("approved");
  });

  it("have each a tier of their own, and the highest is the pull request's", () => {
    const verdict = judge(both(billing({ dataClasses: ["regulated"] })));
    expect(verdict.tier).toBe("restricted");
    expect(verdict.routes.map(({ flagKey, classification }) => [flagKey, classification.tier])).toEqual([
      ["support_billing", "restricted"],
      ["support_answer", "medium"],
    ]);
    const rolesOf = (flagKey: string): readonly string[] =>
      verdict.routes
        .filter((route) => route.flagKey === flagKey)
        .flatMap(({ requirements }) => requirements.map(({ requirement }) => requirement.role));
    expect(rolesOf("support_billing")).toContain("security-owner");
    expect(rolesOf("support_answer")).not.toContain("security-owner");
  });

  it("of several environments are judged by the binding of each", () => {
    const staging = { ...binding, name: "staging", environment: "staging", isProduction: false };
    const text = billing({ flagKey: "support_answer", environment: "staging" });
    const verdict = judge(both(text, { bindings: [binding, staging] }));
    expect(verdict.routes.flatMap(({ problems }) => problems)).toEqual([]);
    expect(
      verdict.routes.map(({ classification }) => [classification.tier, classification.fired.map(({ id }) => id)]),
    ).toEqual([
      ["low", ["non-production-only"]],
      ["medium", expect.arrayContaining(["candidate-added", "internal-exposure"])],
    ]);
  });

  it("are all concerned by a prompt file that they share, though no route file changes", () => {
    const files = (prompt: string): Record<string, string> =>
      writeFiles(writeRecord(), { [billingPath]: billing(), "prompts/v3.md": prompt });
    const facts = both(billing(), {
      base: buildSnapshot(files("Answer politely.")),
      head: buildSnapshot(files("Obey.")),
      ...touched("prompts/v3.md"),
      approved: [writeRecord(), writeRecord({ flagKey: "support_billing" })].map((written) =>
        buildApproved(written, { flagKey: String(written["flagKey"]) }),
      ),
    });
    const fired = judge(facts).routes.map(({ flagKey, classification }) => [
      flagKey,
      classification.fired.some(({ id }) => id === "prompt-changed"),
    ]);
    expect(fired).toEqual([
      ["support_billing", true],
      ["support_answer", true],
    ]);
  });
});

describe("changes of the rules", () => {
  const policyPath = ".github/routeward.yml";
  const edit = (text: string, more: Partial<FileFacts> = {}) =>
    buildFacts({ head: buildSnapshot({ [policyPath]: text }), ...touched(policyPath), ...more });

  it("are restricted and need the policy owner", () => {
    const waiting = judge(edit(policyText));
    expect([waiting.state, waiting.tier]).toEqual(["waiting", "restricted"]);
    expect(waiting.title).toBe("Restricted risk: waiting for policy-owner (0 of 1 role approved)");
    expect(judge(edit(policyText), ["governance"]).state).toBe("approved");
    expect(judge(edit(policyText), ["product", "platform", "security"]).state).toBe("waiting");
  });

  it("an approval ends when the rules are edited again", () => {
    const people = buildApprovals(assess(edit(policyText)), ["governance"]);
    expect(decide(assess(edit("version: 1")), people).state).toBe("waiting");
  });

  it.each<[string, FileFacts]>([
    ["that cannot be read", edit("routes: [")],
    ["with an unknown key", edit("rotues: []")],
    [
      "weaker than the organisation's floor",
      edit("version: 1\nevidenceMaxAge: 90d", {
        floor: { kind: "text", path: policyPath, text: "evidenceMaxAge: 7d" },
      }),
    ],
  ])("a policy %s is invalid", (_name, facts) => {
    expect(judge(facts, ["governance"]).state).toBe("invalid");
  });

  it("a weakness that the policy had before is not this pull request's doing", () => {
    const weak = "version: 1\nevidenceMaxAge: 90d";
    const floor = { kind: "text" as const, path: policyPath, text: "evidenceMaxAge: 7d" };
    const policy = { kind: "text" as const, path: policyPath, text: weak };
    const other = judge(edit(`${weak}\nonBreach: rollback`, { floor, policy }), ["governance"]);
    expect([other.state, other.governance?.problems.map((problem) => problem.severity)]).toEqual([
      "approved",
      ["warning"],
    ]);
    const weaker = "version: 1\nevidenceMaxAge: 91d";
    expect(judge(edit(weaker, { floor, policy }), ["governance"]).state).toBe("invalid");
  });

  it.each<[string, object, string, (verdict: Verdict) => unknown, unknown]>([
    ["report instead of enforce", { mode: "report" }, "mode: enforce", (verdict) => verdict.mode, "enforce"],
    [
      "fewer approvals",
      { approvals: { counts: { "ai-platform-owner": 1 } } },
      "approvals: { counts: { ai-platform-owner: 2 } }",
      (verdict) => verdict.state,
      "blocked",
    ],
    [
      "older evidence",
      { evidenceMaxAge: "30d" },
      "evidenceMaxAge: 1h",
      (verdict) => verdict.routes.flatMap(({ evidence }) => evidence.map(({ state }) => state === "counts")),
      [false, false],
    ],
    [
      "another owner of a role",
      { roles: { "ai-platform-owner": "@acme/product" } },
      "roles: { ai-platform-owner: '@acme/security' }",
      (verdict) => verdict.state,
      "waiting",
    ],
  ])("that the policy on the default branch lacks, the floor still asks for: %s", (_name, weak, text, pick, value) => {
    const policy = {
      kind: "text" as const,
      path: policyPath,
      text: JSON.stringify({ ...(JSON.parse(policyText) as object), ...weak }),
    };
    const floor = { kind: "text" as const, path: "organisation", text };
    const facts = buildFacts({ policy, floor });
    expect(pick(judge(facts, needed))).toEqual(value);
    expect(pick(judge({ ...facts, floor: { kind: "absent" } }, needed))).not.toEqual(value);
    expect(judge(facts, needed).problems.map(({ code, severity }) => [code, severity])).toEqual([
      ["weaker-than-floor", "warning"],
    ]);
  });

  it.each<[string, FileFacts["floor"], boolean, Verdict["state"]]>([
    [
      "an unreadable floor that nobody requires",
      { kind: "unreadable", path: "organisation", why: "403" },
      false,
      "approved",
    ],
    [
      "an unreadable floor that the operator requires",
      { kind: "unreadable", path: "organisation", why: "403" },
      true,
      "blocked",
    ],
    ["a floor that is required and absent", { kind: "absent" }, true, "blocked"],
    ["a broken floor, required or not", { kind: "text", path: "organisation", text: "routes: [" }, false, "blocked"],
  ])("under %s a route is judged accordingly", (_name, floor, requireFloor, state) => {
    const assessment = assess(buildFacts({ floor }), { requireFloor });
    expect(decide(assessment, buildApprovals(assessment, needed)).state).toBe(state);
  });

  it("a broken policy can be mended", () => {
    const facts = edit(policyText, { policy: { kind: "text", path: policyPath, text: "routes: [" } });
    expect(judge(facts, ["governance"]).state).toBe("approved");
  });

  it("in one pull request with a route, both must be approved", () => {
    const facts = buildFacts({
      head: buildSnapshot(writeFiles(writeRecord(), { [policyPath]: policyText })),
      changes: {
        complete: true,
        files: [...buildFacts().changes.files, { path: policyPath, previousPath: null, status: "added" }],
      },
    });
    expect(judge(facts, needed).state).toBe("waiting");
    expect(judge(facts, [...needed, "governance"]).state).toBe("approved");
  });
});

describe("what is not for Routeward", () => {
  it("a pull request without routes and rules is not applicable", () => {
    const verdict = judge(buildFacts(touched("src/main.ts")));
    expect([verdict.state, verdict.title]).toEqual(["not-applicable", "No model route and no rule is touched"]);
    expect(renderCheck(verdict, { headSha: "h" }).conclusion).toBe("success");
  });

  it("evidence that no route names is not applicable", () => {
    const files = touched("model-routes/evidence/other.yaml");
    expect(judge(buildFacts({ ...files, head: buildSnapshot({}), base: buildSnapshot({}) })).state).toBe(
      "not-applicable",
    );
  });
});

it("mode report judges alike and never fails the check", () => {
  const text = JSON.stringify({ ...JSON.parse(policyText), mode: "report" });
  const verdict = judge(buildFacts({ policy: { kind: "text", path: ".github/routeward.yml", text } }));
  expect([verdict.state, verdict.mode]).toEqual(["waiting", "report"]);
  expect(renderCheck(verdict, { headSha: "h" })).toMatchObject({
    conclusion: "success",
    title: "Medium risk (report only): waiting for product-owner, ai-platform-owner (0 of 2 roles approved)",
  });
});

it("support-answer.yaml as it stands says what is missing for which stage", () => {
  const example = (name: string): string =>
    readFileSync(new URL(`../../docs/examples/${name}`, import.meta.url), "utf8");
  const facts = buildFacts({
    head: buildSnapshot({ [routePath]: example("support-answer.yaml") }),
    policy: { kind: "text", path: ".github/routeward.yml", text: example("routeward.yml") },
    codeowners: { kind: "text", path: ".github/CODEOWNERS", text: example("CODEOWNERS") },
  });
  const [route] = judge(facts).routes;
  expect(route?.problems).toEqual([]);
  expect(route?.asked).toBe("internal-canary");
  expect(route?.gates.filter((gate) => gate.state !== "ok").map((gate) => `${gate.gate}: ${gate.text}`))
    .toMatchInlineSnapshot(`
    [
      "complete-record: the record lacks \`workflow\`",
      "offline-eval-evidence: offline-eval: no evidence that counts (offline-eval-run-2026-06-11: There is no evidence record \`offline-eval-run-2026-06-11\`)",
      "rehearsal: the way back was not rehearsed for this candidate: ask with \`/routeward rehearse\`",
      "guardrails-declared: no guardrail is declared",
    ]
  `);
  expect(route?.later).toMatchInlineSnapshot(`
    [
      {
        "needs": [
          "approval of product-owner, ai-platform-owner, finance-owner, release-owner, support-product-owner",
          "no guardrail covers quality, latency, cost, fallback, safety, business",
          "\`dataClasses\` is not declared",
          "internal-canary soaked for 24 h",
          "all guardrails passing",
        ],
        "stage": "customer-canary",
      },
      {
        "needs": [
          "approval of product-owner, ai-platform-owner, finance-owner, release-owner, support-product-owner",
          "the plan leaves out ab-comparison before default, which the policy does not allow",
          "ab-result or canary-report: no evidence that counts (offline-eval-run-2026-06-11: There is no evidence record \`offline-eval-run-2026-06-11\`)",
          "customer-canary soaked for 24 h",
          "all guardrails passing",
          "\`improvement\` names no metric for its goal",
          "\`cleanup\` is not decided: remove or permanent, with date and owner",
        ],
        "stage": "default",
      },
    ]
  `);
});

it("equal facts give equal verdicts, and nothing is written into the facts", () => {
  const facts = buildFacts();
  const before = JSON.stringify(facts);
  expect(JSON.stringify(judge(facts))).toBe(JSON.stringify(judge(buildFacts())));
  expect(JSON.stringify(facts)).toBe(before);
});

it("whatever the files hold, there is a verdict and a card within GitHub's limits", () => {
  const text = writeRouteFile(writeRecord());
  const mutate = fc
    .tuple(fc.nat(text.length), fc.nat(40), fc.string({ unit: "binary", maxLength: 40 }))
    .map(([at, length, more]) => text.slice(0, at) + more + text.slice(at + length));
  const known = changed(writeRecord());
  const anything = fc.oneof(mutate, fc.string({ unit: "binary", maxLength: 300 }));
  fc.assert(
    fc.property(anything, anything, anything, anything, (route, policy, codeowners, evidence) => {
      const facts: FileFacts = {
        ...known,
        head: buildSnapshot({ ...namedTexts, [routePath]: route, "model-routes/evidence/eval-1.yaml": evidence }),
        policy: { kind: "text", path: ".github/routeward.yml", text: policy },
        codeowners: { kind: "text", path: ".github/CODEOWNERS", text: codeowners },
      };
      const verdict = decide(
        assess(facts),
        buildPeople({
          reviews: [
            {
              id: 1,
              author,
              state: "APPROVED",
              body: codeowners,
              submittedAt: "",
              commitSha: null,
              content: null,
              dismissedBy: null,
            },
          ],
        }),
      );
      expect(verdict.state).not.toBe("approved");
      const check = renderCheck(verdict, { headSha: "h" });
      expect(Buffer.byteLength(check.summary)).toBeLessThanOrEqual(65_535);
      expect(Buffer.byteLength(check.text)).toBeLessThanOrEqual(65_535);
      expect(renderTerminal(verdict, { colour: false })).not.toContain("\u001B");
    }),
    { numRuns: 200, seed: 11 },
  );
});
