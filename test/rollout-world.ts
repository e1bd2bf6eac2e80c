import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFlagPort, type ClosableFlagPort } from "../src/adapters/featbit/create-flag-port.ts";
import { openStore, type OpenedStore } from "../src/adapters/store/open-store.ts";
import type { ApprovedRoute, BindingFacts, FileContent } from "../src/core/facts.ts";
import { digestBundle, digestText } from "../src/core/routes/digest-bundle.ts";
import { namedFiles } from "../src/core/routes/named-files.ts";
import { parseRouteFile } from "../src/core/routes/parse-route-file.ts";
import { exampleAudiences } from "../src/core/rollout/test-builders.ts";
import { advanceFlag, type AdvanceOutcome } from "../src/flows/rollout/advance-flag.ts";
import { requestRollback } from "../src/flows/rollout/roll-back.ts";
import { watchBinding, type WatchOutcome, type WatchPorts } from "../src/flows/rollout/watch-binding.ts";
import type { RolloutPorts } from "../src/flows/rollout/rollout-ports.ts";
import { approvedRouteKind, keyOfFlag, subjectOfFlag } from "../src/flows/records.ts";
import { updateRecord } from "../src/flows/update-record.ts";
import type { FlagPort } from "../src/ports/featbit.ts";
import type { MetricsPort } from "../src/ports/metrics.ts";
import type { RouteProbePort } from "../src/ports/route-probe.ts";
import type { GitHubPort, RepositoryPort } from "../src/ports/github.ts";
import {
  startFeatBitSimulator,
  type FeatBitSimulator,
  type SimulatedEnvironment,
} from "../src/simulators/featbit/featbit-simulator.ts";
import type { SimFlag, SimUser } from "../src/simulators/featbit/featbit-data.ts";

export const bindingName = "acme-production";
const repositoryName = "acme/support-routes";
const exampleText = readFileSync(new URL("../docs/examples/support-answer-full.yaml", import.meta.url), "utf8");

/** GitHub as far as a rollout needs it: a default branch, comments by marker and deployments by key. */
export interface FakeGitHub {
  port: GitHubPort;
  files: Map<string, string>;
  comments: { pull: number; marker: string; body: string }[];
  deployments: Map<string, { state: string; environment: string; writes: number }>;
  /** Pull requests whose merge is the tip of the default branch. */
  merged: number[];
  /** What GitHub says of the organisation's own policy. */
  organization: { policy: Awaited<ReturnType<RepositoryPort["readOrganizationFile"]>> };
}

export function createFakeGitHub(): FakeGitHub {
  const files = new Map<string, string>();
  const comments: FakeGitHub["comments"] = [];
  const deployments: FakeGitHub["deployments"] = new Map();
  const merged: number[] = [];
  const organization: FakeGitHub["organization"] = { policy: null };
  const repository = {
    findMergedPulls: () => Promise.resolve(merged),
    readRepository: () => Promise.resolve({ id: 1, owner: "acme", name: "support-routes", defaultBranch: "main" }),
    readBranch: () => Promise.resolve("f".repeat(40)),
    readTree: () =>
      Promise.resolve({
        complete: true,
        entries: [...files].map(([path, text]) => ({
          path,
          mode: "file" as const,
          oid: digestText(text),
          size: text.length,
        })),
      }),
    readBlobs: (blobs: readonly { oid: string }[]) => {
      const texts = new Map([...files.values()].map((text) => [digestText(text), text]));
      return Promise.resolve(
        new Map(blobs.map(({ oid }): [string, FileContent] => [oid, { kind: "text", text: texts.get(oid) ?? "" }])),
      );
    },
    readOrganizationFile: () => Promise.resolve(organization.policy),
    addComment: (pull: number, marker: string, body: string) => {
      const known = comments.some((comment) => comment.marker === marker);
      if (!known) comments.push({ pull, marker, body });
      return Promise.resolve({ commentId: 1, written: !known });
    },
    setDeployment: (deployment: { key: string; state: string; environment: string }) => {
      const before = deployments.get(deployment.key);
      if (before?.state === deployment.state) return Promise.resolve({ deploymentId: 1, written: false });
      deployments.set(deployment.key, {
        state: deployment.state,
        environment: deployment.environment,
        writes: (before?.writes ?? 0) + 1,
      });
      return Promise.resolve({ deploymentId: 1, written: true });
    },
  } as unknown as RepositoryPort;
  const port = { openRepository: () => Promise.resolve(repository) } as unknown as GitHubPort;
  return { port, files, comments, deployments, merged, organization };
}

export interface RolloutWorld {
  simulator: FeatBitSimulator;
  environment: SimulatedEnvironment;
  user: SimUser;
  opened: OpenedStore;
  flags: ClosableFlagPort;
  github: FakeGitHub;
  ports: RolloutPorts & WatchPorts;
  /** The id of the FeatBit segment that the example excludes. */
  segmentId: string;
  now: () => Date;
  /** Lets time pass for the app and FeatBit alike. */
  pass(milliseconds: number): void;
  /** Puts the example on the default branch with a status, and records it as approved. */
  approve(flagKey: string, status: string, change?: (text: string) => string): Promise<ApprovedRoute>;
  /** One look of the guardrail watch. */
  look(everyMs: number): Promise<WatchOutcome>;
  advance(flagKey: string, ports?: RolloutPorts): Promise<AdvanceOutcome>;
  rollBack(flagKey: string, reason?: string): Promise<void>;
  flag(flagKey: string): SimFlag;
  /** A flag that somebody made in FeatBit, without Routeward. */
  createByHand(flagKey: string, tags?: readonly string[]): void;
  close(): Promise<void>;
}

