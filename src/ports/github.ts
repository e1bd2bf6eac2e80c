import type { ChangeProposal, CheckReport } from "../core/effect.ts";
import type {
  Account,
  AttestationFacts,
  ChangedPath,
  CheckRunFacts,
  FileContent,
  OwnerFacts,
  PullFacts,
  RepositoryFacts,
  ReviewFacts,
  TreeEntry,
  WorkflowRunFacts,
} from "../core/facts.ts";
import type { JsonObject } from "../core/json.ts";

/**
 * GitHub as one installation sees one repository. Reads are bounded and follow every page; a listing that GitHub cuts
 * says so instead of looking complete. Writes are repeatable: each first looks whether it is already so.
 *
 * @throws GitHubError from every method when GitHub refuses, is away, or answers something unknown.
 */
export interface RepositoryPort {
  /** Owner, name, id and default branch, read once per port. */
  readRepository(): Promise<RepositoryFacts>;
  /** Null when there is no such pull request. `baseSha` is the tip of the base branch now, read from the ref. */
  readPull(number: number): Promise<PullFacts | null>;
  /**
   * The commit that the merge would give. `pending`: GitHub is still computing it, ask again later. `conflict`: there is none.
   */
  readTestMerge(number: number): Promise<{ kind: "ready"; sha: string } | { kind: "conflict" } | { kind: "pending" }>;
  /** Numbers of open pull requests, oldest first. */
  listOpenPulls(): Promise<readonly { number: number; headSha: string; baseRef: string }[]>;
  /** Open pull requests whose head is this commit. */
  findOpenPullsByHead(sha: string): Promise<readonly number[]>;
  /** The pull requests that brought a commit of the default branch, merged ones only. */
  findMergedPulls(sha: string): Promise<readonly number[]>;
  /** By old and new name; `complete` is false when GitHub's count and the listing differ or the limit of 3,000 is reached. */
  readChanges(number: number): Promise<{ complete: boolean; files: readonly ChangedPath[] }>;
  /** The whole tree of a commit. `complete` is false when GitHub truncated it. Null when there is no such commit. */
  readTree(sha: string): Promise<{ complete: boolean; entries: readonly TreeEntry[] } | null>;
  /**
   * Contents by blob id, batched; at most 256 KiB of text each, or `maxBytes`, larger ones are `too-large`. The result has every id that
   * was asked.
   */
  readBlobs(
    blobs: readonly { oid: string; mode: TreeEntry["mode"]; size: number; maxBytes?: number }[],
  ): Promise<ReadonlyMap<string, FileContent>>;
  /** Commit at the tip of a branch; null when there is none. */
  readBranch(name: string): Promise<string | null>;
  /** The first parent of a commit: what the base branch held before a merge. Null for a root commit. */
  readFirstParent(sha: string): Promise<string | null>;
  /**
   * The pull requests in the merge-queue group whose head is this commit: the entry with that head and all entries ahead
   * of it, down to the tip of the base branch (`baseSha`), in the order in which they would be merged. `baseRef` as in
   * the webhook, with or without `refs/heads/`. `headSha` of a member is its pull request's head now; `groupSha` is the
   * commit that holds the base, everything ahead of the member and the member itself: what the base branch would be after it.
   *
   * Null when that cannot be told: the group is gone or was built anew, the base branch has moved, a link or a pull
   * request is hidden, the app may not read the queue, or the server has none. Callers fail closed (SPEC 7,
   * facts/github.md section 7). Errors that a later try may mend are thrown.
   */
  readMergeGroup(headSha: string, baseRef: string): Promise<MergeGroupFacts | null>;
  /** Without `content`: the flow fills that from its own store. Oldest first. */
  readReviews(number: number): Promise<readonly Omit<ReviewFacts, "content">[]>;
  /** Authors, committers and co-authors of all commits. `complete` is false above GitHub's limit of 250. */
  readCommitPeople(number: number): Promise<{
    complete: boolean;
    people: readonly { account: Account | null; text: string }[];
    /** Commit ids, oldest first. */
    commits: readonly string[];
  }>;
  readRequestedReviewers(number: number): Promise<{ users: readonly string[]; teams: readonly string[] }>;
  /**
   * Resolves `@login` and `@org/team` names with members (child teams included) and write access. Order as asked. Answers may be some
   * seconds old; with `isFresh` GitHub is asked now, as a merge needs it (SPEC 7).
   */
  readOwners(names: readonly string[], options?: { isFresh: boolean }): Promise<readonly OwnerFacts[]>;
  /** Whether this account may write to the repository. Null when there is no such account. */
  readPermission(login: string): Promise<{ account: Account; canWrite: boolean } | null>;
  /** GitHub's own view of the CODEOWNERS errors at a ref; null when it could not be asked. */
  readCodeownersErrors(
    ref: string,
  ): Promise<readonly { line: number; column: number; kind: string; message: string; path: string }[] | null>;
  /** The workflow run that evidence names, with the artifact that bears `artifactName`. `bundlesAtHead` is left empty: the flow fills it. */
  readWorkflowRun(runId: number, artifactName: string): Promise<WorkflowRunFacts>;
  /** The newest check run of this app and name on a commit, completed or not. `bundlesAtCommit` is left empty: the flow fills it. */
  readCheckRun(sha: string, appId: number, name: string): Promise<CheckRunFacts>;
  /**
   * What is attested about a digest (`sha256:` and 64 hex digits), with every signature verified against the operator's trust root. What
   * cannot be verified is refused with a sentence; only an unavailable GitHub throws, since other evidence must not wait for this.
   */
  readAttestations(subjectDigest: string): Promise<AttestationFacts>;
  /** A file of the organisation's `.github` repository on its default branch. Null when there is no such file or repository. */
  readOrganizationFile(path: string): Promise<{ text: string } | { unreadable: string } | null>;
  /** Name and expected app of the checks that a branch requires; null when that cannot be read. */
  readRequiredChecks(branch: string): Promise<readonly { name: string; appId: number | null }[] | null>;
  /** Whether a branch requires a check of this name from this very app. False where that cannot be read. */
  requiresOwnCheck(branch: string, name: string): Promise<boolean>;

