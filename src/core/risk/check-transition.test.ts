import { describe, expect, it } from "vitest";
import type { BindingFacts } from "../facts.ts";
import type { Place, Problem } from "../problem.ts";
import { placeOf } from "../routes/route-file.ts";
import {
  binding,
  buildContent,
  buildLive,
  readRoute,
  resolve,
  routePath,
  writeBundle,
  writeRecord,
  writeStatus,
} from "../verdict/test-builders.ts";
import { checkClaim, checkRemoval, checkTransition, findBinding, type Transition } from "./check-transition.ts";
import { classifyGovernance } from "./classify-governance.ts";

const approved = buildContent(writeRecord());

function codesOf(transition: Partial<Transition>): string[] {
  return checkTransition({ approved, merged: approved.state, live: null, ...transition }).map(
    (problem) => problem.code,
  );
}

const otherBaseline = resolve(writeRecord({ baseline: writeBundle({ timeoutMs: 1 }) }));
const editedPrompt = resolve(writeRecord(), { "prompts/v3.md": "another text" });
const promoted = resolve(
  writeRecord({ ...writeStatus("retired"), baseline: writeBundle({ parameters: { temperature: 0.3 } }) }),
);

describe("what a change may never do", () => {
  it.each<[string, Partial<Transition>, string[]]>([
    ["nothing changes", { live: buildLive() }, []],
    ["another baseline while the flag serves it", { merged: otherBaseline, live: buildLive() }, ["baseline-changed"]],
    [
      "another baseline at offline-eval, where everybody gets it",
      { merged: otherBaseline, live: buildLive({ stage: "offline-eval" }) },
      ["baseline-changed"],
    ],
    [
      "another baseline after a rollback, where everybody gets it",
      { merged: otherBaseline, live: buildLive({ stage: null }) },
      ["baseline-changed"],
    ],
    [
      "another text of a file that the baseline names",
      { merged: editedPrompt, live: buildLive() },
      ["baseline-changed"],
    ],
    [
      "a baseline whose file cannot be read",
      { merged: resolve(writeRecord(), {}), live: buildLive() },
      ["baseline-changed"],
    ],
    ["another baseline while the flag serves nobody", { merged: otherBaseline, live: null }, []],
    [
      "another baseline after the route was retired, while its flag still answers",
      {
        approved: buildContent(writeRecord(writeStatus("retired"))),
        merged: otherBaseline,
        live: buildLive({ stage: null }),
      },
      ["baseline-changed"],
    ],
    ["the proven default becomes the baseline", { merged: promoted, live: buildLive({ stage: "default" }) }, []],
    [
      "a default that is not at 100 % becomes the baseline",
      { merged: promoted, live: buildLive({ stage: "default", share: 50 }) },
      ["baseline-changed"],
    ],
    ["a canary becomes the baseline", { merged: promoted, live: buildLive() }, ["baseline-changed"]],
    [
      "a live route goes to draft",
      { merged: resolve(writeRecord(writeStatus("draft"))), live: buildLive() },
      ["live-to-draft"],
    ],
    [
      "an approved exposure goes to draft before it is live",
      { merged: resolve(writeRecord(writeStatus("draft"))) },
      ["approved-to-draft"],
    ],
    [
      "a draft stays a draft",
      { approved: buildContent(writeRecord(writeStatus("draft"))), merged: resolve(writeRecord(writeStatus("draft"))) },
      [],
    ],
    [
      "an offline evaluation goes to draft",
      {
        approved: buildContent(writeRecord(writeStatus("approved-for-testing"))),
        merged: resolve(writeRecord(writeStatus("draft"))),
      },
      [],
    ],
    [
      "a route that was rolled back goes to draft",
      {
        approved: buildContent(writeRecord(writeStatus("rolled-back"))),
        merged: resolve(writeRecord(writeStatus("draft"))),
        live: buildLive({ stage: null }),
      },
      [],
    ],
    [
      "the flag's type changes before the flag is made",
      { merged: resolve(writeRecord({ flag: { type: "string" } })) },
      [],
    ],
    [
      "the flag key is spelt in another case",
      { merged: resolve(writeRecord({ flagKey: "Support_answer" })), live: buildLive() },
      ["flag-key-spelling"],
    ],
    [
      "the flag's type changes",
      { merged: resolve(writeRecord({ flag: { type: "string" } })), live: buildLive() },
      ["flag-type-changed"],
    ],
  ])("%s", (_name, transition, codes) => {
    expect(codesOf(transition)).toEqual(codes);
  });

  const draft = resolve(writeRecord(writeStatus("draft")));
  const asString = resolve(writeRecord({ flag: { type: "string" } }));
  const respelt = resolve(writeRecord({ flagKey: "Support_answer" }));
  const unreadable = resolve(writeRecord(), {});
  const baselineChanged = {
    code: "baseline-changed",
    severity: "error",
    message: "The baseline is what the flag serves now; it cannot change under the users who get it.",
    expected: `the baseline that is served, ${approved.state.baselineDigest}, or the candidate once it is proven as default`,
    fix: "Make it the candidate: restore `baseline` and the files that it names, and describe the new bundle under `candidate`.",
  } as const;
  it.each<[string, Pick<Transition, "merged"> & Partial<Transition>, string, Omit<Problem, keyof Place>]>([
    [
      "a draft of an approved exposure",
      { merged: draft },
      "approval.status",
      {
        code: "approved-to-draft",
        severity: "error",
        message:
          "The last approved content asks for exposure (`approved-for-internal-canary`) and cannot go back to `draft`.",
        expected: "rolled-back",
        found: "draft",
        fix: "Use `rolled-back`: it turns the flag off and serves the baseline to everyone.",
      },
    ],
    [
      "another baseline",
      { merged: otherBaseline, live: buildLive() },
      "baseline",
      { ...baselineChanged, found: otherBaseline.baselineDigest ?? "" },
    ],
    [
      "a baseline whose file cannot be read",
      { merged: unreadable, live: buildLive() },
      "baseline",
      { ...baselineChanged, found: "gpt-4o-2024-08-06 with files that cannot be read" },
    ],
    [
      "another type of the flag",
      { merged: asString, live: buildLive() },
      "flag.type",
      {
        code: "flag-type-changed",
        severity: "error",
        message: "The type of a flag that exists cannot change.",
        expected: "json",
        found: "string",
        fix: "Restore the type, or retire this route and start another one with a new flagKey.",
      },
    ],
    [
      "another spelling of the flag key",
      { merged: respelt, live: buildLive() },
      "flagKey",
      {
        code: "flag-key-spelling",
        severity: "error",
        message: "The flag key is spelt in another case than the flag that serves users.",
        expected: "support_answer",
        found: "Support_answer",
        fix: "Restore the spelling: FeatBit would take it for another flag.",
      },
    ],
  ])("%s is a problem on its line that says what to do", (_name, transition, field, expected) => {
    const problems = checkTransition({ approved, live: null, ...transition });
    expect(problems).toEqual([{ ...placeOf(transition.merged.file, field), ...expected }]);
  });

  it.each([
    ["while its flag serves users", buildLive(), approved, "route-removed-while-serving"],
    [
      "while its flag serves the baseline to everyone",
      buildLive({ stage: null }),
      approved,
      "route-removed-while-serving",
    ],
    ["when it is retired", buildLive({ stage: null }), buildContent(writeRecord(writeStatus("retired"))), undefined],
    ["when its flag was never made", null, approved, undefined],
  ])("a route disappears %s", (_name, live, content, code) => {
    const place = { path: routePath, line: 1, column: 1 };
    expect(
      checkRemoval({ file: content.state.file, approved: content, live }, "the file is deleted", place)?.code,
    ).toBe(code);
  });
});

