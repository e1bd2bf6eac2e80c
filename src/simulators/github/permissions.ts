import type { RepositoryPermission } from "./control-input.ts";
import type { Account, Repository, Team, World } from "./world.ts";

/** Weakest first. */
export const permissionOrder: readonly RepositoryPermission[] = [
  "none",
  "read",
  "triage",
  "write",
  "maintain",
  "admin",
];

function pickHighest(permissions: readonly RepositoryPermission[]): RepositoryPermission {
  return permissions.reduce<RepositoryPermission>(
    (best, next) => (permissionOrder.indexOf(next) > permissionOrder.indexOf(best) ? next : best),
    "none",
  );
}

export function isAtLeast(permission: RepositoryPermission, wanted: RepositoryPermission): boolean {
  return permissionOrder.indexOf(permission) >= permissionOrder.indexOf(wanted);
}

export function listChildTeams(world: World, team: Team): Team[] {
  const children = world.teams.filter((other) => other.parent === team);
  return children.flatMap((child) => [child, ...listChildTeams(world, child)]);
}

/** Membership directly or through a child team; a pending one is not active in children. */
export function findMembership(
  world: World,
  team: Team,
  account: Account,
): { state: "active" | "pending"; role: "member" | "maintainer"; inherited: boolean } | undefined {
  const own = team.members.get(account.id);
  // Owners of the organisation who are in a team are reported as its maintainers.
  const isOwner = team.org.members.get(account.id) === "admin";
  if (own !== undefined) return { ...own, role: isOwner ? "maintainer" : own.role, inherited: false };
  const child = listChildTeams(world, team).find((other) => other.members.get(account.id)?.state === "active");
  return child === undefined
    ? undefined
    : { state: "active", role: isOwner ? "maintainer" : "member", inherited: true };
}

export function isActiveMember(world: World, team: Team, account: Account): boolean {
  return findMembership(world, team, account)?.state === "active";
}

/** A team has what it was given and what its parents were given. */
export function decideTeamPermission(team: Team, repo: Repository): RepositoryPermission {
  const own = team.permissions.get(repo.id) ?? "none";
  return team.parent === undefined ? own : pickHighest([own, decideTeamPermission(team.parent, repo)]);
}

/** The highest over all grants: ownership, collaboration, teams, the organisation's base permission (read), and being public. */
export function decidePermission(world: World, repo: Repository, account: Account): RepositoryPermission {
  const grants: RepositoryPermission[] = [repo.collaborators.get(account.id) ?? "none"];
  if (repo.owner === account || repo.owner.members.get(account.id) === "admin") grants.push("admin");
  if (repo.owner.members.has(account.id) || !repo.private) grants.push("read");
  for (const team of world.teams) {
    if (team.org === repo.owner && isActiveMember(world, team, account)) grants.push(decideTeamPermission(team, repo));
  }
  return pickHighest(grants);
}

/** Somebody with a grant of his own, not just a reader of a public repository. */
export function isCollaborator(world: World, repo: Repository, account: Account): boolean {
  if (account.kind !== "User") return false;
  if (repo.owner === account || repo.collaborators.has(account.id) || repo.owner.members.has(account.id)) return true;
  return isAtLeast(decidePermission(world, repo, account), repo.private ? "read" : "triage");
}
