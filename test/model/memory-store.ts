import { createHash } from "node:crypto";
import { type AuditEntry, genesisHash, hashAuditEntry } from "../../src/core/audit/audit-entry.ts";
import { renderCanonical } from "../../src/core/audit/canonical-text.ts";
import { verifyAuditExport } from "../../src/core/audit/verify-audit-export.ts";
import { InternalError } from "../../src/core/problem.ts";
import {
  type NewAuditEntry,
  type OpenIntent,
  type RecordKind,
  StaleVersionError,
  type Store,
  type StoredRecord,
  type StoreOperations,
} from "../../src/ports/store.ts";

/** The part of the store that a rollout uses: records, audit log, intents and transactions. */
export type MemoryStore = Pick<
  Store,
  | "getRecord"
  | "putRecord"
  | "deleteRecord"
  | "listRecords"
  | "appendAudit"
  | "readAudit"
  | "readAuditHead"
  | "recordIntent"
  | "recordOutcome"
  | "openIntents"
  | "lastOutcome"
  | "transaction"
  | "exportAudit"
  | "verifyStore"
>;

/** A record as the database has it: its value as text, so that nobody changes it behind the store's back. */
type Row = StoredRecord<string>;

interface State {
  /** By kind and key. */
  records: Map<string, Row>;
  audit: AuditEntry[];
}

const separator = "\u0000";
const reserved = ["effect.", "record.", "store."];

/**
 * A store in memory that answers as the real one does; `memory-store.test.ts` compares the two, call by call.
 *
 * @param begin what the audit log holds already: the real one begins with its own making
 */
export function createMemoryStore(now: () => Date, begin: readonly AuditEntry[] = []): MemoryStore {
  const state: State = { records: new Map(), audit: [...begin] };
  let queue: Promise<unknown> = Promise.resolve();
  const operations = createOperations(state, now);

  return {
    ...operations,
    transaction(work) {
      const run = async () => {
        const before: State = { records: new Map(state.records), audit: [...state.audit] };
        try {
          const tx = { isTransaction: true, ...operations };
          // Deliveries are the intake's; a rollout has none.
          return await work(tx as unknown as Parameters<typeof work>[0]);
        } catch (error) {
          state.records = before.records;
          state.audit = before.audit;
          throw error;
        }
      };
      const result = queue.then(run);
      queue = result.catch(() => undefined);
      return result;
    },
    async *exportAudit(from = 1) {
      for (const entry of state.audit.slice(from - 1)) yield renderCanonical(entry);
    },
    async verifyStore() {
      return verifyAuditExport(state.audit.map((entry) => renderCanonical(entry)));
    },
  };
}

function createOperations(state: State, now: () => Date) {
  const append = (entry: NewAuditEntry): AuditEntry => {
    const last = state.audit.at(-1);
    const unsealed = {
      seq: (last?.seq ?? 0) + 1,
      at: now().toISOString(),
      type: entry.type,
      subject: entry.subject,
      key: entry.key ?? null,
      data: JSON.parse(renderCanonical(entry.data ?? null)) as unknown,
      previousHash: last?.hash ?? genesisHash,
    };
    const sealed = { ...unsealed, hash: hashAuditEntry(unsealed) };
    state.audit.push(sealed);
    return sealed;
  };
  const nameOf = (kind: RecordKind<unknown>, key: string): string => `${kind.name}${separator}${key}`;
  const requireVersion = (kind: RecordKind<unknown>, key: string, expectedVersion: number): Row | undefined => {
    const row = state.records.get(nameOf(kind, key));
    const actualVersion = row?.version ?? 0;
    if (actualVersion !== expectedVersion)
      throw new StaleVersionError({ kind: kind.name, key, expectedVersion, actualVersion });
    return row;
  };
  const parse = <Value>(kind: RecordKind<Value>, row: Row): StoredRecord<Value> => ({
    ...row,
    value: kind.schema.parse(JSON.parse(row.value)),
  });
  const findLast = (key: string, type: string): AuditEntry | undefined =>
    state.audit.findLast((entry) => entry.key === key && entry.type === type);

  const operations = {
    async getRecord(kind, key) {
      const row = state.records.get(nameOf(kind, key));
      return row === undefined ? undefined : parse(kind, row);
    },
    async putRecord({ kind, key, value, expectedVersion, audit }) {
      const text = renderCanonical(value);
      requireVersion(kind, key, expectedVersion);
      const row: Row = {
        key,
        value: text,
        version: expectedVersion + 1,
        digest: createHash("sha256").update(text).digest("hex"),
        updatedAt: now().toISOString(),
      };
      const written = parse(kind, row);
      state.records.set(nameOf(kind, key), row);
      const record = { kind: kind.name, key, version: row.version, digest: row.digest };
      append({ type: "record.put", subject: audit.subject, data: { record, data: audit.data } });
      return written;
    },
    async deleteRecord({ kind, key, expectedVersion, audit }) {
      const row = requireVersion(kind, key, expectedVersion);
      if (row === undefined) throw new StaleVersionError({ kind: kind.name, key, expectedVersion, actualVersion: 0 });
      state.records.delete(nameOf(kind, key));
      const record = { kind: kind.name, key, version: row.version, digest: row.digest };
      append({ type: "record.deleted", subject: audit.subject, data: { record, data: audit.data } });
    },
    async listRecords(kind, prefix = "") {
      const begin = nameOf(kind, prefix);
      return [...state.records]
        .filter(([name]) => name.startsWith(begin))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, row]) => parse(kind, row));
    },
    async appendAudit(entry) {
      if (reserved.some((prefix) => entry.type.startsWith(prefix)))
        throw new InternalError(`audit type ${entry.type} is written by the store only`);
      return append(entry);
    },
    async readAudit({ from = 1, limit = 1_000, subjectPrefix = "" }) {
      return state.audit
        .filter(({ seq, subject }) => seq >= from && subject.startsWith(subjectPrefix))
        .slice(0, Math.min(limit, 10_000));
    },
    readAuditHead: async () => state.audit.at(-1),
    async recordIntent({ key, effect, subject, data }) {
      return append({ type: "effect.intended", subject, key, data: { effect, data } }).seq;
    },
    async recordOutcome(key, result) {
      const intent = findLast(key, "effect.intended");
      if (intent === undefined) throw new InternalError(`outcome without an intent: ${key}`);
      return append({ type: "effect.ended", subject: intent.subject, key, data: result }).seq;
    },
    async openIntents(subject) {
      const newest = new Map<string, AuditEntry>();
      for (const entry of state.audit)
        if (entry.key !== null && entry.type.startsWith("effect.")) newest.set(entry.key, entry);
      return [...newest.values()]
        .filter((entry) => entry.type === "effect.intended" && (subject === undefined || entry.subject === subject))
        .sort((a, b) => a.seq - b.seq)
        .map((entry): OpenIntent => {
          const { effect, data } = entry.data as { effect: string; data: unknown };
          return { seq: entry.seq, at: entry.at, subject: entry.subject, key: entry.key ?? "", effect, data };
        });
    },
    async lastOutcome(key) {
      return findLast(key, "effect.ended")?.data as Awaited<ReturnType<StoreOperations["lastOutcome"]>>;
    },
  } satisfies Partial<StoreOperations>;
  return operations;
}
