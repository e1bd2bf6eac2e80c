import { decideTeamPermission } from "../permissions.ts";
import type { Account, App, Installation, Repository, Team, World } from "../world.ts";

type Json = Record<string, unknown>;

export function renderNodeId(kind: string, id: number): string {
  return Buffer.from(`${kind.length}:${kind}${id}`).toString("base64");
}

/** GitHub writes times without milliseconds. */
export function renderTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function renderUser(world: World, account: Account): Json {
  const login = encodeURIComponent(account.login);
  const url = `${world.apiUrl}/users/${login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: renderNodeId("User", account.id),
    avatar_url: `${world.url}/avatars/${account.id}`,
    gravatar_id: "",
    url,
    html_url: `${world.url}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.kind,
    user_view_type: "public",
    site_admin: false,
  };
}

export function renderPublicUser(world: World, account: Account): Json {
  return {
    ...renderUser(world, account),
    name: account.name,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: renderTime(account.createdAt),
    updated_at: renderTime(account.createdAt),
  };
}

export function renderPrivateUser(world: World, account: Account): Json {
  return {
    ...renderPublicUser(world, account),
    email: account.email,
    collaborators: 0,
    disk_usage: 0,
    owned_private_repos: 0,
    private_gists: 0,
    total_private_repos: 0,
    two_factor_authentication: true,
  };
}

export function renderOrganization(world: World, org: Account): Json {
  const url = `${world.apiUrl}/orgs/${org.login}`;
  return {
    login: org.login,
    id: org.id,
    node_id: renderNodeId("Organization", org.id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${world.url}/avatars/${org.id}`,
    description: null,
  };
}

export function renderFullOrganization(world: World, org: Account): Json {
  return {
    ...renderOrganization(world, org),
    html_url: `${world.url}/${org.login}`,
    has_organization_projects: false,
    has_repository_projects: false,
    public_repos: world.repositories.filter((repo) => repo.owner === org && !repo.private).length,
    public_gists: 0,
    followers: 0,
    following: 0,
    type: "Organization",
    created_at: renderTime(org.createdAt),
    updated_at: renderTime(org.createdAt),
    archived_at: null,
    default_repository_permission: "read",
  };
}

export function renderSimpleTeam(world: World, team: Team): Json {
  const url = `${world.apiUrl}/organizations/${team.org.id}/team/${team.id}`;
  return {
    id: team.id,
    node_id: renderNodeId("Team", team.id),
    name: team.name,
    slug: team.slug,
    description: null,
    privacy: team.privacy,
    notification_setting: "notifications_enabled",
    url,
    html_url: `${world.url}/orgs/${team.org.login}/teams/${team.slug}`,
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    permission: "pull",
    type: "organization",
    organization_id: team.org.id,
  };
}

export function renderTeam(world: World, team: Team): Json {
  return {
    ...renderSimpleTeam(world, team),
    parent: team.parent === undefined ? null : renderSimpleTeam(world, team.parent),
  };
}

const apiPermission: Record<string, string> = { read: "pull", write: "push" };

export function renderTeamOfRepository(world: World, team: Team, repo: Repository): Json {
  const permission = decideTeamPermission(team, repo);
  return { ...renderTeam(world, team), permission: apiPermission[permission] ?? permission };
}

export function renderFullTeam(world: World, team: Team, membersCount: number): Json {
  return {
    ...renderTeam(world, team),
    members_count: membersCount,
    repos_count: team.permissions.size,
    created_at: renderTime(team.createdAt),
    updated_at: renderTime(team.createdAt),
    organization: renderFullOrganization(world, team.org),
  };
}

export function renderApp(world: World, app: App): Json {
  return {
    id: app.id,
    client_id: app.clientId,
    slug: app.slug,
    node_id: renderNodeId("App", app.id),
    owner: renderUser(world, app.owner),
    name: app.slug,
    description: "",
    external_url: `${world.url}/apps/${app.slug}`,
    html_url: `${world.url}/apps/${app.slug}`,
    created_at: renderTime(app.createdAt),
    updated_at: renderTime(app.createdAt),
    permissions: app.permissions,
    // GitHub's schema of an app knows no such event, though apps can subscribe to it.
    events: app.events.filter((event) => event !== "deployment_protection_rule"),
  };
}

export function renderInstallation(world: World, installation: Installation): Json {
  const { account, app } = installation;
  return {
    id: installation.id,
    client_id: app.clientId,
    account: renderUser(world, account),
    repository_selection: installation.repositoryIds === undefined ? "all" : "selected",
    access_tokens_url: `${world.apiUrl}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${world.apiUrl}/installation/repositories`,
    html_url: `${world.url}/organizations/${account.login}/settings/installations/${installation.id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.kind,
    permissions: app.permissions,
    events: app.events,
    created_at: renderTime(installation.createdAt),
    updated_at: renderTime(installation.createdAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: installation.suspendedAt === undefined ? null : renderTime(installation.suspendedAt),
  };
}
