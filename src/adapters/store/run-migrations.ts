import { sql } from "kysely";
import { StoreError } from "../../ports/store.ts";
import { appendEntry } from "./audit-log.ts";
import type { Database } from "./database.ts";
import { type Migration, migrations } from "./migrations.ts";
import { digestText } from "./records.ts";

/**
 * Brings the schema to the newest version, each step in a transaction of its own with its audit entry. Replicas that start
 * together wait for each other.
 *
 * @throws StoreError, not retryable, when the database was written by a newer Routeward.
 */
export async function runMigrations(db: Database, now: () => Date): Promise<void> {
  for (const migration of migrations) await runMigration(db, migration, now());
  const newest = migrations.at(-1)?.version ?? 0;
  const found = await db
    .selectFrom("routeward.schema_version")
    .select(({ fn }) => fn.max("version").as("version"))
    .executeTakeFirst();
  if (found !== undefined && found.version > newest) {
    const message = `the store has schema version ${found.version}, this Routeward knows ${newest}: start the newer one`;
    throw new StoreError(message, { retryable: false });
  }
}

async function runMigration(db: Database, migration: Migration, now: Date): Promise<void> {
  const { version, name, statements } = migration;
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(72834400)`.execute(trx);
    await sql`create schema if not exists routeward`.execute(trx);
    await sql`create table if not exists routeward.schema_version (
      version integer primary key, name text not null, applied_at text not null
    )`.execute(trx);
    const applied = await trx
      .selectFrom("routeward.schema_version")
      .select("version")
      .where("version", "=", version)
      .executeTakeFirst();
    if (applied !== undefined) return;
    for (const statement of statements) await sql.raw(statement).execute(trx);
    const digest = digestText(statements.join(";\n"));
    const entry = { type: "store.migrated", subject: `schema/${version}`, data: { version, name, digest } };
    const { at } = await appendEntry(trx, entry, now);
    await trx.insertInto("routeward.schema_version").values({ version, name, applied_at: at }).execute();
  });
}
