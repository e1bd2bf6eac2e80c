import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { people } from "../../src/apps/demo/build-world.ts";
import { mergeGroupKind } from "../../src/flows/merge-group-state.ts";
import { pullStateKind } from "../../src/flows/pull-state.ts";
import { approvedRouteKind, keyOfFlag } from "../../src/flows/records.ts";
import type { CheckRunSnapshot } from "../../src/simulators/github/control-input.ts";
import { mediumApprovers, openApproved, openRoute } from "./open-route.ts";
import { makeRoute, pathOfRoute } from "./route-texts.ts";
import { binding, openStoryWorld, type StoryWorld } from "./story-world.ts";

const canary = "approved-for-internal-canary";
const repo = "acme/support-routes";
/** A second required check, so that a group stays in the queue until a story lets it go. */
const ci = ".github/workflows/ci.yml";
let story: StoryWorld;

beforeAll(async () => {
  story = await openStoryWorld();
});
afterAll(async () => {
  await story?.close();
});

function protect(method: "merge" | "squash" | "rebase"): void {
  const requiredChecks = [{ context: "routeward/approval", appId: story.world.appId }, { context: ci }];
  story.world.github.protectBranch({
    repo,
    branch: "main",
    requiredChecks,
    enforceAdmins: false,
    mergeQueue: { method },
  });
}

beforeEach(() => protect("squash"));
afterEach(async () => {
  const { github } = story.world;
  for (const { number } of github.pulls({ repo })) github.closePull({ repo, number, by: people.author });
  await story.actors.settle();
});

const passCi = (headSha: string, conclusion: "success" | "failure" = "success"): void => {
  story.world.github.addWorkflowRun({ repo, path: ci, headSha, conclusion });
};

/** Somebody presses "merge when ready". */
function enqueue(...numbers: number[]): void {
  const { github } = story.world;
  for (const number of numbers) {
    passCi(github.pull({ repo, number }).headSha);
    github.enqueuePull({ repo, number, by: people.release });
  }
}

const queued = (): number[] => story.world.github.mergeQueue({ repo }).map(({ number }) => number);

function groupOf(number: number): string {
  const entry = story.world.github.mergeQueue({ repo }).find((each) => each.number === number);
  return entry?.headSha ?? "";
}

function checkOf(sha: string): CheckRunSnapshot {
  const run = story.world.github.checkRuns({ repo, sha, name: "routeward/approval" }).at(-1);
  if (run === undefined) throw new Error(`${sha} has no check run`);
  return run;
}

/** Lets CI pass on every group until nothing more is merged. */
async function drain(): Promise<void> {
  for (const { headSha } of story.world.github.mergeQueue({ repo })) passCi(headSha ?? "");
  await story.actors.settle();
}

async function outcomeOf(number: number): Promise<string | undefined> {
  const states = await story.bot.store.listRecords(pullStateKind);
  return states.find(({ value }) => value.number === number)?.value.settled?.outcome;
}

const approvedRoute = async (flagKey: string) =>
  (await story.bot.store.getRecord(approvedRouteKind, keyOfFlag(binding, flagKey)))?.value;
const isServed = (flagKey: string): boolean =>
  story.world.featbit.findFlag(story.world.environment.id, flagKey)?.isEnabled === true;
const groupRecords = async (): Promise<number> => (await story.bot.store.listRecords(mergeGroupKind)).length;

