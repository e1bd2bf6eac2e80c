import { beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { describeEachEngine } from "../../../test/store-engines.ts";
import { verifyAuditExport } from "../../core/audit/verify-audit-export.ts";
import { InternalError } from "../../core/problem.ts";
import {
  type NewDelivery,
  type RecordKind,
  type RecordWrite,
  StaleVersionError,
  type Store,
  StoreError,
  UnreadableRecordError,
} from "../../ports/store.ts";

interface Live {
  stage: string;
  share: number;
  audiences?: string[] | undefined;
}

const live: RecordKind<Live> = {
  name: "live-route",
  schema: z.object({ stage: z.string(), share: z.number(), audiences: z.array(z.string()).optional() }),
};

function write(key: string, expectedVersion: number, value: Partial<Live> = {}): RecordWrite<Live> {
  return {
    kind: live,
    key,
    value: { stage: "shadow", share: 5, ...value },
    expectedVersion,
    audit: { subject: `flag/${key}`, data: { by: "pull 7" } },
  };
}

function delivery(guid: string, body = `{"guid":"${guid}"}`): NewDelivery {
  return { guid, event: "pull_request", action: "opened", installationId: 7_000_000_001, body };
}

describeEachEngine("the store", (engine) => {
  let store: Store;
  let clock = new Date("2026-11-23T10:00:00.000Z");
  beforeAll(async () => {
    ({ store } = await engine.open(undefined, { now: () => clock }));
  });

  it("keeps a delivery once and says what is known of it", async () => {
    expect(await store.storeDelivery(delivery("g-1"))).toBe("stored");
    expect(await store.storeDelivery(delivery("g-1", "another body"))).toBe("already-stored");
    await store.markDeliveryFailed("g-1", "GitHub was\0 away 😀");
    await store.markDeliveryFailed("g-1", "again");
    expect(await store.getDelivery("g-1")).toMatchObject({
      ...delivery("g-1"),
      attempts: 2,
      lastError: "again",
      doneAt: null,
      receivedAt: "2026-11-23T10:00:00.000Z",
    });
    expect((await store.listUnfinishedDeliveries()).map(({ guid }) => guid)).toEqual(["g-1"]);
    await store.markDeliveryDone("g-1");
    await store.markDeliveryDone("g-1");
    await store.markDeliveryFailed("g-1", "too late");
    expect(await store.storeDelivery(delivery("g-1"))).toBe("already-done");
    expect(await store.getDelivery("g-1")).toMatchObject({ attempts: 2, lastError: "again" });
    expect(await store.listUnfinishedDeliveries()).toEqual([]);
    expect(await store.getDelivery("unknown")).toBeUndefined();
    await store.markDeliveryDone("unknown");
  });

  it("stores many deliveries at once and answers in their order", async () => {
    await store.storeDelivery(delivery("m-2"));
    const many = ["m-3", "m-2", "m-1", "m-3"].map((guid) => delivery(guid));
    expect(await store.storeDeliveries(many)).toEqual(["stored", "already-stored", "stored", "already-stored"]);
    expect(await store.storeDeliveries([])).toEqual([]);
  });

  it("keeps a body of 25 MB with every kind of character", async () => {
    const body = JSON.stringify({ text: "é😀\u2028 \\u0000 ".repeat(1_000_000) });
    await store.storeDelivery(delivery("big", body));
    expect((await store.getDelivery("big"))?.body).toBe(body);
  });

  it("forgets only deliveries that were done long ago", async () => {
    await store.storeDeliveries([delivery("p-1"), delivery("p-2")]);
    await store.markDeliveryDone("p-1");
    expect(await store.purgeDeliveries(new Date("2026-11-23T10:00:00.000Z"))).toBe(0);
    expect(await store.purgeDeliveries(new Date("2026-11-23T10:00:00.001Z"))).toBeGreaterThan(0);
    expect(await store.getDelivery("p-1")).toBeUndefined();
    expect(await store.getDelivery("p-2")).toBeDefined();
  });

  it("writes a record, reads it back and refuses a write that did not see the last one", async () => {
    const first = await store.putRecord(write("a", 0, { audiences: undefined }));
    expect(first).toMatchObject({ key: "a", version: 1, value: { stage: "shadow", share: 5 } });
    const second = await store.putRecord(write("a", 1, { share: 10 }));
    expect(await store.getRecord(live, "a")).toEqual(second);
    await expect(store.putRecord(write("a", 1))).rejects.toThrow(StaleVersionError);
    await expect(store.putRecord(write("a", 0))).rejects.toMatchObject({ expectedVersion: 0, actualVersion: 2 });
    await expect(store.putRecord(write("new", 3))).rejects.toMatchObject({ actualVersion: 0 });
    expect(await store.getRecord(live, "new")).toBeUndefined();
  });

  it("lists the records of a kind by prefix, sorted and taken literally", async () => {
    for (const key of ["list/b", "list/A", "list/_", "list/é", "other"]) await store.putRecord(write(key, 0));
    expect((await store.listRecords(live, "list/")).map(({ key }) => key)).toEqual([
      "list/A",
      "list/_",
      "list/b",
      "list/é",
    ]);
    expect((await store.listRecords(live, "list/_")).length).toBe(1);
    expect(await store.listRecords({ ...live, name: "other-kind" })).toEqual([]);
  });

  it("deletes a record with the version that was read, and knows that it is gone", async () => {
    await store.putRecord(write("gone", 0));
    const audit = { subject: "flag/gone" };
    await expect(store.deleteRecord({ kind: live, key: "gone", expectedVersion: 2, audit })).rejects.toThrow("version");
    await store.deleteRecord({ kind: live, key: "gone", expectedVersion: 1, audit });
    expect(await store.getRecord(live, "gone")).toBeUndefined();
    await expect(store.deleteRecord({ kind: live, key: "gone", expectedVersion: 0, audit })).rejects.toThrow(
      StaleVersionError,
    );
  });

  it("does not guess at a record that no longer fits its schema", async () => {
    await store.putRecord(write("old-shape", 0));
    const changed = { name: live.name, schema: z.object({ stage: z.literal("never") }) };
    await expect(store.getRecord(changed, "old-shape")).rejects.toThrow(UnreadableRecordError);
    await expect(store.listRecords(changed, "old-shape")).rejects.toThrow("does not fit its schema");
  });

  it.each<[string, RecordWrite<unknown>]>([
    ["a value that its own schema refuses", { ...write("x", 0), value: { stage: 1 } }],
    ["a value that JSON cannot say", { ...write("x", 0), value: { share: Number.NaN } }],
    ["a kind with a careless name", { ...write("x", 0), kind: { ...live, name: "Live Route" } }],
  ])("refuses to write %s, as our own mistake", async (_name, wrong) => {
    await expect(store.putRecord(wrong)).rejects.toThrow(InternalError);
    expect(await store.getRecord(live, "x")).toBeUndefined();
  });

  it("writes an audit entry with every change of a record, in the same transaction", async () => {
    const { digest } = await store.putRecord(write("audited", 0));
    const [entry] = await store.readAudit({ subjectPrefix: "flag/audited" });
    const record = { kind: "live-route", key: "audited", version: 1, digest };
    expect(entry).toMatchObject({ type: "record.put", data: { record, data: { by: "pull 7" } } });
    const before = await store.readAuditHead();
    await expect(store.putRecord(write("audited", 0))).rejects.toThrow(StaleVersionError);
    expect(await store.readAuditHead()).toEqual(before);
  });

  it("keeps nothing of a transaction that failed, and hands out the error of its work", async () => {
    const before = await store.readAuditHead();
    const failure = new Error("the work failed");
    const attempt = store.transaction(async (tx) => {
      await tx.storeDelivery(delivery("rolled-back"));
      await tx.putRecord(write("rolled-back", 0));
      await tx.appendAudit({ type: "test.note", subject: "s", data: null });
      throw failure;
    });
    await expect(attempt).rejects.toBe(failure);
    expect(await store.getDelivery("rolled-back")).toBeUndefined();
    expect(await store.getRecord(live, "rolled-back")).toBeUndefined();
    expect(await store.readAuditHead()).toEqual(before);
  });

  it("keeps everything of a transaction that succeeded", async () => {
    const version = await store.transaction(async (tx) => {
      await tx.storeDelivery(delivery("kept"));
      const { version } = await tx.putRecord(write("kept", 0));
      expect(await tx.getRecord(live, "kept")).toMatchObject({ version: 1 });
      return version;
    });
    expect(version).toBe(1);
    expect(await store.getDelivery("kept")).toBeDefined();
  });

  it("numbers audit entries without a gap, even when many write at once", async () => {
    const notes = Array.from({ length: 30 }, (_, at) => ({ type: "test.note", subject: `many/${at}`, data: { at } }));
    await Promise.all(notes.map((note) => store.appendAudit(note)));
    const entries = await store.readAudit({ limit: 10_000 });
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
    expect((await store.readAudit({ from: 3, limit: 2 })).map(({ seq }) => seq)).toEqual([3, 4]);
  });

  it("lets one of two writers of the same version win, and tells the other", async () => {
    const results = await Promise.allSettled([1, 2, 3, 4].map((share) => store.putRecord(write("race", 0, { share }))));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refusals = results.filter((result) => result.status === "rejected").map(({ reason }): unknown => reason);
    expect(refusals.every((reason) => reason instanceof StaleVersionError)).toBe(true);
  });

  it("remembers effects that were begun and not ended", async () => {
    const intent = { key: "toggle:a", effect: "toggle-flag", subject: "effects/1", data: { on: false } };
    await store.recordIntent(intent);
    const seq = await store.recordIntent(intent);
    await store.appendAudit({ type: "test.note", subject: "effects/1", key: "toggle:a", data: null });
    await store.recordIntent({ ...intent, key: "toggle:b", subject: "effects/2" });
    expect(await store.openIntents("effects/1")).toEqual([{ ...intent, seq, at: clock.toISOString() }]);
    expect(await store.openIntents()).toHaveLength(2);
    expect(await store.lastOutcome("toggle:a")).toBeUndefined();
    await store.recordOutcome("toggle:a", { status: "done", data: { revision: "r2" } });
    expect(await store.openIntents("effects/1")).toEqual([]);
    expect(await store.lastOutcome("toggle:a")).toEqual({ status: "done", data: { revision: "r2" } });
    await store.recordIntent(intent);
    expect(await store.openIntents("effects/1")).toHaveLength(1);
    await expect(store.recordOutcome("toggle:never", { status: "done" })).rejects.toThrow(InternalError);
    await store.recordOutcome("toggle:a", { status: "unnecessary" });
    await store.recordOutcome("toggle:b", { status: "failed" });
  });

  it("keeps the store's own entry types for itself", async () => {
    await expect(store.appendAudit({ type: "record.put", subject: "s", data: null })).rejects.toThrow(InternalError);
  });

  it("exports a log that proves itself without the database", async () => {
    const lines: string[] = [];
    for await (const line of store.exportAudit()) lines.push(line);
    const head = await store.readAuditHead();
    expect(lines.length).toBe(head?.seq);
    expect(verifyAuditExport(lines, head)).toEqual([]);
  });

  it("proves itself", async () => {
    await store.ping();
    expect(await store.verifyStore()).toEqual([]);
  });

  it("continues where it was after it was closed and opened again", async () => {
    const location = await engine.createLocation();
    const first = await engine.open(location, { now: () => clock });
    await first.store.putRecord(write("a", 0));
    await first.close();
    await first.close();
    await expect(first.store.getRecord(live, "a")).rejects.toThrow(StoreError);
    clock = new Date("2026-11-23T11:00:00.000Z");
    const second = await engine.open(location, { now: () => clock });
    expect(await second.store.getRecord(live, "a")).toMatchObject({ version: 1 });
    await second.store.putRecord(write("a", 1));
    expect(await second.store.verifyStore()).toEqual([]);
  });
});
