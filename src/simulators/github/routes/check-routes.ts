import type { SimulatorResponse } from "../../loopback-server.ts";
import { createRun, createStatus, requireRun, rerequestRun, rerequestSuite, updateRun } from "../domain/checks.ts";
import {
  answerPage,
  readNumber,
  reads,
  repositoryRoute,
  requireActingApp,
  requireSender,
  writes,
  type Call,
  type Route,
} from "../http/route.ts";
import {
  listLatestRuns,
  listLatestStatuses,
  renderCheckRun,
  renderStatus,
  renderSuite,
} from "../render/render-check.ts";
import { renderMinimalRepository, renderRepositoryUrl } from "../render/render-repository.ts";
import { resolveCommit } from "../find-in-world.ts";
import { GitHubFailure, type CheckRun, type CheckSuite, type Repository } from "../world.ts";

const base = "/repos/{owner}/{repo}";
const read = reads("checks");
/** Only apps create and change check runs. */
const write = writes("never", "checks");

function requireSha(call: Call, repo: Repository): string {
  const ref = call.params["ref"] ?? "";
  const sha = resolveCommit(repo, ref);
  if (sha === undefined) throw new GitHubFailure(422, `No commit found for SHA: ${ref}`);
  return sha;
}

function answerRuns(call: Call, repo: Repository, runs: readonly CheckRun[]): SimulatorResponse {
  const name = call.query.get("check_name");
  const status = call.query.get("status");
  const appId = call.query.get("app_id");
  const all = call.query.get("filter") === "all";
  const matching = runs.filter(
    (run) =>
      (name === null || run.name === name) &&
      (status === null || run.status === status) &&
      (appId === null || run.suite.app.id === Number(appId)),
  );
  // GitHub promises no order; newest first keeps nobody relying on the other one.
  const shown = (all ? matching : listLatestRuns(matching)).toSorted((a, b) => b.id - a.id);
  return answerPage(
    call,
    shown,
    (run) => renderCheckRun(call.world, repo, run),
    (check_runs, total_count) => ({ total_count, check_runs }),
  );
}

function requireSuite(call: Call, repo: Repository): CheckSuite {
  const id = readNumber(call, "check_suite_id");
  const suite = repo.checkSuites.find((candidate) => candidate.id === id);
  if (suite === undefined) throw new GitHubFailure(404, "Not Found");
  return suite;
}

function combineStatuses(call: Call, repo: Repository): SimulatorResponse {
  const sha = requireSha(call, repo);
  const statuses = listLatestStatuses(repo, sha);
  const isBad = statuses.some((status) => status.state === "failure" || status.state === "error");
  const isPending = statuses.length === 0 || statuses.some((status) => status.state === "pending");
  const url = renderRepositoryUrl(call.world, repo);
  return {
    status: 200,
    body: {
      state: isBad ? "failure" : isPending ? "pending" : "success",
      statuses: statuses.map((status) => renderStatus(call.world, repo, status)),
      sha,
      total_count: statuses.length,
      repository: renderMinimalRepository(call.world, repo),
      commit_url: `${url}/commits/${sha}`,
      url: `${url}/commits/${sha}/status`,
    },
  };
}

/** Check runs, check suites and commit statuses. */
export const checkRoutes: Route[] = [
  repositoryRoute(`POST ${base}/check-runs`, write, (call, repo) => {
    const run = createRun(call.world, repo, requireActingApp(call), call.body);
    return { status: 201, body: renderCheckRun(call.world, repo, run) };
  }),
  repositoryRoute(`GET ${base}/check-runs/{check_run_id}`, read, (call, repo) => ({
    status: 200,
    body: renderCheckRun(call.world, repo, requireRun(repo, readNumber(call, "check_run_id"))),
  })),
  repositoryRoute(`PATCH ${base}/check-runs/{check_run_id}`, write, (call, repo) => {
    const run = requireRun(repo, readNumber(call, "check_run_id"));
    updateRun(call.world, repo, requireActingApp(call), run, call.body);
    return { status: 200, body: renderCheckRun(call.world, repo, run) };
  }),
  repositoryRoute(`GET ${base}/check-runs/{check_run_id}/annotations`, read, (call, repo) => {
    const run = requireRun(repo, readNumber(call, "check_run_id"));
    return answerPage(call, run.annotations, (annotation) => ({
      ...annotation,
      blob_href: `${call.world.url}/${repo.owner.login}/${repo.name}/blob/${run.suite.sha}/${annotation.path}`,
    }));
  }),
  repositoryRoute(`POST ${base}/check-runs/{check_run_id}/rerequest`, writes("write", "checks"), (call, repo) => {
    rerequestRun(call.world, repo, requireRun(repo, readNumber(call, "check_run_id")), requireSender(call));
    return { status: 201, body: {} };
  }),
  repositoryRoute(`GET ${base}/check-suites/{check_suite_id}`, read, (call, repo) => ({
    status: 200,
    body: renderSuite(call.world, repo, requireSuite(call, repo)),
  })),
  repositoryRoute(`GET ${base}/check-suites/{check_suite_id}/check-runs`, read, (call, repo) => {
    const suite = requireSuite(call, repo);
    return answerRuns(
      call,
      repo,
      repo.checkRuns.filter((run) => run.suite === suite),
    );
  }),
  repositoryRoute(`POST ${base}/check-suites/{check_suite_id}/rerequest`, writes("write", "checks"), (call, repo) => {
    rerequestSuite(call.world, repo, requireSuite(call, repo), requireSender(call));
    return { status: 201, body: {} };
  }),
  repositoryRoute(`GET ${base}/commits/{ref}/check-runs`, read, (call, repo) => {
    const sha = requireSha(call, repo);
    return answerRuns(
      call,
      repo,
      repo.checkRuns.filter((run) => run.suite.sha === sha),
    );
  }),
  repositoryRoute(`GET ${base}/commits/{ref}/check-suites`, read, (call, repo) => {
    const sha = requireSha(call, repo);
    const appId = call.query.get("app_id");
    const suites = repo.checkSuites.filter(
      (suite) => suite.sha === sha && (appId === null || suite.app.id === Number(appId)),
    );
    return answerPage(
      call,
      suites,
      (suite) => renderSuite(call.world, repo, suite),
      (check_suites, total_count) => ({ total_count, check_suites }),
    );
  }),
  repositoryRoute(`GET ${base}/commits/{ref}/status`, reads("statuses"), combineStatuses),
  repositoryRoute(`GET ${base}/commits/{ref}/statuses`, reads("statuses"), (call, repo) => {
    const sha = requireSha(call, repo);
    const statuses = repo.statuses.filter((status) => status.sha === sha).toReversed();
    return answerPage(call, statuses, (status) => renderStatus(call.world, repo, status));
  }),
  repositoryRoute(`POST ${base}/statuses/{sha}`, writes("write", "statuses"), (call, repo) => {
    const status = createStatus(call.world, repo, call.params["sha"] ?? "", requireSender(call), call.body);
    return { status: 201, body: renderStatus(call.world, repo, status) };
  }),
];
