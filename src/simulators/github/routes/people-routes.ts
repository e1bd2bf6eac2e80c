import {
  answerPage,
  holdsPermission,
  PermissionFailure,
  reads,
  repositoryRoute,
  requireSender,
  type Call,
  type Route,
} from "../http/route.ts";
import { decidePermission, decideTeamPermission, findMembership, isAtLeast, isCollaborator } from "../permissions.ts";
import {
  renderFullOrganization,
  renderFullTeam,
  renderOrganization,
  renderPrivateUser,
  renderPublicUser,
  renderTeam,
  renderTeamOfRepository,
  renderUser,
} from "../render/render-account.ts";
import { renderPermissions, renderRepository } from "../render/render-repository.ts";
import { findRepository, requireAccount, requireOrganization, requireTeam } from "../find-in-world.ts";
import { GitHubFailure, type Account, type Team, type World } from "../world.ts";

/**
 * Teams and memberships are seen by an installation of the organisation with `members: read`, and by its members. Anybody
 * else gets 404, as GitHub hides what one may not see.
 */
function openOrganization(call: Call): Account {
  const org = requireOrganization(call.world, call.params["org"] ?? "");
  if (call.actor.kind === "installation") {
    if (call.actor.token.installation.account !== org) throw new GitHubFailure(404, "Not Found");
    const members = ["members", "read"] as const;
    if (!holdsPermission(call, members)) throw new PermissionFailure([members]);
    return org;
  }
  if (!org.members.has(requireSender(call).id)) throw new GitHubFailure(404, "Not Found");
  return org;
}

function openTeam(call: Call): Team {
  const org = openOrganization(call);
  const team = requireTeam(call.world, org.login, call.params["team_slug"] ?? "");
  if (team.privacy === "secret" && call.actor.kind === "user") {
    const isOwner = org.members.get(call.actor.account.id) === "admin";
    if (!isOwner && findMembership(call.world, team, call.actor.account) === undefined) {
      throw new GitHubFailure(404, "Not Found");
    }
  }
  return team;
}

/** Active members, those of child teams included. */
function listMembers(world: World, team: Team): Account[] {
  return world.accounts.filter((account) => findMembership(world, team, account)?.state === "active");
}

const teamRoutes: Route[] = [
  {
    operation: "GET /orgs/{org}/teams",
    handle: (call) => {
      const org = openOrganization(call);
      const teams = call.world.teams.filter((team) => team.org === org);
      return answerPage(call, teams, (team) => renderTeam(call.world, team));
    },
  },
  {
    operation: "GET /orgs/{org}/teams/{team_slug}",
    handle: (call) => {
      const team = openTeam(call);
      return { status: 200, body: renderFullTeam(call.world, team, listMembers(call.world, team).length) };
    },
  },
  {
    operation: "GET /orgs/{org}/teams/{team_slug}/members",
    handle: (call) => {
      const team = openTeam(call);
      const role = call.query.get("role") ?? "all";
      const members = listMembers(call.world, team).filter(
        (account) => role === "all" || findMembership(call.world, team, account)?.role === role,
      );
      return answerPage(call, members, (account) => renderUser(call.world, account));
    },
  },
  {
    operation: "GET /orgs/{org}/teams/{team_slug}/memberships/{username}",
    handle: (call) => {
      const team = openTeam(call);
      const account = requireAccount(call.world, call.params["username"] ?? "");
      const membership = findMembership(call.world, team, account);
      if (membership === undefined) throw new GitHubFailure(404, "Not Found");
      const url = `${call.world.apiUrl}/organizations/${team.org.id}/team/${team.id}/memberships/${account.login}`;
      return { status: 200, body: { state: membership.state, role: membership.role, url } };
    },
  },
  {
    operation: "GET /orgs/{org}/teams/{team_slug}/teams",
    handle: (call) => {
      const team = openTeam(call);
      const children = call.world.teams.filter((other) => other.parent === team);
      return answerPage(call, children, (child) => renderTeam(call.world, child));
    },
  },
  {
    operation: "GET /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}",
    handle: (call) => {
      const team = openTeam(call);
      const repo = findRepository(call.world, call.params["owner"] ?? "", call.params["repo"] ?? "");
      const permission = repo === undefined ? "none" : decideTeamPermission(team, repo);
      if (repo === undefined || permission === "none") throw new GitHubFailure(404, "Not Found");
      // Without the repository media type GitHub answers 204: yes, and nothing more.
      if (!(call.request.headers.accept ?? "").includes("v3.repository")) return { status: 204 };
      const body = {
        ...renderRepository(call.world, repo),
        role_name: permission,
        permissions: renderPermissions(permission),
      };
      return { status: 200, body };
    },
  },
];

