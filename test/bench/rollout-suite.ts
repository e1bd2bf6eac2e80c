import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "../../src/apps/bot/create-log.ts";
import { type RunningBot, startBot } from "../../src/apps/bot/start-bot.ts";
import { readEnvironment } from "../../src/apps/config/read-environment.ts";
import { readOperatorConfig } from "../../src/apps/config/read-operator-config.ts";
import { buildWorld, people, readExample, type World } from "../../src/apps/demo/build-world.ts";
import { answerQuery } from "../../src/apps/demo/metrics-of-story.ts";
import { openServedTable, type DemoUser } from "../../src/apps/demo/served-table.ts";
import { type Actors, createActors } from "../../src/apps/demo/stage.ts";
import { exampleAudiences } from "../../src/core/rollout/test-builders.ts";
import { digestBundle, digestText } from "../../src/core/routes/digest-bundle.ts";
import { namedFiles } from "../../src/core/routes/named-files.ts";
import { parseRouteFile } from "../../src/core/routes/parse-route-file.ts";
import { approvedRouteKind, keyOfFlag, liveStateKind, watchKind } from "../../src/flows/records.ts";
import { makeRoute } from "../stories/route-texts.ts";
import type { Measure } from "./measure.ts";

/** Added to every outside call: GitHub, FeatBit's API and its pushes, Prometheus. */
const outsideMs = 30;
const limits = { served: 1_000, rolledBack: 400 } as const;
const routes = 20;
/** Pull requests that are open at once: every merge has the app judge the other ones again, and the simulated GitHub takes its CPU from this process. */
const openAtOnce = 5;
const breaches = 4;
/** How often guardrails are read while a breach is timed. A minute in production; the limit grows by it. */
const intervalMs = 2_000;
const watchedAtOnce = 200;
const productionIntervalMs = 60_000;
const binding = "acme-production";
const storyBegins = Date.parse("2026-06-16T09:00:00Z");

interface Stage {
  world: World;
  bot: RunningBot;
  actors: Actors;
  /** Slows every outside call down until the returned function is called. */
  slowDown(): () => void;
  /** Flags whose candidate reports unsafe output. */
  unsafe: Set<string>;
}

const insider: DemoUser = {
  who: "internal",
  key: "sam",
  attributes: { team: "support", region: "eu", accountId: "acct-1" },
};
const outsider: DemoUser = { who: "outside", key: "olga", attributes: { team: "sales", region: "eu" } };

/** The measures of issue 4: how fast a merge, a rollback and a breach arrive at the application, through the running app. */
export async function measureRollout(print: (measure: Measure) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "routeward-bench-"));
  const unsafe = new Set<string>();
  const offset = storyBegins - Date.now();
  const now = (): Date => new Date(Date.now() + offset);
  const answer = (query: string): number | null => {
    const isUnsafe = query.includes("unsafe") && [...unsafe].some((flagKey) => query.includes(`"${flagKey}"`));
    return isUnsafe && query.includes('variation="candidate"') ? 2 : answerQuery(query);
  };
  const world = await buildWorld(folder, { answer, now });
  const environment = readEnvironment(world.env);
  const operator = readOperatorConfig(environment.configPath, world.env);
  const never = 12 * 3_600_000;
  const sweep = { pullRequests: never, deliveries: never, drift: never, guardrails: intervalMs };
  const log = createLog({ level: "error", secrets: world.secrets, destination: { write: () => {} } });
  const bot = await startBot(environment, { ...operator, sweep }, { log, now, pace: "unpaced" });
  world.github.setWebhookUrl({ appId: world.appId, url: `${bot.url}/api/github/webhooks` });
  const slowDown = (): (() => void) => {
    const stops = [world.github.server, world.featbit.api, world.prometheus.server].map((server) =>
      server.addFault({ when: () => true, effect: { kind: "latency", milliseconds: outsideMs } }),
    );
    world.featbit.setPropagationDelay(outsideMs);
    return () => {
      for (const stop of stops) stop();
      world.featbit.setPropagationDelay(0);
    };
  };
  const stage: Stage = { world, bot, actors: createActors(world, bot), slowDown, unsafe };
  try {
    const pulls: { flagKey: string; number: number }[] = [];
    const merges: number[] = [];
    for (let first = 0; first < routes; first += openAtOnce) {
      const opened = await openPulls(stage, first);
      merges.push(...(await timeMerges(stage, opened)));
      pulls.push(...opened);
    }
    const name = `merge webhook to all probes served, up to ${openAtOnce - 1} other open pull requests, p95`;
    print(summarise(name, merges, 0.95, limits.served));
    print(
      summarise(
        `breach to baseline, guardrails read every ${intervalMs} ms`,
        await timeBreaches(stage, pulls.slice(0, breaches)),
        1,
        intervalMs + limits.rolledBack,
      ),
    );
    const rest = pulls.slice(breaches);
    print(summarise("rollback command to baseline, p99", await timeRollbacks(stage, rest), 0.99, limits.rolledBack));
    print(summarise(`${watchedAtOnce} routes watched at once`, await timeWatch(stage), 1, productionIntervalMs));
  } finally {
    await bot.stop();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The value that counts is the asked quantile: what is promised is promised for the slow ones too. */
function summarise(name: string, times: readonly number[], quantile: number, limit: number): Measure {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0);
  return { suite: "rollout", name, value: at(quantile), unit: "ms", limit, p99: at(0.99), cpu: 0, runs: times.length };
}

