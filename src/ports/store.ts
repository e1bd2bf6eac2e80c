import type { ZodType } from "zod";
import type { AuditEntry } from "../core/audit/audit-entry.ts";
import type { AuditFinding } from "../core/audit/verify-audit-export.ts";

export type { AuditEntry } from "../core/audit/audit-entry.ts";

/**
 * The durable memory of Routeward: webhook deliveries, versioned records and the append-only audit log
 * (SPEC 14 and 18, facts/storage.md). Everything that a method reports as done is on disk.
 *
 * Every method rejects with `StoreError` when the database fails; further errors are named at the method.
 * Times written by the store come from the clock it was opened with.
 */
export interface Store extends StoreOperations {
  /**
   * Runs `work` in one database transaction and commits when it resolves. When it rejects, nothing of it remains and the
   * same error comes out. Use only `tx` inside: the embedded database has one connection, and a call on the store
   * itself would wait for the transaction that waits for it. Keep network calls out of it.
   */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>;
  /** The whole audit log from `from` (default 1) as JSON Lines without line ends, oldest first. `verifyAuditExport` reads it. */
  exportAudit(from?: number): AsyncIterable<string>;
  /** Checks everything that can be checked and changes nothing. An empty list means proven. */
  verifyStore(): Promise<StoreFinding[]>;
  /** Deletes deliveries that were finished before `before`, at most 10,000 a call. Answers how many went. */
  purgeDeliveries(before: Date): Promise<number>;
  /** Rejects with `StoreError` when the database does not answer a trivial query; for `/ready`. */
  ping(): Promise<void>;
}

/** The same operations inside a transaction: they are kept when it commits and gone when it does not. */
export interface StoreTransaction extends StoreOperations {
  /** Only tells the two apart for the compiler, so that a store is never passed where a transaction is needed. */
  readonly isTransaction: true;
}

/** What can be done both directly (each call commits by itself) and inside `transaction`. */
export interface StoreOperations {
  /**
   * Keeps a delivery if its guid is new. `already-stored`: known and not done yet, its work must run (again).
   * `already-done`: nothing may run for it.
   */
  storeDelivery(delivery: NewDelivery): Promise<StoredDelivery>;
  /** The same for many at once, answers in their order. A guid that stands twice counts as stored before the second time. */
  storeDeliveries(deliveries: readonly NewDelivery[]): Promise<StoredDelivery[]>;
  getDelivery(guid: string): Promise<Delivery | undefined>;
  /** Marks the delivery's work as finished. Repeatable. Unknown guids are ignored. */
  markDeliveryDone(guid: string): Promise<void>;
  /** Counts a failed attempt and keeps a short reason. The delivery stays unfinished. Does nothing once it is done. */
  markDeliveryFailed(guid: string, reason: string): Promise<void>;
  /** Deliveries that are not done, oldest first, without their bodies. `limit` defaults to 1,000. */
  listUnfinishedDeliveries(limit?: number): Promise<Omit<Delivery, "body">[]>;

  /**
   * Reads a record, or undefined when there is none.
   *
   * @throws UnreadableRecordError when the stored value does not fit the kind's schema or its digest.
   */
  getRecord<Value>(kind: RecordKind<Value>, key: string): Promise<StoredRecord<Value> | undefined>;
  /**
   * Writes a record and appends its audit entry in the same transaction. `expectedVersion` is the version that was
   * read, 0 for a record that must not exist yet.
   *
   * @throws StaleVersionError when somebody else wrote in between. Read again and decide again.
   */
  putRecord<Value>(write: RecordWrite<Value>): Promise<StoredRecord<Value>>;
  /** Deletes a record and appends its audit entry. @throws StaleVersionError as `putRecord`, also when it is gone. */
  deleteRecord(removal: RecordRemoval): Promise<void>;
  /** All records of a kind whose key begins with `prefix`, sorted by key. @throws UnreadableRecordError for the first bad one. */
  listRecords<Value>(kind: RecordKind<Value>, prefix?: string): Promise<StoredRecord<Value>[]>;

  /** Appends one entry to the hash chain. */
  appendAudit(entry: NewAuditEntry): Promise<AuditEntry>;
  /** Reads entries with `seq >= from`, oldest first. */
  readAudit(query: AuditQuery): Promise<AuditEntry[]>;
  /** The newest entry: its hash proves everything before it. Undefined in an empty log. */
  readAuditHead(): Promise<AuditEntry | undefined>;
  /**
   * Written before an effect on the outside world. `key` is the effect's idempotency key; an effect that is tried again
   * writes a new intent under the same key. Answers the entry's seq.
   */
  recordIntent(intent: EffectIntent): Promise<number>;
  /** Written after the effect. It closes every earlier intent with this key. @throws InternalError without such an intent. */
  recordOutcome(key: string, result: EffectResult): Promise<number>;
  /** Effects that were begun and have no outcome yet, the newest intent of each key, oldest first; for one subject when given. */
  openIntents(subject?: string): Promise<OpenIntent[]>;
  /** The last outcome of this effect, however often it was tried; undefined when it has none. */
  lastOutcome(key: string): Promise<EffectResult | undefined>;
}

