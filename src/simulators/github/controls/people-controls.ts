import { renderOrganization, renderTeam, renderUser } from "../render/render-account.ts";
import type { GitHubSimulator } from "../github-simulator.ts";
import { findMembership } from "../permissions.ts";
import { addAccount } from "../domain/add-account.ts";
import { findTeam, requireAccount, requireOrganization, requireRepository, requireTeam } from "../find-in-world.ts";
import type { Account, Team, World } from "../world.ts";

type PeopleControls = Pick<
  GitHubSimulator,
  | "createUser"
  | "createBot"
  | "createOrganization"
  | "addOrganizationMember"
  | "removeOrganizationMember"
  | "createTeam"
  | "addTeamMember"
  | "removeTeamMember"
  | "tokenFor"
  | "grantAccess"
>;

function describePerson(account: Account): { login: string; id: number; token: string; email: string } {
  return { login: account.login, id: account.id, token: account.token, email: account.email };
}

/** GitHub makes the slug from the name. */
function makeSlug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

function emitMembership(world: World, action: "added" | "removed", team: Team, member: Account): void {
  const owner = world.accounts.find((account) => team.org.members.get(account.id) === "admin");
  world.emit(
    "membership",
    {
      action,
      scope: "team",
      member: renderUser(world, member),
      team: renderTeam(world, team),
      organization: renderOrganization(world, team.org),
    },
    { account: team.org, sender: owner ?? member },
  );
}

export function createPeopleControls(world: World): PeopleControls {
  return {
    createUser(user) {
      return describePerson(addAccount(world, { ...user, kind: "User" }));
    },
    createBot({ login }) {
      return describePerson(addAccount(world, { login, kind: "Bot" }));
    },
    createOrganization({ login, owners = [], members = [] }) {
      const org = addAccount(world, { login, kind: "Organization" });
      for (const owner of owners) org.members.set(requireAccount(world, owner).id, "admin");
      for (const member of members) org.members.set(requireAccount(world, member).id, "member");
      return { login: org.login, id: org.id };
    },
    addOrganizationMember({ org, login, role = "member" }) {
      requireOrganization(world, org).members.set(requireAccount(world, login).id, role);
    },
    removeOrganizationMember({ org, login }) {
      const account = requireAccount(world, login);
      const organization = requireOrganization(world, org);
      organization.members.delete(account.id);
      for (const team of world.teams) if (team.org === organization) team.members.delete(account.id);
    },
    createTeam({ org, name, parent, privacy = "closed", members = [] }) {
      const organization = requireOrganization(world, org);
      const slug = makeSlug(name);
      if (findTeam(world, org, slug) !== undefined) throw new Error(`team ${org}/${slug} exists`);
      const team: Team = {
        id: world.nextId(),
        org: organization,
        slug,
        name,
        parent: parent === undefined ? undefined : requireTeam(world, org, parent),
        privacy,
        members: new Map(),
        permissions: new Map(),
        createdAt: world.now(),
      };
      world.teams.push(team);
      for (const login of members) {
        const account = requireAccount(world, login);
        if (!organization.members.has(account.id)) organization.members.set(account.id, "member");
        team.members.set(account.id, { state: "active", role: "member" });
      }
      return { id: team.id, slug };
    },
    addTeamMember({ org, team: slug, login, state = "active", role = "member" }) {
      const team = requireTeam(world, org, slug);
      const account = requireAccount(world, login);
      team.members.set(account.id, { state, role });
      if (state !== "active") return;
      if (!team.org.members.has(account.id)) team.org.members.set(account.id, "member");
      emitMembership(world, "added", team, account);
    },
    removeTeamMember({ org, team: slug, login }) {
      const team = requireTeam(world, org, slug);
      const account = requireAccount(world, login);
      const was = findMembership(world, team, account);
      team.members.delete(account.id);
      if (was?.state === "active") emitMembership(world, "removed", team, account);
    },
    tokenFor(login) {
      return requireAccount(world, login).token;
    },
    grantAccess(grant) {
      const repo = requireRepository(world, grant.repo);
      if ("team" in grant) requireTeam(world, repo.owner.login, grant.team).permissions.set(repo.id, grant.permission);
      else repo.collaborators.set(requireAccount(world, grant.login).id, grant.permission);
    },
  };
}
