import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "../../src/apps/bot/create-log.ts";
import { type RunningBot, startBot } from "../../src/apps/bot/start-bot.ts";
import { readEnvironment } from "../../src/apps/config/read-environment.ts";
import { readOperatorConfig } from "../../src/apps/config/read-operator-config.ts";
import { buildWorld, people, readExample, type World } from "../../src/apps/demo/build-world.ts";
import { answerQuery } from "../../src/apps/demo/metrics-of-story.ts";
import { type Actors, createActors } from "../../src/apps/demo/stage.ts";
import type { CheckRunSnapshot, Files } from "../../src/simulators/github/control-input.ts";

export const binding = "acme-production";
export const policyPath = ".github/routeward.yml";
export const ownersPath = ".github/CODEOWNERS";

/** A weekday morning outside the example's freeze window. */
const storyBegins = Date.parse("2026-06-16T09:00:00Z");
/** No sweep comes by itself: a story that is about one asks for it. */
const quietSweeps = "sweep: { pullRequests: 12h, deliveries: 12h, drift: 12h }";

/** The whole app over simulators, with hands for the people in it. */
export interface StoryWorld {
  world: World;
  /** The app that runs now; another one after `restart`. */
  readonly bot: RunningBot;
  /** Hands for the repository that the binding names first. */
  readonly actors: Actors;
  /** The same for a further repository. */
  actorsIn(repo: string): Actors;
  clock: { now: () => Date; advance(milliseconds: number): void };
  /** Lines of the app's log so far. */
  log: readonly string[];
  /** The newest check run of ours on the pull request's head. */
  check(number: number, repo?: string): CheckRunSnapshot;
  /** A further repository of the same teams, bound to the same FeatBit environment. */
  addRepository(name: string, files: Files): string;
  stopApp(): Promise<void>;
  startApp(): Promise<void>;
  /** Asks for one of the sweeps and waits until its work is done. */
  sweep(name: "pulls" | "deliveries" | "flags" | "cleanups"): Promise<void>;
  /** Empty when nothing broke a contract, no work is left, the store verifies and no secret is in the log. */
  findTrouble(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface StoryOptions {
  /** Names of repositories that a story adds; the binding must name them from the start. */
  repositories?: readonly string[];
  policy?: string;
  /** Further lines of the operator's file. */
  config?: string;
  /** A Sigstore trust root that the operator configured for attestations. */
  trustRoot?: object;
}

/** The rules of the examples, without an evidence age that would depend on the day. */
export function readRules(): Files {
  return {
    "README.md": "# Model routes\n",
    [ownersPath]: readExample("CODEOWNERS"),
    [policyPath]: readExample("routeward.yml"),
    "prompts/support/v3.md": "Answer from the public documentation. Say so when you do not know.\n",
  };
}

/** Starts everything. `close` it in `afterAll`. */
export async function openStoryWorld(options: StoryOptions = {}): Promise<StoryWorld> {
  const folder = mkdtempSync(join(tmpdir(), "routeward-story-"));
  let offset = storyBegins - Date.now();
  const clock = {
    now: () => new Date(Date.now() + offset),
    advance: (milliseconds: number) => void (offset += milliseconds),
  };
  const world = await buildWorld(folder, {
    answer: answerQuery,
    now: clock.now,
    ...(options.policy === undefined ? {} : { policy: options.policy }),
  });
  const names = ["acme/support-routes", ...(options.repositories ?? [])];
  const configPath = world.env["ROUTEWARD_CONFIG"] ?? "";
  const config = readFileSync(configPath, "utf8")
    .replace('["acme/support-routes"]', JSON.stringify(names))
    .replace(/^sweep: .*$/m, `${quietSweeps}\n${options.config ?? ""}`);
  const { trustRoot } = options;
  if (trustRoot !== undefined) writeFileSync(join(folder, "trusted-root.jsonl"), JSON.stringify(trustRoot));
  writeFileSync(
    configPath,
    trustRoot === undefined ? config : `${config}\nattestations: { trustRoots: [trusted-root.jsonl] }\n`,
  );

  const log: string[] = [];
  const start = async (): Promise<RunningBot> => {
    const environment = readEnvironment(world.env);
    const started = await startBot(environment, readOperatorConfig(environment.configPath, world.env), {
      log: createLog({ level: "info", secrets: world.secrets, destination: { write: (line) => void log.push(line) } }),
      now: clock.now,
      pace: "unpaced",
      graceMs: 5_000,
    });
    world.github.setWebhookUrl({ appId: world.appId, url: `${started.url}/api/github/webhooks` });
    return started;
  };
  let bot = await start();
  let isRunning = true;
  const stopApp = async (): Promise<void> => {
    if (!isRunning) return;
    isRunning = false;
    await bot.stop();
  };
  const actorsIn = (repo: string): Actors => createActors({ ...world, repo }, bot);
  return {
    world,
    get bot() {
      return bot;
    },
    get actors() {
      return actorsIn(world.repo);
    },
    actorsIn,
    clock,
    log,
    check(number, repo = world.repo) {
      const { headSha } = world.github.pull({ repo, number });
      const newest = world.github.checkRuns({ repo, sha: headSha, name: "routeward/approval" }).at(-1);
      if (newest === undefined) throw new Error(`#${number} of ${repo} has no check run`);
      return newest;
    },
    addRepository(name, files) {
      const [owner = "", short = ""] = name.split("/");
      world.github.createRepository({ owner, name: short, author: people.governance, files });
      const teams = ["everyone", "ai-platform", "support-product", "finance", "sre", "security", "privacy", "release"];
      for (const team of [...teams, "governance"]) {
        world.github.grantAccess({ repo: name, team, permission: "write" });
      }
      return name;
    },
    stopApp,
    async startApp() {
      bot = await start();
      isRunning = true;
    },
    async sweep(name) {
      await bot.queue.enqueue("sweep", name, {});
      await actorsIn(world.repo).settle();
    },
    async findTrouble() {
      const counts = await bot.queue.countJobs();
      const findings = await bot.store.verifyStore();
      const text = log.join("");
      return [
        ...world.github.violations,
        ...world.featbit.violations,
        ...findings.map(({ message }) => `store: ${message}`),
        ...counts.flatMap(({ queue, parked, scheduled }) => (parked + scheduled > 0 ? [`work left in ${queue}`] : [])),
        ...(world.secrets.some((secret) => text.includes(secret)) ? ["a secret is in the log"] : []),
      ];
    },
    async close() {
      await stopApp();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
