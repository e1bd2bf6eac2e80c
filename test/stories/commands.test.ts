import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { people } from "../../src/apps/demo/build-world.ts";
import { keyOfFlag, latchKind } from "../../src/flows/records.ts";
import { openApproved } from "./open-route.ts";
import { makeRoute } from "./route-texts.ts";
import { binding, openStoryWorld, type StoryWorld } from "./story-world.ts";

const canary = "approved-for-internal-canary";
const repo = "acme/support-routes";
const live = "support_live";
let story: StoryWorld;
/** Merged and live at the internal canary. */
let merged = 0;
/** Two routes in one pull request. */
let several = 0;

beforeAll(async () => {
  story = await openStoryWorld();
  merged = await openApproved(story, live);
  story.actors.tryMerge(people.release, merged);
  const files = { ...makeRoute({ flagKey: "support_one" }), ...makeRoute({ flagKey: "support_two", status: canary }) };
  story.actors.push(people.author, "several", "Two routes", files);
  several = story.actors.openPull(people.author, "several", "Two routes");
  await story.actors.settle();
});
afterAll(async () => {
  await story?.close();
});

/** Says it and gives what was answered. */
async function say(by: string, number: number, words: string): Promise<string> {
  const before = story.actors.answers(number).length;
  story.actors.comment(by, number, words);
  await story.actors.settle();
  return story.actors.answers(number).slice(before).join("\n---\n");
}

const isOff = (): boolean => story.world.featbit.findFlag(story.world.environment.id, live)?.isEnabled === false;

describe("a command is answered", () => {
  it.each<[string, string, () => number, string, RegExp]>([
    ["help", people.outsider, () => several, "/routeward help", /\/routeward status/],
    ["status of what is live", people.outsider, () => merged, "/routeward status", /Live: internal-canary/],
    ["status of one of several", people.author, () => several, "/routeward status support_two", /support\\_two/],
    [
      "several routes need a name",
      people.author,
      () => several,
      "/routeward status",
      /Name one of: support\\_one, support\\_two/,
    ],
    [
      "a flag that is not here",
      people.author,
      () => several,
      "/routeward status support_x",
      /no flag support\\_x here/,
    ],
    [
      "an unknown verb, without giving it power",
      people.author,
      () => merged,
      "/routeward @acme/sre<b>",
      /Unknown command/,
    ],
    ["recheck by somebody without write access", people.outsider, () => several, "/routeward recheck", /write access/],
    [
      "rehearse by the wrong person says who may",
      people.finance,
      () => merged,
      "/routeward rehearse",
      /Who may: ai-platform-owner/,
    ],
    [
      "rollback by the wrong person says who may",
      people.finance,
      () => merged,
      "/routeward rollback bad",
      /Who may: release-owner/,
    ],
    [
      "promote at the end of the plan says so",
      people.release,
      () => merged,
      "/routeward promote",
      /last stage of the plan/,
    ],
  ])("%s", async (_name, by, number, words, expected) => {
    const answer = await say(by, number(), words);
    expect(answer).toMatch(expected);
    expect(answer).not.toMatch(/@acme\/sre<b>|<b>/);
    expect(isOff()).toBe(false);
  });

  it("recheck by a writer judges again and says nothing", async () => {
    expect(await say(people.finance, several, "/routeward recheck")).toBe("");
  });

  it("words that only look like one do nothing", async () => {
    expect(await say(people.release, merged, "Please do not use /routeward rollback")).toBe("");
    expect(await say(people.release, merged, "> /routeward rollback quoted")).toBe("");
    expect(await say(people.release, merged, "/routewardrollback now")).toBe("");
    expect(isOff()).toBe(false);
  });

  it("an edited comment runs nothing", async () => {
    const { github } = story.world;
    const comment = github.comment({ repo, number: merged, by: people.release, body: "Fine." });
    github.editComment({ repo, comment, by: people.release, body: "/routeward rollback edited" });
    await story.actors.settle();
    expect(isOff()).toBe(false);
  });
});

describe("a button is pressed", () => {
  const press = async (by: string, identifier: string): Promise<string> => {
    const before = story.actors.answers(merged).length;
    story.world.github.pressAction({ repo, checkRun: story.check(merged).id, identifier, by });
    await story.actors.settle();
    return story.actors.answers(merged).slice(before).join("\n---\n");
  };

  it("roll back by the wrong person is refused", async () => {
    expect(await press(people.finance, "rollback")).toMatch(/Who may: release-owner/);
    expect(isOff()).toBe(false);
  });

  it("roll back by the release owner turns the flag off and says so", async () => {
    expect(await press(people.release, "rollback")).toMatch(/Rolled back: `support_live` is off/);
    expect(isOff()).toBe(true);
    const latch = await story.bot.store.getRecord(latchKind, keyOfFlag(binding, live));
    expect(latch?.value).toMatchObject({ by: `@${people.release}`, cause: "button" });
  });

  it("and the status says that it was", async () => {
    expect(await say(people.author, merged, "/routeward status")).toMatch(/Rolled back at/);
  });
});

it("nothing was broken on the way", async () => {
  expect(await story.findTrouble()).toEqual([]);
});
