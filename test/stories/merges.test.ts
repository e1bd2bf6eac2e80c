import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { people } from "../../src/apps/demo/build-world.ts";
import { pullStateKind } from "../../src/flows/pull-state.ts";
import { approvedRouteKind, keyOfFlag } from "../../src/flows/records.ts";
import { mediumApprovers, openApproved, openRoute } from "./open-route.ts";
import { makeRoute, pathOfRoute } from "./route-texts.ts";
import { binding, openStoryWorld, type StoryWorld } from "./story-world.ts";

const canary = "approved-for-internal-canary";
const repo = "acme/support-routes";
let story: StoryWorld;

beforeAll(async () => {
  story = await openStoryWorld();
  story.world.github.grantAccess({ repo, login: people.governance, permission: "admin" });
});
afterAll(async () => {
  await story?.close();
});

const isServed = (flagKey: string): boolean => {
  const flag = story.world.featbit.findFlag(story.world.environment.id, flagKey);
  return flag?.isEnabled === true;
};
const issues = (): string[] => story.world.github.issues({ repo }).map(({ title, body }) => `${title}\n${body ?? ""}`);

async function outcomeOf(number: number): Promise<string | undefined> {
  const states = await story.bot.store.listRecords(pullStateKind);
  return states.find(({ value }) => value.number === number)?.value.settled?.outcome;
}

describe("a merge that nobody approved moves no flag", () => {
  it("the administrator's merge past the check gets an issue with the reason", async () => {
    const number = await openRoute(story, { flagKey: "support_bypass", status: canary });
    expect(story.actors.tryMerge(people.release, number).merged).toBe(false);
    story.world.github.mergePull({ repo, number, by: people.governance, bypass: true });
    await story.actors.settle();
    expect(await outcomeOf(number)).toBe("held");
    expect(isServed("support_bypass")).toBe(false);
    expect(issues().filter((text) => text.includes(`#${number} was merged without approval`))).toHaveLength(1);
    expect(issues().join()).toContain("ai-platform-owner");
  });

  it("a reviewer who left the team right before the merge answers for it no more, though no webhook said so", async () => {
    const number = await openApproved(story, "support_left");
    const { github } = story.world;
    const member = { org: "acme", team: "ai-platform", login: people.platform };
    github.holdDeliveries();
    github.removeTeamMember(member);
    expect(github.loseHeldDeliveries()).toBeGreaterThan(0);
    github.releaseDeliveries();
    expect(story.check(number).conclusion).toBe("success");
    expect(story.actors.tryMerge(people.release, number).merged).toBe(true);
    await story.actors.settle();
    expect(await outcomeOf(number)).toBe("held");
    expect(isServed("support_left")).toBe(false);
    github.addTeamMember(member);
    await story.actors.settle();
  });

  it("a direct push to the default branch gets an issue that names the file", async () => {
    story.actors.push(people.governance, "main", "By hand", makeRoute({ flagKey: "support_direct" }));
    await story.actors.settle();
    expect(isServed("support_direct")).toBe(false);
    expect(issues().filter((text) => text.includes(pathOfRoute("support_direct")))).toHaveLength(1);
  });
});

describe("a success is taken back", () => {
  it("when the pull request goes to another branch, before anything else", async () => {
    const number = await openApproved(story, "support_retarget");
    const { github } = story.world;
    expect(story.check(number).conclusion).toBe("success");
    github.createBranch({ repo, branch: "release-7" });
    github.retargetPull({ repo, number, by: people.author, base: "release-7" });
    await story.actors.settle();
    expect(story.check(number)).toMatchObject({ status: "completed", conclusion: "action_required" });
    const writes = github.server.log.filter(({ body }) => JSON.stringify(body ?? "").includes("Judging again"));
    expect(writes.length).toBeGreaterThan(0);
    github.retargetPull({ repo, number, by: people.author, base: "main" });
    await story.actors.settle();
    expect(story.check(number).conclusion).toBe("success");
  });

  it("when the pull request goes to another branch and no webhook says so", async () => {
    const number = await openApproved(story, "support_retarget_unheard");
    const { github } = story.world;
    github.holdDeliveries();
    github.retargetPull({ repo, number, by: people.author, base: "release-7" });
    expect(github.loseHeldDeliveries()).toBeGreaterThan(0);
    github.releaseDeliveries();
    const before = github.server.log.length;
    await story.sweep("pulls");
    const writes = github.server.log
      .slice(before)
      .filter(({ method, path }) => method === "POST" && path.endsWith("/check-runs"))
      .map(({ body }) => JSON.stringify(body ?? "").includes("Judging again"));
    expect(writes[0]).toBe(true);
    expect(story.check(number)).toMatchObject({ status: "completed", conclusion: "action_required" });
  });

  it("when a second pull request shares the commit and is not approved, until that one is closed", async () => {
    const number = await openApproved(story, "support_shared");
    const { github } = story.world;
    const second = github.openPull({
      repo,
      head: "support_shared",
      base: "release-7",
      author: people.author,
      title: "The same elsewhere",
    });
    await story.actors.settle();
    expect(story.check(number).conclusion).toBe("action_required");
    github.closePull({ repo, number: second.number, by: people.author });
    await story.actors.settle();
    expect(story.check(number).conclusion).toBe("success");
  });
});

