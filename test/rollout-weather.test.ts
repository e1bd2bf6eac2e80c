import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFlagPort, type ClosableFlagPort } from "../src/adapters/featbit/create-flag-port.ts";
import { createOperationMetrics } from "../src/apps/bot/operation-metrics.ts";
import { createPages } from "../src/apps/bot/pages.ts";
import { approvedRouteKind, keyOfFlag, rolloutStatusKind, subjectOfFlag } from "../src/flows/records.ts";
import { updateRecord } from "../src/flows/update-record.ts";
import type { Fault } from "../src/simulators/loopback-server.ts";
import { bindingName, openRolloutWorld, type RolloutWorld } from "./rollout-world.ts";

let world: RolloutWorld;
beforeAll(async () => {
  world = await openRolloutWorld();
});
afterAll(() => world.close());

const statusOf = async (key: string) =>
  (await world.opened.store.getRecord(rolloutStatusKind, keyOfFlag(bindingName, key)))?.value;

const toldOf = (key: string): string =>
  world.github.comments
    .filter(({ marker }) => marker.startsWith(`routeward-hold ${bindingName}/${key}:`))
    .map(({ body }) => body)
    .join("\n");

async function readMetrics(): Promise<string> {
  const { store, queue } = world.opened;
  const pages = createPages({ store, queue, metrics: createOperationMetrics(), now: world.now });
  return (await pages.get("/metrics")?.())?.body ?? "";
}

/** The flag's job twice, as the queue would have it; people are told from the second failure on. */
async function tryTwice(key: string, flags = world.flags): Promise<string> {
  const ports = { ...world.ports, flags: new Map([[bindingName, flags]]) };
  await expect(world.advance(key, ports)).rejects.toThrow(/FeatBit|cannot/);
  await expect(world.advance(key, ports)).rejects.toThrow(/FeatBit|cannot/);
  return toldOf(key);
}

/** Said on the pull request, in the status and in `/metrics`; nothing was written; well again without a hand. */
async function expectHeldAndRecovered(key: string, words: RegExp, recover: () => void | Promise<void>): Promise<void> {
  expect(await statusOf(key)).toMatchObject({ state: "failing", reason: expect.stringMatching(words) });
  expect(toldOf(key)).toMatch(words);
  expect(await readMetrics()).toContain('routeward_rollouts{state="failing"} 1');
  await recover();
  expect(await world.advance(key)).toMatchObject({ state: "live", reason: "" });
  expect(await readMetrics()).not.toContain('routeward_rollouts{state="failing"}');
}

const withPort = async (
  fields: { accessToken?: string; envId?: string },
  use: (port: ClosableFlagPort) => Promise<string>,
): Promise<string> => {
  const { apiUrl, evaluationUrl, streamingUrl } = world.simulator;
  const token = world.simulator.createAccessToken({ name: "other", type: "service" });
  const port = createFlagPort({
    apiUrl,
    evaluationUrl,
    streamingUrl,
    envId: fields.envId ?? world.environment.id,
    accessToken: fields.accessToken ?? token.token,
    sdkKey: world.environment.serverSecret,
    timeoutMs: 1_000,
  });
  try {
    return await use(port);
  } finally {
    await port.close();
  }
};

const answer = (status: number, body?: unknown): Fault["effect"] => ({
  kind: "status",
  response: { status, ...(body === undefined ? {} : { body }) },
});

