import type { Kysely, Transaction } from "kysely";

/**
 * The tables of Routeward, in the schema `routeward`; `migrations.ts` makes them. Times are ISO 8601 text, because audit
 * hashes cover the exact text and text has the same precision in every engine and driver.
 */
export interface Tables {
  "routeward.schema_version": SchemaVersionTable;
  "routeward.deliveries": DeliveryTable;
  "routeward.records": RecordTable;
  "routeward.audit": AuditTable;
}

export type Database = Kysely<Tables>;
export type DatabaseTransaction = Transaction<Tables>;

interface SchemaVersionTable {
  version: number;
  name: string;
  applied_at: string;
}

interface DeliveryTable {
  guid: string;
  event: string;
  action: string | null;
  /** The drivers answer 64-bit numbers as text or number. */
  installation_id: number | string | null;
  received_at: string;
  body: string;
  sha256: string;
  attempts: number;
  last_error: string | null;
  done_at: string | null;
  /** SHA-256 over all columns but body; sha256 stands for that. */
  seal: string;
}

interface RecordTable {
  kind: string;
  key: string;
  version: number;
  value: string;
  digest: string;
  updated_at: string;
}

interface AuditTable {
  seq: number | string;
  at: string;
  type: string;
  subject: string;
  key: string | null;
  data: string;
  previous_hash: string;
  hash: string;
}

/**
 * How the operations reach the database. `read` is for single statements that need no transaction; `write` runs in one: a
 * new one for the store itself, the caller's inside `transaction`.
 */
export interface Session {
  read<T>(phrase: string, work: (db: Database) => Promise<T>): Promise<T>;
  write<T>(phrase: string, work: (db: DatabaseTransaction) => Promise<T>): Promise<T>;
  now: () => Date;
}
