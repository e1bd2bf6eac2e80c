import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createPrometheusMetrics } from "../src/adapters/metrics/create-prometheus-metrics.ts";
import { createOperationMetrics } from "../src/apps/bot/operation-metrics.ts";
import { createPages } from "../src/apps/bot/pages.ts";
import { builtInPolicy } from "../src/core/policy/built-in-policy.ts";
import type { LiveState } from "../src/core/facts.ts";
import type { WatchEntry } from "../src/core/rollout/watch.ts";
import { watchBinding } from "../src/flows/rollout/watch-binding.ts";
import { describeWatch } from "../src/flows/describe-watch.ts";
import { keyOfFlag, latchKind, liveStateKind, watchKind } from "../src/flows/records.ts";
import { findWatch } from "../src/flows/rollout/gather-records.ts";
import { pauseFlag, resumeFlag } from "../src/flows/rollout/pause-flag.ts";
import { type LoopbackServer, type SimulatorResponse, startLoopbackServer } from "../src/simulators/loopback-server.ts";
import { GitHubError } from "../src/ports/github.ts";
import { readExamplePolicy } from "./example-policy.ts";
import { bindingName, openRolloutWorld, type RolloutWorld } from "./rollout-world.ts";
import { readSteadily } from "./steady-metrics.ts";

const hour = 3_600_000;
const policyPath = ".github/routeward.yml";
/** A Tuesday: the example's freeze window begins on Friday. */
const begins = Date.parse("2026-06-16T09:00:00Z");

let prometheus: LoopbackServer;
let world: RolloutWorld;
/** Changes what the source answers; null: as when all is well. */
let weather: ((query: string) => SimulatorResponse | number | null) | null = null;

function answerAs(value: number | string): SimulatorResponse {
  const sample = [world.now().getTime() / 1000, String(value)];
  return {
    status: 200,
    body: { status: "success", data: { resultType: "vector", result: [{ metric: {}, value: sample }] } },
  };
}

beforeAll(async () => {
  prometheus = await startLoopbackServer((request) => {
    const query = new URLSearchParams(request.rawBody.toString("utf8")).get("query") ?? "";
    const changed = weather?.(query) ?? null;
    if (changed !== null) return Promise.resolve(typeof changed === "number" ? answerAs(changed) : changed);
    return Promise.resolve(answerAs(readSteadily(query) ?? "NaN"));
  });
  world = await openRolloutWorld({
    begins,
    metrics: createPrometheusMetrics({ baseUrl: prometheus.url, timeoutMs: 3_000 }),
  });
  world.github.files.set(policyPath, readExamplePolicy());
});
afterAll(async () => {
  await world.close();
  await prometheus.close();
});

const liveOf = async (key: string): Promise<LiveState> => {
  const live = await world.opened.store.getRecord(liveStateKind, keyOfFlag(bindingName, key));
  if (live === undefined) throw new Error(`${key} is not live`);
  return live.value;
};
const entryOf = async (key: string): Promise<WatchEntry> => {
  const watch = await world.opened.store.getRecord(watchKind, bindingName);
  const entry = watch?.value.flags.find(({ flagKey }) => flagKey === key);
  if (entry === undefined) throw new Error(`${key} is not watched`);
  return entry;
};
const latchOf = async (key: string) =>
  (await world.opened.store.getRecord(latchKind, keyOfFlag(bindingName, key)))?.value;

/** Looks now and then every hour. */
async function lookFor(hours: number): Promise<void> {
  await world.look(hour);
  for (let n = 0; n < hours; n += 1) {
    world.pass(hour);
    await world.look(hour);
  }
}

/** Live at a stage; the customer canary's steps soak three hours here. */
async function goLive(key: string, status: string): Promise<void> {
  await world.approve(key, status, (text) => text.replace("soak: 48h", "soak: 3h"));
  expect((await world.advance(key)).state).toBe("live");
}

/** No flag of an earlier case is left to be watched. */
async function leave(key: string): Promise<void> {
  weather = null;
  await world.rollBack(key);
  await world.advance(key);
}

