import {
  GitHubFailure,
  type Account,
  type Installation,
  type Pull,
  type Repository,
  type Team,
  type World,
} from "./world.ts";

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function findAccount(world: World, login: string): Account | undefined {
  return world.accounts.find((account) => sameName(account.login, login));
}

export function requireAccount(world: World, login: string): Account {
  const account = findAccount(world, login);
  if (account === undefined) throw new GitHubFailure(404, `Not Found: no account ${login}`);
  return account;
}

export function requireOrganization(world: World, login: string): Account {
  const account = findAccount(world, login);
  if (account?.kind !== "Organization") throw new GitHubFailure(404, "Not Found");
  return account;
}

export function findTeam(world: World, org: string, slug: string): Team | undefined {
  return world.teams.find((team) => sameName(team.org.login, org) && sameName(team.slug, slug));
}

export function requireTeam(world: World, org: string, slug: string): Team {
  const team = findTeam(world, org, slug);
  if (team === undefined) throw new GitHubFailure(404, "Not Found");
  return team;
}

export function findRepository(world: World, owner: string, name: string): Repository | undefined {
  return world.repositories.find((repo) => sameName(repo.owner.login, owner) && sameName(repo.name, name));
}

export function fullName(repo: Repository): string {
  return `${repo.owner.login}/${repo.name}`;
}

/** The repository of a full name. */
export function requireRepository(world: World, name: string): Repository {
  const [owner = "", short = ""] = name.split("/");
  const repo = findRepository(world, owner, short);
  if (repo === undefined) throw new GitHubFailure(404, `Not Found: no repository ${name}`);
  return repo;
}

export function requirePull(repo: Repository, number: number): Pull {
  const pull = repo.issues.get(number)?.pull;
  if (pull === undefined) throw new GitHubFailure(404, "Not Found");
  return pull;
}

export function listPulls(repo: Repository): Pull[] {
  return [...repo.issues.values()].flatMap((issue) => (issue.pull === undefined ? [] : [issue.pull]));
}

/** The commit that a SHA, branch, tag or full ref names; undefined when there is none. An abbreviated SHA is not resolved. */
export function resolveCommit(repo: Repository, ref: string): string | undefined {
  if (/^[0-9a-f]{40}$/.test(ref)) return repo.store.readCommit(ref) === undefined ? undefined : ref;
  const candidates = [
    ref,
    `refs/${ref}`,
    `refs/heads/${ref}`,
    `refs/tags/${ref}`,
    ref === "HEAD" ? `refs/heads/${repo.defaultBranch}` : ref,
  ];
  for (const name of candidates) {
    const oid = repo.refs.get(name);
    if (oid !== undefined) return oid;
  }
  return undefined;
}

export function isInstalledOn(installation: Installation, repo: Repository): boolean {
  return (
    installation.account === repo.owner &&
    installation.suspendedAt === undefined &&
    (installation.repositoryIds === undefined || installation.repositoryIds.has(repo.id))
  );
}
