import type { Octokit } from "@octokit/rest";
import { strFromU8, unzipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { allEvents, closeAcme, fullPermissions, startAcme, type AcmeScenario } from "./acme-scenario.ts";
import type { GitHubSimulator } from "./github-simulator.ts";

let acme: AcmeScenario;
let github: GitHubSimulator;
let app: Octokit;
let sha: string;
const repo = "acme/shop";
const at = { owner: "acme", repo: "shop" };

beforeEach(async () => {
  acme = await startAcme();
  github = acme.github;
  app = await acme.asApp();
  sha = github.resolveRef({ repo, ref: "main" }) ?? "";
});
afterEach(() => closeAcme(acme));

const annotation = {
  path: "README.md",
  start_line: 1,
  end_line: 1,
  annotation_level: "warning",
  message: "look",
} as const;

describe("check runs", () => {
  it("annotations are appended and listed as an array, and only the newest run of a name counts", async () => {
    const output = { title: "T", summary: "S", annotations: [annotation] };
    const first = await app.rest.checks.create({ ...at, name: "gate", head_sha: sha, output });
    await app.rest.checks.update({ ...at, check_run_id: first.data.id, conclusion: "failure", output });
    const { data } = await app.rest.checks.listAnnotations({ ...at, check_run_id: first.data.id });
    expect(data).toHaveLength(2);
    const second = await app.rest.checks.create({ ...at, name: "gate", head_sha: sha, conclusion: "success" });
    const latest = await app.rest.checks.listForRef({ ...at, ref: "main", check_name: "gate" });
    expect(latest.data.check_runs.map((run) => run.id)).toEqual([second.data.id]);
    const all = await app.rest.checks.listForRef({ ...at, ref: sha, filter: "all" });
    expect(all.data.total_count).toBe(2);
    const suites = await app.rest.checks.listSuitesForRef({ ...at, ref: sha });
    expect(suites.data.check_suites.map((suite) => suite.conclusion)).toEqual(["success"]);
    const suiteId = suites.data.check_suites[0]?.id ?? 0;
    expect((await app.rest.checks.listForSuite({ ...at, check_suite_id: suiteId })).data.total_count).toBe(1);
  });

  it.each([
    ["a label of 21 characters", { actions: [{ label: "x".repeat(21), description: "d", identifier: "i" }] }],
    ["four buttons", { actions: Array.from({ length: 4 }, () => ({ label: "l", description: "d", identifier: "i" })) }],
    [
      "51 annotations",
      { output: { title: "T", summary: "S", annotations: Array.from({ length: 51 }, () => annotation) } },
    ],
    ["a summary that is too long", { output: { title: "T", summary: "x".repeat(65_536) } }],
    ["an output without a title", { output: { summary: "S" } }],
    ["a conclusion that only GitHub sets", { conclusion: "stale" }],
    ["completed without a conclusion", { status: "completed" }],
    ["a commit that does not exist", { head_sha: "0".repeat(40) }],
    [
      "columns over several lines",
      { output: { title: "T", summary: "S", annotations: [{ ...annotation, end_line: 2, start_column: 1 }] } },
    ],
  ])("%s is refused with 422 and changes nothing, also without the contract", async (_name, body) => {
    const unchecked = await startAcme({ unchecked: true });
    const other = await unchecked.asApp();
    const head_sha = unchecked.github.resolveRef({ repo, ref: "main" });
    const call = other.request("POST /repos/{owner}/{repo}/check-runs", {
      ...at,
      name: "gate",
      head_sha,
      ...body,
    } as never);
    await expect(call).rejects.toMatchObject({ status: 422 });
    expect(unchecked.github.checkRuns({ repo })).toEqual([]);
    await closeAcme(unchecked);
  });

  it("another app may read a run but not change it", async () => {
    const { data } = await app.rest.checks.create({ ...at, name: "gate", head_sha: sha });
    const { checkRunId } = github.addWorkflowRun({ repo, path: ".github/workflows/ci.yml", headSha: sha });
    await expect(
      app.rest.checks.update({ ...at, check_run_id: checkRunId, conclusion: "success" }),
    ).rejects.toMatchObject({ status: 403 });
    expect((await app.rest.checks.get({ ...at, check_run_id: data.id })).data.app?.slug).toBe("routeward-test");
  });

  it("a pressed button and a re-run reach the owning app with who did it, and the run itself is not reset", async () => {
    const actions = [{ label: "Roll back", description: "d", identifier: "rollback" }];
    const { data } = await app.rest.checks.create({
      ...at,
      name: "gate",
      head_sha: sha,
      conclusion: "failure",
      actions,
    });
    github.pressAction({ repo, checkRun: data.id, identifier: "rollback", by: "bob" });
    expect(() => github.pressAction({ repo, checkRun: data.id, identifier: "other", by: "bob" })).toThrow("no action");
    github.rerequestCheckRun({ repo, checkRun: data.id, by: "cleo" });
    github.rerequestCheckSuite({ repo, sha, app: "routeward-test", by: "cleo" });
    await app.rest.checks.rerequestRun({ ...at, check_run_id: data.id });
    await github.waitForDeliveries();
    expect(github.deliveries({ event: "check_run" }).map((delivery) => delivery.action)).toEqual([
      "created",
      "completed",
      "requested_action",
      "rerequested",
      "rerequested",
    ]);
    expect(github.deliveries({ event: "check_run", action: "requested_action" })[0]?.payload).toMatchObject({
      requested_action: { identifier: "rollback" },
      sender: { login: "bob" },
    });
    expect(github.deliveries({ event: "check_suite" })[0]?.payload).toMatchObject({
      check_suite: { status: "queued" },
    });
    expect(github.checkRuns({ repo })[0]?.conclusion).toBe("failure");
  });

  it("each app gets a suite for a push, unless the commit says to skip checks", async () => {
    github.pushFiles({ repo, branch: "main", author: "ada", message: "One", files: { a: "1" } });
    github.pushFiles({ repo, branch: "main", author: "ada", message: "Two\n\nskip-checks: true", files: { a: "2" } });
    await github.waitForDeliveries();
    expect(github.deliveries({ event: "check_suite", action: "requested" })).toHaveLength(1);
    expect(github.deliveries({ event: "push" })).toHaveLength(2);
  });
});

describe("protection", () => {
  it("classic protection shows to those who may see it, a ruleset to everybody", async () => {
    github.protectBranch({
      repo,
      branch: "main",
      requiredChecks: [{ context: "gate", appId: 4242 }],
      requiredApprovals: 1,
    });
    const owner = acme.as("dora");
    const branch = { ...at, branch: "main" };
    const { data } = await owner.rest.repos.getBranchProtection(branch);
    expect(data.required_status_checks?.checks).toEqual([{ context: "gate", app_id: 4242 }]);
    await expect(app.rest.repos.getBranchProtection(branch)).rejects.toMatchObject({ status: 403 });
    expect((await app.rest.repos.getBranchRules(branch)).data).toEqual([]);
    expect((await app.rest.repos.getBranch(branch)).data.protected).toBe(true);
    github.protectBranch({ repo, branch: "main", kind: "ruleset", requiredChecks: [{ context: "gate", appId: 4242 }] });
    expect((await app.rest.repos.getBranchRules(branch)).data).toMatchObject([
      {
        type: "required_status_checks",
        parameters: { required_status_checks: [{ context: "gate", integration_id: 4242 }] },
      },
    ]);
    await expect(owner.rest.repos.getBranchProtection(branch)).rejects.toMatchObject({ status: 404 });
  });
});

describe("issues and comments", () => {
  it("are written, edited, deleted and closed, each with its event", async () => {
    const { data: issue } = await app.rest.issues.create({
      ...at,
      title: "Ungated merge",
      body: "why",
      labels: ["routeward"],
    });
    const where = { ...at, issue_number: issue.number };
    const { data: comment } = await app.rest.issues.createComment({ ...where, body: "<!-- routeward -->" });
    expect(comment.performed_via_github_app?.slug).toBe("routeward-test");
    await app.rest.issues.updateComment({ ...at, comment_id: comment.id, body: "new" });
    expect(github.comments({ repo, number: issue.number }).map((item) => item.body)).toEqual(["new"]);
    const mine = github.comment({ repo, number: issue.number, by: "bob", body: "/routeward status" });
    await expect(app.rest.issues.updateComment({ ...at, comment_id: mine, body: "x" })).rejects.toMatchObject({
      status: 403,
    });
    github.editComment({ repo, comment: mine, by: "bob", body: "/routeward explain" });
    await app.rest.issues.deleteComment({ ...at, comment_id: comment.id });
    await app.rest.issues.update({ ...where, state: "closed" });
    expect(github.issues({ repo })).toMatchObject([{ title: "Ungated merge", state: "closed", labels: ["routeward"] }]);
    expect((await app.rest.issues.listForRepo({ ...at, labels: "routeward", state: "all" })).data).toHaveLength(1);
    await github.waitForDeliveries();
    expect(github.deliveries({ event: "issue_comment" }).map((delivery) => delivery.action)).toEqual([
      "created",
      "edited",
      "created",
      "edited",
      "deleted",
    ]);
  });

  it("a body of 65 537 characters is refused", async () => {
    const { data } = await app.rest.issues.create({ ...at, title: "Long" });
    const write = (length: number): Promise<unknown> =>
      app.rest.issues.createComment({ ...at, issue_number: data.number, body: "x".repeat(length) });
    await expect(write(65_537)).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining("too long") as string,
    });
    await expect(write(65_536)).resolves.toBeDefined();
  });
});