describe("a merge that was approved", () => {
  it.each(["squash", "merge", "rebase"] as const)("settles to the same content by %s", async (method) => {
    const flagKey = `support_by_${method}`;
    const route = { flagKey, status: canary };
    const number = await openRoute(story, { ...route, temperature: 0.7 });
    story.actors.push(people.author, flagKey, "Second commit", makeRoute(route));
    await story.actors.settle();
    for (const login of [people.product, people.platform]) story.actors.approve(login, number);
    await story.actors.settle();
    story.world.github.mergePull({ repo, number, by: people.release, method });
    await story.actors.settle();
    expect(await outcomeOf(number)).toBe("approved");
    const approved = await story.bot.store.getRecord(approvedRouteKind, keyOfFlag(binding, flagKey));
    expect(approved?.value).toMatchObject({ text: makeRoute(route)[pathOfRoute(flagKey)], pull: number });
    expect(approved?.value.approvers.map(({ login }) => login).sort()).toEqual([people.platform, people.product]);
    expect(isServed(flagKey)).toBe(true);
  });

  it("keeps the outcome that the authors wrote, with the decision", async () => {
    const flagKey = "support_outcome";
    const files = makeRoute({ flagKey, status: canary });
    const path = pathOfRoute(flagKey);
    const outcome = "    outcome: { decision: keep-testing, reason: too few conversations }\n  guardrails:";
    files[path] = (files[path] ?? "").replace("  guardrails:", outcome);
    story.actors.push(people.author, flagKey, "Add an outcome", files);
    const number = story.actors.openPull(people.author, flagKey, flagKey);
    await story.actors.settle();
    for (const login of mediumApprovers) story.actors.approve(login, number);
    await story.actors.settle();
    story.world.github.mergePull({ repo, number, by: people.release });
    await story.actors.settle();
    const entries = await story.bot.store.readAudit({ subjectPrefix: "pull/", limit: 10_000 });
    const decided = entries.filter(({ type }) => type === "decision.approved").map(({ data }) => JSON.stringify(data));
    expect(decided.filter((data) => data.includes(flagKey))).toEqual([
      expect.stringContaining('"outcome":{"decision":"keep-testing","reason":"too few conversations"}'),
    ]);
  });

  it("is settled after the app was down, with what GitHub could not hand over", async () => {
    const number = await openApproved(story, "support_down");
    await story.stopApp();
    story.world.github.mergePull({ repo, number, by: people.release });
    await story.world.github.waitForDeliveries();
    await story.startApp();
    await story.sweep("deliveries");
    expect(await outcomeOf(number)).toBe("approved");
    expect(isServed("support_down")).toBe(true);
  });

  it("is settled by the sweep when GitHub lost its webhooks altogether", async () => {
    const number = await openApproved(story, "support_lost");
    const { github } = story.world;
    github.holdDeliveries();
    github.mergePull({ repo, number, by: people.release });
    expect(github.loseHeldDeliveries()).toBeGreaterThan(0);
    github.releaseDeliveries();
    await story.sweep("pulls");
    expect(await outcomeOf(number)).toBe("approved");
    expect(isServed("support_lost")).toBe(true);
  });
});

afterEach(() => {
  const { github } = story.world;
  for (const { number } of github.pulls({ repo })) github.closePull({ repo, number, by: people.author });
});

it("a reopened pull request is judged again", async () => {
  const number = await openApproved(story, "support_reopened");
  const { github } = story.world;
  github.closePull({ repo, number, by: people.author });
  await story.actors.settle();
  github.pushFiles({
    repo,
    branch: "support_reopened",
    author: people.author,
    message: "While it was closed",
    files: makeRoute({ flagKey: "support_reopened", status: canary, temperature: 0.8 }),
  });
  await story.actors.settle();
  github.reopenPull({ repo, number, by: people.author });
  await story.actors.settle();
  expect(story.check(number)).toMatchObject({ status: "completed", conclusion: "action_required" });
});

it("nothing was broken on the way", async () => {
  expect(await story.findTrouble()).toEqual([]);
});
