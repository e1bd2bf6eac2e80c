import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRouteProbe } from "../src/adapters/route/create-route-probe.ts";
import type { ApprovedRoute } from "../src/core/facts.ts";
import { builtInPolicy } from "../src/core/policy/built-in-policy.ts";
import { digestTargeting } from "../src/core/rollout/compare-flag.ts";
import { advanceFlag } from "../src/flows/rollout/advance-flag.ts";
import { askLiveRehearsal } from "../src/flows/rollout/ask-live-rehearsal.ts";
import { pauseFlag, resumeFlag } from "../src/flows/rollout/pause-flag.ts";
import { readApprovedContent } from "../src/flows/rollout/read-approved-content.ts";
import { rehearse } from "../src/flows/rollout/rehearse.ts";
import { watchBinding } from "../src/flows/rollout/watch-binding.ts";
import {
  approvedRouteKind,
  keyOfFlag,
  latchKind,
  liveRehearsalKind,
  liveStateKind,
  rehearsalKind,
  rolloutOutboxKind,
  rolloutStatusKind,
  subjectOfFlag,
} from "../src/flows/records.ts";
import type { FlagPort } from "../src/ports/featbit.ts";
import type { GitHubPort } from "../src/ports/github.ts";
import { type LoopbackServer, startLoopbackServer } from "../src/simulators/loopback-server.ts";
import { arm, type Bomb, createBomb, isReading, Killed, listPortMethods } from "./crash.ts";
import { readExamplePolicy } from "./example-policy.ts";
import { createSteadyMetrics } from "./steady-metrics.ts";
import { bindingName, openRolloutWorld, type RolloutWorld } from "./rollout-world.ts";

let world: RolloutWorld;
let route: LoopbackServer;
/** Changes what the metrics source answers to a query; null: all is well. */
let weather: (query: string) => number | null = () => null;
beforeAll(async () => {
  route = await startLoopbackServer(() => Promise.resolve({ status: 200, body: {} }));
  world = await openRolloutWorld({
    begins,
    metrics: createSteadyMetrics((query) => weather(query)),
    routeProbe: createRouteProbe({ url: route.url, timeoutMs: 1_000, token: null }),
  });
});
afterAll(async () => {
  await world.close();
  await route.close();
});

/** A Tuesday: the example's freeze window begins on Friday. */
const begins = Date.parse("2026-06-16T09:00:00Z");
const hour = 3_600_000;
const policyPath = ".github/routeward.yml";

function armPorts(bomb: Bomb): typeof world.ports {
  const { ports, flags, github } = world;
  const repositories: GitHubPort = {
    ...github.port,
    openRepository: async (owner, name) => arm("github", await github.port.openRepository(owner, name), bomb),
  };
  return {
    ...ports,
    store: arm("store", ports.store, bomb),
    queue: arm("queue", ports.queue, bomb),
    flags: new Map<string, FlagPort>([[bindingName, arm("flags", flags, bomb)]]),
    routeProbes: new Map([...ports.routeProbes].map(([name, probe]) => [name, arm("route", probe, bomb)])),
    github: repositories,
  };
}

type Ports = typeof world.ports;

/** Something that happens to a flag. `act` is what a killed process does again: the work of a job or of a delivery, whole. */
interface Story {
  name: string;
  prepare: (key: string) => Promise<void>;
  /** The flag's job when absent. */
  act?: (key: string, ports: Ports) => Promise<void>;
}

const advance = async (key: string, ports: Ports = world.ports): Promise<void> => {
  await advanceFlag({ binding: bindingName, flagKey: key }, ports, world.now);
};