const breach = (pattern: string, value: number) => (query: string) =>
  query.includes(pattern) && query.includes('variation="candidate"') ? value : null;

describe("steps inside an approved stage", () => {
  const key = "support_steps";
  const canary = "approved-for-customer-canary";

  it("go on by themselves when soaked and green: 5, 10, 25, and no further", async () => {
    await goLive(key, canary);
    const shares: number[] = [];
    for (let step = 0; step < 4; step += 1) {
      shares.push((await liveOf(key)).share);
      await lookFor(2);
      await world.advance(key);
      shares.push((await liveOf(key)).share);
      await lookFor(1);
      expect((await world.advance(key)).state).toBe("live");
    }
    expect(shares).toEqual([5, 5, 10, 10, 25, 25, 25, 25]);
    expect((await liveOf(key)).stage).toBe("customer-canary");
    const begun = (await world.opened.store.readAudit({ from: 1 })).filter(({ data }) =>
      JSON.stringify(data).includes('"readings":[{'),
    );
    expect(begun.length).toBe(2);
    await leave(key);
  });

  it("a gap without the app and hours without data do not count, and an earlier step's soak neither", async () => {
    const gap = `${key}_gap`;
    await goLive(gap, canary);
    await lookFor(2);
    world.pass(20 * hour);
    await world.look(hour);
    expect((await entryOf(gap)).soakedMs / hour).toBeCloseTo(2, 2);
    weather = () => ({ status: 200, body: { status: "success", data: { resultType: "vector", result: [] } } });
    await lookFor(5);
    expect((await entryOf(gap)).soakedMs / hour).toBeCloseTo(2, 2);
    await world.advance(gap);
    expect((await liveOf(gap)).share).toBe(5);
    weather = null;
    await lookFor(1);
    await world.advance(gap);
    expect((await liveOf(gap)).share).toBe(10);
    await world.look(hour);
    expect((await entryOf(gap)).soakedMs).toBe(0);
    await leave(gap);
  });

  it("wait in a freeze window and go on after it", async () => {
    const frozen = `${key}_frozen`;
    await goLive(frozen, canary);
    // Thursday night; the window is Friday 16:00 to Monday 08:00 in Berlin.
    world.pass(Date.parse("2026-06-19T13:30:00Z") + 14 * 24 * hour - world.now().getTime());
    await lookFor(4);
    await world.advance(frozen);
    expect((await liveOf(frozen)).share).toBe(5);
    expect((await entryOf(frozen)).frozen).toContain("freeze window weekend");
    await lookFor(64);
    await world.advance(frozen);
    expect((await liveOf(frozen)).share).toBe(10);
    await leave(frozen);
  });

  it("a step that was written when the process died is finished, although readings turned bad meanwhile", async () => {
    const torn = `${key}_torn`;
    await goLive(torn, canary);
    await lookFor(3);
    const dying = {
      ...world.flags,
      prove: () => Promise.reject(new Error("killed")),
    };
    const ports = { ...world.ports, flags: new Map([[bindingName, dying]]) };
    await expect(world.advance(torn, ports)).rejects.toThrow("killed");
    weather = () => ({ status: 503, body: "" });
    world.pass(hour);
    await world.look(hour);
    expect((await world.advance(torn)).state).toBe("live");
    expect((await liveOf(torn)).share).toBe(10);
    expect(await liveOf(torn)).not.toHaveProperty("nextStep");
    await leave(torn);
  });
});

