import { startLoopbackServer, type LoopbackServer } from "../loopback-server.ts";

/** A metrics source that answers instant queries in Prometheus' form. It does not evaluate PromQL: `answer` decides. */
export interface PrometheusStandIn {
  url: string;
  server: LoopbackServer;
  /** Every query so far, oldest first. */
  readonly queries: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts the stand-in. The demo uses it because a new user has no Prometheus; tests that judge the real thing start
 * Debian's package.
 *
 * @param answer the value of a query; null answers with an empty result, as Prometheus does without data
 * @param now stamps the samples
 */
export async function startPrometheusStandIn(
  answer: (query: string) => number | null,
  now: () => Date,
): Promise<PrometheusStandIn> {
  const queries: string[] = [];
  const server = await startLoopbackServer(async (request) => {
    if (request.path !== "/api/v1/query") return { status: 404, body: "404 page not found\n" };
    const form = request.method === "POST" ? new URLSearchParams(request.rawBody.toString("utf8")) : request.query;
    const query = form.get("query") ?? "";
    queries.push(query);
    const value = answer(query);
    const result = value === null ? [] : [{ metric: {}, value: [now().getTime() / 1000, String(value)] }];
    return { status: 200, body: { status: "success", data: { resultType: "vector", result } } };
  });
  return { url: server.url, server, queries, close: () => server.close() };
}
