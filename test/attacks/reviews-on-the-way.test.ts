import { describe, expect, it } from "vitest";
import type { Account, PeopleFacts, PullFacts, ReviewFacts } from "../../src/core/facts.ts";
import { buildFacts } from "../../src/core/verdict/test-builders.ts";
import { gatherPeopleFacts, type PeopleQuestion } from "../../src/flows/gather-people-facts.ts";
import type { FlowPorts } from "../../src/flows/flow-ports.ts";
import { handleTask } from "../../src/flows/handle-task.ts";
import { planTasks } from "../../src/flows/plan-tasks.ts";
import { createPullState, keyOfPull, type PullState, pullStateKind } from "../../src/flows/pull-state.ts";
import type { RepositoryPeople } from "../../src/ports/github.ts";
import { createMemoryStore } from "../model/memory-store.ts";

/** What a review says between GitHub and the count: what it is bound to, whether it came in time, whose it is. */
const reviewer: Account = { id: 12, login: "platform", isBot: false };
const path = "model-routes/a.yaml";
const pull: PullFacts = buildFacts().pull;

type Listed = Omit<ReviewFacts, "content">;
const approval: Listed = {
  id: 5,
  author: reviewer,
  state: "APPROVED",
  body: "",
  submittedAt: "2026-06-15T09:00:00Z",
  commitSha: pull.headSha,
  dismissedBy: null,
};

function gather(
  reviews: readonly Listed[],
  changes: Partial<PeopleQuestion> = {},
  permission: Awaited<ReturnType<RepositoryPeople["readPermission"]>> = { account: reviewer, canWrite: true },
  onOwners: (options: { isFresh: boolean } | undefined) => void = () => {},
): Promise<PeopleFacts> {
  const repository: RepositoryPeople = {
    readReviews: () => Promise.resolve(reviews),
    readCommitPeople: () => Promise.resolve({ complete: true, people: [], commits: [] }),
    readOwners(_names, options) {
      onOwners(options);
      return Promise.resolve([]);
    },
    readRequestedReviewers: () => Promise.resolve({ users: [], teams: [] }),
    readCodeownersErrors: () => Promise.resolve([]),
    readPermission: () => Promise.resolve(permission),
  };
  const question: PeopleQuestion = {
    pull,
    owners: [],
    state: createPullState("acme/app", pull.number),
    rulesBranch: "main",
    contentNow: { [path]: "now" },
    contentAt: (sha) => Promise.resolve(sha === "gone" ? null : { [path]: `at ${sha}` }),
    ...changes,
  };
  return gatherPeopleFacts(question, repository);
}

describe("a review is bound to what its author saw", () => {
  const kept = { ...createPullState("acme/app", pull.number), reviewContent: { "5": { [path]: "when it arrived" } } };
  it.each<[string, Listed, Partial<PeopleQuestion>, ReviewFacts["content"]]>([
    ["one of the head, to what is judged", approval, {}, { [path]: "now" }],
    [
      "one that was bound before, to that, whatever the head holds now",
      approval,
      { state: kept },
      { [path]: "when it arrived" },
    ],
    ["one that was missed, to its own commit", { ...approval, commitSha: "old" }, {}, { [path]: "at old" }],
    ["one of a merged head that was missed, to its own commit", approval, { contentNow: null }, { [path]: "at h" }],
    ["one whose commit a force push has removed, to nothing", { ...approval, commitSha: "gone" }, {}, null],
    ["one without a commit, to nothing", { ...approval, commitSha: null }, {}, null],
  ])("%s", async (_name, review, changes, content) => {
    expect((await gather([review], changes)).reviews.map((each) => each.content)).toEqual([content]);
  });
});

