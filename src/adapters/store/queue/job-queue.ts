import { setTimeout as sleep } from "node:timers/promises";
import { fromKysely, type JobWithMetadata, type PgBoss } from "pg-boss";
import { InternalError, cut } from "../../../core/problem.ts";
import { type JobData, type JobHandler, type JobQueue, type JobTiming, type QueueName } from "../../../ports/queue.ts";
import { type StoreTransaction, StoreError } from "../../../ports/store.ts";
import type { Database, DatabaseTransaction } from "../database.ts";
import { guardStore } from "../store-failure.ts";
import { countJobs, hasNewerJob, lockKey, returnFailedJob } from "./job-table.ts";
import { type QueueEngine, openQueue } from "./open-queue.ts";

export interface JobQueueOptions {
  /** The database that `engine` lies in. */
  db: Database;
  findTransaction: (tx: StoreTransaction) => DatabaseTransaction | undefined;
  now: () => Date;
  /** Told about a failed run, the error with it; for the log. */
  reportFailure: (failure: JobFailure) => void;
}

/** One failed run of a job. */
export interface JobFailure {
  queue: QueueName;
  key: string;
  attempt: number;
  error: unknown;
}

const defaultConcurrency = 4;
/** Notifications wake the workers; this only finds delayed and repeated jobs and what a lost notification left. */
const pollSeconds = 1;
const longestKey = 1_000;
const longestReason = 500;
const longestPauseSeconds = 900;

/** The job queue over pg-boss. `engine` says where its tables are. */
export async function createJobQueue(engine: QueueEngine, options: JobQueueOptions): Promise<JobQueue> {
  const boss = await guardStore("failed to start the job queue", () => openQueue(engine, options.db));
  const { db, now } = options;
  const working = new Set<QueueName>();
  let stopping: Promise<void> | undefined;

  const upsert = async (
    trx: DatabaseTransaction,
    job: { queue: QueueName; key: string; data: JobData; timing: JobTiming },
  ): Promise<void> => {
    await lockKey(trx, job.queue, job.key);
    const startAfter = describeStart(job.timing, now());
    await boss.upsert(job.queue, job.data, { singletonKey: job.key, startAfter, db: fromKysely(trx) });
  };
  const within = (tx: StoreTransaction): DatabaseTransaction => {
    const trx = options.findTransaction(tx);
    if (trx === undefined) throw new InternalError("the transaction is not one of this store, or it has ended");
    return trx;
  };

  return {
    async enqueue(queue, key, data, timing = {}) {
      requireKey(key);
      await guardStore(`failed to enqueue a ${queue} job`, () =>
        db.transaction().execute((trx) => upsert(trx, { queue, key, data, timing })),
      );
    },
    async enqueueIn(tx, queue, key, data, timing = {}) {
      requireKey(key);
      const trx = within(tx);
      await guardStore(`failed to enqueue a ${queue} job`, () => upsert(trx, { queue, key, data, timing }));
    },
    async enqueueNewIn(tx, queue, jobs) {
      for (const { key } of jobs) requireKey(key);
      const trx = within(tx);
      if (jobs.length === 0) return;
      const rows = jobs.map(({ key, data }) => ({ singletonKey: key, data }));
      await guardStore(`failed to enqueue ${queue} jobs`, () => boss.insert(queue, rows, { db: fromKysely(trx) }));
    },
    async work(queue, handler, { concurrency = defaultConcurrency } = {}) {
      if (working.has(queue)) throw new InternalError(`queue ${queue} has its workers already`);
      working.add(queue);
      for (let count = 0; count < concurrency; count += 1) {
        await guardStore(`failed to work on ${queue}`, () => startWorker(boss, queue, handler, options));
      }
    },
    countJobs: () => guardStore("failed to count jobs", () => countJobs(db)),
    async waitUntilIdle(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const counts = await guardStore("failed to count jobs", () => countJobs(db));
        if (counts.every(({ waiting, running }) => waiting + running === 0)) return;
        if (performance.now() > deadline) throw new StoreError("jobs are still waiting", { retryable: true });
        await sleep(20);
      }
    },
    stop({ graceMs }) {
      stopping ??= guardStore("failed to stop the job queue", () => boss.stop({ graceful: true, timeout: graceMs }));
      return stopping;
    },
  };
}

/** One worker that runs one job at a time and asks for the next as soon as it has finished. */
async function startWorker(
  boss: PgBoss,
  queue: QueueName,
  handler: JobHandler,
  options: JobQueueOptions,
): Promise<void> {
  let worker: string | undefined;
  worker = await boss.work(
    queue,
    { includeMetadata: true, pollingIntervalSeconds: pollSeconds, notifyPollingIntervalSeconds: pollSeconds },
    async (jobs: JobWithMetadata<JobData>[]) => {
      for (const job of jobs) await runJob(queue, job, handler, options);
      // pg-boss would sleep until the next poll although more jobs may be waiting.
      if (worker !== undefined) boss.notifyWorker(worker);
    },
  );
}

async function runJob(
  queue: QueueName,
  job: JobWithMetadata<JobData>,
  handler: JobHandler,
  options: JobQueueOptions,
): Promise<void> {
  const key = job.singletonKey ?? "";
  const attempt = job.retryCount + 1;
  // A job that a dead process left is older than one that came since; the newer one does the work.
  if (await hasNewerJob(options.db, queue, job)) return;
  const failure = await catchFailure(() => handler({ queue, key, data: job.data, attempt, signal: job.signal }));
  if (failure === undefined) return;
  options.reportFailure({ queue, key, attempt, error: failure.error });
  const pauseSeconds = chooseRetryPause(attempt);
  const reason = describeError(failure.error);
  // Not left to pg-boss: it can put the failed job beside a newer one, and would then give up the newer.
  await options.db.transaction().execute(async (trx) => {
    await lockKey(trx, queue, key);
    await returnFailedJob(trx, { queue, id: job.id, retryCount: job.retryCount, pauseSeconds, reason });
  });
}

/** 1-2 s after the first failure, twice as long after each further one, a quarter of an hour in the end. */
function chooseRetryPause(attempt: number): number {
  return Math.min(longestPauseSeconds, 2 ** Math.min(attempt - 1, 16) * (1 + Math.random()));
}

async function catchFailure(work: () => Promise<void>): Promise<{ error: unknown } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** The message only: an HTTP error's fields hold tokens. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  const [firstLine = ""] = error.message.split("\n", 1);
  return cut(`${error.name}: ${firstLine}`, longestReason);
}

/** Seconds from now. Relative, so that only the database's clock decides when it is due. */
function describeStart({ delayMs = 0, startAt }: JobTiming, now: Date): number {
  const untilStart = startAt === undefined ? 0 : startAt.getTime() - now.getTime();
  return Math.max(0, Math.round(delayMs), untilStart) / 1000;
}

function requireKey(key: string): void {
  if (key === "" || key.length > longestKey || key.includes("\0")) throw new InternalError("bad job key");
}
