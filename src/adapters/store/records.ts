import { type Selectable, sql } from "kysely";
import { createHash } from "node:crypto";
import { renderCanonical } from "../../core/audit/canonical-text.ts";
import { InternalError } from "../../core/problem.ts";
import {
  type RecordKind,
  type RecordRemoval,
  type RecordWrite,
  StaleVersionError,
  type StoreOperations,
  type StoredRecord,
  UnreadableRecordError,
} from "../../ports/store.ts";
import { appendEntry, lockAuditLog } from "./audit-log.ts";
import type { Database, DatabaseTransaction, Session, Tables } from "./database.ts";

type RecordOperations = Pick<StoreOperations, "getRecord" | "putRecord" | "deleteRecord" | "listRecords">;

const kindPattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Versioned records over one session. */
export function createRecordOperations(session: Session): RecordOperations {
  return {
    getRecord: (kind, key) =>
      session.read(`failed to read record ${kind.name}`, async (db) => {
        const row = await readRow(db, kind.name, key);
        return row === undefined ? undefined : parseRecord(kind, row);
      }),
    putRecord: (write) =>
      session.write(`failed to write record ${write.kind.name}`, (db) => writeRecord(db, write, session.now())),
    deleteRecord: (removal) =>
      session.write(`failed to delete record ${removal.kind.name}`, (db) => removeRecord(db, removal, session.now())),
    listRecords: (kind, prefix = "") =>
      session.read(`failed to list records ${kind.name}`, async (db) => {
        const rows = await db
          .selectFrom("routeward.records")
          .selectAll()
          .where("kind", "=", kind.name)
          .where(sql<boolean>`starts_with(key, ${prefix})`)
          .orderBy("key")
          .execute();
        return rows.map((row) => parseRecord(kind, row));
      }),
  };
}

/** Hex SHA-256 of text as UTF-8. */
export function digestText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function readRow(db: Database, kind: string, key: string): Promise<RecordRow | undefined> {
  return db
    .selectFrom("routeward.records")
    .selectAll()
    .where("kind", "=", kind)
    .where("key", "=", key)
    .executeTakeFirst();
}

type RecordRow = Selectable<Tables["routeward.records"]>;

function parseRecord<Value>(kind: RecordKind<Value>, row: RecordRow): StoredRecord<Value> {
  const { key, version, digest } = row;
  const fail = (reason: string, cause?: unknown): never => {
    throw new UnreadableRecordError({ kind: kind.name, key, reason, cause });
  };
  if (digestText(row.value) !== digest) return fail("its digest does not fit its value");
  let data: unknown;
  try {
    data = JSON.parse(row.value);
  } catch (cause) {
    return fail("it is not JSON", cause);
  }
  const parsed = kind.schema.safeParse(data);
  if (!parsed.success) return fail("it does not fit its schema", parsed.error);
  return { key, value: parsed.data, version, digest, updatedAt: row.updated_at };
}

async function writeRecord<Value>(
  db: DatabaseTransaction,
  write: RecordWrite<Value>,
  now: Date,
): Promise<StoredRecord<Value>> {
  const { kind, key, expectedVersion } = write;
  if (!kindPattern.test(kind.name)) throw new InternalError(`bad record kind ${kind.name}`);
  const value = renderCanonical(write.value);
  const row = {
    kind: kind.name,
    key,
    version: expectedVersion + 1,
    value,
    digest: digestText(value),
    updated_at: now.toISOString(),
  };
  const record = parseWritten(kind, row);
  await lockAuditLog(db);
  await requireVersion(db, kind.name, key, expectedVersion);
  if (expectedVersion === 0) await db.insertInto("routeward.records").values(row).execute();
  else {
    await db.updateTable("routeward.records").set(row).where("kind", "=", kind.name).where("key", "=", key).execute();
  }
  await appendRecordEntry(db, "record.put", { ...write, version: row.version, digest: row.digest }, now);
  return record;
}

/** What we could not read back must not be written: the mistake is ours and belongs to the writer, not to the next reader. */
function parseWritten<Value>(kind: RecordKind<Value>, row: RecordRow): StoredRecord<Value> {
  try {
    return parseRecord(kind, row);
  } catch (cause) {
    throw new InternalError(`record ${kind.name} was to be written in a form that cannot be read`, { cause });
  }
}

async function removeRecord(db: DatabaseTransaction, removal: RecordRemoval, now: Date): Promise<void> {
  const { kind, key, expectedVersion } = removal;
  await lockAuditLog(db);
  const row = await requireVersion(db, kind.name, key, expectedVersion);
  if (row === undefined) throw new StaleVersionError({ kind: kind.name, key, expectedVersion, actualVersion: 0 });
  await db.deleteFrom("routeward.records").where("kind", "=", kind.name).where("key", "=", key).execute();
  await appendRecordEntry(db, "record.deleted", { ...removal, version: row.version, digest: row.digest }, now);
}

/** All writers of records hold the audit lock, so what is read here stays true until the transaction ends. */
async function requireVersion(
  db: DatabaseTransaction,
  kind: string,
  key: string,
  expectedVersion: number,
): Promise<RecordRow | undefined> {
  const row = await readRow(db, kind, key);
  const actualVersion = row?.version ?? 0;
  if (actualVersion !== expectedVersion) throw new StaleVersionError({ kind, key, expectedVersion, actualVersion });
  return row;
}

async function appendRecordEntry(
  db: DatabaseTransaction,
  type: string,
  change: RecordRemoval & { version: number; digest: string },
  now: Date,
): Promise<void> {
  const record = { kind: change.kind.name, key: change.key, version: change.version, digest: change.digest };
  const { subject, data } = change.audit;
  await appendEntry(db, { type, subject, data: { record, data } }, now);
}
