import { describe, expect, it } from "vitest";
import type { Account, OwnerFacts, PeopleFacts, ReviewFacts } from "../facts.ts";
import type { ReviewRequirement } from "../reviewers/requirement.ts";
import { countApprovals, type ApprovalCount } from "./count-approvals.ts";
import type { ApprovalContext } from "./judge-review.ts";

const path = "model-routes/support/a.yaml";
const now = "sha256:now";
const account = (id: number, login: string): Account => ({ id, login, isBot: false });
const author = account(1, "author");
const ada = account(10, "ada");
const bo = account(11, "bo");
const cy = account(12, "cy");
const robot: Account = { id: 90, login: "helper[bot]", isBot: true };

function requirement(role: string, owners: string[], over: Partial<ReviewRequirement> = {}): ReviewRequirement {
  return { role, count: 1, owners, source: "CODEOWNERS line 1", focus: "", because: [], missing: null, ...over };
}

let nextId = 0;
function review(by: Account | null, over: Partial<ReviewFacts> = {}): ReviewFacts {
  nextId += 1;
  return {
    id: nextId,
    author: by,
    state: "APPROVED",
    body: "",
    submittedAt: "2026-11-01T00:00:00Z",
    commitSha: "abcdef1234567",
    content: { [path]: now },
    dismissedBy: null,
    ...over,
  };
}

const user = (account: Account, canWrite = true): OwnerFacts => ({
  kind: "user",
  name: `@${account.login}`,
  account,
  canWrite,
});
const team = (slug: string, members: Account[], canWrite = true): OwnerFacts => ({
  kind: "team",
  name: `@acme/${slug}`,
  slug,
  canWrite,
  members,
});

function people(reviews: ReviewFacts[], over: Partial<PeopleFacts> = {}): PeopleFacts {
  return {
    reviews,
    owners: [user(ada), user(bo), team("release", [bo, cy])],
    writers: { 10: true, 11: true, 12: true, 90: true, 1: true },
    commitPeople: [{ account: author, text: "Author <a@example.com>" }],
    commitsComplete: true,
    pushers: [author],
    triggeredBy: null,
    requested: { users: [], teams: [] },
    codeownersErrors: [],
    ...over,
  };
}

const context = (over: Partial<ApprovalContext> = {}): ApprovalContext => ({
  path,
  contentDigest: now,
  tier: "medium",
  author,
  separationOfDuties: ["high", "restricted"],
  ...over,
});

const states = (count: ApprovalCount): string[] => count.states.map(({ state }) => state);
const release = requirement("release-owner", ["@acme/release"]);
const product = requirement("product-owner", ["@ada"]);

describe("an approval counts", () => {
  it.each<[string, ReviewRequirement, Account]>([
    ["of an owner named directly", product, ada],
    ["of a member of the team, child teams included in its members", release, cy],
    ["of any one of several owners", requirement("security-owner", ["@ada", "@acme/release"]), bo],
  ])("%s", (_name, wanted, voter) => {
    const count = countApprovals([wanted], people([review(voter)]), context());
    expect(count.states[0]).toMatchObject({
      state: "approved",
      filledBy: [{ login: voter.login, id: voter.id }],
      explanation: `approved by @${voter.login}`,
    });
    expect(count.reviews).toMatchObject([{ counts: true, roles: [wanted.role], code: "counts" }]);
  });

  it("for every role whose owner the reviewer is", () => {
    const wanted = [requirement("ai-platform-owner", ["@bo"]), release];
    expect(states(countApprovals(wanted, people([review(bo)]), context()))).toEqual(["approved", "approved"]);
  });

  it("also when the reviewer comments afterwards", () => {
    const reviews = [review(ada), review(ada, { state: "COMMENTED", content: null })];
    expect(states(countApprovals([product], people(reviews), context()))).toEqual(["approved"]);
  });

  it("when the reviewer was renamed, because accounts are compared by number", () => {
    expect(states(countApprovals([product], people([review(account(10, "ada-new"))]), context()))).toEqual([
      "approved",
    ]);
  });
});

