import type { SimulatorResponse } from "../../loopback-server.ts";
import type { RateLimitInput } from "../control-input.ts";
import type { Actor } from "./actor.ts";

const limit = 5000;
const window = 60 * 60 * 1000;

interface Exhaustion {
  input: RateLimitInput;
  left: number;
}

/** Counts requests by actor and hour, for the headers, and refuses when told to. */
export class RateLimits {
  readonly #now: () => Date;
  readonly #used = new Map<string, { since: number; count: number }>();
  readonly #exhaustions: Exhaustion[] = [];

  constructor(now: () => Date) {
    this.#now = now;
  }

  exhaust(input: RateLimitInput): () => void {
    const entry = { input, left: input.times ?? Number.POSITIVE_INFINITY };
    this.#exhaustions.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  #nameOf(actor: Actor): string {
    if (actor.kind === "installation") return `installation ${actor.token.installation.id}`;
    return actor.kind === "user" ? `user ${actor.account.id}` : actor.kind;
  }

  /** The headers of an answer; `isFree` for a 304, which costs nothing. */
  count(actor: Actor, isFree: boolean): Record<string, string> {
    const name = this.#nameOf(actor);
    const now = this.#now().getTime();
    const known = this.#used.get(name);
    const entry = known === undefined || now >= known.since + window ? { since: now, count: 0 } : known;
    if (!isFree) entry.count += 1;
    this.#used.set(name, entry);
    return this.#headers(Math.max(0, limit - entry.count), entry.count, entry.since + window);
  }

  #headers(remaining: number, used: number, reset: number): Record<string, string> {
    return {
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(remaining),
      "x-ratelimit-used": String(used),
      "x-ratelimit-reset": String(Math.floor(reset / 1000)),
      "x-ratelimit-resource": "core",
    };
  }

  /** The refusal of an exhausted limit; undefined when there is room. App JWTs are never refused, so that tokens can be had. */
  refuse(actor: Actor, isGraphql: boolean): SimulatorResponse | undefined {
    const hit = actor.kind === "app" ? undefined : this.#exhaustions.find((entry) => entry.left > 0);
    if (hit === undefined) return undefined;
    hit.left -= 1;
    const { kind, status = 403, retryAfterSeconds = 60 } = hit.input;
    const reset = this.#now().getTime() + window;
    const documentation_url = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api";
    if (kind === "primary") {
      // GraphQL says it with status 200.
      const errors = [{ type: "RATE_LIMITED", message: "API rate limit exceeded for installation." }];
      if (isGraphql) return { status: 200, body: { errors }, headers: this.#headers(0, limit, reset) };
      return {
        status,
        body: { message: "API rate limit exceeded for installation.", documentation_url },
        headers: this.#headers(0, limit, reset),
      };
    }
    return {
      status,
      body: {
        message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        documentation_url,
      },
      headers: { ...this.#headers(limit - 1, 1, reset), "retry-after": String(retryAfterSeconds) },
    };
  }
}
