import type { SimulatorResponse } from "../../loopback-server.ts";
import { isAllGreen } from "../domain/protection.ts";
import { changeRef } from "../domain/push.ts";
import { githubAddress, signAs } from "../domain/signatures.ts";
import {
  answerPage,
  findActingApp,
  readNumber,
  readString,
  reads,
  repositoryRoute,
  requireSender,
  writes,
  type Call,
  type Route,
} from "../http/route.ts";
import { renderDeployment, renderDeploymentStatus } from "../render/render-deployment.ts";
import { resolveCommit } from "../find-in-world.ts";
import { GitHubFailure, type Deployment, type DeploymentStatus, type Repository } from "../world.ts";

const base = "/repos/{owner}/{repo}/deployments";
const states = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];
const maximumDescription = 140;

function requireDeployment(call: Call, repo: Repository): Deployment {
  const id = readNumber(call, "deployment_id");
  const found = repo.deployments.find((deployment) => deployment.id === id);
  if (found === undefined) throw new GitHubFailure(404, "Not Found");
  return found;
}

/** Unless told otherwise GitHub first merges the default branch into a branch that is behind, and then deploys nothing. */
function mergeDefaultBranch(call: Call, repo: Repository, ref: string): SimulatorResponse | undefined {
  const name = `refs/heads/${ref.replace(/^refs\/heads\//, "")}`;
  const tip = repo.refs.get(name);
  const main = repo.refs.get(`refs/heads/${repo.defaultBranch}`);
  if (call.body["auto_merge"] === false || tip === undefined || main === undefined) return undefined;
  if (repo.store.isAncestor(main, tip)) return undefined;
  const tree = repo.store.mergeTrees(tip, main);
  if (tree === undefined) throw new GitHubFailure(409, "Conflict merging the default branch into the deployed branch.");
  const by = requireSender(call);
  const sha = repo.store.writeCommit({
    tree,
    parents: [tip, main],
    author: signAs(call.world, by),
    committer: { ...githubAddress, date: call.world.now() },
    message: `Merge branch '${repo.defaultBranch}' into ${ref}`,
  });
  changeRef(call.world, { repo, ref: name, to: sha, by });
  return { status: 202, body: { message: `Auto-merged ${repo.defaultBranch} into ${ref} on deployment.` } };
}

function readPayload(call: Call): unknown {
  const payload = call.body["payload"];
  return payload === undefined ? {} : payload;
}

function createDeployment(call: Call, repo: Repository): SimulatorResponse {
  const ref = readString(call.body, "ref") ?? "";
  const sha = resolveCommit(repo, ref);
  if (sha === undefined) throw new GitHubFailure(422, `No ref found for: ${ref}`);
  const merged = mergeDefaultBranch(call, repo, ref);
  if (merged !== undefined) return merged;
  const contexts = call.body["required_contexts"];
  // Left out, every context has to be green; an empty list asks for none.
  if (!Array.isArray(contexts) && !isAllGreen(repo, sha)) {
    throw new GitHubFailure(409, `Conflict: Commit status checks failed for ${ref}.`);
  }
  const environment = readString(call.body, "environment") ?? "production";
  const deployment: Deployment = {
    id: call.world.nextId(),
    sha,
    ref,
    task: readString(call.body, "task") ?? "deploy",
    payload: readPayload(call),
    environment,
    description: readString(call.body, "description") ?? null,
    transient: call.body["transient_environment"] === true,
    production:
      call.body["production_environment"] === undefined
        ? environment === "production"
        : call.body["production_environment"] === true,
    creator: requireSender(call),
    app: findActingApp(call),
    statuses: [],
    createdAt: call.world.now(),
  };
  repo.deployments.push(deployment);
  call.world.emit(
    "deployment",
    {
      action: "created",
      deployment: renderDeployment(call.world, repo, deployment),
      workflow: null,
      workflow_run: null,
    },
    { repo, sender: deployment.creator },
  );
  return { status: 201, body: renderDeployment(call.world, repo, deployment) };
}

/** A success makes earlier successes of the same environment inactive, unless they are production or transient. */
function inactivateOthers(call: Call, repo: Repository, deployment: Deployment, environment: string): void {
  for (const other of repo.deployments) {
    const newest = other.statuses.at(-1);
    const isStale = other !== deployment && newest?.state === "success" && newest.environment === environment;
    if (!isStale || other.production || other.transient) continue;
    other.statuses.push({ ...newest, id: call.world.nextId(), state: "inactive", createdAt: call.world.now() });
  }
}

function createStatus(call: Call, repo: Repository): SimulatorResponse {
  const deployment = requireDeployment(call, repo);
  const state = readString(call.body, "state") ?? "";
  const description = readString(call.body, "description") ?? "";
  if (!states.includes(state) || description.length > maximumDescription) {
    throw new GitHubFailure(422, "Validation Failed", [
      { resource: "DeploymentStatus", code: "invalid", field: states.includes(state) ? "description" : "state" },
    ]);
  }
  const environment =
    readString(call.body, "environment") ?? deployment.statuses.at(-1)?.environment ?? deployment.environment;
  const status: DeploymentStatus = {
    id: call.world.nextId(),
    state,
    description,
    logUrl: readString(call.body, "log_url") ?? readString(call.body, "target_url") ?? "",
    environmentUrl: readString(call.body, "environment_url") ?? "",
    environment,
    creator: requireSender(call),
    createdAt: call.world.now(),
  };
  deployment.statuses.push(status);
  if (state === "success" && call.body["auto_inactive"] !== false)
    inactivateOthers(call, repo, deployment, environment);
  call.world.emit(
    "deployment_status",
    {
      action: "created",
      deployment_status: renderDeploymentStatus(call.world, repo, deployment, status),
      deployment: renderDeployment(call.world, repo, deployment),
    },
    { repo, sender: status.creator },
  );
  return { status: 201, body: renderDeploymentStatus(call.world, repo, deployment, status) };
}

/** Deployments and their statuses. */
export const deploymentRoutes: Route[] = [
  repositoryRoute(`GET ${base}`, reads("deployments"), (call, repo) => {
    const matches = (key: "sha" | "ref" | "task" | "environment", value: string): boolean => {
      const wanted = call.query.get(key);
      return wanted === null || wanted === value;
    };
    const found = repo.deployments.filter(
      (deployment) =>
        matches("sha", deployment.sha) &&
        matches("ref", deployment.ref) &&
        matches("task", deployment.task) &&
        matches("environment", deployment.environment),
    );
    return answerPage(call, found.toReversed(), (deployment) => renderDeployment(call.world, repo, deployment));
  }),
  repositoryRoute(`POST ${base}`, writes("write", "deployments"), createDeployment),
  repositoryRoute(`GET ${base}/{deployment_id}`, reads("deployments"), (call, repo) => ({
    status: 200,
    body: renderDeployment(call.world, repo, requireDeployment(call, repo)),
  })),
  repositoryRoute(`GET ${base}/{deployment_id}/statuses`, reads("deployments"), (call, repo) => {
    const deployment = requireDeployment(call, repo);
    return answerPage(call, deployment.statuses.toReversed(), (status) =>
      renderDeploymentStatus(call.world, repo, deployment, status),
    );
  }),
  repositoryRoute(`POST ${base}/{deployment_id}/statuses`, writes("write", "deployments"), createStatus),
];