describe("a review limits itself with /routeward as", () => {
  const wanted = [requirement("ai-platform-owner", ["@bo"]), release];
  it.each<[string, string, string[]]>([
    ["to one role", "/routeward as release-owner", ["waiting", "approved"]],
    ["to several roles", "Fine.\n/routeward as release-owner, ai-platform-owner", ["approved", "approved"]],
    ["by several lines", "/routeward as release-owner\n/routeward as ai-platform-owner", ["approved", "approved"]],
    ["whatever the case", "/Routeward AS Release-Owner", ["waiting", "approved"]],
    ["a quotation limits nothing", "> /routeward as release-owner", ["approved", "approved"]],
    ["another command limits nothing", "/routeward status", ["approved", "approved"]],
    ["a role that the reviewer does not own leaves nothing", "/routeward as finance-owner", ["waiting", "waiting"]],
    ["with spaces around it", "Fine\n  /routeward   as  release-owner ,, \t", ["waiting", "approved"]],
    ["in a line that Unix ended", "/routeward as release-owner\nfinance-owner", ["waiting", "approved"]],
    ["in a line that Windows ended", "Fine\r\n/routeward as release-owner\r\nBye", ["waiting", "approved"]],
    ["the word alone limits nothing", "as release-owner", ["approved", "approved"]],
    ["the command alone limits nothing", "/routeward", ["approved", "approved"]],
    ["text before it makes it no command", "x /routeward as release-owner", ["approved", "approved"]],
    [
      "what follows 65,536 characters is not read",
      `${" ".repeat(65_536)}\n/routeward as release-owner`,
      ["approved", "approved"],
    ],
    ["no role at all leaves nothing", "/routeward as", ["waiting", "waiting"]],
  ])("%s", (_name, body, expected) => {
    const count = countApprovals(wanted, people([review(bo, { body })]), context());
    expect(states(count)).toEqual(expected);
    const code = expected.includes("approved") ? "counts" : "limited-to-nothing";
    expect(count.reviews[0]?.code).toBe(code);
  });

  it("to the second name of a role that the domain reviewer may fill", () => {
    const either = requirement("security-owner", ["@ada"], { orRole: "domain-reviewer" });
    const reviews = [review(ada, { body: "/routeward as domain-reviewer" })];
    expect(states(countApprovals([either], people(reviews), context()))).toEqual(["approved"]);
  });
});

