import { afterEach, beforeEach, expect, it } from "vitest";
import { closeAcme, startAcme, type AcmeScenario } from "./acme-scenario.ts";
import type { GitHubSimulator } from "./github-simulator.ts";

let acme: AcmeScenario;
let github: GitHubSimulator;
const repo = "acme/shop";
const at = { owner: "acme", repo: "shop" };

beforeEach(async () => {
  acme = await startAcme();
  github = acme.github;
});
afterEach(() => closeAcme(acme));

it("members of a child team are members of its parent, pending ones are not, owners of the organisation are not", async () => {
  github.addTeamMember({ org: "acme", team: "everyone", login: "eve", state: "pending" });
  const app = await acme.asApp();
  const everyone = { org: "acme", team_slug: "everyone" };
  const read = async (username: string): Promise<string> =>
    app.rest.teams.getMembershipForUserInOrg({ ...everyone, username }).then(
      ({ data }) => `${data.state} ${data.role}`,
      (error: unknown) => String((error as { status: number }).status),
    );
  expect(await Promise.all(["ada", "cleo", "eve", "dora"].map(read))).toEqual([
    "active member",
    "active member",
    "pending member",
    "404",
  ]);
  const { data: members } = await app.rest.teams.listMembersInOrg(everyone);
  expect(members.map((member) => member.login).toSorted()).toEqual(["ada", "bob", "cleo"]);
  const { data: team } = await app.rest.teams.getByName(everyone);
  expect(team.members_count).toBe(3);
  expect((await app.rest.teams.listChildInOrg(everyone)).data.map((child) => child.slug)).toEqual(["platform"]);
  expect((await app.rest.orgs.getMembershipForUser({ org: "acme", username: "dora" })).data.role).toBe("admin");
});

it("a child team has its parent's access, and the permission answer keeps the role's own name", async () => {
  github.createUser({ login: "max" });
  github.grantAccess({ repo, login: "max", permission: "maintain" });
  const app = await acme.asApp();
  const read = async (username: string): Promise<[string, string]> => {
    const { data } = await app.rest.repos.getCollaboratorPermissionLevel({ ...at, username });
    return [data.permission, data.role_name];
  };
  expect(await Promise.all(["cleo", "dora", "max", "eve"].map(read))).toEqual([
    ["write", "write"],
    ["admin", "admin"],
    ["write", "maintain"],
    ["none", "none"],
  ]);
  const where = { org: "acme", team_slug: "platform", ...at };
  expect((await app.rest.teams.checkPermissionsForRepoInOrg(where)).status).toBe(204);
  const detailed = await app.rest.teams.checkPermissionsForRepoInOrg({ ...where, mediaType: { format: "repository" } });
  expect(detailed.data).toMatchObject({ role_name: "write" });
  expect((await app.rest.repos.checkCollaborator({ ...at, username: "max" })).status).toBe(204);
  await expect(app.rest.repos.checkCollaborator({ ...at, username: "eve" })).rejects.toMatchObject({ status: 404 });
});

it("CODEOWNERS errors name line, column and kind for unknown owners, owners without write and bad patterns", async () => {
  github.createTeam({ org: "acme", name: "Ghosts", privacy: "secret" });
  github.createTeam({ org: "acme", name: "Readers" });
  const text = [
    "# fine",
    "* @acme/everyone",
    "/a @nobody",
    "/b @acme/readers",
    "/c @acme/ghosts",
    "!/d @ada",
    "/e ada",
    "/f @cleo @eve # why",
    "/g",
  ];
  github.pushFiles({
    repo,
    branch: "main",
    author: "ada",
    message: "Owners",
    files: { ".github/CODEOWNERS": text.join("\n") },
  });
  const app = await acme.asApp();
  const { data } = await app.rest.repos.codeownersErrors({ ...at, ref: "main" });
  expect(data.errors.map((error) => [error.line, error.column, error.kind, error.path])).toEqual([
    [3, 4, "Unknown owner", ".github/CODEOWNERS"],
    [4, 4, "Unknown owner", ".github/CODEOWNERS"],
    [5, 4, "Unknown owner", ".github/CODEOWNERS"],
    [6, 1, "Invalid pattern", ".github/CODEOWNERS"],
    [7, 4, "Invalid owner", ".github/CODEOWNERS"],
    [8, 10, "Unknown owner", ".github/CODEOWNERS"],
  ]);
});

it("membership changes are events of the organisation", async () => {
  github.addTeamMember({ org: "acme", team: "platform", login: "eve" });
  github.removeTeamMember({ org: "acme", team: "platform", login: "eve" });
  await github.waitForDeliveries();
  expect(github.deliveries({ event: "membership" }).map((delivery) => delivery.action)).toEqual(["added", "removed"]);
});

it("users, bots and organisations are found by login", async () => {
  github.createBot({ login: "renovate[bot]" });
  const octokit = acme.as("ada");
  expect((await octokit.rest.users.getAuthenticated()).data.login).toBe("ada");
  expect((await octokit.rest.users.getByUsername({ username: "renovate[bot]" })).data.type).toBe("Bot");
  expect((await octokit.rest.orgs.get({ org: "acme" })).data.login).toBe("acme");
  await expect(octokit.rest.users.getByUsername({ username: "ghost" })).rejects.toMatchObject({ status: 404 });
});
