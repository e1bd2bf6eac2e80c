import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { InternalError } from "../../core/problem.ts";
import type { NewDelivery, StoredDelivery } from "../../ports/store.ts";
import type { DeliveryInbox } from "./delivery-inbox.ts";
import { readBody } from "./read-body.ts";

export interface IntakeOptions {
  /** The app's webhook secret. */
  secret: string;
  inbox: DeliveryInbox;
  /** Told about deliveries that could not be stored. Gets neither body nor signature. */
  reportFailure: (failure: { guid: string; error: unknown }) => void;
  /** Milliseconds until a body must have arrived; GitHub itself gives up after ten seconds. */
  bodyTimeoutMs?: number;
}

/** Answers a webhook and says true; says false, untouched, for a path that is not its own. */
export type WebhookHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** Where GitHub sends webhooks to; the path that Probot's own documentation names. */
export const webhookPath = "/api/github/webhooks";

/** GitHub sends nothing larger (facts/github.md section 1). */
const largestBody = 25 * 1024 * 1024;
const defaultBodyTimeoutMs = 10_000;

const signaturePattern = /^sha256=([0-9a-f]{64})$/;
const eventPattern = /^[a-z][a-z_]{0,63}$/;
const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const actionPattern = /^[a-z_]{1,64}$/;

/** Why a request gets no 202. */
interface Refusal {
  status: 400 | 401 | 405 | 408 | 413 | 415 | 503;
  message: string;
}

/** The headers of a webhook, as far as they can be right without the body. */
interface WebhookHeaders {
  guid: string;
  event: string;
  signature: Buffer;
}

const answers: Record<StoredDelivery, string> = {
  stored: "stored",
  "already-stored": "already stored, queued again",
  "already-done": "already handled",
};

/**
 * Takes webhooks before Probot sees them: verify over the raw bytes, store with its job in one commit, answer 202. Probot
 * itself answers only after the handlers, takes any size and runs a repeated delivery again (facts section 4), and GitHub
 * never sends a lost one again by itself.
 *
 * @throws InternalError without a secret: Probot's default is the word "development", which anybody can sign with.
 */
export function createWebhookHandler(options: IntakeOptions): WebhookHandler {
  if (options.secret === "") throw new InternalError("a webhook secret is needed");
  return async (request, response) => {
    const [path] = (request.url ?? "").split("?", 1);
    if (path !== webhookPath) return false;
    const result = await handleWebhook(request, options);
    if (result === "gone") return true;
    answer(response, result);
    return true;
  };
}

/** What the request comes to: an answer for GitHub, or nobody left to answer. */
async function handleWebhook(
  request: IncomingMessage,
  options: IntakeOptions,
): Promise<{ guid: string; stored: StoredDelivery } | Refusal | "gone"> {
  const headers = readHeaders(request);
  if ("status" in headers) return headers;
  const raw = await readBody(request, {
    bytes: largestBody,
    timeoutMs: options.bodyTimeoutMs ?? defaultBodyTimeoutMs,
  });
  if (raw === "gone") return raw;
  if (raw === "too-large") return tooLarge;
  if (raw === "too-slow") return { status: 408, message: "body did not arrive in time" };
  const expected = createHmac("sha256", options.secret).update(raw).digest();
  if (!timingSafeEqual(expected, headers.signature)) return { status: 401, message: "signature does not match" };
  const delivery = parseDelivery(headers, raw);
  if (delivery === undefined) return { status: 400, message: "body is not a JSON object in UTF-8" };
  try {
    return { guid: delivery.guid, stored: await options.inbox.put(delivery) };
  } catch (error) {
    options.reportFailure({ guid: delivery.guid, error });
    // GitHub then shows a failed delivery, which the sweeper asks for again.
    return { status: 503, message: "could not be stored" };
  }
}

function readHeaders(request: IncomingMessage): WebhookHeaders | Refusal {
  if (request.method !== "POST") return { status: 405, message: "only POST" };
  const [mediaType = ""] = (request.headers["content-type"] ?? "").split(";", 1);
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (mediaType.trim().toLowerCase() !== "application/json" || encoding !== "identity") {
    return { status: 415, message: "set the webhook's content type to application/json" };
  }
  const signature = readHeader(request, "x-hub-signature-256");
  if (signature === undefined) return { status: 401, message: "X-Hub-Signature-256 is missing" };
  const [, hex] = signaturePattern.exec(signature) ?? [];
  if (hex === undefined) return { status: 400, message: "X-Hub-Signature-256 is malformed" };
  const event = readHeader(request, "x-github-event") ?? "";
  if (!eventPattern.test(event)) return { status: 400, message: "X-GitHub-Event is missing or malformed" };
  const guid = (readHeader(request, "x-github-delivery") ?? "").toLowerCase();
  if (!guidPattern.test(guid)) return { status: 400, message: "X-GitHub-Delivery is missing or malformed" };
  if (Number(request.headers["content-length"] ?? 0) > largestBody) return tooLarge;
  return { guid, event, signature: Buffer.from(hex, "hex") };
}

const tooLarge: Refusal = { status: 413, message: "body is larger than 25 MB" };

function readHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

function parseDelivery({ guid, event }: WebhookHeaders, raw: Buffer): NewDelivery | undefined {
  try {
    // Strict, so that the stored text has exactly the bytes that were signed.
    const body = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
    const payload: unknown = JSON.parse(body);
    if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return undefined;
    return { guid, event, body, action: readAction(payload), installationId: readInstallation(payload) };
  } catch {
    return undefined;
  }
}

function readAction(payload: object): string | null {
  const action: unknown = Reflect.get(payload, "action");
  return typeof action === "string" && actionPattern.test(action) ? action : null;
}

function readInstallation(payload: object): number | null {
  const installation: unknown = Reflect.get(payload, "installation");
  const id: unknown =
    typeof installation === "object" && installation !== null ? Reflect.get(installation, "id") : undefined;
  return typeof id === "number" && Number.isSafeInteger(id) && id > 0 ? id : null;
}

function answer(response: ServerResponse, result: { guid: string; stored: StoredDelivery } | Refusal): void {
  const isRefusal = "status" in result;
  const status = isRefusal ? result.status : 202;
  const body = isRefusal ? { error: result.message } : { delivery: result.guid, status: answers[result.stored] };
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(status === 405 ? { allow: "POST" } : {}),
    // What is left of a refused body must not be read as the next request.
    ...(isRefusal ? { connection: "close" } : {}),
  });
  response.end(JSON.stringify(body));
}
