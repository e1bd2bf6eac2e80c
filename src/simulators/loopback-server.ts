import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A request as a simulator sees it. `path` has no query string; `body` is parsed JSON, or undefined when there was none. */
export interface SimulatorRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  rawBody: Buffer;
  body: unknown;
  /** Counts requests of this server from 1. */
  sequence: number;
}

/** What a simulator answers. `body` is sent as JSON unless it is a Buffer or string; undefined sends no body. */
export interface SimulatorResponse {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/**
 * Bad weather for the requests that match.
 * - `latency`: wait, then answer as usual
 * - `status`: answer this without doing anything
 * - `lost-request`: close the connection without doing anything
 * - `lost-answer`: do it, then close the connection instead of answering
 */
export interface Fault {
  when: (request: SimulatorRequest) => boolean;
  /** How many matching requests are hit; all when absent. */
  times?: number;
  effect:
    | { kind: "latency"; milliseconds: number }
    | { kind: "status"; response: SimulatorResponse }
    | { kind: "lost-request" }
    | { kind: "lost-answer" };
}

/** Called around each request, so that a test can stop another process exactly before or after an effect. */
export interface RequestWatcher {
  before?: (request: SimulatorRequest) => void | Promise<void>;
  /** After the request had its effect and before it is answered. */
  after?: (request: SimulatorRequest, response: SimulatorResponse) => void | Promise<void>;
}

/** A server on 127.0.0.1 that a simulator answers through. */
export interface LoopbackServer {
  /** `http://127.0.0.1:<port>` without a slash at the end. */
  url: string;
  port: number;
  server: Server;
  /** Every request so far, in order, with the status that was answered (0 when the answer was lost). */
  log: readonly { method: string; path: string; status: number; body: unknown }[];
  addFault(fault: Fault): () => void;
  clearFaults(): void;
  watch(watcher: RequestWatcher): () => void;
  close(): Promise<void>;
}

const maximumBody = 32 * 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximumBody) throw new Error("request body over 32 MiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(raw: Buffer): unknown {
  if (raw.length === 0) return undefined;
  try {
    return JSON.parse(raw.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, answer: SimulatorResponse): void {
  const isRaw = typeof answer.body === "string" || Buffer.isBuffer(answer.body);
  const payload =
    answer.body === undefined ? "" : isRaw ? (answer.body as string | Buffer) : JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    ...(answer.body === undefined || isRaw ? {} : { "content-type": "application/json; charset=utf-8" }),
    ...answer.headers,
  });
  response.end(payload);
}

/**
 * Starts a loopback server for a simulator. Faults and watchers work here, below the simulated service, so that both
 * simulators take the same bad weather.
 *
 * @throws what `listen` throws when the port is taken.
 */
export async function startLoopbackServer(
  handle: (request: SimulatorRequest) => Promise<SimulatorResponse>,
  port = 0,
): Promise<LoopbackServer> {
  const faults: { fault: Fault; left: number }[] = [];
  const watchers = new Set<RequestWatcher>();
  const log: { method: string; path: string; status: number; body: unknown }[] = [];
  let sequence = 0;

  const takeFault = (request: SimulatorRequest): Fault["effect"] | undefined => {
    const hit = faults.find((entry) => entry.left > 0 && entry.fault.when(request));
    if (hit === undefined) return undefined;
    hit.left -= 1;
    return hit.fault.effect;
  };

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const rawBody = await readBody(incoming);
    const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
    sequence += 1;
    const request: SimulatorRequest = {
      method: incoming.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      rawBody,
      body: parseJson(rawBody),
      sequence,
    };
    for (const watcher of watchers) await watcher.before?.(request);
    const effect = takeFault(request);
    const entry = { method: request.method, path: request.path, status: 0, body: request.body };
    log.push(entry);
    if (effect?.kind === "lost-request") {
      incoming.socket.destroy();
      return;
    }
    if (effect?.kind === "latency") await sleep(effect.milliseconds);
    const response = effect?.kind === "status" ? effect.response : await handle(request);
    for (const watcher of watchers) await watcher.after?.(request, response);
    if (effect?.kind === "lost-answer") {
      incoming.socket.destroy();
      return;
    }
    entry.status = response.status;
    send(outgoing, response);
  };

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => {
      // A simulator's own mistake must be loud: the test that hit it sees the text in the answer.
      send(outgoing, { status: 599, body: { simulatorError: String(error), stack: (error as Error).stack } });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    server,
    log,
    addFault(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      faults.push(entry);
      return () => {
        entry.left = 0;
      };
    },
    clearFaults() {
      faults.length = 0;
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
