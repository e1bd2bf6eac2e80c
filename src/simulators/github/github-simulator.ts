/**
 * A GitHub on 127.0.0.1 that the real Probot app talks to, for the demo and the tests.
 *
 * Simulated: REST at `/` and `/api/v3`, GraphQL at `/graphql` and `/api/graphql`; app JWTs, installation tokens with
 * permission levels, tokens of people; git objects and a real commit graph (merge bases, renames, conflicts, test merge
 * commits, merge, squash and rebase); pull requests, merge queues, reviews, requested reviewers, teams, CODEOWNERS errors, check runs
 * and suites, statuses, branch protection and rules, issues and comments, deployments, workflow runs with artifacts;
 * signed webhooks with a delivery log and redelivery; rate limits and conditional requests. Every answer and every
 * webhook can be checked against GitHub's own OpenAPI document (option `contract`), every GraphQL type against GitHub's
 * own schema (a test).
 *
 * NOT proven: the real GitHub was never reached. Rules that no published schema states (the wording of errors, 409
 * against 422, which event follows which call, when a test merge appears, how CODEOWNERS errors are worded) are written
 * from documentation and from reports collected in the project's facts, and may differ from the real service. Not
 * simulated at all: reviewers that GitHub itself requests from CODEOWNERS on opening, auto-merge, draft releases, the web
 * pages, search, Git over HTTP and SSH, secondary limits by points, push rules, signatures on commits, and suspension of
 * people. The merge queue is the plain one: every entry is built at once on the one ahead and merged when all checks on
 * its own commit are green (ALLGREEN); no limits of group size, no time-out of checks, no jumping ahead.
 */
import type { ContractChecker } from "../contract/contract-checker.ts";
import { startLoopbackServer, type LoopbackServer } from "../loopback-server.ts";
import type {
  AppInput,
  CheckRunSnapshot,
  CommentSnapshot,
  DeliveryFilter,
  DeliverySnapshot,
  DeploymentSnapshot,
  IssueSnapshot,
  MergeInput,
  OrganizationInput,
  Person,
  ProtectionInput,
  PullInput,
  PullSnapshot,
  PushInput,
  QueueEntrySnapshot,
  RateLimitInput,
  RepositoryInput,
  RepositoryPermission,
  ReviewInput,
  TeamInput,
  WorkflowRunInput,
} from "./control-input.ts";
import { createAppControls } from "./controls/app-controls.ts";
import { createCheckControls } from "./controls/check-controls.ts";
import { createGitControls } from "./controls/git-controls.ts";
import { createPeopleControls } from "./controls/people-controls.ts";
import { createPullControls } from "./controls/pull-controls.ts";
import { createQueueSettler } from "./domain/settle-queues.ts";
import { createGraphqlAnswer } from "./graphql/answer-graphql.ts";
import { answerRequest } from "./http/answer-request.ts";
import { RateLimits } from "./http/rate-limits.ts";
import { compileRoutes } from "./http/route.ts";
import { listRoutes } from "./routes/list-routes.ts";
import { DeliveryQueue } from "./webhooks/delivery-queue.ts";
import { createEmitter } from "./webhooks/emit.ts";
import { createWorld } from "./world.ts";

export { GitHubFailure } from "./world.ts";

export interface GitHubSimulatorOptions {
  /** 0, the default, takes any free port. */
  port?: number;
  /**
   * The simulator's clock: dates of commits, reviews and deliveries. The machine's clock when absent. Tokens and JWTs are
   * always judged by the machine's clock, because the app makes and caches them by it.
   */
  now?: () => Date;
  /** Checks every request, response and webhook; what it finds is in `violations`. */
  contract?: ContractChecker;
  /** How long a webhook may take to be answered. GitHub gives 10 000 ms. */
  webhookTimeoutMs?: number;
}

/**
 * A running simulator. Every control method is synchronous and takes effect at once; webhooks that follow from it are
 * sent in the background, in order (`waitForDeliveries` waits until they are answered). Repositories are named
 * `owner/name`, people by login, teams by slug.
 */
export interface GitHubSimulator {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** `http://127.0.0.1:<port>/api/v3`, the `baseUrl` of an Octokit. */
  readonly apiUrl: string;
  /** `127.0.0.1:<port>`, for `GHE_HOST` (with `GHE_PROTOCOL=http`). */
  readonly host: string;
  /** Faults, watchers and the request log. */
  readonly server: LoopbackServer;
  /** What did not conform to GitHub's OpenAPI document so far; stays empty without `contract`. */
  readonly violations: readonly string[];
  /** Stops the server, drops undelivered webhooks and removes the git folder. */
  close(): Promise<void>;