describe("deployments", () => {
  const safe = { auto_merge: false, required_contexts: [], transient_environment: false };

  it("GitHub's defaults merge the default branch into a branch that is behind, and ask for every context to be green", async () => {
    github.createBranch({ repo, branch: "behind" });
    github.pushFiles({ repo, branch: "main", author: "ada", message: "Ahead", files: { a: "1" } });
    const merged = await app.request("POST /repos/{owner}/{repo}/deployments", { ...at, ref: "behind" });
    expect(merged.status).toBe(202);
    expect(github.deployments({ repo })).toEqual([]);
    expect(github.readFile({ repo, ref: "behind", path: "a" })).toBe("1");
    await app.rest.repos.createCommitStatus({ ...at, sha, state: "failure", context: "ci" });
    await expect(app.rest.repos.createDeployment({ ...at, ref: sha })).rejects.toMatchObject({ status: 409 });
    expect((await app.rest.repos.createDeployment({ ...at, ref: sha, ...safe })).status).toBe(201);
  });

  it("a success makes earlier ones of the environment inactive, but not in production", async () => {
    const deploy = async (environment: string, production_environment: boolean): Promise<number> => {
      const { data } = await app.rest.repos.createDeployment({
        ...at,
        ref: sha,
        ...safe,
        environment,
        production_environment,
        task: "route-rollout",
      });
      const id = (data as { id: number }).id;
      await app.rest.repos.createDeploymentStatus({
        ...at,
        deployment_id: id,
        state: "success",
        description: "served",
      });
      return id;
    };
    await deploy("canary", false);
    await deploy("canary", false);
    await deploy("prod", true);
    await deploy("prod", true);
    const states = github.deployments({ repo }).map((deployment) => deployment.statuses.at(-1)?.state);
    expect(states).toEqual(["inactive", "success", "success", "success"]);
    expect(
      (await app.rest.repos.listDeployments({ ...at, environment: "canary", task: "route-rollout" })).data,
    ).toHaveLength(2);
  });
});

