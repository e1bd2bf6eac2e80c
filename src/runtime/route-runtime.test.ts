import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderVariations } from "../core/rollout/served-value.ts";
import type { Bundle } from "../core/routes/route-file.ts";
import {
  startFeatBitSimulator,
  type FeatBitSimulator,
  type SimulatedEnvironment,
} from "../simulators/featbit/featbit-simulator.ts";
import type { SimUser } from "../simulators/featbit/featbit-data.ts";
import { createPrometheusSink } from "./metric-sinks.ts";
import { createRouteRuntime, type RouteRuntime } from "./route-runtime.ts";

const flagKey = "support_answer";
const digestOf = (letter: string) => `mrb1:sha256:${letter.repeat(64)}`;
const bundle = (model: string): Bundle => ({
  provider: "p",
  model,
  modelFamily: null,
  version: null,
  endpoint: null,
  region: null,
  promptVersion: null,
  prompt: null,
  retrievalProfile: null,
  retrieval: null,
  toolPolicy: null,
  tools: null,
  parameters: {},
  timeoutMs: null,
  maxRetries: null,
  fallback: [],
  pricing: null,
  latency: null,
});
const own = { [flagKey]: { bundle: { model: "own-baseline" }, digest: null } };

let featbit: FeatBitSimulator;
let environment: SimulatedEnvironment;
let user: SimUser;
const open: RouteRuntime[] = [];

const connect = (more: object = {}): RouteRuntime => {
  const runtime = createRouteRuntime({
    sdkKey: environment.serverSecret,
    streamingUrl: featbit.streamingUrl,
    eventsUrl: featbit.evaluationUrl,
    baselines: own,
    flushEveryMs: 60_000,
    ...more,
  });
  open.push(runtime);
  return runtime;
};

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 600; look += 1) {
    if (await holds()) return;
    await sleep(50);
  }
  throw new Error("it did not happen in time");
}

beforeAll(async () => {
  featbit = await startFeatBitSimulator();
  const project = featbit.createProject({ key: "acme" });
  environment = featbit.createEnvironment(project.id, { key: "production" });
  user = featbit.createUser({ name: "Rita", email: "rita@example.com" });
  const bundles = {
    flagType: "json",
    baseline: { bundle: bundle("model-a"), digest: digestOf("a") },
    candidate: { bundle: bundle("model-b"), digest: digestOf("b") },
  } as const;
  const variations = renderVariations({ binding: "acme", flagKey }, bundles, "internal-canary");
  const [baseline, candidate] = variations;
  featbit.createFlag(
    {
      envId: environment.id,
      key: flagKey,
      name: flagKey,
      description: null,
      tags: [],
      variationType: "json",
      variations: variations.map(({ id, name, value }) => ({ id, name, value })),
      isEnabled: true,
      enabledVariationId: baseline?.id ?? "",
      disabledVariationId: baseline?.id ?? "",
    },
    user,
  );
  featbit.editFlag(environment.id, flagKey, user, (draft) => {
    draft.targetUsers = [{ keyIds: ["sam"], variationId: candidate?.id ?? "" }];
  });
});

afterAll(async () => {
  await Promise.all(open.map((runtime) => runtime.close()));
  const violations = [...featbit.violations];
  await featbit.close();
  if (violations.length > 0) throw new Error(violations.join("\n"));
});

it("gives the route before the call, with its bundle, digest and stage", async () => {
  const runtime = connect();
  expect(await runtime.choose(flagKey, { key: "sam" })).toMatchObject({
    variation: "candidate",
    bundle: { provider: "p", model: "model-b" },
    digest: digestOf("b"),
    stage: "internal-canary",
    source: "featbit",
  });
  expect(await runtime.choose(flagKey, { key: "lena" })).toMatchObject({
    variation: "baseline",
    digest: digestOf("a"),
  });
});

describe("the exposure", () => {
  it("is sent only when the route really ran, once for each run", async () => {
    const runtime = connect();
    const before = featbit.insights.length;
    const decision = await runtime.choose(flagKey, { key: "sam", attributes: { team: "support" } });
    await runtime.flush();
    expect(featbit.insights.length).toBe(before);
    for (let call = 0; call < 6; call += 1)
      await runtime.run(
        decision,
        async () => "answer",
        () => ({ costUsd: 0.01 }),
      );
    await runtime.flush();
    const exposures = JSON.stringify(featbit.insights.slice(before)).match(/"featureFlagKey"/g) ?? [];
    expect(exposures).toHaveLength(6);
    expect(runtime.dropped).toBe(0);
  });

  it("is sent when the call failed too, and the error comes out", async () => {
    const runtime = connect();
    const before = featbit.insights.length;
    const decision = await runtime.choose(flagKey, { key: "sam" });
    await expect(runtime.run(decision, () => Promise.reject(new Error("model away")))).rejects.toThrow("model away");
    await runtime.flush();
    expect(JSON.stringify(featbit.insights.slice(before))).toContain('"featureFlagKey"');
  });
});

