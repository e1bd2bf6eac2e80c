import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, PGliteDialect, PostgresDialect, sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type PostgresCluster, explainMissingPostgres, startPostgresCluster } from "../../../test/postgres-cluster.ts";
import type { StoreFinding } from "../../ports/store.ts";
import { createStore } from "./create-store.ts";
import type { Database, DatabaseTransaction, Tables } from "./database.ts";
import { openPglite } from "./open-pglite.ts";
import { openPostgres } from "./open-postgres.ts";
import { runMigrations } from "./run-migrations.ts";
import { collectFindings } from "./verify-store.ts";

const now = (): Date => new Date("2026-11-23T10:00:00.000Z");
const kind = { name: "note", schema: z.object({ text: z.string() }) };

/** One row of each sort in every table. */
async function fill(db: Database): Promise<void> {
  await runMigrations(db, now);
  const { store } = createStore(db, now);
  const event = { event: "push", action: "created", installationId: 5, body: '{"a":1}' };
  await store.storeDeliveries([
    { ...event, guid: "guid-1" },
    { ...event, guid: "guid-2", action: null, installationId: null },
  ]);
  await store.markDeliveryFailed("guid-1", "away");
  await store.markDeliveryDone("guid-1");
  const audit = { subject: "notes" };
  await store.putRecord({ kind, key: "one", value: { text: "1" }, expectedVersion: 0, audit });
  await store.putRecord({ kind, key: "one", value: { text: "2" }, expectedVersion: 1, audit });
  await store.putRecord({ kind, key: "two", value: { text: "1" }, expectedVersion: 0, audit });
  await store.putRecord({ kind, key: "gone", value: { text: "1" }, expectedVersion: 0, audit });
  await store.deleteRecord({ kind, key: "gone", expectedVersion: 1, audit });
  await store.recordIntent({ key: "effect", effect: "say", subject: "notes", data: { é: 0.5 } });
  await store.recordOutcome("effect", { status: "done" });
}

class RollBack extends Error {}

/** What the verification says after somebody changed the database as its owner can. Nothing of the change stays. */
async function tamper(db: Database, change: (trx: DatabaseTransaction) => Promise<void>): Promise<StoreFinding[]> {
  let findings: StoreFinding[] = [];
  const attempt = db.transaction().execute(async (trx) => {
    await sql`alter table routeward.audit disable trigger audit_no_change`.execute(trx);
    await change(trx);
    await sql`alter table routeward.audit enable trigger audit_no_change`.execute(trx);
    findings = await collectFindings(trx);
    throw new RollBack("only a trial");
  });
  await expect(attempt).rejects.toThrow(RollBack);
  return findings;
}

interface Cell {
  table: string;
  column: string;
  type: string;
}

async function listCells(db: Database): Promise<Cell[]> {
  const { rows } = await sql<Cell>`select table_name as table, column_name as column, data_type as type
    from information_schema.columns where table_schema = 'routeward' order by 1, 2`.execute(db);
  return rows;
}

/** One bit of a number, one byte of a text at a place; something where nothing was. */
function changeOneByte({ column, type }: Cell, at: "first" | "last"): ReturnType<typeof sql> {
  const name = sql.ref(column);
  if (type !== "text") return sql`coalesce(${name} # 16, 1)`;
  return at === "first"
    ? sql`coalesce(case when left(${name}, 1) = '7' then '8' else '7' end || substr(${name}, 2), '7')`
    : sql`coalesce(left(${name}, -1) || case when right(${name}, 1) = '7' then '8' else '7' end, '7')`;
}

