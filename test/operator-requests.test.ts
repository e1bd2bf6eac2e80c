import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { BindingFacts } from "../src/core/facts.ts";
import type { FlowPorts } from "../src/flows/flow-ports.ts";
import type { OperatorRequest, RawOperatorAnswer } from "../src/flows/operator/operator-request.ts";
import { runOperatorRequest } from "../src/flows/operator/run-operator-request.ts";
import { approvedRouteKind, flagClaimKind, keyOfFlag, subjectOfFlag } from "../src/flows/records.ts";
import { updateRecord } from "../src/flows/update-record.ts";
import { bindingName, openRolloutWorld, type RolloutWorld } from "./rollout-world.ts";

const other = "acme/sales-routes";
let world: RolloutWorld;
let ports: FlowPorts;
beforeAll(async () => {
  world = await openRolloutWorld();
  const bindings = world.ports.bindings.map((binding): BindingFacts => ({
    ...binding,
    repositories: [...binding.repositories, other],
    flagKeys: ["support_*"],
  }));
  ports = { ...world.ports, bindings, requireFloor: false };
});
afterAll(() => world.close());

const ask = (request: OperatorRequest): Promise<RawOperatorAnswer> =>
  runOperatorRequest(request, "op", ports, { now: world.now, sleep: (time) => sleep(time) });
const name = (flagKey: string) => ({ binding: bindingName, flagKey });
const countWaiting = async (): Promise<number> =>
  (await world.opened.queue.countJobs()).reduce((sum, { waiting }) => sum + waiting, 0);
const claimOf = async (flagKey: string) =>
  (await world.opened.store.getRecord(flagClaimKind, keyOfFlag(bindingName, flagKey)))?.value;

it("a flag key that was transferred stays transferred, and the new holder's merge may move the flag", async () => {
  const flagKey = "support_moved";
  const approved = await world.approve(flagKey, "approved-for-internal-canary");
  expect(await world.advance(flagKey)).toMatchObject({ state: "live" });
  const from = { repository: approved.repository, path: approved.path };
  expect(await ask({ kind: "show-claim", ...name(flagKey) })).toEqual({ ok: true, result: { holder: from } });
  const to = { repository: other, path: "model-routes/moved.yaml" };
  expect(await ask({ kind: "transfer", ...name(flagKey), from, to })).toEqual({ ok: true, result: { holder: to } });
  // The old approval's job runs until the new holder merges: it neither moves the flag nor takes the key back.
  const served = world.flag(flagKey).revision;
  const held = await world.advance(flagKey);
  expect(held).toMatchObject({ state: "held", reason: expect.stringContaining("belongs to another repository now") });
  expect(held.reason).not.toContain(other);
  expect(world.flag(flagKey).revision).toBe(served);
  expect(await claimOf(flagKey)).toMatchObject(to);

  const mergeSha = "b".repeat(40);
  world.github.files.set(to.path, approved.text);
  await updateRecord(
    world.opened.store,
    approvedRouteKind,
    keyOfFlag(bindingName, flagKey),
    subjectOfFlag(bindingName, flagKey),
    () => ({ ...approved, ...to, mergeSha, pull: 900, approvedAt: world.now().toISOString() }),
  );
  const bound = { ...world.ports, bindings: ports.bindings };
  expect(await world.advance(flagKey, bound)).toMatchObject({ state: "live", reason: "" });
  expect(await claimOf(flagKey)).toMatchObject(to);
});

it("a transfer of what was claimed anew meanwhile, of what nobody claimed, and to the same holder", async () => {
  const to = { repository: other, path: "model-routes/x.yaml" };
  expect(await ask({ kind: "transfer", ...name("support_unclaimed"), from: to, to })).toMatchObject({
    ok: false,
    reason: expect.stringContaining("nobody has claimed"),
  });
  const approved = await world.approve("support_raced", "approved-for-testing");
  await world.advance("support_raced");
  const from = { repository: approved.repository, path: "model-routes/before.yaml" };
  expect(await ask({ kind: "transfer", ...name("support_raced"), from, to })).toMatchObject({
    ok: false,
    reason: expect.stringContaining("look again"),
  });
  const holder = { repository: approved.repository, path: approved.path };
  expect(await ask({ kind: "transfer", ...name("support_raced"), from, to: holder })).toEqual({
    ok: true,
    result: { holder },
  });
});

