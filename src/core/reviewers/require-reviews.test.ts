import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Classification, FiredRule } from "../risk/fired-rule.ts";
import { stages, tiers, triggers, worstOf, type Tier, type Trigger } from "../scales.ts";
import { parseCodeowners } from "./parse-codeowners.ts";
import { requireReviews, type RequirementInput } from "./require-reviews.ts";

const everyRole = `
*                                   @acme/everyone
/model-routes/                      @acme/platform
/model-routes/support/              @acme/support
/.github/roles/ai-platform-owner/   @acme/platform
/.github/roles/finance-owner/       @acme/finance
/.github/roles/finance-owner/model-routes/billing/ @acme/billing-finance
/.github/roles/operations-owner/    @acme/sre
/.github/roles/security-owner/      @acme/security @acme/privacy
/.github/roles/release-owner/       @acme/release
/.github/roles/policy-owner/        @acme/governance
/.github/roles/support-product-owner/ @acme/support
`;

function rule(id: string, tier: Tier, triggers: Trigger[]): FiredRule {
  const place = { path: "model-routes/support/a.yaml", line: 1, column: 1 };
  return { id, tier, triggers, sentence: id, place, difference: "baseline-to-candidate" };
}

function classification(...fired: FiredRule[]): Classification {
  const tier = worstOf(
    tiers,
    fired.map((rule) => rule.tier),
    "low",
  );
  return { tier, fired, triggers: [...new Set(fired.flatMap((rule) => rule.triggers))].sort() };
}

function input(fired: FiredRule[], over: Partial<RequirementInput> & { text?: string } = {}): RequirementInput {
  return {
    classification: classification(...fired),
    route: { stage: "internal-canary", reviewers: [] },
    policy: { roles: {}, stages: {}, approvals: { counts: {}, separationOfDuties: [] } },
    codeowners: parseCodeowners({ kind: "text", path: ".github/CODEOWNERS", text: over.text ?? everyRole }),
    paths: ["model-routes/support/a.yaml"],
    ...over,
  };
}

const rolesOf = (input: RequirementInput): string[] => requireReviews(input).map(({ role }) => role);

describe("each trigger asks its role", () => {
  it.each<[Trigger, string]>([
    ["quality", "product-owner"],
    ["platform", "ai-platform-owner"],
    ["cost", "finance-owner"],
    ["latency", "operations-owner"],
    ["data", "security-owner"],
    ["exposure", "release-owner"],
    ["governance", "policy-owner"],
  ])("%s asks %s", (trigger, role) => {
    const found = requireReviews(input([rule("some-rule", "medium", [trigger])]));
    expect(found.find((requirement) => requirement.role === role)?.because).toContain("some-rule");
  });
});

describe("each requirement says why it is there and what to look at", () => {
  it("names the rule, the tier, the policy's gate and the author's wish", () => {
    const found = requireReviews(
      input([rule("x", "medium", ["latency"])], {
        route: { stage: "internal-canary", reviewers: ["Legal-Owner", "@Ada"] },
        policy: {
          roles: {},
          stages: {
            "internal-canary": { soakMs: null, evidence: [], roles: ["release-owner"], mayBeSkipped: false },
          },
          approvals: { counts: {}, separationOfDuties: [] },
        },
      }),
    );
    expect(found.map(({ role, because, focus, source }) => [role, because, focus, source])).toEqual([
      ["ai-platform-owner", ["medium risk"], "the route is reliable, observable and reversible", "CODEOWNERS line 5"],
      ["operations-owner", ["x"], "service targets and incident paths hold", "CODEOWNERS line 8"],
      [
        "release-owner",
        ["policy: gate of internal-canary"],
        "first audience, guardrails and rollback path are approved",
        "CODEOWNERS line 10",
      ],
      ["@ada", ["approval.reviewers"], "what the author asked this reviewer to look at", "named in approval.reviewers"],
      [
        "Legal-Owner",
        ["approval.reviewers"],
        "what the author asked this reviewer to look at",
        "fallback: owners of the file (CODEOWNERS line 4)",
      ],
    ]);
  });

  it("a low change asks the file's owner because its risk is low", () => {
    expect(requireReviews(input([rule("metadata-only", "low", [])]))).toMatchObject([
      { role: "file-owner", because: ["low risk"], focus: "the change is what it says", missing: null },
    ]);
  });

  it("a role that nobody answers for has no owners and the source nobody", () => {
    const found = requireReviews(input([rule("x", "high", ["cost"])], { text: "* @acme/all" }));
    expect(found.find(({ role }) => role === "finance-owner")).toMatchObject({ owners: [], source: "nobody" });
  });
});

