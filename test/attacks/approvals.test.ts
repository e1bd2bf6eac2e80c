import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assess } from "../../src/core/assess.ts";
import { decide } from "../../src/core/decide.ts";
import type { Account, FileFacts, PeopleFacts, ReviewFacts } from "../../src/core/facts.ts";
import type { RequirementState } from "../../src/core/reviewers/requirement.ts";
import {
  author,
  buildApprovals,
  buildFacts,
  buildLatch,
  buildSnapshot,
  codeownersText,
  evidencePath,
  namedTexts,
  policyText,
  routePath,
  writeBundle,
  writeEvidence,
  writeFiles,
  writeRecord,
  writeRouteFile,
  writtenGuardrails,
  writtenPlan,
  type Written,
} from "../../src/core/verdict/test-builders.ts";
import type { Verdict } from "../../src/core/verdict/verdict.ts";

/** The route of the builders is approved by these two teams of one person each. Every case tries to get along with less. */
const needed = ["product", "platform"];
const platform: Account = { id: 12, login: "platform", isBot: false };
const stranger: Account = { id: 99, login: "stranger", isBot: false };
const robot: Account = { id: 90, login: "helper[bot]", isBot: true };

const ready = buildFacts();
const approved = buildApprovals(assess(ready), needed);

const judge = (facts: FileFacts, people: PeopleFacts): Verdict => decide(assess(facts), people);

/** What the platform's review becomes; the product owner's stays good. */
function forge(change: (review: ReviewFacts) => readonly ReviewFacts[]): PeopleFacts["reviews"] {
  return approved.reviews.flatMap((review) => (review.author?.id === platform.id ? change(review) : [review]));
}

const edit = (changes: Partial<ReviewFacts>): Partial<PeopleFacts> => ({
  reviews: forge((review) => [{ ...review, ...changes }]),
});
const follow = (changes: Partial<ReviewFacts>): Partial<PeopleFacts> => ({
  reviews: forge((review) => [review, { ...review, id: review.id + 1, ...changes }]),
});
const changeTeam = (
  slug: string,
  change: (members: readonly Account[]) => readonly Account[],
): Partial<PeopleFacts> => ({
  owners: approved.owners.map((owner) =>
    owner.kind === "team" && owner.slug === slug ? { ...owner, members: change(owner.members) } : owner,
  ),
});
const objection: ReviewFacts = {
  ...(approved.reviews[0] as ReviewFacts),
  id: 5_000,
  author: { id: 18, login: "second", isBot: false },
  state: "CHANGES_REQUESTED",
};
/** A second member of the platform team asked for changes, and this became of it. */
function object(changes: Partial<ReviewFacts>, more: Partial<PeopleFacts> = {}): Partial<PeopleFacts> {
  const second = objection.author ?? stranger;
  return {
    ...changeTeam("platform", (members) => [...members, second]),
    writers: { ...approved.writers, [second.id]: true },
    reviews: [...approved.reviews, { ...objection, ...changes }],
    ...more,
  };
}
const dismissed = (by: Account | null): Partial<ReviewFacts> => ({
  state: "DISMISSED",
  dismissedBy: by,
  dismissedState: "CHANGES_REQUESTED",
});

it("without any attack the pull request is approved", () => {
  expect(judge(ready, approved).state).toBe("approved");
});