  // --- people -----------------------------------------------------------------------------------------------------
  createUser(user: { login: string; name?: string; email?: string }): Person;
  /** A bot account that belongs to no app of this simulator (`renovate[bot]`). */
  createBot(bot: { login: string }): Person;
  createOrganization(organization: OrganizationInput): { login: string; id: number };
  addOrganizationMember(member: { org: string; login: string; role?: "admin" | "member" }): void;
  removeOrganizationMember(member: { org: string; login: string }): void;
  createTeam(team: TeamInput): { id: number; slug: string };
  /** Sends `membership.added` when the membership is active. The user becomes a member of the organisation. */
  addTeamMember(member: {
    org: string;
    team: string;
    login: string;
    state?: "active" | "pending";
    role?: "member" | "maintainer";
  }): void;
  /** Sends `membership.removed`. */
  removeTeamMember(member: { org: string; team: string; login: string }): void;
  /** A token of this person for `new Octokit({ auth, baseUrl: simulator.apiUrl })`. */
  tokenFor(login: string): string;

  // --- repositories and git ---------------------------------------------------------------------------------------
  /** Makes the repository with one first commit of `files` on the default branch. No event is sent. */
  createRepository(repository: RepositoryInput): { fullName: string; id: number; sha: string };
  /** A fork of `repo` that shares its objects; pull requests from it are opened with head `owner:branch`. */
  forkRepository(fork: { repo: string; owner: string }): { fullName: string; id: number };
  grantAccess(grant: { repo: string; permission: RepositoryPermission } & ({ login: string } | { team: string })): void;
  /** Adds one commit on top of `branch` (created from the default branch if it does not exist). Sends `push` and, for each open pull request from it, `pull_request.synchronize`. */
  pushFiles(push: PushInput): string;
  createBranch(branch: { repo: string; branch: string; from?: string }): string;
  deleteBranch(branch: { repo: string; branch: string; pusher?: string }): void;
  /** Moves the branch to any existing commit, also backwards. Sends `push` with `forced`. */
  forcePush(push: { repo: string; branch: string; sha: string; pusher: string }): void;
  /** The text of a file at a branch, tag or commit; undefined when it is not there. */
  readFile(file: { repo: string; ref: string; path: string }): string | undefined;
  /** The commit a branch, tag or full ref points to; undefined when there is none. */
  resolveRef(ref: { repo: string; ref: string }): string | undefined;
  protectBranch(protection: ProtectionInput): void;
  unprotectBranch(protection: { repo: string; branch: string }): void;

  // --- pull requests ----------------------------------------------------------------------------------------------
  openPull(pull: PullInput): { number: number; headSha: string };
  pull(pull: { repo: string; number: number }): PullSnapshot;
  pulls(filter: { repo: string; state?: "open" | "closed" | "all" }): PullSnapshot[];
  /** Leaves a review as this person, as the web page would. Returns the review's id. */
  review(review: ReviewInput): number;
  dismissReview(dismissal: { repo: string; number: number; review: number; by: string; message?: string }): void;
  requestReview(request: { repo: string; number: number; by: string; reviewers?: string[]; teams?: string[] }): void;
  /**
   * Merges as this person. `bypass` is the administrator's merge that ignores protection.
   *
   * @returns the merge commit's SHA. Throws a `GitHubFailure` (405, 409) as the merge button would refuse.
   */
  mergePull(merge: MergeInput): string;
  /**
   * Puts a pull request into the merge queue of its base: `pull_request.enqueued`, a group commit on a branch
   * `gh-readonly-queue/...`, `merge_group.checks_requested`. It is merged when the required checks on that commit are
   * green, and taken out when one fails; those behind it are then built anew. Throws a `GitHubFailure` when refused.
   */
  enqueuePull(pull: { repo: string; number: number; by: string }): void;
  dequeuePull(pull: { repo: string; number: number; by: string }): void;
  /** The queue of a branch (the default branch when absent), first to be merged first. */
  mergeQueue(queue: { repo: string; branch?: string }): QueueEntrySnapshot[];
  closePull(pull: { repo: string; number: number; by: string }): void;
  reopenPull(pull: { repo: string; number: number; by: string }): void;
  retargetPull(pull: { repo: string; number: number; by: string; base: string }): void;
  editPull(pull: { repo: string; number: number; by: string; title?: string; body?: string }): void;
  setDraft(pull: { repo: string; number: number; by: string; draft: boolean }): void;
  /** Lets the next `reads` readings of the pull request answer `mergeable: null`. */
  delayMergeable(pull: { repo: string; number: number; reads: number }): void;

  // --- issues and comments ----------------------------------------------------------------------------------------
  /** Comments on an issue or pull request as this person. Returns the comment's id. */
  comment(comment: { repo: string; number: number; by: string; body: string }): number;
  editComment(comment: { repo: string; comment: number; by: string; body: string }): void;
  comments(filter: { repo: string; number: number }): CommentSnapshot[];
  issues(filter: { repo: string }): IssueSnapshot[];