/** A webhook delivery as it arrived. `guid` is the same on every redelivery (facts/github.md section 1). */
export interface NewDelivery {
  guid: string;
  event: string;
  /** The payload's `action`, null when the event has none. */
  action: string | null;
  installationId: number | null;
  /** The raw body, exactly as it was signed. */
  body: string;
}

/** A stored delivery. Times are ISO 8601 with milliseconds, UTC. */
export interface Delivery extends NewDelivery {
  receivedAt: string;
  /** Hex SHA-256 of the body's UTF-8 bytes. */
  sha256: string;
  /** How often its work has failed. */
  attempts: number;
  /** Why it failed last, null when it did not. */
  lastError: string | null;
  doneAt: string | null;
}

/** What became of a delivery that was handed in. */
export type StoredDelivery = "stored" | "already-stored" | "already-done";

/**
 * A kind of state: its name in the store and the schema that every value read must pass. Declare one constant per kind
 * beside the type it keeps. Names are lower case words joined by `-`, and are never reused for another shape.
 */
export interface RecordKind<Value> {
  readonly name: string;
  readonly schema: ZodType<Value>;
}

/** A record as it stands. `version` counts writes from 1. `digest` is the hex SHA-256 of the value's canonical JSON (RFC 8785). */
export interface StoredRecord<Value> {
  key: string;
  value: Value;
  version: number;
  digest: string;
  /** ISO 8601 with milliseconds, UTC. */
  updatedAt: string;
}

/** A write of one record. The value must be plain JSON data; undefined members are left out. */
export interface RecordWrite<Value> {
  kind: RecordKind<Value>;
  key: string;
  value: Value;
  /** The version that was read; 0 when the record must be new. */
  expectedVersion: number;
  /** What the audit log says about it: who or what caused the write, for a person who reconstructs the decision. */
  audit: RecordAudit;
}

/** The removal of one record. */
export interface RecordRemoval {
  kind: RecordKind<unknown>;
  key: string;
  expectedVersion: number;
  audit: RecordAudit;
}

/** What the audit entry of a record says besides kind, key, version and digest. */
export interface RecordAudit {
  /** What it belongs to, for example `pull/123#45`; `readAudit` filters by prefixes of it. */
  subject: string;
  /** Plain JSON data. */
  data?: unknown;
}

/** An audit entry to append. `type` is lower case words joined by `.` and `-`; `data` is plain JSON data. */
export interface NewAuditEntry {
  type: string;
  subject: string;
  data: unknown;
  /** Idempotency key of the effect that the entry belongs to, if any. */
  key?: string;
}

/** Which entries `readAudit` answers. `limit` is at most 10,000. */
export interface AuditQuery {
  from?: number;
  limit?: number;
  subjectPrefix?: string;
}

/** An effect about to happen. `effect` is its kind, `data` what it will do (no secrets). */
export interface EffectIntent {
  key: string;
  effect: string;
  subject: string;
  data: unknown;
}

/** How an effect ended. `done` and `failed` speak for themselves; `unnecessary`: the world was already so. */
export interface EffectResult {
  status: "done" | "failed" | "unnecessary";
  data?: unknown;
}

/** An effect that was begun and whose end is unknown. Find out and repeat it, or record its outcome. */
export interface OpenIntent extends EffectIntent {
  seq: number;
  at: string;
}

/** Something in the store is not as it was written; `where` names the row, for example `record live staging/support-answer`. */
export type StoreFinding = AuditFinding;

/** The database failed or is away. `retryable` says whether the same call may succeed later. */
export class StoreError extends Error {
  override readonly name: string = "StoreError";
  readonly retryable: boolean;
  constructor(message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
  }
}

/** Somebody else wrote the record in between; nothing was written. Repeating the same write cannot help. */
export class StaleVersionError extends Error {
  override readonly name = "StaleVersionError";
  readonly retryable = false;
  readonly kind: string;
  readonly key: string;
  readonly expectedVersion: number;
  /** What is there now; 0 when there is no such record. */
  readonly actualVersion: number;
  constructor(stale: { kind: string; key: string; expectedVersion: number; actualVersion: number }) {
    super(`record ${stale.kind} ${stale.key}: expected version ${stale.expectedVersion}, found ${stale.actualVersion}`);
    this.kind = stale.kind;
    this.key = stale.key;
    this.expectedVersion = stale.expectedVersion;
    this.actualVersion = stale.actualVersion;
  }
}

/** A record that is there and cannot be trusted or understood. Unknown is never approved: hold and say so. */
export class UnreadableRecordError extends Error {
  override readonly name = "UnreadableRecordError";
  readonly retryable = false;
  readonly kind: string;
  readonly key: string;
  constructor(record: { kind: string; key: string; reason: string; cause?: unknown }) {
    super(`record ${record.kind} ${record.key} is unreadable: ${record.reason}`, { cause: record.cause });
    this.kind = record.kind;
    this.key = record.key;
  }
}
