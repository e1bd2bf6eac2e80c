import { describe, expect, it } from "vitest";
import type { FileFacts } from "../facts.ts";
import { describeEffect } from "./describe-effect.ts";
import {
  buildApproved,
  buildChange,
  buildFacts,
  buildLatch,
  buildLive,
  buildRehearsal,
  buildSnapshot,
  codeownersText,
  judge,
  judgeRouteOf,
  routePath,
  writeBundle,
  writeFiles,
  writeRecord,
  writeStatus,
  type Written,
} from "./test-builders.ts";

describe("a route says for whom it asks", () => {
  const plan = (steps: readonly Written[]): Written => ({ exposure: { plan: steps, excluded: ["regulated-region"] } });
  const audiencePercent = JSON.stringify({
    audiences: {
      "internal-support": { internal: true, where: [{ property: "team", in: ["support"] }] },
      "low-risk": { where: [{ property: "risk", in: ["low"] }], percent: 20 },
      "regulated-region": { safe: [{ property: "region", in: ["eu"] }] },
    },
  });
  it.each<[string, Written, string, string]>([
    ["nobody as a draft", writeStatus("draft"), "nobody", "baseline to everyone"],
    ["nobody while it is tested", writeStatus("approved-for-testing"), "nobody", "baseline to everyone"],
    ["everyone in the shadow", writeStatus("approved-for-shadow"), "everyone", "baseline served, candidate shadowed"],
    ["the internal audience", writeStatus("approved-for-internal-canary"), "internal-support", "100 %"],
    ["the share of each step", writeStatus("approved-for-customer-canary"), "low-risk", "5 %, then 10 %, then 25 %"],
    ["one step", writeStatus("approved-for-ab-comparison"), "all-eligible", "50 %"],
    ["everyone who is not excluded", writeStatus("approved-as-default"), "everyone not excluded", "100 %"],
    [
      "nobody by name, where a stage is not planned",
      { ...writeStatus("approved-for-customer-canary"), ...plan([{ stage: "internal-canary", audience: "x" }]) },
      "no audience is named",
      "unknown",
    ],
  ])("%s", (_name, changes, audience, share) => {
    const { exposure } = judgeRouteOf(buildFacts({ head: buildSnapshot(writeFiles(writeRecord(changes))) }));
    expect(exposure).toEqual({ audience, share, excluded: ["regulated-region"] });
  });

  it("the percent of the audience, where its stage has no steps", () => {
    const written = writeRecord({
      ...writeStatus("approved-for-customer-canary"),
      ...plan([{ stage: "customer-canary", audience: "low-risk" }]),
    });
    const { exposure } = judgeRouteOf(
      buildFacts({
        head: buildSnapshot(writeFiles(written)),
        policy: { kind: "text", path: ".github/routeward.yml", text: audiencePercent },
      }),
    );
    expect(exposure.share).toBe("20 %");
  });
});

it.each<[string, Written | null, string]>([
  ["removed by a day", { decision: "remove", by: "2027-01-31", owner: "ada" }, "remove by 2027-01-31, ada"],
  [
    "kept and looked at again",
    { decision: "permanent", reviewBy: "2027-02-01", owner: "ada" },
    "permanent, review by 2027-02-01, ada",
  ],
  ["decided without a day and an owner", { decision: "remove" }, "remove by no date, no owner"],
  ["not decided", null, "not decided; needed before default"],
])("a flag that is %s says so", (_name, cleanup, text) => {
  const head = buildSnapshot(writeFiles(writeRecord({ cleanup })));
  expect(judgeRouteOf(buildFacts({ head })).cleanup).toBe(text);
});

it.each<[string, Partial<FileFacts>, string]>([
  ["was done", {}, "rehearsed 2026-06-14T09:00:00.000Z, back in 210 ms"],
  ["failed", { rehearsals: [buildRehearsal({ ok: false })] }, "rehearsal of 2026-06-14T09:00:00.000Z failed"],
  ["was never done", { rehearsals: [] }, "not rehearsed for this candidate"],
  [
    "was done for another flag only",
    { rehearsals: [buildRehearsal({ flagKey: "support_other" })] },
    "not rehearsed for this candidate",
  ],
  [
    "was done in another binding only",
    { rehearsals: [buildRehearsal({ binding: "eu" })] },
    "not rehearsed for this candidate",
  ],
])("a route says of the rehearsal that it %s", (_name, facts, text) => {
  expect(judgeRouteOf(buildFacts(facts)).rollback.rehearsal).toBe(text);
});

