import { strToU8, zipSync } from "fflate";
import type { CheckRunSnapshot, WorkflowRunInput } from "../control-input.ts";
import { createRun, ensureSuite, pressAction, requireRun, rerequestRun, rerequestSuite } from "../domain/checks.ts";
import type { GitHubSimulator } from "../github-simulator.ts";
import { renderWorkflow, renderWorkflowRun } from "../render/render-deployment.ts";
import { requireAccount, requireRepository } from "../find-in-world.ts";
import type { App, CheckRun, WorkflowRun, World } from "../world.ts";
import { addApp } from "./app-controls.ts";

type CheckControls = Pick<
  GitHubSimulator,
  | "checkRuns"
  | "pressAction"
  | "rerequestCheckRun"
  | "rerequestCheckSuite"
  | "deployments"
  | "addWorkflowRun"
  | "addAttestation"
>;

/** The id GitHub Actions has on github.com. */
const actionsAppId = 15_368;

function describeRun(run: CheckRun): CheckRunSnapshot {
  return {
    id: run.id,
    appSlug: run.suite.app.slug,
    name: run.name,
    headSha: run.suite.sha,
    status: run.status,
    conclusion: run.conclusion,
    externalId: run.externalId,
    detailsUrl: run.detailsUrl,
    title: run.title,
    summary: run.summary,
    text: run.text,
    annotations: run.annotations.map((annotation) => ({
      path: annotation.path,
      start_line: annotation.start_line,
      end_line: annotation.end_line,
      annotation_level: annotation.annotation_level,
      message: annotation.message,
      title: annotation.title,
    })),
    actions: run.actions.map((action) => ({ ...action })),
  };
}

function findActionsApp(world: World): App {
  const known = world.apps.find((app) => app.id === actionsAppId);
  return (
    known ??
    addApp(world, { appId: actionsAppId, slug: "github-actions", permissions: { checks: "write" }, events: [] })
  );
}

function addWorkflowRun(world: World, input: WorkflowRunInput): ReturnType<CheckControls["addWorkflowRun"]> {
  const repo = requireRepository(world, input.repo);
  const app = findActionsApp(world);
  const conclusion = input.conclusion === undefined ? "success" : input.conclusion;
  const suite = ensureSuite(world, repo, app, input.headSha);
  const pathKey = repo.workflowRuns.find((run) => run.path === input.path)?.workflowId;
  const runId = world.nextId();
  const run: WorkflowRun = {
    id: runId,
    workflowId: pathKey ?? world.nextId(),
    path: input.path,
    sha: input.headSha,
    branch: input.headBranch ?? suite.branch,
    event: input.event ?? "pull_request",
    conclusion,
    actor: input.actor === undefined ? app.bot : requireAccount(world, input.actor),
    suite,
    artifacts: (input.artifacts ?? []).map((artifact) => {
      const texts = typeof artifact.files === "function" ? artifact.files(runId) : artifact.files;
      const files = Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, strToU8(text)]));
      // A fixed time, so that equal artifacts are equal bytes.
      const zip = Buffer.from(zipSync(files, { mtime: new Date("2026-01-01T00:00:00Z") }));
      return {
        id: world.nextId(),
        name: artifact.name,
        zip,
        expired: artifact.expired === true,
        createdAt: world.now(),
      };
    }),
    createdAt: world.now(),
  };
  repo.workflowRuns.push(run);
  const checkRun = createRun(world, repo, app, {
    name: input.path,
    head_sha: input.headSha,
    status: conclusion === null ? "in_progress" : "completed",
    ...(conclusion === null ? {} : { conclusion }),
  });
  if (conclusion !== null) {
    world.emit(
      "workflow_run",
      {
        action: "completed",
        workflow_run: renderWorkflowRun(world, repo, run),
        workflow: renderWorkflow(world, repo, run),
      },
      { repo, sender: run.actor },
    );
  }
  return { runId: run.id, checkRunId: checkRun.id, artifactIds: run.artifacts.map((artifact) => artifact.id) };
}

export function createCheckControls(world: World): CheckControls {
  return {
    checkRuns: ({ repo, sha, name }) =>
      requireRepository(world, repo)
        .checkRuns.filter(
          (run) => (sha === undefined || run.suite.sha === sha) && (name === undefined || run.name === name),
        )
        .map(describeRun),
    pressAction({ repo: name, checkRun, identifier, by }) {
      const repo = requireRepository(world, name);
      pressAction(world, repo, requireRun(repo, checkRun), identifier, requireAccount(world, by));
    },
    rerequestCheckRun({ repo: name, checkRun, by }) {
      const repo = requireRepository(world, name);
      rerequestRun(world, repo, requireRun(repo, checkRun), requireAccount(world, by));
    },
    rerequestCheckSuite({ repo: name, sha, app: slug, by }) {
      const repo = requireRepository(world, name);
      const suite = repo.checkSuites.find((candidate) => candidate.sha === sha && candidate.app.slug === slug);
      if (suite === undefined) throw new Error(`no check suite of ${slug} on ${sha}`);
      rerequestSuite(world, repo, suite, requireAccount(world, by));
    },
    deployments: ({ repo }) =>
      requireRepository(world, repo).deployments.map((deployment) => ({
        id: deployment.id,
        sha: deployment.sha,
        ref: deployment.ref,
        task: deployment.task,
        environment: deployment.environment,
        payload: deployment.payload,
        statuses: deployment.statuses.map(({ state, description }) => ({ state, description })),
      })),
    addWorkflowRun: (input) => addWorkflowRun(world, input),
    addAttestation({ repo, subjectDigest, bundle }) {
      requireRepository(world, repo).attestations.push({ subjectDigest, bundle });
    },
  };
}