describe("what the tier adds", () => {
  it.each<[string, FiredRule[], Partial<RequirementInput>, string[]]>([
    ["low needs one owner of the file", [rule("metadata-only", "low", [])], {}, ["file-owner"]],
    ["a low rule asks no specialist even with triggers", [rule("rollback", "low", ["exposure"])], {}, ["file-owner"]],
    [
      "medium adds the platform owner",
      [rule("x", "medium", ["latency"])],
      {},
      ["ai-platform-owner", "operations-owner"],
    ],
    [
      "high adds product and platform",
      [rule("x", "high", ["cost"])],
      {},
      ["product-owner", "ai-platform-owner", "finance-owner"],
    ],
    [
      "restricted adds security before live exposure",
      [rule("x", "restricted", ["cost"])],
      {},
      ["product-owner", "ai-platform-owner", "finance-owner", "security-owner"],
    ],
    [
      "shadow counts as live exposure",
      [rule("x", "restricted", ["cost"])],
      { route: { stage: "shadow", reviewers: [] } },
      ["product-owner", "ai-platform-owner", "finance-owner", "security-owner"],
    ],
    [
      "restricted at offline evaluation needs no security by tier alone",
      [rule("x", "restricted", ["cost"])],
      { route: { stage: "offline-eval", reviewers: [] } },
      ["product-owner", "ai-platform-owner", "finance-owner"],
    ],
    [
      "a change of the rules needs the policy owner alone",
      [rule("g", "restricted", ["governance"])],
      {},
      ["policy-owner"],
    ],
    [
      "rules and route together keep the route's own tier",
      [rule("g", "restricted", ["governance"]), rule("x", "medium", ["latency"])],
      {},
      ["ai-platform-owner", "operations-owner", "policy-owner"],
    ],
    [
      "a policy rule without triggers still raises the tier",
      [rule("p", "high", [])],
      {},
      ["product-owner", "ai-platform-owner"],
    ],
  ])("%s", (_name, fired, over, roles) => {
    expect(rolesOf(input(fired, over))).toEqual(roles);
  });
});

describe("what the author and the policy add", () => {
  it("a role name, a user and a team of approval.reviewers each become a requirement", () => {
    const route = { stage: "internal-canary" as const, reviewers: ["support-product-owner", "@Ada", "@acme/privacy"] };
    const found = requireReviews(input([rule("x", "medium", [])], { route }));
    expect(found.map(({ role, owners, source }) => [role, owners, source])).toEqual([
      ["ai-platform-owner", ["@acme/platform"], "CODEOWNERS line 5"],
      ["@acme/privacy", ["@acme/privacy"], "named in approval.reviewers"],
      ["@ada", ["@ada"], "named in approval.reviewers"],
      ["support-product-owner", ["@acme/support"], "CODEOWNERS line 12"],
    ]);
  });

  it("the author's wish for a role that is needed anyway adds a reason, not a second requirement", () => {
    const route = { stage: "internal-canary" as const, reviewers: ["ai-platform-owner"] };
    const [found, ...rest] = requireReviews(input([rule("x", "medium", ["platform"])], { route }));
    expect(rest).toEqual([]);
    expect(found?.because).toEqual(["approval.reviewers", "medium risk", "x"]);
  });

  it.each<[string, string, string[]]>([
    ["a draft asks only the owner of its file", "draft-only", ["file-owner"]],
    ["going back waits for nobody else", "rollback", ["file-owner"]],
    ["words alone still ask whom the author named", "metadata-only", ["file-owner", "support-product-owner"]],
  ])("%s", (_name, id, roles) => {
    const route = { stage: "default" as const, reviewers: ["support-product-owner"] };
    expect(rolesOf(input([rule(id, "low", [])], { route }))).toEqual(roles);
  });

  it("the policy sets the count of approvals for a role", () => {
    const policy = { roles: {}, stages: {}, approvals: { counts: { "ai-platform-owner": 2 }, separationOfDuties: [] } };
    expect(requireReviews(input([rule("x", "medium", [])], { policy }))[0]?.count).toBe(2);
  });

  it("a count below one is one", () => {
    const policy = { roles: {}, stages: {}, approvals: { counts: { "ai-platform-owner": 0 }, separationOfDuties: [] } };
    expect(requireReviews(input([rule("x", "medium", [])], { policy }))[0]?.count).toBe(1);
  });

  it.each<[string, FiredRule, string[]]>([
    ["the gate of the asked stage adds its roles", rule("x", "medium", []), ["ai-platform-owner", "legal-owner"]],
    ["also outside production", rule("non-production-only", "low", []), ["file-owner", "legal-owner"]],
    ["but not to an edit of words", rule("metadata-only", "low", []), ["file-owner"]],
  ])("%s", (_name, fired, roles) => {
    const gate = { soakMs: null, evidence: [], roles: ["legal-owner"], mayBeSkipped: false };
    const policy = { ...input([]).policy, stages: { "internal-canary": gate } };
    expect(rolesOf(input([fired], { policy }))).toEqual(roles);
  });

  it("a role that could not be a folder name is missing, not a crash", () => {
    const route = { stage: null, reviewers: ["../../etc", "constructor", "__proto__"] };
    const found = requireReviews(input([rule("x", "high", [])], { route }));
    expect(found.filter(({ missing }) => missing !== null).map(({ role }) => role)).toEqual([
      "../../etc",
      "__proto__",
      "constructor",
    ]);
  });
});

