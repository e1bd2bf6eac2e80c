import type { RouteUser } from "./route-decision.ts";

/** One exposure: this user was really served this variation. */
export interface Exposure {
  user: RouteUser;
  flagKey: string;
  variationId: string;
  value: string;
  /** Unix milliseconds. */
  at: number;
}

export interface CustomMetric {
  user: RouteUser;
  name: string;
  value: number;
  at: number;
}

/** Sends exposures and metrics to FeatBit's Track Insights (facts/featbit.md section 10). */
export interface InsightSender {
  add(insight: { exposure: Exposure } | { metric: CustomMetric }): void;
  /** Sends what is waiting. Never throws; what could not be sent is counted in `dropped`. */
  flush(): Promise<void>;
  close(): Promise<void>;
  readonly dropped: number;
}

/** More than this does not wait in memory while FeatBit is away; the oldest go first. */
const mostWaiting = 10_000;
const batchSize = 200;

function renderUser(user: RouteUser): object {
  return {
    keyId: user.key,
    name: user.name ?? user.key,
    customizedProperties: Object.entries(user.attributes ?? {}).map(([name, value]) => ({ name, value })),
  };
}

function renderInsight(insight: Parameters<InsightSender["add"]>[0]): object {
  if ("exposure" in insight) {
    const { user, flagKey, variationId, value, at } = insight.exposure;
    const variation = {
      featureFlagKey: flagKey,
      sendToExperiment: true,
      timestamp: at,
      variation: { id: variationId, value },
    };
    return { user: renderUser(user), variations: [variation] };
  }
  const { user, name, value, at } = insight.metric;
  const metric = {
    route: "index/metric",
    type: "CustomEvent",
    eventName: name,
    numericValue: value,
    appType: "routeward",
    timestamp: at,
  };
  return { user: renderUser(user), metrics: [metric] };
}

/**
 * A sender of our own instead of the SDK's `track`, which merges equal events within one flush and so loses counts, and
 * which sends an exposure at every evaluation, also when the route never ran.
 *
 * FeatBit has no idempotency key: what failed after it was sent is not sent again, so that nothing counts twice.
 */
export function createInsightSender(options: {
  eventsUrl: string;
  sdkKey: string;
  flushEveryMs: number;
  timeoutMs: number;
  fetch?: typeof fetch;
}): InsightSender {
  const send = options.fetch ?? fetch;
  const url = `${options.eventsUrl.replace(/\/+$/, "")}/api/public/insight/track`;
  let waiting: object[] = [];
  let dropped = 0;
  let sending = Promise.resolve();

  const sendBatch = async (batch: readonly object[]): Promise<void> => {
    try {
      const response = await send(url, {
        method: "POST",
        headers: { authorization: options.sdkKey, "content-type": "application/json" },
        body: JSON.stringify(batch),
        signal: AbortSignal.timeout(options.timeoutMs),
        redirect: "error",
      });
      await response.body?.cancel();
      if (!response.ok) dropped += batch.length;
    } catch {
      dropped += batch.length;
    }
  };
  const flush = (): Promise<void> => {
    const batches: object[][] = [];
    while (waiting.length > 0) batches.push(waiting.splice(0, batchSize));
    const before = sending;
    sending = (async () => {
      await before;
      for (const batch of batches) await sendBatch(batch);
    })();
    return sending;
  };
  const timer = setInterval(() => void flush(), options.flushEveryMs);
  timer.unref();
  return {
    add(insight) {
      if (waiting.length >= mostWaiting) {
        waiting = waiting.slice(1);
        dropped += 1;
      }
      waiting.push(renderInsight(insight));
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
    get dropped() {
      return dropped;
    },
  };
}
