import { z } from "zod";
import { GitHubError } from "../../ports/github.ts";
import { isOutcomeUnknown, repeatWrite } from "./create-once.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** One request takes no more users (facts/github.md section 4). */
const maximumUsers = 15;
const maximumFailures = 3;
const lookAgainAfterMs = 500;

const requestedSchema = z.object({
  users: z.array(z.object({ login: z.string() })),
  teams: z.array(z.object({ slug: z.string() })),
});

interface Reviewers {
  users: readonly string[];
  teams: readonly string[];
}

/** Logins and team slugs without `@` and organisation, which is how GitHub takes them. */
function normalise(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.slice(name.lastIndexOf("/") + 1).replace(/^@/, "")))];
}

function isIn(list: readonly string[], name: string): boolean {
  return list.some((entry) => entry.toLowerCase() === name.toLowerCase());
}

/** See `RepositoryPort.readRequestedReviewers`. */
export async function readRequestedReviewers(context: RepositoryContext, number: number): Promise<Reviewers> {
  const answer = await context.client.get(
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
    { ...context.place, pull_number: number },
    requestedSchema,
    "read the requested reviewers",
  );
  return {
    users: answer.users.map((user) => user.login).sort(),
    teams: answer.teams.map((team) => team.slug).sort(),
  };
}

function plan(wanted: Reviewers, requested: Reviewers): Reviewers[] {
  const users = normalise(wanted.users).filter((name) => !isIn(requested.users, name));
  const teams = normalise(wanted.teams).filter((name) => !isIn(requested.teams, name));
  const groups: Reviewers[] = [];
  for (let start = 0; start < users.length || (start === 0 && teams.length > 0); start += maximumUsers) {
    groups.push({ users: users.slice(start, start + maximumUsers), teams: start === 0 ? teams : [] });
  }
  return groups;
}

async function sendRequest(context: RepositoryContext, number: number, group: Reviewers): Promise<void> {
  await context.client.send(
    "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
    { ...context.place, pull_number: number, reviewers: group.users, team_reviewers: group.teams },
    z.object({ number: z.number() }),
    "request reviews",
  );
}

/** Splits a group into requests for one each. */
function split(group: Reviewers): Reviewers[] {
  return [
    ...group.users.map((user) => ({ users: [user], teams: [] })),
    ...group.teams.map((team) => ({ users: [], teams: [team] })),
  ];
}

function tellRefusal(error: GitHubError): string {
  const words = error.cause instanceof Error ? error.cause.message : error.message;
  return words.replace(/ - https?:\/\/\S+$/, "");
}

/**
 * See `RepositoryPort.requestReviewers`. One name that GitHub does not take refuses the whole request, so a refused
 * group is tried name by name.
 */
export async function requestReviewers(
  context: RepositoryContext,
  number: number,
  users: readonly string[],
  teams: readonly string[],
): Promise<{ refused: readonly { name: string; why: string }[] }> {
  const refused: { name: string; why: string }[] = [];
  const wanted = { users: normalise(users), teams: normalise(teams) };
  let failures = 0;
  let groups = plan(wanted, await readRequestedReviewers(context, number));
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    try {
      await sendRequest(context, number, group);
    } catch (error) {
      if (!(error instanceof GitHubError)) throw error;
      if (error.kind === "invalid") {
        const single = split(group);
        if (single.length > 1) groups.unshift(...single);
        else {
          const [name] = [...group.users, ...group.teams];
          if (name !== undefined) refused.push({ name, why: tellRefusal(error) });
        }
        continue;
      }
      failures += 1;
      if (!isOutcomeUnknown(error) || failures === maximumFailures) throw error;
      // Whoever was asked by the request whose answer was lost would be notified again: look first.
      await context.wait(lookAgainAfterMs * failures);
      const open: Reviewers = {
        users: wanted.users.filter((name) => !refused.some((refusal) => refusal.name === name)),
        teams: wanted.teams.filter((name) => !refused.some((refusal) => refusal.name === name)),
      };
      groups = plan(open, await readRequestedReviewers(context, number));
    }
  }
  return { refused };
}

/** See `RepositoryPort.withdrawReviewers`. A request that GitHub keeps (a required code owner) stays, and is logged. */
export async function withdrawReviewers(
  context: RepositoryContext,
  number: number,
  users: readonly string[],
  teams: readonly string[],
): Promise<void> {
  const requested = await readRequestedReviewers(context, number);
  const group: Reviewers = {
    users: normalise(users).filter((name) => isIn(requested.users, name)),
    teams: normalise(teams).filter((name) => isIn(requested.teams, name)),
  };
  if (group.users.length + group.teams.length === 0) return;
  const withdraw = async (some: Reviewers): Promise<void> => {
    await context.client.send(
      "DELETE /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
      // `reviewers` must be there even when only teams go (facts/github.md section 4).
      { ...context.place, pull_number: number, reviewers: some.users, team_reviewers: some.teams },
      z.unknown(),
      "withdraw review requests",
    );
  };
  const isRefused = (error: unknown): boolean => error instanceof GitHubError && error.kind === "invalid";
  try {
    await repeatWrite(() => withdraw(group), context.wait);
  } catch (error) {
    if (!isRefused(error)) throw error;
    for (const single of split(group)) {
      try {
        await repeatWrite(() => withdraw(single), context.wait);
      } catch (refusal) {
        if (!isRefused(refusal)) throw refusal;
        context.log.warn({ err: refusal, pull: number }, "GitHub keeps a review request that is no longer needed");
      }
    }
  }
}
