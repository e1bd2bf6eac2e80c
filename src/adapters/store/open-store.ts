import { Kysely, PGliteDialect, PostgresDialect } from "kysely";
import type { JobQueue } from "../../ports/queue.ts";
import type { Store, StoreError } from "../../ports/store.ts";
import { createStore } from "./create-store.ts";
import type { Database, Tables } from "./database.ts";
import { openPglite } from "./open-pglite.ts";
import { openPostgres } from "./open-postgres.ts";
import { type JobFailure, createJobQueue } from "./queue/job-queue.ts";
import type { QueueEngine } from "./queue/open-queue.ts";
import { runMigrations } from "./run-migrations.ts";
import { guardStore } from "./store-failure.ts";

/** A directory for the embedded store, or a PostgreSQL that several replicas share (SPEC 4, DATA_DIR and DATABASE_URL). */
export type StoreLocation = { dataDir: string } | { databaseUrl: string };

/** The durable base of one process. */
export interface OpenedStore {
  store: Store;
  queue: JobQueue;
  /** Stops the queue, giving work in hand `graceMs` (default 1,000) to finish, and closes the database. Repeatable. */
  close(options?: { graceMs?: number }): Promise<void>;
}

/** Where trouble in the background goes; the app hands in its log. Nothing is reported when absent. */
export interface StoreReports {
  /** Something failed that nobody waits for: a lost connection, a warning of the queue. */
  reportTrouble?: (error: unknown) => void;
  /**
   * The embedded store can no longer be used (the disk refused to flush): every call rejects from now on. End the process;
   * the next one reads what really is on the disk.
   */
  reportBroken?: (failure: StoreError) => void;
  /** A job's handler threw; the job will run again. */
  reportFailure?: (failure: JobFailure) => void;
}

/**
 * Opens store and queue, which live in one database so that a delivery and its job are one commit (facts/storage.md).
 * `now` is the clock for every time that is written.
 *
 * @throws StoreError when the database does not answer, is in use, is newer than this program, or is not durable.
 */
export async function openStore(
  location: StoreLocation,
  now: () => Date,
  reports: StoreReports = {},
): Promise<OpenedStore> {
  const reportTrouble = reports.reportTrouble ?? ignore;
  const engine = await openEngine(location, reportTrouble, reports.reportBroken ?? ignore);
  try {
    await guardStore("failed to migrate the store", () => runMigrations(engine.db, now));
    const { store, findTransaction } = createStore(engine.db, now);
    const reportFailure = reports.reportFailure ?? ignore;
    const queue = await createJobQueue(engine.queueEngine, { db: engine.db, findTransaction, now, reportFailure });
    const closeAll = async (graceMs: number): Promise<void> => {
      try {
        await queue.stop({ graceMs });
      } finally {
        await guardStore("failed to close the store", engine.close);
      }
    };
    let closing: Promise<void> | undefined;
    return { store, queue, close: ({ graceMs = 1_000 } = {}) => (closing ??= closeAll(graceMs)) };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

interface Engine {
  db: Database;
  queueEngine: QueueEngine;
  close: () => Promise<void>;
}

async function openEngine(
  location: StoreLocation,
  report: (error: unknown) => void,
  reportBroken: (failure: StoreError) => void,
): Promise<Engine> {
  if ("databaseUrl" in location) {
    const { databaseUrl } = location;
    const pool = await openPostgres(databaseUrl, report);
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    return { db, queueEngine: { kind: "postgresql", databaseUrl, report }, close: () => db.destroy() };
  }
  const embedded = await openPglite(location.dataDir);
  const { pglite } = embedded;
  void embedded.broken.then(reportBroken);
  const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
  return { db, queueEngine: { kind: "pglite", pglite, report }, close: () => embedded.close() };
}

function ignore(): void {
  // Callers that want to know pass a report.
}