function tests(open: () => Promise<Database>): void {
  let db: Database;
  beforeAll(async () => {
    db = await open();
    await fill(db);
  });
  afterAll(() => db.destroy());

  it("is proven before anybody touched it", async () => {
    expect(await collectFindings(db)).toEqual([]);
  });

  it("finds one changed byte in every column of every row of every table", async () => {
    const cells = await listCells(db);
    expect(new Set(cells.map(({ table }) => table))).toEqual(
      new Set(["audit", "deliveries", "records", "schema_version"]),
    );
    let trials = 0;
    for (const cell of cells) {
      const table = sql.table(`routeward.${cell.table}`);
      const { rows } = await sql<{ id: string }>`select ctid::text as id from ${table}`.execute(db);
      for (const { id } of rows) {
        for (const at of ["first", "last"] as const) {
          const findings = await tamper(db, async (trx) => {
            const value = changeOneByte(cell, at);
            await sql`update ${table} set ${sql.ref(cell.column)} = ${value} where ctid = ${id}::tid`.execute(trx);
          });
          expect(findings, `${cell.table}.${cell.column}, row ${id}, ${at} byte`).not.toEqual([]);
          trials += 1;
        }
      }
    }
    expect(trials).toBeGreaterThan(200);
  });

  it.each<[string, string, string]>([
    ["a record that vanished", "delete from routeward.records where key = 'one'", "record-missing"],
    [
      "a record that nobody wrote",
      "insert into routeward.records select kind, 'three', version, value, digest, updated_at from routeward.records where key = 'one'",
      "record-not-audited",
    ],
    [
      "a deleted record that came back",
      "insert into routeward.records select kind, 'gone', 1, value, digest, updated_at from routeward.records where key = 'two'",
      "record-not-audited",
    ],
    [
      "a record set back to an earlier value with its digest",
      "update routeward.records a set value = b.value, digest = b.digest from routeward.records b where a.key = 'one' and b.key = 'two'",
      "record-differs-from-audit",
    ],
    ["an audit entry that vanished from the middle", "delete from routeward.audit where seq = 3", "audit-gap"],
    [
      "the last entry about a record cut off",
      "delete from routeward.audit where seq >= 3",
      "record-differs-from-audit",
    ],
    [
      "a schema step that nobody ran",
      "insert into routeward.schema_version values (2, 'foreign', '2026-11-23T10:00:00.000Z')",
      "schema-version-differs",
    ],
  ])("finds %s", async (_name, statement, code) => {
    const findings = await tamper(db, async (trx) => {
      await sql.raw(statement).execute(trx);
    });
    expect(findings.map((finding) => finding.code)).toContain(code);
  });

  it.each(["update routeward.audit set data = data", "delete from routeward.audit", "truncate routeward.audit"])(
    "the database itself refuses: %s",
    async (statement) => {
      await expect(sql.raw(statement).execute(db)).rejects.toThrow("append-only");
      expect(await collectFindings(db)).toEqual([]);
    },
  );

  it("finds a log without its protection", async () => {
    await sql`alter table routeward.audit disable trigger audit_no_change`.execute(db);
    expect((await collectFindings(db)).map((finding) => finding.code)).toEqual(["audit-unprotected"]);
    await sql`alter table routeward.audit enable trigger audit_no_change`.execute(db);
  });

  it("refuses to start on a store that a newer program has written", async () => {
    await sql`insert into routeward.schema_version values (99, 'from the future', 'x')`.execute(db);
    await expect(runMigrations(db, now)).rejects.toMatchObject({ name: "StoreError", retryable: false });
    await sql`delete from routeward.schema_version where version = 99`.execute(db);
  });
}

describe("verification on the embedded store", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "routeward-verify-"));
  let close: () => Promise<void>;
  afterAll(async () => {
    await close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  tests(async () => {
    const embedded = await openPglite(dataDir);
    close = () => embedded.close();
    return new Kysely<Tables>({ dialect: new PGliteDialect({ pglite: embedded.pglite }) });
  });
});

const missing = explainMissingPostgres();
describe.skipIf(missing !== undefined)(`verification on PostgreSQL ${missing ?? ""}`, () => {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await startPostgresCluster();
  });
  afterAll(() => cluster.stop());
  tests(async () => {
    const pool = await openPostgres(await cluster.createDatabase(), () => {});
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  });
});