it("a role that could not be a folder name does not fall back to the owners of the file", () => {
  const route = { stage: null, reviewers: ["no such role"] };
  const found = requireReviews(input([rule("x", "medium", [])], { route }));
  expect(found.at(-1)?.missing).toMatchObject({
    why: "`no such role` cannot be the name of a role",
    lineToAdd: "/.github/roles/role-name/ @ORGANISATION/TEAM",
  });
});

describe("who owns a role", () => {
  const owners = (role: Trigger, tier: Tier, over: Parameters<typeof input>[1] = {}): unknown => {
    const found = requireReviews(input([rule("x", tier, [role])], over)).filter(({ because }) => because.includes("x"));
    return found.map(({ owners, source, missing }) => (missing === null ? [source, ...owners] : missing.lineToAdd));
  };
  const policyNaming = (role: string, names: string[]): Pick<RequirementInput, "policy"> => ({
    policy: { ...input([]).policy, roles: { [role]: names } },
  });

  it.each<[string, Trigger, Tier, Parameters<typeof input>[1], unknown]>([
    ["the role line", "cost", "high", {}, [["CODEOWNERS line 6", "@acme/finance"]]],
    [
      "the special role line of a folder",
      "cost",
      "high",
      { paths: ["model-routes/billing/a.yaml"] },
      [["CODEOWNERS line 7", "@acme/billing-finance"]],
    ],
    [
      "the policy goes before CODEOWNERS",
      "cost",
      "high",
      policyNaming("finance-owner", ["@Acme/CFO", "@acme/cfo"]),
      [["policy roles", "@acme/cfo"]],
    ],
    [
      "a policy that names nobody readable changes nothing",
      "cost",
      "high",
      policyNaming("finance-owner", ["cfo"]),
      [["CODEOWNERS line 6", "@acme/finance"]],
    ],
    [
      "the product owner is the owner of the file at every tier",
      "quality",
      "restricted",
      {},
      [["fallback: owners of the file (CODEOWNERS line 4)", "@acme/support"]],
    ],
    [
      "other roles fall back to the owners of the file at medium",
      "cost",
      "medium",
      { text: "/model-routes/ @acme/platform" },
      [["fallback: owners of the file (CODEOWNERS line 1)", "@acme/platform"]],
    ],
    [
      "at high they block, with the line to add",
      "cost",
      "high",
      { text: "* @acme/everyone" },
      ["/.github/roles/finance-owner/ @ORGANISATION/TEAM"],
    ],
    [
      "at restricted they block alike",
      "cost",
      "restricted",
      { text: "* @acme/everyone" },
      ["/.github/roles/finance-owner/ @ORGANISATION/TEAM"],
    ],
    [
      "a general line never answers for a role",
      "cost",
      "high",
      {
        text: "* @a\n*.yaml @b\n/.github/ @c\n/.github/roles/ @d\n**/roles/finance-owner/ @e\n.github/roles/finance-owner/ @f\n/.github/roles/*/ @g\n/.github/roles/Finance-Owner/ @h",
      },
      ["/.github/roles/finance-owner/ @ORGANISATION/TEAM"],
    ],
    [
      "a line of a role whose name only begins alike does not answer",
      "cost",
      "high",
      { text: "/.github/roles/finance-owner-eu/ @a" },
      ["/.github/roles/finance-owner/ @ORGANISATION/TEAM"],
    ],
    [
      "a later general line does not take a role away",
      "cost",
      "high",
      { text: "/.github/roles/finance-owner/ @a\n* @b" },
      [["CODEOWNERS line 1", "@a"]],
    ],
    [
      "a role line without owners takes the role away",
      "cost",
      "high",
      { text: "/.github/roles/finance-owner/ @a\n/.github/roles/finance-owner/model-routes/" },
      ["/.github/roles/finance-owner/ @ORGANISATION/TEAM"],
    ],
    [
      "without CODEOWNERS nobody answers",
      "quality",
      "medium",
      { text: "" },
      ["/.github/roles/product-owner/ @ORGANISATION/TEAM"],
    ],
    [
      "both names of a moved file have their owners",
      "cost",
      "high",
      { paths: ["model-routes/support/a.yaml", "model-routes/billing/a.yaml"] },
      [
        ["CODEOWNERS line 6", "@acme/finance"],
        ["CODEOWNERS line 7 for the old name model-routes/billing/a.yaml", "@acme/billing-finance"],
      ],
    ],
    [
      "they are listed in the order of their lines, whichever name is the old one",
      "cost",
      "high",
      { paths: ["model-routes/billing/a.yaml", "model-routes/support/a.yaml"] },
      [
        ["CODEOWNERS line 6 for the old name model-routes/support/a.yaml", "@acme/finance"],
        ["CODEOWNERS line 7", "@acme/billing-finance"],
      ],
    ],
    [
      "the same owners under both names are asked once",
      "latency",
      "high",
      { paths: ["model-routes/support/a.yaml", "model-routes/billing/a.yaml"] },
      [["CODEOWNERS line 8", "@acme/sre"]],
    ],
    [
      "an old name without owners asks nobody",
      "quality",
      "medium",
      { text: "/model-routes/ @a", paths: ["model-routes/a.yaml", "old/a.yaml"] },
      [["fallback: owners of the file (CODEOWNERS line 1)", "@a"]],
    ],
  ])("%s", (_name, trigger, tier, over, expected) => {
    expect(owners(trigger, tier, over)).toEqual(expected);
  });

  it.each<[string, string, string]>([
    ["in a folder", "model-routes/support/a.yaml", "/model-routes/support/ @ORGANISATION/TEAM"],
    ["at the root", "a.yaml", "/* @ORGANISATION/TEAM"],
    ["with a space", "my routes/a.yaml", "/my\\ routes/ @ORGANISATION/TEAM"],
    ["below a folder that CODEOWNERS cannot name", "routes/[x]/a.yaml", "/routes/ @ORGANISATION/TEAM"],
  ])("an unowned file blocks at low too and shows the line to add: %s", (_name, path, lineToAdd) => {
    const [found] = requireReviews(input([rule("metadata-only", "low", [])], { text: "", paths: [path] }));
    expect(found).toMatchObject({ role: "file-owner", owners: [], missing: { lineToAdd } });
  });

  it.each<[string, RequirementInput["codeowners"], string]>([
    ["absent", parseCodeowners({ kind: "absent" }), "there is no CODEOWNERS file that names owners of the file"],
    [
      "unreadable",
      parseCodeowners({ kind: "unreadable", path: "CODEOWNERS", why: "binary" }),
      "CODEOWNERS could not be read, so nothing names owners of the file",
    ],
    [
      "on purpose unowned",
      parseCodeowners({ kind: "text", path: "CODEOWNERS", text: "* @a\n*.yaml" }),
      "CODEOWNERS line 2 says that nobody owns the file",
    ],
  ])("says why nobody owns the file: %s", (_name, codeowners, why) => {
    expect(requireReviews(input([rule("metadata-only", "low", [])], { codeowners }))[0]?.missing?.why).toBe(why);
  });
});

