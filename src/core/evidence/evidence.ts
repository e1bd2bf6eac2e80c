import type { Place } from "../problem.ts";
import type { Trust } from "../scales.ts";
import type { EvidenceKind } from "../vocabulary.ts";

export { evidenceKinds } from "../vocabulary.ts";
export type { EvidenceKind } from "../vocabulary.ts";

/** A record of evidence, whatever tool it came from, as far as it could be read (SPEC 8). */
export interface EvidenceRecord {
  id: string;
  kind: EvidenceKind;
  /** Digest of the bundle that was measured; null when the record does not say. */
  bundle: string | null;
  dataset: { name: string; digest: string | null; size: number | null } | null;
  grader: string | null;
  /** As written, for example `>= 0.85`. */
  threshold: string | null;
  result: number | null;
  run: string | null;
  /** Shown, never fetched. */
  url: string | null;
  /** ISO 8601. */
  producedAt: string | null;
  producer: { workflow: string; runId: number } | null;
  /** Counts of the samples, where the format gives them. */
  counts: { total: number; passed: number; failed: number; errored: number } | null;
  /** Why the run cannot count whatever its score: partial, cancelled, errored, without assertions. */
  defects: readonly string[];
  format: string;
  /** The check run that is the evidence, for the format `check-run`; its conclusion comes from GitHub, never from the file. */
  check?: { appId: number; name: string; commit: string | null };
  /** Paths of the files that make the record: its own, and the tool's output behind a wrapper. Absent for an inline record alone. */
  files?: readonly string[];
  place: Place;
}

/** How one piece of evidence counts for the stage that is asked. */
export interface EvidenceFinding {
  id: string;
  kind: EvidenceKind | null;
  state: "counts" | "does-not-count" | "missing";
  trust: Trust | "own-store" | null;
  /** Recomputed, never claimed. */
  passed: boolean | null;
  /** Sentences that say what was found; the first is the most important. */
  why: readonly string[];
  record: EvidenceRecord | null;
  place: Place;
}
