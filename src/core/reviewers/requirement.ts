import type { Place } from "../problem.ts";

/** A role that must approve one route (SPEC 6). */
export interface ReviewRequirement {
  role: string;
  /** Number of approvals by different people. */
  count: number;
  /** `@login`, `@org/team` or an e-mail address, lower case; any one of them fills one place. */
  owners: readonly string[];
  /** Where the owners were found: `CODEOWNERS line 9`, `policy roles`, `fallback: owners of the file`. */
  source: string;
  /** The line that names the owners, in CODEOWNERS or in the route file; absent when the policy names them. */
  place?: Place;
  /** A second role whose owners are in `owners` and fill this one as well (restricted: the policy's domain reviewer). */
  orRole?: string;
  /** The line that names the owners of `orRole`, where another than `place` does. */
  orPlace?: Place;
  /** The owners of the file stand in, because no line names the role. */
  isSubstituted?: true;
  /** What the reviewer answers for, for people. */
  focus: string;
  /** Ids of fired rules, tier or the author's own wish that ask for this role. */
  because: readonly string[];
  /** Set when nobody can fill the role: it blocks until somebody adds the line. */
  missing: { why: string; lineToAdd: string; place?: Place } | null;
}

/** How one requirement stands. */
export interface RequirementState {
  requirement: ReviewRequirement;
  state: "approved" | "waiting" | "changes-requested" | "missing-owner";
  /** Logins that fill it. */
  filledBy: readonly { login: string; id: number; reviewId: number }[];
  /** For people: who could approve, or why nobody can. */
  explanation: string;
}