  /**
   * Publishes the check run of a commit. Nothing is written when the newest run of ours of this name there already shows
   * `externalId`; an unfinished run of ours is updated; otherwise a new run is created, so that annotations never double.
   */
  publishCheck(report: CheckReport): Promise<{ checkRunId: number; written: boolean }>;
  /** The newest check run of ours of this name on a commit. */
  findCheck(sha: string, name: string): Promise<{ id: number; conclusion: string | null; externalId: string } | null>;
  /**
   * Asks for reviews, all at once and then one by one when GitHub refuses the whole (facts/github.md section 4). People
   * who are asked already are left out. Answers whom GitHub refused.
   */
  requestReviewers(
    number: number,
    users: readonly string[],
    teams: readonly string[],
  ): Promise<{ refused: readonly { name: string; why: string }[] }>;
  withdrawReviewers(number: number, users: readonly string[], teams: readonly string[]): Promise<void>;
  /** Creates or edits the one comment of ours that carries `<!-- marker -->`. Nothing is written when the body is the same. */
  putComment(number: number, marker: string, body: string): Promise<{ commentId: number; written: boolean }>;
  /** Adds a comment unless one of ours with the marker is there. */
  addComment(number: number, marker: string, body: string): Promise<{ commentId: number; written: boolean }>;
  /** Opens an issue unless an open one of ours with the marker is there. */
  openIssue(
    marker: string,
    title: string,
    body: string,
    labels: readonly string[],
  ): Promise<{ number: number; written: boolean }>;
  /**
   * Sets the state of the deployment that carries `key` in its payload; creates it when there is none. Never with
   * GitHub's dangerous defaults (facts/github.md section 9).
   */
  setDeployment(deployment: {
    key: string;
    sha: string;
    environment: string;
    isProduction: boolean;
    state: "in_progress" | "success" | "failure" | "inactive";
    description: string;
    payload: JsonObject;
  }): Promise<{ deploymentId: number; written: boolean }>;
  /**
   * Opens a pull request that changes one file, on a branch of that name; the branch's name is the idempotency key. An open pull request of
   * ours from the branch is kept and its branch brought up to date, unless somebody else has committed there; a closed one is reported and
   * nothing is written. The commit stands on `baseSha`, whatever the base branch holds meanwhile: GitHub merges the two, or says that
   * they conflict.
   */
  proposeChange(proposal: ChangeProposal): Promise<ProposedChange>;
}