describe("a breach", () => {
  it("of a guardrail that pauses: nothing grows, the clock is back at nothing, the pull request is told, and resuming waits for green", async () => {
    const key = "support_breach_pause";
    await goLive(key, "approved-for-customer-canary");
    await lookFor(2);
    weather = breach("histogram_quantile", 9.9);
    world.pass(hour);
    const { breaches } = await world.look(hour);
    expect(breaches.map(({ flagKey, breach: found }) => [flagKey, found.action])).toEqual([[key, "pause"]]);
    expect(await world.advance(key)).toMatchObject({ state: "held" });
    expect((await entryOf(key)).soakedMs).toBe(0);
    const told = world.github.comments.find(
      ({ marker, body }) => marker.includes(key) && body.includes("paused by guardrail p95 latency"),
    );
    expect(told?.body).toContain("9.9 is outside");
    const resume = () =>
      resumeFlag({ binding: bindingName, flagKey: key, by: "@rita" }, builtInPolicy, world.ports, world.now());
    expect(await resume()).toMatchObject({ kind: "refused" });
    weather = null;
    await lookFor(4);
    await world.advance(key);
    expect(await liveOf(key)).toMatchObject({ share: 5, paused: { by: "guardrail p95 latency" } });
    expect(await resume()).toMatchObject({ kind: "done" });
    expect((await world.advance(key)).state).toBe("live");
    await lookFor(3);
    expect((await world.advance(key)).state).toBe("live");
    expect((await liveOf(key)).share).toBe(10);
    await leave(key);
  });

  it.each<[string, string]>([
    ["at the internal canary", "approved-for-internal-canary"],
    ["after 100 %", "approved-as-default"],
    ["while the candidate is only a shadow", "approved-for-shadow"],
  ])("of a guardrail that rolls back, %s: off with the reading as the reason", async (_name, status) => {
    const key = `support_breach_${status.replaceAll("-", "_")}`;
    await goLive(key, status);
    await world.look(hour);
    weather = breach("unsafe_output_reports_total", 2);
    world.pass(hour);
    await world.look(hour);
    expect(await latchOf(key)).toMatchObject({
      cause: "breach",
      reason: "unsafe output reports (2 is outside == 0)",
      repository: "acme/support-routes",
    });
    expect((await world.advance(key)).state).toBe("off");
    expect(world.flag(key).isEnabled).toBe(false);
    weather = null;
    await world.look(hour);
    await expect(entryOf(key)).rejects.toThrow("not watched");
  });

  it("acts while GitHub is away, by the rules that were read last", async () => {
    const key = "support_breach_no_github";
    await goLive(key, "approved-for-internal-canary");
    await world.look(hour);
    weather = breach("unsafe_output_reports_total", 1);
    world.pass(hour);
    const away = new GitHubError("away", { kind: "unavailable", status: 0, retryable: true });
    const github = { ...world.github.port, openRepository: () => Promise.reject(away) };
    const { breaches } = await watchBinding(
      { binding: bindingName, everyMs: hour },
      { ...world.ports, github },
      world.now,
    );
    expect(breaches.length).toBe(1);
    expect((await world.advance(key)).state).toBe("off");
    weather = null;
  });
});

describe("the organisation's floor stays in force for what is live", () => {
  const slow = breach("histogram_quantile", 9);
  let served = "";
  afterEach(async () => {
    world.github.organization.policy = null;
    await leave(served);
  });

  it.each<[string, { unreadable: string } | { text: string } | null, "pause" | "rollback"]>([
    ["while its file can be read", { text: "onBreach: rollback\n" }, "rollback"],
    ["by what was read last, when it cannot be read any more", { unreadable: "403" }, "rollback"],
    ["until the organisation takes it away", null, "pause"],
  ])("%s", async (name, later, action) => {
    const key = `support_floor_${name.length}`;
    served = key;
    world.github.organization.policy = { text: "onBreach: rollback\n" };
    await goLive(key, "approved-for-internal-canary");
    world.pass(hour);
    await world.look(hour);
    world.github.organization.policy = later;
    world.pass(hour);
    weather = slow;
    const { breaches } = await world.look(hour);
    expect(breaches.map(({ flagKey, breach: { action: taken } }) => [flagKey, taken])).toEqual([[key, action]]);
  });
});

