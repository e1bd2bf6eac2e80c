import { describe, expect, it } from "vitest";
import type { Account, OwnerFacts, PeopleFacts, ReviewFacts } from "../facts.ts";
import type { ReviewRequirement } from "../reviewers/requirement.ts";
import { countApprovals } from "./count-approvals.ts";
import type { ApprovalContext } from "./judge-review.ts";

const path = "model-routes/a.yaml";
const account = (id: number, login: string): Account => ({ id, login, isBot: false });
const author = account(1, "author");
const ada = account(10, "ada");
const robot: Account = { id: 90, login: "robot", isBot: true };

const owner = (account: Account, canWrite = true): OwnerFacts => ({
  kind: "user",
  name: `@${account.login}`,
  account,
  canWrite,
});

function requirement(role: string, count = 1): ReviewRequirement {
  return { role, count, owners: ["@ada"], source: "", focus: "", because: [], missing: null };
}

const given: ReviewFacts = {
  id: 5,
  author: ada,
  state: "APPROVED",
  body: "",
  submittedAt: "2026-11-01T00:00:00Z",
  commitSha: "abcdef1234567",
  content: { [path]: "now" },
  dismissedBy: null,
};

interface Case {
  review?: Partial<ReviewFacts>;
  people?: Partial<PeopleFacts>;
  roles?: readonly string[];
  tier?: ApprovalContext["tier"];
  author?: Account;
  requirements?: readonly ReviewRequirement[];
}

function count({ review = {}, people = {}, roles = ["product-owner"], tier = "medium", ...rest }: Case) {
  const facts: PeopleFacts = {
    reviews: [{ ...given, ...review }],
    owners: [owner(ada), owner(robot)],
    writers: { 10: true, 90: true },
    commitPeople: [],
    commitsComplete: true,
    pushers: [],
    triggeredBy: null,
    requested: { users: [], teams: [] },
    codeownersErrors: [],
    ...people,
  };
  const context = {
    path,
    contentDigest: "now",
    tier,
    author: rest.author ?? author,
    separationOfDuties: ["high" as const],
  };
  return countApprovals(rest.requirements ?? roles.map((role) => requirement(role)), facts, context);
}

it.each<[string, Case, string, string]>([
  ["an approval says for which role it counts", {}, "ada", "counts for product-owner"],
  [
    "an approval of several roles names them all",
    { roles: ["product-owner", "release-owner"] },
    "ada",
    "counts for product-owner, release-owner",
  ],
  [
    "an approval that duties keep to one side says what it does not fill",
    { roles: ["product-owner", "release-owner"], tier: "high" },
    "ada",
    "counts for product-owner; not release-owner: separation of duties",
  ],
  ["a bot is told that it does not approve", { review: { author: robot } }, "robot", "bots and apps do not approve"],
  [
    "somebody without write access is named",
    { people: { writers: {} } },
    "ada",
    "@ada has no write access to the repository",
  ],
  ["an account that is gone has a name to show", { review: { author: null } }, "ghost", "the account no longer exists"],
  [
    "an account that is gone asks for no changes either",
    { review: { author: null, state: "CHANGES_REQUESTED" } },
    "ghost",
    "the account no longer exists",
  ],
  [
    "whoever made a bot open the pull request is named",
    { people: { triggeredBy: ada } },
    "ada",
    "@ada made the bot open the pull request",
  ],
  [
    "somebody with a commit in it is named",
    { people: { commitPeople: [{ account: ada, text: "Ada" }] } },
    "ada",
    "@ada is author, committer or co-author of a commit in it",
  ],
  ["the author is named", { author: ada }, "ada", "@ada is the author of the pull request"],
  [
    "an approval of a commit that is gone is told so",
    { review: { commitSha: null } },
    "ada",
    "the reviewed commit no longer exists",
  ],
  [
    "an approval of nobody knows what is told so",
    { review: { content: null } },
    "ada",
    "what it approved cannot be established",
  ],
  [
    "a dismissal by nobody known of a review by an owner of nothing is one all the same",
    {
      review: { state: "DISMISSED" },
      requirements: [{ ...requirement("product-owner"), owners: ["@robot"] }],
    },
    "ada",
    "it was dismissed",
  ],
  ["somebody with a part in the change is named", { people: { pushers: [ada] } }, "ada", "@ada pushed to it"],
  [
    "an owner of nothing that is required is told so",
    { requirements: [{ ...requirement("product-owner"), owners: ["@robot"] }] },
    "ada",
    "its author owns none of the required roles",
  ],
  [
    "an approval that limits itself to nothing is told so",
    { review: { body: "/routeward as finance-owner" } },
    "ada",
    "`/routeward as` names no required role that its author owns",
  ],
  [
    "an approval that duties keep from two roles names both",
    { roles: ["product-owner", "finance-owner", "release-owner", "operations-owner", "security-owner"], tier: "high" },
    "ada",
    "counts for release-owner, operations-owner, security-owner; not product-owner, finance-owner: separation of duties",
  ],
  [
    "a request for changes by an owner of nothing is told so",
    {
      review: { state: "CHANGES_REQUESTED" },
      requirements: [{ ...requirement("product-owner"), owners: ["@robot"] }],
    },
    "ada",
    "asks for changes, but its author owns none of the required roles",
  ],
  [
    "a dismissed review is told so",
    { review: { state: "DISMISSED", dismissedState: "APPROVED" } },
    "ada",
    "it was dismissed",
  ],
  [
    "a dismissal by nobody known does not lift what may have been an objection",
    { review: { state: "DISMISSED" } },
    "ada",
    "@ada gave a review of unknown content, and its dismissal by somebody unknown does not lift it",
  ],
  [
    "a dismissal by the author does not lift an objection",
    { review: { state: "DISMISSED", dismissedBy: author, dismissedState: "CHANGES_REQUESTED" } },
    "ada",
    "@ada asked for changes, and its dismissal by @author does not lift it",
  ],
  ["an objection says whose it is", { review: { state: "CHANGES_REQUESTED" } }, "ada", "@ada asked for changes"],
])("%s", (_name, input, login, why) => {
  const [review] = count(input).reviews;
  expect([review?.login, review?.why]).toEqual([login, why]);
});