describe("a route that disappears is a problem that says what its flag serves", () => {
  const place = { path: "model-routes/support/moved.yaml", line: 3, column: 5 };
  it.each([
    ["a stage", buildLive(), "internal-canary, status approved-for-internal-canary"],
    ["the baseline", buildLive({ stage: null }), "baseline to everyone, status approved-for-internal-canary"],
  ])("%s", (_name, live, found) => {
    expect(checkRemoval({ file: approved.state.file, approved, live }, "the file is deleted", place)).toEqual({
      ...place,
      code: "route-removed-while-serving",
      severity: "error",
      message:
        "The route of flag `support_answer` in production disappears (the file is deleted) while its flag serves users.",
      expected: "a route that is retired, or that serves nobody",
      found,
      fix: "Keep the file and set `approval.status: retired` first; remove it when that is merged and proven.",
    });
  });
});

describe("a route that no binding moves is told", () => {
  const file = readRoute(writeRecord({ environment: "production" }));
  const other = (changes: Partial<BindingFacts>): BindingFacts => ({ ...binding, ...changes });
  const outside = "The operator's binding does not let this repository move this flag.";
  const unlinked = "No binding of the operator links this repository to this environment.";
  it.each<[string, readonly BindingFacts[], string, string, string, string]>([
    [
      "which keys the bindings of its environment allow",
      [other({ flagKeys: ["billing_*"] }), other({ flagKeys: ["search_*", "chat"] })],
      "flagKey",
      "a flag key that matches billing_*, search_*, chat",
      "support_answer",
      outside,
    ],
    [
      "that its repository has none",
      [other({ repositories: ["acme/other"] })],
      "environment",
      "a binding for this repository",
      "production",
      unlinked,
    ],
    [
      "which environments its repository has, each once, in the order of their letters",
      [other({ environment: "staging" }), other({ environment: "dev" }), other({ environment: "dev" })],
      "environment",
      "one of dev, staging",
      "production",
      unlinked,
    ],
  ])("%s", (_name, bindings, field, expected, found, message) => {
    const answer = findBinding(file, "acme/app", bindings);
    const problem = "problem" in answer ? answer.problem : null;
    expect(problem).toMatchObject({ ...placeOf(file, field), severity: "error", expected, found, message });
    expect(problem?.fix).toContain("the operator of Routeward");
  });

  it("unless one of several repositories and one of several patterns fit, in whatever case", () => {
    const found = findBinding(file, "Acme/App", [
      other({ repositories: ["acme/other", "acme/app"], flagKeys: ["billing_*", "support_*"] }),
    ]);
    expect("binding" in found).toBe(true);
  });
});

