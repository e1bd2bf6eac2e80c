import type { JsonValue } from "./json.ts";
import type { Stage } from "./scales.ts";

/** A person or bot of GitHub. Compared by `id`, because logins are renamed. */
export interface Account {
  id: number;
  login: string;
  isBot: boolean;
}

export interface RepositoryFacts {
  id: number;
  owner: string;
  name: string;
  defaultBranch: string;
}

export interface PullFacts {
  number: number;
  title: string;
  state: "open" | "closed";
  isDraft: boolean;
  merged: boolean;
  mergeCommitSha: string | null;
  /** ISO 8601; null while it is not merged. Reviews that came later do not count. */
  mergedAt: string | null;
  author: Account;
  /** Branch that the pull request would be merged into. */
  baseRef: string;
  /** Tip of that branch now, not the commit that the pull request was opened against. */
  baseSha: string;
  headRef: string;
  headSha: string;
  /** The head lives in another repository. */
  isFork: boolean;
  htmlUrl: string;
}

export interface ChangedPath {
  path: string;
  /** The old name of a renamed file. */
  previousPath: string | null;
  status: "added" | "removed" | "modified" | "renamed" | "copied" | "changed" | "unchanged";
}

/** One entry of a Git tree. `oid` identifies the content. */
export interface TreeEntry {
  path: string;
  mode: "file" | "executable" | "symlink" | "submodule";
  oid: string;
  size: number;
}

/** What a file holds, or why it cannot be read as text. Absence is not in here: an absent file has no entry. */
export type FileContent =
  | { kind: "text"; text: string }
  | { kind: "too-large"; size: number }
  | { kind: "binary" }
  | { kind: "not-utf8" }
  | { kind: "lfs-pointer" }
  | { kind: "symlink" }
  | { kind: "submodule" };

/** The files of one commit: every path of the tree, and the contents that somebody asked for. */
export interface Snapshot {
  commit: string;
  /** False when GitHub cut the listing: then nothing may be concluded from absence. */
  complete: boolean;
  entries: readonly TreeEntry[];
  contents: Readonly<Record<string, FileContent>>;
}

/** A single configuration text of the default branch. Absent, unreadable and present are three answers. */
export type SourceText =
  | { kind: "absent" }
  | { kind: "unreadable"; path: string; why: string }
  | { kind: "text"; path: string; text: string };

/** A query template (SPEC 9). PromQL with `$route $variation $window` and parameters. */
export interface MetricTemplate {
  name: string;
  category: string;
  value: string | null;
  numerator: string | null;
  denominator: string | null;
  samples: string | null;
  parameters: Readonly<Record<string, string>>;
}

/** The operator's link of repositories to one FeatBit environment, without its secrets (SPEC 4). */
export interface BindingFacts {
  name: string;
  repositories: readonly string[];
  environment: string;
  isProduction: boolean;
  /** Patterns of flag keys with `*`. */
  flagKeys: readonly string[];
  dispatchKey: string;
  /** Metric templates of the operator; they go before a policy's of the same name (SPEC 9). Absent: none. */
  metricTemplates?: Readonly<Record<string, MetricTemplate>>;
}

/** What an audience of the policy meant when it was approved; the policy's `Audience` fits it. */
export interface ApprovedAudience {
  name: string;
  internal: boolean;
  /** Key of a FeatBit segment. */
  segment: string | null;
  where: readonly { property: string; in: readonly string[] }[];
  safe: readonly { property: string; in: readonly string[] }[];
  percent: number | null;
}

/** What was approved: the route file with everything that it names and means. */
export interface ApprovedContent {
  path: string;
  /** Text of the route file at the merge. */
  text: string;
  /** SHA-256 (hex) of every repository file that it names, at the merge. */
  files: Readonly<Record<string, string>>;
  /** The policy's audiences by name as they were judged: a later policy must not widen what this merge may expose (SPEC 3). */
  audiences: Readonly<Record<string, ApprovedAudience>>;
  candidateDigest: string | null;
  baselineDigest: string;
}

/** The content of one route that was last approved and merged. */
export interface ApprovedRoute extends ApprovedContent {
  binding: string;
  flagKey: string;
  environment: string;
  repository: string;
  /**
   * When this one asks for no exposure: what was approved before it, back to the last content that did, oldest first. Absent: nothing,
   * or this one asks for exposure.
   */
  earlier?: readonly ApprovedContent[] | undefined;
  /**
   * The content since which price and latency only made moves that are too small to be news: they are compared with it, so that many
   * small ones are seen. Absent: it is this one.
   */
  anchor?: ApprovedContent | undefined;
  mergeSha: string;
  pull: number;
  approvedAt: string;
  approvers: readonly { login: string; id: number; roles: readonly string[]; reviewId: number }[];
  tier: string;
}

