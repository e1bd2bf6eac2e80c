import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, expect, it } from "vitest";
import {
  appId,
  closeAcme,
  connectTo,
  signAppToken,
  startAcme,
  webhookSecret,
  type AcmeScenario,
} from "./acme-scenario.ts";
import type { GitHubSimulator } from "./github-simulator.ts";

let acme: AcmeScenario;
let github: GitHubSimulator;
let server: Server;
let received: { headers: IncomingHttpHeaders; body: string }[];
/** What the receiver answers; undefined never answers. */
let answer: number | undefined;
const repo = "acme/shop";

beforeEach(async () => {
  received = [];
  answer = 202;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      if (answer !== undefined) response.writeHead(answer).end("noted");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  acme = await startAcme({ webhookTimeoutMs: 2_500, webhookUrl: `http://127.0.0.1:${port}/hook` });
  github = acme.github;
  await github.waitForDeliveries();
  received = [];
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await closeAcme(acme);
});

function openIssue(title: string): Promise<unknown> {
  return acme.as("ada").rest.issues.create({ owner: "acme", repo: "shop", title });
}

function titles(): string[] {
  return received.map(({ body }) => (JSON.parse(body) as { issue: { title: string } }).issue.title);
}

it("a delivery is signed over its bytes and carries GitHub's headers and the installation", async () => {
  await openIssue("One");
  await github.waitForDeliveries();
  const [hook] = received;
  const signature = createHmac("sha256", webhookSecret)
    .update(hook?.body ?? "")
    .digest("hex");
  expect(hook?.headers).toMatchObject({
    "x-github-event": "issues",
    "x-github-delivery": expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string,
    "x-github-hook-id": expect.stringMatching(/^\d+$/) as string,
    "x-github-hook-installation-target-id": String(appId),
    "x-github-hook-installation-target-type": "integration",
    "x-hub-signature-256": `sha256=${signature}`,
    "user-agent": expect.stringMatching(/^GitHub-Hookshot\//) as string,
  });
  expect(JSON.parse(hook?.body ?? "")).toMatchObject({
    action: "opened",
    installation: { id: acme.installationId },
    sender: { login: "ada" },
  });
});

it("failures and time-outs are logged and never sent again by themselves; a redelivery keeps the GUID", async () => {
  answer = 500;
  await openIssue("Failed");
  await github.waitForDeliveries();
  answer = undefined;
  await openIssue("Too slow");
  await github.waitForDeliveries();
  answer = 202;
  expect(received).toHaveLength(2);
  const app = connectTo(github.apiUrl, await signAppToken());
  const { data } = await app.rest.apps.listWebhookDeliveries({ per_page: 2 });
  expect(data.map((item) => [item.event, item.status, item.status_code])).toEqual([
    ["issues", "timed out", 0],
    ["issues", "Invalid HTTP Response: 500", 500],
  ]);
  const failed = await app.rest.apps.listWebhookDeliveries({ status: "failure" });
  expect(failed.data).toHaveLength(1);
  const id = data[1]?.id ?? 0;
  expect((await app.rest.apps.redeliverWebhookDelivery({ delivery_id: id })).status).toBe(202);
  await github.waitForDeliveries();
  expect(titles()).toEqual(["Failed", "Too slow", "Failed"]);
  expect(received[2]?.headers["x-github-delivery"]).toBe(data[1]?.guid);
  const newest = github.deliveries().at(-1);
  expect(newest).toMatchObject({ guid: data[1]?.guid, redelivery: true, status: "OK" });
  expect(newest?.id).not.toBe(String(id));
  const detail = await app.rest.apps.getWebhookDelivery({ delivery_id: Number(newest?.id) });
  expect(detail.data.response).toMatchObject({ payload: "noted" });
});

it("the delivery log is paged by cursor, newest first", async () => {
  for (const title of ["One", "Two", "Three"]) await openIssue(title);
  await github.waitForDeliveries();
  const app = connectTo(github.apiUrl, await signAppToken());
  const all = await app.paginate(app.rest.apps.listWebhookDeliveries, { per_page: 1 });
  expect(all.map((item) => item.event)).toEqual(["issues", "issues", "issues", "installation"]);
  expect(new Set(all.map((item) => item.id)).size).toBe(4);
});

it("deliveries can be held, reordered, lost and doubled", async () => {
  github.holdDeliveries({ event: "issues" });
  await openIssue("One");
  await openIssue("Two");
  await github.waitForDeliveries();
  expect(received).toEqual([]);
  github.releaseDeliveries("reversed");
  await github.waitForDeliveries();
  expect(titles()).toEqual(["Two", "One"]);
  github.holdDeliveries();
  await openIssue("Lost");
  expect(github.loseHeldDeliveries()).toBe(1);
  github.releaseDeliveries();
  const last = github.deliveries({ repo }).at(-1);
  github.duplicateDelivery({ id: last?.id ?? "" });
  await github.waitForDeliveries();
  expect(titles()).toEqual(["Two", "One", "One"]);
  expect(received[2]?.headers["x-github-delivery"]).toBe(received[1]?.headers["x-github-delivery"]);
});

it("nothing that was not subscribed to is sent, installation events always are", async () => {
  const { installationId } = github.installApp({
    appId: 9,
    slug: "quiet",
    privateKeyPem: acme.privateKeyPem,
    permissions: { issues: "write", checks: "write" },
    events: [],
    account: "acme",
  });
  await openIssue("One");
  github.pushFiles({ repo, branch: "main", author: "ada", message: "Push", files: { a: "1" } });
  github.suspendInstallation({ installationId, suspended: true });
  github.suspendInstallation({ installationId, suspended: false });
  github.uninstallApp({ installationId });
  await github.waitForDeliveries();
  expect(github.deliveries({ appId: 9 }).map((delivery) => `${delivery.event}.${delivery.action}`)).toEqual([
    "installation.created",
    "check_suite.requested",
    "installation.suspend",
    "installation.unsuspend",
    "installation.deleted",
  ]);
});
