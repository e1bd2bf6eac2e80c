import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LoopbackServer, type SimulatorResponse, startLoopbackServer } from "../../simulators/loopback-server.ts";
import { createRouteProbe } from "./create-route-probe.ts";

let server: LoopbackServer;
let authorization: string | undefined;
let answer: SimulatorResponse = { status: 200, body: {} };
beforeAll(async () => {
  server = await startLoopbackServer(({ headers }) => {
    authorization = headers.authorization;
    return Promise.resolve(answer);
  });
});
afterAll(() => server.close());

const probe = (flagKey = "support_answer", fields: { token?: string; timeoutMs?: number } = {}) =>
  createRouteProbe({
    url: `${server.url}/routes/{flagKey}?probe=1`,
    timeoutMs: fields.timeoutMs ?? 2_000,
    token: fields.token ?? null,
  }).probe(flagKey);

describe("asking the route over HTTP", () => {
  it("takes a status of 2xx for an answer, and sends the operator's token", async () => {
    answer = { status: 204, body: undefined };
    expect(await probe("support_answer", { token: "t-1" })).toMatchObject({ ok: true, status: 204, why: "" });
    expect(server.log.at(-1)).toMatchObject({ method: "GET", path: "/routes/support_answer" });
    expect(authorization).toBe("Bearer t-1");
  });

  it.each([
    [404, "it answered 404"],
    [500, "it answered 500"],
  ])("%i is no answer", async (status, why) => {
    answer = { status, body: {} };
    expect(await probe()).toMatchObject({ ok: false, status, why });
  });

  it("follows no redirect", async () => {
    answer = { status: 302, body: {}, headers: { location: `${server.url}/elsewhere` } };
    const asked = server.log.length;
    expect(await probe()).toMatchObject({ ok: false, status: 302, why: expect.stringContaining("redirect") });
    expect(server.log.length).toBe(asked + 1);
  });

  it("reads no more than 256 KiB", async () => {
    answer = { status: 200, body: { text: "x".repeat(300 * 1024) } };
    expect(await probe()).toMatchObject({ ok: false, why: "it answered more than 256 KiB" });
  });

  it("gives up in time, and says nothing of the address", async () => {
    const slow = { when: () => true, times: 1, effect: { kind: "latency", milliseconds: 2_000 } } as const;
    const remove = server.addFault(slow);
    const late = await probe("support_answer", { timeoutMs: 100 });
    expect(late).toMatchObject({ ok: false, status: 0, why: "no answer within 100 ms" });
    remove();
    const away = createRouteProbe({ url: "http://127.0.0.1:1/secret", timeoutMs: 2_000, token: null });
    expect(await away.probe("support_answer")).toMatchObject({ ok: false, why: "it could not be reached" });
  });

  it("lets no flag key leave the operator's path", async () => {
    answer = { status: 200, body: {} };
    expect(await probe("..")).toMatchObject({ ok: false, status: 0 });
    await probe("../../admin");
    expect(server.log.at(-1)?.path).toMatch(/^\/routes\//);
  });
});