  // --- checks and deployments -------------------------------------------------------------------------------------
  /** All runs in the order of their ids, the superseded ones too. */
  checkRuns(filter: { repo: string; sha?: string; name?: string }): CheckRunSnapshot[];
  /** Presses a button of a check run: `check_run.requested_action` with this sender. */
  pressAction(press: { repo: string; checkRun: number; identifier: string; by: string }): void;
  rerequestCheckRun(request: { repo: string; checkRun: number; by: string }): void;
  rerequestCheckSuite(request: { repo: string; sha: string; app: string; by: string }): void;
  deployments(filter: { repo: string }): DeploymentSnapshot[];
  /** A finished GitHub Actions run with its artifacts. Sends `workflow_run.completed`. */
  addWorkflowRun(run: WorkflowRunInput): { runId: number; checkRunId: number; artifactIds: number[] };
  /** What `actions/attest` leaves at GitHub: a Sigstore bundle about a digest (`sha256:` and hex). Nothing here verifies it. */
  addAttestation(attestation: { repo: string; subjectDigest: string; bundle: Readonly<Record<string, unknown>> }): void;

  // --- apps and webhooks ------------------------------------------------------------------------------------------
  /** Registers the app if its id is new, and installs it. Sends `installation.created`. */
  installApp(app: AppInput): { installationId: number; botLogin: string };
  /** Changes where the webhooks of an app go, for instance after the app restarted on another port. */
  setWebhookUrl(app: { appId: number; url: string | undefined }): void;
  /** Grants the app other permissions, as an owner does who accepts them. Its tokens end. No event is sent. */
  setPermissions(app: { appId: number; permissions: Record<string, "read" | "write"> }): void;
  suspendInstallation(installation: { installationId: number; suspended: boolean }): void;
  uninstallApp(installation: { installationId: number }): void;
  /** Ends every installation token now; the app gets 401 until it asks for a new one. */
  expireTokens(): void;
  /** Keeps back matching webhooks, those not sent yet included, until they are released. */
  holdDeliveries(filter?: DeliveryFilter): void;
  /** Sends what was held, in order of creation or reversed, and stops holding. */
  releaseDeliveries(order?: "as-created" | "reversed"): void;
  /** Forgets what is held as if GitHub had never sent it: not in the delivery log either. Keeps holding. */
  loseHeldDeliveries(): number;
  /** Sends a delivery once more with the same GUID, as GitHub sometimes does without being asked. */
  duplicateDelivery(delivery: { id: string }): void;
  /** GitHub's "Redeliver" button: the same GUID, a new id, marked as a redelivery. */
  redeliver(delivery: { id: string }): void;
  /** Every attempt so far, oldest first. */
  deliveries(filter?: DeliveryFilter): DeliverySnapshot[];
  /** Resolves when nothing is queued or in flight (held ones do not count). Rejects after `timeoutMs` (30 000). */
  waitForDeliveries(timeoutMs?: number): Promise<void>;

  // --- limits -----------------------------------------------------------------------------------------------------
  /** Refuses the next requests of installation tokens and people as an exhausted limit does. Returns a function that ends it. */
  exhaustRateLimit(limit: RateLimitInput): () => void;
}

/** Starts a simulator with nothing in it. @throws what `listen` throws when the port is taken. */
export async function startGitHubSimulator(options: GitHubSimulatorOptions = {}): Promise<GitHubSimulator> {
  const { port = 0, now = () => new Date(), contract, webhookTimeoutMs = 10_000 } = options;
  const world = createWorld(now);
  const violations: string[] = [];
  const report = (violation: string): void => void violations.push(violation);
  const queue = new DeliveryQueue({ now, timeoutMs: webhookTimeoutMs });
  const limits = new RateLimits(now);
  world.emit = createEmitter(world, queue, contract, report);
  world.settleQueues = createQueueSettler(world);
  const routes = compileRoutes(listRoutes(queue));
  const desk = { world, routes, limits, contract, report, answerGraphql: createGraphqlAnswer(world) };
  const server = await startLoopbackServer((request) => answerRequest(desk, request), port);
  world.url = server.url;
  world.apiUrl = `${server.url}/api/v3`;
  return {
    url: world.url,
    apiUrl: world.apiUrl,
    host: `127.0.0.1:${server.port}`,
    server,
    violations,
    ...createPeopleControls(world),
    ...createGitControls(world),
    ...createPullControls(world),
    ...createCheckControls(world),
    ...createAppControls(world, queue, limits),
    async close() {
      queue.close();
      await server.close();
      for (const store of world.stores) store.close();
    },
  };
}
