import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { MetricQuery } from "../../ports/metrics.ts";
import { createPrometheusMetrics } from "./create-prometheus-metrics.ts";

const at = "2026-11-23T00:00:00.000Z";
const stamp = Date.parse(at) / 1000;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function startSource(
  answer: (form: URLSearchParams, request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = answer(new URLSearchParams(Buffer.concat(chunks).toString("utf8")), request, response);
      if (body !== undefined) response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function query(change: Partial<MetricQuery> = {}): MetricQuery {
  return {
    guardrail: "latency",
    variation: "candidate",
    value: "up",
    numerator: null,
    denominator: null,
    samples: null,
    ...change,
  };
}

function one(value: string): unknown {
  return { status: "success", data: { resultType: "vector", result: [{ metric: {}, value: [stamp, value] }] } };
}

it("asks for every part at the same instant and answers in the order of the queries", async () => {
  const asked: string[] = [];
  const numbers: Record<string, string> = { n: "3", d: "12", v: "7", s: "100" };
  const baseUrl = await startSource((form, request) => {
    asked.push(`${request.method} ${request.url} ${form.get("query")} ${form.get("time")}`);
    return one(numbers[form.get("query") ?? ""] ?? "NaN");
  });
  const metrics = createPrometheusMetrics({ baseUrl: `${baseUrl}/tenant/`, timeoutMs: 2000 });

  const measured = await metrics.measure(
    [
      query({ value: null, numerator: "n", denominator: "d" }),
      query({ variation: "baseline", value: "v", samples: "s" }),
    ],
    at,
  );

  expect(measured).toEqual([
    { guardrail: "latency", variation: "candidate", at, outcome: { kind: "value", value: 0.25, samples: 12 } },
    { guardrail: "latency", variation: "baseline", at, outcome: { kind: "value", value: 7, samples: 100 } },
  ]);
  expect(asked).toContain(`POST /tenant/api/v1/query n ${at}`);
  expect(asked).toHaveLength(4);
});

it("sends the token and tells nothing of it when the source fails", async () => {
  let token: string | undefined;
  const baseUrl = await startSource((_form, request, response) => {
    token = request.headers.authorization;
    response.statusCode = 401;
    return "no";
  });
  const metrics = createPrometheusMetrics({ baseUrl, timeoutMs: 2000, bearerToken: "s3cret" });
  const [measured] = await metrics.measure([query()], at);
  expect(token).toBe("Bearer s3cret");
  expect(measured?.outcome).toEqual({ kind: "error", why: "the metrics source answered with status 401" });
});

it.each<[string, (response: ServerResponse) => unknown, string]>([
  [
    "it redirects",
    (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    "could not be reached",
  ],
  ["it breaks off", (response) => response.destroy(), "could not be reached"],
  ["it does not answer JSON", (response) => response.end("<html>"), "did not answer JSON"],
  ["it answers too much", (response) => response.end("x".repeat(1_100_000)), "more than 1 MiB"],
  ["it takes too long", () => undefined, "did not answer within 200 ms"],
  ["it is overloaded", (response) => response.writeHead(502).end("{}"), "answered with status 502"],
  [
    "it refuses the query",
    (response) =>
      response.writeHead(400).end(JSON.stringify({ status: "error", errorType: "bad_data", error: "parse error" })),
    "refused the query: parse error",
  ],
])("a source is an error, never a pass: %s", async (_name, fail, why) => {
  const baseUrl = await startSource((_form, _request, response) => {
    fail(response);
    return undefined;
  });
  const metrics = createPrometheusMetrics({ baseUrl, timeoutMs: 200 });
  const [measured] = await metrics.measure([query()], at);
  expect(measured?.outcome.kind).toBe("error");
  expect(measured?.outcome).toMatchObject({ why: expect.stringContaining(why) });
});

it("a source that is not there is an error", async () => {
  const metrics = createPrometheusMetrics({ baseUrl: "http://127.0.0.1:9", timeoutMs: 2000 });
  const [measured] = await metrics.measure([query()], at);
  expect(measured).toEqual({
    guardrail: "latency",
    variation: "candidate",
    at,
    outcome: { kind: "error", why: "the metrics source could not be reached" },
  });
});
