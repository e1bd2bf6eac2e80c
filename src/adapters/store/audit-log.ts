import { type Selectable, sql } from "kysely";
import { type AuditEntry, genesisHash, hashAuditEntry } from "../../core/audit/audit-entry.ts";
import { renderCanonical } from "../../core/audit/canonical-text.ts";
import { InternalError } from "../../core/problem.ts";
import type { AuditQuery, EffectResult, NewAuditEntry, OpenIntent, StoreOperations } from "../../ports/store.ts";
import type { Database, DatabaseTransaction, Session, Tables } from "./database.ts";

/** Entries that the store writes itself; callers may not use these prefixes. */
const reservedTypes = ["effect.", "record.", "store."];
const largestPage = 10_000;
const defaultPage = 1_000;

type AuditOperations = Pick<
  StoreOperations,
  "appendAudit" | "readAudit" | "readAuditHead" | "recordIntent" | "recordOutcome" | "openIntents" | "lastOutcome"
>;

/** The audit log over one session. */
export function createAuditOperations(session: Session): AuditOperations {
  const append = (phrase: string, entry: NewAuditEntry): Promise<AuditEntry> =>
    session.write(phrase, (db) => appendEntry(db, entry, session.now()));

  return {
    appendAudit(entry) {
      if (reservedTypes.some((prefix) => entry.type.startsWith(prefix))) {
        return Promise.reject(new InternalError(`audit type ${entry.type} is written by the store only`));
      }
      return append("failed to append to the audit log", entry);
    },
    readAudit: (query) => session.read("failed to read the audit log", (db) => readEntries(db, query)),
    readAuditHead: () => session.read("failed to read the end of the audit log", readHead),
    async recordIntent({ key, effect, subject, data }) {
      const entry = { type: "effect.intended", subject, key, data: { effect, data } };
      return (await append("failed to record an intent", entry)).seq;
    },
    recordOutcome: (key, result) =>
      session.write("failed to record an outcome", async (db) => {
        const intent = await readLast(db, key, "effect.intended");
        if (intent === undefined) throw new InternalError(`outcome without an intent: ${key}`);
        const entry = { type: "effect.ended", subject: intent.subject, key, data: result };
        return (await appendEntry(db, entry, session.now())).seq;
      }),
    openIntents: (subject) => session.read("failed to list open intents", (db) => readOpenIntents(db, subject)),
    lastOutcome: (key) =>
      session.read("failed to read an outcome", async (db) => {
        const outcome = await readLast(db, key, "effect.ended");
        return outcome === undefined ? undefined : parseResult(outcome);
      }),
  };
}

/**
 * Makes everybody else who appends wait until this transaction ends. Taken before any row of the same transaction is
 * locked, so that two writers cannot wait for each other.
 */
export async function lockAuditLog(db: DatabaseTransaction): Promise<void> {
  await sql`select pg_advisory_xact_lock(72834401)`.execute(db);
}

/** Appends within a transaction. */
export async function appendEntry(db: DatabaseTransaction, entry: NewAuditEntry, now: Date): Promise<AuditEntry> {
  await lockAuditLog(db);
  const head = await readHead(db);
  const data = renderCanonical(entry.data ?? null);
  const unsealed = {
    seq: (head?.seq ?? 0) + 1,
    at: now.toISOString(),
    type: entry.type.toWellFormed(),
    subject: entry.subject.toWellFormed(),
    key: entry.key?.toWellFormed() ?? null,
    data: parseJson(data),
    previousHash: head?.hash ?? genesisHash,
  };
  const sealed = { ...unsealed, hash: hashAuditEntry(unsealed) };
  const { previousHash, ...columns } = sealed;
  await db
    .insertInto("routeward.audit")
    .values({ ...columns, data, previous_hash: previousHash })
    .execute();
  return sealed;
}

/** Entries from `from` on, oldest first, one page. */
export async function readEntries(db: Database, query: AuditQuery): Promise<AuditEntry[]> {
  let select = db
    .selectFrom("routeward.audit")
    .selectAll()
    .where("seq", ">=", query.from ?? 1)
    .orderBy("seq")
    .limit(Math.min(query.limit ?? defaultPage, largestPage));
  if (query.subjectPrefix !== undefined) {
    select = select.where(sql<boolean>`starts_with(subject, ${query.subjectPrefix})`);
  }
  return (await select.execute()).map(parseAuditRow);
}

/** A row as an entry. Data that is no JSON any more is answered as text, which no hash fits. */
export function parseAuditRow(row: Selectable<Tables["routeward.audit"]>): AuditEntry {
  const { at, type, subject, key, hash } = row;
  return {
    seq: Number(row.seq),
    at,
    type,
    subject,
    key,
    data: parseJson(row.data),
    previousHash: row.previous_hash,
    hash,
  };
}

async function readHead(db: Database): Promise<AuditEntry | undefined> {
  const row = await db.selectFrom("routeward.audit").selectAll().orderBy("seq", "desc").limit(1).executeTakeFirst();
  return row === undefined ? undefined : parseAuditRow(row);
}

async function readLast(db: Database, key: string, type: string): Promise<AuditEntry | undefined> {
  const row = await db
    .selectFrom("routeward.audit")
    .selectAll()
    .where("key", "=", key)
    .where("type", "=", type)
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : parseAuditRow(row);
}

async function readOpenIntents(db: Database, subject: string | undefined): Promise<OpenIntent[]> {
  let select = db
    .selectFrom("routeward.audit as intent")
    .selectAll()
    .where("type", "=", "effect.intended")
    .where(
      sql<boolean>`not exists (select from routeward.audit later where later.key = intent.key
        and later.seq > intent.seq and later.type in ('effect.intended', 'effect.ended'))`,
    )
    .orderBy("seq");
  if (subject !== undefined) select = select.where("subject", "=", subject);
  return (await select.execute()).map((row) => parseIntent(parseAuditRow(row)));
}

function parseIntent(entry: AuditEntry): OpenIntent {
  const { seq, at, subject, key } = entry;
  const effect = readMember(entry.data, "effect");
  if (key === null || typeof effect !== "string") throw new InternalError(`audit ${seq} is no intent`);
  return { seq, at, subject, key, effect, data: readMember(entry.data, "data") };
}

function parseResult(entry: AuditEntry): EffectResult {
  const status = readMember(entry.data, "status");
  if (status !== "done" && status !== "failed" && status !== "unnecessary") {
    throw new InternalError(`audit ${entry.seq} is no outcome`);
  }
  const data = readMember(entry.data, "data");
  return data === undefined ? { status } : { status, data };
}

function readMember(data: unknown, name: string): unknown {
  return typeof data === "object" && data !== null ? Reflect.get(data, name) : undefined;
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}