describe("the policy's domain reviewer may stand in for security", () => {
  const text = `${everyRole}\n/.github/roles/domain-reviewer/ @acme/clinical`;

  it("where only the tier asks for security", () => {
    const found = requireReviews(input([rule("x", "restricted", ["cost"])], { text })).at(-1);
    expect(found).toMatchObject({
      role: "security-owner",
      orRole: "domain-reviewer",
      owners: ["@acme/security", "@acme/privacy", "@acme/clinical"],
    });
  });

  it("not where a rule about data asks for security itself", () => {
    const found = requireReviews(input([rule("restricted-data", "restricted", ["data"])], { text })).at(-1);
    expect(found).toMatchObject({ role: "security-owner", owners: ["@acme/security", "@acme/privacy"] });
  });

  it("also where nobody owns security", () => {
    const lines = "* @a\n/.github/roles/domain-reviewer/ @acme/clinical";
    const found = requireReviews(input([rule("x", "restricted", ["cost"])], { text: lines })).at(-1);
    expect(found).toMatchObject({ role: "security-owner", owners: ["@acme/clinical"], missing: null });
  });
});

describe("a domain reviewer", () => {
  const text = `${everyRole}\n/.github/roles/domain-reviewer/ @acme/clinical`;
  const judge = (stage: RequirementInput["route"]["stage"], lines = text) =>
    requireReviews(input([rule("x", "restricted", ["cost"])], { text: lines, route: { stage, reviewers: [] } })).find(
      ({ role }) => role === "security-owner",
    );

  it("is asked for restricted risk, by the lines of both roles", () => {
    const count = (lines: string, owner: string): number =>
      lines.split("\n").findLastIndex((line) => line.includes(owner)) + 1;
    expect(judge("internal-canary")).toMatchObject({ because: ["restricted risk"] });
    const source = judge("internal-canary")?.source ?? "";
    expect(source).toContain(`line ${count(text, "roles/domain-reviewer")}`);
    expect(source).toContain(`line ${count(text, "roles/security-owner")}`);
    expect(source).toContain("; ");
    const alone = "* @a\n/.github/roles/domain-reviewer/ @acme/clinical";
    expect(judge("internal-canary", alone)?.source).not.toContain("; ");
    expect(judge("internal-canary", alone)?.source).toContain("line 2");
  });

  it.each<[string, Partial<RequirementInput> & { text?: string }, number | undefined, number | undefined, string[]]>([
    ["both lines are known", { text }, 9, 14, ["@acme/security", "@acme/privacy", "@acme/clinical"]],
    [
      "its line stands for security's where nobody owns that",
      { text: "* @a\n/.github/roles/domain-reviewer/ @acme/clinical" },
      2,
      undefined,
      ["@acme/clinical"],
    ],
    [
      "the policy may name it, without a line",
      { policy: { ...input([]).policy, roles: { "domain-reviewer": ["@Acme/Legal"] } } },
      9,
      undefined,
      ["@acme/security", "@acme/privacy", "@acme/legal"],
    ],
  ])("is found where it is named: %s", (_name, over, place, orPlace, owners) => {
    const route = { stage: "default" as const, reviewers: [] };
    const found = requireReviews(input([rule("x", "restricted", ["cost"])], { route, ...over })).at(-1);
    expect([found?.place?.line, found?.orPlace?.line]).toEqual([place, orPlace]);
    expect(found).toMatchObject({ role: "security-owner", orRole: "domain-reviewer", owners });
  });

  it("is nobody where no line names one: the owners of the file are no substitute", () => {
    expect(judge("internal-canary", "* @a")).toMatchObject({ owners: [], source: "nobody" });
    expect(judge("internal-canary", everyRole)?.orRole).toBeUndefined();
  });

  it("is the one of the file's own path", () => {
    const lines = "* @a\n/.github/roles/domain-reviewer/model-routes/support/ @acme/clinical";
    expect(judge("internal-canary", lines)).toMatchObject({ owners: ["@acme/clinical"] });
  });

  it.each<[RequirementInput["route"]["stage"], boolean]>([
    [null, false],
    ["offline-eval", false],
    ["shadow", true],
    ["internal-canary", true],
    ["default", true],
  ])("is asked at %s: %s", (stage, isAsked) => {
    expect(judge(stage)?.orRole).toBe(isAsked ? "domain-reviewer" : undefined);
  });
});

