import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { readBody } from "./read-body.ts";

/** What a webhook of FeatBit hints at. Nothing of it is believed or kept: the flag's job reads everything itself. */
export interface FeatBitHint {
  binding: string;
  /** Null: a segment, which may stand in any flag of the binding. */
  flagKey: string | null;
}

export interface FeatBitWebhookOptions {
  /** Webhook secrets by binding; a binding without one is absent, and takes none. */
  secrets: ReadonlyMap<string, string>;
  /** Queues the job, or the jobs, of a hint. */
  take: (hint: FeatBitHint) => Promise<void>;
  reportFailure: (error: unknown) => void;
  /** Milliseconds that never go back. */
  stopwatch: () => number;
}

/** Where FeatBit sends its webhooks to; the binding's name follows. */
export const featbitWebhookPath = "/api/featbit/webhooks/";

/** A flag with all its rules is some kilobytes. */
const largestBody = 1024 * 1024;
const bodyTimeoutMs = 10_000;
/** FeatBit repeats a delivery within seconds; this many are remembered for each process. */
const rememberedDeliveries = 2_000;
/** Hints of one binding in a minute. What is over it finds the timer. */
const mostHints = 120;
const minuteMs = 60_000;

const signaturePattern = /^sha256=([0-9a-f]{64})$/;
const deliveryPattern = /^[0-9a-zA-Z-]{8,64}$/;

const payload = z.object({
  data: z.object({
    kind: z.string(),
    object: z.object({ key: z.string().max(200).nullish() }),
  }),
});

/**
 * Takes FeatBit's webhooks (SPEC 13, facts/featbit.md section 9): a hint that something changed, good for looking at once instead
 * of at the next sweep. Signed with the binding's secret; without one the address does not exist. The signature holds no time, so
 * a delivery id counts once.
 */
export function createFeatBitWebhook(
  options: FeatBitWebhookOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const seen = new Set<string>();
  const hints = new Map<string, number[]>();

  const mayTake = (binding: string): boolean => {
    const now = options.stopwatch();
    const recent = (hints.get(binding) ?? []).filter((at) => now - at < minuteMs);
    hints.set(binding, recent);
    if (recent.length >= mostHints) return false;
    recent.push(now);
    return true;
  };

  const handle = async (request: IncomingMessage, binding: string): Promise<[status: number, text: string] | null> => {
    const secret = options.secrets.get(binding);
    if (secret === undefined || secret === "") return [404, "not found"];
    if (request.method !== "POST") return [405, "only POST"];
    const [, hex] = signaturePattern.exec(readHeader(request, "x-featbit-signature-256")) ?? [];
    if (hex === undefined) return [401, "X-FeatBit-Signature-256 is missing or malformed"];
    const delivery = readHeader(request, "x-featbit-delivery");
    if (!deliveryPattern.test(delivery)) return [400, "X-FeatBit-Delivery is missing or malformed"];
    const raw = await readBody(request, { bytes: largestBody, timeoutMs: bodyTimeoutMs });
    if (raw === "gone") return null;
    if (raw === "too-large") return [413, "body is larger than 1 MB"];
    if (raw === "too-slow") return [408, "body did not arrive in time"];
    const expected = createHmac("sha256", secret).update(raw).digest();
    if (!timingSafeEqual(expected, Buffer.from(hex, "hex"))) return [401, "signature does not match"];
    const id = `${binding} ${delivery}`;
    if (seen.has(id)) return [202, "already taken"];
    const hint = parseHint(binding, raw);
    if (hint === null) return [400, "body is not a change of a flag or a segment"];
    if (!mayTake(binding)) return [429, "too many hints; the timer will look"];
    await options.take(hint);
    seen.add(id);
    for (const oldest of seen) {
      if (seen.size <= rememberedDeliveries) break;
      seen.delete(oldest);
    }
    return [202, "taken"];
  };

  return async (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (!path.startsWith(featbitWebhookPath)) return false;
    let answer: [number, string] | null;
    try {
      answer = await handle(request, path.slice(featbitWebhookPath.length));
    } catch (error) {
      options.reportFailure(error);
      answer = [503, "could not be queued"];
    }
    if (answer === null) return true;
    const [status, text] = answer;
    response.writeHead(status, {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // What is left of a refused body must not be read as the next request.
      ...(status === 202 ? {} : { connection: "close" }),
    });
    response.end(`${text}\n`);
    return true;
  };
}

function readHeader(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === "string" ? value : "";
}

function parseHint(binding: string, raw: Buffer): FeatBitHint | null {
  try {
    const parsed = payload.safeParse(JSON.parse(raw.toString("utf8")));
    if (!parsed.success) return null;
    const { kind, object } = parsed.data.data;
    if (kind === "segment") return { binding, flagKey: null };
    return kind === "feature flag" && object.key ? { binding, flagKey: object.key } : null;
  } catch {
    return null;
  }
}
