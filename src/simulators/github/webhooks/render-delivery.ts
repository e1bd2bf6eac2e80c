import { renderTime } from "../render/render-account.ts";
import type { World } from "../world.ts";
import type { DeliveryAttempt } from "./delivery-queue.ts";

type Json = Record<string, unknown>;

export function renderDeliveryItem(attempt: DeliveryAttempt): Json {
  return {
    id: attempt.id,
    guid: attempt.hook.guid,
    delivered_at: renderTime(attempt.deliveredAt),
    redelivery: attempt.redelivery,
    duration: attempt.duration,
    status: attempt.status,
    status_code: attempt.statusCode,
    event: attempt.hook.event,
    action: attempt.hook.action,
    installation_id: attempt.hook.installationId,
    repository_id: attempt.hook.repositoryId,
    throttled_at: null,
  };
}

export function renderDelivery(world: World, attempt: DeliveryAttempt): Json {
  return {
    ...renderDeliveryItem(attempt),
    url: attempt.hook.app.webhookUrl ?? world.url,
    request: { headers: attempt.requestHeaders, payload: attempt.hook.payload },
    response: { headers: attempt.responseHeaders, payload: attempt.responseBody },
  };
}
