import { chmodSync, lstatSync, realpathSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FlowPorts } from "../../flows/flow-ports.ts";
import { operatorRequest, operatorUser } from "../../flows/operator/operator-request.ts";
import { runOperatorRequest } from "../../flows/operator/run-operator-request.ts";
import { readBody } from "../bot/read-body.ts";

/** The only path of the channel; the number changes when an older command line could not understand the answers. */
export const operatorPath = "/v1/requests";
export const operatorUserHeader = "x-routeward-user";

/** Operating systems cut or refuse longer names of sockets: 108 bytes on Linux, 104 on macOS, with the closing zero. */
const longestSocketPath = 103;

const bodyLimits = { bytes: 16 * 1024, timeoutMs: 5_000 };
const maximumConnections = 16;

/** Where the running app listens for the operator; the directory must exist. */
export function socketPathOf(dataDir: string): string {
  return join(realpathSync(dataDir), "operator.sock");
}

/** Whether the operating system can have a socket of this name. */
export function fitsSocketName(path: string): boolean {
  return Buffer.byteLength(path) <= longestSocketPath;
}

/** The channel of a running app. */
export interface OperatorSocket {
  path: string;
  /** Takes no more requests, tells waiting ones that the app stops, and removes the socket. Repeatable. */
  close(): Promise<void>;
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an earlier process left behind. The caller holds the lock of the directory, so nobody listens there. */
function removeStale(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} is in the way: it is no socket`);
  rmSync(path);
}

/**
 * Opens the operator's channel: a socket of the file system that only the app's own user (and root) can open, because whoever
 * may read the data directory may do what the operator may. One JSON request, one JSON answer, over HTTP.
 *
 * @param directory the data directory, whose lock the caller holds
 * @throws Error when the socket cannot be made
 */
export async function openOperatorSocket(parts: {
  directory: string;
  ports: FlowPorts;
  now: () => Date;
  reportFailure: (error: unknown) => void;
}): Promise<OperatorSocket> {
  const { ports, now, reportFailure } = parts;
  const path = socketPathOf(parts.directory);
  if (!fitsSocketName(path)) throw new Error(`the name of the socket is too long: ${path}`);
  removeStale(path);
  const stopping = new AbortController();
  const rest = (milliseconds: number): Promise<void> =>
    sleep(milliseconds, undefined, { signal: stopping.signal, ref: false });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url !== operatorPath) return send(response, 404, { ok: false, reason: "there is nothing here" });
    if (request.method !== "POST") return send(response, 405, { ok: false, reason: "only POST" });
    const user = operatorUser.safeParse(request.headers[operatorUserHeader]);
    if (!user.success) return send(response, 400, { ok: false, reason: `${operatorUserHeader} is missing` });
    const body = await readBody(request, bodyLimits);
    if (typeof body === "string") return send(response, 413, { ok: false, reason: `the request is ${body}` });
    const asked = operatorRequest.safeParse(parseJson(body.toString("utf8")));
    if (!asked.success)
      return send(response, 400, {
        ok: false,
        reason: "the running app does not understand this request: is it of another version than this command?",
      });
    return send(response, 200, await runOperatorRequest(asked.data, user.data, ports, { now, sleep: rest }));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (stopping.signal.aborted)
        return send(response, 503, { ok: false, reason: "the app is stopping; what was asked is kept" });
      reportFailure(error);
      if (!response.headersSent) send(response, 500, { ok: false, reason: "the app failed; its log says why" });
      else response.destroy();
      return undefined;
    });
  });
  server.maxConnections = maximumConnections;
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // The socket is made within `listen`: from its first moment on nobody else may open it.
    const before = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
  });
  chmodSync(path, 0o600);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      stopping.abort();
      // Node removes the socket of a server that it closes.
      server.close(() => resolve());
      server.closeIdleConnections();
    });
  let closing: Promise<void> | undefined;
  return { path, close: () => (closing ??= close()) };
}