/** Last state of one flag that was applied and proven in FeatBit (SPEC 1, `live`). */
export interface LiveState {
  binding: string;
  flagKey: string;
  /** Null: baseline to everyone and no stage entered. */
  stage: Stage | null;
  /** Index into the steps of the stage, 0 first. */
  step: number;
  /** Percent of the stage's audience that gets the candidate, 0 to 100. */
  share: number;
  candidateDigest: string | null;
  baselineDigest: string;
  /** Audience names that get the candidate, narrow to wide. */
  audiences: readonly string[];
  excluded: readonly string[];
  /** SHA-256 of the targeting that was written, in canonical JSON. */
  targetingDigest: string;
  revision: string;
  mergeSha: string;
  enteredAt: string;
  /** Milliseconds spent soaking in this step while nothing was wrong; filled in from the guardrail watch when it is gathered. */
  soakedMs: number;
  provenAt: string;
  paused: { at: string; by: string; reason: string } | null;
  /** The step of the stage that has begun and is not proven yet: from here on only a pause or a rollback stops it. Absent: none. */
  nextStep?: number | undefined;
  /** SHA-256 of the contents of every FeatBit segment that the proven targeting leans on, by key. Absent: none was recorded. */
  segments?: Readonly<Record<string, string>> | undefined;
}

/** Above Git: set by every rollback, released only by a merge approved after it (SPEC 13). */
export interface Latch {
  binding: string;
  flagKey: string;
  at: string;
  by: string;
  reason: string;
  /** `merge`: a merged file said `rolled-back`, `rejected` or `retired`. */
  cause: "command" | "button" | "cli" | "breach" | "flag-turned-off" | "merge";
  /** The candidate that was live; null when none was. */
  candidateDigest: string | null;
  repository: string;
  /** Where the person who asked is answered. */
  pull: number | null;
}

/** The candidates of one flag that were rolled back for a breach: it outlives the latch, so that no re-entry forgets it (SPEC 5). */
export interface BreachedCandidates {
  binding: string;
  flagKey: string;
  /** Candidate digest to the time of its last breach, ISO 8601. */
  at: Readonly<Record<string, string>>;
}

/** A flag key belongs to the first repository and path that merges it (SPEC 4). */
export interface FlagClaim {
  binding: string;
  /** Case-folded. */
  flagKey: string;
  repository: string;
  path: string;
}

/** A proof that the way back works, recorded by Routeward itself (SPEC 13). */
export interface Rehearsal {
  binding: string;
  flagKey: string;
  candidateDigest: string;
  at: string;
  by: string;
  ok: boolean;
  forwardMs: number;
  backMs: number;
  detail: string;
  /** On the disposable flag, or on the live one for a synthetic user. Absent: disposable, by an earlier version. */
  where?: "disposable" | "live" | undefined;
  /** What the baseline route answered over HTTP after the way back, where the operator has it asked. */
  route?: RouteAnswer | null | undefined;
}

/** How the operator's HTTP address of a route answered. */
export interface RouteAnswer {
  ok: boolean;
  /** 0 when there was no answer. */
  status: number;
  /** Milliseconds from the request until the whole answer was there, or until it was given up. */
  elapsedMs: number;
  /** Why not, in words of ours; empty when it answered. */
  why: string;
}

/** What GitHub's API says about the workflow run that an evidence record names (SPEC 8, workflow trust). */
export type WorkflowRunFacts =
  | { kind: "not-found" }
  | {
      kind: "found";
      runId: number;
      /** Path of the workflow file, without the ref. */
      workflow: string;
      conclusion: string | null;
      headSha: string;
      /** The workflow file at the run's head is the one of the default branch. */
      workflowMatchesDefaultBranch: boolean;
      /** Digests of the bundles in the route files at the run's head, by flag key. */
      bundlesAtHead: Readonly<Record<string, string>>;
      /** Text of the record in the artifact that bears the record's id; null when there is no such artifact. */
      artifactText: string | null;
      /** Texts of the artifact by file name, without folders: a wrapper record's output stands beside it. Absent: none were read. */
      artifactFiles?: Readonly<Record<string, string>>;
    };

/** What GitHub's API says about the check run that an evidence record names (SPEC 8): the newest one of that app and name. */
export type CheckRunFacts =
  | { kind: "not-found" }
  | {
      kind: "found";
      checkRunId: number;
      appId: number;
      /** `github-actions` for runs that a workflow makes, whose file the author may have changed. */
      appSlug: string;
      name: string;
      /** Null while it is not completed. */
      conclusion: string | null;
      /** Commit that it checked. */
      commit: string;
      /** ISO 8601. */
      completedAt: string | null;
      /** Shown, never fetched. */
      url: string | null;
      /** Digests of the bundles in the route files at that commit, by flag key. */
      bundlesAtCommit: Readonly<Record<string, string>>;
    };

/** An attestation whose signature was verified against the operator's trust root. Whose it is remains to be judged. */
export interface VerifiedAttestation {
  /** Repository in which the signing workflow ran; null when the certificate does not say. */
  repositoryId: number | null;
  /** Path of the signing workflow file when it belongs to this repository; else its whole address. */
  workflow: string;
  /** The workflow file at the commit that the certificate names is the one of the default branch. */
  workflowMatchesDefaultBranch: boolean;
  /** Null when the certificate does not say. */
  runId: number | null;
  /** The in-toto statement that was signed. */
  statement: JsonValue;
}

