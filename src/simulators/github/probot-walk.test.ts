import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Probot, ProbotOctokit } from "probot";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { appId, startAcme, webhookSecret, type AcmeScenario } from "./acme-scenario.ts";

let acme: AcmeScenario;
let server: Server;

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await acme.github.close();
});

it("a real Probot app takes a pull request from opened over check run, review request and approval to merged", async () => {
  acme = await startAcme();
  const { github, repo, at } = acme;
  const seen: string[] = [];
  const probot = new Probot({
    appId,
    privateKey: acme.privateKeyPem,
    secret: webhookSecret,
    baseUrl: github.apiUrl,
    log: pino({ level: "silent" }),
    Octokit: ProbotOctokit.defaults((options: Record<string, unknown>) => ({
      ...options,
      throttle: { ...(options["throttle"] as object), enabled: false },
    })),
  });
  await probot.load((app) => {
    app.onAny(({ name, payload }) => void seen.push("action" in payload ? `${name}.${payload.action}` : name));
    app.on("pull_request.opened", async (context) => {
      const pull = context.payload.pull_request;
      const { data: files } = await context.octokit.rest.pulls.listFiles({ ...at, pull_number: pull.number });
      await context.octokit.rest.checks.create({
        ...at,
        name: "routeward/approval",
        head_sha: pull.head.sha,
        status: "completed",
        conclusion: "action_required",
        output: { title: "Waiting", summary: files.map((file) => file.filename).join(", ") },
      });
      await context.octokit.rest.pulls.requestReviewers({
        ...at,
        pull_number: pull.number,
        team_reviewers: ["platform"],
      });
    });
    app.on("pull_request_review.submitted", async (context) => {
      const sha = context.payload.pull_request.head.sha;
      const { data } = await context.octokit.rest.checks.listForRef({
        ...at,
        ref: sha,
        check_name: "routeward/approval",
      });
      const run = data.check_runs[0];
      if (run === undefined) throw new Error("no run");
      await context.octokit.rest.checks.update({ ...at, check_run_id: run.id, conclusion: "success" });
    });
  });
  server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      await probot.webhooks.verifyAndReceive({
        id: String(request.headers["x-github-delivery"]),
        name: String(request.headers["x-github-event"]),
        payload: Buffer.concat(chunks).toString("utf8"),
        signature: String(request.headers["x-hub-signature-256"]),
      });
      response.end("ok");
    })().catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  github.setWebhookUrl({ appId, url });
  github.protectBranch({ repo, branch: "main", requiredChecks: [{ context: "routeward/approval", appId }] });

  github.pushFiles({
    repo,
    branch: "change",
    author: "ada",
    message: "Change",
    files: { "model-routes/support.yaml": "x: 1\n" },
  });
  const { number } = github.openPull({ repo, head: "change", title: "Change the route", author: "ada" });
  await github.waitForDeliveries();
  expect(github.checkRuns({ repo }).map((run) => [run.conclusion, run.summary])).toEqual([
    ["action_required", "model-routes/support.yaml"],
  ]);
  expect(github.pull({ repo, number }).requestedTeams).toEqual(["platform"]);
  expect(() => github.mergePull({ repo, number, by: "ada" })).toThrow(/is failing/);

  github.review({ repo, number, by: "cleo", event: "APPROVE" });
  await github.waitForDeliveries();
  expect(github.pull({ repo, number }).requestedTeams).toEqual([]);
  github.mergePull({ repo, number, by: "ada", method: "squash" });
  await github.waitForDeliveries();

  expect(
    github.deliveries().filter((delivery) => delivery.status !== "OK" && delivery.event !== "installation"),
  ).toEqual([]);
  expect(seen).toEqual(
    expect.arrayContaining([
      "pull_request.opened",
      "pull_request.review_requested",
      "pull_request_review.submitted",
      "pull_request.closed",
      "push",
    ]),
  );
  expect(github.readFile({ repo, ref: "main", path: "model-routes/support.yaml" })).toBe("x: 1\n");
  expect(github.violations).toEqual([]);
});
