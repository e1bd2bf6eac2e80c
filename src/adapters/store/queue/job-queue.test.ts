import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, it } from "vitest";
import { describeEachEngine } from "../../../../test/store-engines.ts";
import { InternalError } from "../../../core/problem.ts";
import type { Job, JobQueue, QueueCount, QueueName } from "../../../ports/queue.ts";
import type { OpenedStore, StoreLocation } from "../open-store.ts";
import type { JobFailure } from "./job-queue.ts";

const patience = 15_000;

async function waitFor(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited too long for ${what}`);
    await sleep(10);
  }
}

/** A handler that a test opens and closes, and what it saw. */
function createGate(): {
  runs: Job[];
  running: Set<string>;
  overlaps: string[];
  open: () => void;
  handle: (job: Job) => Promise<void>;
} {
  let release: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  const gate = {
    runs: [] as Job[],
    running: new Set<string>(),
    overlaps: [] as string[],
    open: () => release(),
    handle: async (job: Job): Promise<void> => {
      gate.runs.push(job);
      if (gate.running.has(job.key)) gate.overlaps.push(job.key);
      gate.running.add(job.key);
      await opened;
      gate.running.delete(job.key);
    },
  };
  return gate;
}

async function countOf(queue: JobQueue, name: QueueName): Promise<Omit<QueueCount, "queue"> | undefined> {
  return (await queue.countJobs()).find((count) => count.queue === name);
}

describeEachEngine("the job queue", (engine) => {
  let opened: OpenedStore;
  const failures: JobFailure[] = [];
  beforeAll(async () => {
    opened = await engine.open(undefined, { reports: { reportFailure: (failure) => failures.push(failure) } });
  });

  it("runs one job of a key at a time, the newest data wins, and other keys flow past", async () => {
    const { queue } = opened;
    const gate = createGate();
    await queue.work("pull", gate.handle, { concurrency: 3 });
    await queue.enqueue("pull", "1#1", { push: 1 });
    await waitFor("the first run", () => gate.runs.length === 1);
    for (const push of [2, 3, 4]) await queue.enqueue("pull", "1#1", { push });
    await queue.enqueue("pull", "1#2", { push: 9 });
    await waitFor("the other key", () => gate.runs.length === 2);
    expect(await countOf(queue, "pull")).toEqual({ queue: "pull", waiting: 1, running: 2, scheduled: 0, parked: 0 });
    await sleep(1_200);
    expect(gate.runs.length).toBe(2);
    gate.open();
    await queue.waitUntilIdle(patience);
    expect(gate.runs.map(({ key, data }) => [key, data])).toEqual([
      ["1#1", { push: 1 }],
      ["1#2", { push: 9 }],
      ["1#1", { push: 4 }],
    ]);
    expect(gate.overlaps).toEqual([]);
  });

  it("repeats a job that failed, counts the attempts, and lets a newer one take its place", async () => {
    const { queue } = opened;
    const seen: [string, unknown, number][] = [];
    await queue.work("flag", async ({ key, data, attempt }) => {
      seen.push([key, data["n"], attempt]);
      if (key === "twice" && attempt < 2) throw new Error("not yet");
      if (key === "replaced" && data["n"] === 1) {
        await queue.enqueue("flag", key, { n: 2 });
        throw new Error("never again with these data");
      }
    });
    await queue.enqueue("flag", "twice", { n: 1 });
    await queue.enqueue("flag", "replaced", { n: 1 });
    await waitFor("all runs", () => seen.length === 4);
    await sleep(300);
    expect(seen.filter(([key]) => key === "twice")).toEqual([
      ["twice", 1, 1],
      ["twice", 1, 2],
    ]);
    expect(seen.filter(([key]) => key === "replaced").map(([, n]) => n)).toEqual([1, 2]);
    expect(failures.map(({ queue: name, key, attempt }) => [name, key, attempt])).toContainEqual(["flag", "twice", 1]);
    expect(await countOf(queue, "flag")).toMatchObject({ waiting: 0, scheduled: 0, running: 0, parked: 0 });
  });

  it("brings a job that pauses after a failure forward when something new arrives", async () => {
    const { queue } = opened;
    const seen: [unknown, number][] = [];
    await queue.work("sweep", async ({ data, attempt }) => {
      seen.push([data["n"], attempt]);
      if (attempt < 3) throw new Error("not yet");
      await Promise.resolve();
    });
    await queue.enqueue("sweep", "all", { n: 1 });
    await waitFor("the first failure", async () => (await countOf(queue, "sweep"))?.scheduled === 1);
    const start = Date.now();
    await queue.enqueue("sweep", "all", { n: 2 });
    await waitFor("the second run", () => seen.length === 2);
    expect(Date.now() - start).toBeLessThan(900);
    expect(seen).toEqual([
      [1, 1],
      [2, 2],
    ]);
    await waitFor("the third run", () => seen.length === 3);
  });

  it("starts a job not before its time, and a later call may change the time", async () => {
    const { queue } = opened;
    const started = Date.now();
    const runs: number[] = [];
    await queue.work("delivery", () => {
      runs.push(Date.now() - started);
      return Promise.resolve();
    });
    await queue.enqueue("delivery", "later", {}, { delayMs: 1_500 });
    await queue.enqueue("delivery", "at once", {}, { startAt: new Date(Date.now() + 3_600_000) });
    expect(await countOf(queue, "delivery")).toMatchObject({ scheduled: 2, waiting: 0 });
    await queue.enqueue("delivery", "at once", {});
    await waitFor("both", () => runs.length === 2);
    expect(runs[0]).toBeLessThan(1_400);
    expect(runs[1]).toBeGreaterThanOrEqual(1_450);
  });

  it("enqueues exactly when the transaction commits", async () => {
    const { store, queue } = await engine.open();
    const rolledBack = store.transaction(async (tx) => {
      await queue.enqueueIn(tx, "pull", "1#1", {});
      await queue.enqueueNewIn(tx, "delivery", [{ key: "g", data: {} }]);
      throw new Error("no");
    });
    await expect(rolledBack).rejects.toThrow("no");
    await store.transaction(async (tx) => {
      await queue.enqueueIn(tx, "pull", "1#2", {});
      await queue.enqueueNewIn(tx, "delivery", [{ key: "h", data: {} }]);
      await queue.enqueueNewIn(tx, "delivery", [{ key: "h", data: { other: true } }]);
    });
    const keys: string[] = [];
    const note = ({ queue: name, key, data }: Job): Promise<void> => {
      keys.push(`${name} ${key} ${Object.keys(data).length}`);
      return Promise.resolve();
    };
    await queue.work("pull", note);
    await queue.work("delivery", note);
    await queue.waitUntilIdle(patience);
    expect(keys.sort()).toEqual(["delivery h 0", "pull 1#2 0"]);
  });

  it("refuses keys that cannot be kept, transactions that are over, and two handlers for a queue", async () => {
    const { store, queue } = opened;
    await expect(queue.enqueue("pull", "", {})).rejects.toThrow(InternalError);
    await expect(queue.enqueue("pull", "k".repeat(1_001), {})).rejects.toThrow(InternalError);
    await expect(queue.work("pull", () => Promise.resolve())).rejects.toThrow(InternalError);
    const ended = await store.transaction((tx) => Promise.resolve(tx));
    await expect(queue.enqueueIn(ended, "pull", "k", {})).rejects.toThrow("ended");
  });

  it("finishes work in hand at a stop, and gives back what does not finish", async () => {
    const location = await engine.createLocation();
    const first = await engine.open(location);
    const finished: string[] = [];
    await first.queue.work("pull", async ({ key, signal }) => {
      if (key === "quick") await sleep(300);
      else await once(signal, "abort");
      finished.push(key);
    });
    await first.queue.enqueue("pull", "quick", {});
    await first.queue.enqueue("pull", "endless", {});
    await waitFor("both to run", async () => (await countOf(first.queue, "pull"))?.running === 2);
    await first.close({ graceMs: 1_000 });
    expect(finished).toContain("quick");
    const second = await engine.open(location);
    const again: [string, number][] = [];
    await second.queue.work("pull", ({ key, attempt }) => {
      again.push([key, attempt]);
      return Promise.resolve();
    });
    await waitFor("the work that was given back", () => again.length === 1);
    expect(again).toEqual([["endless", 2]]);
  });

  it("runs a job again after its process was killed in the middle of it", async () => {
    const location = await engine.createLocation();
    const child = startVictim(location);
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    expect(line.toString()).toContain("running 1");
    child.kill("SIGKILL");
    await once(child, "close");
    const start = Date.now();
    const { queue, store } = await engine.open(location);
    const again: Job[] = [];
    await queue.work("flag", (job) => {
      again.push(job);
      return Promise.resolve();
    });
    await waitFor("the killed job", () => again.length === 1);
    expect(again[0]).toMatchObject({ key: "staging/a", data: { n: 1 }, attempt: 2 });
    // The embedded store gives jobs back as it opens; replicas first have to miss a heartbeat of ten seconds.
    expect(Date.now() - start).toBeLessThan(engine.name === "embedded" ? 10_000 : patience);
    expect(await store.verifyStore()).toEqual([]);
  });
});

/** A process that takes a job and never finishes it. */
function startVictim(location: StoreLocation): ReturnType<typeof spawn> & { stdout: NodeJS.ReadableStream } {
  const module = new URL("../open-store.ts", import.meta.url).href;
  const script = `const { openStore } = await import(${JSON.stringify(module)});
    const { queue } = await openStore(${JSON.stringify(location)}, () => new Date());
    await queue.work("flag", async ({ attempt }) => { console.log("running " + attempt); await new Promise(() => setInterval(() => {}, 1000)); });
    await queue.enqueue("flag", "staging/a", { n: 1 });`;
  return spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
}
