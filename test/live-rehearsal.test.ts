import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRouteProbe } from "../src/adapters/route/create-route-probe.ts";
import { digestContents } from "../src/core/rollout/compare-flag.ts";
import type { FlagSnapshot } from "../src/core/rollout/flag.ts";
import { hasSynthetic, renderSyntheticRule } from "../src/core/rollout/live-rehearsal.ts";
import { readServed } from "../src/core/rollout/test-serve.ts";
import { askLiveRehearsal } from "../src/flows/rollout/ask-live-rehearsal.ts";
import { pauseFlag } from "../src/flows/rollout/pause-flag.ts";
import { keyOfRehearsal } from "../src/flows/rollout/rehearse.ts";
import {
  keyOfFlag,
  latchKind,
  liveRehearsalKind,
  liveStateKind,
  rehearsalKind,
  rolloutStatusKind,
} from "../src/flows/records.ts";
import { type LoopbackServer, type SimulatorResponse, startLoopbackServer } from "../src/simulators/loopback-server.ts";
import { bindingName, openRolloutWorld, type RolloutWorld } from "./rollout-world.ts";

let world: RolloutWorld;
let route: LoopbackServer;
let answer: SimulatorResponse;
beforeAll(async () => {
  route = await startLoopbackServer(() => Promise.resolve(answer));
  const routeProbe = createRouteProbe({ url: `${route.url}/routes/{flagKey}`, timeoutMs: 1_000, token: null });
  world = await openRolloutWorld({ routeProbe });
});
afterAll(async () => {
  await world.close();
  await route.close();
});
beforeEach(() => {
  answer = { status: 200, body: { ok: true } };
});

const idOf = (key: string): string => keyOfFlag(bindingName, key);

async function goLive(key: string, status = "approved-for-customer-canary"): Promise<string> {
  const { candidateDigest } = await world.approve(key, status);
  expect((await world.advance(key)).state).toBe("live");
  return candidateDigest ?? "";
}

async function ask(key: string, candidateDigest: string, requestId = "comment-1"): Promise<"asked" | "elsewhere"> {
  const repository = { repository: "acme/support-routes", repositoryId: 1, pull: 7 };
  const request = { binding: bindingName, flagKey: key, candidateDigest, by: "@ann", requestId, ...repository };
  return askLiveRehearsal(request, world.ports, world.now);
}

async function read(key: string): Promise<FlagSnapshot> {
  const flag = await world.flags.readFlag(key);
  if (flag === null) throw new Error(`no flag ${key}`);
  return flag;
}

async function resultOf(key: string, candidateDigest: string) {
  return (await world.opened.store.getRecord(rehearsalKind, keyOfRehearsal(bindingName, key, candidateDigest)))?.value;
}

const answersTo = (key: string): string[] =>
  world.github.comments
    .filter(({ marker }) => marker.startsWith(`routeward-rehearsal ${idOf(key)}:`))
    .map(({ body }) => body);

/** Runs `act` before or after every write to the flag's targeting. */
function onTargeting(key: string, when: "before" | "after", act: (write: number) => void | Promise<void>): () => void {
  let writes = 0;
  const run = async (request: { method: string; path: string }): Promise<void> => {
    if (request.method === "PUT" && request.path.endsWith(`/${key}/targeting`)) await act((writes += 1));
  };
  return world.simulator.api.watch(when === "before" ? { before: run } : { after: run });
}

const crowd = Array.from({ length: 2_000 }, (_, n) => ({
  userKey: `${n % 50 === 0 ? "legal" : "user"}-${n}`,
  attributes: {
    ...(n % 7 === 0 ? {} : { accountId: `account-${n}` }),
    ...(n % 3 === 0 ? { team: "support" } : {}),
    ...(n % 2 === 0 ? { riskTier: "low" } : {}),
    ...(n % 11 === 0 ? {} : { region: n % 13 === 0 ? "elsewhere" : "eu" }),
  },
}));

const serve = (flag: FlagSnapshot): string[] => crowd.map((user) => readServed(flag, user).variation);

