import type { SimulatorResponse } from "../../loopback-server.ts";
import { answerPage, readPage, reads, repositoryRoute, type Call, type Route } from "../http/route.ts";
import { decidePermission } from "../permissions.ts";
import { renderCommit, renderDiffEntry } from "../render/render-git.ts";
import { renderSimplePull } from "../render/render-pull.ts";
import { renderFullRepository, renderHtmlUrl, renderRepositoryUrl } from "../render/render-repository.ts";
import { fullName, listPulls, resolveCommit } from "../find-in-world.ts";
import { GitHubFailure, type Protection, type Repository } from "../world.ts";
import { findOwnerErrors } from "../domain/codeowners.ts";

type Json = Record<string, unknown>;

/** A comparison shows at most 300 files, all on its first page. */
const maximumComparedFiles = 300;
const maximumComparedCommits = 250;

/** The repository and commit that a side of a comparison or a commit route names; a side may be `owner:branch` of a fork. */
function resolveSide(call: Call, repo: Repository, side: string): string {
  const colon = side.indexOf(":");
  const owner = side.slice(0, Math.max(colon, 0)).toLowerCase();
  const where =
    colon < 0
      ? repo
      : call.world.repositories.find(
          (other) => other.store === repo.store && other.owner.login.toLowerCase() === owner,
        );
  const sha = where === undefined ? undefined : resolveCommit(where, side.slice(colon + 1));
  if (sha === undefined) throw new GitHubFailure(404, "Not Found");
  return sha;
}

function requireSha(repo: Repository, ref: string): string {
  const sha = resolveCommit(repo, ref);
  if (sha === undefined) throw new GitHubFailure(422, `No commit found for SHA: ${ref}`);
  return sha;
}

function compare(call: Call, repo: Repository): SimulatorResponse {
  const [baseName = "", headName = ""] = (call.params["basehead"] ?? "").split("...");
  const base = resolveSide(call, repo, baseName);
  const head = resolveSide(call, repo, headName);
  const { store } = repo;
  const mergeBase = store.findMergeBase(base, head);
  if (mergeBase === undefined) throw new GitHubFailure(404, `No common ancestor between ${baseName} and ${headName}.`);
  const ahead = store.listCommits(head, [base]);
  const behind = store.listCommits(base, [head]).length;
  const { page, perPage } = readPage(call);
  const isPaged = call.query.has("page") || call.query.has("per_page");
  const commits = isPaged ? ahead.slice((page - 1) * perPage, page * perPage) : ahead.slice(0, maximumComparedCommits);
  const files = page === 1 ? store.diff(mergeBase, head).slice(0, maximumComparedFiles) : [];
  const url = `${renderRepositoryUrl(call.world, repo)}/compare/${baseName}...${headName}`;
  const html = `${renderHtmlUrl(call.world, repo)}/compare/${baseName}...${headName}`;
  const status = base === head ? "identical" : ahead.length === 0 ? "behind" : behind === 0 ? "ahead" : "diverged";
  return {
    status: 200,
    body: {
      url,
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: renderCommit(call.world, repo, store.requireCommit(base)),
      merge_base_commit: renderCommit(call.world, repo, store.requireCommit(mergeBase)),
      status,
      ahead_by: ahead.length,
      behind_by: behind,
      total_commits: ahead.length,
      commits: commits.map((commit) => renderCommit(call.world, repo, commit)),
      files: files.map((file) => renderDiffEntry(call.world, repo, file, head)),
    },
  };
}

function getCommit(call: Call, repo: Repository): SimulatorResponse {
  const sha = requireSha(repo, call.params["ref"] ?? "");
  if (/\.sha\b/.test(call.request.headers.accept ?? "")) return { status: 200, body: sha };
  const commit = repo.store.requireCommit(sha);
  const files = repo.store.diff(commit.parents[0], sha);
  const additions = files.reduce((sum, file) => sum + file.additions, 0);
  const deletions = files.reduce((sum, file) => sum + file.deletions, 0);
  const { page } = readPage(call);
  const shown = files.slice((page - 1) * maximumComparedFiles, page * maximumComparedFiles);
  return {
    status: 200,
    body: {
      ...renderCommit(call.world, repo, commit),
      stats: { total: additions + deletions, additions, deletions },
      files: shown.map((file) => renderDiffEntry(call.world, repo, file, sha)),
    },
  };
}

