import { generateKeyPairSync } from "node:crypto";
import { Octokit } from "@octokit/rest";
import { loadGitHubContract } from "./contract/load-github-contract.ts";
import { startGitHubSimulator, type GitHubSimulator, type GitHubSimulatorOptions } from "./github-simulator.ts";

/** An organisation with people, teams, one repository and one installed app, for the simulator's own tests. */
export interface AcmeScenario {
  github: GitHubSimulator;
  repo: string;
  at: { owner: string; repo: string };
  installationId: number;
  privateKeyPem: string;
  as: (login: string) => Octokit;
  /** With an installation token, narrowed to these permissions when given. */
  asApp: (permissions?: Record<string, string>) => Promise<Octokit>;
}

export const appId = 4242;
export const webhookSecret = "acme-hook-secret";

/** Made once: generating a key takes longer than most tests. */
const key = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const privateKeyPem = key.privateKey.export({ type: "pkcs8", format: "pem" }).toString();

export const fullPermissions = {
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
} as const;

export const allEvents = [
  "pull_request",
  "pull_request_review",
  "check_run",
  "check_suite",
  "issue_comment",
  "issues",
  "push",
  "merge_group",
  "membership",
  "status",
  "deployment",
  "deployment_status",
  "workflow_run",
];

/** An Octokit that does not print every refusal a test provokes. */
export function connectTo(baseUrl: string, auth?: string): Octokit {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  return new Octokit({ baseUrl, log, ...(auth === undefined ? {} : { auth }) });
}

/** Closes the simulator. @throws Error when anything on the way did not conform to GitHub's document. */
export async function closeAcme({ github }: AcmeScenario): Promise<void> {
  await github.close();
  if (github.violations.length > 0) throw new Error(`not as GitHub's document says:\n${github.violations.join("\n")}`);
}

/** A JWT of the app, as any GitHub App signs it. */
export async function signAppToken(overrides: Record<string, unknown> = {}): Promise<string> {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const seconds = Math.floor(Date.now() / 1000);
  const claims = { iat: seconds - 60, exp: seconds + 540, iss: String(appId), ...overrides };
  const unsigned = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  const { createSign } = await import("node:crypto");
  return `${unsigned}.${createSign("RSA-SHA256").update(unsigned).sign(privateKeyPem).toString("base64url")}`;
}

export async function startAcme(
  options: GitHubSimulatorOptions & { webhookUrl?: string; unchecked?: boolean } = {},
): Promise<AcmeScenario> {
  const { webhookUrl, unchecked = false, ...rest } = options;
  const github = await startGitHubSimulator({ ...(unchecked ? {} : { contract: loadGitHubContract() }), ...rest });
  for (const login of ["ada", "bob", "cleo", "dora", "eve"]) github.createUser({ login });
  github.createOrganization({ login: "acme", owners: ["dora"], members: ["ada", "bob", "cleo"] });
  github.createTeam({ org: "acme", name: "Everyone", members: ["ada", "bob"] });
  github.createTeam({ org: "acme", name: "Platform", parent: "everyone", members: ["cleo"] });
  const { fullName } = github.createRepository({
    owner: "acme",
    name: "shop",
    private: true,
    files: {
      "README.md": "# Shop\n",
      ".github/CODEOWNERS": "* @acme/everyone\n",
      "model-routes/support.yaml": "model_change:\n  flagKey: support\n  owner: a\n  version: 1\n",
    },
  });
  github.grantAccess({ repo: fullName, team: "everyone", permission: "write" });
  const { installationId } = github.installApp({
    appId,
    slug: "routeward-test",
    privateKeyPem,
    webhookSecret,
    ...(webhookUrl === undefined ? {} : { webhookUrl }),
    permissions: fullPermissions,
    events: allEvents,
    account: "acme",
  });
  const connect = (auth: string): Octokit => connectTo(github.apiUrl, auth);
  return {
    github,
    repo: fullName,
    at: { owner: "acme", repo: "shop" },
    installationId,
    privateKeyPem,
    as: (login) => connect(github.tokenFor(login)),
    async asApp(permissions) {
      const app = connect(await signAppToken());
      const { data } = await app.rest.apps.createInstallationAccessToken({
        installation_id: installationId,
        ...(permissions === undefined ? {} : { permissions }),
      });
      return connect(data.token);
    },
  };
}
