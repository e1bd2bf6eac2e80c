import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type PostgresCluster,
  explainMissingPostgres,
  query,
  startPostgresCluster,
} from "../../../test/postgres-cluster.ts";
import { StaleVersionError } from "../../ports/store.ts";
import { type OpenedStore, openStore } from "./open-store.ts";

const missing = explainMissingPostgres();
const counter = { name: "counter", schema: z.object({ value: z.number() }) };

describe.skipIf(missing !== undefined)(`two replicas on one PostgreSQL ${missing ?? ""}`, () => {
  let cluster: PostgresCluster;
  let databaseUrl: string;
  let replicas: OpenedStore[] = [];
  beforeAll(async () => {
    cluster = await startPostgresCluster();
    databaseUrl = await cluster.createDatabase();
    // Both at once on an empty database: one makes the tables, the other waits for it.
    replicas = await Promise.all([1, 2].map(() => openStore({ databaseUrl }, () => new Date())));
  });
  afterAll(async () => {
    for (const replica of replicas) await replica.close();
    await cluster.stop();
  });

  it("never run two jobs of one key at once, and the newest data of each key runs", async () => {
    const keys = Array.from({ length: 10 }, (_, at) => `1#${at}`);
    const running = new Set<string>();
    const overlaps: string[] = [];
    const last = new Map<string, unknown>();
    const ranOn = [0, 0];
    for (const [index, { queue }] of replicas.entries()) {
      await queue.work("pull", async ({ key, data }) => {
        if (running.has(key)) overlaps.push(key);
        running.add(key);
        ranOn[index] = (ranOn[index] ?? 0) + 1;
        await sleep(Math.random() * 30);
        last.set(key, data["n"]);
        running.delete(key);
        if (Math.random() < 0.1) throw new Error("now and then something fails");
      });
    }
    for (let n = 1; n <= 20; n += 1) {
      await Promise.all(keys.map(async (key, at) => replicas[(n + at) % 2]?.queue.enqueue("pull", key, { n })));
      await sleep(Math.random() * 40);
    }
    const queue = replicas[0]?.queue;
    for (let tries = 0; tries < 300; tries += 1) {
      const counts = await queue?.countJobs();
      if (counts?.every(({ waiting, running: now, scheduled }) => waiting + now + scheduled === 0) === true) break;
      await sleep(100);
    }
    expect(overlaps).toEqual([]);
    expect(Object.fromEntries(last)).toEqual(Object.fromEntries(keys.map((key) => [key, 20])));
    expect(Math.min(...ranOn)).toBeGreaterThan(0);
  });

  it("write one unbroken audit log together, and never lose a change of a record", async () => {
    const count = async ({ store }: OpenedStore): Promise<void> => {
      for (let done = 0; done < 20;) {
        const found = await store.getRecord(counter, "shared");
        const value = { value: (found?.value.value ?? 0) + 1 };
        const audit = { subject: "shared" };
        const write = { kind: counter, key: "shared", value, expectedVersion: found?.version ?? 0, audit };
        try {
          await store.putRecord(write);
          done += 1;
        } catch (error) {
          if (!(error instanceof StaleVersionError)) throw error;
        }
      }
    };
    await Promise.all(replicas.map(count));
    expect(await replicas[0]?.store.getRecord(counter, "shared")).toMatchObject({ version: 40, value: { value: 40 } });
    expect(await replicas[1]?.store.verifyStore()).toEqual([]);
  });

  it("store the same deliveries once, whoever got them and in whichever order", async () => {
    const guids = Array.from({ length: 50 }, (_, at) => `guid-${at}`);
    const deliveries = guids.map((guid) => ({ guid, event: "push", action: null, installationId: 1, body: "{}" }));
    const answers = await Promise.all([
      replicas[0]?.store.storeDeliveries(deliveries),
      replicas[1]?.store.storeDeliveries(deliveries.toReversed()),
    ]);
    const stored = answers.flat().filter((answer) => answer === "stored");
    expect(stored).toHaveLength(50);
  });

  it("count a job as parked after ten failures, and keep it", async () => {
    const queue = replicas[0]?.queue;
    await queue?.enqueue("sweep", "all", {}, { delayMs: 60_000 });
    await query(databaseUrl, "update pgboss.job set state = 'retry', retry_count = 10 where name = 'sweep'");
    expect((await queue?.countJobs())?.find((count) => count.queue === "sweep")).toEqual({
      queue: "sweep",
      waiting: 0,
      scheduled: 0,
      running: 0,
      parked: 1,
    });
  });

  it("say that a database is away, and that trying again may help", async () => {
    const away = openStore({ databaseUrl: databaseUrl.replace(/:\d+\//, ":1/") }, () => new Date());
    await expect(away).rejects.toMatchObject({ name: "StoreError", retryable: true });
  });
});
