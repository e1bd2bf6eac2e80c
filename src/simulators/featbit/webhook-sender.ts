import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { SimFlag, SimSegment } from "./featbit-data.ts";
import type { FeatBitWorld, WorldChange } from "./featbit-world.ts";

/** A webhook as somebody set it up in FeatBit's UI. */
export interface SimWebhook {
  url: string;
  secret?: string;
  /** All events when absent. */
  events?: readonly string[];
  /** All environments when absent. */
  envIds?: readonly string[];
  /** Milliseconds between the three attempts; 2,000 in FeatBit. */
  retryMs?: number;
}

/** One attempt, or the failure to write a payload (status 0 and an error). */
export interface SimDelivery {
  deliveryId: string;
  events: string;
  status: number;
  error: string | null;
  payload: string;
}

export interface WebhookSender {
  addWebhook(webhook: SimWebhook): { id: string };
  deliveries: readonly SimDelivery[];
  /** Resolves when nothing is being delivered any more. */
  settle(): Promise<void>;
  close(): void;
}

const maximumAttempts = 3;
const timeoutMs = 10_000;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** FeatBit's template escapes text for HTML, not for JSON: a newline or backslash makes a payload that is none. */
function escapeHtml(text: string | null): string {
  return (text ?? "").replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

function renderMembers(item: SimFlag | SimSegment, kind: WorldChange["kind"]): string {
  const shared = [
    `"id": "${item.id}"`,
    `"name": "${escapeHtml(item.name)}"`,
    `"description": "${escapeHtml(item.description)}"`,
    `"tags": ${JSON.stringify(item.tags)}`,
  ];
  const own =
    kind === "flag"
      ? renderFlagMembers(item as SimFlag)
      : ["included", "excluded", "rules"].map((name) => `"${name}": ${JSON.stringify((item as never)[name])}`);
  return [...shared, ...own, `"isArchived": ${item.isArchived}`].join(",\n");
}

function renderFlagMembers(flag: SimFlag): string[] {
  return [
    `"key": "${escapeHtml(flag.key)}"`,
    `"variationType": "${flag.variationType}"`,
    `"variations": ${JSON.stringify(flag.variations)}`,
    `"targetUsers": ${JSON.stringify(flag.targetUsers)}`,
    `"rules": ${JSON.stringify(flag.rules)}`,
    `"isEnabled": ${flag.isEnabled}`,
    `"disabledVariationId": "${flag.disabledVariationId}"`,
    `"fallthrough": ${JSON.stringify(flag.fallthrough)}`,
    `"exptIncludeAllTargets": ${flag.exptIncludeAllTargets}`,
  ];
}

function nameOperator(world: FeatBitWorld, actorId: string): string {
  const user = world.users.get(actorId);
  const token = [...world.tokens.values()].find((entry) => entry.id === actorId);
  return user?.name ?? token?.name ?? "";
}

function renderPayload(world: FeatBitWorld, change: WorldChange): string {
  const item = change.kind === "flag" ? change.flag : change.segment;
  const environment = world.environments.get(item.envId);
  const project = world.projects.get(environment?.projectId ?? "");
  const place = (entry: { id: string; name: string } | undefined) =>
    `{ "id": "${entry?.id ?? ""}", "name": "${escapeHtml(entry?.name ?? "")}" }`;
  return `{
"event": "${change.events.join(",")}",
"operator": "${escapeHtml(nameOperator(world, change.actorId))}",
"happenedAt": "${item.updatedAt}",
"changes": ${JSON.stringify(change.instructions.map((instruction) => `${instruction.kind}: ${item.name}`))},
"organization": ${place(world.organization)},
"project": ${place(project)},
"environment": ${place(environment)},
"data": { "kind": "${change.kind === "flag" ? "feature flag" : "segment"}", "object": {
${renderMembers(item, change.kind)}
} }
}`;
}

/** Sends FeatBit's webhooks: signed over the raw body, three attempts with the same delivery id (facts/featbit.md section 9). */
export function createWebhookSender(world: FeatBitWorld): WebhookSender {
  const webhooks: (SimWebhook & { id: string })[] = [];
  const deliveries: SimDelivery[] = [];
  const running = new Set<Promise<void>>();
  const closing = new AbortController();

  const attempt = async (webhook: SimWebhook & { id: string }, delivery: SimDelivery): Promise<SimDelivery> => {
    const signature = createHmac("sha256", webhook.secret ?? "")
      .update(delivery.payload)
      .digest("hex");
    try {
      const response = await fetch(webhook.url, {
        method: "POST",
        body: delivery.payload,
        headers: {
          "content-type": "application/json; charset=utf-8",
          "x-featbit-delivery": delivery.deliveryId,
          "x-featbit-event": delivery.events,
          "x-featbit-hook-id": webhook.id,
          ...(webhook.secret === undefined ? {} : { "x-featbit-signature-256": `sha256=${signature}` }),
        },
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]),
      });
      await response.body?.cancel();
      return { ...delivery, status: response.status };
    } catch (error) {
      return { ...delivery, error: String(error) };
    }
  };

  const deliver = async (webhook: SimWebhook & { id: string }, change: WorldChange): Promise<void> => {
    const payload = renderPayload(world, change);
    const delivery = { deliveryId: randomUUID(), events: change.events.join(","), status: 0, error: null, payload };
    try {
      JSON.parse(payload);
    } catch (error) {
      deliveries.push({ ...delivery, error: String(error) });
      return;
    }
    for (let count = 0; count < maximumAttempts && !closing.signal.aborted; count += 1) {
      if (count > 0)
        await sleep(webhook.retryMs ?? 2_000, undefined, { signal: closing.signal }).catch(() => undefined);
      const result = await attempt(webhook, delivery);
      deliveries.push(result);
      if (result.status >= 200 && result.status < 300) return;
    }
  };

  world.onChange((change) => {
    const { envId } = change.kind === "flag" ? change.flag : change.segment;
    if (change.events.length === 0) return;
    for (const webhook of webhooks) {
      if (webhook.envIds?.includes(envId) === false) continue;
      if (webhook.events !== undefined && !change.events.some((event) => webhook.events?.includes(event))) continue;
      const work: Promise<void> = deliver(webhook, change).finally(() => running.delete(work));
      running.add(work);
    }
  });

  return {
    deliveries,
    addWebhook(webhook) {
      const stored = { ...webhook, id: randomUUID() };
      webhooks.push(stored);
      return { id: stored.id };
    },
    async settle() {
      while (running.size > 0) await Promise.all(running);
    },
    close() {
      closing.abort();
    },
  };
}