/** Mode and id: a change of mode alone is a change too. */
function describeEntry(repo: Repository, tree: string | undefined, path: string): string {
  const entry = tree === undefined ? undefined : repo.store.findEntry(tree, path);
  return entry === undefined ? "" : `${entry.mode} ${entry.oid}`;
}

function listCommits(call: Call, repo: Repository): SimulatorResponse {
  const sha = requireSha(repo, call.query.get("sha") ?? repo.defaultBranch);
  const path = call.query.get("path");
  const commits = repo.store.listCommits(sha).toReversed();
  const touching =
    path === null
      ? commits
      : commits.filter((commit) => {
          const parent = commit.parents[0];
          const before = parent === undefined ? undefined : repo.store.requireCommit(parent).tree;
          return describeEntry(repo, commit.tree, path) !== describeEntry(repo, before, path);
        });
  return answerPage(call, touching, (commit) => renderCommit(call.world, repo, commit));
}

/** Open pull requests with this head, and closed ones that brought the commit into their base. */
function listPullsOfCommit(call: Call, repo: Repository): SimulatorResponse {
  const sha = requireSha(repo, call.params["commit_sha"] ?? "");
  const found = listPulls(repo).filter((pull) => {
    if (pull.mergeCommitSha === sha || pull.headSha === sha) return true;
    const base = pull.mergedBaseSha ?? pull.baseSha;
    return repo.store.listCommits(pull.headSha, [base]).some((commit) => commit.oid === sha);
  });
  return answerPage(call, found, (pull) => renderSimplePull(call.world, pull));
}

function renderBranch(call: Call, repo: Repository, name: string, sha: string): Json {
  const url = `${renderRepositoryUrl(call.world, repo)}/branches/${name}`;
  const protection = repo.protections.get(name);
  return {
    name,
    commit: { sha, url: `${renderRepositoryUrl(call.world, repo)}/commits/${sha}` },
    protected: protection !== undefined,
    protection: {
      enabled: protection !== undefined,
      required_status_checks: {
        enforcement_level: protection === undefined ? "off" : protection.enforceAdmins ? "everyone" : "non_admins",
        contexts: protection?.requiredChecks.map((check) => check.context) ?? [],
        checks:
          protection?.requiredChecks.map((check) => ({ context: check.context, app_id: check.appId ?? null })) ?? [],
      },
    },
    protection_url: `${url}/protection`,
  };
}

function requireBranch(call: Call, repo: Repository): { name: string; sha: string } {
  const name = call.params["branch"] ?? "";
  const sha = repo.refs.get(`refs/heads/${name}`);
  if (sha === undefined) throw new GitHubFailure(404, "Branch not found");
  return { name, sha };
}

function requireClassic(call: Call, repo: Repository): { name: string; protection: Protection } {
  const { name } = requireBranch(call, repo);
  const protection = repo.protections.get(name);
  if (protection?.kind !== "classic") throw new GitHubFailure(404, "Branch not protected");
  return { name, protection };
}

function renderRequiredChecks(call: Call, repo: Repository, name: string, protection: Protection): Json {
  const url = `${renderRepositoryUrl(call.world, repo)}/branches/${name}/protection/required_status_checks`;
  return {
    url,
    strict: protection.strict,
    contexts: protection.requiredChecks.map((check) => check.context),
    contexts_url: `${url}/contexts`,
    checks: protection.requiredChecks.map((check) => ({ context: check.context, app_id: check.appId ?? null })),
  };
}

function renderProtection(call: Call, repo: Repository, name: string, protection: Protection): Json {
  const url = `${renderRepositoryUrl(call.world, repo)}/branches/${name}/protection`;
  return {
    url,
    ...(protection.requiredChecks.length === 0
      ? {}
      : { required_status_checks: renderRequiredChecks(call, repo, name, protection) }),
    ...(protection.requiredApprovals === 0
      ? {}
      : {
          required_pull_request_reviews: {
            url: `${url}/required_pull_request_reviews`,
            dismiss_stale_reviews: false,
            require_code_owner_reviews: false,
            required_approving_review_count: protection.requiredApprovals,
          },
        }),
    enforce_admins: { url: `${url}/enforce_admins`, enabled: protection.enforceAdmins },
    required_linear_history: { enabled: false },
    allow_force_pushes: { enabled: false },
    allow_deletions: { enabled: false },
  };
}

