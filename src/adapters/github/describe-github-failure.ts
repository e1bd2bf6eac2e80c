import { z } from "zod";
import { cut } from "../../core/problem.ts";
import { GitHubError, type GitHubErrorKind } from "../../ports/github.ts";

const headers = z.record(z.string(), z.unknown()).catch({});

/** The shape of `@octokit/request-error`'s error; without `response` there was no answer at all. */
const requestFailure = z.object({
  status: z.number(),
  message: z.string().catch(""),
  response: z.object({ headers, data: z.unknown() }).optional().catch(undefined),
  request: z.object({ url: z.string() }).optional().catch(undefined),
});

/** The shape of `@octokit/graphql`'s error and of the throttling plugin's own: HTTP 200 with `errors`. */
const graphqlFailure = z.object({
  message: z.string().catch(""),
  headers: headers.optional(),
  response: z.object({ headers, data: z.unknown() }).optional().catch(undefined),
  errors: z.array(z.object({ type: z.string().catch(""), message: z.string().catch("") })).optional(),
  data: z.unknown(),
});

const graphqlErrors = z.object({
  errors: z.array(z.object({ type: z.string().catch(""), message: z.string().catch("") })).min(1),
});

/** GitHub asks for at least a minute when a secondary limit names no time (facts/github.md section 6). */
const fallbackWaitMs = 60_000;

const phrases: Record<GitHubErrorKind, string> = {
  unauthorized: "GitHub did not accept the app's credentials",
  forbidden: "GitHub refused it to the app",
  missing: "GitHub has no such thing, or does not show it to the app",
  conflict: "GitHub reports a conflict with its present state",
  invalid: "GitHub called the request invalid",
  "rate-limited": "GitHub's rate limit is reached",
  unavailable: "GitHub did not answer usefully",
  unexpected: "GitHub answered something unknown",
};

const tokenLike = /\b(?:gh[a-z]_|github_pat_|Bearer |token )[A-Za-z0-9_.-]{4,}/g;

/**
 * The words of GitHub without the request around them: a `RequestError` carries the request's body and headers, and a
 * logger that prints causes would print these.
 */
function tellCause(message: string): Error {
  return new Error(cut(message.replaceAll(tokenLike, "[redacted]"), 300));
}

function readRetryAt(answerHeaders: Readonly<Record<string, unknown>>, now: Date): string | null {
  const retryAfter = Number(answerHeaders["retry-after"]);
  if (answerHeaders["retry-after"] !== undefined && Number.isFinite(retryAfter) && retryAfter >= 0) {
    return new Date(now.getTime() + Math.min(retryAfter, 86_400) * 1000).toISOString();
  }
  const reset = Number(answerHeaders["x-ratelimit-reset"]);
  if (String(answerHeaders["x-ratelimit-remaining"]) === "0" && Number.isFinite(reset) && reset > 0) {
    return new Date(Math.min(reset * 1000, now.getTime() + 86_400_000)).toISOString();
  }
  return null;
}

function isRateLimit(status: number, answerHeaders: Readonly<Record<string, unknown>>, message: string): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  if (answerHeaders["retry-after"] !== undefined) return true;
  if (String(answerHeaders["x-ratelimit-remaining"]) === "0") return true;
  // A secondary limit may come without either header; its text is then the only sign.
  return /\brate limit\b/i.test(message);
}

function classifyStatus(status: number): { kind: GitHubErrorKind; retryable: boolean } {
  if (status >= 500 || status === 408) return { kind: "unavailable", retryable: true };
  switch (status) {
    case 401:
      return { kind: "unauthorized", retryable: false };
    case 403:
    case 451:
      return { kind: "forbidden", retryable: false };
    case 404:
    case 410:
      return { kind: "missing", retryable: false };
    case 405:
    case 409:
      return { kind: "conflict", retryable: false };
    case 400:
    case 413:
    case 422:
      return { kind: "invalid", retryable: false };
    default:
      return { kind: "unexpected", retryable: false };
  }
}

