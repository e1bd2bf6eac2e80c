import { afterAll, beforeAll, expect, it } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenedStore, openStore } from "../src/adapters/store/open-store.ts";
import { closeLeftIntents } from "../src/flows/close-left-intents.ts";
import { keyOfFlag, latchKind } from "../src/flows/records.ts";
import { requestRollback } from "../src/flows/rollout/roll-back.ts";

const dataDir = mkdtempSync(join(tmpdir(), "routeward-flows-"));
let opened: OpenedStore;
beforeAll(async () => {
  opened = await openStore({ dataDir }, () => new Date());
});
afterAll(async () => {
  await opened.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it("closes what a killed run of the pull request left open, and leaves answers and other pull requests alone", async () => {
  const { store } = opened;
  for (const [key, effect, subject] of [
    ["check/a", "publish-check", "pull/1#7"],
    ["request/a", "request-reviewers", "pull/1#7"],
    ["answer/a", "add-comment", "pull/1#7"],
    ["check/b", "publish-check", "pull/1#8"],
  ] as const) {
    await store.recordIntent({ key, effect, subject, data: {} });
  }
  await closeLeftIntents("pull/1#7", store);
  expect((await store.openIntents()).map(({ key }) => key)).toEqual(["answer/a", "check/b"]);
  expect(await store.lastOutcome("check/a")).toMatchObject({ status: "unnecessary" });
});

it("takes a rollback that is asked for again after a crash once, also when a re-entry has released it meanwhile", async () => {
  const { store, queue } = opened;
  const flag = { binding: "b", flagKey: "support_a" };
  const request = { ...flag, by: "@ann", reason: "wrong", cause: "command", repository: "acme/r", pull: 7 } as const;
  const ask = (requestId: string, at: number) =>
    requestRollback({ ...request, requestId }, { store, queue }, () => new Date(at));
  const first = await ask("comment-1", 1_000);
  expect(await ask("comment-1", 2_000)).toEqual(first);
  const again = await ask("comment-2", 3_000);
  expect(again?.at).not.toBe(first?.at);
  const key = keyOfFlag(flag.binding, flag.flagKey);
  const latch = await store.getRecord(latchKind, key);
  await store.deleteRecord({
    kind: latchKind,
    key,
    expectedVersion: latch?.version ?? 0,
    audit: { subject: "flag/b" },
  });
  expect(await ask("comment-1", 4_000)).toBeNull();
  expect(await store.getRecord(latchKind, key)).toBeUndefined();
});
