import { afterAll, beforeAll, expect, it } from "vitest";
import { people, readExample } from "../../src/apps/demo/build-world.ts";
import { approvedRouteKind, keyOfFlag } from "../../src/flows/records.ts";
import { openStoryWorld, binding, type StoryWorld } from "./story-world.ts";
import { makeRoute, pathOfRoute } from "./route-texts.ts";

const repo = "acme/support-routes";
const flagKey = "support_due";
const dayMs = 86_400_000;
let story: StoryWorld;

beforeAll(async () => {
  story = await openStoryWorld({ policy: readExample("routeward.yml") });
  const files = makeRoute({ flagKey });
  const path = pathOfRoute(flagKey);
  const text = `${files[path] ?? ""}  cleanup: { decision: remove, by: 2026-07-10, owner: "@acme/sre <b>" }\n`;
  story.actors.push(people.author, flagKey, "Add it", { ...files, [path]: text });
  const number = story.actors.openPull(people.author, flagKey, "Add it");
  await story.actors.settle();
  story.actors.approve(people.product, number);
  await story.actors.settle();
  story.actors.tryMerge(people.release, number);
  await story.actors.settle();
});
afterAll(async () => {
  await story?.close();
});

/** Issues of the app about the cleanup, each with what was said in it later. */
async function remind(
  day: string,
): Promise<readonly { number: number; state: string; title: string; body: string; said: number }[]> {
  story.clock.advance(Date.parse(`${day}T12:00:00Z`) - story.clock.now().getTime());
  await story.sweep("cleanups");
  await story.sweep("cleanups");
  return story.world.github
    .issues({ repo })
    .filter(({ title }) => title.startsWith("Cleanup of"))
    .map(({ number, state, title, body }) => ({
      number,
      state,
      title,
      body: body ?? "",
      said: story.world.github.comments({ repo, number }).length,
    }));
}

async function closeIssue(number: number): Promise<void> {
  const { github } = story.world;
  const answer = await fetch(`${github.apiUrl}/repos/${repo}/issues/${number}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${github.tokenFor(people.author)}`, "content-type": "application/json" },
    body: JSON.stringify({ state: "closed" }),
  });
  expect(answer.status).toBe(200);
}

it("the owner is reminded 14 days and 3 days before and when the date has passed, in one issue, once each", async () => {
  const approved = await story.bot.store.getRecord(approvedRouteKind, keyOfFlag(binding, flagKey));
  expect(approved?.value.text).toMatch(/cleanup/);
  expect(await remind("2026-06-25")).toEqual([]);

  const [first, ...others] = await remind("2026-06-26");
  expect(others).toEqual([]);
  expect(first).toMatchObject({ state: "open", title: "Cleanup of support_due is due by 2026-07-10", said: 0 });
  // The owners of the file are notified; what the file says has no power.
  expect(first?.body).toMatch(/The removal is due by 2026-07-10\. @acme\/support-product/);
  expect(first?.body).not.toMatch(/@acme\/sre|<b>/);
  expect(await remind("2026-07-01")).toMatchObject([{ said: 0 }]);
  expect(await remind("2026-07-08")).toMatchObject([{ said: 1 }]);

  await closeIssue(first?.number ?? 0);
  expect(await remind("2026-07-11")).toMatchObject([{ state: "closed", said: 2 }]);
  story.clock.advance(30 * dayMs);
  expect(await remind("2026-08-20")).toMatchObject([{ state: "closed", said: 2 }]);
  expect(await story.findTrouble()).toEqual([]);
});
