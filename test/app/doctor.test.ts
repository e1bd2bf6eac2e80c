import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkClock } from "../../src/apps/doctor/check-clock.ts";
import { readManifest } from "../../src/apps/doctor/check-app.ts";
import { examine } from "../../src/apps/doctor/examine.ts";
import type { Finding } from "../../src/apps/doctor/finding.ts";
import { leastPrivilege } from "../../src/apps/featbit-permissions.ts";
import { startApp } from "./app-process.ts";
import { openStoryWorld, story as steps, type StoryWorld } from "./story-world.ts";

const [opening] = steps;
let story: StoryWorld;
let config: string;
beforeAll(async () => {
  story = await openStoryWorld();
  config = readFileSync(story.env["ROUTEWARD_CONFIG"] ?? "", "utf8");
  // A store that is there, and a delivery that arrived.
  const app = startApp(story.env);
  await app.ready;
  opening?.act(story);
  await story.settle();
  await app.terminate();
});
afterAll(() => story.close());

const failing = (findings: readonly Finding[]) => findings.filter(({ state }) => state === "fail");

/** The environment with a changed operator's file. */
function withConfig(change: (text: string) => string): Record<string, string> {
  const path = join(story.folder, "changed.yaml");
  const changed = change(config);
  if (changed === config) throw new Error("the change of the file changes nothing");
  writeFileSync(path, changed);
  return { ROUTEWARD_CONFIG: path };
}

const token = (without: string): Record<string, string> => {
  const statements = leastPrivilege("acme", "production", ["support_*"]).map((statement) => ({
    ...statement,
    actions: statement.actions.filter((action) => action !== without),
  }));
  return {
    FEATBIT_ACCESS_TOKEN: story.world.featbit.createAccessToken({ name: without, type: "service", statements }).token,
  };
};

it("finds nothing to mend in the world of the examples, changes nothing, and says what it cannot tell", async () => {
  const { featbit, environment, github } = story.world;
  const before = featbit.audit.length;
  const { code, stdout, stderr } = await startApp({ ...story.env, LOG_LEVEL: "info" }, ["doctor"]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^ok {4}configuration .* 1 binding$/m);
  expect(stdout).toMatch(/^ok {4}featbit\.sdk-key .* connects/m);
  expect(stdout).toMatch(/^ok {4}repository\.required-check .* requires routeward\/approval from this app/m);
  expect(stdout).toContain("-> Rehearse (`routeward rehearse acme-production FLAGKEY`)");
  expect(stdout).toContain("flag CreateFlag on project/acme:env/production:flag/*");
  expect(stdout).toMatch(/\n\d+ ok, \d+ to know, 0 to mend\n$/);
  for (const secret of story.world.secrets) expect(stdout).not.toContain(secret);
  expect(featbit.audit.length).toBe(before);
  expect(featbit.findFlag(environment.id, "not a key")).toBeUndefined();
  expect([...github.violations]).toEqual([]);
});