describe("an approval never reaches the count", () => {
  it("when it was given after the merge", async () => {
    const merged = { ...pull, merged: true, mergedAt: "2026-06-15T08:59:59Z" };
    expect((await gather([approval], { pull: merged })).reviews).toEqual([]);
  });

  it.each<[string, Awaited<ReturnType<RepositoryPeople["readPermission"]>>]>([
    ["reads only", { account: reviewer, canWrite: false }],
    ["is unknown to the repository", null],
    ["has a login that belongs to another account by now", { account: { ...reviewer, id: 99 }, canWrite: true }],
  ])("with write access when its author %s", async (_name, permission) => {
    expect((await gather([approval], {}, permission)).writers).toEqual({ 12: false });
  });

  it("with write access when its author is a bot", async () => {
    const bot = { ...reviewer, isBot: true };
    expect((await gather([{ ...approval, author: bot }])).writers).toEqual({});
  });
});

it.each<[string, boolean]>([
  ["an open pull request may be judged by memberships of a moment ago", false],
  ["a merge is judged by the memberships of now", true],
])("%s", async (_name, merged) => {
  const asked: (boolean | undefined)[] = [];
  const question = { pull: { ...pull, merged } };
  await gather([], question, null, (options) => void asked.push(options?.isFresh));
  expect(asked).toEqual([merged]);
});

it("whoever pushed is remembered beside the people of the commits", async () => {
  const state = { ...createPullState("acme/app", pull.number), pushers: [reviewer] };
  expect((await gather([], { state })).pushers).toEqual([reviewer]);
});

/** What is known of the pushes after these webhooks: action, head, head before, sender. */
async function hear(webhooks: readonly (readonly [string, string, string, number])[]): Promise<PullState | undefined> {
  const store = createMemoryStore(() => new Date("2026-06-15T09:00:00Z"));
  const repository = { id: 1, name: "app", full_name: "acme/app", owner: { login: "acme" } };
  for (const [action, sha, before, id] of webhooks) {
    const payload = {
      action,
      before,
      repository,
      sender: { id, login: `user-${id}`, type: "User" },
      pull_request: { number: 7, head: { sha } },
    };
    for (const task of planTasks("pull_request", payload, "guid", 1)) {
      if (task.kind === "note-pusher") await handleTask(task, { store } as FlowPorts, new Date());
    }
  }
  return (await store.getRecord(pullStateKind, keyOfPull(1, 7)))?.value;
}

it.each<[string, readonly (readonly [string, string, string, number])[], string, boolean, readonly number[]]>([
  [
    "opened and pushed to",
    [
      ["opened", "a", "", 1],
      ["synchronize", "b", "a", 2],
    ],
    "b",
    true,
    [1, 2],
  ],
  ["by a push that nobody told about", [["opened", "a", "", 1]], "b", false, [1]],
  [
    "by one before the last",
    [
      ["opened", "a", "", 1],
      ["synchronize", "c", "b", 1],
    ],
    "c",
    false,
    [1],
  ],
  [
    "by one whose word came late",
    [
      ["opened", "a", "", 1],
      ["synchronize", "c", "b", 1],
      ["synchronize", "b", "a", 2],
    ],
    "c",
    true,
    [1, 2],
  ],
  [
    "twice by the same word",
    [
      ["opened", "a", "", 1],
      ["opened", "a", "", 1],
    ],
    "a",
    true,
    [1],
  ],
  [
    "while it was closed",
    [
      ["opened", "a", "", 1],
      ["reopened", "b", "", 1],
    ],
    "b",
    false,
    [1],
  ],
  [
    "and reopened as it was",
    [
      ["opened", "a", "", 1],
      ["reopened", "a", "", 3],
    ],
    "a",
    true,
    [1, 3],
  ],
  ["before it was ever heard of", [["synchronize", "b", "a", 2]], "b", true, [2]],
])("who pushed to a pull request that was changed %s", async (_name, webhooks, headSha, arePushersKnown, pushers) => {
  const state = (await hear(webhooks)) ?? createPullState("acme/app", pull.number);
  const people = await gather([], { state, pull: { ...pull, headSha } });
  expect(people).toMatchObject({ arePushersKnown });
  expect(people.pushers.map(({ id }) => id)).toEqual(pushers);
});
