import type { Artifact, Deployment, DeploymentStatus, Repository, WorkflowRun, World } from "../world.ts";
import { renderApp, renderNodeId, renderTime, renderUser } from "./render-account.ts";
import { renderHookCommit } from "./render-git.ts";
import { renderHtmlUrl, renderMinimalRepository, renderRepositoryUrl } from "./render-repository.ts";

type Json = Record<string, unknown>;

export function renderDeployment(world: World, repo: Repository, deployment: Deployment): Json {
  const url = `${renderRepositoryUrl(world, repo)}/deployments/${deployment.id}`;
  const newest = deployment.statuses.at(-1);
  return {
    url,
    id: deployment.id,
    node_id: renderNodeId("Deployment", deployment.id),
    task: deployment.task,
    original_environment: deployment.environment,
    environment: newest?.environment ?? deployment.environment,
    description: deployment.description,
    created_at: renderTime(deployment.createdAt),
    updated_at: renderTime(newest?.createdAt ?? deployment.createdAt),
    statuses_url: `${url}/statuses`,
    repository_url: renderRepositoryUrl(world, repo),
    creator: renderUser(world, deployment.creator),
    sha: deployment.sha,
    ref: deployment.ref,
    payload: deployment.payload,
    transient_environment: deployment.transient,
    production_environment: deployment.production,
    performed_via_github_app: deployment.app === undefined ? null : renderApp(world, deployment.app),
  };
}

export function renderDeploymentStatus(
  world: World,
  repo: Repository,
  deployment: Deployment,
  status: DeploymentStatus,
): Json {
  const url = `${renderRepositoryUrl(world, repo)}/deployments/${deployment.id}`;
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: renderNodeId("DeploymentStatus", status.id),
    state: status.state,
    creator: renderUser(world, status.creator),
    description: status.description,
    environment: status.environment,
    target_url: status.logUrl,
    ...(status.logUrl === "" ? {} : { log_url: status.logUrl }),
    ...(status.environmentUrl === "" ? {} : { environment_url: status.environmentUrl }),
    created_at: renderTime(status.createdAt),
    updated_at: renderTime(status.createdAt),
    deployment_url: url,
    repository_url: renderRepositoryUrl(world, repo),
    performed_via_github_app: deployment.app === undefined ? null : renderApp(world, deployment.app),
  };
}

export function renderWorkflowRun(world: World, repo: Repository, run: WorkflowRun): Json {
  const url = `${renderRepositoryUrl(world, repo)}/actions/runs/${run.id}`;
  const html = `${renderHtmlUrl(world, repo)}/actions/runs/${run.id}`;
  const commit = repo.store.requireCommit(run.sha);
  return {
    id: run.id,
    name: run.path,
    node_id: renderNodeId("WorkflowRun", run.id),
    check_suite_id: run.suite.id,
    check_suite_node_id: renderNodeId("CheckSuite", run.suite.id),
    head_branch: run.branch,
    head_sha: run.sha,
    path: run.path,
    run_number: 1,
    run_attempt: 1,
    event: run.event,
    display_title: commit.message.split("\n")[0] ?? "",
    status: run.conclusion === null ? "in_progress" : "completed",
    conclusion: run.conclusion,
    workflow_id: run.workflowId,
    url,
    html_url: html,
    pull_requests: [],
    created_at: renderTime(run.createdAt),
    updated_at: renderTime(run.createdAt),
    run_started_at: renderTime(run.createdAt),
    actor: renderUser(world, run.actor),
    triggering_actor: renderUser(world, run.actor),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${renderRepositoryUrl(world, repo)}/check-suites/${run.suite.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: null,
    workflow_url: `${renderRepositoryUrl(world, repo)}/actions/workflows/${run.workflowId}`,
    referenced_workflows: [],
    head_commit: renderHookCommit(world, repo, commit),
    repository: renderMinimalRepository(world, repo),
    head_repository: renderMinimalRepository(world, repo),
  };
}

export function renderWorkflow(world: World, repo: Repository, run: WorkflowRun): Json {
  const url = `${renderRepositoryUrl(world, repo)}/actions/workflows/${run.workflowId}`;
  const html = `${renderHtmlUrl(world, repo)}/blob/${repo.defaultBranch}/${run.path}`;
  return {
    id: run.workflowId,
    node_id: renderNodeId("Workflow", run.workflowId),
    name: run.path,
    path: run.path,
    state: "active",
    created_at: renderTime(run.createdAt),
    updated_at: renderTime(run.createdAt),
    url,
    html_url: html,
    badge_url: `${renderHtmlUrl(world, repo)}/workflows/badge.svg`,
  };
}

export function renderArtifact(world: World, repo: Repository, run: WorkflowRun, artifact: Artifact): Json {
  const url = `${renderRepositoryUrl(world, repo)}/actions/artifacts/${artifact.id}`;
  const created = renderTime(artifact.createdAt);
  return {
    id: artifact.id,
    node_id: renderNodeId("Artifact", artifact.id),
    name: artifact.name,
    size_in_bytes: artifact.zip.length,
    url,
    archive_download_url: `${url}/zip`,
    expired: artifact.expired,
    created_at: created,
    updated_at: created,
    expires_at: renderTime(new Date(artifact.createdAt.getTime() + 90 * 86_400_000)),
    workflow_run: {
      id: run.id,
      repository_id: repo.id,
      head_repository_id: repo.id,
      head_branch: run.branch,
      head_sha: run.sha,
    },
  };
}