describe("workflow runs", () => {
  it("an artifact is a redirect to a real zip, an expired one is gone", async () => {
    const { runId } = github.addWorkflowRun({
      repo,
      path: ".github/workflows/eval.yml",
      headSha: sha,
      artifacts: [
        { name: "eval", files: { "eval.json": '{"passed":true}' } },
        { name: "old", files: {}, expired: true },
      ],
    });
    const { data: run } = await app.rest.actions.getWorkflowRun({ ...at, run_id: runId });
    expect(run).toMatchObject({ path: ".github/workflows/eval.yml", head_sha: sha, conclusion: "success" });
    const { data } = await app.rest.actions.listWorkflowRunArtifacts({ ...at, run_id: runId });
    const [good, old] = data.artifacts;
    const zip = await app.rest.actions.downloadArtifact({ ...at, artifact_id: good?.id ?? 0, archive_format: "zip" });
    const files = unzipSync(new Uint8Array(zip.data as ArrayBuffer));
    expect(strFromU8(files["eval.json"] ?? new Uint8Array())).toBe('{"passed":true}');
    const gone = app.rest.actions.downloadArtifact({ ...at, artifact_id: old?.id ?? 0, archive_format: "zip" });
    await expect(gone).rejects.toMatchObject({ status: 410 });
    await github.waitForDeliveries();
    expect(github.deliveries({ event: "workflow_run" })).toHaveLength(1);
  });
});

it("a second app with fewer rights is only sent what it may see", async () => {
  github.installApp({
    appId: 7,
    slug: "other",
    privateKeyPem: acme.privateKeyPem,
    permissions: { issues: "read" },
    events: allEvents,
    account: "acme",
  });
  expect(Object.keys(fullPermissions)).toContain("checks");
  github.pushFiles({ repo, branch: "main", author: "ada", message: "One", files: { a: "1" } });
  await app.rest.issues.create({ ...at, title: "Hello" });
  await github.waitForDeliveries();
  expect(github.deliveries({ appId: 7 }).map((delivery) => delivery.event)).toEqual(["installation", "issues"]);
});
