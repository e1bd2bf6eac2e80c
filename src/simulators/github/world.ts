import type { KeyObject } from "node:crypto";
import type { RepositoryPermission } from "./control-input.ts";
import type { GitStore } from "./git/git-store.ts";

export interface Account {
  id: number;
  login: string;
  kind: "User" | "Organization" | "Bot";
  name: string;
  email: string;
  createdAt: Date;
  token: string;
  /** Of an organisation: account id to role. */
  members: Map<number, "admin" | "member">;
}

export interface Team {
  id: number;
  org: Account;
  slug: string;
  name: string;
  parent: Team | undefined;
  privacy: "closed" | "secret";
  members: Map<number, { state: "active" | "pending"; role: "member" | "maintainer" }>;
  /** Repository id to permission. */
  permissions: Map<number, RepositoryPermission>;
  createdAt: Date;
}

export interface Protection {
  kind: "classic" | "ruleset";
  requiredChecks: { context: string; appId: number | undefined }[];
  requiredApprovals: number;
  enforceAdmins: boolean;
  strict: boolean;
  /** The branch takes merges from its queue alone. */
  mergeQueue: { method: "merge" | "squash" | "rebase" } | undefined;
}

/** A pull request in a merge queue. */
export interface QueueEntry {
  id: number;
  pull: Pull;
  /** The head that was enqueued; a push takes the pull request out of the queue. */
  pullHead: string;
  enqueuer: Account;
  enqueuedAt: Date;
  /** The commit that would be merged, on a branch of its own. Undefined until it is built. */
  group: { branch: string; baseSha: string; headSha: string; ref: string } | undefined;
}

export interface Repository {
  id: number;
  owner: Account;
  name: string;
  private: boolean;
  defaultBranch: string;
  parent: Repository | undefined;
  store: GitStore;
  /** Full names (`refs/heads/main`) to object ids. */
  refs: Map<string, string>;
  /** Account id to permission. */
  collaborators: Map<number, RepositoryPermission>;
  issues: Map<number, Issue>;
  protections: Map<string, Protection>;
  /** By branch; the first is merged first. */
  queues: Map<string, QueueEntry[]>;
  checkSuites: CheckSuite[];
  checkRuns: CheckRun[];
  statuses: CommitStatus[];
  deployments: Deployment[];
  workflowRuns: WorkflowRun[];
  /** Sigstore bundles by the digest that they are about. */
  attestations: { subjectDigest: string; bundle: Readonly<Record<string, unknown>> }[];
  createdAt: Date;
  pushedAt: Date;
}

export interface Comment {
  id: number;
  author: Account;
  app: App | undefined;
  body: string;
  createdAt: Date;
  updatedAt: Date;
}

/** Something that happened to an issue or pull request, as its timeline keeps it. */
export interface IssueEvent {
  id: number;
  actor: Account;
  createdAt: Date;
  what:
    | { kind: "labeled" | "unlabeled"; label: string }
    | { kind: "renamed"; from: string; to: string }
    | { kind: "review_requested" | "review_request_removed"; reviewer: Account | Team }
    | { kind: "review_dismissed"; review: Review; stateBefore: ReviewState; message: string | null };
}

/** An issue; a pull request is an issue with a `pull`, and they share one sequence of numbers. */
export interface Issue {
  id: number;
  number: number;
  repo: Repository;
  title: string;
  body: string | null;
  author: Account;
  app: App | undefined;
  state: "open" | "closed";
  labels: string[];
  comments: Comment[];
  events: IssueEvent[];
  createdAt: Date;
  updatedAt: Date;
  closedAt: Date | undefined;
  pull: Pull | undefined;
}

export interface Pull {
  id: number;
  issue: Issue;
  draft: boolean;
  headRepo: Repository;
  headRef: string;
  headSha: string;
  baseRef: string;
  /** As GitHub keeps it: refreshed when the head moves or the base is changed, not when the base branch moves. */
  baseSha: string;
  requestedUsers: Account[];
  requestedTeams: Team[];
  reviews: Review[];
  mergedAt: Date | undefined;
  mergedBy: Account | undefined;
  mergeCommitSha: string | undefined;
  /** The base tip just before the merge, for the files of a merged pull request. */
  mergedBaseSha: string | undefined;
  /** How many more readings answer `mergeable: null`. */
  nullReads: number;
}

export type ReviewState = "PENDING" | "COMMENTED" | "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED";

export interface Review {
  id: number;
  author: Account;
  state: ReviewState;
  body: string;
  commit: string;
  submittedAt: Date | undefined;
  /** The requested teams this review answered. */
  onBehalfOf: Team[];
}