describe("bad weather at FeatBit holds, is said, and passes without a hand", () => {
  it("a wrong token", async () => {
    const key = "support_wrong_token";
    await world.approve(key, "approved-for-internal-canary");
    expect(await withPort({ accessToken: "api-none" }, (port) => tryTwice(key, port))).toContain("401");
    await expectHeldAndRecovered(key, /FeatBit answered 401 .*does not accept the access token/, () => {});
  });

  it("a wrong envId", async () => {
    const key = "support_wrong_env";
    await world.approve(key, "approved-for-internal-canary");
    const envId = "00000000-0000-4000-8000-000000000000";
    expect(await withPort({ envId }, (port) => tryTwice(key, port))).toContain("403");
    await expectHeldAndRecovered(key, /FeatBit answered 403 .*or what it names does not exist/, () => {});
  });

  it.each<[string, string, Fault["effect"], RegExp, (path: string) => boolean]>([
    [
      "a token that expires while a stage is live",
      "expired",
      answer(401, { success: false, errors: ["Unauthorized"], data: null }),
      /does not accept the access token/,
      () => true,
    ],
    ["FeatBit down", "down", { kind: "lost-request" }, /FeatBit did not answer/, () => true],
    [
      "an older server that opens targeting to no token",
      "old_server",
      answer(403),
      /403 .*targeting is from FeatBit 5\.3\.3 on/,
      (path) => path.endsWith("/targeting"),
    ],
    [
      "status 200 that says it failed",
      "not_success",
      answer(200, { success: false, errors: ["SomeRule"], data: null }),
      /FeatBit answered 200 .*refuses it by a rule of its own.*SomeRule/,
      (path) => path.endsWith("/targeting"),
    ],
  ])("%s", async (_name, slug, effect, words, hits) => {
    const key = `support_weather_${slug}`;
    await world.approve(key, "approved-for-internal-canary");
    await world.advance(key);
    await world.approve(key, "approved-for-customer-canary");
    const rules = world.flag(key).rules.length;
    const end = world.simulator.api.addFault({ when: ({ path }) => path.includes(key) && hits(path), effect });
    await tryTwice(key);
    world.pass(60_000);
    await tryTwice(key);
    expect(world.flag(key).rules.length).toBe(rules);
    expect(toldOf(key).match(/could not go on/g)).toHaveLength(1);
    await expectHeldAndRecovered(key, words, end);
  });

  it("a segment that FeatBit does not have", async () => {
    const key = "support_no_segment";
    const approved = await world.approve(key, "approved-for-internal-canary");
    const audience = approved.audiences["enterprise-legal-review"];
    if (audience === undefined) throw new Error("no such audience");
    const audiences = { ...approved.audiences, "enterprise-legal-review": { ...audience, segment: "not-made-yet" } };
    const id = keyOfFlag(bindingName, key);
    const subject = subjectOfFlag(bindingName, key);
    await updateRecord(world.opened.store, approvedRouteKind, id, subject, () => ({ ...approved, audiences }));
    expect(await world.advance(key)).toMatchObject({
      state: "held",
      reason: expect.stringContaining("not-made-yet"),
    });
    expect(toldOf(key)).toContain("not-made-yet");
    expect(await readMetrics()).toContain('routeward_rollouts{state="held"} 1');
    expect(world.simulator.findFlag(world.environment.id, key)).toBeUndefined();
    world.simulator.createSegment(world.environment.id, {
      key: "not-made-yet",
      included: ["a"],
      excluded: [],
      rules: [],
    });
    expect(await world.advance(key)).toMatchObject({ state: "live", reason: "" });
  });

  it("an audience that the policy does not name", async () => {
    const key = "support_no_audience";
    const approved = await world.approve(key, "approved-for-internal-canary");
    const { "internal-support": internal, ...rest } = approved.audiences;
    const id = keyOfFlag(bindingName, key);
    const subject = subjectOfFlag(bindingName, key);
    await updateRecord(world.opened.store, approvedRouteKind, id, subject, () => ({ ...approved, audiences: rest }));
    expect(await world.advance(key)).toMatchObject({
      state: "held",
      reason: expect.stringContaining("internal-support"),
    });
    expect(toldOf(key)).toContain("internal-support");
    expect(internal?.internal).toBe(true);
    await world.approve(key, "approved-for-internal-canary");
    expect(await world.advance(key)).toMatchObject({ state: "live", reason: "" });
  });
});
