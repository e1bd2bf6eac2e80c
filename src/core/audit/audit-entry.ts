import { createHash } from "node:crypto";
import { renderCanonical } from "./canonical-text.ts";

/** One entry of the audit log (SPEC 14). Each carries the hash of the one before, so that one changed byte breaks the chain. */
export interface AuditEntry {
  /** Counts from 1 without gaps. */
  seq: number;
  /** ISO 8601 with milliseconds, UTC. */
  at: string;
  /** What happened, lower case words joined by `.` and `-`. */
  type: string;
  /** What it belongs to, for example `pull/123#45`. */
  subject: string;
  /** Idempotency key of the effect that the entry belongs to. */
  key: string | null;
  /** Plain JSON data. */
  data: unknown;
  /** The hash of the entry before, `genesisHash` for the first. */
  previousHash: string;
  /** Hex SHA-256 over the canonical JSON of all other fields. */
  hash: string;
}

/** What the first entry names as the hash before it. */
export const genesisHash = "0".repeat(64);

/** The hash that an entry with these fields must carry. */
export function hashAuditEntry(entry: Omit<AuditEntry, "hash">): string {
  const { seq, at, type, subject, key, data, previousHash } = entry;
  return createHash("sha256")
    .update(renderCanonical({ seq, at, type, subject, key, data, previousHash }))
    .digest("hex");
}
