import { z } from "zod";
import { cut } from "../../core/problem.ts";
import { FeatBitError, type FeatBitErrorKind } from "../../ports/featbit.ts";

/** An answer larger than this is not read to its end: the largest honest one is a page of audit rows with whole flags. */
const maximumAnswerBytes = 16 * 1024 * 1024;

export interface FeatBitApiOptions {
  /** `https://app-api.featbit.co`, without `/api/v1`. */
  apiUrl: string;
  /** The bare `api-...` token. */
  accessToken: string;
  /** Milliseconds until a call without a complete answer counts as unavailable. */
  timeoutMs: number;
}

export interface ApiRequest<T> {
  method: "GET" | "PUT" | "POST" | "DELETE";
  /** Below `/api/v1`, with query string; parts are encoded by the caller. */
  path: string;
  body?: object;
  /** What `data` must look like; anything else is an `unexpected` error. */
  data: z.ZodType<T>;
  /** For error messages: `write targeting of flag a`. */
  purpose: string;
}

/** Calls FeatBit's management API (facts/featbit.md sections 1 to 3). */
export type FeatBitApi = <T>(request: ApiRequest<T>) => Promise<T>;

const envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.string()).nullish(),
  data: z.unknown(),
});

/** ASP.NET's problem details, which come instead of the envelope when a body could not be bound. */
const problemDetails = z.object({ title: z.string(), errors: z.record(z.string(), z.unknown()).nullish() });

function classifyStatus(status: number): { kind: FeatBitErrorKind; retryable: boolean } {
  switch (status) {
    case 401:
      return { kind: "unauthorized", retryable: false };
    case 403:
      return { kind: "forbidden", retryable: false };
    case 404:
      return { kind: "missing", retryable: false };
    case 409:
      return { kind: "conflict", retryable: false };
    case 422:
      return { kind: "business", retryable: false };
    case 400:
    case 415:
      return { kind: "invalid", retryable: false };
    case 408:
    case 429:
      return { kind: "unavailable", retryable: true };
    default:
      return status >= 500 ? { kind: "unavailable", retryable: true } : { kind: "unexpected", retryable: true };
  }
}

const phrases: Readonly<Record<FeatBitErrorKind, string>> = {
  unauthorized: "FeatBit does not accept the access token",
  forbidden: "FeatBit refuses it to the access token, or what it names does not exist",
  missing: "FeatBit has no such thing",
  conflict: "somebody else changed the flag meanwhile",
  business: "FeatBit refuses it by a rule of its own",
  invalid: "FeatBit cannot read the request",
  unavailable: "FeatBit does not answer as it should",
  unexpected: "FeatBit answered something unknown",
};

/** What people can do about an answer without a body, which means something else than one with an envelope. */
function explainEmpty(status: number): string {
  if (status === 403) return " (this call is not open to access tokens; targeting is from FeatBit 5.3.3 on)";
  if (status === 404) return " (no such address; is envId right?)";
  return "";
}

function readCodes(body: unknown): string[] {
  const enveloped = envelope.safeParse(body);
  if (enveloped.success) return (enveloped.data.errors ?? []).slice(0, 10).map((code) => cut(code));
  const problem = problemDetails.safeParse(body);
  if (!problem.success) return [];
  return [
    cut(problem.data.title),
    ...Object.keys(problem.data.errors ?? {})
      .slice(0, 5)
      .map((key) => cut(key)),
  ];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > maximumAnswerBytes) throw new RangeError("the answer is over 16 MiB");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function tellCodes(codes: readonly string[]): string {
  return codes.length === 0 ? "" : ` (${codes.join(", ")})`;
}

/**
 * Makes the caller of the management API. One request a call: repeating is the caller's, who re-reads first, because
 * FeatBit's writes are not idempotent (facts/featbit.md section 4).
 *
 * @throws FeatBitError; `retryable` is false exactly when the same call cannot succeed before somebody does something.
 */
export function createFeatBitApi(options: FeatBitApiOptions): FeatBitApi {
  const base = `${options.apiUrl.replace(/\/+$/, "")}/api/v1`;

  const send = async (request: ApiRequest<unknown>): Promise<{ status: number; text: string }> => {
    try {
      const response = await fetch(`${base}${request.path}`, {
        method: request.method,
        // The token stands bare: with `Bearer` FeatBit takes it for a login. No Organization header, because it would win
        // over the token's own organisation (facts/featbit.md section 1).
        headers: {
          authorization: options.accessToken,
          accept: "application/json",
          ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        // A redirect would carry the token to wherever it points.
        redirect: "manual",
        signal: AbortSignal.timeout(options.timeoutMs),
      });
      return { status: response.status, text: await readText(response) };
    } catch (cause) {
      throw new FeatBitError(`cannot ${request.purpose}: no answer from FeatBit`, {
        kind: "unavailable",
        status: 0,
        retryable: true,
        cause,
      });
    }
  };

  return async (request) => {
    const { status, text } = await send(request);
    const body = text === "" ? undefined : parseJson(text);
    const fail = (kind: FeatBitErrorKind, retryable: boolean, note: string, cause?: unknown): FeatBitError =>
      new FeatBitError(`cannot ${request.purpose}: ${phrases[kind]}${note}`, {
        kind,
        status,
        codes: readCodes(body),
        retryable,
        cause,
      });
    if (status !== 200) {
      const { kind, retryable } = classifyStatus(status);
      throw fail(kind, retryable, text === "" ? explainEmpty(status) : tellCodes(readCodes(body)));
    }
    const answer = envelope.safeParse(body);
    if (!answer.success) throw fail("unexpected", true, "", answer.error);
    // Success false with status 200 is a failure all the same (facts/featbit.md section 2).
    if (!answer.data.success) throw fail("business", false, tellCodes(readCodes(body)));
    const data = request.data.safeParse(answer.data.data);
    if (!data.success) throw fail("unexpected", true, "", data.error);
    return data.data;
  };
}