/** What the world looks like to people afterwards: FeatBit, the records, GitHub, and how often FeatBit was changed. */
async function describeEnd(key: string, sinceRow: number): Promise<unknown> {
  const { store } = world.opened;
  const id = keyOfFlag(bindingName, key);
  const flag = world.simulator.findFlag(world.environment.id, key);
  const live = (await store.getRecord(liveStateKind, id))?.value;
  const latch = (await store.getRecord(latchKind, id))?.value;
  const rows = world.simulator.audit.slice(sinceRow);
  const comments = world.github.comments.filter((comment) => comment.marker.includes(`/${key}:`));
  const deployments = [...world.github.deployments].filter(([deployment]) => deployment.includes(`/${key}:`));
  const rehearsals = await store.listRecords(rehearsalKind, `${id}/`);
  return {
    isEnabled: flag?.isEnabled,
    rules: flag?.rules.length,
    values: flag?.variations.map((variation) => variation.value),
    // Rule ids hang on the flag's key, so only the number of changes and their kinds can be compared.
    changes: rows.filter((row) => row.refId === flag?.id).map((row) => row.operation),
    stage: live?.stage,
    share: live?.share,
    nextStep: live?.nextStep,
    pausedBy: live?.paused?.by,
    isLiveTargeting:
      flag !== undefined && live?.targetingDigest === digestTargeting({ ...flag, rules: flag.rules } as never),
    latch: latch?.cause,
    state: (await store.getRecord(rolloutStatusKind, id))?.value.state,
    written: (await store.getRecord(rolloutStatusKind, id))?.value.written.length,
    outbox: (await store.getRecord(rolloutOutboxKind, id))?.value.effects ?? [],
    openIntents: await store.openIntents(subjectOfFlag(bindingName, key)),
    comments: comments.map((comment) => comment.marker.split(" ")[0]),
    deployments: deployments.map(([deployment, { state, writes }]) => [deployment.split(":").at(-1), state, writes]),
    rehearsals: rehearsals.map(({ value }) => [value.ok, value.where, value.route?.ok]),
    isRehearsing: (await store.getRecord(liveRehearsalKind, id)) !== undefined,
    disposable: world.simulator.findFlag(world.environment.id, `${key}__rehearsal`) !== undefined,
  };
}

const everSeen = new Set<string>();

async function play(key: string, story: Story, bomb: Bomb): Promise<{ end: unknown; died: string | null }> {
  weather = () => null;
  world.github.files.set(policyPath, readExamplePolicy());
  await story.prepare(key);
  const row = world.simulator.audit.length;
  const act = story.act ?? advance;
  let died: string | null = null;
  try {
    await act(key, armPorts(bomb));
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    died = error.message;
    await act(key, armPorts(createBomb()));
  }
  for (const effect of bomb.seen) everSeen.add(effect);
  const end = await describeEnd(key, row);
  expect(findDoubled(row)).toEqual([]);
  await forget(key);
  return { end, died };
}

/** Flags on which something was done twice that is done once: created, archived or deleted. A disposable flag that is made anew is another one. */
function findDoubled(sinceRow: number): string[] {
  const once = world.simulator.audit
    .slice(sinceRow)
    .filter(({ operation }) => ["Create", "Archive", "Remove"].includes(operation))
    .map(({ operation, refId }) => `${operation} ${refId}`);
  return once.filter((change, at) => once.indexOf(change) !== at);
}

/** The flag of a story that is over is watched no more. */
async function forget(key: string): Promise<void> {
  const { store } = world.opened;
  const id = keyOfFlag(bindingName, key);
  const live = await store.getRecord(liveStateKind, id);
  if (live === undefined) return;
  const audit = { subject: subjectOfFlag(bindingName, key) };
  await store.deleteRecord({ kind: liveStateKind, key: id, expectedVersion: live.version, audit });
}

async function goLive(key: string, status: string): Promise<ApprovedRoute> {
  const approved = await world.approve(key, status, (text) => text.replace("soak: 48h", "soak: 3h"));
  await world.advance(key);
  return approved;
}

/** One look of the watch, then the flag's job, as the queue has it. */
const lookAndAdvance = async (key: string, ports: Ports): Promise<void> => {
  await watchBinding({ binding: bindingName, everyMs: hour }, ports, world.now);
  await advance(key, ports);
};

