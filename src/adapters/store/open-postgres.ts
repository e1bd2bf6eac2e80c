import { Pool } from "pg";
import { guardStore } from "./store-failure.ts";

const poolSize = 10;
const connectTimeoutMs = 5_000;
/** A transaction that a hung process left open must not hold the audit log for ever. */
const idleInTransactionMs = 60_000;

/** Connects to PostgreSQL 15 or newer. @throws StoreError when it does not answer. */
export async function openPostgres(databaseUrl: string, report: (error: unknown) => void): Promise<Pool> {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    application_name: "routeward",
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on("error", report);
  try {
    await guardStore("PostgreSQL does not answer", () => pool.query("select 1"));
  } catch (error) {
    await pool.end();
    throw error;
  }
  return pool;
}
