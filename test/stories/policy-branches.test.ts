import { afterAll, beforeAll, expect, it } from "vitest";
import { people, readExample } from "../../src/apps/demo/build-world.ts";
import { makeRoute } from "./route-texts.ts";
import { openStoryWorld, ownersPath, policyPath, type StoryWorld } from "./story-world.ts";

const release = "release/2026";
/** The release branch's own owner of products, so that it shows whose rules judged. */
const releaseOwners = readExample("CODEOWNERS").replaceAll("@acme/support-product", "@acme/governance");

let story: StoryWorld;
beforeAll(async () => {
  story = await openStoryWorld({ config: `policyBranches: { acme/support-routes: ["${release}"] }` });
  const { github, repo } = story.world;
  for (const branch of [release, "release/unlisted"]) {
    github.createBranch({ repo, branch });
    github.pushFiles({
      repo,
      branch,
      author: people.governance,
      message: "Rules of the branch",
      files: { [ownersPath]: releaseOwners },
    });
  }
  await story.actors.settle();
});
afterAll(() => story.close());

async function open(flagKey: string, base: string, more: Record<string, string> = {}): Promise<number> {
  const { github, repo } = story.world;
  const head = `${flagKey}-head`;
  github.createBranch({ repo, branch: head, from: base });
  const files = { ...makeRoute({ flagKey, status: "approved-for-internal-canary" }), ...more };
  github.pushFiles({ repo, branch: head, author: people.author, message: `Add ${flagKey}`, files });
  const { number } = github.openPull({ repo, head, base, author: people.author, title: flagKey });
  await story.actors.settle();
  return number;
}

function guard(appId: number | undefined): void {
  const check = { context: "routeward/approval", ...(appId === undefined ? {} : { appId }) };
  story.world.github.protectBranch({ repo: story.world.repo, branch: release, requiredChecks: [check] });
}

it("a listed branch judges by its own rules only while it requires our check from this app", async () => {
  const number = await open("support_listed", release);
  const needs = `requires routeward/approval from this app`;
  for (const appId of [undefined, 15368]) {
    expect(story.check(number)).toMatchObject({ conclusion: "action_required" });
    expect(`${story.check(number).summary}${story.check(number).text}`).toContain(needs);
    expect(story.actors.asked(number)).toContain("@acme/support-product");
    guard(appId);
    await story.sweep("pulls");
  }
  guard(story.world.appId);
  await story.sweep("pulls");
  expect(story.actors.asked(number)).toContain("@acme/governance");
  expect(story.actors.asked(number)).not.toContain("@acme/support-product");
  for (const login of [people.governance, people.platform]) story.actors.approve(login, number);
  await story.actors.settle();
  const check = story.check(number);
  expect(check.conclusion).toBe("success");
  expect(`${check.summary}${check.text}`).toContain("no flag moves before this is approved on main too");
});

it("a merge there moves no flag, claims no key and is no approval for the default branch", async () => {
  const number = await open("support_merged", release);
  for (const login of [people.governance, people.platform]) story.actors.approve(login, number);
  await story.actors.settle();
  expect(story.actors.tryMerge(people.release, number)).toMatchObject({ merged: true });
  await story.actors.settle();
  const { featbit, environment, github, repo } = story.world;
  expect(featbit.findFlag(environment.id, "support_merged")).toBeUndefined();
  expect(github.issues({ repo })).toEqual([]);
  const forward = github.openPull({ repo, head: release, base: "main", author: people.author, title: "forward" });
  await story.actors.settle();
  expect(story.check(forward.number).conclusion).not.toBe("success");
});

it("a head supplies no rules: what it changes of them is judged by those in force on its base", async () => {
  const owners = releaseOwners.replaceAll("@acme/governance", "@acme/everyone");
  const number = await open("support_own_rules", release, { [ownersPath]: owners, [policyPath]: "mode: report\n" });
  expect(story.check(number).conclusion).not.toBe("success");
  expect(story.actors.asked(number)).toContain("@acme/governance");
  expect(story.check(number).title).toMatch(/restricted/i);
  expect(story.actors.asked(number)).not.toContain("@acme/everyone");
});

it("a branch that the operator does not list stays action_required, whatever rules and protection it has", async () => {
  const { github, repo, appId } = story.world;
  github.protectBranch({
    repo,
    branch: "release/unlisted",
    requiredChecks: [{ context: "routeward/approval", appId }],
  });
  const number = await open("support_unlisted", "release/unlisted");
  for (const login of [people.governance, people.product, people.platform]) story.actors.approve(login, number);
  await story.actors.settle();
  expect(story.check(number).conclusion).toBe("action_required");
  expect(`${story.check(number).summary}${story.check(number).text}`).toContain("only main moves flags");
});

it("a pull request to the default branch is judged by the default branch's rules, not by a listed one's", async () => {
  const number = await open("support_to_main", "main");
  expect(story.actors.asked(number)).toContain("@acme/support-product");
  expect(story.actors.asked(number)).not.toContain("@acme/governance");
});

it("no contract was broken, no work is left, and the store verifies", async () => {
  expect(await story.findTrouble()).toEqual([]);
});