/** Rulesets only: classic protection does not show here, as on GitHub. */
function listRules(call: Call, repo: Repository): SimulatorResponse {
  const protection = repo.protections.get(call.params["branch"] ?? "");
  if (protection?.kind !== "ruleset") return { status: 200, body: [] };
  const source = { ruleset_source_type: "Repository", ruleset_source: fullName(repo), ruleset_id: repo.id };
  const rules = [
    ...(protection.requiredChecks.length === 0
      ? []
      : [
          {
            type: "required_status_checks",
            ...source,
            parameters: {
              strict_required_status_checks_policy: protection.strict,
              do_not_enforce_on_create: false,
              required_status_checks: protection.requiredChecks.map((check) => ({
                context: check.context,
                ...(check.appId === undefined ? {} : { integration_id: check.appId }),
              })),
            },
          },
        ]),
    ...(protection.requiredApprovals === 0
      ? []
      : [
          {
            type: "pull_request",
            ...source,
            parameters: {
              required_approving_review_count: protection.requiredApprovals,
              dismiss_stale_reviews_on_push: false,
              require_code_owner_review: false,
              require_last_push_approval: false,
              required_review_thread_resolution: false,
            },
          },
        ]),
    ...(protection.mergeQueue === undefined
      ? []
      : [
          {
            type: "merge_queue",
            ...source,
            parameters: {
              check_response_timeout_minutes: 60,
              grouping_strategy: "ALLGREEN",
              max_entries_to_build: 100,
              max_entries_to_merge: 100,
              merge_method: protection.mergeQueue.method.toUpperCase(),
              min_entries_to_merge: 1,
              min_entries_to_merge_wait_minutes: 0,
            },
          },
        ]),
  ];
  return { status: 200, body: rules };
}

/** Repositories, commits, branches and what protects them. */
export const repositoryRoutes: Route[] = [
  repositoryRoute("GET /repos/{owner}/{repo}", reads("metadata"), (call, repo) => {
    const permission = call.actor.kind === "user" ? decidePermission(call.world, repo, call.actor.account) : "none";
    return { status: 200, body: renderFullRepository(call.world, repo, permission) };
  }),
  repositoryRoute("GET /repos/{owner}/{repo}/commits", reads("contents"), listCommits),
  repositoryRoute("GET /repos/{owner}/{repo}/commits/{ref}", reads("contents"), getCommit),
  repositoryRoute("GET /repos/{owner}/{repo}/compare/{basehead}", reads("contents"), compare),
  repositoryRoute("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", reads("pull_requests"), listPullsOfCommit),
  repositoryRoute("GET /repos/{owner}/{repo}/branches", reads("contents"), (call, repo) => {
    const heads = [...repo.refs]
      .filter(([name]) => name.startsWith("refs/heads/"))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return answerPage(call, heads, ([name, sha]) => renderBranch(call, repo, name.slice("refs/heads/".length), sha));
  }),
  repositoryRoute("GET /repos/{owner}/{repo}/branches/{branch}", reads("contents"), (call, repo) => {
    const { name, sha } = requireBranch(call, repo);
    const url = `${renderRepositoryUrl(call.world, repo)}/branches/${name}`;
    const html = `${renderHtmlUrl(call.world, repo)}/tree/${name}`;
    const commit = renderCommit(call.world, repo, repo.store.requireCommit(sha));
    return { status: 200, body: { ...renderBranch(call, repo, name, sha), commit, _links: { html, self: url } } };
  }),
  repositoryRoute(
    "GET /repos/{owner}/{repo}/branches/{branch}/protection",
    { app: [["administration", "read"]], user: "admin" },
    (call, repo) => {
      const { name, protection } = requireClassic(call, repo);
      return { status: 200, body: renderProtection(call, repo, name, protection) };
    },
  ),
  repositoryRoute(
    "GET /repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks",
    { app: [["administration", "read"]], user: "admin" },
    (call, repo) => {
      const { name, protection } = requireClassic(call, repo);
      return { status: 200, body: renderRequiredChecks(call, repo, name, protection) };
    },
  ),
  repositoryRoute("GET /repos/{owner}/{repo}/rules/branches/{branch}", reads("metadata"), listRules),
  repositoryRoute("GET /repos/{owner}/{repo}/codeowners/errors", reads("contents"), (call, repo) => {
    const sha = resolveCommit(repo, call.query.get("ref") ?? repo.defaultBranch);
    const errors = sha === undefined ? undefined : findOwnerErrors(call.world, repo, sha);
    if (errors === undefined) throw new GitHubFailure(404, "Not Found");
    return { status: 200, body: { errors } };
  }),
];