/** Each line of SPEC 7 that says who is never counted and what never lifts an objection, as somebody would try it. */
const attacks: readonly (readonly [string, Partial<PeopleFacts>])[] = [
  [
    "somebody who wrote, committed or co-authored a commit approves",
    { commitPeople: [{ account: platform, text: "" }] },
  ],
  ["somebody who pushed another's commit approves", { pushers: [author, platform] }],
  ["whoever made a bot open the pull request approves", { triggeredBy: platform }],
  ["a bot that owns the role approves", { ...changeTeam("platform", () => [robot]), ...edit({ author: robot }) }],
  ["somebody whose write access was taken away approves", { writers: { ...approved.writers, 12: false } }],
  ["somebody whose access nobody could read approves", { writers: { 11: true } }],
  ["somebody who owns nothing approves", edit({ author: stranger })],
  ["a stranger takes the login over that an owner had", edit({ author: { ...platform, id: 99 } })],
  ["an account that is gone approves", edit({ author: null })],
  ["somebody who has left the team approves", changeTeam("platform", () => [])],
  [
    "a team without write access approves",
    {
      owners: approved.owners.map((owner) => (owner.name === "@acme/platform" ? { ...owner, canWrite: false } : owner)),
    },
  ],
  [
    "a team that nobody can see approves",
    {
      owners: approved.owners.map((owner) =>
        owner.name === "@acme/platform" ? { kind: "unresolved" as const, name: owner.name, why: "not visible" } : owner,
      ),
    },
  ],
  [
    "a team that was never looked up approves",
    { owners: approved.owners.filter(({ name }) => name !== "@acme/platform") },
  ],
  ["an approval is used after it was dismissed", edit({ state: "DISMISSED", dismissedBy: stranger })],
  ["an approval is used after the reviewer's later objection", follow({ state: "CHANGES_REQUESTED" })],
  ["an approval is used after a later approval of other content", follow({ content: { [routePath]: "sha256:other" } })],
  ["an approval is used whose commit is gone", edit({ commitSha: null })],
  ["an approval is used of which nobody knows what was reviewed", edit({ content: null })],
  ["an approval of another route is used", edit({ content: { "model-routes/other.yaml": "sha256:now" } })],
  ["a comment is taken for an approval", edit({ state: "COMMENTED", body: "APPROVED, LGTM" })],
  ["a review that was never submitted is taken for one", edit({ state: "PENDING" })],
  ["an approval is stretched beyond the role that it names", edit({ body: "/routeward as finance-owner" })],
  ["commits are hidden behind GitHub's limit of 250", { commitsComplete: false }],
  ["another owner approves over an objection", object({})],
  ["an objection is buried under a push of new content", object({ commitSha: null, content: null })],
  ["the author dismisses an objection", object(dismissed(author))],
  ["somebody who pushed dismisses an objection", object(dismissed(stranger), { pushers: [stranger] })],
  [
    "somebody with a commit in it dismisses an objection",
    object(dismissed(stranger), { commitPeople: [{ account: stranger, text: "" }] }),
  ],
  ["whoever made the bot open it dismisses an objection", object(dismissed(stranger), { triggeredBy: stranger })],
  ["a bot dismisses an objection", object(dismissed(robot))],
  ["nobody knows who dismissed an objection", object(dismissed(null))],
];

describe("an approval is never had by this", () => {
  it.each(attacks)("%s", (_name, people) => {
    expect(judge(ready, { ...approved, ...people }).state).not.toBe("approved");
  });

  it("the author approves as the owner of a role", () => {
    const facts = buildFacts({ pull: { ...ready.pull, author: platform } });
    expect(judge(facts, approved).state).not.toBe("approved");
  });

  it("attacks together do not undo each other", () => {
    fc.assert(
      fc.property(fc.subarray([...attacks], { minLength: 1 }), (chosen) => {
        const people = chosen.reduce((sum, [, attack]) => ({ ...sum, ...attack }), approved);
        expect(judge(ready, people).state).not.toBe("approved");
      }),
    );
  });
});

const states = ({ routes }: Verdict): readonly RequirementState[] => routes.flatMap(({ requirements }) => requirements);

describe("at high risk an approval is never had by this", () => {
  const switched = buildFacts({
    head: buildSnapshot(writeFiles(writeRecord({ candidate: writeBundle({ provider: "anthropic" }) }))),
  });
  const everybody = buildApprovals(assess(switched), ["product", "platform", "finance"]);

  it("without any attack all roles are filled", () => {
    expect(states(judge(switched, everybody)).map(({ state }) => state)).not.toContain("waiting");
  });

  it("a commit names somebody whom GitHub does not know", () => {
    const people = { ...everybody, commitPeople: [{ account: null, text: "Ghost <ghost@example.com>" }] };
    expect(states(judge(switched, people)).map(({ state }) => state)).not.toContain("approved");
  });

  it("the push of a reviewer is hidden by a webhook that is lost", () => {
    const people = { ...everybody, arePushersKnown: false };
    expect(states(judge(switched, people)).map(({ state }) => state)).not.toContain("approved");
  });

  it("one person in the teams of both sides fills both", () => {
    const owners = everybody.owners.map((owner) =>
      owner.kind === "team" ? { ...owner, members: [platform, ...owner.members] } : owner,
    );
    const alone = everybody.reviews.filter((review) => review.author?.id === platform.id);
    const roles = states(judge(switched, { ...everybody, owners, reviews: alone }));
    const filled = roles.filter(({ state }) => state === "approved").map(({ requirement }) => requirement.role);
    expect(filled.length).toBeGreaterThan(0);
    expect(filled.includes("product-owner") || filled.includes("finance-owner")).toBe(
      !filled.includes("ai-platform-owner"),
    );
  });
});

