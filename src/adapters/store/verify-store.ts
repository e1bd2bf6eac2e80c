import { sql } from "kysely";
import type { AuditEntry } from "../../core/audit/audit-entry.ts";
import { renderCanonical } from "../../core/audit/canonical-text.ts";
import { startAuditVerification } from "../../core/audit/verify-audit-export.ts";
import type { StoreFinding } from "../../ports/store.ts";
import { parseAuditRow } from "./audit-log.ts";
import type { Database } from "./database.ts";
import { sealDelivery } from "./deliveries.ts";
import { migrations } from "./migrations.ts";
import { digestText } from "./records.ts";

/** What the audit log says last about a record. */
interface AuditedRecord {
  version: number;
  digest: string;
  at: string;
}

/** What the audit log says about the other tables. */
interface AuditedState {
  records: Map<string, AuditedRecord>;
  migrations: Map<string, string>;
}

const page = 1_000;
/** Bodies are up to 25 MB each. */
const deliveryPage = 50;

/**
 * Checks every row of every table against its digest and against the audit log (SPEC 14). `db` should be a transaction
 * that sees one moment, else writes in between look like changes.
 */
export async function collectFindings(db: Database): Promise<StoreFinding[]> {
  const { findings, audited } = await checkAudit(db);
  return [
    ...(await checkTrigger(db)),
    ...findings,
    ...(await checkSchema(db, audited.migrations)),
    ...(await checkRecords(db, audited.records)),
    ...(await checkDeliveries(db)),
  ];
}

async function checkTrigger(db: Database): Promise<StoreFinding[]> {
  const { rows } = await sql`select 1 from pg_trigger
    where tgrelid = 'routeward.audit'::regclass and tgname = 'audit_no_change' and tgenabled = 'O'`.execute(db);
  if (rows.length > 0) return [];
  const message = "the trigger that refuses changes of the audit log is missing or switched off";
  return [{ code: "audit-unprotected", where: "audit", message }];
}

async function checkAudit(db: Database): Promise<{ findings: StoreFinding[]; audited: AuditedState }> {
  const verifier = startAuditVerification();
  const findings: StoreFinding[] = [];
  const audited: AuditedState = { records: new Map(), migrations: new Map() };
  for (let offset = 0; ; offset += page) {
    // By offset, not by number: a number that was changed must not hide the rows behind it.
    const rows = await db.selectFrom("routeward.audit").selectAll().orderBy("seq").limit(page).offset(offset).execute();
    for (const row of rows) {
      const entry = parseAuditRow(row);
      if (renderCanonical(entry.data) !== row.data) {
        const message = "its data is not the canonical JSON that was written";
        findings.push({ code: "audit-data-changed", where: `audit ${entry.seq}`, message });
      }
      verifier.check(renderCanonical(entry));
      noteAudited(audited, entry);
    }
    if (rows.length < page) return { findings: [...verifier.finish(), ...findings], audited };
  }
}

function noteAudited(audited: AuditedState, entry: AuditEntry): void {
  const { type, data, at } = entry;
  if (type === "store.migrated") audited.migrations.set(`${readNumber(data, "version")} ${readText(data, "name")}`, at);
  if (type !== "record.put" && type !== "record.deleted") return;
  const record: unknown = typeof data === "object" && data !== null ? Reflect.get(data, "record") : undefined;
  const where = `${readText(record, "kind")} ${readText(record, "key")}`;
  if (type === "record.deleted") audited.records.delete(where);
  else {
    const version = readNumber(record, "version");
    audited.records.set(where, { version, digest: readText(record, "digest"), at });
  }
}

async function checkSchema(db: Database, audited: Map<string, string>): Promise<StoreFinding[]> {
  const rows = await db.selectFrom("routeward.schema_version").selectAll().execute();
  const stored = new Map(rows.map((row) => [`${row.version} ${row.name}`, row.applied_at]));
  const expected = migrations.map(({ version, name }) => `${version} ${name}`);
  return [...new Set([...expected, ...audited.keys(), ...stored.keys()])]
    .filter((step) => stored.get(step) === undefined || stored.get(step) !== audited.get(step))
    .map((step) => ({
      code: "schema-version-differs",
      where: `schema_version ${step}`,
      message: "the step is not recorded as the audit log says",
    }));
}

async function checkRecords(db: Database, audited: Map<string, AuditedRecord>): Promise<StoreFinding[]> {
  const findings: StoreFinding[] = [];
  const missing = new Set(audited.keys());
  for (let offset = 0; ; offset += page) {
    const rows = await db
      .selectFrom("routeward.records")
      .selectAll()
      .orderBy("kind")
      .orderBy("key")
      .limit(page)
      .offset(offset)
      .execute();
    for (const row of rows) {
      const name = `${row.kind} ${row.key}`;
      const report = (code: string, message: string): void => {
        findings.push({ code, where: `record ${name}`, message });
      };
      missing.delete(name);
      const last = audited.get(name);
      if (digestText(row.value) !== row.digest) report("record-value-changed", "its digest does not fit its value");
      if (last === undefined) report("record-not-audited", "the audit log does not know it");
      else if (last.version !== row.version || last.digest !== row.digest || last.at !== row.updated_at) {
        report("record-differs-from-audit", "the last audit entry names another version, digest or time");
      }
    }
    if (rows.length < page) break;
  }
  for (const name of missing) {
    findings.push({ code: "record-missing", where: `record ${name}`, message: "the audit log says that it exists" });
  }
  return findings;
}

async function checkDeliveries(db: Database): Promise<StoreFinding[]> {
  const findings: StoreFinding[] = [];
  let after = "";
  for (;;) {
    const rows = await db
      .selectFrom("routeward.deliveries")
      .selectAll()
      .where("guid", ">", after)
      .orderBy("guid")
      .limit(deliveryPage)
      .execute();
    for (const row of rows) {
      const where = `delivery ${row.guid}`;
      if (digestText(row.body) !== row.sha256) {
        findings.push({ code: "delivery-body-changed", where, message: "its digest does not fit its body" });
      }
      if (sealDelivery(row) !== row.seal) {
        findings.push({ code: "delivery-changed", where, message: "a column was changed after it was written" });
      }
      after = row.guid;
    }
    if (rows.length < deliveryPage) return findings;
  }
}

function readText(data: unknown, name: string): string {
  const value: unknown = typeof data === "object" && data !== null ? Reflect.get(data, name) : undefined;
  return typeof value === "string" ? value : "";
}

function readNumber(data: unknown, name: string): number {
  const value: unknown = typeof data === "object" && data !== null ? Reflect.get(data, name) : undefined;
  return typeof value === "number" ? value : Number.NaN;
}