async function soak(hours: number): Promise<void> {
  await world.look(hour);
  for (let n = 0; n < hours; n += 1) {
    world.pass(hour);
    if (n < hours - 1) await world.look(hour);
  }
}

const person = (key: string) => ({ binding: bindingName, flagKey: key, by: "@ann" });

const pauseByHand = async (key: string, ports: Ports): Promise<void> => {
  await pauseFlag({ ...person(key), reason: "looking", requestId: "comment-1" }, ports, world.now());
  await advance(key, ports);
};

async function rehearseDisposable(key: string, ports: Ports): Promise<void> {
  const approved = await world.opened.store.getRecord(approvedRouteKind, keyOfFlag(bindingName, key));
  const read = approved === undefined ? undefined : readApprovedContent(approved.value);
  if (read?.ok !== true || read.content.record.candidate === null) throw new Error("unreadable");
  const { record, approved: route } = read.content;
  await rehearse(
    {
      ...person(key),
      flagType: record.flagType,
      baseline: { bundle: record.baseline, digest: route.baselineDigest },
      candidate: { bundle: read.content.record.candidate, digest: route.candidateDigest ?? "" },
      repository: route.repository,
    },
    ports,
    world.now,
  );
}

async function rehearseLive(key: string, ports: Ports): Promise<void> {
  const approved = await world.opened.store.getRecord(approvedRouteKind, keyOfFlag(bindingName, key));
  const candidateDigest = approved?.value.candidateDigest ?? "";
  const where = { repository: "acme/support-routes", repositoryId: 1, pull: 7 };
  await askLiveRehearsal({ ...person(key), candidateDigest, requestId: "comment-1", ...where }, ports, world.now);
  await advance(key, ports);
}

const candidateOnly = (pattern: string, value: number) => (query: string) =>
  query.includes(pattern) && query.includes('variation="candidate"') ? value : null;

/** Add a story here, and every point at which a process can die in it is tried. */
const stories: readonly Story[] = [
  {
    name: "a first stage",
    prepare: async (key) => void (await world.approve(key, "approved-for-internal-canary")),
  },
  {
    name: "a promotion",
    async prepare(key) {
      await goLive(key, "approved-for-internal-canary");
      await world.approve(key, "approved-for-customer-canary");
    },
  },
  {
    name: "a rollback",
    async prepare(key) {
      await goLive(key, "approved-for-customer-canary");
      await world.rollBack(key);
    },
  },
  {
    name: "a rollback whose off variation somebody changed",
    async prepare(key) {
      await goLive(key, "approved-for-customer-canary");
      const candidate = world.flag(key).variations.find(({ name }) => name === "candidate")?.id ?? "";
      world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
        draft.disabledVariationId = candidate;
      });
      await world.rollBack(key);
    },
  },
  {
    name: "a re-entry",
    async prepare(key) {
      await goLive(key, "approved-for-customer-canary");
      await world.rollBack(key);
      await world.advance(key);
      await world.approve(key, "approved-for-internal-canary");
    },
  },
  {
    name: "a rehearsal on the disposable flag",
    prepare: async (key) => void (await world.approve(key, "approved-for-internal-canary")),
    act: rehearseDisposable,
  },
  {
    name: "a rehearsal on the live flag",
    prepare: async (key) => void (await goLive(key, "approved-for-customer-canary")),
    act: rehearseLive,
  },
  {
    name: "a rehearsal on the live flag that a rollback cancels",
    async prepare(key) {
      await goLive(key, "approved-for-customer-canary");
      const bomb = createBomb(14);
      await expect(rehearseLive(key, armPorts(bomb))).rejects.toThrow(Killed);
      expect(world.flag(key).rules[0]?.name).toContain("synthetic user");
      await world.rollBack(key);
    },
  },
  {
    name: "a step that goes on by itself",
    async prepare(key) {
      await goLive(key, "approved-for-customer-canary");
      await soak(3);
    },
    act: lookAndAdvance,
  },
  {
    name: "a pause",
    prepare: async (key) => void (await goLive(key, "approved-for-customer-canary")),
    act: pauseByHand,
  },
  {
    name: "a resume",
    async prepare(key) {
      await goLive(key, "approved-for-internal-canary");
      await pauseByHand(key, world.ports);
      await soak(1);
      await world.look(hour);
    },
    async act(key, ports) {
      await resumeFlag({ ...person(key), requestId: "comment-2" }, builtInPolicy, ports, world.now());
      await advance(key, ports);
    },
  },
  {
    name: "a breach that pauses",
    async prepare(key) {
      await goLive(key, "approved-for-customer-canary");
      weather = candidateOnly("histogram_quantile", 9);
    },
    act: lookAndAdvance,
  },
  {
    name: "a breach that rolls back",
    async prepare(key) {
      await goLive(key, "approved-for-customer-canary");
      weather = candidateOnly("unsafe_output_reports_total", 3);
    },
    act: lookAndAdvance,
  },
  {
    name: "a repair",
    async prepare(key) {
      world.github.files.set(policyPath, readExamplePolicy().replace("drift: alert", "drift: repair"));
      await goLive(key, "approved-for-internal-canary");
      const candidate = world.flag(key).variations.find(({ name }) => name === "candidate")?.id ?? "";
      world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
        draft.fallthrough.variations = [{ id: candidate, rollout: [0, 1], exptRollout: 1 }];
      });
    },
  },
];