describe("which binding moves a flag", () => {
  const file = readRoute(writeRecord());
  it.each<[string, Partial<BindingFacts>, string | undefined]>([
    ["a pattern of the binding", {}, undefined],
    ["the repository in other case", { repositories: ["ACME/App"] }, undefined],
    ["a pattern in other case", { flagKeys: ["SUPPORT_*"] }, undefined],
    ["several stars", { flagKeys: ["*port*ans*"] }, undefined],
    ["the key itself", { flagKeys: ["support_answer"] }, undefined],
    ["a pattern that is too long", { flagKeys: ["support_answer*answer"] }, "flag-key-outside-binding"],
    ["no pattern that fits", { flagKeys: ["billing_*"] }, "flag-key-outside-binding"],
    ["another environment", { environment: "staging" }, "environment-without-binding"],
    ["another repository", { repositories: ["acme/other"] }, "environment-without-binding"],
  ])("%s", (_name, changes, code) => {
    const found = findBinding(file, "acme/app", [{ ...binding, ...changes }]);
    expect("problem" in found ? found.problem.code : undefined).toBe(code);
  });

  it.each<[string, string, string, boolean]>([
    ["a key without a star is that key", "support_answer", "support_answer", true],
    ["and no longer one", "support_answer", "support_answer_2", false],
    ["and no other one", "support_answer", "billing", false],
    ["upper and lower case are one", "SUPPORT_*", "support_Answer", true],
    ["a star at the end stands for nothing too", "support_*", "support_", true],
    ["a star at the end needs the beginning", "support_*", "a_support_b", false],
    ["a star at the beginning needs the end", "*_answer", "support_answer", true],
    ["a star at the beginning does not take another end", "*_answer", "support_answers", false],
    ["a star alone is every key", "*", "anything", true],
    ["a piece between two stars must stand", "a*b*c", "a-b-c", true],
    ["a piece between two stars may be the beginning", "*port*x", "port-x", true],
    ["a piece between two stars is missing", "a*b*c", "a-x-c", false],
    ["a piece between two stars may follow at once", "a*b*c", "abc", true],
    ["pieces stand in their order", "a*b*c*d", "a-c-b-d", false],
    ["a piece is not used twice", "a*b*b*c", "a-b-c", false],
    ["the end does not share letters with a piece", "a*bb*bc", "abbc", false],
    ["the end does not share letters with the beginning", "aba*aba", "ababa", false],
    ["the end may follow the beginning at once", "aba*aba", "abaaba", true],
    ["the beginning is not its own end", "aba*aba", "aba", false],
  ])("of the operator's patterns: %s", (_name, pattern, flagKey, fits) => {
    const found = findBinding(readRoute(writeRecord({ flagKey })), "acme/app", [{ ...binding, flagKeys: [pattern] }]);
    expect("binding" in found).toBe(fits);
  });

  it.each([
    ["nobody has claimed", [], [], undefined],
    ["this file has claimed", [{ repository: "acme/app", path: routePath }], [], undefined],
    ["this file claimed under its old name", [{ repository: "acme/app", path: "old.yaml" }], ["old.yaml"], undefined],
    ["another file has claimed", [{ repository: "acme/app", path: "old.yaml" }], [], "flag-key-claimed"],
    ["another repository has claimed", [{ repository: "acme/other", path: routePath }], [], "flag-key-claimed"],
    [
      "another file has claimed for another binding",
      [{ repository: "acme/app", path: "old.yaml", binding: "staging" }],
      [],
      undefined,
    ],
    [
      "another file has not claimed, which claimed another key",
      [{ repository: "acme/app", path: "old.yaml", flagKey: "support_search" }],
      [],
      undefined,
    ],
    [
      "another repository has claimed in another binding",
      [{ repository: "acme/other", path: routePath, binding: "staging" }],
      [],
      undefined,
    ],
  ])("a flag key that %s", (_name, claims, former, code) => {
    const facts = claims.map((claim) => ({ binding: "prod", flagKey: "SUPPORT_answer", ...claim }));
    const problem = checkClaim(file, binding, "acme/app", facts, former);
    expect(problem?.code).toBe(code);
    expect(JSON.stringify(problem)).not.toContain("acme/other");
  });
});