function describeGraphqlFailure(
  errors: readonly { type: string; message: string }[],
  answerHeaders: Readonly<Record<string, unknown>>,
  what: string,
  now: Date,
): GitHubError {
  const words = errors.map((error) => error.message).join("; ");
  const types = new Set(errors.map((error) => error.type));
  const make = (kind: GitHubErrorKind, retryable: boolean, retryAt: string | null = null): GitHubError =>
    new GitHubError(`failed to ${what}: ${phrases[kind]}`, {
      kind,
      status: 200,
      retryable,
      retryAt,
      cause: tellCause(words),
    });
  // Both limits may come with status 200 (facts/github.md section 6); the secondary one has no type of its own.
  if (types.has("RATE_LIMITED") || errors.some((error) => /\brate limit\b/i.test(error.message))) {
    const retryAt = readRetryAt(answerHeaders, now) ?? new Date(now.getTime() + fallbackWaitMs).toISOString();
    return make("rate-limited", true, retryAt);
  }
  if (types.has("FORBIDDEN") || types.has("INSUFFICIENT_SCOPES")) return make("forbidden", false);
  if (types.has("NOT_FOUND")) return make("missing", false);
  if (errors.some((error) => error.message.startsWith("Something went wrong"))) return make("unavailable", true);
  return make("unexpected", false);
}

/**
 * Turns whatever an Octokit threw into a `GitHubError`. `what` completes "failed to ...". The message never holds a
 * token, a body or an address. Rules of facts/github.md section 6; what nobody has described is `unexpected` and is not
 * worth repeating blindly.
 */
export function describeGitHubFailure(error: unknown, what: string, now: Date): GitHubError {
  if (error instanceof GitHubError) return error;

  const graphql = graphqlFailure.safeParse(error);
  if (graphql.success) {
    const nested = graphqlErrors.safeParse(graphql.data.data);
    const listed = graphql.data.errors ?? (nested.success ? nested.data.errors : []);
    const isRest = requestFailure.safeParse(error).success;
    if (!isRest && listed.length > 0) {
      return describeGraphqlFailure(listed, graphql.data.headers ?? graphql.data.response?.headers ?? {}, what, now);
    }
  }

  const request = requestFailure.safeParse(error);
  if (!request.success) {
    return new GitHubError(`failed to ${what}: ${phrases.unexpected}`, {
      kind: "unexpected",
      status: 0,
      retryable: false,
      cause: tellCause(error instanceof Error ? error.message : "something that is not an error was thrown"),
    });
  }

  const { status, message, response } = request.data;
  if (response === undefined) {
    return new GitHubError(`failed to ${what}: ${phrases.unavailable}`, {
      kind: "unavailable",
      status: 0,
      retryable: true,
      cause: tellCause(message),
    });
  }
  if (isRateLimit(status, response.headers, message)) {
    return new GitHubError(`failed to ${what}: ${phrases["rate-limited"]}`, {
      kind: "rate-limited",
      status,
      retryable: true,
      retryAt: readRetryAt(response.headers, now) ?? new Date(now.getTime() + fallbackWaitMs).toISOString(),
      cause: tellCause(message),
    });
  }
  // A token that cannot be made says nothing about the thing that was asked for: its 404 must not read as "absent".
  const isTokenRequest = request.data.request?.url.endsWith("/access_tokens") ?? false;
  const { kind, retryable } =
    isTokenRequest && [403, 404, 422].includes(status)
      ? { kind: "forbidden" as const, retryable: false }
      : classifyStatus(status);
  return new GitHubError(
    `failed to ${what}: ${isTokenRequest ? "the app's installation gives no token" : phrases[kind]} (${status})`,
    {
      kind,
      status,
      retryable,
      retryAt: kind === "unavailable" ? readRetryAt(response.headers, now) : null,
      cause: tellCause(message),
    },
  );
}