describe("a group of the merge queue is judged on what it would merge", () => {
  it.each(["squash", "rebase"] as const)("two good pull requests go in together by %s", async (method) => {
    protect(method);
    const [first, second] = [`support_q_${method}_one`, `support_q_${method}_two`];
    const one = await openApproved(story, first);
    const two = await openApproved(story, second);
    enqueue(one, two);
    await story.actors.settle();
    const [head, last] = [groupOf(one), groupOf(two)];
    expect(checkOf(head)).toMatchObject({ conclusion: "success", title: `#${one} holds as merged` });
    expect(checkOf(last)).toMatchObject({ conclusion: "success", title: `All of #${one}, #${two} hold as merged` });
    expect(isServed(first)).toBe(false);
    passCi(last);
    passCi(head);
    await story.actors.settle();
    expect(queued()).toEqual([]);
    expect(await outcomeOf(one)).toBe("approved");
    expect(await outcomeOf(two)).toBe("approved");
    expect((await approvedRoute(first))?.mergeSha).toBe(head);
    expect((await approvedRoute(second))?.mergeSha).toBe(last);
    expect([isServed(first), isServed(second)]).toEqual([true, true]);
    expect(await groupRecords()).toBe(0);
  });

  it("one whose review was taken back meanwhile is taken out, the good one ahead goes on", async () => {
    const { github } = story.world;
    const good = await openApproved(story, "support_q_good");
    const bad = await openRoute(story, { flagKey: "support_q_bad", status: canary });
    story.actors.approve(people.product, bad);
    const review = github.review({ repo, number: bad, by: people.platform, event: "APPROVE" });
    await story.actors.settle();
    github.holdDeliveries();
    enqueue(good, bad);
    const [head, last] = [groupOf(good), groupOf(bad)];
    github.dismissReview({ repo, number: bad, review, by: people.release });
    github.releaseDeliveries();
    await story.actors.settle();
    expect(checkOf(head).conclusion).toBe("success");
    expect(checkOf(last)).toMatchObject({
      conclusion: "failure",
      title: expect.stringContaining(`#${bad} does not hold in this merge group: Medium risk: waiting for`),
      summary: expect.stringMatching(new RegExp(`✅ #${good}: [^]*❌ #${bad}: [^]*ai-platform-owner`)),
    });
    expect(queued()).toEqual([good]);
    await drain();
    expect(await outcomeOf(good)).toBe("approved");
    expect(isServed("support_q_bad")).toBe(false);
    expect(github.pull({ repo, number: bad }).merged).toBe(false);
  });

  it("two approved edits of one route give a content that nobody reviewed", async () => {
    const flagKey = "support_q_same";
    const route = { flagKey, status: canary };
    const first = await openApproved(story, flagKey);
    enqueue(first);
    await story.actors.settle();
    await drain();
    expect(await outcomeOf(first)).toBe("approved");

    const { github } = story.world;
    const files = makeRoute(route);
    const edit = async (branch: string, [from, to]: [string, string]): Promise<number> => {
      const path = pathOfRoute(flagKey);
      github.createBranch({ repo, branch });
      story.actors.push(people.author, branch, branch, { [path]: (files[path] ?? "").replace(from, to) });
      const number = story.actors.openPull(people.author, branch, branch);
      for (const login of [people.product, people.platform, people.finance, people.release, people.operations])
        story.actors.approve(login, number);
      await story.actors.settle();
      expect(story.check(number).conclusion).toBe("success");
      return number;
    };
    const one = await edit("q-same-owner", ["owner: support-ai-platform", "owner: support-ai"]);
    const two = await edit("q-same-samples", ["minSamples: 200", "minSamples: 400"]);
    enqueue(one, two);
    const [head, last] = [groupOf(one), groupOf(two)];
    await story.actors.settle();
    expect(checkOf(head).conclusion).toBe("success");
    expect(checkOf(last).conclusion).toBe("failure");
    expect(checkOf(last).title).toMatch(new RegExp(`^#${two} does not hold in this merge group: .* waiting for`));
    expect(checkOf(last).summary).toMatch(new RegExp(`✅ #${one}: [^]*❌ #${two}: `));
    expect(queued()).toEqual([one]);
  });

  it("a pull request on top of another one is known by its reviews, and what is approved is the later content", async () => {
    protect("merge");
    const flagKey = "support_q_stacked";
    const { github } = story.world;
    const one = await openApproved(story, flagKey);
    github.createBranch({ repo, branch: "q-stacked", from: flagKey });
    const upper = makeRoute({ flagKey, status: canary, temperature: 0.6 });
    story.actors.push(people.author, "q-stacked", "Warmer", upper);
    const two = story.actors.openPull(people.author, "q-stacked", "Warmer");
    for (const login of mediumApprovers) story.actors.approve(login, two);
    await story.actors.settle();
    enqueue(one, two);
    const last = groupOf(two);
    await story.actors.settle();
    expect(checkOf(last).conclusion).toBe("success");
    passCi(last);
    passCi(groupOf(one));
    await story.actors.settle();
    expect([await outcomeOf(one), await outcomeOf(two)]).toEqual(["approved", "approved"]);
    expect(await approvedRoute(flagKey)).toMatchObject({
      mergeSha: last,
      pull: two,
      text: upper[pathOfRoute(flagKey)],
    });
  });
});