describe("each mistake is named with how to mend it, and nothing else is blamed", () => {
  it.each<[string, () => Record<string, string>, string, RegExp, RegExp]>([
    [
      "a key of another app",
      () => ({ APP_ID: "999" }),
      "github.identity",
      /does not know app 999/,
      /PRIVATE_KEY one of its keys/,
    ],
    [
      "a wrong token",
      () => ({ FEATBIT_ACCESS_TOKEN: "api-nobody-knows-this-token" }),
      "featbit.token",
      /does not accept the access token/,
      /active service token, bare/,
    ],
    [
      "a token that may not create flags",
      () => token("CreateFlag"),
      "featbit.rights",
      /may not create flags/,
      /flag CreateFlag on project\/acme:env\/production:flag\/\*/,
    ],
    [
      "FeatBit away",
      () => withConfig((text) => text.replace(/apiUrl: \S+/, "apiUrl: http://127.0.0.1:9")),
      "featbit.reachable",
      /127\.0\.0\.1:9 does not answer/,
      /Check apiUrl/,
    ],
    [
      "an SDK key of another environment",
      () => {
        const { featbit, environment } = story.world;
        const other = featbit.createEnvironment(environment.projectId, { key: "staging" });
        return { FEATBIT_SDK_KEY: other.serverSecret };
      },
      "featbit.sdk-key",
      /belongs to environment .*, not to /,
      /Copy the server SDK key/,
    ],
    [
      "the client key instead of the server key",
      () => ({ FEATBIT_SDK_KEY: story.world.environment.clientSecret }),
      "featbit.sdk-key",
      /gets nothing from ws:/,
      /not the client key/,
    ],
    ["a key that is none", () => ({ FEATBIT_SDK_KEY: "sdk" }), "featbit.sdk-key", /not the form/, /Copy the server/],
    [
      "Prometheus away",
      () => withConfig((text) => text.replace(/prometheusUrl: \S+/, "prometheusUrl: http://127.0.0.1:9")),
      "metrics.source",
      /127\.0\.0\.1:9 does not answer a query/,
      /Check prometheusUrl/,
    ],
    [
      "a repository without the app",
      () => withConfig((text) => text.replace('["acme/support-routes"]', '["acme/support-routes", "acme/nowhere"]')),
      "repository.access",
      /not installed there/,
      /Install the app on this repository/,
    ],
    [
      "a listed policy branch that nothing guards",
      () => withConfig((text) => `${text}\npolicyBranches: { acme/support-routes: [stable] }\n`),
      "repository.policy-branch",
      /stable does not require routeward\/approval/,
      /take stable out of policyBranches/,
    ],
    [
      "a webhook that goes elsewhere",
      () => ({ PUBLIC_URL: "https://routeward.example.com/" }),
      "github.webhook",
      /not to https:\/\/routeward\.example\.com\/api\/github\/webhooks/,
      /or mend PUBLIC_URL/,
    ],
    [
      "a data directory that cannot be one",
      () => ({ DATA_DIR: "/dev/null/data" }),
      "store.durability",
      /cannot use|cannot lock|ENOTDIR|not a directory/i,
      /local disk/,
    ],
  ])("%s", async (_name, change, check, found, mend) => {
    const findings = failing(await examine({ ...story.env, ...change() }, () => new Date()));
    expect(findings.map((one) => one.check)).toEqual([check]);
    expect(findings[0]?.found).toMatch(found);
    expect(findings[0]?.mend).toMatch(mend);
  });

  it("a wrong environment id, which the token cannot see and the SDK key does not fit", async () => {
    const env = withConfig((text) => text.replace(/envId: \S+/, "envId: 00000000-0000-4000-8000-000000000000"));
    const findings = failing(await examine({ ...story.env, ...env }, () => new Date()));
    expect(findings.map(({ check }) => check)).toEqual([
      "featbit.environment",
      "featbit.rights",
      "featbit.rights",
      "featbit.sdk-key",
    ]);
    expect(findings[0]?.mend).toContain("envId is the id in the address");
  });

  it("everything that is missing in the environment, at once", async () => {
    const findings = failing(await examine({ PORT: "many" }, () => new Date()));
    expect(findings.map(({ check }) => check)).toContain("configuration");
    expect(findings.map(({ found }) => found).join("\n")).toMatch(/APP_ID is missing[^]*PORT must be/);
  });

  it.each<[string, () => void, () => void, string, RegExp]>([
    [
      "a check that is not required",
      () => story.world.github.unprotectBranch({ repo: story.world.repo, branch: "main" }),
      () => protect(true),
      "repository.required-check",
      /does not require routeward\/approval/,
    ],
    [
      "a check that is not pinned to the app",
      () => protect(false),
      () => protect(true),
      "repository.required-check",
      /from anybody/,
    ],
    [
      "a server that is too old for a token",
      () => story.world.featbit.setTargetingOpenToTokens(false),
      () => story.world.featbit.setTargetingOpenToTokens(true),
      "featbit.version",
      /no token write targeting/,
    ],
  ])("%s", async (_name, breakIt, mendIt, check, found) => {
    breakIt();
    const findings = failing(await examine(story.env, () => new Date()));
    mendIt();
    expect(findings[0]?.check).toBe(check);
    expect(findings[0]?.found).toMatch(found);
    expect(failing(await examine(story.env, () => new Date()))).toEqual([]);
  });

  it("a permission that was not granted, by the app or by an installation", async () => {
    const grant = readManifest();
    const findings = await examineInstallations([
      {
        permissions: { ...grant.permissions, checks: "read", administration: "write" },
        events: grant.events.filter((event) => event !== "merge_group"),
      },
    ]);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      check: "github.installation",
      subject: "installation acme",
      found: "not granted: checks: write, event merge_group",
      mend: expect.stringContaining("must accept the new permissions"),
    });
  });

  it("an installation that is suspended, and none at all", async () => {
    const suspended = { ...readManifest(), suspended_at: "2026-06-01T00:00:00Z" };
    expect(await examineInstallations([suspended])).toMatchObject([
      { check: "github.installation", found: "it is suspended", mend: expect.stringContaining("must unsuspend") },
    ]);
    expect(await examineInstallations([])).toMatchObject([
      { check: "github.installation", found: "it is installed nowhere" },
    ]);
  });

  it("mistakes in CODEOWNERS and in the policy of the default branch", async () => {
    const { github, repo } = story.world;
    github.pushFiles({
      repo,
      branch: "main",
      message: "Break the rules",
      author: "gus",
      files: {
        ".github/CODEOWNERS": "* @acme/everyone\n/model-routes/ @acme/nobody-knows-this-team\n!x @gus\n",
        ".github/routeward.yml": "stages: perhaps\n",
      },
    });
    const findings = failing(await examine(story.env, () => new Date()));
    expect(findings.map(({ check }) => check)).toEqual(["repository.codeowners", "repository.policy"]);
    expect(findings[0]?.found).toMatch(/line 2: GitHub says/);
    expect(findings[0]?.found).toMatch(/line 3/);
    expect(findings[1]?.found).toMatch(/routeward\.yml: line 1/);
  });
});

