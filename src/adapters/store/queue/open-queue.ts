import type { PGlite } from "@electric-sql/pglite";
import { PgBoss, fromPglite } from "pg-boss";
import { queueNames } from "../../../ports/queue.ts";
import type { Database } from "../database.ts";
import { returnActiveJobs } from "./job-table.ts";

/** Where the jobs are, and whom to tell about trouble in the background. */
export type QueueEngine = {
  report: (error: unknown) => void;
} & ({ kind: "pglite"; pglite: PGlite } | { kind: "postgresql"; databaseUrl: string });

/** "Never given up", as far as PostgreSQL's integer goes. */
const retryLimit = 2_000_000_000;
const tenYearsSeconds = 10 * 365 * 24 * 3600;

/**
 * `stately` with a key is the only policy that gives one active and one waiting job per key across replicas;
 * `groupConcurrency` let eight pairs overlap in measurements (facts/storage.md, pg-boss).
 */
const queueOptions = {
  retryLimit,
  retryBackoff: true,
  /** Only for jobs of a process that died or hung; a handler's own failures are settled in `job-queue.ts`. */
  retryDelay: 1,
  retryDelayMax: 900,
  /** A handler that takes longer is told to stop and its job runs again. */
  expireInSeconds: 900,
  /** Work that waits is never deleted. */
  retentionSeconds: tenYearsSeconds,
  /** Finished jobs are only for looking at; the audit log is the memory. */
  deleteAfterSeconds: 3600,
  notify: true,
};

/**
 * A replica that died is noticed after this. The embedded store has no other replica, and its calls block the event loop
 * that would send the heartbeat, so there it could only misfire: a restart returns the jobs instead.
 */
const heartbeatSeconds = 10;
const monitorSeconds = 1;
const poolSize = 5;

/** Starts pg-boss with our queues. Rejects with what the driver throws. */
export async function openQueue(engine: QueueEngine, db: Database): Promise<PgBoss> {
  const isEmbedded = engine.kind === "pglite";
  const boss = new PgBoss({
    ...(isEmbedded
      ? { db: fromPglite(engine.pglite), backend: "pglite" as const }
      : { connectionString: engine.databaseUrl, max: poolSize, application_name: "routeward-queue" }),
    useListenNotify: true,
    // Our sweeps are timed by the app: a cron of pg-boss would be a second clock.
    schedule: false,
    superviseIntervalSeconds: isEmbedded ? 60 : monitorSeconds,
    monitorIntervalSeconds: isEmbedded ? 60 : monitorSeconds,
    registerInstance: !isEmbedded,
    // Job data and failures must not travel into traces.
    openTelemetry: { enabled: false },
  });
  boss.on("error", engine.report);
  boss.on("warning", engine.report);
  await boss.start();
  try {
    for (const name of queueNames) await ensureQueue(boss, name, isEmbedded ? null : heartbeatSeconds);
    if (isEmbedded) await returnActiveJobs(db);
  } catch (error) {
    await boss.stop({ graceful: false });
    throw error;
  }
  return boss;
}

async function ensureQueue(boss: PgBoss, name: string, heartbeat: number | null): Promise<void> {
  const options = { ...queueOptions, ...(heartbeat === null ? {} : { heartbeatSeconds: heartbeat }) };
  await boss.createQueue(name, { ...options, policy: "stately" });
  // An existing queue keeps its options on create; a new release may have others.
  await boss.updateQueue(name, options);
}