/** What is attested about one bundle digest (SPEC 8, attested trust). */
export interface AttestationFacts {
  verified: readonly VerifiedAttestation[];
  /** Why others, or all, are not believed; sentences. */
  refused: readonly string[];
}

/** One reading of a metric for one variation. `value` null means that there was no data. */
export interface Measurement {
  /** Name of the guardrail. */
  guardrail: string;
  variation: "baseline" | "candidate";
  at: string;
  outcome:
    | { kind: "value"; value: number; samples: number | null }
    | { kind: "no-data" }
    | { kind: "unusable"; why: string }
    | { kind: "error"; why: string };
}

/** Everything read before people are asked about; frozen (ARCHITECTURE, the walk, step 2). */
export interface FileFacts {
  /** ISO 8601, UTC. */
  at: string;
  repository: RepositoryFacts;
  pull: PullFacts;
  changes: { complete: boolean; files: readonly ChangedPath[] };
  /** The base branch now. */
  base: Snapshot;
  /** What the base branch would hold after the merge; the head itself when there are conflicts. */
  head: Snapshot;
  hasConflicts: boolean;
  /**
   * Set when the pull request goes to a branch, other than the default one, whose own rules the operator lets judge. Guarded: the branch
   * requires our check from this app, so that nobody changes the rules there past them; only then `policy` and `codeowners` are its.
   */
  policyBranch?: { name: string; isGuarded: boolean };
  policy: SourceText;
  floor: SourceText;
  codeowners: SourceText;
  bindings: readonly BindingFacts[];
  approved: readonly ApprovedRoute[];
  live: readonly LiveState[];
  latches: readonly Latch[];
  /** Absent: none. */
  breached?: readonly BreachedCandidates[];
  claims: readonly FlagClaim[];
  rehearsals: readonly Rehearsal[];
  /** By evidence id. */
  workflowRuns: Readonly<Record<string, WorkflowRunFacts>>;
  /** By evidence id. Absent: nothing was asked. */
  checkRuns?: Readonly<Record<string, CheckRunFacts>>;
  /** By bundle digest. Absent: nothing was asked. */
  attestations?: Readonly<Record<string, AttestationFacts>>;
  /** By `binding/flagKey`. */
  measurements: Readonly<Record<string, readonly Measurement[]>>;
}

/** One submitted review, as GitHub lists it. */
export interface ReviewFacts {
  id: number;
  author: Account | null;
  state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED" | "PENDING";
  body: string;
  submittedAt: string;
  /** Null when the commit is gone. */
  commitSha: string | null;
  /** Content digests per route path that the review was bound to when it arrived, or recomputed from its commit; null when neither is possible. */
  content: Readonly<Record<string, string>> | null;
  /** Who dismissed it, when it is dismissed and that is known. */
  dismissedBy: Account | null;
  /**
   * What the review said before it was dismissed, from the timeline's `review_dismissed` event. Absent or null: unknown,
   * and then a dismissal by somebody who may not lift an objection is taken for a lifted objection (SPEC 7).
   */
  dismissedState?: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | null;
}

/** Somebody who is named as owner: a user or a team, lower case, with `@`. */
export type OwnerFacts =
  | { kind: "user"; name: string; account: Account; canWrite: boolean }
  | { kind: "team"; name: string; slug: string; canWrite: boolean; members: readonly Account[] }
  | { kind: "unresolved"; name: string; why: string };

/** Facts about exactly the people that the assessment names (step 4 of the walk). */
export interface PeopleFacts {
  reviews: readonly ReviewFacts[];
  owners: readonly OwnerFacts[];
  /** Permission of each reviewer, by account id. */
  writers: Readonly<Record<number, boolean>>;
  /** Authors, committers and co-authors of the commits; null login: nobody could be found for it. */
  commitPeople: readonly { account: Account | null; text: string }[];
  /** False above GitHub's limit of 250 commits. */
  commitsComplete: boolean;
  /** Everyone who pushed to the head, from the webhooks that were kept. */
  pushers: readonly Account[];
  /** False when a push is missing among those that were heard of. Absent: nothing says so. */
  arePushersKnown?: boolean;
  /** The human behind a pull request that a bot opened; null when nobody is known. */
  triggeredBy: Account | null;
  /** Routeward opened it itself, so `triggeredBy` is all there is to know: null means that nobody asked for it. Absent: it did not. */
  isOwnPull?: boolean;
  requested: { users: readonly string[]; teams: readonly string[] };
  /** Those of `requested` that Routeward itself asked: only these may be withdrawn (SPEC 6). Absent: none. */
  requestedByUs?: { users: readonly string[]; teams: readonly string[] };
  /** Logins and team slugs for whom GitHub took no request on this head, with its words. Absent: none. */
  refused?: readonly { name: string; why: string }[];
  /** Errors that GitHub itself reports for CODEOWNERS; null when it could not be asked. */
  codeownersErrors: readonly { line: number; column: number; kind: string; message: string; path: string }[] | null;
}
