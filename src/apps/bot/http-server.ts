import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ListenError } from "./listen-error.ts";

/** One path of the operator's interface. Answers the body; a status other than 200 when given. */
export type PageHandler = () => Promise<{ status?: number; contentType: string; body: string }>;

export interface HttpServer {
  url: string;
  port: number;
  /** Stops taking requests and waits for those in hand. */
  close(): Promise<void>;
}

const listenFailures: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program uses the port",
  EACCES: "this user may not use the port",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such host",
};

function explainListenFailure(place: string, cause: Error): ListenError {
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  return new ListenError(`cannot listen on ${place}: ${listenFailures[code] ?? cause.message}`, { cause });
}

export interface HttpServerOptions {
  host: string;
  port: number;
  /** Answers true when the request was its own. */
  webhook: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
  /** Pages for GET and HEAD by exact path. */
  pages: ReadonlyMap<string, PageHandler>;
  reportFailure: (error: unknown) => void;
}

function send(response: ServerResponse, status: number, contentType: string, body: string, isHead: boolean): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(isHead ? undefined : body);
}

function isAddressInfo(address: ReturnType<Server["address"]>): address is AddressInfo {
  return typeof address === "object" && address !== null;
}

/** Starts the one HTTP server of the process: webhooks, health, readiness and metrics. @throws ListenError when the address cannot be had */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await options.webhook(request, response)) return;
    const isHead = request.method === "HEAD";
    const [path = "/"] = (request.url ?? "/").split("?", 1);
    const page = options.pages.get(path);
    if (page === undefined) return send(response, 404, "text/plain; charset=utf-8", "not found\n", isHead);
    if (request.method !== "GET" && !isHead) {
      response.setHeader("allow", "GET, HEAD");
      return send(response, 405, "text/plain; charset=utf-8", "method not allowed\n", false);
    }
    const { status = 200, contentType, body } = await page();
    return send(response, status, contentType, body, isHead);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      options.reportFailure(error);
      if (!response.headersSent) send(response, 500, "text/plain; charset=utf-8", "internal error\n", false);
      else response.destroy();
    });
  });
  // A slow sender may not hold a connection for ever; GitHub gives up after ten seconds itself.
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(explainListenFailure(`${options.host}:${options.port}`, cause)));
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  const port = isAddressInfo(address) ? address.port : options.port;
  const shownHost = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${shownHost}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}
