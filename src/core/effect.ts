import type { JsonObject } from "./json.ts";

/** What the check run shows; limits and escaping are already applied (SPEC 11). */
export interface CheckReport {
  name: string;
  headSha: string;
  status: "in_progress" | "completed";
  /** Null while in progress. Never neutral or skipped: both would let a required check pass. */
  conclusion: "success" | "failure" | "action_required" | null;
  title: string;
  summary: string;
  text: string;
  annotations: readonly CheckAnnotation[];
  actions: readonly { label: string; description: string; identifier: string }[];
  /** Digest of what it shows: equal reports are written once. */
  externalId: string;
}

export interface CheckAnnotation {
  path: string;
  startLine: number;
  endLine: number;
  startColumn: number | null;
  endColumn: number | null;
  level: "notice" | "warning" | "failure";
  title: string;
  message: string;
  rawDetails: string;
}

/** A change of one file, proposed as a pull request (facts/github.md section 11). */
export interface ChangeProposal {
  /** Name of the branch without `refs/heads/`. */
  branch: string;
  baseRef: string;
  /** Commit of the base branch that `text` was made from. */
  baseSha: string;
  path: string;
  /** The whole new text of the file. */
  text: string;
  isExecutable: boolean;
  message: string;
  title: string;
  body: string;
}

/**
 * Something to be done to the world, as a value. `key` makes it repeatable: an effect whose key is already recorded as
 * done, or that the world already shows, is not done again (ARCHITECTURE, the walk).
 */
export type Effect =
  | { type: "publish-check"; key: string; report: CheckReport }
  | { type: "request-reviewers"; key: string; pull: number; users: readonly string[]; teams: readonly string[] }
  | { type: "withdraw-reviewers"; key: string; pull: number; users: readonly string[]; teams: readonly string[] }
  /** The one sticky comment of a pull request, found by its marker and edited in place. */
  | { type: "put-comment"; key: string; pull: number; marker: string; body: string }
  /** A new comment, found by its marker so that a repetition does not add another. */
  | { type: "add-comment"; key: string; pull: number; marker: string; body: string }
  | { type: "open-issue"; key: string; marker: string; title: string; body: string; labels: readonly string[] }
  /** A pull request that changes one file; its branch is found again by its name, so that a repetition opens no other. */
  | ({ type: "propose-change"; key: string } & ChangeProposal)
  | {
      type: "set-deployment";
      key: string;
      sha: string;
      environment: string;
      isProduction: boolean;
      state: "in_progress" | "success" | "failure" | "inactive";
      description: string;
      payload: JsonObject;
    };
