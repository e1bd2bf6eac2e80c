import type { StoreTransaction } from "./store.ts";

/**
 * The work to do and the form of its keys (SPEC 18).
 * - `delivery`: a stored webhook; key is its guid
 * - `pull`: judge one pull request, key `repositoryId#number`, or one merge-queue group, key `repositoryId#group:<head commit>`
 * - `flag`: move or check one flag; key is `binding/flagKey`
 * - `sweep`: look for what was missed; key is what is swept
 * - `watch`: read the guardrails of everything that is live; key is the binding. A queue of its own, so that neither a slow
 *   sweep nor a flag's job takes its turn, and it takes nobody's
 */
export type QueueName = "delivery" | "pull" | "flag" | "sweep" | "watch";

/** All queues, in the order in which they are shown. */
export const queueNames: readonly QueueName[] = ["delivery", "pull", "flag", "sweep", "watch"];

/** Plain JSON data. A hint: between two replicas an older payload may run last, so handlers re-read the state by key. */
export type JobData = Readonly<Record<string, unknown>>;

/** When a job may start; at once when empty. Both given: the later one. */
export interface JobTiming {
  delayMs?: number;
  startAt?: Date;
}

/** One run of a job. */
export interface Job {
  queue: QueueName;
  key: string;
  data: JobData;
  /** 1 for the first run, one more after each failure or crash. */
  attempt: number;
  /** Aborted when the grace of `stop` is over or the job ran longer than its limit. Stop at the next safe point. */
  signal: AbortSignal;
}

/** Does the work. Must be repeatable: a crash or a lost lease runs the same job again. Throwing means "try again later". */
export type JobHandler = (job: Job) => Promise<void>;

/**
 * The durable job queue. For each queue and key at most one job runs and at most one waits, and the newest data wins:
 * a job that arrives while its key runs waits for it, and one that arrives while another waits takes its place. Other keys
 * flow past. Rejects with `StoreError` when the database fails.
 */
export interface JobQueue {
  /** Puts a job in the queue, durably when it resolves. A waiting job of the key gets this data and this time. */
  enqueue(queue: QueueName, key: string, data: JobData, timing?: JobTiming): Promise<void>;
  /** The same within a store transaction: the job exists exactly when the transaction commits. */
  enqueueIn(tx: StoreTransaction, queue: QueueName, key: string, data: JobData, timing?: JobTiming): Promise<void>;
  /**
   * The same for many jobs at once, for jobs whose key says everything: a key that has a job waiting keeps that one as it
   * is. Cheaper than `enqueueIn` for each.
   */
  enqueueNewIn(tx: StoreTransaction, queue: QueueName, jobs: readonly { key: string; data: JobData }[]): Promise<void>;
  /**
   * Starts running the jobs of a queue in this process, `concurrency` at a time (default 4). Once per queue.
   * A handler that throws is tried again with growing, jittered pauses, and never given up: after `parkedAfter` attempts the
   * job counts as parked and is tried every quarter of an hour. A newer job of the same key replaces a failed one.
   */
  work(queue: QueueName, handler: JobHandler, options?: { concurrency?: number }): Promise<void>;
  /** Numbers for `/metrics`, one entry per queue in the order of `queueNames`. */
  countJobs(): Promise<QueueCount[]>;
  /** Resolves when no job that may start now is waiting or running; for tests and the demo. Jobs set for later do not count. */
  waitUntilIdle(timeoutMs: number): Promise<void>;
  /**
   * Takes no new work, waits up to `graceMs` for the work in hand, then aborts what is left and returns it to the queue.
   * Repeatable. The store stays open.
   */
  stop(options: { graceMs: number }): Promise<void>;
}

/** After this many failed attempts a job counts as parked. */
export const parkedAfter = 10;

/** How many jobs of one queue are in which state. `parked` ones are not counted in `waiting` or `scheduled`. */
export interface QueueCount {
  queue: QueueName;
  /** May start now. */
  waiting: number;
  /** Set for later, or pausing after a failure. */
  scheduled: number;
  running: number;
  parked: number;
}
