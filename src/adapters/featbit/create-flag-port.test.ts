import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FlagTargeting } from "../../core/rollout/flag.ts";
import type { Probe } from "../../core/rollout/probe.ts";
import { FeatBitError, type NewFlag } from "../../ports/featbit.ts";
import type { PolicyStatement, SimUser } from "../../simulators/featbit/featbit-data.ts";
import {
  startFeatBitSimulator,
  type FeatBitSimulator,
  type SimulatedEnvironment,
} from "../../simulators/featbit/featbit-simulator.ts";
import type { SimulatorRequest, SimulatorResponse } from "../../simulators/loopback-server.ts";
import { createFlagPort, type ClosableFlagPort, type FlagPortOptions } from "./create-flag-port.ts";

const baseline = "11111111-1111-4111-8111-111111111111";
const candidate = "22222222-2222-4222-8222-222222222222";
const unknownId = "99999999-9999-4999-8999-999999999999";
const digestOf = (digit: string) => `mrb1:sha256:${digit.repeat(64)}`;

const served = (variation: string, digit: string, stage: string | null) =>
  JSON.stringify({ variation, bundle: { model: digit }, digest: digestOf(digit), stage });

const newFlag: NewFlag = {
  key: "support_answer",
  name: "support_answer",
  description: "made by Routeward",
  type: "json",
  variations: [
    { id: baseline, name: "baseline", value: served("baseline", "a", null) },
    { id: candidate, name: "candidate", value: served("candidate", "b", "internal-canary") },
  ],
  offVariationId: baseline,
  tags: ["model-route"],
};

const everyoneGets = (id: string): FlagTargeting => ({
  targetUsers: [],
  rules: [],
  fallthrough: { dispatchKey: null, includedInExpt: false, variations: [{ id, rollout: [0, 1], exptRollout: 1 }] },
  exptIncludeAllTargets: true,
});

const segmentGets = (segmentId: string): FlagTargeting => ({
  ...everyoneGets(baseline),
  rules: [
    {
      id: "r",
      name: "internal",
      dispatchKey: null,
      includedInExpt: false,
      conditions: [{ id: "c", property: "User is in segment", op: "", value: JSON.stringify([segmentId]) }],
      variations: [{ id: candidate, rollout: [0, 1], exptRollout: 1 }],
    },
  ],
});

const expectBaseline: Probe = {
  name: "ordinary user",
  userKey: "u-1",
  attributes: { accountId: "acct-1" },
  expected: { variation: "baseline", digest: digestOf("a"), stage: null },
};
const expectCandidate: Probe = {
  ...expectBaseline,
  expected: { variation: "candidate", digest: digestOf("b"), stage: "internal-canary" },
};

let simulator: FeatBitSimulator;
let environment: SimulatedEnvironment;
let user: SimUser;
let port: ClosableFlagPort;
const ports: ClosableFlagPort[] = [];

function openPort(given: Partial<FlagPortOptions> = {}, statements?: PolicyStatement[]): ClosableFlagPort {
  const token = simulator.createAccessToken({
    name: "routeward",
    type: "service",
    ...(statements === undefined ? {} : { statements }),
  });
  const opened = createFlagPort({
    apiUrl: simulator.apiUrl,
    evaluationUrl: simulator.evaluationUrl,
    streamingUrl: simulator.streamingUrl,
    envId: environment.id,
    accessToken: token.token,
    sdkKey: environment.serverSecret,
    pingIntervalMs: 30,
    renewAfterMs: 400,
    ...given,
  });
  ports.push(opened);
  return opened;
}

async function catchError(work: Promise<unknown>): Promise<FeatBitError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof FeatBitError)) throw new Error(`no FeatBitError but ${String(error)}`);
  return error;
}

const key = newFlag.key;
const revisionOf = () => simulator.findFlag(environment.id, key)?.revision ?? "";
const write = (targeting: FlagTargeting) => port.putTargeting(key, revisionOf(), targeting, "test");
const isTargeting = (request: SimulatorRequest) => request.path.endsWith("/targeting");

