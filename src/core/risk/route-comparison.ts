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
  /**
   * What was approved before it, back to the last content that asked for exposure, oldest first. Drafts, offline evaluations and
   * rollbacks are approved by few; so the next exposure is compared with all of them, and nothing gets past over a draft.
   */
  earlier: readonly RouteContent[];
  /** The content since which price and latency only made moves too small to be news; null when that is the approved one. */
  anchor: RouteContent | null;
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

/** Statuses under which somebody may get the candidate; they are approved by everyone whom the exposure concerns. */
export function isExposingStatus(status: string): boolean {
  return status.startsWith("approved-") && status !== "approved-for-testing";
}

/** The stage in which the candidate of the merged record is live; null when another candidate is, or none. */
export function liveStageOf(comparison: Pick<RouteComparison, "live" | "merged" | "latch">): Stage | null {
  const { live, merged, latch } = comparison;
  if (live === null || latch !== null) return null;
  const digest = merged.state.candidateDigest;
  return digest !== null && live.candidateDigest === digest ? live.stage : null;
}

/** Everything with which an exposure is compared: the last approved content first, then what was approved before it. */
export function listApproved({
  approved,
  earlier,
}: Pick<RouteComparison, "approved" | "earlier">): readonly RouteContent[] {
  return approved === null ? earlier : [approved, ...earlier];
}

/** Data classes, risks and reviewers of approved, base and head together: leaving one out takes no requirement away (SPEC 5). */
export function uniteSets(comparison: Pick<RouteComparison, "approved" | "earlier" | "base" | "merged">): {
  dataClasses: readonly string[];
  risks: readonly string[];
  reviewers: readonly string[];
  workflows: readonly string[];
} {
  const { base, merged } = comparison;
  const before = listApproved(comparison).map((content) => content.state.file.record);
  const records = [...before, ...(base === null ? [] : [base]), merged.state.file.record];
  const unite = (read: (record: RouteRecord) => readonly string[]): string[] =>
    [...new Set(records.flatMap(read))].sort();
  return {
    dataClasses: unite((record) => record.dataClasses ?? []),
    risks: unite((record) => Object.keys(record.risks)),
    reviewers: unite((record) => record.approval.reviewers),
    workflows: unite((record) => (record.workflow === null ? [] : [record.workflow])),
  };
}