export interface CheckSuite {
  id: number;
  app: App;
  sha: string;
  branch: string | null;
  before: string | null;
  createdAt: Date;
  updatedAt: Date;
  /** Set back to queued by a re-request until a run changes. */
  reset: boolean;
}

export interface Annotation {
  path: string;
  start_line: number;
  end_line: number;
  start_column: number | null;
  end_column: number | null;
  annotation_level: string;
  title: string | null;
  message: string;
  raw_details: string | null;
}

export interface CheckRun {
  id: number;
  suite: CheckSuite;
  name: string;
  status: string;
  conclusion: string | null;
  externalId: string;
  detailsUrl: string | null;
  title: string | null;
  summary: string | null;
  text: string | null;
  annotations: Annotation[];
  actions: { label: string; description: string; identifier: string }[];
  startedAt: Date | undefined;
  completedAt: Date | undefined;
}

export interface CommitStatus {
  id: number;
  sha: string;
  context: string;
  state: string;
  description: string | null;
  targetUrl: string | null;
  creator: Account;
  createdAt: Date;
}

export interface DeploymentStatus {
  id: number;
  state: string;
  description: string;
  logUrl: string;
  environmentUrl: string;
  environment: string;
  creator: Account;
  createdAt: Date;
}

export interface Deployment {
  id: number;
  sha: string;
  ref: string;
  task: string;
  payload: unknown;
  environment: string;
  description: string | null;
  transient: boolean;
  production: boolean;
  creator: Account;
  app: App | undefined;
  statuses: DeploymentStatus[];
  createdAt: Date;
}

export interface Artifact {
  id: number;
  name: string;
  zip: Buffer;
  expired: boolean;
  createdAt: Date;
}

export interface WorkflowRun {
  id: number;
  workflowId: number;
  path: string;
  sha: string;
  branch: string | null;
  event: string;
  conclusion: string | null;
  actor: Account;
  suite: CheckSuite;
  artifacts: Artifact[];
  createdAt: Date;
}

export interface App {
  id: number;
  slug: string;
  clientId: string;
  publicKey: KeyObject;
  owner: Account;
  bot: Account;
  webhookUrl: string | undefined;
  webhookSecret: string;
  permissions: Record<string, string>;
  events: string[];
  hookId: number;
  createdAt: Date;
}

export interface Installation {
  id: number;
  app: App;
  account: Account;
  /** Undefined: all repositories of the account. */
  repositoryIds: Set<number> | undefined;
  suspendedAt: Date | undefined;
  createdAt: Date;
}

export interface InstallationToken {
  installation: Installation;
  permissions: Record<string, string>;
  repositoryIds: Set<number> | undefined;
  /** By the machine's clock: an app caches its token by that clock, whatever the simulated one says. */
  expiresAt: number;
}

export type WebhookPayload = Record<string, unknown>;

/** Everything the simulator knows. Handlers change it in place; every change takes effect at once. */
export interface World {
  /** `http://127.0.0.1:<port>`. */
  url: string;
  apiUrl: string;
  now: () => Date;
  nextId: () => number;
  accounts: Account[];
  teams: Team[];
  repositories: Repository[];
  apps: App[];
  installations: Installation[];
  tokens: Map<string, InstallationToken>;
  stores: GitStore[];
  /** Sends an event about a repository to every installed app that wants it, or only to `onlyApp`. */
  emit: (event: string, payload: WebhookPayload, scope: EmitScope) => void;
  /** Lets the merge queues of a repository follow what has just changed: a ref, a check, a pull request. */
  settleQueues: (repo: Repository) => void;
}

export interface EmitScope {
  repo?: Repository;
  /** Instead of a repository: what happened in this account. */
  account?: Account;
  sender: Account;
  onlyApp?: App;
  installation?: Installation;
}

/** GitHub's refusal: what the REST API answers, and what a control method throws. */
export class GitHubFailure extends Error {
  readonly status: number;
  readonly errors: unknown[] | undefined;

  constructor(status: number, message: string, errors?: unknown[]) {
    super(message);
    this.name = "GitHubFailure";
    this.status = status;
    this.errors = errors;
  }
}

export function createWorld(now: () => Date): World {
  let id = 1000;
  return {
    url: "",
    apiUrl: "",
    now,
    nextId: () => {
      id += 1;
      return id;
    },
    accounts: [],
    teams: [],
    repositories: [],
    apps: [],
    installations: [],
    tokens: new Map(),
    stores: [],
    emit: () => undefined,
    settleQueues: () => undefined,
  };
}