beforeEach(async () => {
  simulator = await startFeatBitSimulator();
  const project = simulator.createProject({ key: "support" });
  environment = simulator.createEnvironment(project.id, { key: "prod" });
  user = simulator.createUser({ name: "Petra", email: "petra@corp.example" });
  port = openPort();
  await port.createFlag(newFlag);
});

afterEach(async () => {
  await Promise.all(ports.splice(0).map((opened) => opened.close()));
  const { violations } = simulator;
  await simulator.close();
  if (violations.length > 0) throw new Error(`not as the contract says: ${violations.join("; ")}`);
});

describe("the flag", () => {
  it("is made switched on and serving the baseline to everyone", async () => {
    expect(await port.readFlag(key)).toEqual({
      id: expect.any(String),
      key,
      revision: revisionOf(),
      type: "json",
      isEnabled: true,
      isArchived: false,
      offVariationId: baseline,
      variations: newFlag.variations,
      targeting: {
        ...everyoneGets(baseline),
        fallthrough: { ...everyoneGets(baseline).fallthrough, includedInExpt: true },
      },
      tags: ["model-route"],
      updatorId: expect.any(String),
      updatedAt: expect.any(String),
    });
  });

  it("is not made twice, whatever the case of its key", async () => {
    const before = revisionOf();
    expect(await port.createFlag(newFlag)).toBe("exists");
    expect(await port.createFlag({ ...newFlag, key: "SUPPORT_answer" })).toBe("exists");
    expect(revisionOf()).toBe(before);
  });

  it("that nobody made is null", async () => {
    expect(await port.readFlag("none")).toBeNull();
    expect(await port.countPendingChanges("none")).toBe(0);
  });

  it("gets targeting, variations and off variation with the revision it has, and answers the new one", async () => {
    const first = revisionOf();
    const second = await port.putTargeting(key, first, everyoneGets(candidate), "stage 1");
    const third = await port.putVariations(key, second, newFlag.variations.slice(0, 2), "values");
    const fourth = await port.putOffVariation(key, third, candidate, "off");
    expect(new Set([first, second, third, fourth]).size).toBe(4);
    expect(fourth).toBe(revisionOf());
    const flag = await port.readFlag(key);
    expect(flag?.targeting).toEqual(everyoneGets(candidate));
    expect(flag?.offVariationId).toBe(candidate);
  });

  it("is toggled in one call, and a second one changes nothing", async () => {
    const revision = await port.toggle(key, false, "rollback");
    expect(await port.toggle(key, false, "rollback again")).toBe(revision);
    expect(simulator.audit.filter((row) => row.comment.startsWith("rollback"))).toHaveLength(1);
  });

  it("is archived and deleted, and deleting it again is fine", async () => {
    await port.deleteFlag(key, "rehearsed");
    expect(await port.readFlag(key)).toBeNull();
    await port.deleteFlag(key, "rehearsed");
  });

  it("is deleted after an answer to archiving was lost", async () => {
    simulator.api.addFault({ when: (r) => r.path.endsWith("/archive"), times: 1, effect: { kind: "lost-answer" } });
    expect(await catchError(port.deleteFlag(key, "x"))).toMatchObject({ kind: "unavailable", retryable: true });
    await port.deleteFlag(key, "x");
    expect(await port.readFlag(key)).toBeNull();
  });

  it("tells how many scheduled changes wait", async () => {
    simulator.addPendingChange(environment.id, key);
    expect(await port.countPendingChanges(key)).toBe(1);
  });

  it("shows who changed it and what, newest first", async () => {
    const flag = await port.readFlag(key);
    await port.toggle(key, false, "pr#7");
    simulator.editFlag(environment.id, key, user, (draft) => {
      draft.isEnabled = true;
    });
    const changes = await port.readChanges(flag?.id ?? "", 0, 2);
    expect(changes).toMatchObject([
      { actor: "Petra", actorId: user.id, kinds: ["TurnFlagOn"] },
      { actor: "routeward", comment: "pr#7", kinds: ["TurnFlagOff"] },
    ]);
  });

  it("shows more changes than fit a page", async () => {
    const flag = await port.readFlag(key);
    for (let count = 0; count < 45; count += 1) await port.toggle(key, count % 2 === 1, `n${count}`);
    const changes = await port.readChanges(flag?.id ?? "", 0, 40);
    expect(changes).toHaveLength(40);
    expect(changes[0]?.comment).toBe("n44");
  });
});

