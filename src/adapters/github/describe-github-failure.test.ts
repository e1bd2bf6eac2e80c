import { describe, expect, it } from "vitest";
import { GitHubError } from "../../ports/github.ts";
import { describeGitHubFailure } from "./describe-github-failure.ts";

const now = new Date("2026-11-23T10:00:00.000Z");
const inTenMinutes = Date.parse("2026-11-23T10:10:00.000Z") / 1000;

function refusal(status: number, headers: Record<string, string> = {}, message = "no", url = "http://host/repos/a/b") {
  return Object.assign(new Error(message), {
    status,
    request: { url, headers: { authorization: "token ghs_secret" }, body: "secret body" },
    response: { headers, data: { message } },
  });
}

function graphqlFailure(errors: { type?: string; message: string }[], headers: Record<string, string> = {}) {
  return Object.assign(new Error("Request failed"), { name: "GraphqlResponseError", errors, headers, data: null });
}

describe("what GitHub answered becomes a kind", () => {
  it.each<[string, unknown, object]>([
    ["401 means credentials", refusal(401), { kind: "unauthorized", retryable: false }],
    ["403 means no permission", refusal(403), { kind: "forbidden", retryable: false }],
    ["404 means missing or hidden", refusal(404), { kind: "missing", retryable: false }],
    ["409 is a conflict", refusal(409), { kind: "conflict", retryable: false }],
    ["405 is a conflict with the state", refusal(405), { kind: "conflict", retryable: false }],
    ["422 is an invalid request", refusal(422), { kind: "invalid", retryable: false }],
    ["502 passes by itself", refusal(502), { kind: "unavailable", retryable: true, status: 502 }],
    ["418 is unknown and not repeated blindly", refusal(418), { kind: "unexpected", retryable: false }],
    [
      "no answer passes by itself",
      { status: 500, message: "ECONNRESET", request: { url: "x" } },
      { kind: "unavailable", status: 0, retryable: true },
    ],
    [
      "a token that cannot be made is not a missing thing",
      refusal(404, {}, "no", "http://host/app/installations/7/access_tokens"),
      { kind: "forbidden" },
    ],
    ["something that is no error is unknown", "boom", { kind: "unexpected", retryable: false }],
    ["a programming mistake is unknown", new TypeError("x is undefined"), { kind: "unexpected", retryable: false }],
  ])("%s", (_name, thrown, expected) => {
    expect(describeGitHubFailure(thrown, "read it", now)).toMatchObject(expected);
  });
});

describe("a rate limit says when to come back", () => {
  it.each<[string, unknown, string]>([
    ["retry-after counts from now", refusal(403, { "retry-after": "90" }), "2026-11-23T10:01:30.000Z"],
    ["429 without a time means a minute", refusal(429), "2026-11-23T10:01:00.000Z"],
    [
      "the exhausted budget comes back at its reset",
      refusal(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(inTenMinutes) }),
      "2026-11-23T10:10:00.000Z",
    ],
    [
      "a secondary limit may be told in words only",
      refusal(403, {}, "You have exceeded a secondary rate limit"),
      "2026-11-23T10:01:00.000Z",
    ],
    [
      "GraphQL tells it with status 200",
      graphqlFailure([{ type: "RATE_LIMITED", message: "API rate limit exceeded" }], {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": String(inTenMinutes),
      }),
      "2026-11-23T10:10:00.000Z",
    ],
    [
      "the throttling plugin throws it bare",
      Object.assign(new Error("GraphQL Rate Limit Exceeded"), {
        response: { headers: {}, data: {} },
        data: { errors: [{ type: "RATE_LIMITED", message: "x" }] },
      }),
      "2026-11-23T10:01:00.000Z",
    ],
    ["a time far away is cut to a day", refusal(429, { "retry-after": "9999999" }), "2026-11-24T10:00:00.000Z"],
  ])("%s", (_name, thrown, retryAt) => {
    expect(describeGitHubFailure(thrown, "read it", now)).toMatchObject({
      kind: "rate-limited",
      retryable: true,
      retryAt,
    });
  });
});

describe("GraphQL's errors", () => {
  it.each([
    ["not found", { type: "NOT_FOUND", message: "Could not resolve" }, "missing"],
    ["forbidden", { type: "FORBIDDEN", message: "Resource not accessible" }, "forbidden"],
    ["a hiccup", { message: "Something went wrong while executing your query." }, "unavailable"],
    ["a schema that has no such field", { message: "Field 'x' doesn't exist" }, "unexpected"],
  ])("%s", (_name, error, kind) => {
    expect(describeGitHubFailure(graphqlFailure([error]), "read it", now).kind).toBe(kind);
  });
});

it("tells neither token nor body, in the message and in the cause", () => {
  const failure = describeGitHubFailure(
    refusal(403, {}, "Bad credentials for ghs_abc.def-ghi and Bearer abcdef"),
    "read it",
    now,
  );
  const cause = failure.cause instanceof Error ? `${failure.cause.message} ${JSON.stringify(failure.cause)}` : "";
  expect(`${failure.message} ${cause}`).not.toMatch(/ghs_|secret|abcdef/);
  expect(failure.message).toBe("failed to read it: GitHub refused it to the app (403)");
});

it("leaves a failure that is described already as it is", () => {
  const failure = new GitHubError("failed", { kind: "conflict", status: 409, retryable: false });
  expect(describeGitHubFailure(failure, "read it", now)).toBe(failure);
});
