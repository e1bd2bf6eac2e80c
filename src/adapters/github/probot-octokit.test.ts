import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { startLoopbackServer, type LoopbackServer } from "../../simulators/loopback-server.ts";
import { createBoundedFetch } from "./bounded-fetch.ts";
import { createGitHubPort } from "./create-github-port.ts";
import { createGitHubProbot, readGitHubBaseUrl, type Pace } from "./probot-octokit.ts";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

const closing: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Gives tokens and says yes to everything else. */
async function startYes(): Promise<LoopbackServer> {
  const server = await startLoopbackServer((request) =>
    Promise.resolve(
      request.path.endsWith("/access_tokens")
        ? {
            status: 201,
            body: {
              token: `ghs_${request.path.split("/").at(-2)}`,
              expires_at: "2099-01-01T00:00:00Z",
              permissions: {},
              repository_selection: "all",
            },
          }
        : { status: 200, body: { id: 1 } },
    ),
  );
  closing.push(() => server.close());
  return server;
}

function createProbotAt(url: string, pace: Pace, timeoutMs = 5000) {
  return createGitHubProbot({
    appId: 1,
    privateKey,
    webhookSecret: "s",
    log: pino({ level: "silent" }),
    baseUrl: `${url}/api/v3`,
    pace,
    timeoutMs,
  });
}

/** Milliseconds that two writes of each of two installations take. */
async function timeWrites(pace: Pace): Promise<number> {
  const server = await startYes();
  const { octokitForInstallation } = createProbotAt(server.url, pace);
  const started = performance.now();
  await Promise.all(
    [11, 12].flatMap((id) =>
      [1, 2].map(async () => {
        const octokit = await octokitForInstallation(id);
        await octokit.request("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
          owner: "a",
          repo: "b",
          check_run_id: 1,
        });
      }),
    ),
  );
  return performance.now() - started;
}

describe("pacing", () => {
  it("of one installation does not hold up another", async () => {
    const elapsed = await timeWrites("github");
    // Shared, the four writes would take three seconds.
    expect(elapsed).toBeGreaterThan(900);
    expect(elapsed).toBeLessThan(2000);
  });

  it("can be left out for a GitHub without limits", async () => {
    expect(await timeWrites("unpaced")).toBeLessThan(900);
  });
});

it("every request goes to the given host, with a token for the installation", async () => {
  const server = await startYes();
  const { octokitForApp, octokitForInstallation } = createProbotAt(server.url, "unpaced");
  const octokit = await octokitForInstallation(7);
  await octokit.request("GET /repos/{owner}/{repo}", { owner: "a", repo: "b" });
  await (await octokitForApp()).request("GET /app");
  await octokit.graphql("query { viewer { login } }").catch(() => null);
  expect(server.log.map((entry) => `${entry.method} ${entry.path}`)).toEqual([
    "POST /api/v3/app/installations/7/access_tokens",
    "GET /api/v3/repos/a/b",
    "GET /api/v3/app",
    "POST /api/graphql",
  ]);
});

it("a write that is not answered in time is unavailable and sent once", async () => {
  const server = await startYes();
  server.addFault({ when: (request) => request.method === "POST", effect: { kind: "latency", milliseconds: 600 } });
  const { octokitForApp, octokitForInstallation } = createProbotAt(server.url, "unpaced", 200);
  const port = createGitHubPort({ octokitForApp, octokitForInstallation, appId: 1, now: () => new Date() });
  await expect(port.redeliver("5")).rejects.toMatchObject({ kind: "unavailable", status: 0, retryable: true });
  expect(server.log.filter((entry) => entry.method === "POST")).toHaveLength(1);
});

it("a read that fails once is read again", async () => {
  const server = await startYes();
  server.addFault({
    when: (request) => request.path.endsWith("/app"),
    times: 1,
    effect: { kind: "status", response: { status: 502, body: {} } },
  });
  const { octokitForApp } = createProbotAt(server.url, "unpaced");
  expect(await (await octokitForApp()).request("GET /app")).toMatchObject({ status: 200 });
});

describe("an answer", () => {
  async function startRaw(answer: (response: ServerResponse) => void): Promise<string> {
    const server: Server = createServer((_request, response) => answer(response));
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    closing.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  it.each<[string, (response: ServerResponse) => void]>([
    [
      "that breaks off",
      (response) => {
        response.writeHead(200, { "content-length": "100", "content-type": "application/json" });
        response.write('{"id":');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    [
      "that stops in the middle",
      (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write('{"id":');
      },
    ],
  ])("%s is a failure and not an empty answer", async (_name, answer) => {
    const url = await startRaw(answer);
    await expect(createBoundedFetch(300)(url)).rejects.toThrow(/terminated|timeout/);
  });

  it("without a body and with a status that allows none comes through", async () => {
    const url = await startRaw((response) => response.writeHead(204).end());
    expect((await createBoundedFetch(300)(url)).status).toBe(204);
  });
});

it.each([
  ["github.com without a host", undefined, undefined, undefined],
  ["an enterprise server", "git.acme.example", undefined, "https://git.acme.example/api/v3"],
  ["a simulator", "127.0.0.1:4555", "http", "http://127.0.0.1:4555/api/v3"],
])("the base address of %s", (_name, host, protocol, expected) => {
  expect(readGitHubBaseUrl(host, protocol)).toBe(expected);
});
