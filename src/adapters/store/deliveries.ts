import type { Selectable } from "kysely";
import { renderCanonical } from "../../core/audit/canonical-text.ts";
import { cut } from "../../core/problem.ts";
import type { Delivery, NewDelivery, StoreOperations, StoredDelivery } from "../../ports/store.ts";
import type { Database, DatabaseTransaction, Session, Tables } from "./database.ts";
import { digestText } from "./records.ts";

type DeliveryOperations = Pick<
  StoreOperations,
  | "storeDelivery"
  | "storeDeliveries"
  | "getDelivery"
  | "markDeliveryDone"
  | "markDeliveryFailed"
  | "listUnfinishedDeliveries"
>;

const rowsPerInsert = 500;
const longestReason = 500;
const purgeAtOnce = 10_000;

const columnsWithoutBody = [
  "guid",
  "event",
  "action",
  "installation_id",
  "received_at",
  "sha256",
  "attempts",
  "last_error",
  "done_at",
  "seal",
] as const;

type DeliveryRow = Selectable<Tables["routeward.deliveries"]>;
type DeliveryRowWithoutBody = Omit<DeliveryRow, "body">;

/** Webhook deliveries over one session. */
export function createDeliveryOperations(session: Session): DeliveryOperations {
  const storeAll = (deliveries: readonly NewDelivery[]): Promise<StoredDelivery[]> =>
    session.write("failed to store deliveries", (db) => insertDeliveries(db, deliveries, session.now()));
  const change = (
    phrase: string,
    guid: string,
    alter: (row: DeliveryRowWithoutBody) => Partial<DeliveryRow>,
  ): Promise<void> => session.write(phrase, (db) => changeDelivery(db, guid, alter));

  return {
    storeDeliveries: storeAll,
    async storeDelivery(delivery) {
      const [stored = "stored"] = await storeAll([delivery]);
      return stored;
    },
    getDelivery: (guid) =>
      session.read("failed to read a delivery", async (db) => {
        const row = await db.selectFrom("routeward.deliveries").selectAll().where("guid", "=", guid).executeTakeFirst();
        return row === undefined ? undefined : { ...parseDelivery(row), body: row.body };
      }),
    markDeliveryDone: (guid) =>
      change("failed to mark a delivery as done", guid, () => ({ done_at: session.now().toISOString() })),
    markDeliveryFailed: (guid, reason) =>
      change("failed to mark a delivery as failed", guid, (row) => ({
        attempts: row.attempts + 1,
        // PostgreSQL's text cannot carry a zero byte or half a surrogate pair.
        last_error: cut(reason.toWellFormed().replaceAll("\0", ""), longestReason),
      })),
    listUnfinishedDeliveries: (limit = 1_000) =>
      session.read("failed to list unfinished deliveries", async (db) => {
        const rows = await db
          .selectFrom("routeward.deliveries")
          .select(columnsWithoutBody)
          .where("done_at", "is", null)
          .orderBy("received_at")
          .orderBy("guid")
          .limit(limit)
          .execute();
        return rows.map(parseDelivery);
      }),
  };
}

/** Deletes deliveries that were done before `before`, at most 10,000. Answers how many. */
export async function removeDoneDeliveries(db: Database, before: Date): Promise<number> {
  const result = await db
    .deleteFrom("routeward.deliveries")
    .where("guid", "in", (query) =>
      query
        .selectFrom("routeward.deliveries")
        .select("guid")
        .where("done_at", "<", before.toISOString())
        .limit(purgeAtOnce),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** The seal that a row must carry. */
export function sealDelivery(row: Omit<DeliveryRowWithoutBody, "seal">): string {
  const { guid, event, action, received_at, sha256, attempts, last_error, done_at } = row;
  const installation = row.installation_id === null ? null : Number(row.installation_id);
  return digestText(
    renderCanonical([guid, event, action, installation, received_at, sha256, attempts, last_error, done_at]),
  );
}

async function insertDeliveries(
  db: DatabaseTransaction,
  deliveries: readonly NewDelivery[],
  now: Date,
): Promise<StoredDelivery[]> {
  const fresh = new Set<string>();
  // Two replicas that store the same guids in another order would wait for each other for ever.
  const rows = [...new Map(deliveries.map((delivery) => [delivery.guid, buildRow(delivery, now)])).values()].sort(
    (a, b) => (a.guid < b.guid ? -1 : 1),
  );
  for (let at = 0; at < rows.length; at += rowsPerInsert) {
    const inserted = await db
      .insertInto("routeward.deliveries")
      .values(rows.slice(at, at + rowsPerInsert))
      .onConflict((conflict) => conflict.column("guid").doNothing())
      .returning("guid")
      .execute();
    for (const { guid } of inserted) fresh.add(guid);
  }
  const known = rows.filter((row) => !fresh.has(row.guid)).map((row) => row.guid);
  const done = new Set(await selectDone(db, known));
  const answered = new Set<string>();
  return deliveries.map(({ guid }) => {
    const isFirst = !answered.has(guid);
    answered.add(guid);
    if (done.has(guid)) return "already-done";
    return fresh.has(guid) && isFirst ? "stored" : "already-stored";
  });
}

async function selectDone(db: Database, guids: readonly string[]): Promise<string[]> {
  if (guids.length === 0) return [];
  const rows = await db
    .selectFrom("routeward.deliveries")
    .select("guid")
    .where("guid", "in", guids)
    .where("done_at", "is not", null)
    .execute();
  return rows.map((row) => row.guid);
}

function buildRow(delivery: NewDelivery, now: Date): DeliveryRow {
  const { guid, event, action, installationId, body } = delivery;
  const row = {
    guid,
    event,
    action,
    installation_id: installationId,
    received_at: now.toISOString(),
    sha256: digestText(body),
    attempts: 0,
    last_error: null,
    done_at: null,
  };
  return { ...row, body, seal: sealDelivery(row) };
}

async function changeDelivery(
  db: DatabaseTransaction,
  guid: string,
  alter: (row: DeliveryRowWithoutBody) => Partial<DeliveryRow>,
): Promise<void> {
  const row = await db
    .selectFrom("routeward.deliveries")
    .select(columnsWithoutBody)
    .where("guid", "=", guid)
    .where("done_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return;
  const changes = alter(row);
  const seal = sealDelivery({ ...row, ...changes });
  await db
    .updateTable("routeward.deliveries")
    .set({ ...changes, seal })
    .where("guid", "=", guid)
    .execute();
}

function parseDelivery(row: DeliveryRowWithoutBody): Omit<Delivery, "body"> {
  const { guid, event, action, sha256, attempts } = row;
  const installationId = row.installation_id === null ? null : Number(row.installation_id);
  return {
    guid,
    event,
    action,
    installationId,
    sha256,
    attempts,
    receivedAt: row.received_at,
    lastError: row.last_error,
    doneAt: row.done_at,
  };
}
