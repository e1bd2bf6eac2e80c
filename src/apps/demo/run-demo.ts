import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createScrapedSeries } from "../../simulators/prometheus/scraped-series.ts";
import { createLog } from "../bot/create-log.ts";
import { startBot } from "../bot/start-bot.ts";
import { readEnvironment } from "../config/read-environment.ts";
import { readOperatorConfig } from "../config/read-operator-config.ts";
import { buildWorld, type World } from "./build-world.ts";
import { type ExampleService, startExampleService } from "./example-service.ts";
import { createNarrator, type Narrator } from "./narrate.ts";
import { flagKey } from "./story.ts";
import { callWeight, createStoryTraffic } from "./story-traffic.ts";
import { tellStory } from "./tell-story.ts";

export interface DemoOptions {
  /** Stay up after the story and print the addresses. */
  keep: boolean;
  colour: boolean;
  write?: (text: string) => void;
  observer?: DemoObserver;
}

/** Somebody who looks over the demo's shoulder: a test that searches what it leaves for secrets. */
export interface DemoObserver {
  logLevel: string;
  /** Before the app starts. */
  begin(world: World): void;
  /** After the app has stopped and before anything is removed. */
  end(left: { log: string; service: string; dataDir: string; audit: string }): Promise<void>;
}

/** A weekday morning outside the example's freeze window. The app's clock starts here and runs on. */
const storyBegins = Date.parse("2026-06-16T09:00:00Z");

/** The app's clock in the story: the machine's, moved to the story's date, and forward when days pass in it. */
export interface StoryClock {
  now: () => Date;
  advance(milliseconds: number): void;
}

function createStoryClock(): StoryClock {
  let offset = storyBegins - Date.now();
  return {
    now: () => new Date(Date.now() + offset),
    advance: (milliseconds) => {
      offset += milliseconds;
    },
  };
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    // Signals alone do not keep a process alive; this timer does, until one comes.
    const timer = setInterval(() => {}, 60_000);
    const end = (): void => {
      clearInterval(timer);
      resolve();
    };
    process.once("SIGINT", end);
    process.once("SIGTERM", end);
  });
}

/**
 * Plays the whole story against simulators, the real app and an embedded store in a temporary folder.
 *
 * @returns 0 when everything went as told, 1 when the story broke
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const write = options.write ?? ((text: string) => void process.stdout.write(text));
  const narrator: Narrator = createNarrator(write, options.colour);
  const folder = mkdtempSync(join(tmpdir(), "routeward-demo-"));
  const logPath = join(folder, "app.log");
  const lines: string[] = [];
  const clock = createStoryClock();
  const began = performance.now();
  const series = createScrapedSeries(callWeight);
  const world = await buildWorld(folder, {
    answer: (query) => series.answer(query, clock.now().getTime()),
    now: clock.now,
  });
  const delaysPath = join(folder, "model-delays.json");
  writeFileSync(delaysPath, "{}");
  let code = 1;
  try {
    options.observer?.begin(world);
    const environment = readEnvironment(world.env);
    const log = createLog({
      level: options.observer?.logLevel ?? "info",
      secrets: world.secrets,
      destination: { write: (line) => void lines.push(line) },
    });
    const operator = readOperatorConfig(environment.configPath, world.env);
    // The story's days pass at once; the story itself says when the guardrails are read.
    const quiet = { ...operator, sweep: { ...operator.sweep, guardrails: 3_600_000 } };
    const bot = await startBot(environment, quiet, {
      log,
      now: clock.now,
      // The simulated GitHub has no rate limits; with GitHub's pace the story would mostly wait between two writes.
      pace: "unpaced",
    });
    world.github.setWebhookUrl({ appId: world.appId, url: `${bot.url}/api/github/webhooks` });
    let service: ExampleService | undefined;
    try {
      service = await startExampleService({
        sdkKey: world.environment.serverSecret,
        streamingUrl: world.featbit.streamingUrl,
        eventsUrl: world.featbit.evaluationUrl,
        delaysPath,
      });
      const traffic = createStoryTraffic({ url: service.url, flagKey, series, delaysPath, now: clock.now });
      await tellStory({ world, bot, narrator, clock, traffic, folder });
      narrator.say(`The story took ${((performance.now() - began) / 1000).toFixed(1)} s.`);
      code = 0;
      if (options.keep) {
        narrator.say("Still running, until Ctrl+C:");
        narrator.table(
          ["what", "address"],
          [
            ["Routeward", bot.url],
            ["example service", service.url],
            ["GitHub (simulated)", world.github.url],
            ["FeatBit API (simulated)", world.featbit.apiUrl],
            ["FeatBit evaluation (simulated)", world.featbit.evaluationUrl],
            ["log and store", folder],
          ],
        );
        writeFileSync(logPath, lines.join(""));
        await untilInterrupted();
      }
    } finally {
      await service?.stop();
      await bot.stop();
    }
    await options.observer?.end({
      log: lines.join(""),
      service: service.output(),
      dataDir: world.env["DATA_DIR"] ?? "",
      audit: readFileSync(join(folder, "audit.jsonl"), "utf8"),
    });
    const violations = [...world.github.violations, ...world.featbit.violations];
    for (const violation of violations) narrator.say(`contract violation: ${violation}`);
    if (violations.length > 0) code = 1;
  } catch (error) {
    writeFileSync(logPath, lines.join(""));
    write(
      `\nThe story broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nThe app's log: ${logPath}\n`,
    );
    return 1;
  } finally {
    await world.close();
    if (code === 0) rmSync(folder, { recursive: true, force: true });
  }
  return code;
}
