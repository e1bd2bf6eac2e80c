import { emitterEventNames } from "@octokit/webhooks";
import type { Logger } from "pino";
import type { Probot } from "probot";
import type { Pace } from "../../adapters/github/probot-octokit.ts";
import { openStore } from "../../adapters/store/open-store.ts";
import type { FlowPorts } from "../../flows/flow-ports.ts";
import { handleTask } from "../../flows/handle-task.ts";
import { planTasks } from "../../flows/plan-tasks.ts";
import { runFlagJob } from "../../flows/run-flag-job.ts";
import { runPullJob } from "../../flows/run-pull-job.ts";
import { runSweep } from "../../flows/run-sweep.ts";
import { runWatchJob } from "../../flows/run-watch-job.ts";
import { takeFeatBitHint } from "../../flows/take-featbit-hint.ts";
import type { Job, JobQueue, QueueName } from "../../ports/queue.ts";
import type { Store } from "../../ports/store.ts";
import type { Environment } from "../config/read-environment.ts";
import type { OperatorConfig } from "../config/read-operator-config.ts";
import { openOperatorSocket, type OperatorSocket } from "../operator/operator-socket.ts";
import { createDeliveryInbox } from "./delivery-inbox.ts";
import { createFeatBitWebhook } from "./featbit-webhook.ts";
import { startHttpServer } from "./http-server.ts";
import { createWebhookHandler } from "./intake.ts";
import { openPorts } from "./open-ports.ts";
import { createOperationMetrics } from "./operation-metrics.ts";
import { createPages } from "./pages.ts";

/** A running app: intake, worker and sweeps in one process. */
export interface RunningBot {
  url: string;
  port: number;
  store: Store;
  queue: JobQueue;
  /** Takes no more webhooks, finishes the work in hand or returns it to the queue, and closes everything. Repeatable. */
  stop(): Promise<void>;
}

export interface BotOptions {
  log: Logger;
  /** The app's clock; the machine's when absent. The demo moves it. */
  now?: () => Date;
  /** See `Pace`; as GitHub asks when absent. */
  pace?: Pace;
  /** Milliseconds that work in hand may take at a stop. */
  graceMs?: number;
  /** A worker takes no webhooks; everything else is the same. `app` when absent. */
  role?: "app" | "worker";
}

type ReceivedEvent = Parameters<Probot["webhooks"]["receive"]>[0];

function isKnownEvent(event: { id: string; name: string; payload: unknown }): event is ReceivedEvent {
  return emitterEventNames.some((name) => name === event.name);
}

/** The embedded store can be reached only through this process, so it listens for the operator (SPEC 16). */
async function openChannel(
  environment: Environment,
  ports: FlowPorts,
  now: () => Date,
  log: Logger,
): Promise<OperatorSocket | null> {
  if (environment.store.kind !== "embedded") return null;
  try {
    return await openOperatorSocket({
      directory: environment.store.dataDir,
      ports,
      now,
      reportFailure: (error) => log.error({ err: error }, "request of the operator failed"),
    });
  } catch (error) {
    // Webhooks and rollbacks by comment work without it.
    log.warn({ err: error }, "the operator's commands cannot reach this process");
    return null;
  }
}

/**
 * Starts the app (ARCHITECTURE, the walk).
 *
 * @throws StoreError when the store is not durable, in use or away; ListenError when the port is taken
 */
