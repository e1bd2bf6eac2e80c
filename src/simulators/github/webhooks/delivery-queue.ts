import { createHmac, randomUUID } from "node:crypto";
import type { DeliveryFilter } from "../control-input.ts";
import type { App } from "../world.ts";

/** One event for one app, rendered when it happened. */
export interface HookEvent {
  app: App;
  guid: string;
  event: string;
  action: string | null;
  repositoryId: number | null;
  repositoryName: string | undefined;
  installationId: number | null;
  payload: Record<string, unknown>;
}

export interface DeliveryAttempt {
  id: number;
  hook: HookEvent;
  redelivery: boolean;
  deliveredAt: Date;
  /** Seconds. */
  duration: number;
  status: string;
  /** 0 without an answer. */
  statusCode: number;
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string>;
  responseBody: string;
}

interface Pending {
  hook: HookEvent;
  redelivery: boolean;
}

export interface DeliveryQueueOptions {
  now: () => Date;
  timeoutMs: number;
}

function matchesFilter(hook: HookEvent, filter: DeliveryFilter): boolean {
  return (
    (filter.appId === undefined || filter.appId === hook.app.id) &&
    (filter.event === undefined || filter.event === hook.event) &&
    (filter.action === undefined || filter.action === hook.action) &&
    (filter.repo === undefined || filter.repo === hook.repositoryName)
  );
}

const statusWords: Record<number, string> = {
  400: "Invalid HTTP Response: 400",
  404: "Invalid HTTP Response: 404",
  500: "Invalid HTTP Response: 500",
};

/** Sends webhooks, one at a time for each app, and keeps the log. Nothing is sent twice without being asked. */
export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions;
  readonly #attempts: DeliveryAttempt[] = [];
  readonly #pending = new Map<App, Pending[]>();
  readonly #working = new Set<App>();
  readonly #stop = new AbortController();
  #held: Pending[] = [];
  #hold: DeliveryFilter | undefined;
  #waiting: (() => void)[] = [];
  #nextId = 5_000_000_000;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
  }

  /** All attempts, oldest first; of one app when given. */
  listAttempts(app?: App): DeliveryAttempt[] {
    return this.#attempts.filter((attempt) => app === undefined || attempt.hook.app === app);
  }

  listMatching(filter: DeliveryFilter): DeliveryAttempt[] {
    return this.#attempts.filter((attempt) => matchesFilter(attempt.hook, filter));
  }

  send(hook: Omit<HookEvent, "guid">): void {
    this.#enqueue({ hook: { ...hook, guid: randomUUID() }, redelivery: false });
  }

  redeliver(attempt: DeliveryAttempt): void {
    this.#enqueue({ hook: attempt.hook, redelivery: true });
  }

  /** Once more with the same GUID and not marked as a redelivery. */
  duplicate(attempt: DeliveryAttempt): void {
    this.#enqueue({ hook: attempt.hook, redelivery: false });
  }

  hold(filter: DeliveryFilter): void {
    this.#hold = filter;
    for (const [app, pending] of this.#pending) {
      const caught = pending.filter((item) => matchesFilter(item.hook, filter));
      this.#held.push(...caught);
      this.#pending.set(
        app,
        pending.filter((item) => !caught.includes(item)),
      );
    }
    this.#settle();
  }

  release(order: "as-created" | "reversed"): void {
    this.#hold = undefined;
    const held = order === "reversed" ? this.#held.toReversed() : this.#held;
    this.#held = [];
    for (const item of held) this.#enqueue(item);
  }

  loseHeld(): number {
    const count = this.#held.length;
    this.#held = [];
    return count;
  }

  close(): void {
    this.#pending.clear();
    this.#held = [];
    this.#stop.abort();
  }

  /** Resolves when nothing is queued or in flight. @throws Error after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`webhooks still on their way after ${timeoutMs} ms`)), timeoutMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #isIdle(): boolean {
    return this.#working.size === 0 && [...this.#pending.values()].every((pending) => pending.length === 0);
  }

  #settle(): void {
    if (!this.#isIdle()) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #enqueue(item: Pending): void {
    if (this.#stop.signal.aborted) return;
    if (this.#hold !== undefined && matchesFilter(item.hook, this.#hold)) {
      this.#held.push(item);
      return;
    }
    const { app } = item.hook;
    this.#pending.set(app, [...(this.#pending.get(app) ?? []), item]);
    if (!this.#working.has(app)) void this.#work(app);
  }

  async #work(app: App): Promise<void> {
    this.#working.add(app);
    for (;;) {
      const [next, ...rest] = this.#pending.get(app) ?? [];
      if (next === undefined) break;
      this.#pending.set(app, rest);
      const attempt = await this.#deliver(next);
      if (!this.#stop.signal.aborted) this.#attempts.push(attempt);
    }
    this.#working.delete(app);
    this.#settle();
  }

  async #deliver(item: Pending): Promise<DeliveryAttempt> {
    const { hook } = item;
    const { app } = hook;
    const body = JSON.stringify(hook.payload);
    const headers: Record<string, string> = {
      accept: "*/*",
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/0000000",
      "x-github-delivery": hook.guid,
      "x-github-event": hook.event,
      "x-github-hook-id": String(app.hookId),
      "x-github-hook-installation-target-id": String(app.id),
      "x-github-hook-installation-target-type": "integration",
      "x-hub-signature-256": `sha256=${createHmac("sha256", app.webhookSecret).update(body).digest("hex")}`,
    };
    this.#nextId += 1;
    const attempt: DeliveryAttempt = {
      id: this.#nextId,
      hook,
      redelivery: item.redelivery,
      deliveredAt: this.#options.now(),
      duration: 0,
      status: "failed to connect to host",
      statusCode: 0,
      requestHeaders: headers,
      responseHeaders: {},
      responseBody: "",
    };
    if (app.webhookUrl === undefined) return attempt;
    const start = performance.now();
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      const signal = AbortSignal.any([timeout, this.#stop.signal]);
      const response = await fetch(app.webhookUrl, { method: "POST", headers, body, signal, redirect: "manual" });
      attempt.responseBody = (await response.text()).slice(0, 10_000);
      attempt.statusCode = response.status;
      attempt.responseHeaders = Object.fromEntries(response.headers);
      attempt.status = response.ok
        ? "OK"
        : (statusWords[response.status] ?? `Invalid HTTP Response: ${response.status}`);
    } catch {
      if (timeout.aborted) attempt.status = "timed out";
    }
    attempt.duration = Math.round(performance.now() - start) / 1000;
    return attempt;
  }
}
