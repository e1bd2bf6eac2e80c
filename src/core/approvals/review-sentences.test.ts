import { expect, it } from "vitest";
import type { Account, OwnerFacts, PeopleFacts, ReviewFacts } from "../facts.ts";
import type { ReviewRequirement } from "../reviewers/requirement.ts";
import { countApprovals } from "./count-approvals.ts";
import type { ApprovalContext } from "./judge-review.ts";

const path = "model-routes/a.yaml";
const account = (id: number, login: string): Account => ({ id, login, isBot: false });
const author = account(1, "author");
const ada = account(10, "ada");
const robot: Account = { id: 90, login: "robot", isBot: true };

const owner = (account: Account): OwnerFacts => ({ kind: "user", name: `@${account.login}`, account, canWrite: true });

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
}

function count({ review = {}, people = {}, roles = ["product-owner"], tier = "medium" }: Case) {
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
  const context = { path, contentDigest: "now", tier, author, separationOfDuties: ["high" as const] };
  return countApprovals(
    roles.map((role) => requirement(role)),
    facts,
    context,
  );
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
  ["somebody with a part in the change is named", { people: { pushers: [ada] } }, "ada", "@ada pushed to it"],
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
