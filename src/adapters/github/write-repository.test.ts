import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CheckReport } from "../../core/effect.ts";
import { startLoopbackServer, type Fault } from "../../simulators/loopback-server.ts";
import { openRoutePull, repo, startTestWorld, type TestWorld } from "./test-world.ts";

let world: TestWorld;
let number: number;
let headSha: string;

beforeEach(async () => {
  world = await startTestWorld();
  ({ number, headSha } = openRoutePull(world.simulator));
});

afterEach(async () => {
  await world.close();
});

/** Bad weather for the next writes to paths that end so. */
function spoil(method: string, end: string, effect: Fault["effect"], times = 1): void {
  world.simulator.server.addFault({
    when: (request) => request.method === method && request.path.endsWith(end),
    times,
    effect,
  });
}

function countRequests(method: string, end: string): number {
  return world.simulator.server.log.filter((entry) => entry.method === method && entry.path.endsWith(end)).length;
}

const badGateway: Fault["effect"] = { kind: "status", response: { status: 502, body: { message: "bad gateway" } } };

/** The ways a write can go wrong without anybody knowing whether it happened. */
const weather: [string, Fault["effect"]][] = [
  ["the answer is lost", { kind: "lost-answer" }],
  ["the request is lost", { kind: "lost-request" }],
  ["something in between fails", badGateway],
];

function report(change: Partial<CheckReport> = {}, annotations = 0): CheckReport {
  return {
    name: "routeward/approval",
    headSha,
    status: "completed",
    conclusion: "action_required",
    title: "High risk: waiting for security-owner",
    summary: "summary",
    text: "text",
    annotations: Array.from({ length: annotations }, (_, index) => ({
      path: "model-routes/a.yaml",
      startLine: index + 1,
      endLine: index + 1,
      startColumn: 1,
      endColumn: 2,
      level: "warning",
      title: "Changed",
      message: `line ${index + 1}`,
      rawDetails: "",
    })),
    actions: [{ label: "Re-check", description: "Judge again", identifier: "recheck" }],
    externalId: "digest-1",
    ...change,
  };
}

function runs() {
  return world.simulator.checkRuns({ repo, sha: headSha });
}

describe("a check run", () => {
  it("is created once and not written again while it shows the same", async () => {
    const { repository } = world;
    expect(await repository.findCheck(headSha, "routeward/approval")).toBeNull();
    const first = await repository.publishCheck(report());
    const again = await repository.publishCheck(report());
    expect(first.written).toBe(true);
    expect(again).toEqual({ checkRunId: first.checkRunId, written: false });
    expect(runs()).toMatchObject([{ conclusion: "action_required", externalId: "digest-1", title: report().title }]);
    expect(await repository.findCheck(headSha, "routeward/approval")).toEqual({
      id: first.checkRunId,
      conclusion: "action_required",
      externalId: "digest-1",
    });
  });

  it("in progress is finished in place, and a finished one is followed by a new one", async () => {
    const { repository } = world;
    await repository.publishCheck(report({ status: "in_progress", conclusion: null, externalId: "working" }));
    await repository.publishCheck(report());
    expect(runs()).toHaveLength(1);
    await repository.publishCheck(report({ conclusion: "success", externalId: "digest-2" }));
    expect(runs().map((run) => run.conclusion)).toEqual(["action_required", "success"]);
    expect(await repository.findCheck(headSha, "routeward/approval")).toMatchObject({ conclusion: "success" });
  });

  it("shows every annotation once, in batches", async () => {
    await world.repository.publishCheck(report({}, 120));
    const [run] = runs();
    expect(run?.annotations.map((annotation) => annotation.message)).toEqual(
      Array.from({ length: 120 }, (_, index) => `line ${index + 1}`),
    );
    expect(run?.conclusion).toBe("action_required");
    expect(countRequests("POST", "/check-runs")).toBe(1);
  });

  it.each(weather)("exists once with every annotation once although %s", async (_name, effect) => {
    spoil("POST", "/check-runs", effect);
    world.simulator.server.addFault({ when: (request) => request.method === "PATCH", times: 1, effect });
    await world.repository.publishCheck(report({}, 120));
    expect(runs()).toHaveLength(1);
    expect(new Set(runs()[0]?.annotations.map((annotation) => annotation.message)).size).toBe(120);
    expect(runs()[0]?.annotations).toHaveLength(120);
    expect(runs()[0]?.status).toBe("completed");
  });

  it("stays an error when GitHub is away for long", async () => {
    spoil("POST", "/check-runs", badGateway, 9);
    await expect(world.repository.publishCheck(report())).rejects.toMatchObject({
      kind: "unavailable",
      retryable: true,
    });
    expect(countRequests("POST", "/check-runs")).toBe(3);
  });

  it("of another app is not ours", async () => {
    const { simulator, repository } = world;
    simulator.addWorkflowRun({ repo, path: ".github/workflows/routeward/approval", headSha, conclusion: "success" });
    expect(await repository.findCheck(headSha, "routeward/approval")).toBeNull();
  });

  it("is not repeated when GitHub calls it invalid", async () => {
    const wrong = report({ actions: [{ label: "x".repeat(30), description: "d", identifier: "i" }] });
    spoil("POST", "/check-runs", { kind: "status", response: { status: 422, body: { message: "Invalid request" } } });
    await expect(world.repository.publishCheck({ ...wrong, actions: [] })).rejects.toMatchObject({ kind: "invalid" });
    expect(countRequests("POST", "/check-runs")).toBe(1);
  });
});

