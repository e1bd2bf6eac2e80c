import type { RouteAnswer } from "../../core/facts.ts";
import type { RouteProbePort } from "../../ports/route-probe.ts";

/** A route that answers more than this is not read further; that it answers is all that is asked. */
const maximumAnswerBytes = 256 * 1024;

export interface RouteProbeOptions {
  /** The operator's address. `{flagKey}` in it stands for the flag's key. */
  url: string;
  /** Milliseconds for the whole answer. */
  timeoutMs: number;
  /** Sent as a bearer token; null sends none. */
  token: string | null;
  /** For tests. */
  fetch?: typeof fetch;
}

/** Reads until the end or the bound; what is read is thrown away. @throws RangeError above the bound */
async function drain(answer: Response): Promise<void> {
  let size = 0;
  if (answer.body === null) return;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > maximumAnswerBytes) throw new RangeError("too large");
  }
}

/** Says what failed without the error's own words, which may hold the address. */
function tellFailure(error: unknown, timeoutMs: number): string {
  if (error instanceof RangeError) return `it answered more than ${maximumAnswerBytes / 1024} KiB`;
  if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${timeoutMs} ms`;
  return "it could not be reached";
}

/**
 * Asks the operator's address with GET whether the route answers. A status of 2xx is an answer; a redirect is none, because it
 * would lead where the operator did not say.
 */
export function createRouteProbe(options: RouteProbeOptions): RouteProbePort {
  const { timeoutMs, token } = options;
  const send = options.fetch ?? fetch;
  return {
    async probe(flagKey): Promise<RouteAnswer> {
      const begun = performance.now();
      const end = (status: number, why: string): RouteAnswer => ({
        ok: why === "",
        status,
        elapsedMs: Math.round(performance.now() - begun),
        why,
      });
      // The only part that does not come from the operator: a key of dots alone would climb up in the path.
      if (/^\.*$/.test(flagKey)) return end(0, "the flag's key cannot stand in an address");
      let status = 0;
      try {
        const answer = await send(options.url.replaceAll("{flagKey}", encodeURIComponent(flagKey)), {
          redirect: "manual",
          signal: AbortSignal.timeout(timeoutMs),
          headers: token === null ? {} : { authorization: `Bearer ${token}` },
        });
        status = answer.status;
        await drain(answer);
        if (answer.ok) return end(status, "");
        const isRedirect = status >= 300 && status < 400;
        return end(
          status,
          isRedirect ? `it answered ${status}, a redirect, which is not followed` : `it answered ${status}`,
        );
      } catch (error) {
        return end(status, tellFailure(error, timeoutMs));
      }
    },
  };
}