describe("segments", () => {
  it("are found by key on any page, archived ones too, and missing ones are left out", async () => {
    for (let count = 0; count < 105; count += 1) simulator.createSegment(environment.id, { key: `s-${count}` });
    const old = simulator.createSegment(environment.id, { key: "old", included: ["a"], excluded: ["b"] });
    simulator.editSegment(old.id, user, (draft) => {
      draft.isArchived = true;
    });
    const segments = await port.readSegments(["s-0", "old", "none"]);
    expect(segments).toEqual([
      { id: old.id, key: "old", isArchived: true, included: ["a"], excluded: ["b"], rules: [] },
      expect.objectContaining({ key: "s-0", isArchived: false }),
    ]);
  });
});

const answerWith = (response: SimulatorResponse) => () =>
  simulator.api.addFault({ when: isTargeting, effect: { kind: "status", response } });

const problem = JSON.stringify({ title: "One or more validation errors occurred.", status: 400, errors: { $: ["x"] } });
const envelopeOf = (success: boolean, errors: unknown, data: unknown = null) => ({ success, errors, data });

describe("what FeatBit refuses or fails to answer", () => {
  it.each([
    [
      "a stale revision",
      () => simulator.editFlag(environment.id, key, user, () => {}),
      "conflict",
      409,
      ["Conflict"],
      false,
    ],
    ["an old server", () => simulator.setTargetingOpenToTokens(false), "forbidden", 403, [], false],
    [
      "a proxy's error page",
      answerWith({ status: 502, body: "<html>", headers: { "content-type": "text/html" } }),
      "unavailable",
      502,
      [],
      true,
    ],
    ["a rate limit", answerWith({ status: 429, body: { error: "slow down" } }), "unavailable", 429, [], true],
    [
      "an error inside FeatBit",
      answerWith({ status: 500, body: envelopeOf(false, ["InternalServerError"]) }),
      "unavailable",
      500,
      ["InternalServerError"],
      true,
    ],
    [
      "an unbindable body",
      answerWith({ status: 400, body: problem }),
      "invalid",
      400,
      ["One or more validation errors occurred.", "$"],
      false,
    ],
    [
      "a business rule",
      answerWith({ status: 422, body: envelopeOf(false, ["NameHasBeenUsed"]) }),
      "business",
      422,
      ["NameHasBeenUsed"],
      false,
    ],
    [
      "success false with status 200",
      answerWith({ status: 200, body: envelopeOf(false, ["no patch"]) }),
      "business",
      200,
      ["no patch"],
      false,
    ],
    ["a login page with status 200", answerWith({ status: 200, body: "<html>" }), "unexpected", 200, [], true],
    ["an answer without a body", answerWith({ status: 200 }), "unexpected", 200, [], true],
    [
      "an answer of another shape",
      answerWith({ status: 200, body: envelopeOf(true, [], 7) }),
      "unexpected",
      200,
      [],
      true,
    ],
    [
      "a redirect, which would get the token",
      answerWith({ status: 302, headers: { location: "http://127.0.0.1:1" } }),
      "unexpected",
      302,
      [],
      true,
    ],
    [
      "a lost request",
      () => simulator.api.addFault({ when: isTargeting, effect: { kind: "lost-request" } }),
      "unavailable",
      0,
      [],
      true,
    ],
    [
      "a lost answer",
      () => simulator.api.addFault({ when: isTargeting, effect: { kind: "lost-answer" } }),
      "unavailable",
      0,
      [],
      true,
    ],
  ] as const)("%s", async (_name, spoil, kind, status, codes, retryable) => {
    const revision = revisionOf();
    spoil();
    const error = await catchError(port.putTargeting(key, revision, everyoneGets(candidate), "x"));
    expect({ kind: error.kind, status: error.status, codes: error.codes, retryable: error.retryable }).toEqual({
      kind,
      status,
      codes,
      retryable,
    });
    expect(error.message).toContain(`cannot write targeting of flag ${key}`);
    expect(error.message).not.toContain("api-");
  });

  it("a call that takes too long", async () => {
    const hasty = openPort({ timeoutMs: 80 });
    simulator.api.addFault({ when: () => true, times: 1, effect: { kind: "latency", milliseconds: 400 } });
    expect(await catchError(hasty.readFlag(key))).toMatchObject({ kind: "unavailable", status: 0, retryable: true });
  });

  it("a token that was switched off", async () => {
    const error = await catchError(openPort({ accessToken: "api-none" }).readFlag(key));
    expect(error).toMatchObject({ kind: "unauthorized", status: 401, codes: ["Unauthorized"], retryable: false });
  });

  it("a token without the right, and a write to a missing flag, look alike", async () => {
    const limited = openPort({}, [
      { resourceType: "env", effect: "allow", actions: ["CanAccessEnv"], resources: ["*"] },
    ]);
    expect(await catchError(limited.toggle(key, false, "x"))).toMatchObject({
      kind: "forbidden",
      codes: ["Forbidden"],
    });
    expect(await catchError(port.toggle("none", false, "x"))).toMatchObject({
      kind: "forbidden",
      codes: ["Forbidden"],
    });
  });

  it("an environment that does not exist is no missing flag", async () => {
    expect(await catchError(openPort({ envId: unknownId }).readFlag(key))).toMatchObject({ kind: "forbidden" });
  });

  it("a lost answer leaves the write done, and reading shows it", async () => {
    simulator.api.addFault({ when: isTargeting, times: 1, effect: { kind: "lost-answer" } });
    const revision = revisionOf();
    await catchError(port.putTargeting(key, revision, everyoneGets(candidate), "x"));
    const flag = await port.readFlag(key);
    expect(flag?.targeting).toEqual(everyoneGets(candidate));
    expect(await catchError(port.putTargeting(key, revision, everyoneGets(candidate), "x"))).toMatchObject({
      kind: "conflict",
    });
  });

  it("FeatBit that is not there at all", async () => {
    const nowhere = openPort({ apiUrl: "http://127.0.0.1:1" });
    expect(await catchError(nowhere.readFlag(key))).toMatchObject({ kind: "unavailable", status: 0 });
  });
});