describe("a rate limit", () => {
  it("is told with the time to come back and not waited for", async () => {
    world.simulator.exhaustRateLimit({ kind: "secondary", retryAfterSeconds: 120 });
    const before = Date.now();
    const failure = await world.repository.publishCheck(report()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "rate-limited", retryable: true });
    const retryAt = Date.parse((failure as { retryAt: string }).retryAt);
    expect(retryAt - before).toBeGreaterThan(110_000);
  });

  it("of the primary kind too", async () => {
    world.simulator.exhaustRateLimit({ kind: "primary", status: 403 });
    await expect(world.repository.readPull(number)).rejects.toMatchObject({ kind: "rate-limited", status: 403 });
  });
});

describe("reviewers", () => {
  const pull = () => world.simulator.pull({ repo, number });

  it("are requested once; people who are asked already are left out", async () => {
    const { repository } = world;
    expect(await repository.requestReviewers(number, ["@bob"], ["@acme/platform"])).toEqual({ refused: [] });
    expect(await repository.requestReviewers(number, ["Bob"], ["platform"])).toEqual({ refused: [] });
    expect(countRequests("POST", "/requested_reviewers")).toBe(1);
    expect(await repository.readRequestedReviewers(number)).toEqual({ users: ["bob"], teams: ["platform"] });
  });

  it("are asked in calls of at most fifteen people", async () => {
    const logins = Array.from({ length: 20 }, (_, index) => `reviewer-${String(index).padStart(2, "0")}`);
    for (const login of logins) {
      world.simulator.createUser({ login });
      world.simulator.grantAccess({ repo, login, permission: "write" });
    }
    expect(await world.repository.requestReviewers(number, logins, ["platform"])).toEqual({ refused: [] });
    expect(countRequests("POST", "/requested_reviewers")).toBe(2);
    expect(pull()).toMatchObject({ requestedReviewers: logins, requestedTeams: ["platform"] });
  });

  it("are tried one by one when GitHub refuses one of them", async () => {
    const { refused } = await world.repository.requestReviewers(number, ["ann", "bob", "nobody-here"], ["platform"]);
    expect(refused.map((refusal) => refusal.name)).toEqual(["ann", "nobody-here"]);
    expect(refused[0]?.why).toMatch(/author/);
    expect(pull()).toMatchObject({ requestedReviewers: ["bob"], requestedTeams: ["platform"] });
  });

  it.each(weather)("are asked once although %s", async (_name, effect) => {
    spoil("POST", "/requested_reviewers", effect);
    await world.repository.requestReviewers(number, ["bob"], ["platform"]);
    expect(pull()).toMatchObject({ requestedReviewers: ["bob"], requestedTeams: ["platform"] });
    expect(countRequests("POST", "/requested_reviewers")).toBe(effect.kind === "lost-answer" ? 1 : 2);
  });

  it("are withdrawn, only those who are asked", async () => {
    const { repository } = world;
    await repository.requestReviewers(number, ["bob"], ["platform"]);
    await repository.withdrawReviewers(number, [], ["platform"]);
    expect(pull()).toMatchObject({ requestedReviewers: ["bob"], requestedTeams: [] });
    await repository.withdrawReviewers(number, ["cat"], ["platform"]);
    expect(countRequests("DELETE", "/requested_reviewers")).toBe(1);
  });
});

