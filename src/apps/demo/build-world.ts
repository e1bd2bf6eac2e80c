import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import {
  startFeatBitSimulator,
  type FeatBitSimulator,
  type SimulatedEnvironment,
} from "../../simulators/featbit/featbit-simulator.ts";
import { loadGitHubContract } from "../../simulators/github/contract/load-github-contract.ts";
import { leastPrivilege } from "../featbit-permissions.ts";
import { startGitHubSimulator, type GitHubSimulator } from "../../simulators/github/github-simulator.ts";
import { startPrometheusStandIn, type PrometheusStandIn } from "../../simulators/prometheus/prometheus-stand-in.ts";

/** A company with people, teams, a repository, a FeatBit environment and metrics, all on loopback. */
export interface World {
  github: GitHubSimulator;
  featbit: FeatBitSimulator;
  environment: SimulatedEnvironment;
  prometheus: PrometheusStandIn;
  /** `owner/name` of the repository with the routes. */
  repo: string;
  appId: number;
  /** What `npm start` reads: point the app at this world with it. */
  env: Readonly<Record<string, string>>;
  /** Everything in `env` that must never reach a log. */
  secrets: readonly string[];
  close(): Promise<void>;
}

/** The file of `docs/examples` that the story and the tests work with. */
export function readExample(name: string): string {
  return readFileSync(new URL(`../../../docs/examples/${name}`, import.meta.url), "utf8");
}

/** Logins by what they do. Nobody holds two roles, so that the separation of duties is met by the right people only. */
export const people = {
  author: "dana",
  product: "petra",
  platform: "aiko",
  finance: "finn",
  operations: "sven",
  security: "sia",
  release: "rita",
  governance: "gus",
  outsider: "olaf",
} as const;

const speakers: Readonly<Record<string, string>> = {
  "@acme/support-product": people.product,
  "@acme/ai-platform": people.platform,
  "@acme/finance": people.finance,
  "@acme/sre": people.operations,
  "@acme/security": people.security,
  "@acme/privacy": people.security,
  "@acme/release": people.release,
  "@acme/governance": people.governance,
};

/** The login that answers for an owner whom GitHub was asked for, `@acme/team` or `@login`. */
export function speakerOf(owner: string): string {
  return speakers[owner] ?? owner.replace(/^@/, "");
}

const teams: Readonly<Record<string, readonly string[]>> = {
  everyone: Object.values(people).filter((login) => login !== people.outsider),
  "ai-platform": [people.platform],
  "support-product": [people.product],
  finance: [people.finance],
  sre: [people.operations],
  security: [people.security],
  privacy: [],
  release: [people.release],
  governance: [people.governance],
};

interface Manifest {
  default_permissions: Record<string, "read" | "write">;
  default_events: string[];
}

function readManifest(): Manifest {
  const manifest: unknown = parse(readFileSync(new URL("../../../app.yml", import.meta.url), "utf8"));
  if (typeof manifest !== "object" || manifest === null) throw new Error("app.yml is not a map");
  return { default_permissions: {}, default_events: [], ...manifest };
}

function fillGitHub(github: GitHubSimulator, policy: string): void {
  for (const login of Object.values(people)) github.createUser({ login });
  github.createOrganization({ login: "acme", members: [...(teams["everyone"] ?? [])] });
  for (const [name, members] of Object.entries(teams)) github.createTeam({ org: "acme", name, members: [...members] });
  github.createRepository({
    owner: "acme",
    name: "support-routes",
    author: people.governance,
    files: {
      "README.md": "# Model routes of the support desk\n",
      ".github/CODEOWNERS": readExample("CODEOWNERS"),
      ".github/routeward.yml": policy,
      ".github/workflows/model-eval.yml": "name: model-eval\non: workflow_dispatch\njobs: {}\n",
      "prompts/support/v3.md": "Answer from the public documentation. Say so when you do not know.\n",
    },
  });
  for (const team of Object.keys(teams)) github.grantAccess({ repo: "acme/support-routes", team, permission: "write" });
}

/**
 * Builds the world of the examples.
 *
 * @param folder an empty folder for the operator's file and the store
 * @param options.answer values of the metrics; null is "no data"
 * @param options.now the clock of the app and of everything simulated
 * @param options.policy text of the repository's policy; the example when absent
 */
export async function buildWorld(
  folder: string,
  options: { answer: (query: string) => number | null; now: () => Date; policy?: string; port?: number },
): Promise<World> {
  const github = await startGitHubSimulator({ contract: loadGitHubContract(), now: options.now });
  const featbit = await startFeatBitSimulator({ now: options.now });
  const prometheus = await startPrometheusStandIn(options.answer, options.now);
  fillGitHub(github, options.policy ?? readExample("routeward.yml"));

  const project = featbit.createProject({ key: "acme", name: "Acme" });
  const environment = featbit.createEnvironment(project.id, { key: "production", name: "Production" });
  featbit.createSegment(environment.id, {
    key: "enterprise-legal-review",
    included: ["legal-review-account"],
    excluded: [],
    rules: [],
  });
  const statements = leastPrivilege("acme", "production", ["support_*"]);
  const accessToken = featbit.createAccessToken({ name: "routeward", type: "service", statements }).token;

  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const appId = 4217;
  const webhookSecret = randomBytes(24).toString("hex");
  const manifest = readManifest();
  github.installApp({
    appId,
    slug: "routeward",
    publicKeyPem: publicKey,
    webhookSecret,
    permissions: manifest.default_permissions,
    events: manifest.default_events,
    account: "acme",
  });
  github.protectBranch({
    repo: "acme/support-routes",
    branch: "main",
    requiredChecks: [{ context: "routeward/approval", appId }],
    enforceAdmins: false,
  });

  const configPath = join(folder, "routeward.config.yaml");
  const config = readExample("routeward.config.yaml")
    .replace("http://127.0.0.1:5000", featbit.apiUrl)
    .replace("http://127.0.0.1:5100", featbit.evaluationUrl)
    .replace("ws://127.0.0.1:5100", featbit.streamingUrl)
    .replace("3f6c2d9e-5b7a-4d51-9c0e-8a1b2c3d4e5f", environment.id)
    .replace("http://127.0.0.1:9090", prometheus.url);
  writeFileSync(configPath, config);

  return {
    github,
    featbit,
    environment,
    prometheus,
    repo: "acme/support-routes",
    appId,
    env: {
      APP_ID: String(appId),
      PRIVATE_KEY: privateKey,
      WEBHOOK_SECRET: webhookSecret,
      GHE_HOST: github.host,
      GHE_PROTOCOL: "http",
      ROUTEWARD_CONFIG: configPath,
      DATA_DIR: join(folder, "data"),
      PORT: String(options.port ?? 0),
      FEATBIT_ACCESS_TOKEN: accessToken,
      FEATBIT_SDK_KEY: environment.serverSecret,
    },
    secrets: [privateKey, webhookSecret, accessToken, environment.serverSecret, environment.clientSecret],
    close: async () => {
      await Promise.all([github.close(), featbit.close(), prometheus.close()]);
    },
  };
}