it("an objection holds its role and says who alone can lift it", () => {
  const [state] = count({ review: { state: "CHANGES_REQUESTED" } }).states;
  expect([state?.state, state?.explanation]).toEqual([
    "changes-requested",
    "@ada asked for changes; only that person can change it, by a new review",
  ]);
});

describe("why nobody's review counts at present", () => {
  const nameless = (...texts: string[]): Partial<PeopleFacts> => ({
    commitPeople: texts.map((text) => ({ account: null, text })),
  });
  it.each<[string, Case, string[]]>([
    ["nothing, when everybody is known", { tier: "high" }, []],
    ["nothing at medium risk, whoever is not known", { people: nameless("Zoe") }, []],
    [
      "three of the names are shown, each once, in the order of their letters",
      { tier: "high", people: nameless("Zoe", "Bea", "Bea", "Cleo", "Ann") },
      ["a commit names somebody who is no GitHub user (Ann, Bea, Cleo), and high risk needs to know everybody"],
    ],
    [
      "commits that GitHub does not list, at every risk",
      { people: { commitsComplete: false } },
      ["the pull request has more commits than GitHub lists (250), so it is not known who wrote them all"],
    ],
    [
      "a push that nobody has heard of, at high risk",
      { tier: "high", people: { arePushersKnown: false } },
      [
        "GitHub's word of a push is missing, so it is not known who pushed, which high risk has to know; if it does not come, open the change in a new pull request",
      ],
    ],
    [
      "a bot that nobody is known to have asked",
      { tier: "restricted", author: robot },
      [
        "a bot (@robot) opened it and nobody knows who made it do so, which restricted risk has to know; a person has to open the change under their own name",
      ],
    ],
  ])("%s", (_name, input, holds) => {
    expect(count(input).holds).toEqual(holds);
  });
});

it("of two reviews of one person the first is told that another followed", () => {
  const reviews = [given, { ...given, id: 6 }];
  expect(count({ people: { reviews } }).reviews.map(({ why }) => why)).toEqual([
    "superseded by a later review of theirs",
    "counts for product-owner",
  ]);
});

it("two objections to one role are both named", () => {
  const bo = account(11, "bo");
  const both = { ...requirement("product-owner"), owners: ["@ada", "@bo"] };
  const reviews = [
    { ...given, state: "CHANGES_REQUESTED" as const },
    { ...given, id: 6, author: bo, state: "CHANGES_REQUESTED" as const },
  ];
  const [state] = count({ requirements: [both], people: { reviews, owners: [owner(ada), owner(bo)] } }).states;
  expect(state?.explanation).toBe(
    "@ada asked for changes; @bo asked for changes; only that person can change it, by a new review",
  );
});

it("a role without anybody who could approve says that nobody can", () => {
  const [state] = count({ people: { reviews: [], pushers: [ada] } }).states;
  expect(state?.explanation).toBe("nobody can approve: @ada pushed to it");
});

it("a role of several owners waits for any of those who can write and are known", () => {
  const several = { ...requirement("product-owner"), owners: ["@ada", "@bo", "@gone", "@guest", "@unread"] };
  const owners: OwnerFacts[] = [
    owner(ada),
    owner(account(11, "bo")),
    { kind: "unresolved", name: "@gone", why: "no such user" },
    owner(account(12, "guest"), false),
  ];
  const [state] = count({ requirements: [several], people: { owners, reviews: [] } }).states;
  expect(state?.explanation).toBe("needs an approval of @ada or @bo");
});

it("a role that too few can fill says of each owner why", () => {
  const several = { ...requirement("product-owner", 2), owners: ["@ada", "@robot", "@gone"] };
  const owners: OwnerFacts[] = [owner(ada), owner(robot), { kind: "unresolved", name: "@gone", why: "no such user" }];
  const [state] = count({ requirements: [several], people: { owners, reviews: [] } }).states;
  expect(state?.explanation).toBe(
    "fewer than 2 people can approve: @ada alone is not enough; @robot is a bot; @gone: no such user",
  );
});