describe("comments", () => {
  const bodies = () => world.simulator.comments({ repo, number }).map((comment) => comment.body);

  it("with one marker are one, edited in place", async () => {
    const { repository } = world;
    const first = await repository.putComment(number, "routeward:card", "one");
    expect(await repository.putComment(number, "routeward:card", "one")).toEqual({ ...first, written: false });
    expect(await repository.putComment(number, "routeward:card", "two")).toEqual({ ...first, written: true });
    expect(bodies()).toEqual(["<!-- routeward:card -->\ntwo"]);
  });

  it("of somebody who pasted the marker are not ours", async () => {
    const { simulator, repository } = world;
    simulator.comment({ repo, number, by: "ann", body: "<!-- routeward:card --> approved!" });
    await repository.putComment(number, "routeward:card", "one");
    expect(bodies()).toEqual(["<!-- routeward:card --> approved!", "<!-- routeward:card -->\none"]);
  });

  it.each(weather)("are added once although %s", async (_name, effect) => {
    spoil("POST", "/comments", effect);
    await world.repository.addComment(number, "routeward:answer-1", "done");
    await world.repository.addComment(number, "routeward:answer-1", "done");
    await world.repository.addComment(number, "routeward:answer-2", "more");
    expect(bodies()).toEqual(["<!-- routeward:answer-1 -->\ndone", "<!-- routeward:answer-2 -->\nmore"]);
  });
});

describe("issues", () => {
  const titles = () => world.simulator.issues({ repo }).map((issue) => issue.title);

  it.each(weather)("are opened once although %s", async (_name, effect) => {
    spoil("POST", "/issues", effect);
    const first = await world.repository.openIssue("routeward:ungated-1", "Ungated merge", "why", ["routeward"]);
    const again = await world.repository.openIssue("routeward:ungated-1", "Ungated merge", "why", ["routeward"]);
    expect(again).toEqual({ number: first.number, written: false });
    expect(titles().filter((title) => title === "Ungated merge")).toHaveLength(1);
  });
});

describe("deployments", () => {
  const wanted = () => ({
    key: "rollout-1",
    sha: headSha,
    environment: "model-routes/prod/internal-canary",
    isProduction: true,
    state: "in_progress" as const,
    description: "x".repeat(200),
    payload: { flagKey: "support_answer" },
  });

  it("are created once for a key and carry each state once", async () => {
    const { simulator, repository } = world;
    const first = await repository.setDeployment(wanted());
    expect(await repository.setDeployment(wanted())).toEqual({ ...first, written: false });
    await repository.setDeployment({ ...wanted(), state: "success", description: "proven" });
    await repository.setDeployment({ ...wanted(), state: "inactive", description: "rolled back" });
    const [deployment, ...others] = simulator.deployments({ repo });
    expect(others).toEqual([]);
    expect(deployment).toMatchObject({
      ref: headSha,
      task: "route-rollout",
      payload: { flagKey: "support_answer", key: "rollout-1" },
    });
    expect(deployment?.statuses.map((status) => status.state)).toEqual(["in_progress", "success", "inactive"]);
    expect(deployment?.statuses[0]?.description).toHaveLength(140);
  });

  it.each(weather)("exist once although %s", async (_name, effect) => {
    spoil("POST", "/deployments", effect);
    spoil("POST", "/statuses", effect);
    await world.repository.setDeployment(wanted());
    const deployments = world.simulator.deployments({ repo });
    expect(deployments.map((deployment) => deployment.statuses.length)).toEqual([1]);
  });

  it("of another key are others", async () => {
    await world.repository.setDeployment(wanted());
    await world.repository.setDeployment({ ...wanted(), key: "rollout-2" });
    expect(world.simulator.deployments({ repo })).toHaveLength(2);
  });
});

describe("deliveries", () => {
  it("that failed are found, oldest first, until a redelivery arrives", async () => {
    const { simulator, port } = world;
    let status = 500;
    const receiver = await startLoopbackServer(() => Promise.resolve({ status, body: {} }));
    simulator.setWebhookUrl({ appId: 4711, url: `${receiver.url}/` });
    simulator.rerequestCheckSuite({ repo, sha: headSha, app: "routeward", by: "ann" });
    await simulator.waitForDeliveries();
    const expected = simulator.deliveries().map(({ id, guid, event }) => ({ id, guid, event }));
    expect(expected.length).toBeGreaterThan(0);

    const failed = await port.listFailedDeliveries("2000-01-01T00:00:00Z");
    expect(failed).toMatchObject(expected);
    expect(await port.listFailedDeliveries("2999-01-01T00:00:00Z")).toEqual([]);

    status = 202;
    for (const delivery of failed) await port.redeliver(delivery.id);
    await simulator.waitForDeliveries();
    expect(await port.listFailedDeliveries("2000-01-01T00:00:00Z")).toEqual([]);
    await receiver.close();
  });

  it("that nobody knows cannot be sent again", async () => {
    await expect(world.port.redeliver("1")).rejects.toMatchObject({ name: "GitHubError", kind: "missing" });
  });
});
