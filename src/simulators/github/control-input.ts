/** The values that go into and come out of the simulator's control methods. */

export type RepositoryPermission = "admin" | "maintain" | "write" | "triage" | "read" | "none";

/** A person or bot with an account. */
export interface Person {
  login: string;
  id: number;
  /** A token for REST and GraphQL with the person's own rights. */
  token: string;
  /** What commits of this person carry. */
  email: string;
}

export interface OrganizationInput {
  login: string;
  /** Logins of its owners. */
  owners?: string[];
  members?: string[];
}

export interface TeamInput {
  org: string;
  /** The slug is made from it. */
  name: string;
  /** Slug of the parent team. */
  parent?: string;
  /** Secret teams are visible to their members and owners only, and cannot own code. Default `closed`. */
  privacy?: "closed" | "secret";
  members?: string[];
}

/** What is at a path: text, bytes, a file with another mode, or null to delete. A symlink's text is its target, a submodule's the commit. */
export type FileContent =
  | string
  | Buffer
  | null
  | { mode: "100644" | "100755" | "120000" | "160000"; text: string | Buffer };

export type Files = Record<string, FileContent>;

export interface RepositoryInput {
  /** A user or organisation. */
  owner: string;
  name: string;
  files: Files;
  private?: boolean;
  /** Default `main`. */
  defaultBranch?: string;
  /** Who made the first commit; default: the simulator's own `ghost-writer`. */
  author?: string;
  message?: string;
}

export interface PushInput {
  repo: string;
  branch: string;
  message: string;
  files: Files;
  /** A login, or a name and address that belong to no account. */
  author: string | { name: string; email: string };
  /** Default: the author. */
  committer?: string | { name: string; email: string };
  /** Who pushes; default: the author. Must be a login. */
  pusher?: string;
  /** Logins or `Name <address>`, written as `Co-authored-by` trailers. */
  coAuthors?: string[];
  /** The parent commit; default: the branch's tip. With it the branch is force-pushed. */
  parent?: string;
  /** Further parents, for a merge made by hand. */
  mergeOf?: string[];
}

export interface RequiredCheckInput {
  context: string;
  /** The app that must have set it; anybody may when absent. */
  appId?: number;
}

export interface ProtectionInput {
  repo: string;
  branch: string;
  /** Classic protection by default; a ruleset shows in `rules/branches/{branch}`. */
  kind?: "classic" | "ruleset";
  requiredChecks?: RequiredCheckInput[];
  requiredApprovals?: number;
  enforceAdmins?: boolean;
  /** The branch must be up to date before merging. */
  strict?: boolean;
  /** Merges go through a queue; `true` for one that merges with merge commits. */
  mergeQueue?: boolean | { method: "merge" | "squash" | "rebase" };
}

export interface PullInput {
  repo: string;
  /** A branch of the repository, or `owner:branch` of a fork. */
  head: string;
  /** Default: the default branch. */
  base?: string;
  title: string;
  body?: string;
  author: string;
  draft?: boolean;
}

export interface PullSnapshot {
  number: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  draft: boolean;
  merged: boolean;
  mergeCommitSha: string | null;
  author: string;
  headRef: string;
  headSha: string;
  baseRef: string;
  requestedReviewers: string[];
  requestedTeams: string[];
  labels: string[];
}

export interface ReviewInput {
  repo: string;
  number: number;
  by: string;
  event: "APPROVE" | "REQUEST_CHANGES" | "COMMENT";
  body?: string;
  /** The commit the reviewer looked at; default: the head. */
  commit?: string;
}

export interface MergeInput {
  repo: string;
  number: number;
  by: string;
  method?: "merge" | "squash" | "rebase";
  /** The head that must still be there. */
  sha?: string;
  /** The administrator's merge past the protection. */
  bypass?: boolean;
}

export interface QueueEntrySnapshot {
  /** 1 is merged first. */
  position: number;
  number: number;
  /** What its group commit is built on: the base branch's tip, or the group commit of the entry ahead. */
  baseSha: string;
  headSha: string;
  /** `gh-readonly-queue/{base}/pr-{number}-{base sha}`. */
  branch: string;
}

export interface CommentSnapshot {
  id: number;
  author: string;
  body: string;
  createdAt: string;
  updatedAt: string;
}

export interface IssueSnapshot {
  number: number;
  title: string;
  body: string | null;
  author: string;
  state: "open" | "closed";
  labels: string[];
}

export interface CheckRunSnapshot {
  id: number;
  appSlug: string;
  name: string;
  headSha: string;
  status: string;
  conclusion: string | null;
  externalId: string;
  detailsUrl: string | null;
  title: string | null;
  summary: string | null;
  text: string | null;
  annotations: AnnotationSnapshot[];
  actions: { label: string; description: string; identifier: string }[];
}

export interface AnnotationSnapshot {
  path: string;
  start_line: number;
  end_line: number;
  annotation_level: string;
  message: string;
  title: string | null;
}

export interface DeploymentSnapshot {
  id: number;
  sha: string;
  ref: string;
  task: string;
  environment: string;
  payload: unknown;
  /** Oldest first. */
  statuses: { state: string; description: string }[];
}

export interface WorkflowRunInput {
  repo: string;
  /** The workflow file, `.github/workflows/eval.yml`. */
  path: string;
  headSha: string;
  headBranch?: string;
  event?: string;
  conclusion?: "success" | "failure" | "cancelled" | null;
  actor?: string;
  /** Texts by path; a function when they name the run that makes them, as a job of the run can. */
  artifacts?: {
    name: string;
    files: Record<string, string> | ((runId: number) => Record<string, string>);
    expired?: boolean;
  }[];
}

export interface AppInput {
  appId: number;
  slug: string;
  /** The RS256 key of the app: either half, PEM. */
  privateKeyPem?: string;
  publicKeyPem?: string;
  clientId?: string;
  /** Where webhooks go; without it they are logged as failed to connect. */
  webhookUrl?: string;
  webhookSecret?: string;
  permissions: Record<string, "read" | "write" | "admin">;
  events: string[];
  /** The organisation or user it is installed on. */
  account: string;
  /** Full names; all repositories of the account when absent. */
  repositories?: string[];
}

export interface DeliveryFilter {
  appId?: number;
  event?: string;
  action?: string;
  repo?: string;
}

/** One attempt to deliver a webhook. */
export interface DeliverySnapshot {
  /** Of the attempt. */
  id: string;
  /** Of the event; the same for redeliveries. */
  guid: string;
  event: string;
  action: string | null;
  /** `OK`, or why not. */
  status: string;
  /** 0 when there was no answer. */
  statusCode: number;
  redelivery: boolean;
  payload: unknown;
}

export interface RateLimitInput {
  kind: "primary" | "secondary";
  /** Default 403. */
  status?: 403 | 429;
  /** Sent as `retry-after` for a secondary limit; default 60. */
  retryAfterSeconds?: number;
  /** How many requests are refused; all until ended when absent. */
  times?: number;
}