const heads = (written: Written, more: Record<string, string> = {}): Partial<FileFacts> => ({
  head: buildSnapshot(writeFiles(written, more)),
});
const plan = (index: number, changes: Written): Written =>
  writeRecord({
    exposure: {
      plan: writtenPlan.map((step, at) => (at === index ? { ...step, ...changes } : step)),
      excluded: ["regulated-region"],
    },
  });

describe("nothing changes under an approval", () => {
  it.each<[string, Partial<FileFacts>]>([
    ["the candidate's model", heads(writeRecord({ candidate: writeBundle({ model: "gpt-4o-2024-11-20" }) }))],
    ["the candidate's fallback", heads(writeRecord({ candidate: writeBundle({ fallback: ["other"] }) }))],
    ["the baseline", heads(writeRecord({ baseline: writeBundle({ timeoutMs: 1 }) }))],
    ["the text of the prompt that is named", heads(writeRecord(), { "prompts/v3.md": "Answer rudely." })],
    [
      "the prompt's name, for a file with other text",
      heads(writeRecord({ candidate: writeBundle({ prompt: "prompts/v4.md" }) })),
    ],
    [
      "a guardrail's threshold",
      heads(
        writeRecord({
          guardrails: writtenGuardrails.map((each, at) => (at === 0 ? { ...each, threshold: ">= 0.5" } : each)),
        }),
      ),
    ],
    ["a guardrail that disappears", heads(writeRecord({ guardrails: writtenGuardrails.slice(1) }))],
    ["the audience", heads(plan(0, { audience: "low-risk" }))],
    ["the shares of a later stage", heads(plan(1, { steps: [90] }))],
    ["the soak", heads(plan(0, { soak: "1m" }))],
    ["an exclusion that disappears", heads(writeRecord({ exposure: { plan: writtenPlan, excluded: [] } }))],
    [
      "the stage that is asked",
      heads(
        writeRecord({ approval: { status: "approved-for-customer-canary", evidence: ["eval-1", "rollback-test-1"] } }),
      ),
    ],
    [
      "a reviewer whom the author had named",
      heads(
        writeRecord({
          approval: { status: "approved-for-internal-canary", reviewers: ["@acme/security"], evidence: ["eval-1"] },
        }),
      ),
    ],
    ["the data that is handled", heads(writeRecord({ dataClasses: ["public"] }))],
    ["who may roll back", heads(writeRecord({ rollback: { defaultVariation: "baseline", owner: "dev" } }))],
    ["the evidence under the same id", heads(writeRecord(), { [evidencePath]: writeEvidence({ result: 0.86 }) })],
    [
      "the policy on the default branch",
      { policy: { kind: "text", path: ".github/routeward.yml", text: `${policyText}\n` } },
    ],
    [
      "who owns a role",
      {
        codeowners: {
          kind: "text",
          path: ".github/CODEOWNERS",
          text: codeownersText.replace("@acme/platform", "@acme/release"),
        },
      },
    ],
    ["a rollback that came in between", { latches: [buildLatch({ cause: "command" })] }],
    [
      "the file, moved to where others own it",
      {
        head: buildSnapshot({
          ...namedTexts,
          [evidencePath]: writeEvidence(),
          "model-routes/elsewhere/answer.yaml": writeRouteFile(writeRecord()),
        }),
        changes: {
          complete: true,
          files: [{ path: "model-routes/elsewhere/answer.yaml", previousPath: null, status: "added" }],
        },
      },
    ],
  ])("%s", (_name, changes) => {
    const verdict = judge(buildFacts(changes), approved);
    expect(verdict.state).not.toBe("approved");
    const reviews = verdict.routes.flatMap((route) => route.reviews);
    expect(reviews.map(({ counts }) => counts)).toEqual(reviews.map(() => false));
  });

  it("the branch that it is merged into", () => {
    expect(judge(buildFacts({ pull: { ...ready.pull, baseRef: "release" } }), approved).state).not.toBe("approved");
  });
});