export async function startBot(
  environment: Environment,
  operator: OperatorConfig,
  options: BotOptions,
): Promise<RunningBot> {
  const { log } = options;
  const now = options.now ?? (() => new Date());
  const graceMs = options.graceMs ?? 25_000;
  const metrics = createOperationMetrics();
  const opened = await openStore(
    environment.store.kind === "embedded"
      ? { dataDir: environment.store.dataDir }
      : { databaseUrl: environment.store.databaseUrl },
    now,
    {
      reportTrouble: (error) => log.warn({ err: error }, "store or queue trouble in the background"),
      reportBroken: (error) => {
        // The database cannot be trusted any more: what it acknowledges from here on may be lost. Work runs again at the next start.
        log.fatal({ err: error }, "the store is broken, stopping");
        process.exit(1);
      },
      reportFailure: ({ queue: name, attempt, error }) =>
        log.warn({ queue: name, attempt, err: error }, "job failed and will run again"),
    },
  );
  const { store, queue } = opened;
  const { ports, probot, github, closeFlags } = openPorts(environment, operator, {
    opened,
    log,
    now,
    ...(options.pace === undefined ? {} : { pace: options.pace }),
  });

  // Probot's own handler dispatch stands between the stored delivery and our tasks, so that an event means here what it means in Probot.
  probot.onAny(async ({ id, name, payload }) => {
    if (name === "membership" || name === "team" || name === "member" || name === "organization") github.forgetPeople();
    if (name === "installation" || name === "installation_repositories") github.forgetInstallations();
    for (const task of planTasks(name, payload, id, environment.appId)) await handleTask(task, ports, now());
  });

  const runDelivery = async (job: Job): Promise<void> => {
    const delivery = await store.getDelivery(job.key);
    if (delivery === undefined || delivery.doneAt !== null) return;
    try {
      const payload: unknown = JSON.parse(delivery.body);
      const event = { id: delivery.guid, name: delivery.event, payload };
      if (isKnownEvent(event)) await probot.webhooks.receive(event);
      await store.markDeliveryDone(delivery.guid);
    } catch (error) {
      await store.markDeliveryFailed(delivery.guid, error instanceof Error ? error.name : "unknown");
      throw error;
    }
  };

  const runPull = async (job: Job): Promise<void> => {
    const verdict = await runPullJob(job, ports, now);
    if (verdict !== null) metrics.verdicts.inc({ state: verdict.state, tier: verdict.tier });
  };

  const runFlag = async (job: Job): Promise<void> => {
    const outcome = await runFlagJob(job, ports, now);
    if (outcome === null) return;
    if (outcome.servedMs !== null) metrics.servedSeconds.observe(outcome.servedMs / 1000);
    if (outcome.rolledBackMs !== null) metrics.rollbackSeconds.observe(outcome.rolledBackMs / 1000);
    log.info({ state: outcome.state, reason: outcome.reason }, "flag checked");
  };

  const runWatch = async (job: Job): Promise<void> => {
    const { watched, breaches } = await runWatchJob(job, ports, now);
    for (const { breach } of breaches) {
      metrics.breaches.inc({ action: breach.action });
      log.warn({ action: breach.action, reason: breach.reason }, "guardrail breached");
    }
    log.debug({ watched, breaches: breaches.length }, "guardrails read");
  };

  const timed =
    (name: QueueName, handler: (job: Job) => Promise<void>) =>
    async (job: Job): Promise<void> => {
      const end = metrics.jobSeconds.startTimer({ queue: name });
      try {
        await handler(job);
        end({ outcome: "done" });
        log.debug({ queue: name, attempt: job.attempt }, "job done");
      } catch (error) {
        end({ outcome: "failed" });
        throw error;
      }
    };

  const inbox = createDeliveryInbox(store, queue);
  await inbox.warmUp();
  const pages = createPages({ store, queue, metrics, now });
  const fromFeatBit = createFeatBitWebhook({
    secrets: new Map(
      operator.bindings.flatMap(({ name, featbit }) =>
        featbit.webhookSecret === null ? [] : [[name, featbit.webhookSecret] as const],
      ),
    ),
    take: (hint) => takeFeatBitHint(hint, ports),
    reportFailure: (error) => log.error({ err: error }, "hint of FeatBit could not be queued"),
    stopwatch: ports.stopwatch,
  });
  const fromGitHub = createWebhookHandler({
    secret: environment.webhookSecret,
    inbox,
    reportFailure: ({ guid, error }) => {
      metrics.deliveries.inc({ outcome: "not-stored" });
      log.error({ guid, err: error }, "delivery could not be stored");
    },
  });
  const server = await startHttpServer({
    host: environment.host,
    port: environment.port,
    webhook: async (request, response) =>
      options.role !== "worker" && ((await fromGitHub(request, response)) || (await fromFeatBit(request, response))),
    pages,
    reportFailure: (error) => log.error({ err: error }, "request failed"),
  }).catch(async (error: unknown) => {
    await closeFlags();
    await opened.close();
    throw error;
  });

  const channel = await openChannel(environment, ports, now, log);

  // Everything that the process died with runs again before anything new is looked for.
  await queue.work("delivery", timed("delivery", runDelivery), { concurrency: 8 });
  await queue.work("pull", timed("pull", runPull), { concurrency: 4 });
  await queue.work("flag", timed("flag", runFlag), { concurrency: 8 });
  await queue.work(
    "sweep",
    timed("sweep", (job) => runSweep(job, ports, now)),
    { concurrency: 2 },
  );

  await queue.work("watch", timed("watch", runWatch), { concurrency: 4 });

  const everyMs = operator.sweep.guardrails;
  const watch = (): void => {
    for (const { name } of operator.bindings)
      queue
        .enqueue("watch", name, { everyMs })
        .catch((error: unknown) => log.warn({ err: error }, "guardrail watch not queued"));
  };
  const sweeps = [
    ["pulls", operator.sweep.pullRequests],
    ["deliveries", operator.sweep.deliveries],
    ["flags", operator.sweep.drift],
    ["cleanups", operator.sweep.drift],
  ] as const;
  const sweep = (name: string): void => {
    queue
      .enqueue("sweep", name, {})
      .catch((error: unknown) => log.warn({ sweep: name, err: error }, "sweep not queued"));
  };
  const timers = [...sweeps.map(([name, every]) => setInterval(() => sweep(name), every)), setInterval(watch, everyMs)];
  watch();
  for (const [name] of sweeps) sweep(name);
  log.info({ port: server.port, store: environment.store.kind, role: options.role ?? "app" }, "routeward is running");

  const stop = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer);
    await channel?.close();
    await server.close();
    await queue.stop({ graceMs });
    await closeFlags();
    await opened.close({ graceMs: 1_000 });
    log.info("routeward has stopped");
  };
  let stopping: Promise<void> | undefined;
  return { url: server.url, port: server.port, store, queue, stop: () => (stopping ??= stop()) };
}
