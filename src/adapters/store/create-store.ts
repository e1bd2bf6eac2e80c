import { sql } from "kysely";
import type { Store, StoreOperations, StoreTransaction } from "../../ports/store.ts";
import { createAuditOperations, readEntries } from "./audit-log.ts";
import type { Database, DatabaseTransaction, Session } from "./database.ts";
import { createDeliveryOperations, removeDoneDeliveries } from "./deliveries.ts";
import { createRecordOperations } from "./records.ts";
import { describeFailure, guardStore } from "./store-failure.ts";
import { collectFindings } from "./verify-store.ts";
import { renderCanonical } from "../../core/audit/canonical-text.ts";

/** The store, and the way from its transactions to the database's that the queue needs. */
export interface StoreParts {
  store: Store;
  /** @throws InternalError for a transaction of another store, or one that has ended. */
  findTransaction: (tx: StoreTransaction) => DatabaseTransaction | undefined;
}

const exportPage = 1_000;

/** The store over an open database whose schema is up to date. */
export function createStore(db: Database, now: () => Date): StoreParts {
  const open = new WeakMap<StoreTransaction, DatabaseTransaction>();

  const direct: Session = {
    now,
    read: (phrase, work) => guardStore(phrase, () => work(db)),
    write: (phrase, work) => guardStore(phrase, () => db.transaction().execute(work)),
  };

  const transaction = async <T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> => {
    let failure: { error: unknown } | undefined;
    try {
      return await db.transaction().execute(async (trx) => {
        const within: Session = {
          now,
          read: (phrase, step) => guardStore(phrase, () => step(trx)),
          write: (phrase, step) => guardStore(phrase, () => step(trx)),
        };
        const tx: StoreTransaction = { isTransaction: true, ...createOperations(within) };
        open.set(tx, trx);
        try {
          return await work(tx);
        } catch (error) {
          failure = { error };
          throw error;
        } finally {
          open.delete(tx);
        }
      });
    } catch (error) {
      if (failure !== undefined) throw failure.error;
      throw describeFailure("failed to commit", error);
    }
  };

  const store: Store = {
    ...createOperations(direct),
    transaction,
    async *exportAudit(from = 1) {
      let next = from;
      for (;;) {
        const entries = await direct.read("failed to export the audit log", (db) =>
          readEntries(db, { from: next, limit: exportPage }),
        );
        for (const entry of entries) yield renderCanonical(entry);
        const last = entries.at(-1);
        if (last === undefined || entries.length < exportPage) return;
        next = last.seq + 1;
      }
    },
    verifyStore: () =>
      guardStore("failed to verify the store", () =>
        db.transaction().setIsolationLevel("repeatable read").execute(collectFindings),
      ),
    purgeDeliveries: (before) => direct.read("failed to purge deliveries", (db) => removeDoneDeliveries(db, before)),
    ping: () =>
      direct.read("the database does not answer", async (db) => {
        await sql`select 1`.execute(db);
      }),
  };
  return { store, findTransaction: (tx) => open.get(tx) };
}

function createOperations(session: Session): StoreOperations {
  return {
    ...createDeliveryOperations(session),
    ...createRecordOperations(session),
    ...createAuditOperations(session),
  };
}