describe("proof through the real SDK", () => {
  it("shows what is served, and how long it took", async () => {
    const result = await port.prove(key, [expectBaseline], { deadlineMs: 3_000 });
    expect(result).toMatchObject({
      ok: true,
      cancelled: false,
      results: [{ ok: true, problem: null, served: expectBaseline.expected, probe: { name: "ordinary user" } }],
    });
    expect(result.elapsedMs).toBeLessThan(2_000);
  });

  it("follows a change over the open stream", async () => {
    await port.prove(key, [expectBaseline], { deadlineMs: 3_000 });
    await write(everyoneGets(candidate));
    const result = await port.prove(key, [expectCandidate], { deadlineMs: 3_000 });
    expect(result.ok).toBe(true);
    expect(simulator.countStreams()).toBe(1);
  });

  it("waits until a slow change has arrived", async () => {
    await port.prove(key, [expectBaseline], { deadlineMs: 3_000 });
    simulator.setPropagationDelay(250);
    await write(everyoneGets(candidate));
    const result = await port.prove(key, [expectCandidate], { deadlineMs: 3_000 });
    expect(result.ok).toBe(true);
    expect(result.elapsedMs).toBeGreaterThan(200);
  });

  it("does not take yesterday's right values for a proof", async () => {
    await port.prove(key, [expectBaseline], { deadlineMs: 3_000 });
    simulator.setPropagationDelay(60_000);
    await write(everyoneGets(candidate));
    const result = await port.prove(key, [expectBaseline], { deadlineMs: 300 });
    expect(result).toMatchObject({
      ok: false,
      results: [{ ok: false, problem: "the SDK has not received the flag as it stands in FeatBit" }],
    });
  });

  it("says for each probe what was served instead", async () => {
    const result = await port.prove(key, [expectBaseline, expectCandidate], { deadlineMs: 100 });
    expect(result.ok).toBe(false);
    expect(result.results.map((one) => one.problem)).toEqual([
      null,
      `expected candidate ${digestOf("b")} internal-canary, served baseline ${digestOf("a")}`,
    ]);
  });

  it("comes back from a dropped stream", async () => {
    await port.prove(key, [expectBaseline], { deadlineMs: 3_000 });
    simulator.dropStreams();
    await write(everyoneGets(candidate));
    expect((await port.prove(key, [expectCandidate], { deadlineMs: 5_000 })).ok).toBe(true);
  });

  it("replaces a client whose stream was closed for good", async () => {
    simulator.refuseStreams(4003);
    const failed = await port.prove(key, [expectBaseline], { deadlineMs: 200 });
    expect(failed).toMatchObject({
      ok: false,
      results: [{ problem: expect.stringContaining("serves nothing") }],
    });
    simulator.refuseStreams(null);
    expect((await port.prove(key, [expectBaseline], { deadlineMs: 5_000 })).ok).toBe(true);
  });

  it("sees a segment that was edited after the flag", async () => {
    const segment = simulator.createSegment(environment.id, { key: "internal" });
    await write(segmentGets(segment.id));
    expect((await port.prove(key, [expectBaseline], { deadlineMs: 3_000 })).ok).toBe(true);
    simulator.editSegment(segment.id, user, (draft) => {
      draft.included = [expectBaseline.userKey];
    });
    expect((await port.prove(key, [expectCandidate], { deadlineMs: 5_000 })).ok).toBe(true);
  });

  it("proves an off flag and a string flag", async () => {
    await write(everyoneGets(candidate));
    await port.toggle(key, false, "rollback");
    expect((await port.prove(key, [expectBaseline], { deadlineMs: 3_000 })).ok).toBe(true);
    const variations = [
      { id: baseline, name: "baseline", value: "baseline" },
      { id: candidate, name: "candidate", value: "candidate" },
    ];
    await port.createFlag({ ...newFlag, key: "plain", type: "string", variations });
    const probe = { ...expectBaseline, expected: { variation: "baseline", digest: null, stage: null } };
    expect((await port.prove("plain", [probe], { deadlineMs: 3_000 })).ok).toBe(true);
  });

  it("does not fall over a rule that makes the SDK throw", async () => {
    const targeting = segmentGets(unknownId);
    const conditions = [{ id: "c", property: "email", op: "EndsWith", value: "@corp.example" }];
    await write({ ...targeting, rules: targeting.rules.map((rule) => ({ ...rule, conditions })) });
    const result = await port.prove(key, [expectBaseline], { deadlineMs: 200 });
    expect(result.results[0]?.problem).toContain("the SDK failed");
  });

  it("does not take somebody else's value for Routeward's", async () => {
    simulator.editFlag(environment.id, key, user, (draft) => {
      for (const variation of draft.variations) variation.value = '{"hello":1}';
    });
    const result = await port.prove(key, [expectBaseline], { deadlineMs: 200 });
    expect(result.results[0]?.problem).toContain("not Routeward's");
  });

  it("stops when it is cancelled", async () => {
    let asked = 0;
    const result = await port.prove(key, [expectCandidate], {
      deadlineMs: 10_000,
      isCancelled: async () => {
        asked += 1;
        return asked > 2;
      },
    });
    expect(result).toMatchObject({ ok: false, cancelled: true });
    expect(result.elapsedMs).toBeGreaterThan(300);
    expect(result.elapsedMs).toBeLessThan(2_000);
  });

  it("ends with an error when the program stops", async () => {
    const running = catchError(port.prove(key, [expectCandidate], { deadlineMs: 10_000 }));
    await sleep(50);
    await port.close();
    expect(await running).toMatchObject({ kind: "unavailable", retryable: true });
    await sleep(100);
    expect(simulator.countStreams()).toBe(0);
  });

  it("a missing flag is an error", async () => {
    expect(await catchError(port.prove("none", [], { deadlineMs: 100 }))).toMatchObject({ kind: "missing" });
  });

  it("leaves no stream behind, even when the SDK was waiting to reconnect", async () => {
    await port.prove(key, [expectBaseline], { deadlineMs: 3_000 });
    simulator.dropStreams();
    await sleep(50);
    await port.close();
    await sleep(1_300);
    expect(simulator.countStreams()).toBe(0);
  });
});