async function openPulls({ actors }: Stage, first: number): Promise<readonly { flagKey: string; number: number }[]> {
  const pulls: { flagKey: string; number: number }[] = [];
  for (let n = first; n < first + openAtOnce; n += 1) {
    const flagKey = `support_bench_${n}`;
    const guarded = Object.entries(makeRoute({ flagKey, status: "approved-for-internal-canary" })).map(
      ([path, text]): [string, string] => [
        path,
        text.replace(
          "  exposure:",
          '    - { name: unsafe, category: safety, metric: unsafe-reports, threshold: "== 0", window: 24h, absentIs: 0, onBreach: rollback }\n  exposure:',
        ),
      ],
    );
    actors.push(people.author, flagKey, `Add ${flagKey}`, Object.fromEntries(guarded));
    pulls.push({ flagKey, number: actors.openPull(people.author, flagKey, flagKey) });
  }
  await actors.settle();
  for (const { number } of pulls) for (const login of [people.product, people.platform]) actors.approve(login, number);
  await actors.settle();
  return pulls;
}

type Pulls = readonly { flagKey: string; number: number }[];

/** Times what `act` brings about, seen by an SDK of the application's own. */
async function timeUntil(
  stage: Stage,
  flagKey: string,
  act: () => void,
  isRight: (served: readonly string[]) => boolean,
): Promise<number> {
  const served = openServedTable(stage.world, flagKey);
  await served.read([insider]);
  const stop = stage.slowDown();
  // What is done in the simulator is GitHub's own work; the clock starts when its webhook can go out.
  act();
  const begun = performance.now();
  await served.waitUntil([insider, outsider], isRight);
  const took = performance.now() - begun;
  stop();
  await served.close();
  await stage.actors.settle();
  return took;
}

async function timeMerges(stage: Stage, pulls: Pulls): Promise<readonly number[]> {
  const times: number[] = [];
  for (const { flagKey, number } of pulls) {
    const merge = (): void => {
      const result = stage.actors.tryMerge(people.release, number);
      if (!result.merged) throw new Error(`#${number} was not merged: ${result.why}`);
    };
    const isServed = ([inside, outside]: readonly string[]): boolean =>
      inside === "candidate at internal-canary" && outside === "baseline";
    times.push(await timeUntil(stage, flagKey, merge, isServed));
  }
  return times;
}

const isBaseline = (served: readonly string[]): boolean => served.every((value) => value === "baseline");

function timeRollbacks(stage: Stage, pulls: Pulls): Promise<readonly number[]> {
  return timeEach(pulls, ({ flagKey, number }) =>
    timeUntil(
      stage,
      flagKey,
      () => stage.actors.comment(people.release, number, "/routeward rollback measured"),
      isBaseline,
    ),
  );
}

function timeBreaches(stage: Stage, pulls: Pulls): Promise<readonly number[]> {
  return timeEach(pulls, ({ flagKey }) => timeUntil(stage, flagKey, () => void stage.unsafe.add(flagKey), isBaseline));
}

async function timeEach(pulls: Pulls, time: (pull: Pulls[number]) => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (const pull of pulls) times.push(await time(pull));
  return times;
}

/** As many live routes as the store is told of, each with the seven guardrails of the full example. */
async function timeWatch(stage: Stage): Promise<readonly number[]> {
  const { store, queue } = stage.bot;
  const text = readExample("support-answer-full.yaml");
  const at = new Date(storyBegins).toISOString();
  for (let n = 0; n < watchedAtOnce; n += 1) {
    const flagKey = `support_watched_${n}`;
    const own = text.replace("support_answer_model_route", flagKey);
    const path = `model-routes/${flagKey}.yaml`;
    const parsed = parseRouteFile(path, { kind: "text", text: own });
    if (!parsed.ok) throw new Error("the example cannot be read");
    const { record } = parsed.value;
    const files = Object.fromEntries(namedFiles(record).map((file) => [file, digestText(file)]));
    const identity = {
      binding,
      flagKey,
      candidateDigest: record.candidate === null ? null : digestBundle(record.candidate, files),
      baselineDigest: digestBundle(record.baseline, files) ?? "",
      mergeSha: "a".repeat(40),
    };
    const key = keyOfFlag(binding, flagKey);
    const audit = { subject: `flag/${key}` };
    const approved = {
      ...identity,
      environment: "production",
      repository: stage.world.repo,
      path,
      text: own,
      files,
      audiences: exampleAudiences,
      pull: 1,
      approvedAt: at,
      approvers: [],
      tier: "high",
    };
    const live = {
      ...identity,
      stage: "internal-canary" as const,
      step: 0,
      share: 100,
      audiences: ["internal-support"],
      excluded: [],
      targetingDigest: "t",
      revision: "r",
      enteredAt: at,
      soakedMs: 0,
      provenAt: at,
      paused: null,
    };
    await store.putRecord({ kind: approvedRouteKind, key, value: approved, expectedVersion: 0, audit });
    await store.putRecord({ kind: liveStateKind, key, value: live, expectedVersion: 0, audit });
  }
  const stop = stage.slowDown();
  const begun = performance.now();
  await queue.enqueue("watch", binding, { everyMs: productionIntervalMs });
  for (;;) {
    const watch = await store.getRecord(watchKind, binding);
    if ((watch?.value.flags.length ?? 0) >= watchedAtOnce) break;
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  const took = performance.now() - begun;
  stop();
  return [took];
}