it.each<[number | null, string]>([
  [0, "ok"],
  [4_900, "ok"],
  [-5_000, "warn"],
  [29_999, "warn"],
  [30_000, "fail"],
  [-3_600_000, "fail"],
  [null, "warn"],
])("a FeatBit whose clock is %s ms from ours is %s", (skewMs, state) => {
  expect(checkClock("FeatBit", "acme-production", skewMs).state).toBe(state);
});

it("a clock that is wrong here is seen against the servers' own", async () => {
  const findings = failing(await examine(story.env, () => new Date(Date.now() + 45_000)));
  expect(findings.map(({ check }) => check)).toContain("clock.featbit");
  expect(findings.find(({ check }) => check === "clock.featbit")?.found).toMatch(/clock is 4\d s ahead of it/);
});

function protect(isPinned: boolean): void {
  const { github, repo, appId } = story.world;
  const check = { context: "routeward/approval", ...(isPinned ? { appId } : {}) };
  github.protectBranch({ repo, branch: "main", requiredChecks: [check], enforceAdmins: false });
}

/** What is to mend when GitHub lists these installations of the app. */
async function examineInstallations(installations: readonly object[]): Promise<readonly Finding[]> {
  const undo = story.world.github.server.addFault({
    when: ({ path }) => path.endsWith("/app/installations"),
    effect: {
      kind: "status",
      response: {
        status: 200,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(installations.map((one) => ({ id: 1, account: { login: "acme" }, ...one }))),
      },
    },
  });
  const findings = failing(await examine(story.env, () => new Date()));
  undo();
  return findings;
}