describe("what belongs to a flag is found by binding and key", () => {
  it.each<[string, Partial<{ binding: string; flagKey: string }>, boolean]>([
    ["its own", {}, true],
    ["its own, the key in another case", { flagKey: "Support_Answer" }, true],
    ["another flag's", { flagKey: "support_other" }, false],
    ["another binding's", { binding: "eu" }, false],
  ])("%s", (_name, other, isFound) => {
    const changes = { live: [buildLive(other)], latches: [buildLatch(other)] };
    for (const facts of [buildChange(writeRecord(), changes), removal({}, changes)]) {
      const { live, latch } = judgeRouteOf(facts);
      expect([live !== null, latch !== null]).toEqual([isFound, isFound]);
    }
  });
});

const file = { path: routePath, previousPath: null };

/** A pull request that takes the route's file away. */
function removal(written: Written, changes: Partial<FileFacts> = {}): FileFacts {
  return buildFacts({
    base: buildSnapshot(writeFiles(writeRecord(written))),
    head: buildSnapshot({}),
    changes: { complete: true, files: [{ ...file, status: "removed" }] },
    ...changes,
  });
}

describe("a route that disappears", () => {
  const moved = "docs/answer.yaml";
  it.each<[string, FileFacts, string, string]>([
    ["because its file is deleted", removal({}), routePath, "the file is deleted"],
    [
      "because its file is moved",
      removal(
        {},
        {
          head: buildSnapshot({ [moved]: "text" }),
          changes: { complete: true, files: [{ path: moved, previousPath: routePath, status: "renamed" }] },
        },
      ),
      moved,
      "the file is moved out of the route globs or becomes another route",
    ],
    [
      "because its key changed, although another file changes first",
      removal(
        {},
        {
          head: buildSnapshot(writeFiles(writeRecord({ flagKey: "support_other" }))),
          changes: {
            complete: true,
            files: [
              { path: "README.md", previousPath: null, status: "modified" },
              { ...file, status: "modified" },
            ],
          },
        },
      ),
      routePath,
      "flagKey or environment changed",
    ],
  ])("%s is a rollback for the file's owner", (_name, facts, path, why) => {
    const route = judge(facts).routes.find(({ status }) => status === "removed");
    expect(route?.classification.tier).toBe("low");
    expect(route?.classification.fired).toEqual([
      expect.objectContaining({
        id: "rollback",
        difference: "approved-to-merged",
        place: { path, line: 1, column: 1 },
        sentence: `the route disappears (${why}); its flag serves nobody`,
      }),
    ]);
    expect(route).toMatchObject({
      asked: null,
      evidence: [],
      guardrails: [],
      gates: [],
      later: [],
      problems: [],
      exposure: { audience: "nobody", share: "baseline to everyone" },
      rollback: { rehearsal: "not needed" },
    });
    expect(route?.requirements.map(({ requirement }) => requirement.owners)).toEqual([["@acme/product"]]);
  });

  it("is approved by the file's owner", () => {
    expect(judge(removal({}), ["product"])).toMatchObject({
      state: "approved",
      title: expect.stringMatching(/^Low risk: approved by /) as unknown,
    });
  });

  it("while its flag serves users is invalid, whoever approves", () => {
    const verdict = judge(removal({}, { approved: [buildApproved(writeRecord())], live: [buildLive()] }), ["product"]);
    expect(verdict.state).toBe("invalid");
    expect(verdict.routes[0]?.contentDigest).toBeNull();
    expect(verdict.routes[0]?.problems.map(({ code }) => code)).toEqual(["route-removed-while-serving"]);
  });

  it("of another key is another content, so that an approval of one is none of the other", () => {
    const [one, other] = [removal({}), removal({ flagKey: "support_other" })].map((facts) => judgeRouteOf(facts));
    expect(one?.contentDigest).not.toBe(other?.contentDigest);
  });
});