describe("an approval never counts", () => {
  const ownedByAll = requirement("release-owner", ["@ada", "@bo", "@helper[bot]"]);
  const owners = [user(ada), user(bo), user(robot)];
  it.each<[string, ReviewFacts, Partial<PeopleFacts>, string]>([
    ["of the author", review(ada), {}, "author"],
    ["of the author of a commit", review(ada), { commitPeople: [{ account: ada, text: "Ada" }] }, "commit-person"],
    ["of somebody who pushed", review(ada), { pushers: [author, ada] }, "pusher"],
    ["of whoever made a bot open the pull request", review(ada), { triggeredBy: ada }, "triggered-bot"],
    ["of a bot", review(robot), {}, "bot"],
    ["of somebody without write access", review(ada), { writers: { 11: true } }, "no-write-access"],
    ["of somebody whose access is not known", review(ada), { writers: {} }, "no-write-access"],
    ["of an account that is gone", review(null), {}, "account-gone"],
    ["when it was dismissed", review(ada, { state: "DISMISSED", dismissedBy: bo }), {}, "dismissed"],
    ["when its commit is gone", review(ada, { commitSha: null }), {}, "commit-gone"],
    ["when what it was given for is not known", review(ada, { content: null }), {}, "content-unknown"],
    ["when it was given for another route", review(ada, { content: { "other.yaml": now } }), {}, "content-unknown"],
    ["when the content has changed since", review(ada, { content: { [path]: "sha256:old" } }), {}, "content-changed"],
    ["when there are more commits than GitHub lists", review(ada), { commitsComplete: false }, "commits-unknown"],
    ["when its author owns nothing that is required", review(cy), {}, "owner-of-nothing"],
  ])("%s", (name, given, over, code) => {
    const isAuthor = name === "of the author";
    const count = countApprovals(
      [ownedByAll],
      people([given], { owners, ...over }),
      context(isAuthor ? { author: ada } : {}),
    );
    expect(count.reviews).toMatchObject([{ counts: false, roles: [], code }]);
    expect(states(count)).toEqual(["waiting"]);
  });

  it("while the route cannot be read", () => {
    const count = countApprovals([product], people([review(ada)]), context({ contentDigest: null }));
    expect(count.reviews[0]?.code).toBe("content-unknown");
  });

  it("says which review ended and since which commit", () => {
    const count = countApprovals([product], people([review(ada, { content: { [path]: "old" } })]), context());
    expect(count.reviews[0]?.why).toBe("ended: what is judged has changed in meaning since commit abcdef1");
  });

  it.each<["low" | "medium" | "high" | "restricted", boolean]>([
    ["low", true],
    ["medium", true],
    ["high", false],
    ["restricted", false],
  ])("when a commit names nobody known: at %s risk it counts: %s", (tier, counts) => {
    const commitPeople = [{ account: null, text: "Someone <x@example.com>" }];
    const count = countApprovals([product], people([review(ada)], { commitPeople }), context({ tier }));
    expect(count.reviews[0]?.counts).toBe(counts);
    expect(count.holds).toHaveLength(counts ? 0 : 1);
    expect(states(count)).toEqual([counts ? "approved" : "waiting"]);
  });

  it.each<["low" | "medium" | "high" | "restricted", boolean]>([
    ["low", true],
    ["medium", true],
    ["high", false],
    ["restricted", false],
  ])("when nobody knows who made one of the pushes: at %s risk it counts: %s", (tier, counts) => {
    const count = countApprovals([product], people([review(ada)], { arePushersKnown: false }), context({ tier }));
    expect(count.reviews[0]?.counts).toBe(counts);
    expect(count.holds).toHaveLength(counts ? 0 : 1);
  });

  it.each<[string, "medium" | "high", Partial<PeopleFacts>, boolean]>([
    ["at medium risk it counts", "medium", {}, true],
    ["at high risk nobody's review counts while nobody is known behind it", "high", {}, false],
    ["a co-author in a commit is no answer", "high", { commitPeople: [{ account: bo, text: "Bo" }] }, false],
    ["with the person behind it known, others may approve", "high", { triggeredBy: bo }, true],
    ["whoever made it do so may not", "high", { triggeredBy: ada }, false],
    ["Routeward itself may open one that nobody asked for", "high", { isOwnPull: true }, true],
  ])("when a bot opened the pull request: %s", (_name, tier, over, counts) => {
    const count = countApprovals([product], people([review(ada)], over), context({ tier, author: robot }));
    expect(count.reviews[0]?.counts).toBe(counts);
  });
});

describe("the last word of a person decides", () => {
  it.each<[string, ReviewFacts["state"][], string]>([
    ["an approval after a request for changes", ["CHANGES_REQUESTED", "APPROVED"], "approved"],
    ["a request for changes after an approval", ["APPROVED", "CHANGES_REQUESTED"], "changes-requested"],
    ["a dismissal after an approval", ["APPROVED", "DISMISSED"], "waiting"],
    ["a comment after a request for changes changes nothing", ["CHANGES_REQUESTED", "COMMENTED"], "changes-requested"],
    ["a pending review is nothing", ["PENDING"], "waiting"],
  ])("%s", (_name, given, state) => {
    const reviews = given.map((state) => review(ada, { state, dismissedBy: bo, dismissedState: "APPROVED" }));
    const count = countApprovals([product], people(reviews.toReversed()), context());
    expect(states(count)).toEqual([state]);
    const opinions = given.filter((state) => state !== "COMMENTED" && state !== "PENDING");
    expect(count.reviews).toHaveLength(opinions.length);
    expect(count.reviews.slice(0, -1).every(({ code }) => code === "superseded")).toBe(true);
  });
});

