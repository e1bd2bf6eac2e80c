import { afterAll, beforeAll, expect, it } from "vitest";
import { people } from "../../src/apps/demo/build-world.ts";
import { keyOfFlag, rolloutStatusKind } from "../../src/flows/records.ts";
import type { Fault } from "../../src/simulators/loopback-server.ts";
import { openRoute } from "./open-route.ts";
import { binding, openStoryWorld, type StoryWorld } from "./story-world.ts";

let story: StoryWorld;
const numbers = new Map<string, number>();
let endWeather = (): void => {};

const answer = (status: number, body?: unknown, headers: Record<string, string> = {}): Fault["effect"] => ({
  kind: "status",
  response: { status, headers, ...(body === undefined ? {} : { body }) },
});

/** What FeatBit answers for a flag, and what people are told of it. */
const cases: readonly [string, string, Fault["effect"], RegExp][] = [
  [
    "a status that nobody knows",
    "support_teapot",
    answer(418, { success: false, errors: ["Teapot"] }),
    /FeatBit answered 418/,
  ],
  [
    "a failure with a web page",
    "support_html",
    answer(500, "<html><b>@acme/sre</b></html>", { "content-type": "text/html" }),
    /FeatBit answered 500/,
  ],
  ["403 without a body", "support_forbidden", answer(403), /FeatBit answered 403|may not/i],
  ["401 for the token", "support_expired", answer(401), /FeatBit answered 401/],
  ["no answer at all", "support_away", { kind: "lost-request" }, /FeatBit did not answer/],
];

beforeAll(async () => {
  story = await openStoryWorld();
  const { featbit, environment } = story.world;
  const user = featbit.createUser({ name: "Somebody", email: "somebody@corp.example" });
  featbit.createFlag(
    {
      envId: environment.id,
      key: "support_foreign",
      name: "made by hand",
      variationType: "json",
      isEnabled: true,
      variations: [{ id: "11111111-1111-4111-8111-111111111111", name: "on", value: "{}" }],
      enabledVariationId: "11111111-1111-4111-8111-111111111111",
      disabledVariationId: "11111111-1111-4111-8111-111111111111",
      tags: [],
    } as never,
    user,
  );
  const ends = cases.map(([, flagKey, effect]) =>
    featbit.api.addFault({
      when: ({ path, body }) => path.includes(flagKey) || JSON.stringify(body ?? "").includes(flagKey),
      effect,
    }),
  );
  endWeather = () => ends.forEach((end) => end());
  for (const flagKey of [...cases.map(([, key]) => key), "support_foreign"]) {
    const number = await openRoute(story, { flagKey });
    numbers.set(flagKey, number);
    story.actors.approve(people.product, number);
    await story.actors.settle();
    story.actors.tryMerge(people.release, number);
  }
  await story.actors.settle();
});
afterAll(async () => {
  await story?.close();
});

const statusOf = async (flagKey: string) =>
  (await story.bot.store.getRecord(rolloutStatusKind, keyOfFlag(binding, flagKey)))?.value;
const told = (flagKey: string): string => story.actors.answers(numbers.get(flagKey) ?? 0).join("\n");

it.each(cases)("%s: the rollout holds and says so", async (_name, flagKey, _effect, words) => {
  await expect.poll(() => told(flagKey), { timeout: 20_000 }).toMatch(words);
  expect(await statusOf(flagKey)).toMatchObject({
    state: expect.stringMatching(/^(failing|held)$/),
    reason: expect.stringMatching(words),
  });
  expect(told(flagKey)).not.toContain("<b>");
  expect(story.world.featbit.findFlag(story.world.environment.id, flagKey)).toBeUndefined();
});

it("when FeatBit is well again, every flag arrives without a hand", async () => {
  endWeather();
  for (const [, flagKey] of cases) {
    await expect.poll(() => told(flagKey), { timeout: 30_000 }).toContain("is live at **offline-eval**");
    expect(story.world.featbit.findFlag(story.world.environment.id, flagKey)?.isEnabled).toBe(true);
    expect(told(flagKey).match(/is live at/g)).toHaveLength(1);
  }
});

it("a flag of the same key that somebody else made is left alone", async () => {
  expect(await statusOf("support_foreign")).toMatchObject({ state: "held" });
  expect(told("support_foreign")).toMatch(/adopt/);
  const flag = story.world.featbit.findFlag(story.world.environment.id, "support_foreign");
  expect(flag?.name).toBe("made by hand");
});

it("nothing was broken on the way", async () => {
  await story.actors.settle();
  expect(await story.findTrouble()).toEqual([]);
});