it("a flag that changed since it was shown is not adopted unseen, nor one outside the binding's patterns", async () => {
  for (const key of ["support_shown", "billing_shown"]) world.createByHand(key);
  const shown = await ask({ kind: "show-flag", ...name("support_shown") });
  expect(shown).toMatchObject({ ok: true, result: { isOurs: false, adopted: null, rules: [], pendingChanges: 0 } });
  expect(await ask({ kind: "adopt", ...name("support_shown"), revision: "another" })).toMatchObject({
    ok: false,
    reason: expect.stringContaining("changed in FeatBit since it was shown"),
  });
  const revision = world.flag("support_shown").revision;
  expect(await ask({ kind: "adopt", ...name("support_shown"), revision })).toMatchObject({ ok: true });
  expect(await ask({ kind: "adopt", ...name("billing_shown"), revision })).toMatchObject({
    ok: false,
    reason: expect.stringContaining("its patterns are support_*"),
  });
});

it("the same rollback is taken once, and waiting ends with the patience when nobody works", async () => {
  const flagKey = "support_back";
  await world.approve(flagKey, "approved-for-internal-canary");
  await world.advance(flagKey);
  const request = { kind: "rollback", ...name(flagKey), reason: "why", requestId: "request-0001" } as const;
  const first = await ask(request);
  expect(first).toMatchObject({ ok: true });
  expect(await ask(request)).toEqual(first);
  const since = (first as { result: { at: string } }).result.at;
  const waiting = { kind: "await-rollback", ...name(flagKey), since, waitMs: 250 } as const;
  expect(await ask(waiting)).toMatchObject({ ok: true, result: { proven: false, state: "live" } });
  const working = ask({ ...waiting, waitMs: 20_000 });
  await world.advance(flagKey);
  const seen = await working;
  expect(seen).toMatchObject({ ok: true, result: { proven: true, state: "off", reason: "why" } });
  expect((seen as { result: { milliseconds: number } }).result.milliseconds).toBeGreaterThan(0);
});

it("a cleanup is refused with the reason until the candidate is everybody's", async () => {
  const flagKey = "support_clean";
  const request = { kind: "cleanup", ...name(flagKey), requestId: "request-0002" } as const;
  expect((await ask(request)).ok).toBe(false);
  await world.approve(flagKey, "approved-for-internal-canary");
  await world.advance(flagKey);
  expect((await ask(request)).ok).toBe(false);
  await world.approve(flagKey, "approved-as-default");
  expect(await world.advance(flagKey)).toMatchObject({ state: "live" });
  const before = await countWaiting();
  expect(await ask(request)).toMatchObject({ ok: true });
  expect(await countWaiting()).toBe(before + 1);
  // The same request is taken once.
  expect(await ask(request)).toMatchObject({ ok: true });
  expect(await countWaiting()).toBe(before + 1);
});

it("FeatBit away is an answer in words, and everything asked is in the log before it is done", async () => {
  const undo = world.simulator.api.addFault({
    when: () => true,
    effect: { kind: "status", response: { status: 503, headers: {}, body: "" } },
  });
  const answer = await ask({ kind: "show-flag", ...name("support_shown") });
  undo();
  expect(answer).toMatchObject({ ok: false, reason: expect.stringContaining("FeatBit does not answer") });
  const entries = await world.opened.store.readAudit({ limit: 10_000, subjectPrefix: "flag/" });
  const last = entries.filter(({ type }) => type === "operator.request").at(-1);
  expect(last).toMatchObject({
    subject: `flag/${bindingName}/support_shown`,
    data: { by: "operator op", request: { kind: "show-flag" } },
  });
});