export interface RolloutWorldOptions {
  /** Unix milliseconds at which the world's clock begins; the machine's time when absent. */
  begins?: number;
  /** The binding's metrics source; none when absent. */
  metrics?: MetricsPort;
  /** How the binding's route is asked at the end of a rehearsal; not at all when absent. */
  routeProbe?: RouteProbePort;
}

/** A world with the FeatBit simulator, the real FeatBit client with its SDK, and the embedded store. */
export async function openRolloutWorld(options: RolloutWorldOptions = {}): Promise<RolloutWorld> {
  let offset = options.begins === undefined ? 0 : options.begins - Date.now();
  const now = (): Date => new Date(Date.now() + offset);
  const simulator = await startFeatBitSimulator({ now });
  const project = simulator.createProject({ key: "acme" });
  const environment = simulator.createEnvironment(project.id, { key: "production" });
  const token = simulator.createAccessToken({ name: "routeward", type: "service" });
  const user = simulator.createUser({ name: "Hand", email: "hand@acme.example" });
  const segment = simulator.createSegment(environment.id, {
    key: "enterprise-legal-review",
    included: ["legal-1"],
    excluded: [],
    rules: [],
  });
  const directory = mkdtempSync(join(tmpdir(), "routeward-rollout-"));
  const opened = await openStore({ dataDir: directory }, now);
  const flags = createFlagPort({
    apiUrl: simulator.apiUrl,
    evaluationUrl: simulator.evaluationUrl,
    streamingUrl: simulator.streamingUrl,
    envId: environment.id,
    accessToken: token.token,
    sdkKey: environment.serverSecret,
    timeoutMs: 1_000,
    pingIntervalMs: 200,
  });
  const github = createFakeGitHub();
  const binding: BindingFacts = {
    name: bindingName,
    repositories: [repositoryName],
    environment: "production",
    isProduction: true,
    flagKeys: ["*"],
    dispatchKey: "accountId",
  };
  const ports: RolloutWorld["ports"] = {
    github: github.port,
    store: opened.store,
    queue: opened.queue,
    flags: new Map<string, FlagPort>([[bindingName, flags]]),
    bindings: [binding],
    routeProbes: options.routeProbe === undefined ? new Map() : new Map([[bindingName, options.routeProbe]]),
    metrics: new Map(options.metrics === undefined ? [] : [[bindingName, options.metrics]]),
    stopwatch: () => performance.now(),
  };
  github.files.set("prompts/support/v3.md", "Answer kindly.");
  let pull = 0;

  const world: RolloutWorld = {
    createByHand(key, tags = []) {
      const on = "11111111-1111-4111-8111-111111111111";
      const flag = {
        envId: environment.id,
        key,
        name: "by hand",
        variationType: "json",
        isEnabled: true,
        variations: [{ id: on, name: "on", value: "{}" }],
        enabledVariationId: on,
        disabledVariationId: on,
        tags,
      };
      simulator.createFlag(flag as never, user);
    },
    simulator,
    environment,
    user,
    opened,
    flags,
    github,
    ports,
    segmentId: segment.id,
    now,
    pass(milliseconds) {
      offset += milliseconds;
    },
    async approve(flagKey, status, change = (text) => text) {
      pull += 1;
      const path = `model-routes/${flagKey}.yaml`;
      const text = change(
        exampleText.replace("support_answer_model_route", flagKey).replace("approved-for-internal-canary", status),
      );
      github.files.set(path, text);
      const parsed = parseRouteFile(path, { kind: "text", text });
      if (!parsed.ok) throw new Error(parsed.problems.map((problem) => problem.message).join("; "));
      const { record } = parsed.value;
      const files = Object.fromEntries(
        namedFiles(record).map((file) => [file, digestText(github.files.get(file) ?? "")]),
      );
      const approved: ApprovedRoute = {
        binding: bindingName,
        flagKey,
        environment: "production",
        repository: repositoryName,
        path,
        text,
        files,
        audiences: exampleAudiences,
        candidateDigest: record.candidate === null ? null : digestBundle(record.candidate, files),
        baselineDigest: digestBundle(record.baseline, files) ?? "",
        mergeSha: String(pull).padStart(40, "a"),
        pull,
        approvedAt: now().toISOString(),
        approvers: [{ login: "ann", id: 1, roles: ["release-owner"], reviewId: 1 }],
        tier: "high",
      };
      await updateRecord(
        opened.store,
        approvedRouteKind,
        keyOfFlag(bindingName, flagKey),
        subjectOfFlag(bindingName, flagKey),
        () => approved,
      );
      return approved;
    },
    look: (everyMs) => watchBinding({ binding: bindingName, everyMs }, ports, now),
    advance: (flagKey, used = ports) => advanceFlag({ binding: bindingName, flagKey }, used, now),
    async rollBack(flagKey, reason = "answers are wrong") {
      await requestRollback(
        { binding: bindingName, flagKey, by: "@ann", reason, cause: "command", repository: repositoryName, pull: 77 },
        ports,
        now,
      );
    },
    flag(flagKey) {
      const flag = simulator.findFlag(environment.id, flagKey);
      if (flag === undefined) throw new Error(`no flag ${flagKey}`);
      return flag;
    },
    async close() {
      await flags.close();
      await opened.close();
      await simulator.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return world;
}
