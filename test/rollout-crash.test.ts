import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestTargeting } from "../src/core/rollout/compare-flag.ts";
import { advanceFlag } from "../src/flows/rollout/advance-flag.ts";
import type { RolloutPorts } from "../src/flows/rollout/rollout-ports.ts";
import {
  keyOfFlag,
  latchKind,
  liveStateKind,
  rolloutOutboxKind,
  rolloutStatusKind,
  subjectOfFlag,
} from "../src/flows/records.ts";
import type { FlagPort } from "../src/ports/featbit.ts";
import type { GitHubPort } from "../src/ports/github.ts";
import { bindingName, openRolloutWorld, type RolloutWorld } from "./rollout-world.ts";

let world: RolloutWorld;
beforeAll(async () => {
  world = await openRolloutWorld();
});
afterAll(() => world.close());

class Killed extends Error {
  override readonly name = "Killed";
}

/** Every method that changes something, of FeatBit, GitHub or the store. Between two of them a process may die. */
const effects = new Set([
  "createFlag",
  "putVariations",
  "putOffVariation",
  "putTargeting",
  "toggle",
  "deleteFlag",
  "prove",
  "addComment",
  "setDeployment",
  "openIssue",
  "transaction",
  "putRecord",
  "deleteRecord",
  "recordIntent",
  "recordOutcome",
  "appendAudit",
]);

interface Bomb {
  /** Calls of effects so far. */
  count: number;
  /** Dies after this effect; never when 0. */
  at: number;
}

/** The same port, which dies at the bomb's effect and answers nothing more, as a killed process would. */
function arm<T extends object>(port: T, bomb: Bomb): T {
  return new Proxy(port, {
    get(target, property, receiver) {
      const member: unknown = Reflect.get(target, property, receiver);
      if (typeof member !== "function") return member;
      return async (...input: unknown[]) => {
        if (bomb.at > 0 && bomb.count >= bomb.at) throw new Killed("dead");
        if (!effects.has(String(property))) return (member as (...all: unknown[]) => unknown).apply(target, input);
        const isLast = bomb.count + 1 === bomb.at;
        const result: unknown = await (member as (...all: unknown[]) => unknown).apply(target, input);
        bomb.count += 1;
        if (isLast) throw new Killed(`after ${String(property)}`);
        return result;
      };
    },
  });
}

function armPorts(bomb: Bomb): RolloutPorts {
  const { ports, flags, github } = world;
  const repositories: GitHubPort = {
    ...github.port,
    openRepository: async (owner, name) => arm(await github.port.openRepository(owner, name), bomb),
  };
  return {
    ...ports,
    store: arm(ports.store, bomb),
    flags: new Map<string, FlagPort>([[bindingName, arm(flags, bomb)]]),
    github: repositories,
  };
}

type Story = (key: string) => Promise<void>;

/** What the world looks like to people afterwards: FeatBit, the live state, the latch, GitHub, and how often FeatBit was changed. */
async function describeEnd(key: string, sinceRow: number): Promise<unknown> {
  const { store } = world.opened;
  const id = keyOfFlag(bindingName, key);
  const flag = world.simulator.findFlag(world.environment.id, key);
  const live = (await store.getRecord(liveStateKind, id))?.value;
  const rows = world.simulator.audit.slice(sinceRow).filter((row) => row.refId === flag?.id);
  const comments = world.github.comments.filter((comment) => comment.marker.includes(`/${key}:`));
  const deployments = [...world.github.deployments].filter(([deployment]) => deployment.includes(`/${key}:`));
  return {
    isEnabled: flag?.isEnabled,
    rules: flag?.rules.length,
    values: flag?.variations.map((variation) => variation.value),
    // Rule ids hang on the flag's key, so only the number of changes and their kinds can be compared.
    changes: rows.map((row) => row.operation),
    stage: live?.stage,
    share: live?.share,
    isLiveTargeting:
      flag !== undefined && live?.targetingDigest === digestTargeting({ ...flag, rules: flag.rules } as never),
    isLatched: (await store.getRecord(latchKind, id)) !== undefined,
    state: (await store.getRecord(rolloutStatusKind, id))?.value.state,
    outbox: (await store.getRecord(rolloutOutboxKind, id))?.value.effects ?? [],
    openIntents: await store.openIntents(subjectOfFlag(bindingName, key)),
    comments: comments.map((comment) => comment.marker.split(" ")[0]),
    deployments: deployments.map(([deployment, { state, writes }]) => [deployment.split(":").at(-1), state, writes]),
  };
}