describe("a rehearsal on the live flag", () => {
  it.each(["approved-for-internal-canary", "approved-for-customer-canary", "approved-as-default"])(
    "at %s sends a synthetic user to the candidate and back; nobody else is served anything new",
    async (status) => {
      const key = `support_live_${status.replaceAll("-", "_")}`;
      const digest = await goLive(key, status);
      const before = await read(key);
      const servedBefore = serve(before);
      expect(await ask(key, digest)).toBe("asked");
      const seen: FlagSnapshot[] = [];
      const stop = onTargeting(key, "after", async () => void seen.push(await read(key)));
      const outcome = await world.advance(key);
      stop();
      expect(outcome.state).toBe("live");
      expect(seen.map((flag) => hasSynthetic({ binding: bindingName, flagKey: key }, flag))).toEqual([
        true,
        true,
        false,
      ]);
      const userKey = seen[0]?.targeting.rules[0]?.conditions[0]?.value ?? "";
      const synthetic = { userKey, attributes: {} };
      expect(seen.slice(0, 2).map((flag) => readServed(flag, synthetic).variation)).toEqual(["candidate", "baseline"]);
      for (const flag of seen) expect(serve(flag)).toEqual(servedBefore);
      expect(servedBefore).toContain("candidate");
      expect(digestContents(await read(key))).toBe(digestContents(before));
      const result = await resultOf(key, digest);
      expect(result).toMatchObject({ ok: true, where: "live", by: "@ann", route: { ok: true, status: 200 } });
      expect(result?.forwardMs).toBeGreaterThan(0);
      expect(result?.backMs).toBeGreaterThan(0);
      expect(answersTo(key)).toHaveLength(1);
      expect(answersTo(key)[0]).toContain("for a synthetic user only");
      expect(await world.opened.store.getRecord(liveRehearsalKind, idOf(key))).toBeUndefined();
      expect((await world.opened.store.getRecord(rolloutStatusKind, idOf(key)))?.value.written).toEqual([
        digestContents(before),
      ]);
      // The next look changes nothing, and the same request that comes again is taken once.
      const revision = (await read(key)).revision;
      expect(await ask(key, digest)).toBe("asked");
      expect((await world.advance(key)).state).toBe("live");
      expect((await read(key)).revision).toBe(revision);
    },
  );

  it("of a candidate that is not live goes to the disposable flag", async () => {
    const key = "support_live_other";
    await goLive(key);
    expect(await ask(key, `mrb1:sha256:${"c".repeat(64)}`)).toBe("elsewhere");
  });

  it("is cancelled by a rollback that comes in between; the baseline is there at once and the synthetic user gone", async () => {
    const key = "support_live_latched";
    const digest = await goLive(key);
    await ask(key, digest);
    const stop = onTargeting(key, "after", async (write) => {
      if (write === 1) await world.rollBack(key);
    });
    const outcome = await world.advance(key);
    stop();
    expect(outcome.state).toBe("off");
    const flag = await read(key);
    expect(flag).toMatchObject({ isEnabled: false, targeting: { rules: [] } });
    expect(await world.opened.store.getRecord(latchKind, idOf(key))).toBeDefined();
    expect(await resultOf(key, digest)).toBeUndefined();
    expect(answersTo(key)[0]).toContain("not finished: the rollout is off");
  });

  it("that is held half way is given up, and its synthetic user is taken away at once", async () => {
    const key = "support_live_paused";
    const digest = await goLive(key);
    const before = await read(key);
    await ask(key, digest);
    const stop = onTargeting(key, "after", async (write) => {
      if (write > 1) return;
      await pauseFlag({ binding: bindingName, flagKey: key, by: "@ann", reason: "wait" }, world.ports, world.now());
    });
    const outcome = await world.advance(key);
    stop();
    expect(outcome.state).toBe("held");
    expect(digestContents(await read(key))).toBe(digestContents(before));
    expect(answersTo(key)[0]).toContain("paused by");
    expect(await world.opened.store.getRecord(liveRehearsalKind, idOf(key))).toBeUndefined();
  });

  it("is not begun while the flag is held, and says why", async () => {
    const key = "support_live_held";
    const digest = await goLive(key);
    await pauseFlag({ binding: bindingName, flagKey: key, by: "@ann", reason: "wait" }, world.ports, world.now());
    await ask(key, digest);
    expect((await world.advance(key)).state).toBe("held");
    expect(answersTo(key)[0]).toContain("not begun: the rollout is held: paused by");
  });

  it("does not make a change by hand below its synthetic user ours: it is taken away, and the hand is still seen", async () => {
    const key = "support_live_hand";
    const digest = await goLive(key);
    await ask(key, digest);
    const stop = onTargeting(key, "after", (write) => {
      if (write !== 1) return;
      world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
        draft.rules = draft.rules.slice(0, 1);
      });
    });
    const outcome = await world.advance(key);
    stop();
    expect(outcome.state).toBe("held");
    expect(outcome.reason).toContain("by hand");
    const flag = await read(key);
    expect(flag.targeting.rules).toEqual([]);
    expect((await world.advance(key)).reason).toContain("by hand");
  });

  it("leaves a rule alone that somebody made of its own", async () => {
    const key = "support_live_taken";
    await goLive(key);
    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      const rule = renderSyntheticRule({ binding: bindingName, flagKey: key }, "everybody", "baseline");
      const conditions = rule.conditions.map((condition) => ({ ...condition, op: "NotEqual" }));
      draft.rules = [{ ...rule, conditions, variations: [...rule.variations] } as never, ...draft.rules];
    });
    const outcome = await world.advance(key);
    expect(outcome).toMatchObject({ state: "held" });
    expect((await read(key)).targeting.rules[0]?.conditions[0]?.op).toBe("NotEqual");
  });

  it("fails when FeatBit serves the synthetic user something else, and leaves the flag as it was", async () => {
    const key = "support_live_wrong";
    const digest = await goLive(key);
    const before = await read(key);
    await ask(key, digest);
    const { flags } = world.ports;
    const real = world.flags;
    const blind = {
      ...real,
      prove: async (...[flagKey, probes, options]: Parameters<typeof real.prove>) => {
        const proof = await real.prove(flagKey, probes, options);
        if (!probes.some(({ name, expected }) => name === "synthetic user" && expected.variation === "baseline"))
          return proof;
        const results = proof.results.map((result) => ({ ...result, ok: false }));
        return { ...proof, ok: false, results };
      },
    };
    const outcome = await world.advance(key, { ...world.ports, flags: new Map([...flags, [bindingName, blind]]) });
    expect(outcome.state).toBe("live");
    expect(await resultOf(key, digest)).toMatchObject({ ok: false, where: "live" });
    expect((await resultOf(key, digest))?.detail).toContain("back: the FeatBit SDK does not serve");
    expect(digestContents(await read(key))).toBe(digestContents(before));
  });

  it("fails when the baseline route does not answer over HTTP where the operator has it asked", async () => {
    const key = "support_live_route";
    const digest = await goLive(key);
    answer = { status: 503, body: {} };
    await ask(key, digest);
    await world.advance(key);
    expect(await resultOf(key, digest)).toMatchObject({ ok: false, route: { ok: false, status: 503 } });
    expect(route.log.at(-1)?.path).toBe(`/routes/${key}`);
    expect(answersTo(key)[0]).toContain("did not answer over HTTP: it answered 503");
  });

  it("waits until a merge that came before it is live", async () => {
    const key = "support_live_merge";
    const digest = await goLive(key, "approved-for-internal-canary");
    await ask(key, digest);
    await world.approve(key, "approved-for-customer-canary");
    expect((await world.advance(key)).state).toBe("live");
    expect((await world.opened.store.getRecord(liveStateKind, idOf(key)))?.value.stage).toBe("customer-canary");
    expect(await resultOf(key, digest)).toMatchObject({ ok: true });
  });
});
