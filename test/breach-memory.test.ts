import { afterAll, beforeAll, expect, it } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenedStore, openStore } from "../src/adapters/store/open-store.ts";
import type { Latch } from "../src/core/facts.ts";
import { buildApproved, buildLive, writeRecord } from "../src/core/verdict/test-builders.ts";
import { approvedRouteKind, breachedKind, keyOfFlag, latchKind, liveStateKind } from "../src/flows/records.ts";
import { requestRollback } from "../src/flows/rollout/roll-back.ts";

const dataDir = mkdtempSync(join(tmpdir(), "routeward-breach-"));
let opened: OpenedStore;
beforeAll(async () => {
  opened = await openStore({ dataDir }, () => new Date());
});
afterAll(async () => {
  await opened.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it("a rollback by hand after a breach takes the latch over, and the breach stays known", async () => {
  const { store, queue } = opened;
  const live = buildLive();
  const key = keyOfFlag("prod", "support_answer");
  const audit = { subject: `flag/${key}` };
  await store.putRecord({ kind: liveStateKind, key, value: live, expectedVersion: 0, audit });
  await store.putRecord({
    kind: approvedRouteKind,
    key,
    value: buildApproved(writeRecord()),
    expectedVersion: 0,
    audit,
  });
  const rollBack = (cause: Latch["cause"], at: string): Promise<Latch | null> =>
    requestRollback(
      { binding: "prod", flagKey: "support_answer", by: "x", reason: "y", cause, repository: "acme/app", pull: null },
      { store, queue },
      () => new Date(at),
    );
  await rollBack("breach", "2026-06-14T10:00:00.000Z");
  await rollBack("command", "2026-06-14T11:00:00.000Z");
  expect((await store.getRecord(latchKind, key))?.value.cause).toBe("command");
  expect((await store.getRecord(breachedKind, key))?.value.at).toEqual({
    [live.candidateDigest ?? ""]: "2026-06-14T10:00:00.000Z",
  });
});