describe("requirements never shrink", () => {
  const anyRule = fc
    .record({
      id: fc.constantFrom("draft-only", "rollback", "metadata-only", "prompt-changed", "restricted-data"),
      tier: fc.constantFrom(...tiers),
      triggers: fc.subarray([...triggers]),
    })
    .map(({ id, tier, triggers }) => rule(id, tier, triggers));

  it("another rule takes no role away, except that specialists replace the owner of the file", () => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 4 }), anyRule, fc.constantFrom(...stages), (fired, added, stage) => {
        const route = { stage, reviewers: ["support-product-owner"] };
        const lowOnly = ["file-owner", "support-product-owner"];
        const before = rolesOf(input(fired, { route })).filter((role) => !lowOnly.includes(role));
        expect(rolesOf(input([...fired, added], { route }))).toEqual(expect.arrayContaining(before));
      }),
    );
  });

  it("another wish of the author takes nothing away", () => {
    const wish = fc.constantFrom("support-product-owner", "@ada", "@acme/x", "legal-owner", "", "../x");
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 3 }), fc.array(wish), wish, (fired, wishes, added) => {
        const before = rolesOf(input(fired, { route: { stage: "default", reviewers: wishes } }));
        const after = rolesOf(input(fired, { route: { stage: "default", reviewers: [...wishes, added] } }));
        expect(after).toEqual(expect.arrayContaining(before));
      }),
    );
  });
});

