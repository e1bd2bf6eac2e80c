import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { people } from "../../src/apps/demo/build-world.ts";
import { edit, litellmText } from "../../src/core/gateways/test-gateways.ts";
import { pullStateKind } from "../../src/flows/pull-state.ts";
import { approvedRouteKind } from "../../src/flows/records.ts";
import { openStoryWorld, type StoryWorld } from "./story-world.ts";

const repo = "acme/support-routes";
const path = "model-routes/litellm.yaml";
let story: StoryWorld;

beforeAll(async () => {
  story = await openStoryWorld();
  story.world.github.grantAccess({ repo, login: people.governance, permission: "admin" });
});
afterAll(async () => {
  await story?.close();
});

async function openGateway(branch: string, text: string): Promise<number> {
  story.actors.push(people.author, branch, `Change ${branch}`, { [path]: text });
  const number = story.actors.openPull(people.author, branch, branch);
  await story.actors.settle();
  return number;
}

async function outcomeOf(number: number): Promise<string | undefined> {
  const states = await story.bot.store.listRecords(pullStateKind);
  return states.find(({ value }) => value.number === number)?.value.settled?.outcome;
}

const issues = (): string[] => story.world.github.issues({ repo }).map(({ title, body }) => `${title}\n${body ?? ""}`);

describe("a gateway's file in a repository of routes", () => {
  it("waits for its reviewers, and its approved merge records nothing and opens no issue", async () => {
    const number = await openGateway("gateway-new", litellmText);
    expect(story.check(number)).toMatchObject({ status: "completed", conclusion: "action_required" });
    for (const login of [people.product, people.platform]) story.actors.approve(login, number);
    await story.actors.settle();
    expect(story.check(number).conclusion).toBe("success");
    const before = await story.bot.store.listRecords(approvedRouteKind);
    expect(story.actors.tryMerge(people.release, number).merged).toBe(true);
    await story.actors.settle();
    expect(await outcomeOf(number)).toBe("approved");
    expect(await story.bot.store.listRecords(approvedRouteKind)).toHaveLength(before.length);
    expect(issues()).toEqual([]);
  });

  it("merged past the check it gets an issue that promises no flag", async () => {
    const number = await openGateway("gateway-bypass", edit(litellmText, ["temperature: 0.2", "temperature: 0.9"]));
    story.world.github.mergePull({ repo, number, by: people.governance, bypass: true });
    await story.actors.settle();
    expect(await outcomeOf(number)).toBe("held");
    const [issue, ...others] = issues();
    expect(others).toEqual([]);
    expect(issue).toContain(`#${number} changed a model gateway without approval`);
    expect(issue).toContain("no flag holds it back");
    expect(issue).not.toMatch(/FeatBit|no flag has moved/);
  });
});