describe("a policy that cannot be read any more", () => {
  const key = "support_unread";
  const broken = "routes: [";
  afterEach(async () => {
    world.github.files.set(policyPath, readExamplePolicy());
    await leave(key);
  });

  it("lets nothing grow, and a breach acts by the last one that could be", async () => {
    await goLive(key, "approved-for-internal-canary");
    await lookFor(1);
    expect((await entryOf(key)).clock).toBe("running");
    world.github.files.set(policyPath, broken);
    await lookFor(2);
    expect(await entryOf(key)).toMatchObject({
      readings: "pass",
      clock: "stopped",
      why: "the policy of the default branch cannot be read; breaches go by the last one that could be",
    });
    weather = breach("histogram_quantile", 9);
    world.pass(hour);
    const { breaches } = await world.look(hour);
    expect(breaches.map(({ flagKey }) => flagKey)).toEqual([key]);
    weather = null;
    world.github.files.set(policyPath, readExamplePolicy());
    await lookFor(1);
    expect((await entryOf(key)).why).not.toContain("the policy of the default branch");
  });
});

describe("bad weather at the metrics source holds, is said, and passes by itself", () => {
  const key = "support_weather";
  const series = { metric: {}, value: [begins / 1000, "1"] };
  const vector = (result: unknown): SimulatorResponse => ({
    status: 200,
    body: { status: "success", data: { resultType: "vector", result } },
  });

  beforeAll(async () => {
    await goLive(key, "approved-for-customer-canary");
    await lookFor(2);
  });

  it.each<[string, () => SimulatorResponse | number | null, RegExp]>([
    ["NaN", () => answerAs("NaN"), /the reading is NaN/],
    ["infinity", () => answerAs("+Inf"), /infinite/],
    ["nothing", () => vector([]), /no data/],
    ["several series", () => vector([series, series]), /2 series/],
    ["an old sample", () => vector([series]), /stale/],
    [
      "a refusal",
      () => ({ status: 400, body: { status: "error", errorType: "bad_data", error: "parse error" } }),
      /parse error/,
    ],
    ["a broken server", () => ({ status: 500, body: "oops" }), /status 500/],
    ["no JSON", () => ({ status: 200, body: "<html>" }), /did not answer JSON/],
    ["another form", () => ({ status: 200, body: { data: [] } }), /unknown form/],
    [
      "warnings",
      () => ({
        status: 200,
        body: { status: "success", warnings: ["partial"], data: { resultType: "vector", result: [] } },
      }),
      /warns/,
    ],
  ])("%s", async (_name, answer, words) => {
    const before = await entryOf(key);
    weather = answer;
    world.pass(hour);
    await world.look(hour);
    const held = await entryOf(key);
    expect([held.clock, held.soakedMs, held.readings]).toEqual(["stopped", before.soakedMs, "open"]);
    const watch = await world.opened.store.getRecord(watchKind, bindingName);
    const said = describeWatch(await liveOf(key), findWatch(watch?.value, key), world.now().toISOString());
    expect(said).toMatch(words);
    expect(await readMetrics()).toContain('routeward_watched_flags{state="open"} 1');
    await world.advance(key);
    expect((await liveOf(key)).share).toBe(5);
    weather = null;
    world.pass(hour);
    await world.look(hour);
    expect((await entryOf(key)).clock).toBe("running");
  });

  it("a source that never answers is not waited for query by query, and comes back without a hand", async () => {
    const stop = prometheus.addFault({ when: () => true, effect: { kind: "latency", milliseconds: 30_000 } });
    const begun = performance.now();
    await world.look(hour);
    // Fourteen queries one after the other would take 42 s.
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect((await entryOf(key)).why).toMatch(/did not answer within 3000 ms|does not answer/);
    stop();
    world.pass(hour);
    await world.look(hour);
    expect((await entryOf(key)).clock).toBe("running");
    expect(await readMetrics()).toContain('routeward_watched_flags{state="green"} 1');
  });

  it("a binding without a metrics source never soaks, and says so", async () => {
    const metrics = new Map(world.ports.metrics);
    Object.assign(world.ports, { metrics: new Map() });
    world.pass(hour);
    await world.look(hour);
    Object.assign(world.ports, { metrics });
    expect((await entryOf(key)).why).toMatch(/no metrics source/);
    await leave(key);
  });

  async function readMetrics(): Promise<string> {
    const { store, queue } = world.opened;
    const pages = createPages({ store, queue, metrics: createOperationMetrics(), now: world.now });
    return (await pages.get("/metrics")?.())?.body ?? "";
  }
});