/** Users, organisations, teams, and who may do what to a repository. */
export const peopleRoutes: Route[] = [
  {
    operation: "GET /user",
    handle: (call) => {
      if (call.actor.kind !== "user") throw new GitHubFailure(403, "Resource not accessible by integration");
      return { status: 200, body: renderPrivateUser(call.world, call.actor.account) };
    },
  },
  {
    operation: "GET /users/{username}",
    handle: (call) => ({
      status: 200,
      body: renderPublicUser(call.world, requireAccount(call.world, call.params["username"] ?? "")),
    }),
  },
  {
    operation: "GET /orgs/{org}",
    handle: (call) => {
      const org = requireOrganization(call.world, call.params["org"] ?? "");
      return { status: 200, body: renderFullOrganization(call.world, org) };
    },
  },
  {
    operation: "GET /orgs/{org}/members",
    handle: (call) => {
      const org = openOrganization(call);
      const role = call.query.get("role") ?? "all";
      const members = call.world.accounts.filter((account) => {
        const held = org.members.get(account.id);
        return held !== undefined && (role === "all" || held === role);
      });
      return answerPage(call, members, (account) => renderUser(call.world, account));
    },
  },
  {
    operation: "GET /orgs/{org}/memberships/{username}",
    handle: (call) => {
      const org = openOrganization(call);
      const account = requireAccount(call.world, call.params["username"] ?? "");
      const role = org.members.get(account.id);
      if (role === undefined) throw new GitHubFailure(404, "Not Found");
      const url = `${call.world.apiUrl}/orgs/${org.login}`;
      const body = {
        url: `${url}/memberships/${account.login}`,
        state: "active",
        role,
        organization_url: url,
        organization: renderOrganization(call.world, org),
        user: renderUser(call.world, account),
      };
      return { status: 200, body };
    },
  },
  ...teamRoutes,
  repositoryRoute(
    "GET /repos/{owner}/{repo}/teams",
    { app: [["administration", "read"]], user: "admin" },
    (call, repo) => {
      const teams = call.world.teams.filter(
        (team) => team.org === repo.owner && decideTeamPermission(team, repo) !== "none",
      );
      return answerPage(call, teams, (team) => renderTeamOfRepository(call.world, team, repo));
    },
  ),
  repositoryRoute("GET /repos/{owner}/{repo}/collaborators/{username}", reads("metadata"), (call, repo) => {
    const account = requireAccount(call.world, call.params["username"] ?? "");
    if (!isCollaborator(call.world, repo, account)) throw new GitHubFailure(404, "Not Found");
    return { status: 204 };
  }),
  repositoryRoute("GET /repos/{owner}/{repo}/collaborators/{username}/permission", reads("metadata"), (call, repo) => {
    const account = requireAccount(call.world, call.params["username"] ?? "");
    const role = decidePermission(call.world, repo, account);
    // The old field knows four words; `role_name` keeps the difference.
    const permission = role === "maintain" ? "write" : role === "triage" ? "read" : role;
    const user = { ...renderUser(call.world, account), permissions: renderPermissions(role), role_name: role };
    return { status: 200, body: { permission, role_name: role, user: isAtLeast(role, "none") ? user : null } };
  }),
];
