import { rolloutStatusKind, watchKind } from "../../flows/records.ts";
import type { JobQueue } from "../../ports/queue.ts";
import type { Store } from "../../ports/store.ts";
import type { PageHandler } from "./http-server.ts";
import type { OperationMetrics } from "./operation-metrics.ts";

function json(status: number, body: unknown): Awaited<ReturnType<PageHandler>> {
  return { status, contentType: "application/json; charset=utf-8", body: `${JSON.stringify(body)}\n` };
}

async function countWatched(store: Store, metrics: OperationMetrics, now: Date): Promise<void> {
  metrics.watched.reset();
  let oldest = 0;
  for (const { value } of await store.listRecords(watchKind)) {
    if (value.flags.length > 0) oldest = Math.max(oldest, now.getTime() - Date.parse(value.at));
    for (const { readings, clock } of value.flags) {
      const state = readings === "fail" ? "failing" : clock === "running" ? "green" : "open";
      metrics.watched.inc({ state });
    }
  }
  metrics.watchAge.set(oldest / 1000);
}

/**
 * `/health`: the process answers. `/ready`: the store answers too, so webhooks can be kept. `/metrics`: Prometheus text
 * without names of repositories or flags (SPEC 18).
 */
export function createPages(parts: {
  store: Store;
  queue: JobQueue;
  metrics: OperationMetrics;
  now: () => Date;
}): ReadonlyMap<string, PageHandler> {
  const { store, queue, metrics, now } = parts;
  return new Map<string, PageHandler>([
    ["/health", async () => json(200, { status: "ok" })],
    [
      "/ready",
      async () => {
        try {
          await store.ping();
          return json(200, { status: "ready" });
        } catch {
          return json(503, { status: "not ready", reason: "the store does not answer" });
        }
      },
    ],
    [
      "/metrics",
      async () => {
        for (const { queue: name, waiting, scheduled, running, parked } of await queue.countJobs()) {
          for (const [state, count] of Object.entries({ waiting, scheduled, running, parked })) {
            metrics.jobs.set({ queue: name, state }, count);
          }
        }
        metrics.rollouts.reset();
        for (const { value } of await store.listRecords(rolloutStatusKind))
          metrics.rollouts.inc({ state: value.state });
        await countWatched(store, metrics, now());
        return { contentType: metrics.registry.contentType, body: await metrics.registry.metrics() };
      },
    ],
  ]);
}
