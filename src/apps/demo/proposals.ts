import { people } from "./build-world.ts";
import { fullFileOf } from "./route-edits.ts";
import { expectThat, routePath, type Story } from "./story.ts";

/** A pull request that goes on with a route. */
export interface RoutePull {
  number: number;
  branch: string;
  by: string;
}

/** The newest open pull request that the app itself opened for a purpose. */
export async function findOwnPull(
  { actors, world }: Story,
  purpose: "promotion" | "rollback" | "cleanup",
): Promise<RoutePull> {
  await actors.settle();
  const found = world.github
    .pulls({ repo: world.repo, state: "open" })
    .findLast(({ author, headRef }) => author === "routeward[bot]" && headRef.startsWith(`routeward/${purpose}/`));
  expectThat(found !== undefined, `Routeward opens a pull request for the ${purpose}`);
  return { number: found.number, branch: found.headRef, by: found.author };
}

/** Opens the pull request of a re-entry, as a person does: after a rollback the app proposes nothing that goes forward. */
export async function openReEntry({ actors }: Story, status: string, evidence: readonly string[]): Promise<RoutePull> {
  const branch = "try-again";
  const title = "Support answers: try again";
  actors.push(people.author, branch, title, { [routePath]: fullFileOf(status, evidence) });
  const number = actors.openPull(people.author, branch, title);
  await actors.settle();
  return { number, branch, by: people.author };
}