describe.each(stories)("a process that dies in $name", (story) => {
  it("is continued by the next one from every point, with every outside effect seen once", async () => {
    const slug = story.name.replaceAll(/\W+/g, "_");
    const counted = createBomb();
    const undisturbed = await play(`support_${slug}_whole`, story, counted);
    expect(counted.count).toBeGreaterThan(2);
    // Dying before an effect is dying after the one before it: nothing but reading lies between.
    for (let at = 1; at <= counted.count; at += 1) {
      const { end, died } = await play(`support_${slug}_${at}`, story, createBomb(at));
      expect({ at, died, end }).toEqual({ at, died: expect.any(String), end: undisturbed.end });
    }
  }, 180_000);
});

it("no way to change the world is left out: every port method that does not only read died in a story, or is not the rollout's", () => {
  const declared = [
    ...listPortMethods("featbit.ts", "FlagPort").map((method) => `flags.${method}`),
    ...listPortMethods("github.ts", "RepositoryPort").map((method) => `github.${method}`),
    ...listPortMethods("store.ts", "StoreOperations").map((method) => `store.${method}`),
    ...listPortMethods("store.ts", "Store").map((method) => `store.${method}`),
    ...listPortMethods("queue.ts", "JobQueue").map((method) => `queue.${method}`),
    ...listPortMethods("route-probe.ts", "RouteProbePort").map((method) => `route.${method}`),
  ].filter((name) => !isReading(name.split(".")[1] ?? ""));
  expect(declared.length).toBeGreaterThan(25);
  expect(declared.filter((name) => !everSeen.has(name)).sort()).toEqual(notOfRollouts.toSorted());
});

/** Methods that change something and are no rollout's: intake, judging of pull requests, the life of the process. */
const notOfRollouts = [
  "store.storeDelivery",
  "store.storeDeliveries",
  "store.markDeliveryDone",
  "store.markDeliveryFailed",
  "store.purgeDeliveries",
  "queue.enqueueNewIn",
  "queue.work",
  "queue.stop",
  "github.publishCheck",
  "github.requestReviewers",
  "github.withdrawReviewers",
  "github.putComment",
  "github.openIssue",
  // Of the jobs that open pull requests, whose deaths are in proposals-crash.test.ts.
  "github.proposeChange",
];

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
