/** Why a review counts or not, as an id (SPEC 7). */
export type ReviewCode =
  | "counts"
  | "changes-requested"
  | "superseded"
  | "dismissed"
  | "account-gone"
  | "bot"
  | "author"
  | "commit-person"
  | "pusher"
  | "triggered-bot"
  | "no-write-access"
  | "commit-gone"
  | "content-unknown"
  | "content-changed"
  | "commits-unknown"
  | "owner-of-nothing"
  | "limited-to-nothing";

/** A review that was looked at and how it counted (SPEC 7). */
export interface ReviewFinding {
  reviewId: number;
  login: string;
  counts: boolean;
  /** Roles that it fills when it counts. */
  roles: readonly string[];
  /** Why it counts, or why not, in a sentence. */
  why: string;
  code?: ReviewCode;
}
