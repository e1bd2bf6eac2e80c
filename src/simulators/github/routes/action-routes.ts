import type { SimulatorResponse } from "../../loopback-server.ts";
import { answerPage, readNumber, reads, repositoryRoute, type Call, type Route } from "../http/route.ts";
import { renderArtifact, renderWorkflowRun } from "../render/render-deployment.ts";
import { GitHubFailure, type Artifact, type Repository, type WorkflowRun, type World } from "../world.ts";

const base = "/repos/{owner}/{repo}";
const read = reads("actions");

/** Where an artifact's zip really is: outside the API, without authentication, as with GitHub's storage. */
export const archivePath = "/artifact-archives";

function requireRun(call: Call, repo: Repository): WorkflowRun {
  const id = readNumber(call, "run_id");
  const run = repo.workflowRuns.find((candidate) => candidate.id === id);
  if (run === undefined) throw new GitHubFailure(404, "Not Found");
  return run;
}

function requireArtifact(call: Call, repo: Repository): { run: WorkflowRun; artifact: Artifact } {
  const id = readNumber(call, "artifact_id");
  for (const run of repo.workflowRuns) {
    const artifact = run.artifacts.find((candidate) => candidate.id === id);
    if (artifact !== undefined) return { run, artifact };
  }
  throw new GitHubFailure(404, "Not Found");
}

/** Serves the zip that an artifact's redirect leads to. */
export function answerArchive(world: World, path: string): SimulatorResponse {
  const id = Number(path.slice(archivePath.length + 1).replace(/\.zip$/, ""));
  for (const repo of world.repositories) {
    for (const run of repo.workflowRuns) {
      const artifact = run.artifacts.find((candidate) => candidate.id === id && !candidate.expired);
      if (artifact !== undefined) {
        return { status: 200, body: artifact.zip, headers: { "content-type": "application/zip" } };
      }
    }
  }
  return { status: 404, body: { message: "Not Found" } };
}

/** Workflow runs, their artifacts, and attestations, which come on one page. */
export const actionRoutes: Route[] = [
  repositoryRoute(`GET ${base}/actions/runs`, read, (call, repo) => {
    const sha = call.query.get("head_sha");
    const runs = repo.workflowRuns.filter((run) => sha === null || run.sha === sha).toReversed();
    return answerPage(
      call,
      runs,
      (run) => renderWorkflowRun(call.world, repo, run),
      (workflow_runs, total_count) => ({ total_count, workflow_runs }),
    );
  }),
  repositoryRoute(`GET ${base}/actions/runs/{run_id}`, read, (call, repo) => ({
    status: 200,
    body: renderWorkflowRun(call.world, repo, requireRun(call, repo)),
  })),
  repositoryRoute(`GET ${base}/actions/runs/{run_id}/artifacts`, read, (call, repo) => {
    const run = requireRun(call, repo);
    const name = call.query.get("name");
    const found = run.artifacts.filter((artifact) => name === null || artifact.name === name);
    return answerPage(
      call,
      found,
      (artifact) => renderArtifact(call.world, repo, run, artifact),
      (artifacts, total_count) => ({ total_count, artifacts }),
    );
  }),
  repositoryRoute(`GET ${base}/actions/artifacts/{artifact_id}`, read, (call, repo) => {
    const { run, artifact } = requireArtifact(call, repo);
    return { status: 200, body: renderArtifact(call.world, repo, run, artifact) };
  }),
  repositoryRoute(`GET ${base}/actions/artifacts/{artifact_id}/{archive_format}`, read, (call, repo) => {
    const { artifact } = requireArtifact(call, repo);
    if (artifact.expired) throw new GitHubFailure(410, "Artifact has expired");
    return { status: 302, headers: { location: `${call.world.url}${archivePath}/${artifact.id}.zip` } };
  }),
  repositoryRoute(`GET ${base}/attestations/{subject_digest}`, reads("attestations", "contents"), (call, repo) => {
    const found = repo.attestations.filter((each) => each.subjectDigest === call.params["subject_digest"]);
    return {
      status: 200,
      body: {
        attestations: found.map(({ bundle }) => ({ bundle, repository_id: repo.id, bundle_url: call.world.url })),
      },
    };
  }),
];
