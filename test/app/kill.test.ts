import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoopbackServer, SimulatorRequest } from "../../src/simulators/loopback-server.ts";
import { type AppProcess, startApp } from "./app-process.ts";
import { describeOutside, describeStore, identify, isEffect, recordEffects } from "./story-record.ts";
import { openStoryWorld, story, type StoryWorld } from "./story-world.ts";

/** Starts after the first one take half the time: what was compiled is kept when the undisturbed run ends. */
const compileCache = mkdtempSync(join(tmpdir(), "routeward-compiled-"));

/** An app that comes back whenever it was killed, as systemd or Kubernetes would bring it back. */
interface KeptApp {
  /** Kills the process that runs now; resolves when it is gone. A new one is started at once. */
  kill(): Promise<void>;
  /** Ends it for good, cleanly. */
  stop(): Promise<void>;
  /** Resolves when the process that runs now takes webhooks. */
  whenRunning(): Promise<void>;
  /** A new step of the story begins. */
  beginStep(): void;
  kills(): number;
  killsOfStep(): number;
}

function keepRunning(env: Readonly<Record<string, string>>): KeptApp {
  let app: AppProcess = startApp(env);
  let killed = 0;
  let before = 0;
  let killing: Promise<void> | undefined;
  const kill = async (): Promise<void> => {
    const dying = app;
    await dying.kill();

    killed += 1;
    app = startApp(env);
    killing = undefined;
  };
  return {
    // Requests that were under way together die of one death.
    kill: () => (killing ??= kill()),
    async stop() {
      await app.ready;
      const { code, stderr } = await app.terminate();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    },
    async whenRunning() {
      // A start that somebody else's kill interrupts is followed by another.
      while (
        !(await app.ready.then(
          () => true,
          () => false,
        ))
      )
        await sleep(5);
    },
    beginStep() {
      before = killed;
    },
    kills: () => killed,
    killsOfStep: () => killed - before,
  };
}

/** Begins to disturb; what it gives back ends it. */
type Disturbance = (world: StoryWorld, app: KeptApp) => () => void | Promise<void>;

interface Played {
  effects: string[];
  outside: unknown;
  store: unknown;
  kills: number;
}

/** Plays the story while `disturb` has its way. */
async function play(name: string, disturb: Disturbance): Promise<Played> {
  const world = await openStoryWorld({ NODE_COMPILE_CACHE: compileCache });
  const effects = recordEffects(world);
  const app = keepRunning(world.env);
  const begun = performance.now();
  const calm = disturb(world, app);
  try {
    await world.settle();
    for (const step of story) {
      app.beginStep();
      step.act(world);
      await world.settle();
    }
    await calm();
    await world.settle();
    await app.stop();
    expect([...world.world.github.violations, ...world.world.featbit.violations]).toEqual([]);
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    expect(effects.doubled()).toEqual([]);
    process.stdout.write(`${name}: ${effects.list().length} effects, ${app.kills()} kills, ${seconds} s\n`);
    return {
      effects: effects.list().sort(),
      outside: describeOutside(world),
      store: await describeStore(world, { dataDir: world.env["DATA_DIR"] ?? "" }),
      kills: app.kills(),
    };
  } finally {
    await calm();
    await app.kill();
    await world.close();
  }
}

/** Kills once at every effect: `before` it, so that it is lost, or `after` it, so that its answer is. */
function killAtEveryEffect(when: "before" | "after"): Disturbance {
  return (world, app) => {
    const met = new Set<string>();
    const isNew = (request: SimulatorRequest): boolean => {
      const id = identify(request, world);
      if (!isEffect(request) || met.has(id)) return false;
      met.add(id);
      return true;
    };
    const watch = (server: LoopbackServer): (() => void) =>
      server.watch(
        when === "before"
          ? {
              before: async (request) => {
                if (!isNew(request)) return;
                server.addFault({
                  when: ({ sequence }) => sequence === request.sequence,
                  times: 1,
                  effect: { kind: "lost-request" },
                });
                await app.kill();
              },
            }
          : {
              after: async (request) => {
                if (isNew(request)) await app.kill();
              },
            },
      );
    const ends = [watch(world.world.github.server), watch(world.world.featbit.api)];
    return () => {
      for (const end of ends) end();
    };
  };
}

/** The same sequence for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

let undisturbed: Played;
afterAll(() => rmSync(compileCache, { recursive: true, force: true }));
beforeAll(async () => {
  undisturbed = await play("undisturbed", () => () => {});
}, 120_000);

/** Enough to hit every step in its middle; without an end a slow machine would never get through one. */
const killsOfStep = 3;

/** Kills every 200 to 900 ms, wherever the app is then. */
function killAtRandom(seed: number): Disturbance {
  return (_world, app) => {
    const random = createRandom(seed);
    const ending = new AbortController();
    const strike = async (): Promise<void> => {
      while (!ending.signal.aborted) {
        // Counted from the moment it takes webhooks: how long a start takes is the machine's affair.
        await app.whenRunning();
        await sleep(200 + random() * 700);
        if (!ending.signal.aborted && app.killsOfStep() < killsOfStep) await app.kill();
      }
    };
    const striking = strike();
    return async () => {
      ending.abort();
      await striking;
    };
  };
}

describe.concurrent("an app that is killed and started again", () => {
  it("plays a story with something to lose", () => {
    expect(undisturbed.effects.length).toBeGreaterThan(20);
    expect(undisturbed.store).toMatchObject({ findings: [], openIntents: [], unfinishedDeliveries: [], outbox: [] });
  });

  it.each(["before", "after"] as const)(
    "loses and doubles nothing when it dies right %s every effect",
    async (when) => {
      const { kills, ...played } = await play(`killed ${when} every effect`, killAtEveryEffect(when));
      expect(played).toEqual({ effects: undisturbed.effects, outside: undisturbed.outside, store: undisturbed.store });
      expect(kills).toBeGreaterThanOrEqual(undisturbed.effects.length);
    },
    900_000,
  );

  it("loses and doubles nothing when it dies at random moments", async () => {
    const { kills, ...played } = await play("killed at random moments", killAtRandom(20_261_123));
    expect(played).toEqual({ effects: undisturbed.effects, outside: undisturbed.outside, store: undisturbed.store });
    expect(kills).toBeGreaterThan(3);
  }, 900_000);
});
