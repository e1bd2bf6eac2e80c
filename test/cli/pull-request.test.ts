import { afterAll, beforeAll, expect, it } from "vitest";
import { startGitHubSimulator, type GitHubSimulator } from "../../src/simulators/github/github-simulator.ts";
import { loadGitHubContract } from "../../src/simulators/github/contract/load-github-contract.ts";
import { runCommand, type CommandResult } from "./command-line.ts";
import { examplePath, exampleFlag, readExample } from "./example-clone.ts";

const repo = "acme/support-routes";
let github: GitHubSimulator;
let number: number;
let headSha: string;

beforeAll(async () => {
  github = await startGitHubSimulator({ contract: loadGitHubContract() });
  for (const login of ["dana", "petra", "aiko", "olaf"]) github.createUser({ login });
  github.createOrganization({ login: "acme", owners: ["aiko"], members: ["dana", "petra"] });
  const rules = {
    ".github/CODEOWNERS": readExample("CODEOWNERS"),
    ".github/routeward.yml": readExample("routeward.yml"),
  };
  const prompt = { "prompts/support/v3.md": "Answer.\n" };
  github.createRepository({ owner: "acme", name: "support-routes", author: "aiko", files: { ...rules, ...prompt } });
  github.createTeam({ org: "acme", name: "support-product", members: ["petra"] });
  github.createTeam({ org: "acme", name: "ai-platform", members: ["aiko"] });
  for (const team of ["support-product", "ai-platform"]) github.grantAccess({ repo, team, permission: "write" });
  github.grantAccess({ repo, login: "dana", permission: "write" });
  const files = { [examplePath]: readExample("support-answer-full.yaml") };
  github.pushFiles({ repo, branch: "canary", message: "Describe the route", files, author: "dana" });
  ({ number, headSha } = github.openPull({ repo, head: "canary", title: "Canary", author: "dana" }));
});
afterAll(async () => {
  await github.close();
  const wrong = github.violations.filter((violation) => violation.startsWith("request"));
  if (wrong.length > 0) throw new Error(`requests that GitHub's document does not allow:\n${wrong.join("\n")}`);
});

function check(args: readonly string[], token = github.tokenFor("dana")): Promise<CommandResult> {
  return runCommand("/", ["check", ...args], {
    ROUTEWARD_TEST_NETWORK: "loopback",
    GHE_HOST: github.host,
    GHE_PROTOCOL: "http",
    GITHUB_TOKEN: token,
  });
}

interface Roles {
  verdict: {
    routes: {
      flagKey: string;
      requirements: { requirement: { role: string }; state: string; explanation: string }[];
    }[];
  };
}

function rolesOf(result: CommandResult): Record<string, string> {
  const { verdict } = JSON.parse(result.stdout) as Roles;
  return Object.fromEntries((verdict.routes[0]?.requirements ?? []).map((each) => [each.requirement.role, each.state]));
}

it("reads a pull request with its reviews and judges it like the app", async () => {
  const before = await check(["--pr", `${repo}#${number}`, "--json"]);
  expect({ code: before.code, stderr: before.stderr }).toEqual({ code: 1, stderr: "" });
  expect(rolesOf(before)["product-owner"]).toBe("waiting");
  github.review({ repo, number, by: "petra", event: "APPROVE", commit: headSha });
  const after = await check(["--pr", `${repo}#${number}`, "--json"]);
  expect(rolesOf(after)["product-owner"]).toBe("approved");
  expect(after.stdout).toContain(exampleFlag);
});

it("pretends approvals on top of the real ones", async () => {
  const args = ["--pr", `${repo}#${number}`, "--json", "--approve", "@aiko:ai-platform-owner"];
  expect(rolesOf(await check(args))["ai-platform-owner"]).toBe("approved");
});

it.each<[string, string, string]>([
  ["a pull request that does not exist", `${repo}#4711`, "there is no pull request"],
  ["a repository that does not exist", "acme/none#1", "acme/none"],
])("says so for %s", async (_name, pull, message) => {
  const { code, stderr } = await check(["--pr", pull]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});

it("says so for a token that GitHub refuses, without showing it", async () => {
  const { code, stderr } = await check(["--pr", `${repo}#${number}`], "ghp_wrong");
  expect(code).toBe(2);
  expect(stderr).toContain("Is GITHUB_TOKEN set");
  expect(stderr).not.toContain("ghp_wrong");
});