describe("without FeatBit", () => {
  const nowhere = "127.0.0.1:9";
  it("the application's own baseline is used at once, and no exposure is claimed", async () => {
    const runtime = connect({ streamingUrl: `ws://${nowhere}`, eventsUrl: `http://${nowhere}`, startWaitMs: 50 });
    const decision = await runtime.choose(flagKey, { key: "sam" });
    expect(decision).toMatchObject({ variation: "baseline", bundle: { model: "own-baseline" }, source: "fallback" });
    expect(await runtime.run(decision, async (called) => called["model"])).toBe("own-baseline");
    await runtime.flush();
    expect(runtime.dropped).toBe(0);
  });

  it("the baseline is used too when FeatBit has been silent for too long, until it is heard again", async () => {
    const runtime = connect({ awayAfterMs: 400 });
    expect(await runtime.choose(flagKey, { key: "sam" })).toMatchObject({ source: "featbit" });
    featbit.refuseStreams(1011);
    featbit.dropStreams();
    await waitUntil(async () => (await runtime.choose(flagKey, { key: "sam" })).source === "fallback");
    expect(await runtime.choose(flagKey, { key: "sam" })).toMatchObject({
      variation: "baseline",
      bundle: { model: "own-baseline" },
      problem: "FeatBit is away",
    });
    featbit.refuseStreams(null);
    await waitUntil(async () => (await runtime.choose(flagKey, { key: "sam" })).source === "featbit");
  });

  it("a service that asks for it keeps the last route for as long as FeatBit is away", async () => {
    let at = 0;
    const runtime = connect({ awayAfterMs: Infinity, stopwatch: () => (at += 1e9) });
    await runtime.choose(flagKey, { key: "sam" });
    expect(await runtime.choose(flagKey, { key: "sam" })).toMatchObject({ variation: "candidate", source: "featbit" });
  });

  it("a flag that does not exist is answered by the baseline with the reason", async () => {
    const runtime = connect({ baselines: { other: own[flagKey] } });
    const decision = await runtime.choose("other", { key: "sam" });
    expect(decision).toMatchObject({ source: "fallback", problem: expect.stringContaining("FlagNotFound") });
  });

  it("a route without a baseline is a mistake of the application, said at once", async () => {
    await expect(connect({ baselines: {} }).choose("unknown", { key: "sam" })).rejects.toThrow(TypeError);
  });
});

it("begins every series of a variation at zero with its first call, so that nothing that never happens is taken for no data", async () => {
  const registry = new Registry();
  const runtime = connect({ sinks: [createPrometheusSink(registry)] });
  await runtime.run(await runtime.choose(flagKey, { key: "sam" }), async () => "x");
  const text = await registry.metrics();
  for (const name of ["route_fallback", "conversation_escalated", "unsafe_output_reports", "route_retries"])
    expect(text).toContain(`${name}_total{route="${flagKey}",variation="candidate",segment=""} 0`);
});

it("counts the series that the example policy's templates read, under their labels", async () => {
  const registry = new Registry();
  const runtime = connect({ sinks: [createPrometheusSink(registry)] });
  const decision = await runtime.choose(flagKey, { key: "sam" });
  await runtime.run(
    decision,
    async () => "x",
    () => ({ costUsd: 0.5, fellBack: true, retries: 2, rubricScore: 0.9 }),
  );
  runtime.report(decision, { accepted: true, escalated: true, unsafe: true, segment: "priority" });
  const text = await registry.metrics();
  for (const line of [
    `route_requests_total{route="${flagKey}",variation="candidate",segment=""} 1`,
    `route_cost_usd_total{route="${flagKey}",variation="candidate",segment=""} 0.5`,
    `route_fallback_total{route="${flagKey}",variation="candidate",segment=""} 1`,
    `conversation_total{route="${flagKey}",variation="candidate",segment=""} 1`,
    `conversation_resolved_total{route="${flagKey}",variation="candidate",segment="priority"} 1`,
    `conversation_escalated_total{route="${flagKey}",variation="candidate",segment="priority"} 1`,
    `unsafe_output_reports_total{route="${flagKey}",variation="candidate",segment="priority"} 1`,
    `route_rubric_score_count{route="${flagKey}",variation="candidate",segment=""} 1`,
    `route_duration_seconds_count{route="${flagKey}",variation="candidate",segment=""} 1`,
  ]) {
    expect(text).toContain(line);
  }
});
