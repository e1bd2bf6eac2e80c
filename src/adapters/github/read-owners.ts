import { z } from "zod";
import type { Account, OwnerFacts } from "../../core/facts.ts";
import { GitHubError } from "../../ports/github.ts";
import { accountSchema } from "./accounts.ts";
import type { BoundedCache } from "./bounded-cache.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** How many owners are looked up at the same time; GitHub allows 100 requests of the whole app at once. */
const parallelOwners = 4;

const permissionSchema = z.object({ permission: z.string(), user: accountSchema.nullish() });
const teamSchema = z.object({ slug: z.string(), privacy: z.string().nullish() });
const teamRepositorySchema = z.object({
  permissions: z.object({
    push: z.boolean().optional(),
    maintain: z.boolean().optional(),
    admin: z.boolean().optional(),
  }),
});

const ownerPattern = /^@([a-z0-9][a-z0-9_-]*(?:\[bot\])?)(?:\/([a-z0-9_-]+))?$/;

/** See `RepositoryPort.readPermission`. */
export async function readPermission(
  context: RepositoryContext,
  login: string,
): Promise<{ account: Account; canWrite: boolean } | null> {
  const answer = await context.client.find(
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
    { ...context.place, username: login },
    permissionSchema,
    "read a person's permission",
  );
  if (answer === null || answer.user === null || answer.user === undefined) return null;
  // `maintain` is told as write and `triage` as read here (facts/github.md section 3).
  return { account: answer.user, canWrite: ["admin", "write", "maintain"].includes(answer.permission) };
}

async function readTeam(context: RepositoryContext, name: string, org: string, slug: string): Promise<OwnerFacts> {
  if (org !== context.place.owner.toLowerCase()) {
    return { kind: "unresolved", name, why: "the team belongs to another organisation" };
  }
  const place = { org: context.place.owner, team_slug: slug };
  const team = await context.client.find("GET /orgs/{org}/teams/{team_slug}", place, teamSchema, "read a team");
  if (team === null) return { kind: "unresolved", name, why: "team not visible: it does not exist or is secret" };
  if (team.privacy === "secret") {
    return { kind: "unresolved", name, why: "the team is secret: GitHub asks nobody for its review" };
  }
  const [access, listing] = await Promise.all([
    context.client.find(
      "GET /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}",
      { ...place, ...context.place, headers: { accept: "application/vnd.github.v3.repository+json" } },
      teamRepositorySchema,
      "read a team's permission",
    ),
    // Members of child teams are in this list; invited people are not (facts/github.md section 3).
    context.client.list("GET /orgs/{org}/teams/{team_slug}/members", place, accountSchema, "list a team's members"),
  ]);
  if (!listing.complete) return { kind: "unresolved", name, why: "the team has more members than can be read" };
  const permissions = access?.permissions;
  return {
    kind: "team",
    name,
    slug: team.slug,
    canWrite: permissions?.push === true || permissions?.maintain === true || permissions?.admin === true,
    members: listing.items.sort((one, other) => one.id - other.id),
  };
}

async function readOwner(context: RepositoryContext, name: string): Promise<OwnerFacts> {
  const match = ownerPattern.exec(name);
  const [, login, slug] = match ?? [];
  if (login === undefined) {
    const why = name.includes("@") && !name.startsWith("@") ? "an e-mail address cannot be looked up" : "not an owner";
    return { kind: "unresolved", name, why };
  }
  if (slug !== undefined) return readTeam(context, name, login, slug);
  const person = await readPermission(context, login);
  if (person === null) return { kind: "unresolved", name, why: "there is no such login" };
  if (person.account.isBot) return { kind: "unresolved", name, why: "apps and bots cannot own files" };
  return { kind: "user", name, account: person.account, canWrite: person.canWrite };
}

/** See `RepositoryPort.readOwners`. Answers are kept in `cache` for its age, since one pass asks for the same owners often. */
export async function readOwners(
  context: RepositoryContext,
  cache: BoundedCache<OwnerFacts>,
  names: readonly string[],
  { isFresh }: { isFresh: boolean } = { isFresh: false },
): Promise<readonly OwnerFacts[]> {
  const scope = `${context.place.owner}/${context.place.repo}`.toLowerCase();
  const owners = new Map<string, OwnerFacts>();
  const open = [...new Set(names.map((name) => name.toLowerCase()))];
  const work = async (): Promise<void> => {
    for (let name = open.shift(); name !== undefined; name = open.shift()) {
      const known = isFresh ? undefined : cache.get(`${scope} ${name}`);
      const owner = known ?? (await readOwner(context, name));
      owners.set(name, owner);
      if (known === undefined) cache.set(`${scope} ${name}`, owner);
    }
  };
  await Promise.all(Array.from({ length: parallelOwners }, work));
  return names.map((name) => {
    const owner = owners.get(name.toLowerCase());
    if (owner !== undefined) return owner;
    throw new GitHubError("failed to read owners: one of them was left out", {
      kind: "unexpected",
      status: 0,
      retryable: false,
    });
  });
}