export type ProposedChange =
  | { kind: "open"; number: number; written: boolean }
  | { kind: "closed"; number: number; merged: boolean }
  /** The installation does not grant `contents: write` (or a push rule keeps the app out): nothing was opened. */
  | { kind: "forbidden" };

/** One group of a merge queue as `RepositoryPort.readMergeGroup` tells it. */
export interface MergeGroupFacts {
  baseSha: string;
  /** At least one; the last one's `groupSha` is the head of the group. */
  members: readonly { number: number; headSha: string; groupSha: string }[];
}

/** What the gatherers of file facts read. GitHub answers it, and so does a local clone (SPEC 16, `check`). */
export type RepositoryFiles = Pick<
  RepositoryPort,
  | "readRepository"
  | "readBranch"
  | "readChanges"
  | "readTree"
  | "readBlobs"
  | "readOrganizationFile"
  | "readWorkflowRun"
> &
  // A clone knows no checks and no attestations: records that need them stay declared.
  Partial<Pick<RepositoryPort, "readCheckRun" | "readAttestations" | "requiresOwnCheck">>;

/** What the gatherer of people facts reads. */
export type RepositoryPeople = Pick<
  RepositoryPort,
  | "readReviews"
  | "readCommitPeople"
  | "readOwners"
  | "readRequestedReviewers"
  | "readCodeownersErrors"
  | "readPermission"
>;

/** Finds the port of a repository through the installation that covers it. */
export interface GitHubPort {
  /** @throws GitHubError with kind `forbidden` when the app is not installed there. */
  openRepository(owner: string, name: string): Promise<RepositoryPort>;
  /** Every repository of every installation, for the sweep. */
  listRepositories(): Promise<readonly { owner: string; name: string; id: number }[]>;
  /** Deliveries of the app that GitHub could not hand over since `since` (ISO), newest attempt of each guid, oldest first. */
  listFailedDeliveries(
    since: string,
  ): Promise<readonly { id: string; guid: string; event: string; deliveredAt: string }[]>;
  /** Asks GitHub to send a delivery once more. */
  redeliver(id: string): Promise<void>;
  /** Slug and bot login of the app, to know our own comments and requests. */
  readApp(): Promise<{ id: number; slug: string; botLogin: string }>;
}

export type GitHubErrorKind =
  | "unauthorized"
  | "forbidden"
  | "missing"
  | "conflict"
  | "invalid"
  | "rate-limited"
  | "unavailable"
  | "unexpected";

/** GitHub refused, was away, or said something that nobody has described. */
export class GitHubError extends Error {
  override readonly name = "GitHubError";
  readonly kind: GitHubErrorKind;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly retryable: boolean;
  /** When GitHub allows the next request; null when it does not say. */
  readonly retryAt: string | null;

  constructor(
    message: string,
    fields: { kind: GitHubErrorKind; status: number; retryable: boolean; retryAt?: string | null; cause?: unknown },
  ) {
    super(message, { cause: fields.cause });
    this.kind = fields.kind;
    this.status = fields.status;
    this.retryable = fields.retryable;
    this.retryAt = fields.retryAt ?? null;
  }
}
