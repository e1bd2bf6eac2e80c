import { spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { type IncomingHttpHeaders, type Server, createServer, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeEachEngine } from "../../../test/store-engines.ts";
import type { OpenedStore } from "../../adapters/store/open-store.ts";
import { InternalError } from "../../core/problem.ts";
import { type NewDelivery, type Store, StoreError } from "../../ports/store.ts";
import { createDeliveryInbox } from "./delivery-inbox.ts";
import { type IntakeOptions, createWebhookHandler, webhookPath } from "./intake.ts";

const secret = "a secret only for this test";

function sign(body: Buffer | string, key = secret): string {
  return `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
}

function signedHeaders(body: Buffer | string, guid: string = randomUUID()): Record<string, string> {
  return {
    "content-type": "application/json",
    "x-github-event": "pull_request",
    "x-github-delivery": guid,
    "x-hub-signature-256": sign(body),
  };
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

interface Post {
  headers: Record<string, string>;
  body: Buffer | string | Iterable<Buffer>;
  method?: string;
  path?: string;
}

function post(port: number, { headers, body, method = "POST", path = webhookPath }: Post): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = sendRequest({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const parsed = JSON.parse(text === "" ? "{}" : text) as Record<string, unknown>;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed });
      });
    });
    let isRefused = false;
    sent.on("response", () => {
      isRefused = true;
    });
    // A refused sender may find the connection closed while it still writes; what counts is the answer.
    sent.on("error", (error) => {
      if (!isRefused) reject(error);
    });
    if (typeof body === "string" || Buffer.isBuffer(body)) sent.end(body);
    else {
      for (const chunk of body) sent.write(chunk);
      sent.end();
    }
  });
}

async function serve(options: Omit<IntakeOptions, "secret">): Promise<{ port: number; server: Server }> {
  const handle = createWebhookHandler({ secret, ...options });
  const server = createServer((request, response) => {
    const answerOthers = async (): Promise<void> => {
      if (!(await handle(request, response))) response.writeHead(404).end("{}");
    };
    void answerOthers();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server };
}

const padding = Buffer.alloc(1024 * 1024, "x");
const goodBody = JSON.stringify({ action: "opened", installation: { id: 42 }, text: "é😀\u2028" });

describeEachEngine("the webhook intake", (engine) => {
  let opened: OpenedStore;
  let port: number;
  let server: Server;
  const failures: unknown[] = [];
  beforeAll(async () => {
    opened = await engine.open();
    const inbox = createDeliveryInbox(opened.store, opened.queue);
    await inbox.warmUp();
    const reportFailure = (failure: unknown): void => {
      failures.push(failure);
    };
    ({ port, server } = await serve({ inbox, reportFailure, bodyTimeoutMs: 1_000 }));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const countStored = async (): Promise<number> => (await opened.store.listUnfinishedDeliveries(10_000)).length;
  const countWaiting = async (): Promise<number> => (await opened.queue.countJobs())[0]?.waiting ?? -1;

  it("has kept nothing of its warm-up", async () => {
    expect(await countStored()).toBe(0);
    expect(await countWaiting()).toBe(0);
  });

  it("stores a signed delivery byte for byte, with its job, and answers 202", async () => {
    const guid = randomUUID();
    const answer = await post(port, { headers: signedHeaders(goodBody, guid.toUpperCase()), body: goodBody });
    expect(answer).toMatchObject({ status: 202, body: { delivery: guid, status: "stored" } });
    expect(await opened.store.getDelivery(guid)).toMatchObject({
      event: "pull_request",
      action: "opened",
      installationId: 42,
      body: goodBody,
      doneAt: null,
    });
    expect(await countWaiting()).toBe(1);
  });

  it("queues a repeated delivery again until its work is done, and never after", async () => {
    const guid = randomUUID();
    const before = await countWaiting();
    const send = (): Promise<Answer> => post(port, { headers: signedHeaders(goodBody, guid), body: goodBody });
    expect((await send()).body["status"]).toBe("stored");
    expect((await send()).body["status"]).toBe("already stored, queued again");
    expect(await countWaiting()).toBe(before + 1);
    await opened.store.markDeliveryDone(guid);
    expect(await send()).toMatchObject({ status: 202, body: { status: "already handled" } });
    expect(await countWaiting()).toBe(before + 1);
  });

  const good = (): Record<string, string> => signedHeaders(goodBody);
  const without = (name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(good()).filter(([key]) => key !== name));
  const bad = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
  it.each<[string, number, Post]>([
    ["no signature", 401, { headers: without("x-hub-signature-256"), body: goodBody }],
    [
      "a signature with another secret",
      401,
      { headers: { ...good(), "x-hub-signature-256": sign(goodBody, "development") }, body: goodBody },
    ],
    ["a signature of another body", 401, { headers: { ...good(), "x-hub-signature-256": sign("{}") }, body: goodBody }],
    ["a signature that is none", 400, { headers: { ...good(), "x-hub-signature-256": "sha256=abc" }, body: goodBody }],
    [
      "only the old SHA-1 signature",
      401,
      { headers: { ...without("x-hub-signature-256"), "x-hub-signature": "sha1=0" }, body: goodBody },
    ],
    ["no event name", 400, { headers: without("x-github-event"), body: goodBody }],
    ["an event name that is none", 400, { headers: { ...good(), "x-github-event": "Pull Request!" }, body: goodBody }],
    ["no delivery id", 400, { headers: without("x-github-delivery"), body: goodBody }],
    ["a delivery id that is no GUID", 400, { headers: { ...good(), "x-github-delivery": "12345" }, body: goodBody }],
    [
      "a form instead of JSON",
      415,
      { headers: { ...good(), "content-type": "application/x-www-form-urlencoded" }, body: goodBody },
    ],
    ["no content type", 415, { headers: without("content-type"), body: goodBody }],
    ["a compressed body", 415, { headers: { ...good(), "content-encoding": "gzip" }, body: goodBody }],
    ["signed text that is no JSON", 400, { headers: signedHeaders("{"), body: "{" }],
    ["signed JSON that is no object", 400, { headers: signedHeaders("[1]"), body: "[1]" }],
    ["an empty body", 400, { headers: signedHeaders(""), body: "" }],
    ["signed bytes that are no UTF-8", 400, { headers: signedHeaders(bad), body: bad }],
    ["another method", 405, { headers: good(), body: "", method: "PUT" }],
    ["a length over 25 MB", 413, { headers: { ...good(), "content-length": String(26 * 1024 * 1024 + 1) }, body: "{" }],
    ["a stream over 25 MB without a length", 413, { headers: good(), body: Array.from({ length: 27 }, () => padding) }],
    ["a body that stops arriving", 408, { headers: { ...good(), "content-length": "100" }, body: "{" }],
    ["another path", 404, { headers: good(), body: goodBody, path: "/api/github" }],
  ])("refuses %s with %i and stores nothing", async (_name, status, given) => {
    const before = [await countStored(), await countWaiting()];
    const isHanging = given.headers["content-length"] !== undefined;
    const answer = await (isHanging ? postUnfinished(port, given) : post(port, given));
    expect(answer.status).toBe(status);
    expect([await countStored(), await countWaiting()]).toEqual(before);
  });

  it("takes a body of 25 MB", async () => {
    const body = Buffer.from(`{"text":"${"x".repeat(25 * 1024 * 1024 - 11)}"}`);
    expect(body.length).toBe(25 * 1024 * 1024);
    expect((await post(port, { headers: signedHeaders(body), body })).status).toBe(202);
  });

  it("reads what it needs from a payload and is not led astray by the rest", async () => {
    const guid = randomUUID();
    const body = JSON.stringify({ action: "x'; drop table", installation: { id: "42" } });
    expect((await post(port, { headers: signedHeaders(body, guid), body })).status).toBe(202);
    expect(await opened.store.getDelivery(guid)).toMatchObject({ action: null, installationId: null, body });
  });

  it("forgets a sender who leaves in the middle", async () => {
    const before = await countStored();
    const headers = { ...signedHeaders(goodBody), "content-length": String(Buffer.byteLength(goodBody)) };
    const sent = sendRequest({ host: "127.0.0.1", port, method: "POST", path: webhookPath, headers });
    sent.on("error", () => {});
    sent.write(goodBody.slice(0, 10));
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    sent.destroy();
    expect((await post(port, { headers: signedHeaders(goodBody), body: goodBody })).status).toBe(202);
    expect(await countStored()).toBe(before + 1);
  });

  it("takes 500 at once, each stored with its job", async () => {
    const before = [await countStored(), await countWaiting()];
    const many = Array.from({ length: 500 }, () => post(port, { headers: signedHeaders(goodBody), body: goodBody }));
    const statuses = new Set((await Promise.all(many)).map(({ status }) => status));
    expect(statuses).toEqual(new Set([202]));
    expect([await countStored(), await countWaiting()]).toEqual(before.map((count) => count + 500));
    expect(failures).toEqual([]);
  });
});

/** Sends a promise of more than it delivers, and waits for the answer. */
function postUnfinished(port: number, { headers, body }: Post): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = sendRequest({ host: "127.0.0.1", port, method: "POST", path: webhookPath, headers, agent: false });
    sent.on("error", reject);
    sent.on("response", (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: {} });
      response.resume();
      sent.off("error", reject);
      sent.on("error", () => {});
    });
    if (typeof body === "string") sent.write(body);
  });
}

/** A store of which only what the inbox uses is there. */
function createFakeStore(storeDeliveries: (deliveries: readonly NewDelivery[]) => Promise<"stored"[]>): Store {
  const fake = { transaction: (work: (tx: unknown) => Promise<unknown>) => work({ storeDeliveries }) };
  return fake as unknown as Store;
}
const fakeQueue = { enqueueNewIn: () => Promise.resolve() } as unknown as OpenedStore["queue"];

describe("trouble with the store", () => {
  it("is answered with 503, so that GitHub shows a failed delivery, and reported without the body", async () => {
    const failure = new StoreError("the database is away", { retryable: true });
    const inbox = createDeliveryInbox(
      createFakeStore(() => Promise.reject(failure)),
      fakeQueue,
    );
    const reports: unknown[] = [];
    const { port, server } = await serve({ inbox, reportFailure: (report) => reports.push(report) });
    const guid = randomUUID();
    expect((await post(port, { headers: signedHeaders(goodBody, guid), body: goodBody })).status).toBe(503);
    expect(reports).toEqual([{ guid, error: failure }]);
    server.close();
  });

  it("of one delivery does not touch the others of its group", async () => {
    const groups: number[] = [];
    const inbox = createDeliveryInbox(
      createFakeStore((deliveries) => {
        groups.push(deliveries.length);
        const isPoisoned = deliveries.some(({ guid }) => guid === "bad");
        if (isPoisoned) return Promise.reject(new StoreError("refused", { retryable: false }));
        return Promise.resolve(deliveries.map(() => "stored"));
      }),
      fakeQueue,
    );
    const put = (guid: string): Promise<string> =>
      inbox.put({ guid, event: "push", action: null, installationId: null, body: "{}" });
    const results = await Promise.allSettled(["first", "a", "bad", "b"].map(put));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(groups).toEqual([1, 3, 1, 1, 1]);
  });

  it("that lasts does not fill the memory", async () => {
    const inbox = createDeliveryInbox(
      createFakeStore(() => new Promise(() => {})),
      fakeQueue,
    );
    const delivery = { guid: "g", event: "push", action: null, installationId: null, body: "{}" };
    const results: string[] = [];
    for (let count = 0; count < 1_200; count += 1) {
      void inbox.put(delivery).catch((error: unknown) => {
        results.push(error instanceof StoreError && error.retryable ? "come again" : "wrong");
      });
    }
    await Promise.resolve();
    await Promise.resolve();
    expect(results.length).toBe(199);
    expect(new Set(results)).toEqual(new Set(["come again"]));
  });

  it("begins with a secret that is missing", () => {
    const inbox = createDeliveryInbox(
      createFakeStore(() => Promise.resolve([])),
      fakeQueue,
    );
    expect(() => createWebhookHandler({ secret: "", inbox, reportFailure: () => {} })).toThrow(InternalError);
  });
});

describeEachEngine("a process killed right after its 202", (engine) => {
  it("has kept the delivery and its job", async () => {
    const location = await engine.createLocation();
    const urlOf = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
    const script = `const { createServer } = await import("node:http");
      const { openStore } = await import(${urlOf("../../adapters/store/open-store.ts")});
      const { createDeliveryInbox } = await import(${urlOf("delivery-inbox.ts")});
      const { createWebhookHandler } = await import(${urlOf("intake.ts")});
      const { store, queue } = await openStore(${JSON.stringify(location)}, () => new Date());
      const handle = createWebhookHandler({ secret: ${JSON.stringify(secret)}, inbox: createDeliveryInbox(store, queue), reportFailure() {} });
      const server = createServer((request, response) => void handle(request, response)).listen(0, "127.0.0.1", () => console.log(server.address().port));`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const guids = Array.from({ length: 20 }, () => randomUUID());
    const send = (guid: string): Promise<Answer> =>
      post(Number(line.toString()), { headers: signedHeaders(goodBody, guid), body: goodBody });
    await Promise.all(guids.map(send));
    child.kill("SIGKILL");
    await once(child, "close");
    const { store, queue } = await engine.open(location);
    expect((await store.listUnfinishedDeliveries()).map(({ guid }) => guid).sort()).toEqual(guids.sort());
    expect((await queue.countJobs())[0]).toMatchObject({ queue: "delivery", waiting: 20 });
    expect(await store.verifyStore()).toEqual([]);
  });
});