it("a route that belongs to no member keeps the group out, whatever the members say", async () => {
  const { github } = story.world;
  const route = await openApproved(story, "support_q_stray");
  story.actors.push(people.author, "q-plain", "Plain words", { "docs/plain.md": "words\n" });
  const words = story.actors.openPull(people.author, "q-plain", "Plain words");
  await story.actors.settle();
  github.holdDeliveries();
  enqueue(route, words);
  const last = groupOf(words);
  const [oid, headRefOid] = [github.resolveRef({ repo, ref: "main" }), github.pull({ repo, number: words }).headSha];
  const entry = { baseCommit: { oid }, headCommit: { oid: last }, pullRequest: { number: words, headRefOid } };
  const entries = { pageInfo: { hasNextPage: false, endCursor: null }, nodes: [entry] };
  const stopLying = github.server.addFault({
    when: ({ body }) => JSON.stringify(body ?? "").includes("query MergeQueue"),
    effect: {
      kind: "status",
      response: {
        status: 200,
        body: { data: { repository: { ref: { target: { oid } }, mergeQueue: { entries } } } },
      },
    },
  });
  github.releaseDeliveries();
  await story.actors.settle();
  stopLying();
  expect(checkOf(last).conclusion).toBe("failure");
  expect(checkOf(last).title).toContain("the group changes routes or rules that are in none of its files");
  expect(queued()).not.toContain(words);
});

describe("a group that changes", () => {
  it("is judged anew when one ahead fails, and the old one is forgotten", async () => {
    const one = await openApproved(story, "support_q_red");
    const two = await openApproved(story, "support_q_left");
    enqueue(one, two);
    await story.actors.settle();
    const before = groupOf(two);
    expect(await groupRecords()).toBe(2);
    passCi(groupOf(one), "failure");
    await story.actors.settle();
    expect(queued()).toEqual([two]);
    const after = groupOf(two);
    expect(after).not.toBe(before);
    expect(checkOf(after)).toMatchObject({ conclusion: "success", title: `#${two} holds as merged` });
    expect(await groupRecords()).toBe(1);
    await drain();
    expect(await outcomeOf(two)).toBe("approved");
    expect(isServed("support_q_red")).toBe(false);
  });

  it("is dropped before it was judged: nothing is said about it", async () => {
    const { github } = story.world;
    const number = await openApproved(story, "support_q_dropped");
    github.holdDeliveries();
    enqueue(number);
    const head = groupOf(number);
    github.dequeuePull({ repo, number, by: people.release });
    github.releaseDeliveries();
    await story.actors.settle();
    expect(github.checkRuns({ repo, sha: head, name: "routeward/approval" })).toEqual([]);
    expect(await groupRecords()).toBe(0);
  });

  it("loses its success when a reviewer objects while it waits", async () => {
    const { github } = story.world;
    const number = await openApproved(story, "support_q_objection");
    enqueue(number);
    await story.actors.settle();
    const head = groupOf(number);
    expect(checkOf(head).conclusion).toBe("success");
    github.review({ repo, number, by: people.product, event: "REQUEST_CHANGES", body: "Wait." });
    await story.actors.settle();
    expect(checkOf(head)).toMatchObject({ conclusion: "failure" });
    expect(checkOf(head).title).toContain(`@${people.product} asked for changes`);
    expect(queued()).toEqual([]);
    expect(github.pull({ repo, number }).merged).toBe(false);
  });
});

describe("what else waits in a queue", () => {
  it("a pull request without routes is let through at once", async () => {
    const { github } = story.world;
    story.actors.push(people.author, "q-words", "Words", { "docs/words.md": "words\n" });
    const number = story.actors.openPull(people.author, "q-words", "Words");
    await story.actors.settle();
    enqueue(number);
    await story.actors.settle();
    expect(checkOf(groupOf(number)).conclusion).toBe("success");
    await drain();
    expect(github.pull({ repo, number }).merged).toBe(true);
  });

  it("a person asks to judge again", async () => {
    const number = await openApproved(story, "support_q_again");
    enqueue(number);
    await story.actors.settle();
    const { id, headSha } = checkOf(groupOf(number));
    story.world.github.rerequestCheckRun({ repo, checkRun: id, by: people.release });
    await story.actors.settle();
    expect(checkOf(headSha)).toMatchObject({ status: "completed", conclusion: "success" });
  });

  it("a group whose members GitHub does not tell is a failure with the reason", async () => {
    const { github } = story.world;
    const number = await openApproved(story, "support_q_hidden");
    const body = { data: null, errors: [{ type: "FORBIDDEN", message: "Resource not accessible by integration" }] };
    const fault = github.server.addFault({
      when: ({ body: asked }) => JSON.stringify(asked ?? "").includes("query MergeQueue"),
      effect: { kind: "status", response: { status: 200, body } },
    });
    enqueue(number);
    const head = groupOf(number);
    await expect
      .poll(() => github.checkRuns({ repo, sha: head, name: "routeward/approval" }).length, { timeout: 20_000 })
      .toBe(1);
    await story.actors.settle();
    expect(checkOf(head)).toMatchObject({
      conclusion: "failure",
      title: "Nobody can say which pull requests are in this merge group",
    });
    expect(queued()).toEqual([]);
    fault();
  });
});

it("nothing was broken on the way", async () => {
  expect(await story.findTrouble()).toEqual([]);
});
