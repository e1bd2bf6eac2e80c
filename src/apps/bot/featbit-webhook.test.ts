import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startFeatBitSimulator } from "../../simulators/featbit/featbit-simulator.ts";
import { createFeatBitWebhook, type FeatBitHint, featbitWebhookPath } from "./featbit-webhook.ts";

const secret = "s3cret-of-featbit";
let server: Server;
let url: string;
let clock = 0;
let taken: FeatBitHint[] = [];
let failing = false;

beforeAll(async () => {
  const handle = createFeatBitWebhook({
    secrets: new Map([["acme-production", secret]]),
    take: (hint) => {
      if (failing) return Promise.reject(new Error("the store is away"));
      taken.push(hint);
      return Promise.resolve();
    },
    reportFailure: () => {},
    stopwatch: () => clock,
  });
  server = createServer((request, response) => {
    void handle(request, response).then((isOwn) => (isOwn ? undefined : response.writeHead(418).end()));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => void server.close(resolve)));
beforeEach(() => {
  taken = [];
  failing = false;
  clock += 120_000;
});

const change = (kind: string, key: string): string => JSON.stringify({ event: "x", data: { kind, object: { key } } });
let count = 0;

async function post(
  body: string,
  fields: { path?: string; method?: string; headers?: Record<string, string | undefined> } = {},
): Promise<number> {
  count += 1;
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const headers = Object.entries({
    "content-type": "application/json",
    "x-featbit-delivery": `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`,
    "x-featbit-signature-256": `sha256=${signature}`,
    ...fields.headers,
  }).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
  const method = fields.method ?? "POST";
  const response = await fetch(`${url}${fields.path ?? `${featbitWebhookPath}acme-production`}`, {
    method,
    headers,
    ...(method === "GET" ? {} : { body }),
  });
  return response.status;
}

describe("a webhook of FeatBit", () => {
  it.each<[string, string, Parameters<typeof post>[1], number, readonly FeatBitHint[]]>([
    ["names a flag", change("feature flag", "a"), {}, 202, [{ binding: "acme-production", flagKey: "a" }]],
    [
      "of a segment may concern every flag",
      change("segment", "s"),
      {},
      202,
      [{ binding: "acme-production", flagKey: null }],
    ],
    [
      "for a binding without a secret has no address",
      change("feature flag", "a"),
      { path: `${featbitWebhookPath}other` },
      404,
      [],
    ],
    [
      "for a path below another is not taken",
      change("feature flag", "a"),
      { path: `${featbitWebhookPath}acme-production/x` },
      404,
      [],
    ],
    ["elsewhere is left to others", change("feature flag", "a"), { path: "/api/featbit" }, 418, []],
    ["must be posted", "", { method: "GET" }, 405, []],
    [
      "without a signature is refused",
      change("feature flag", "a"),
      { headers: { "x-featbit-signature-256": undefined } },
      401,
      [],
    ],
    [
      "with another signature is refused",
      change("feature flag", "a"),
      { headers: { "x-featbit-signature-256": `sha256=${"0".repeat(64)}` } },
      401,
      [],
    ],
    [
      "without a delivery id is refused",
      change("feature flag", "a"),
      { headers: { "x-featbit-delivery": undefined } },
      400,
      [],
    ],
    ["that is no JSON is refused", "{", {}, 400, []],
    ["about something else is refused", change("experiment", "a"), {}, 400, []],
    ["without a key is refused", change("feature flag", ""), {}, 400, []],
    ["of more than a megabyte is refused", change("feature flag", "a".repeat(1_100_000)), {}, 413, []],
  ])("%s", async (_name, body, fields, status, hints) => {
    expect(await post(body, fields)).toBe(status);
    expect(taken).toEqual(hints);
  });

  it("counts once, however often it is delivered", async () => {
    const headers = { "x-featbit-delivery": "11111111-1111-4111-8111-111111111111" };
    expect([
      await post(change("feature flag", "a"), { headers }),
      await post(change("feature flag", "a"), { headers }),
    ]).toEqual([202, 202]);
    expect(taken.length).toBe(1);
  });

  it("that could not be queued may come again", async () => {
    const headers = { "x-featbit-delivery": "22222222-2222-4222-8222-222222222222" };
    failing = true;
    expect(await post(change("feature flag", "a"), { headers })).toBe(503);
    failing = false;
    expect(await post(change("feature flag", "a"), { headers })).toBe(202);
    expect(taken.length).toBe(1);
  });

  it("beyond two in a second for a minute is left to the timer", async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 125; n += 1) statuses.push(await post(change("feature flag", `f-${n}`)));
    expect(statuses.filter((status) => status === 202).length).toBe(120);
    expect(statuses.at(-1)).toBe(429);
    clock += 61_000;
    expect(await post(change("feature flag", "later"))).toBe(202);
  });

  it("as FeatBit itself sends it is understood", async () => {
    const simulator = await startFeatBitSimulator();
    const project = simulator.createProject({ key: "acme" });
    const environment = simulator.createEnvironment(project.id, { key: "production" });
    const user = simulator.createUser({ name: "Hand", email: "hand@acme.example" });
    simulator.addWebhook({ url: `${url}${featbitWebhookPath}acme-production`, secret });
    const on = "11111111-1111-4111-8111-111111111111";
    const flag = {
      envId: environment.id,
      key: "support_answer",
      name: "x",
      variationType: "json",
      isEnabled: true,
      variations: [{ id: on, name: "on", value: "{}" }],
      enabledVariationId: on,
      disabledVariationId: on,
      tags: [],
    };
    simulator.createFlag(flag as never, user);
    const segment = simulator.createSegment(environment.id, { key: "legal", included: [], excluded: [], rules: [] });
    await simulator.settleWebhooks();
    taken = [];
    simulator.editFlag(environment.id, "support_answer", user, (draft) => {
      draft.isEnabled = false;
    });
    simulator.editSegment(segment.id, user, (draft) => {
      draft.included = ["a"];
    });
    await simulator.settleWebhooks();
    expect(new Set(taken.map(({ flagKey }) => flagKey))).toEqual(new Set([null, "support_answer"]));
    await simulator.close();
  });
});