it("the example CODEOWNERS answers for every role of a high change, with the product owner's place at the file's owner", () => {
  const example = join(import.meta.dirname, "../../../docs/examples/CODEOWNERS");
  const fired = [rule("provider-switched", "high", ["platform", "cost", "latency", "data", "exposure"])];
  const found = requireReviews(
    input(fired, {
      text: readFileSync(example, "utf8"),
      route: { stage: "internal-canary", reviewers: ["support-product-owner", "ai-platform-owner"] },
      paths: ["model-routes/support/answer.yaml"],
    }),
  );
  expect(found.map(({ role, owners, source }) => `${role}: ${owners.join(" ")} (${source})`)).toMatchInlineSnapshot(`
    [
      "product-owner: @acme/support-product (fallback: owners of the file (CODEOWNERS line 4))",
      "ai-platform-owner: @acme/ai-platform (CODEOWNERS line 8)",
      "finance-owner: @acme/finance (CODEOWNERS line 10)",
      "operations-owner: @acme/sre (CODEOWNERS line 11)",
      "security-owner: @acme/security @acme/privacy (CODEOWNERS line 12)",
      "release-owner: @acme/release (CODEOWNERS line 13)",
      "support-product-owner: @acme/support-product (CODEOWNERS line 9)",
    ]
  `);
});

describe("who else is asked beside a rule that asks for little", () => {
  it.each<[string, FiredRule[], string[]]>([
    [
      "a way back together with a medium change still hears the author's wishes",
      [rule("rollback", "low", ["exposure"]), rule("x", "medium", ["latency"])],
      ["ai-platform-owner", "operations-owner", "@ada"],
    ],
    [
      "a draft whose words change too asks nobody but the file's owner",
      [rule("metadata-only", "low", []), rule("draft-only", "low", [])],
      ["file-owner"],
    ],
    [
      "a rule about the rules and the data is a rule about the route",
      [rule("x", "high", ["governance", "data"]), rule("y", "medium", ["governance"])],
      ["product-owner", "ai-platform-owner", "security-owner", "policy-owner", "@ada"],
    ],
  ])("%s", (_name, fired, roles) => {
    expect(rolesOf(input(fired, { route: { stage: null, reviewers: ["@ada"] } }))).toEqual(roles);
  });

  it.each<[string, string, string, string[][]]>([
    ["owners beside the same one", "@a", "@a @b", [["@a"], ["@a", "@b"]]],
    [
      "one of two and another",
      "@a @b",
      "@a @c",
      [
        ["@a", "@b"],
        ["@a", "@c"],
      ],
    ],
    ["the same owners in another order", "@a @b", "@b @a", [["@a", "@b"]]],
  ])("an old name with other owners is asked for as well: %s", (_name, now, before, owners) => {
    const text = `/new/ ${now}\n/old/ ${before}`;
    const found = requireReviews(
      input([rule("metadata-only", "low", [])], { text, paths: ["new/a.yaml", "old/a.yaml"] }),
    );
    expect(found.map((requirement) => requirement.owners)).toEqual(owners);
  });
});
