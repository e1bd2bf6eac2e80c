import { people } from "./build-world.ts";
import { fullFileOf } from "./route-edits.ts";
import { routePath, type Story } from "./story.ts";

// Who opens the pull requests that follow from what happened. In this file, so that the story does not mind whether it is a
// person or the app.

/** Opens the pull request that asks for the next status. */
export function openPromotion(
  { actors, world }: Story,
  promotion: { status: string; evidence: readonly string[]; title: string },
): { number: number; branch: string; by: string } {
  const branch = `promotion-${world.github.pulls({ repo: world.repo, state: "all" }).length + 1}`;
  actors.push(people.author, branch, promotion.title, {
    [routePath]: fullFileOf(promotion.status, promotion.evidence),
  });
  return { number: actors.openPull(people.author, branch, promotion.title), branch, by: people.author };
}
