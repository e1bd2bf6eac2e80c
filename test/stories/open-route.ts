import { people } from "../../src/apps/demo/build-world.ts";
import { makeRoute, type RouteInput } from "./route-texts.ts";
import type { StoryWorld } from "./story-world.ts";

/** The people whose roles a medium route needs. */
export const mediumApprovers = [people.product, people.platform] as const;

/** The author pushes a route on a branch named like its flag and opens the pull request. */
export async function openRoute(story: StoryWorld, input: RouteInput): Promise<number> {
  const { actors } = story;
  actors.push(people.author, input.flagKey, `Add ${input.flagKey}`, makeRoute(input));
  const number = actors.openPull(people.author, input.flagKey, input.flagKey);
  await actors.settle();
  return number;
}

/** A medium route at its internal canary, approved by everybody it needs. */
export async function openApproved(story: StoryWorld, flagKey: string): Promise<number> {
  const number = await openRoute(story, { flagKey, status: "approved-for-internal-canary" });
  for (const login of mediumApprovers) story.actors.approve(login, number);
  await story.actors.settle();
  return number;
}