describe("a pause by a person", () => {
  it("stops growth and clock, keeps what is served, and is lifted when the gates hold again", async () => {
    const key = "support_person";
    await goLive(key, "approved-for-customer-canary");
    await lookFor(2);
    const flag = { binding: bindingName, flagKey: key, by: "@ann" };
    expect(await pauseFlag({ ...flag, reason: "looking" }, world.ports, world.now())).toMatchObject({ kind: "done" });
    expect(await pauseFlag({ ...flag, reason: "again" }, world.ports, world.now())).toEqual({ kind: "unchanged" });
    await lookFor(9);
    expect((await world.advance(key)).state).toBe("held");
    expect((await entryOf(key)).soakedMs / hour).toBeCloseTo(2, 2);
    expect(world.flag(key).isEnabled).toBe(true);
    expect((await liveOf(key)).share).toBe(5);
    const frozen = { freeze: [{ name: "always", cron: "0 0 * * *", lastsMs: 24 * hour, timezone: "UTC" }] };
    expect(await resumeFlag(flag, frozen, world.ports, world.now())).toMatchObject({ kind: "refused" });
    expect(await resumeFlag(flag, builtInPolicy, world.ports, world.now())).toMatchObject({ kind: "done" });
    expect(await resumeFlag(flag, builtInPolicy, world.ports, world.now())).toEqual({ kind: "unchanged" });
    await world.advance(key);
    await lookFor(1);
    await world.advance(key);
    expect((await liveOf(key)).share).toBe(10);
    await leave(key);
  });
});

it("a pause and a resume that are asked for again after a crash are answered as the first time, and taken once", async () => {
  const key = "support_asked_twice";
  await goLive(key, "approved-for-internal-canary");
  const flag = { binding: bindingName, flagKey: key, by: "@ann" };
  const pause = (requestId: string) => pauseFlag({ ...flag, reason: "looking", requestId }, world.ports, world.now());
  const resume = (requestId: string) => resumeFlag({ ...flag, requestId }, builtInPolicy, world.ports, world.now());
  expect(await pause("comment-1")).toMatchObject({ kind: "done" });
  expect(await pause("comment-1")).toMatchObject({ kind: "done" });
  expect(await pause("comment-2")).toEqual({ kind: "unchanged" });
  await lookFor(1);
  expect(await resume("comment-3")).toMatchObject({ kind: "done", live: { paused: null } });
  expect(await resume("comment-3")).toMatchObject({ kind: "done" });
  expect(await pause("comment-1")).toMatchObject({ kind: "done", live: { paused: null } });
  expect((await liveOf(key)).paused).toBeNull();
  await leave(key);
});

