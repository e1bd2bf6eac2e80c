import { cut } from "../problem.ts";
import { type AuditEntry, genesisHash, hashAuditEntry } from "./audit-entry.ts";
import { renderCanonical } from "./canonical-text.ts";

/** Something in an audit log that is not as it was written. */
export interface AuditFinding {
  /** Stable kebab-case id, for example `audit-hash-wrong`. */
  code: string;
  /** Which entry, for example `audit 17`, or `line 3` where no number can be read. */
  where: string;
  /** One sentence. */
  message: string;
}

/** The newest entry as somebody noted it elsewhere. Without it, entries cut off at the end cannot be noticed. */
export interface AuditHead {
  seq: number;
  hash: string;
}

const maximumFindings = 100;

/**
 * Checks an exported audit log without any database: each line is one entry in canonical JSON, numbers have no gap, each
 * entry names the hash of the one before, and each hash is right. An empty list means proven, up to `expectedHead` when
 * it is given. Stops after 100 findings.
 */
export function verifyAuditExport(lines: Iterable<string>, expectedHead?: AuditHead): AuditFinding[] {
  const verifier = startAuditVerification(expectedHead);
  for (const line of lines) verifier.check(line);
  return verifier.finish();
}

/** The same, line by line, for logs that do not fit into memory. Call `check` for each line in order, then `finish` once. */
export function startAuditVerification(expectedHead?: AuditHead): {
  check: (line: string) => void;
  finish: () => AuditFinding[];
} {
  const findings: AuditFinding[] = [];
  let count = 0;
  let previous: AuditHead = { seq: 0, hash: genesisHash };
  let expectedHash: string | undefined;

  const report = (code: string, where: string, message: string): void => {
    if (findings.length < maximumFindings) findings.push({ code, where, message });
  };

  return {
    check(line) {
      count += 1;
      const entry = parseEntry(line);
      if (entry === undefined) {
        report("audit-line-unreadable", `line ${count}`, `not an audit entry in canonical JSON: ${cut(line, 60)}`);
        // Numbers go on, so that one bad line is one finding and not one for each line after it.
        previous = { seq: previous.seq + 1, hash: "" };
        return;
      }
      const where = `audit ${entry.seq}`;
      if (entry.seq !== previous.seq + 1) {
        report("audit-gap", where, `expected entry ${previous.seq + 1} here`);
      } else if (previous.hash !== "" && entry.previousHash !== previous.hash) {
        report("audit-chain-broken", where, "the entry does not name the hash of the entry before it");
      }
      if (entry.hash !== hashAuditEntry(entry))
        report("audit-hash-wrong", where, "the entry was changed after it was written");
      if (entry.seq === expectedHead?.seq) expectedHash = entry.hash;
      previous = { seq: entry.seq, hash: entry.hash };
    },
    finish() {
      if (expectedHead !== undefined && expectedHead.seq > 0 && expectedHash !== expectedHead.hash) {
        const where = `audit ${expectedHead.seq}`;
        if (expectedHash === undefined)
          report("audit-end-missing", where, "the log ends before the entry that was noted");
        else report("audit-head-differs", where, "the entry has another hash than the one that was noted");
      }
      return findings;
    },
  };
}

function parseEntry(line: string): AuditEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isEntry(value) || Object.keys(value).length !== 8) return undefined;
    // Another spelling of the same data (spaces, escapes, a key twice) is a changed byte too.
    return renderCanonical(value) === line ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is AuditEntry {
  if (typeof value !== "object" || value === null || !("data" in value)) return false;
  const hasText = (name: string): boolean => typeof Reflect.get(value, name) === "string";
  const key: unknown = Reflect.get(value, "key");
  return (
    Number.isSafeInteger(Reflect.get(value, "seq")) &&
    ["at", "type", "subject", "previousHash", "hash"].every(hasText) &&
    (key === null || typeof key === "string")
  );
}
