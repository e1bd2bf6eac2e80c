import type { EvidenceRecord } from "./evidence.ts";

/** What one tool's output says by itself; the wrapper record adds kind, threshold and dataset name. */
export type ToolReading = Pick<
  EvidenceRecord,
  "bundle" | "dataset" | "grader" | "threshold" | "result" | "run" | "url" | "producedAt" | "counts" | "defects"
>;

/** A reading, or in words what the content is instead. */
export type ToolResult = { ok: true; value: ToolReading } | { ok: false; why: string };

/** What a wrapper record picks out of an output that holds several things. */
export interface ToolSelection {
  /** Label of the provider, where a run compares several (promptfoo). */
  provider: string | null;
  /** Name of the scorer or criterion (Inspect, OpenAI). */
  scorer: string | null;
  /** Name of the dataset, to find its digest (in-toto). */
  dataset: string | null;
}

/** Counts as one share between 0 and 1; null when nothing was counted. */
export function shareOf(passed: number, total: number): number | null {
  return total > 0 ? passed / total : null;
}

/** A count in words with the right number: `1 row`, `3 rows`. */
export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
