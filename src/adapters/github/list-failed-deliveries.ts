import { z } from "zod";
import type { GitHubClient } from "./github-client.ts";

/** GitHub keeps three days of deliveries; this many pages of 100 are looked through. */
const maximumPages = 200;

const deliverySchema = z.object({
  // An int64 that may not fit a number.
  id: z.union([z.number(), z.bigint(), z.string()]).transform(String),
  guid: z.string(),
  delivered_at: z.string(),
  status: z.string(),
  status_code: z.number(),
  event: z.string(),
});

type Delivery = z.infer<typeof deliverySchema>;

function isDelivered(delivery: Delivery): boolean {
  return delivery.status === "OK" || (delivery.status_code >= 200 && delivery.status_code < 300);
}

/**
 * See `GitHubPort.listFailedDeliveries`. GitHub's own filter for failures leaves out those that had no answer at all, so
 * all are listed; one attempt that arrived settles its guid (facts/github.md section 1).
 */
export async function listFailedDeliveries(
  client: GitHubClient,
  since: string,
): Promise<readonly { id: string; guid: string; event: string; deliveredAt: string }[]> {
  const sinceMs = Date.parse(since);
  const { items } = await client.list("GET /app/hook/deliveries", {}, deliverySchema, "list the deliveries", {
    maxPages: maximumPages,
    isEnough: (deliveries) => {
      const last = deliveries.at(-1);
      return last !== undefined && Date.parse(last.delivered_at) < sinceMs;
    },
  });
  const byGuid = new Map<string, Delivery[]>();
  for (const delivery of items) {
    if (Date.parse(delivery.delivered_at) < sinceMs) continue;
    byGuid.set(delivery.guid, [...(byGuid.get(delivery.guid) ?? []), delivery]);
  }
  const failed: Delivery[] = [];
  for (const attempts of byGuid.values()) {
    if (attempts.some(isDelivered)) continue;
    const newest = attempts.reduce((best, one) =>
      Date.parse(one.delivered_at) > Date.parse(best.delivered_at) ? one : best,
    );
    failed.push(newest);
  }
  // GitHub lists the newest first and tells times in seconds, so the order of its list decides between equal ones.
  return failed
    .reverse()
    .map(({ id, guid, event, delivered_at: deliveredAt }) => ({ id, guid, event, deliveredAt }))
    .sort((one, other) => Date.parse(one.deliveredAt) - Date.parse(other.deliveredAt));
}