describe("a request for changes by an owner of a required role", () => {
  const objection = (over: Partial<ReviewFacts> = {}): ReviewFacts =>
    review(bo, { state: "CHANGES_REQUESTED", ...over });
  const dismissed = (by: Account | null, was?: ReviewFacts["dismissedState"]): ReviewFacts =>
    review(bo, { state: "DISMISSED", dismissedBy: by, ...(was === undefined ? {} : { dismissedState: was }) });

  it("blocks although another owner approves", () => {
    const count = countApprovals([release], people([objection(), review(cy)]), context());
    expect(count.states[0]).toMatchObject({
      state: "changes-requested",
      explanation: "@bo asked for changes; only that person can change it, by a new review",
    });
    expect(count.reviews[0]).toMatchObject({ counts: false, roles: ["release-owner"], code: "changes-requested" });
  });

  it("stays when the content changes", () => {
    const count = countApprovals([release], people([objection({ content: null }), review(cy)]), context());
    expect(states(count)).toEqual(["changes-requested"]);
  });

  it("blocks only the roles that it names, where it names some", () => {
    const wanted = [requirement("operations-owner", ["@bo"]), release];
    const reviews = [objection({ body: "/routeward as operations-owner" }), review(cy)];
    expect(states(countApprovals(wanted, people(reviews), context()))).toEqual(["changes-requested", "approved"]);
  });

  it("blocks all roles of its author, where it names only others", () => {
    const reviews = [objection({ body: "/routeward as finance-owner" }), review(cy)];
    expect(states(countApprovals([release], people(reviews), context()))).toEqual(["changes-requested"]);
  });

  it("of somebody who owns no required role blocks nothing", () => {
    const count = countApprovals([product], people([objection(), review(ada)]), context());
    expect(states(count)).toEqual(["approved"]);
    expect(count.reviews[0]).toMatchObject({ code: "owner-of-nothing" });
  });

  it.each<[string, ReviewFacts, Partial<PeopleFacts>, string]>([
    ["a dismissal by the author does not lift it", dismissed(author, "CHANGES_REQUESTED"), {}, "changes-requested"],
    [
      "a dismissal by a pusher does not lift it",
      dismissed(ada, "CHANGES_REQUESTED"),
      { pushers: [ada] },
      "changes-requested",
    ],
    ["a dismissal by a bot does not lift it", dismissed(robot, "CHANGES_REQUESTED"), {}, "changes-requested"],
    ["a dismissal by somebody unknown does not lift it", dismissed(null, "CHANGES_REQUESTED"), {}, "changes-requested"],
    ["a dismissal by the author of who knows what does not lift it", dismissed(author), {}, "changes-requested"],
    ["nor does it when GitHub does not say what it was", dismissed(author, null), {}, "changes-requested"],
    [
      "a dismissal by the reviewer lifts it, also when the reviewer pushed since",
      dismissed(bo, "CHANGES_REQUESTED"),
      { pushers: [bo] },
      "approved",
    ],
    ["a dismissal by somebody else lifts it", dismissed(ada, "CHANGES_REQUESTED"), {}, "approved"],
    ["a dismissal by the reviewer lifts it", dismissed(bo, "CHANGES_REQUESTED"), {}, "approved"],
    ["the author's dismissal of an approval lifts nothing", dismissed(author, "APPROVED"), {}, "approved"],
  ])("%s", (_name, given, over, state) => {
    expect(states(countApprovals([release], people([given, review(cy)], over), context()))).toEqual([state]);
  });
});

