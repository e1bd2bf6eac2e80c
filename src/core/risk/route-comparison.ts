import type { Latch, LiveState } from "../facts.ts";
import type { Audience, Policy } from "../policy/policy.ts";
import type { RouteRecord, RouteState } from "../routes/route-file.ts";
import type { Stage } from "../scales.ts";

/** A route at one moment, with the audiences of the policy as they were then. */
export interface RouteContent {
  state: RouteState;
  audiences: Readonly<Record<string, Audience>>;
}

/** The states between which a change of one route is judged (SPEC 5). */
export interface RouteComparison {
  /** Last content of this flag that was approved and merged; null when there is none. */
  approved: RouteContent | null;
  /** The record at the base's tip, approved or not; only its sets that add requirements are looked at. */
  base: RouteRecord | null;
  /** What would be merged. */
  merged: RouteContent;
  /** Stage that the merged record asks for. */
  asked: Stage | null;
  live: LiveState | null;
  latch: Latch | null;
  isProduction: boolean;
  policy: Policy;
  /** The content of an evidence record that the route names changes in this pull request. */
  evidenceChanged: boolean;
}

/** Statuses that take exposure away and ask for none. */
export function isGoingBackStatus(status: string): boolean {
  return status === "rolled-back" || status === "rejected" || status === "retired";
}

/** The stage in which the candidate of the merged record is live; null when another candidate is, or none. */
export function liveStageOf(comparison: Pick<RouteComparison, "live" | "merged" | "latch">): Stage | null {
  const { live, merged, latch } = comparison;
  if (live === null || latch !== null || live.stage === null) return null;
  const digest = merged.state.candidateDigest;
  return digest !== null && live.candidateDigest === digest ? live.stage : null;
}

/** Data classes, risks and reviewers of approved, base and head together: leaving one out takes no requirement away (SPEC 5). */
export function uniteSets(comparison: Pick<RouteComparison, "approved" | "base" | "merged">): {
  dataClasses: readonly string[];
  risks: readonly string[];
  reviewers: readonly string[];
  workflows: readonly string[];
} {
  const { approved, base, merged } = comparison;
  const records = [approved?.state.file.record ?? null, base, merged.state.file.record].filter((each) => each !== null);
  const unite = (read: (record: RouteRecord) => readonly string[]): string[] =>
    [...new Set(records.flatMap(read))].sort();
  return {
    dataClasses: unite((record) => record.dataClasses ?? []),
    risks: unite((record) => Object.keys(record.risks)),
    reviewers: unite((record) => record.approval.reviewers),
    workflows: unite((record) => (record.workflow === null ? [] : [record.workflow])),
  };
}
