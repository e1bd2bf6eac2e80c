import { generateKeyPairSync } from "node:crypto";
import { pino } from "pino";
import { loadGitHubContract } from "../../simulators/github/contract/load-github-contract.ts";
import { startGitHubSimulator, type GitHubSimulator } from "../../simulators/github/github-simulator.ts";
import type { RepositoryPort } from "../../ports/github.ts";
import { createGitHubPort, type GitHubAdapter } from "./create-github-port.ts";
import type { AdapterLog } from "./octokit-like.ts";
import type { AttestationTrust } from "./verify-attestation.ts";
import { createGitHubProbot } from "./probot-octokit.ts";

/** Compiled once for all worlds of a file. */
const contract = loadGitHubContract();

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

export const appId = 4711;
export const repo = "acme/support-routes";

/** A small world on the simulator, the real Probot and the adapter over HTTP; for tests of this folder. */
export interface TestWorld {
  simulator: GitHubSimulator;
  port: GitHubAdapter;
  repository: RepositoryPort;
  /** What the adapter logged as a warning. */
  warnings: string[];
  installationId: number;
  /**
   * Stops the simulator. Throws when anything on the way was not as GitHub's OpenAPI document says: our requests, the
   * simulator's answers, its webhooks.
   */
  close(): Promise<void>;
}

export async function startTestWorld(options: { attestationTrust?: AttestationTrust } = {}): Promise<TestWorld> {
  const simulator = await startGitHubSimulator({ contract });
  for (const login of ["ann", "bob", "cat", "dan"]) simulator.createUser({ login });
  simulator.createOrganization({ login: "acme", owners: ["ann"], members: ["bob", "cat"] });
  simulator.createRepository({
    owner: "acme",
    name: "support-routes",
    author: "ann",
    files: {
      "README.md": "# Routes\n",
      ".github/CODEOWNERS": "* @acme/platform\n",
      "model-routes/a.yaml": "model_change: {}\n",
    },
  });
  simulator.createTeam({ org: "acme", name: "platform", members: ["bob"] });
  simulator.createTeam({ org: "acme", name: "platform eu", parent: "platform", members: ["cat"] });
  simulator.grantAccess({ repo, team: "platform", permission: "write" });
  simulator.grantAccess({ repo, login: "bob", permission: "write" });
  simulator.grantAccess({ repo, login: "dan", permission: "read" });
  const { installationId } = simulator.installApp({
    appId,
    slug: "routeward",
    privateKeyPem: privateKey,
    permissions: {
      metadata: "read",
      checks: "write",
      statuses: "write",
      contents: "write",
      pull_requests: "write",
      issues: "write",
      members: "read",
      deployments: "write",
      actions: "read",
      merge_queues: "read",
    },
    events: [],
    account: "acme",
  });
  const { octokitForApp, octokitForInstallation, forgetToken } = createGitHubProbot({
    appId,
    privateKey,
    webhookSecret: "unused",
    log: pino({ level: "silent" }),
    baseUrl: simulator.apiUrl,
    pace: "unpaced",
    timeoutMs: 2000,
  });
  const warnings: string[] = [];
  const log: AdapterLog = { debug: () => {}, warn: (_fields, message) => void warnings.push(message) };
  const port = createGitHubPort({
    octokitForApp,
    octokitForInstallation,
    forgetToken,
    appId,
    now: () => new Date(),
    log,
    wait: () => Promise.resolve(),
    ...options,
  });
  return {
    simulator,
    port,
    repository: await port.openRepository("acme", "support-routes"),
    warnings,
    installationId,
    async close() {
      await simulator.close();
      if (simulator.violations.length > 0) throw new Error(simulator.violations.join("\n"));
    },
  };
}

/** Opens a pull request of ann that changes the route file; answers its number and head. */
export function openRoutePull(simulator: GitHubSimulator, branch = "change"): { number: number; headSha: string } {
  simulator.pushFiles({
    repo,
    branch,
    message: "Change the route",
    files: { "model-routes/a.yaml": `model_change: { flagKey: ${branch} }\n` },
    author: "ann",
  });
  return simulator.openPull({ repo, head: branch, title: "Change the route", author: "ann" });
}
