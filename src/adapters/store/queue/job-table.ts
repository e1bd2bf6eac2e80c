import { sql } from "kysely";
import { type QueueCount, type QueueName, parkedAfter, queueNames } from "../../../ports/queue.ts";
import type { Database, DatabaseTransaction } from "../database.ts";

/*
 * Statements on pg-boss's job table that it has no call for. Written for the table of pg-boss 12.38, which is pinned.
 * Job states are an ordered type: created < retry < active < completed; below active a job waits.
 */

interface CountRow {
  name: string;
  waiting: number | string;
  scheduled: number | string;
  running: number | string;
  parked: number | string;
}

/** How many jobs are in which state, one entry per queue. */
export async function countJobs(db: Database): Promise<QueueCount[]> {
  const { rows } = await sql<CountRow>`select name,
      count(*) filter (where state < 'active' and retry_count < ${parkedAfter} and start_after <= now()) as waiting,
      count(*) filter (where state < 'active' and retry_count < ${parkedAfter} and start_after > now()) as scheduled,
      count(*) filter (where state = 'active') as running,
      count(*) filter (where state < 'active' and retry_count >= ${parkedAfter}) as parked
    from pgboss.job where name = any(${[...queueNames]}) and state <= 'active' group by name`.execute(db);
  const byName = new Map(rows.map((row) => [row.name, row]));
  return queueNames.map((queue) => {
    const row = byName.get(queue);
    return {
      queue,
      waiting: Number(row?.waiting ?? 0),
      scheduled: Number(row?.scheduled ?? 0),
      running: Number(row?.running ?? 0),
      parked: Number(row?.parked ?? 0),
    };
  });
}

/** Makes everybody else who adds or returns a job of this key wait until the transaction ends. */
export async function lockKey(trx: DatabaseTransaction, queue: QueueName, key: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(72834402, hashtext(${`${queue} ${key}`}))`.execute(trx);
}

/** Whether a job of the same key came later than this one and is due. */
export async function hasNewerJob(
  db: Database,
  queue: QueueName,
  job: { singletonKey: string | null; createdOn: Date },
): Promise<boolean> {
  const { rows } = await sql`select 1 from pgboss.job where name = ${queue} and singleton_key = ${job.singletonKey}
    and state < 'active' and start_after <= now() and created_on > ${job.createdOn} limit 1`.execute(db);
  return rows.length > 0;
}

/**
 * Puts a job whose run failed back, to start after the pause, unless another job of its key waits: that one is newer and
 * does the work. Does nothing when this run lost its claim on the job. Needs the key's lock.
 */
export async function returnFailedJob(
  trx: DatabaseTransaction,
  job: { queue: QueueName; id: string; retryCount: number; pauseSeconds: number; reason: string },
): Promise<void> {
  const output = JSON.stringify({ message: job.reason });
  await sql`update pgboss.job failed
    set state = 'retry', start_after = now() + ${job.pauseSeconds}::float8 * interval '1 second',
      heartbeat_on = null, output = ${output}::text::jsonb
    where failed.name = ${job.queue} and failed.id = ${job.id} and failed.state = 'active'
      and failed.retry_count = ${job.retryCount} and not exists (${waitingSibling("failed")})`.execute(trx);
}

/**
 * Gives back what a process that died had in hand. Only right when nobody else can be running, which the directory lock
 * proves. Where a newer job of the key waits already, that one does the work.
 */
export async function returnActiveJobs(db: Database): Promise<void> {
  const ours = [...queueNames];
  await db.transaction().execute(async (trx) => {
    await sql`delete from pgboss.job died
      where died.state = 'active' and died.name = any(${ours}) and exists (${waitingSibling("died")})`.execute(trx);
    await sql`update pgboss.job set state = 'retry', start_after = now(), heartbeat_on = null
      where state = 'active' and name = any(${ours})`.execute(trx);
  });
}

function waitingSibling(job: "failed" | "died"): ReturnType<typeof sql> {
  const table = sql.ref(job);
  return sql`select 1 from pgboss.job waiting where waiting.name = ${table}.name
    and waiting.singleton_key = ${table}.singleton_key and waiting.state < 'active'`;
}
