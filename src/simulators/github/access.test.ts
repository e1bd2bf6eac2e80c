import type { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appId, connectTo, signAppToken, startAcme, type AcmeScenario } from "./acme-scenario.ts";
import { loadGitHubContract } from "./contract/load-github-contract.ts";

let acme: AcmeScenario;
beforeEach(async () => {
  acme = await startAcme();
});
afterEach(async () => acme.github.close());

async function statusOf(call: Promise<{ status: number }>): Promise<number> {
  return call.then(
    (answer) => answer.status,
    (error: unknown) => (error as { status: number }).status,
  );
}

describe("app authentication", () => {
  it.each([
    ["a good token is accepted", {}, 200],
    ["an expired token is refused", { exp: Math.floor(Date.now() / 1000) - 5 }, 401],
    ["a token for more than ten minutes is refused", { exp: Math.floor(Date.now() / 1000) + 3600 }, 401],
    ["a token of an unknown app is refused", { iss: "1" }, 401],
    ["a token from the future is refused", { iat: Math.floor(Date.now() / 1000) + 300 }, 401],
  ])("%s", async (_name, claims, status) => {
    const app = connectTo(acme.github.apiUrl, await signAppToken(claims));
    expect(await statusOf(app.rest.apps.getAuthenticated())).toBe(status);
  });

  it("a token with a changed signature is refused", async () => {
    const token = await signAppToken();
    const app = connectTo(acme.github.apiUrl, `${token.slice(0, -6)}AAAAAA`);
    expect(await statusOf(app.rest.apps.getAuthenticated())).toBe(401);
  });

  it("installations are listed and found by organisation, repository and user", async () => {
    const app = connectTo(acme.github.apiUrl, await signAppToken());
    const id = acme.installationId;
    expect((await app.rest.apps.listInstallations()).data.map((installation) => installation.id)).toEqual([id]);
    expect((await app.rest.apps.getInstallation({ installation_id: id })).data.app_id).toBe(appId);
    expect((await app.rest.apps.getRepoInstallation(acme.at)).data.id).toBe(id);
    expect((await app.rest.apps.getOrgInstallation({ org: "acme" })).data.id).toBe(id);
    expect(await statusOf(app.rest.apps.getUserInstallation({ username: "eve" }))).toBe(404);
    expect(acme.github.violations).toEqual([]);
  });

  it("an installation token is long, lasts an hour, and sees the installation's repositories", async () => {
    const octokit = await acme.asApp();
    const { data } = await octokit.rest.apps.listReposAccessibleToInstallation();
    expect(data.repositories.map((repo) => repo.full_name)).toEqual(["acme/shop"]);
    const answer = (await octokit.auth()) as { token: string };
    expect(answer.token.length).toBeGreaterThan(400);
    acme.github.expireTokens();
    expect(await statusOf(octokit.rest.repos.get(acme.at))).toBe(401);
  });

  it("a suspended installation gets no token", async () => {
    acme.github.suspendInstallation({ installationId: acme.installationId, suspended: true });
    await expect(acme.asApp()).rejects.toMatchObject({ status: 403 });
    acme.github.suspendInstallation({ installationId: acme.installationId, suspended: false });
    expect(await statusOf((await acme.asApp()).rest.repos.get(acme.at))).toBe(200);
  });
});

describe("permissions", () => {
  it.each([
    [
      "reading contents needs contents",
      { metadata: "read" },
      (o: Octokit) => o.rest.repos.getContent({ owner: "acme", repo: "shop", path: "README.md" }),
      403,
    ],
    [
      "reading contents with contents works",
      { contents: "read" },
      (o: Octokit) => o.rest.repos.getContent({ owner: "acme", repo: "shop", path: "README.md" }),
      200,
    ],
    [
      "writing an issue needs more than read",
      { issues: "read" },
      (o: Octokit) => o.rest.issues.create({ owner: "acme", repo: "shop", title: "x" }),
      403,
    ],
    [
      "writing an issue with write works",
      { issues: "write" },
      (o: Octokit) => o.rest.issues.create({ owner: "acme", repo: "shop", title: "x" }),
      201,
    ],
    [
      "teams need members",
      { contents: "read" },
      (o: Octokit) => o.rest.teams.getByName({ org: "acme", team_slug: "platform" }),
      403,
    ],
    [
      "a permission that was never granted cannot be asked for",
      { administration: "read" },
      (o: Octokit) => o.rest.repos.get({ owner: "acme", repo: "shop" }),
      422,
    ],
  ])("%s", async (_name, permissions, act, status) => {
    const call = acme
      .asApp(permissions as Record<string, string>)
      .then((octokit) => act(octokit) as Promise<{ status: number }>);
    expect(await statusOf(call)).toBe(status);
  });

  it("a refusal names the permission that would have been enough", async () => {
    const octokit = await acme.asApp({ metadata: "read" });
    await expect(octokit.rest.pulls.list(acme.at)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining("Resource not accessible by integration") as string,
      response: { headers: { "x-accepted-github-permissions": "pull_requests=read" } },
    });
  });

  it("a private repository is not there for strangers, and people cannot create check runs", async () => {
    expect(await statusOf(acme.as("eve").rest.repos.get(acme.at))).toBe(404);
    expect(await statusOf(connectTo(acme.github.apiUrl).rest.repos.get(acme.at))).toBe(404);
    expect(await statusOf(connectTo(acme.github.apiUrl, "ghp_wrong").rest.repos.get(acme.at))).toBe(401);
    const head_sha = acme.github.resolveRef({ repo: acme.repo, ref: "main" }) ?? "";
    expect(await statusOf(acme.as("ada").rest.checks.create({ ...acme.at, name: "x", head_sha }))).toBe(403);
  });
});