describe("changes in FeatBit by hand", () => {
  it("are told once, with who made them and what differs, and the clock stands", async () => {
    const key = "support_drift";
    await goLive(key, "approved-for-internal-canary");
    await world.look(hour);
    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      draft.rules = [];
    });
    const { reason } = await world.advance(key);
    await world.advance(key);
    expect(reason).toMatch(/rule ".*internal-support" is missing/);
    expect(reason).toMatch(/changed by Hand at \S+ \(\w*Rule/);
    const told = world.github.comments.filter(({ marker }) =>
      marker.startsWith(`routeward-hold ${bindingName}/${key}`),
    );
    expect(told.length).toBe(1);
    world.pass(hour);
    await world.look(hour);
    expect((await entryOf(key)).why).toContain("the rollout is held");
    await leave(key);
  });

  it("are put back when the policy repairs and nobody gains, and are held when somebody would", async () => {
    const key = "support_repair";
    world.github.files.set(policyPath, readExamplePolicy().replace("drift: alert", "drift: repair"));
    await goLive(key, "approved-for-internal-canary");
    const candidate = world.flag(key).variations.find(({ name }) => name === "candidate")?.id ?? "";
    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      draft.fallthrough = {
        ...draft.fallthrough,
        variations: [{ id: candidate, rollout: [0, 1], exptRollout: 1 }],
      };
    });
    const rules = world.flag(key).rules.length;
    expect(await world.advance(key)).toMatchObject({ state: "live", reason: "" });
    expect(JSON.stringify(world.flag(key).fallthrough)).not.toContain(candidate);
    expect(world.flag(key).rules.length).toBe(rules);
    const told = world.github.comments.filter(({ marker }) =>
      marker.startsWith(`routeward-repair ${bindingName}/${key}`),
    );
    expect(told.map(({ body }) => /changed by Hand/.test(body))).toEqual([true]);

    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      draft.rules = [];
    });
    expect(await world.advance(key)).toMatchObject({ state: "held" });
    expect(world.flag(key).rules).toEqual([]);
    world.github.files.set(policyPath, readExamplePolicy());
    await leave(key);
  });

  it("switching it off is an emergency rollback in the name of who did it", async () => {
    const key = "support_off_by_hand";
    await goLive(key, "approved-for-internal-canary");
    world.simulator.editFlag(world.environment.id, key, world.user, (draft) => {
      draft.isEnabled = false;
    });
    expect((await world.advance(key)).state).toBe("off");
    expect(await latchOf(key)).toMatchObject({ cause: "flag-turned-off", by: "Hand" });
  });

  it("another content of a segment pauses; resuming accepts it", async () => {
    const key = "support_segment_edit";
    await goLive(key, "approved-for-internal-canary");
    await world.look(hour);
    world.simulator.editSegment(world.segmentId, world.user, (draft) => {
      draft.included = [...draft.included, "legal-2"];
    });
    const { state, reason } = await world.advance(key);
    expect([state, reason]).toEqual([
      "held",
      expect.stringContaining("the contents of segment enterprise-legal-review changed"),
    ]);
    await world.look(hour);
    const flag = { binding: bindingName, flagKey: key, by: "@rita" };
    expect(await resumeFlag(flag, builtInPolicy, world.ports, world.now())).toMatchObject({ kind: "done" });
    expect(await world.advance(key)).toMatchObject({ state: "live", reason: "" });
    expect((await world.advance(key)).state).toBe("live");
    await leave(key);
  });
});

it("nothing that was sent broke FeatBit's contract, and the store proves itself", async () => {
  expect(world.simulator.violations).toEqual([]);
  expect(await world.opened.store.verifyStore()).toEqual([]);
});

it("the operator's template of a name is what the source is asked and what its answer is judged by, with the policy's beside it", async () => {
  const key = "support_operators_query";
  await goLive(key, "approved-for-internal-canary");
  const asked: string[] = [];
  weather = (query) => {
    asked.push(query);
    return query === "operators_fallback" ? 0.02 : query === "operators_requests" ? 300 : null;
  };
  const template = (name: string, category: string, value: string, samples: string | null = null) => ({
    name,
    category,
    value,
    numerator: null,
    denominator: null,
    samples,
    parameters: {},
  });
  const metricTemplates = {
    "rubric-score": template("rubric-score", "quality", 'operators_score{v="$variation", r="$route"}'),
    "fallback-rate": template("fallback-rate", "fallback", "operators_fallback", "operators_requests"),
  };
  const bindings = world.ports.bindings.map((each) => ({ ...each, metricTemplates }));
  await watchBinding({ binding: bindingName, everyMs: hour }, { ...world.ports, bindings }, world.now);
  expect(asked).toContain(`operators_score{v="candidate", r="${key}"}`);
  expect(asked.filter((query) => query.includes("rubric_score") && query.includes(key))).toEqual([]);
  expect(asked.some((query) => query.includes("histogram_quantile"))).toBe(true);
  // The policy's template of the name counts a share, of which 300 samples would settle nothing; the operator's is a plain value.
  const found = (await entryOf(key)).guardrails.find(({ name }) => name === "fallback rate");
  expect(found).toMatchObject({ outcome: "pass", candidate: 0.02, samples: 300 });
  await leave(key);
});