describe("separation of duties", () => {
  const wanted = [requirement("product-owner", ["@bo"]), release];

  it.each<["medium" | "high", string[]]>([
    ["medium", ["approved", "approved"]],
    ["high", ["approved", "waiting"]],
  ])("at %s risk one person on both sides gives %j", (tier, expected) => {
    expect(states(countApprovals(wanted, people([review(bo)]), context({ tier })))).toEqual(expected);
  });

  it("says who is kept apart and who is still needed", () => {
    const count = countApprovals(wanted, people([review(bo)]), context({ tier: "high" }));
    expect(count.states[1]?.explanation).toBe(
      "needs an approval of @acme/release; @bo already fills a role of the other side (separation of duties)",
    );
    expect(count.reviews[0]?.why).toBe("counts for product-owner; not release-owner: separation of duties");
  });

  it("says of several who are kept apart", () => {
    const both = [requirement("product-owner", ["@acme/release"], { count: 2 }), release];
    const count = countApprovals(both, people([review(bo), review(cy)]), context({ tier: "high" }));
    expect(count.states[1]?.explanation).toBe(
      "needs an approval of @acme/release; @bo, @cy already fill a role of the other side (separation of duties)",
    );
  });

  it("a second person completes it", () => {
    const count = countApprovals(wanted, people([review(bo), review(cy)]), context({ tier: "high" }));
    expect(count.states.map(({ filledBy }) => filledBy.map(({ login }) => login))).toEqual([["bo"], ["cy"]]);
  });
});

describe("a role that nobody can fill is blocked, not waiting", () => {
  it.each<[string, ReviewRequirement, Partial<PeopleFacts>, string]>([
    [
      "no line names it",
      requirement("release-owner", [], { missing: { why: "no line of CODEOWNERS names it", lineToAdd: "/x/ @y" } }),
      {},
      "no line of CODEOWNERS names it; add: /x/ @y",
    ],
    [
      "its only owner is the author",
      requirement("r", ["@author"]),
      { owners: [user(author)] },
      "@author is the author of the pull request",
    ],
    ["its only owner pushed", product, { pushers: [ada] }, "@ada pushed to it"],
    ["its owner has no write access", product, { owners: [user(ada, false)] }, "@ada has no write access"],
    [
      "its team has no write access",
      release,
      { owners: [team("release", [bo], false)] },
      "@acme/release has no write access",
    ],
    ["its team is empty", release, { owners: [team("release", [])] }, "@acme/release has no members"],
    [
      "its team only holds people who made the change",
      release,
      { owners: [team("release", [bo])], pushers: [bo] },
      "of @acme/release too few people took no part in the change",
    ],
    [
      "its owner is unknown to GitHub",
      product,
      { owners: [{ kind: "unresolved", name: "@ada", why: "no such user" }] },
      "@ada: no such user",
    ],
    ["its owner was not looked up", product, { owners: [] }, "@ada was not looked up"],
    ["its owner is a bot", requirement("r", ["@helper[bot]"]), { owners: [user(robot)] }, "@helper[bot] is a bot"],
  ])("%s", (_name, wanted, over, why) => {
    const [state] = countApprovals([wanted], people([], over), context()).states;
    expect(state).toMatchObject({ state: "missing-owner", filledBy: [] });
    expect(state?.explanation).toContain(why);
  });

  it("two approvals of one person's role", () => {
    const [state] = countApprovals([{ ...product, count: 2 }], people([review(ada)]), context()).states;
    expect(state?.explanation).toBe("fewer than 2 people can approve: @ada alone is not enough");
  });
});

describe("several approvals", () => {
  const two = { ...release, count: 2 };
  it.each<[string, ReviewFacts[], string, string]>([
    ["one of two waits for the second", [review(bo)], "waiting", "needs an approval of @acme/release"],
    ["none of two waits for both", [], "waiting", "needs 2 approvals of @acme/release"],
    ["the same person twice is one", [review(bo), review(bo)], "waiting", "needs an approval of @acme/release"],
    ["two people complete it", [review(bo), review(cy)], "approved", "approved by @bo, @cy"],
  ])("%s", (_name, reviews, state, explanation) => {
    expect(countApprovals([two], people(reviews), context()).states[0]).toMatchObject({ state, explanation });
  });
});
