import { randomUUID, type KeyObject } from "node:crypto";
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
  checkSuites: CheckSuite[];
  checkRuns: CheckRun[];
  statuses: CommitStatus[];
  deployments: Deployment[];
  workflowRuns: WorkflowRun[];
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
  };
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function findAccount(world: World, login: string): Account | undefined {
  return world.accounts.find((account) => sameName(account.login, login));
}

export function requireAccount(world: World, login: string): Account {
  const account = findAccount(world, login);
  if (account === undefined) throw new GitHubFailure(404, `Not Found: no account ${login}`);
  return account;
}

export function requireOrganization(world: World, login: string): Account {
  const account = findAccount(world, login);
  if (account?.kind !== "Organization") throw new GitHubFailure(404, "Not Found");
  return account;
}

export function addAccount(
  world: World,
  account: { login: string; kind: Account["kind"]; name?: string | undefined; email?: string | undefined },
): Account {
  if (findAccount(world, account.login) !== undefined) throw new Error(`account ${account.login} exists`);
  const id = world.nextId();
  const made: Account = {
    id,
    login: account.login,
    kind: account.kind,
    name: account.name ?? account.login,
    email: account.email ?? `${id}+${account.login}@users.noreply.github.com`,
    createdAt: world.now(),
    token: `ghp_${randomUUID().replaceAll("-", "")}`,
    members: new Map(),
  };
  world.accounts.push(made);
  return made;
}

export function findTeam(world: World, org: string, slug: string): Team | undefined {
  return world.teams.find((team) => sameName(team.org.login, org) && sameName(team.slug, slug));
}

export function requireTeam(world: World, org: string, slug: string): Team {
  const team = findTeam(world, org, slug);
  if (team === undefined) throw new GitHubFailure(404, "Not Found");
  return team;
}

export function findRepository(world: World, owner: string, name: string): Repository | undefined {
  return world.repositories.find((repo) => sameName(repo.owner.login, owner) && sameName(repo.name, name));
}

export function fullName(repo: Repository): string {
  return `${repo.owner.login}/${repo.name}`;
}

/** The repository of a full name. */
export function requireRepository(world: World, name: string): Repository {
  const [owner = "", short = ""] = name.split("/");
  const repo = findRepository(world, owner, short);
  if (repo === undefined) throw new GitHubFailure(404, `Not Found: no repository ${name}`);
  return repo;
}

export function requirePull(repo: Repository, number: number): Pull {
  const pull = repo.issues.get(number)?.pull;
  if (pull === undefined) throw new GitHubFailure(404, "Not Found");
  return pull;
}

export function listPulls(repo: Repository): Pull[] {
  return [...repo.issues.values()].flatMap((issue) => (issue.pull === undefined ? [] : [issue.pull]));
}

/** The commit that a SHA, branch, tag or full ref names; undefined when there is none. An abbreviated SHA is not resolved. */
export function resolveCommit(repo: Repository, ref: string): string | undefined {
  if (/^[0-9a-f]{40}$/.test(ref)) return repo.store.readCommit(ref) === undefined ? undefined : ref;
  const candidates = [
    ref,
    `refs/${ref}`,
    `refs/heads/${ref}`,
    `refs/tags/${ref}`,
    ref === "HEAD" ? `refs/heads/${repo.defaultBranch}` : ref,
  ];
  for (const name of candidates) {
    const oid = repo.refs.get(name);
    if (oid !== undefined) return oid;
  }
  return undefined;
}

export function isInstalledOn(installation: Installation, repo: Repository): boolean {
  return (
    installation.account === repo.owner &&
    installation.suspendedAt === undefined &&
    (installation.repositoryIds === undefined || installation.repositoryIds.has(repo.id))
  );
}
