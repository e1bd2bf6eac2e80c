import { generateKeyPairSync } from "node:crypto";
import nock from "nock";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { GitHubError } from "../../ports/github.ts";
import { createGitHubPort } from "./create-github-port.ts";
import { createGitHubProbot } from "./probot-octokit.ts";

const host = "https://github.example";
const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

beforeEach(() => {
  nock.disableNetConnect();
  nock(host).get("/api/v3/repos/acme/routes/installation").reply(200, { id: 5 });
  nock(host).post("/api/v3/app/installations/5/access_tokens").reply(201, {
    token: "ghs_made_up_token",
    expires_at: "2099-01-01T00:00:00Z",
    permissions: {},
    repository_selection: "all",
  });
});

afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

async function openPort() {
  const probot = createGitHubProbot({
    appId: 7,
    privateKey,
    webhookSecret: "a secret",
    log: pino({ level: "silent" }),
    baseUrl: `${host}/api/v3`,
    pace: "unpaced",
  });
  const github = createGitHubPort({
    ...probot,
    appId: 7,
    now: () => new Date("2026-06-16T09:00:00Z"),
    wait: async () => {},
  });
  return github.openRepository("acme", "routes");
}

it("asks the GitHub of GHE_HOST with the installation's own token", async () => {
  const asked = nock(host, { reqheaders: { authorization: "token ghs_made_up_token" } })
    .get("/api/v3/repos/acme/routes")
    .reply(200, { id: 9, name: "routes", default_branch: "main", owner: { login: "acme" } });
  const port = await openPort();
  expect(await port.readRepository()).toMatchObject({ id: 9, owner: "acme", name: "routes", defaultBranch: "main" });
  expect(asked.isDone()).toBe(true);
});

it.each([
  ["a limit that has an end", 403, { "retry-after": "120" }, "rate-limited", true],
  ["a refusal", 403, {}, "forbidden", false],
  ["an answer that nobody has described", 418, {}, "unexpected", false],
])("says what %s means and whether trying again helps", async (_name, status, headers, kind, retryable) => {
  nock(host)
    .persist()
    .get("/api/v3/repos/acme/routes")
    .reply(status, { message: "no" }, { ...headers });
  const port = await openPort();
  const error: unknown = await port.readRepository().catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(GitHubError);
  expect(error).toMatchObject({ kind, retryable });
  expect(String(error)).not.toContain("ghs_made_up_token");
});