async function play(key: string, prepare: Story, bomb: Bomb): Promise<{ end: unknown; died: string | null }> {
  await prepare(key);
  const row = world.simulator.audit.length;
  let died: string | null = null;
  try {
    await advanceFlag({ binding: bindingName, flagKey: key }, armPorts(bomb), world.now);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    died = error.message;
    await advanceFlag({ binding: bindingName, flagKey: key }, armPorts({ count: 0, at: 0 }), world.now);
  }
  return { end: await describeEnd(key, row), died };
}

const live =
  (status: string): Story =>
  async (key) => {
    await world.approve(key, status);
    await world.advance(key);
  };
const stories: [string, Story][] = [
  ["a first stage", async (key) => void (await world.approve(key, "approved-for-internal-canary"))],
  [
    "a promotion",
    async (key) => {
      await live("approved-for-internal-canary")(key);
      await world.approve(key, "approved-for-customer-canary");
    },
  ],
  [
    "a rollback",
    async (key) => {
      await live("approved-for-customer-canary")(key);
      await world.rollBack(key);
    },
  ],
  [
    "a re-entry",
    async (key) => {
      await live("approved-for-customer-canary")(key);
      await world.rollBack(key);
      await world.advance(key);
      await world.approve(key, "approved-for-internal-canary");
    },
  ],
];

describe.each(stories)("a process that dies in %s", (name, prepare) => {
  it("is continued by the next one from every point, with every outside effect seen once", async () => {
    const slug = name.replaceAll(/\W+/g, "_");
    const counted: Bomb = { count: 0, at: 0 };
    const undisturbed = await play(`support_${slug}_whole`, prepare, counted);
    expect(counted.count).toBeGreaterThan(5);
    // Dying before an effect is dying after the one before it: nothing but reading lies between.
    for (let at = 1; at <= counted.count; at += 1) {
      const { end, died } = await play(`support_${slug}_${at}`, prepare, { count: 0, at });
      expect({ at, died, end }).toEqual({ at, died: expect.any(String), end: undisturbed.end });
    }
  }, 120_000);
});

describe("bad weather", () => {
  it("a lost answer of every write is found out about and not repeated", async () => {
    const key = "support_lost";
    await world.approve(key, "approved-for-internal-canary");
    const remove = world.simulator.api.addFault({
      when: (request) => request.method !== "GET" && request.path.includes("feature-flags"),
      times: 20,
      effect: { kind: "lost-answer" },
    });
    let runs = 0;
    for (; runs < 12; runs += 1) {
      try {
        await world.advance(key);
        break;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "FeatBitError") throw error;
      }
    }
    remove();
    expect(runs).toBeGreaterThan(0);
    const flag = world.flag(key);
    expect(world.simulator.audit.filter((row) => row.refId === flag.id).map((row) => row.operation)).toEqual([
      "Create",
      "Update",
    ]);
    expect((await world.opened.store.getRecord(liveStateKind, keyOfFlag(bindingName, key)))?.value.stage).toBe(
      "internal-canary",
    );
  });

  it("FeatBit's unknown answer holds the rollout, says so and recovers by itself", async () => {
    const key = "support_weather";
    await world.approve(key, "approved-for-internal-canary");
    const remove = world.simulator.api.addFault({
      when: (request) => request.path.includes(key),
      effect: { kind: "status", response: { status: 418, body: { oh: "no" } } },
    });
    await expect(world.advance(key)).rejects.toThrow("unknown");
    await expect(world.advance(key)).rejects.toThrow("unknown");
    const status = await world.opened.store.getRecord(rolloutStatusKind, keyOfFlag(bindingName, key));
    expect(status?.value).toMatchObject({ state: "failing", attempts: 2 });
    expect(status?.value.reason).toContain("418");
    expect(
      world.github.comments.filter((comment) => comment.marker.startsWith(`routeward-hold ${bindingName}/${key}`))
        .length,
    ).toBe(1);
    remove();
    expect((await world.advance(key)).state).toBe("live");
  });

  it("a revision that somebody took meanwhile is read again, and a change that is not ours holds", async () => {
    const key = "support_stale";
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    await world.approve(key, "approved-for-customer-canary");
    let isEdited = false;
    const stop = world.simulator.api.watch({
      before: (request) => {
        if (isEdited || request.method !== "PUT" || !request.path.endsWith(`${key}/targeting`)) return;
        isEdited = true;
        world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
          draft.rules = [];
        });
      },
    });
    const outcome = await world.advance(key);
    stop();
    expect(isEdited).toBe(true);
    expect(outcome.state).toBe("held");
    expect(outcome.reason).toContain("by hand");
  });
});
