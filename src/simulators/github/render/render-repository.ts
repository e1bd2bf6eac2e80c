import type { RepositoryPermission } from "../control-input.ts";
import { isAtLeast } from "../permissions.ts";
import { fullName } from "../find-in-world.ts";
import type { Repository, World } from "../world.ts";
import { renderNodeId, renderTime, renderUser } from "./render-account.ts";

type Json = Record<string, unknown>;

const templates: readonly [string, string][] = [
  ["archive_url", "/{archive_format}{/ref}"],
  ["assignees_url", "/assignees{/user}"],
  ["blobs_url", "/git/blobs{/sha}"],
  ["branches_url", "/branches{/branch}"],
  ["collaborators_url", "/collaborators{/collaborator}"],
  ["comments_url", "/comments{/number}"],
  ["commits_url", "/commits{/sha}"],
  ["compare_url", "/compare/{base}...{head}"],
  ["contents_url", "/contents/{+path}"],
  ["contributors_url", "/contributors"],
  ["deployments_url", "/deployments"],
  ["downloads_url", "/downloads"],
  ["events_url", "/events"],
  ["forks_url", "/forks"],
  ["git_commits_url", "/git/commits{/sha}"],
  ["git_refs_url", "/git/refs{/sha}"],
  ["git_tags_url", "/git/tags{/sha}"],
  ["hooks_url", "/hooks"],
  ["issue_comment_url", "/issues/comments{/number}"],
  ["issue_events_url", "/issues/events{/number}"],
  ["issues_url", "/issues{/number}"],
  ["keys_url", "/keys{/key_id}"],
  ["labels_url", "/labels{/name}"],
  ["languages_url", "/languages"],
  ["merges_url", "/merges"],
  ["milestones_url", "/milestones{/number}"],
  ["notifications_url", "/notifications{?since,all,participating}"],
  ["pulls_url", "/pulls{/number}"],
  ["releases_url", "/releases{/id}"],
  ["stargazers_url", "/stargazers"],
  ["statuses_url", "/statuses/{sha}"],
  ["subscribers_url", "/subscribers"],
  ["subscription_url", "/subscription"],
  ["tags_url", "/tags"],
  ["teams_url", "/teams"],
  ["trees_url", "/git/trees{/sha}"],
];

export function renderRepositoryUrl(world: World, repo: Repository): string {
  return `${world.apiUrl}/repos/${fullName(repo)}`;
}

export function renderHtmlUrl(world: World, repo: Repository): string {
  return `${world.url}/${fullName(repo)}`;
}

/** GitHub's minimal form: what lists and other objects carry. */
export function renderMinimalRepository(world: World, repo: Repository): Json {
  const url = renderRepositoryUrl(world, repo);
  return {
    id: repo.id,
    node_id: renderNodeId("Repository", repo.id),
    name: repo.name,
    full_name: fullName(repo),
    private: repo.private,
    owner: renderUser(world, repo.owner),
    html_url: renderHtmlUrl(world, repo),
    description: null,
    fork: repo.parent !== undefined,
    url,
    ...Object.fromEntries(templates.map(([key, rest]) => [key, `${url}${rest}`])),
  };
}

/** The full form; what a webhook and a pull request's head and base carry. */
export function renderRepository(world: World, repo: Repository): Json {
  const html = renderHtmlUrl(world, repo);
  const open = [...repo.issues.values()].filter((issue) => issue.state === "open").length;
  const forks = world.repositories.filter((other) => other.parent === repo).length;
  return {
    ...renderMinimalRepository(world, repo),
    clone_url: `${html}.git`,
    git_url: `git:${html.replace(/^https?:/, "")}.git`,
    ssh_url: `git@${html.replace(/^https?:\/\//, "")}.git`,
    svn_url: html,
    mirror_url: null,
    homepage: null,
    language: null,
    default_branch: repo.defaultBranch,
    forks,
    forks_count: forks,
    has_downloads: false,
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    archived: false,
    disabled: false,
    open_issues: open,
    open_issues_count: open,
    license: null,
    size: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    created_at: renderTime(repo.createdAt),
    updated_at: renderTime(repo.pushedAt),
    pushed_at: renderTime(repo.pushedAt),
    is_template: false,
    topics: [],
    visibility: repo.private ? "private" : "public",
    allow_forking: true,
    web_commit_signoff_required: false,
  };
}

export function renderPermissions(permission: RepositoryPermission): Json {
  return {
    admin: isAtLeast(permission, "admin"),
    maintain: isAtLeast(permission, "maintain"),
    push: isAtLeast(permission, "write"),
    triage: isAtLeast(permission, "triage"),
    pull: isAtLeast(permission, "read"),
  };
}

/** What `GET /repos/{owner}/{repo}` answers. */
export function renderFullRepository(world: World, repo: Repository, permission: RepositoryPermission): Json {
  return {
    ...renderRepository(world, repo),
    permissions: renderPermissions(permission),
    allow_squash_merge: true,
    allow_merge_commit: true,
    allow_rebase_merge: true,
    allow_auto_merge: false,
    delete_branch_on_merge: false,
    network_count: 0,
    subscribers_count: 0,
    ...(repo.parent === undefined
      ? {}
      : { parent: renderRepository(world, repo.parent), source: renderRepository(world, repo.parent) }),
  };
}