describe("nobody answers for a role by a general line of CODEOWNERS", () => {
  it.each([
    "* @acme/product",
    "*.yaml @acme/product",
    "/.github/ @acme/product",
    "/.github/roles/ @acme/product",
    "**/ai-platform-owner/** @acme/product",
  ])("%s", (line) => {
    const text = codeownersText.replace(/^.*ai-platform-owner.*$/m, line);
    const facts = buildFacts({
      codeowners: { kind: "text", path: ".github/CODEOWNERS", text },
      head: buildSnapshot(writeFiles(writeRecord({ candidate: writeBundle({ provider: "anthropic" }) }))),
    });
    const platformRole = states(judge(facts, buildApprovals(assess(facts), ["product"]))).find(
      ({ requirement }) => requirement.role === "ai-platform-owner",
    );
    expect(platformRole?.state).toBe("missing-owner");
  });
});

describe("nothing is approved by a CODEOWNERS line that GitHub reads in another way", () => {
  // Line 9 is after every line that names a reviewer here; line 1 is before them.
  const last = "/model-routes/ acme-product !";
  const errorAt = (line: number, kind = "Invalid owner"): NonNullable<PeopleFacts["codeownersErrors"]>[number] => ({
    line,
    column: 1,
    kind,
    message: "",
    path: ".github/CODEOWNERS",
  });
  const count = (text: string): number => text.split("\n").length;
  const productLine = "/.github/roles/product-owner/ @acme/product";
  const named = `/.github/roles/product-owner/ acme-product !${codeownersText.replace(productLine, "")}`;
  const other = named.replace("product-owner", "finance-owner");
  const after = `${codeownersText}${last}\n`;
  const before = `${last}${codeownersText}`;
  const owners = (text: string): FileFacts =>
    buildFacts({ codeowners: { kind: "text", path: ".github/CODEOWNERS", text } });
  const platformLine = codeownersText.split("\n").findIndex((line) => line.includes("ai-platform-owner")) + 1;

  it.each<[string, string, PeopleFacts["codeownersErrors"], Verdict["state"]]>([
    ["GitHub skips a line that gave a reviewer", codeownersText, [errorAt(platformLine)], "blocked"],
    ["GitHub uses a later line that was skipped here", after, [], "blocked"],
    ["GitHub skips that line too", after, [errorAt(count(codeownersText))], "approved"],
    ["an earlier line decides nothing", before, [], "approved"],
    ["GitHub uses an earlier line of a role that the owners of the file stand in for", named, [], "blocked"],
    ["GitHub skips that earlier line too", named, [errorAt(1)], "approved"],
    ["an earlier line of a role that nobody asks for decides nothing", other, [], "approved"],
    ["an unknown login is no disagreement", codeownersText, [errorAt(platformLine, "Unknown owner")], "approved"],
    ["GitHub cannot be asked", after, null, "approved"],
  ])("%s", (_name, text, codeownersErrors, state) => {
    const facts = owners(text);
    const people = { ...buildApprovals(assess(facts), needed), codeownersErrors };
    expect(judge(facts, people).state).toBe(state);
  });

  it.each<[string, PeopleFacts["codeownersErrors"], string[]]>([
    ["GitHub uses the line of a domain reviewer who stands in for security", [], []],
    [
      "GitHub skips the line of a domain reviewer who stands in for security",
      [errorAt(count(codeownersText))],
      ["codeowners-mismatch"],
    ],
  ])("%s", (_name, codeownersErrors, codes) => {
    const raised = { id: "clinical", tier: "restricted", why: "clinical", when: { paths: ["model-routes/**"] } };
    const policy = JSON.stringify({ ...JSON.parse(policyText), tiers: [raised] });
    const facts = buildFacts({
      policy: { kind: "text", path: ".github/routeward.yml", text: policy },
      codeowners: {
        kind: "text",
        path: ".github/CODEOWNERS",
        text: `${codeownersText}/.github/roles/domain-reviewer/ @acme/operations\n`,
      },
    });
    const people = { ...buildApprovals(assess(facts), [...needed, "operations"]), codeownersErrors };
    const verdict = judge(facts, people);
    expect(verdict.reasons.map(({ code }) => code)).toEqual(codes);
    const security = states(verdict).find(({ requirement }) => requirement.role === "security-owner");
    expect(security?.filledBy.map(({ login }) => login)).toEqual(["operations"]);
  });
});