describe("limits and conditional requests", () => {
  it("every answer carries the rate limit, and a repeated read with its tag is 304 and free", async () => {
    const octokit = acme.as("ada");
    const first = await octokit.rest.repos.get(acme.at);
    expect(first.headers["x-ratelimit-limit"]).toBe("5000");
    const again = octokit.rest.repos.get({ ...acme.at, headers: { "if-none-match": first.headers.etag ?? "" } });
    await expect(again).rejects.toMatchObject({
      status: 304,
      response: { headers: { "x-ratelimit-remaining": first.headers["x-ratelimit-remaining"] } },
    });
  });

  it.each([
    ["an exhausted primary limit says when it resets", { kind: "primary" }, 403, "x-ratelimit-remaining", "0"],
    [
      "a secondary limit says how long to wait",
      { kind: "secondary", status: 429, retryAfterSeconds: 7 },
      429,
      "retry-after",
      "7",
    ],
  ] as const)("%s", async (_name, limit, status, header, value) => {
    const end = acme.github.exhaustRateLimit({ ...limit, times: 1 });
    const octokit = acme.as("ada");
    await expect(octokit.rest.repos.get(acme.at)).rejects.toMatchObject({
      status,
      response: { headers: { [header]: value } },
    });
    expect(await statusOf(octokit.rest.repos.get(acme.at))).toBe(200);
    end();
  });

  it("GraphQL reports an exhausted limit with status 200", async () => {
    acme.github.exhaustRateLimit({ kind: "primary", times: 1 });
    await expect(acme.as("ada").graphql("{viewer{login}}")).rejects.toMatchObject({
      errors: [{ type: "RATE_LIMITED" }],
    });
  });

  it("lists are paged with links that work at the root and below /api/v3", async () => {
    for (let index = 0; index < 5; index += 1)
      await acme.as("ada").rest.issues.create({ ...acme.at, title: `Issue ${index}` });
    for (const baseUrl of [acme.github.url, acme.github.apiUrl]) {
      const octokit = connectTo(baseUrl, acme.github.tokenFor("ada"));
      const all = await octokit.paginate(octokit.rest.issues.listForRepo, { ...acme.at, per_page: 2 });
      expect(all.map((issue) => issue.number)).toEqual([5, 4, 3, 2, 1]);
    }
    expect(acme.github.violations).toEqual([]);
  });
});

describe("the contract", () => {
  it("an unknown member of a request body is refused and reported", async () => {
    const call = acme.as("ada").request("POST /repos/{owner}/{repo}/issues", { ...acme.at, title: "x", prio: 1 });
    await expect(call).rejects.toMatchObject({ status: 422 });
    expect(acme.github.violations).toEqual([expect.stringContaining("prio")]);
  });

  it("an operation that is not simulated is reported", async () => {
    await expect(acme.as("ada").rest.repos.listReleases(acme.at)).rejects.toMatchObject({ status: 404 });
    expect(acme.github.violations).toEqual([expect.stringContaining("no such operation")]);
  });

  it("a deliberately broken answer is found", async () => {
    const { data, status } = await acme.as("ada").rest.repos.get(acme.at);
    const contract = loadGitHubContract();
    const check = (body: unknown): string[] =>
      contract.checkResponse({ method: "GET", path: "/repos/acme/shop", status, body });
    expect(check(data)).toEqual([]);
    expect(check({ ...data, id: "1" })).toHaveLength(1);
    expect(check({ ...data, owner: null }).length).toBeGreaterThan(0);
  });

  it("a deliberately broken webhook is found", async () => {
    const { github, repo } = acme;
    github.pushFiles({ repo, branch: "change", author: "ada", message: "Change", files: { a: "1" } });
    github.openPull({ repo, head: "change", title: "Change", author: "ada" });
    await github.waitForDeliveries();
    const payload = github.deliveries({ event: "pull_request" })[0]?.payload as Record<string, unknown>;
    const contract = loadGitHubContract();
    expect(contract.checkWebhook("pull-request-opened", payload)).toEqual([]);
    expect(contract.checkWebhook("pull-request-opened", { ...payload, number: "one" })).toHaveLength(1);
    expect(contract.checkWebhook("pull-request-opened", { ...payload, pull_request: {} }).length).toBeGreaterThan(0);
  });
});
