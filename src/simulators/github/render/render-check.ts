import { listPulls } from "../find-in-world.ts";
import type { CheckRun, CheckSuite, CommitStatus, Repository, World } from "../world.ts";
import { renderApp, renderNodeId, renderTime, renderUser } from "./render-account.ts";
import { renderCommit, renderHookCommit } from "./render-git.ts";
import { renderPullReference } from "./render-pull.ts";
import { renderHtmlUrl, renderMinimalRepository, renderRepositoryUrl } from "./render-repository.ts";

type Json = Record<string, unknown>;

/** Pull requests with this head; empty for a fork's, as GitHub leaves them out. */
function renderPullsOf(world: World, repo: Repository, sha: string): Json[] {
  return listPulls(repo)
    .filter((pull) => pull.headRepo === repo && pull.headSha === sha && pull.issue.state === "open")
    .map((pull) => renderPullReference(world, pull));
}

function listRuns(repo: Repository, suite: CheckSuite): CheckRun[] {
  return repo.checkRuns.filter((run) => run.suite === suite);
}

/** The newest run of each name; of one name the highest id counts. */
export function listLatestRuns(runs: readonly CheckRun[]): CheckRun[] {
  const latest = new Map<string, CheckRun>();
  for (const run of runs) {
    const key = `${run.suite.id} ${run.name}`;
    const other = latest.get(key);
    if (other === undefined || other.id < run.id) latest.set(key, run);
  }
  return [...latest.values()];
}

const worstFirst = ["failure", "timed_out", "cancelled", "action_required", "stale", "neutral", "skipped", "success"];

function judgeSuite(repo: Repository, suite: CheckSuite): { status: string; conclusion: string | null } {
  const runs = listLatestRuns(listRuns(repo, suite));
  if (suite.reset || runs.length === 0) return { status: "queued", conclusion: null };
  if (runs.some((run) => run.status !== "completed")) return { status: "in_progress", conclusion: null };
  const conclusion = worstFirst.find((word) => runs.some((run) => run.conclusion === word));
  return { status: "completed", conclusion: conclusion ?? null };
}

export function renderSuite(world: World, repo: Repository, suite: CheckSuite): Json {
  const url = `${renderRepositoryUrl(world, repo)}/check-suites/${suite.id}`;
  const commit = repo.store.requireCommit(suite.sha);
  return {
    id: suite.id,
    node_id: renderNodeId("CheckSuite", suite.id),
    head_branch: suite.branch,
    head_sha: suite.sha,
    ...judgeSuite(repo, suite),
    url,
    before: suite.before,
    after: suite.sha,
    pull_requests: renderPullsOf(world, repo, suite.sha),
    app: renderApp(world, suite.app),
    repository: renderMinimalRepository(world, repo),
    created_at: renderTime(suite.createdAt),
    updated_at: renderTime(suite.updatedAt),
    head_commit: renderHookCommit(world, repo, commit),
    latest_check_runs_count: listLatestRuns(listRuns(repo, suite)).length,
    check_runs_url: `${url}/check-runs`,
    rerequestable: true,
    runs_rerequestable: true,
  };
}

/** The webhook's form of a suite has no repository of its own. */
export function renderHookSuite(world: World, repo: Repository, suite: CheckSuite): Json {
  const { repository: _repository, ...rest } = renderSuite(world, repo, suite);
  return rest;
}

export function renderCheckRun(world: World, repo: Repository, run: CheckRun): Json {
  const url = `${renderRepositoryUrl(world, repo)}/check-runs/${run.id}`;
  const html = `${renderHtmlUrl(world, repo)}/runs/${run.id}`;
  return {
    id: run.id,
    name: run.name,
    node_id: renderNodeId("CheckRun", run.id),
    head_sha: run.suite.sha,
    external_id: run.externalId,
    url,
    html_url: html,
    details_url: run.detailsUrl ?? html,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt === undefined ? null : renderTime(run.startedAt),
    completed_at: run.completedAt === undefined ? null : renderTime(run.completedAt),
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: run.suite.id },
    app: renderApp(world, run.suite.app),
    pull_requests: renderPullsOf(world, repo, run.suite.sha),
  };
}

export function renderHookCheckRun(world: World, repo: Repository, run: CheckRun): Json {
  const { repository: _repository, ...suite } = renderSuite(world, repo, run.suite);
  return { ...renderCheckRun(world, repo, run), check_suite: suite };
}

export function renderStatus(world: World, repo: Repository, status: CommitStatus): Json {
  return {
    url: `${renderRepositoryUrl(world, repo)}/statuses/${status.sha}`,
    avatar_url: `${world.url}/avatars/${status.creator.id}`,
    id: status.id,
    node_id: renderNodeId("StatusContext", status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: renderTime(status.createdAt),
    updated_at: renderTime(status.createdAt),
    creator: renderUser(world, status.creator),
  };
}

/** The newest status of each context. */
export function listLatestStatuses(repo: Repository, sha: string): CommitStatus[] {
  const latest = new Map<string, CommitStatus>();
  for (const status of repo.statuses) if (status.sha === sha) latest.set(status.context, status);
  return [...latest.values()];
}

export function renderHookStatus(world: World, repo: Repository, status: CommitStatus): Json {
  const branches = [...repo.refs].filter(([name, oid]) => name.startsWith("refs/heads/") && oid === status.sha);
  return {
    id: status.id,
    sha: status.sha,
    name: `${repo.owner.login}/${repo.name}`,
    target_url: status.targetUrl,
    context: status.context,
    description: status.description,
    state: status.state,
    commit: renderCommit(world, repo, repo.store.requireCommit(status.sha)),
    branches: branches.map(([name, sha]) => ({
      name: name.slice("refs/heads/".length),
      commit: { sha, url: `${renderRepositoryUrl(world, repo)}/commits/${sha}` },
      protected: repo.protections.has(name.slice("refs/heads/".length)),
    })),
    created_at: renderTime(status.createdAt),
    updated_at: renderTime(status.createdAt),
  };
}