describe("an edit of the rules says what it would do to a pull request", () => {
  const bare = judge(buildFacts());
  it("nothing when both verdicts are the same", () => {
    expect(describeEffect(7, bare, judge(buildFacts()))).toBeNull();
  });

  it("roles with their owners, those that come and those that go", () => {
    const text = codeownersText.replace("ai-platform-owner/ @acme/platform", "ai-platform-owner/ @acme/new @acme/more");
    const edited = judge(buildFacts({ codeowners: { kind: "text", path: ".github/CODEOWNERS", text } }));
    const effect = describeEffect(7, bare, edited);
    expect(effect).toMatchObject({ pull: 7, before: { state: bare.state, tier: "medium" } });
    expect(effect?.differences).toEqual([
      "+ role ai-platform-owner (@acme/new, @acme/more)",
      "- role ai-platform-owner (@acme/platform)",
    ]);
  });

  it("rules, gates, evidence, problems and routes", () => {
    const risky = judge(
      buildFacts({ head: buildSnapshot(writeFiles(writeRecord({ candidate: writeBundle({ model: "gpt-4o" }) }))) }),
    );
    const differences = describeEffect(7, bare, risky)?.differences ?? [];
    expect(differences).toContain("+ rule model-unpinned");
    expect(differences).toContain("- rule parameters-changed");
    expect(differences).toContain("+ evidence eval-1 does not count");
    expect(differences).toContain("+ gate offline-eval-evidence");
    expect(differences).toEqual(differences.toSorted());
    const gone = describeEffect(
      7,
      bare,
      judge(buildFacts({ head: buildSnapshot({}), changes: { complete: true, files: [] } })),
    );
    expect(gone?.differences).toContain("- route support_answer");
    expect(gone?.after.state).toBe("not-applicable");
    const serving = removal({}, { approved: [buildApproved(writeRecord())], live: [buildLive()] });
    expect(describeEffect(7, bare, judge(serving))?.differences).toContain("+ problem route-removed-while-serving");
  });

  it("a state that is another", () => {
    const approved = judge(buildFacts(), ["product", "platform"]);
    expect(describeEffect(7, bare, approved)).toMatchObject({
      before: { state: "waiting", tier: "medium" },
      after: { state: "approved", tier: "medium" },
      differences: [],
    });
  });
});

describe("the title is one sentence", () => {
  const one = (changes: Written): FileFacts => buildChange(writeRecord(changes));
  it.each<[string, FileFacts, readonly string[], string]>([
    [
      "roles that are missing",
      buildFacts(),
      [],
      "Medium risk: waiting for product-owner, ai-platform-owner (0 of 2 roles approved)",
    ],
    [
      "the role that is left",
      buildFacts(),
      ["platform"],
      "Medium risk: waiting for product-owner (1 of 2 roles approved)",
    ],
    ["all roles", buildFacts(), ["product", "platform"], "Medium risk: approved by all 2 roles"],
    [
      "the only role that is missing",
      one({ description: "new" }),
      [],
      "Low risk: waiting for file-owner (0 of 1 role approved)",
    ],
    ["the only role", one({ description: "new" }), ["product"], "Low risk: approved by file-owner"],
    [
      "what is wrong and how to mend it",
      buildFacts({
        head: buildSnapshot(writeFiles(writeRecord({ candidate: writeBundle({ prompt: "prompts/v9.md" }) }))),
      }),
      [],
      "Medium risk: invalid: model-routes/support/answer.yaml line 1: `candidate.prompt` names a file that does not exist. Add the file, or correct the path.",
    ],
    [
      "nothing to judge",
      buildFacts({ changes: { complete: true, files: [] } }),
      [],
      "No model route and no rule is touched",
    ],
  ])("that names %s", (_name, facts, approvers, title) => {
    expect(judge(facts, approvers).title).toBe(title);
  });

  it("that says when nothing is enforced", () => {
    const policy = { kind: "text" as const, path: ".github/routeward.yml", text: "mode: report\n" };
    expect(judge(buildFacts({ policy })).title).toMatch(/^[A-Z][a-z]+ risk \(report only\): /);
  });

  it("without a tier when nothing could be read, its spaces drawn together", () => {
    const { title, next } = judge(buildFacts({ head: buildSnapshot({ [routePath]: "model_change: [\n" }) }));
    expect(title.replace(/^Invalid: /, "")).toBe((next[0] ?? "").replaceAll(/\s+/g, " "));
    expect(title).toMatch(/^Invalid: .*line 2/);
  });
});