describe("a claimed flag key is a problem that does not name another repository", () => {
  const file = readRoute(writeRecord());
  it.each([
    [
      "another file's",
      { repository: "acme/app", path: "model-routes/old.yaml" },
      "This flag key belongs to another route file of this repository.",
      "the route file model-routes/old.yaml",
    ],
    [
      "another repository's",
      { repository: "acme/secret", path: "model-routes/old.yaml" },
      "This flag key belongs to another repository.",
      "a flag key that nobody has claimed",
    ],
  ])("%s", (_name, owner, message, expected) => {
    const claim = { binding: "prod", flagKey: "support_answer", ...owner };
    expect(checkClaim(file, binding, "acme/app", [claim], [])).toEqual({
      ...placeOf(file, "flagKey"),
      code: "flag-key-claimed",
      severity: "error",
      message,
      expected,
      found: "support_answer",
      fix: "Choose another flag key, or ask the operator of Routeward to transfer it.",
    });
  });
});

describe("a change of the rules is restricted", () => {
  it.each([
    [".github/routeward.yml"],
    [".github/CODEOWNERS"],
    ["CODEOWNERS"],
    ["docs/CODEOWNERS"],
    [".github/roles/security-owner/x"],
  ])("%s", (path) => {
    const change = { path, previousPath: null, status: "modified" as const };
    expect(classifyGovernance([change])).toMatchObject({ tier: "restricted", triggers: ["governance"], paths: [path] });
    const renamed = { path: "elsewhere", previousPath: path, status: "renamed" as const };
    expect(classifyGovernance([renamed])?.fired[0]).toMatchObject({ id: "governance-changed", tier: "restricted" });
  });

  it("other paths are none", () => {
    expect(classifyGovernance([{ path: "src/CODEOWNERS", previousPath: null, status: "added" }])).toBeNull();
  });
});
