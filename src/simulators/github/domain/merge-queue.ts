import { findAccount } from "../find-in-world.ts";
import { renderHookCommit } from "../render/render-git.ts";
import { GitHubFailure, type Account, type Pull, type QueueEntry, type Repository, type World } from "../world.ts";
import { addAccount } from "./add-account.ts";
import { emitPull } from "./emit-pull.ts";
import { findProtectionGap } from "./protection.ts";
import { changeRef } from "./push.ts";

/** Why a pull request left the queue, in GitHub's words. */
export type RemovalReason =
  | "MANUAL"
  | "MERGE"
  | "MERGE_CONFLICT"
  | "CI_FAILURE"
  | "ALREADY_MERGED"
  | "QUEUE_CLEARED"
  | "UNKNOWN_REMOVAL_REASON";

const botLogin = "github-merge-queue[bot]";

/** Who builds, pushes and merges what is in a queue. */
export function findQueueBot(world: World): Account {
  return findAccount(world, botLogin) ?? addAccount(world, { login: botLogin, kind: "Bot" });
}

/** Sends an event about the group of an entry, if it has one. */
export function emitGroup(
  world: World,
  entry: QueueEntry,
  about: { action: "checks_requested" } | { action: "destroyed"; reason: "merged" | "invalidated" | "dequeued" },
): void {
  const { group, pull } = entry;
  if (group === undefined) return;
  const { repo } = pull.issue;
  const commit = renderHookCommit(world, repo, repo.store.requireCommit(group.headSha));
  const { id, tree_id, message, timestamp } = commit;
  const [author, committer] = [commit["author"], commit["committer"]].map((person) => {
    const { name, email } = person as { name: string; email: string };
    return { name, email };
  });
  const merge_group = {
    head_sha: group.headSha,
    head_ref: group.ref,
    base_sha: group.baseSha,
    base_ref: `refs/heads/${group.branch}`,
    head_commit: { id, tree_id, message, timestamp, author, committer },
  };
  world.emit("merge_group", { ...about, merge_group }, { repo, sender: findQueueBot(world) });
}

/** Ends the group of an entry: the event, then its branch. */
export function dropGroup(world: World, entry: QueueEntry, reason: "merged" | "invalidated" | "dequeued"): void {
  const { group, pull } = entry;
  if (group === undefined) return;
  emitGroup(world, entry, { action: "destroyed", reason });
  entry.group = undefined;
  changeRef(world, { repo: pull.issue.repo, ref: group.ref, to: undefined, by: findQueueBot(world) });
}

/** Takes an entry out; those behind it keep groups that no longer fit until the queue is settled. */
export function removeEntry(
  world: World,
  queue: QueueEntry[],
  entry: QueueEntry,
  why: { reason: RemovalReason; by: Account },
): void {
  queue.splice(queue.indexOf(entry), 1);
  emitPull(world, entry.pull, "dequeued", why.by, { reason: why.reason });
  dropGroup(world, entry, "dequeued");
}

function requireQueue(repo: Repository, branch: string): QueueEntry[] {
  if (repo.protections.get(branch)?.mergeQueue === undefined) {
    throw new GitHubFailure(422, `There is no merge queue on ${branch}`);
  }
  const queue = repo.queues.get(branch) ?? [];
  repo.queues.set(branch, queue);
  return queue;
}

/** Puts a pull request at the end of the queue of its base. @throws GitHubFailure as the button would refuse. */
export function enqueuePull(world: World, pull: Pull, by: Account): void {
  const { issue } = pull;
  const queue = requireQueue(issue.repo, pull.baseRef);
  if (issue.state === "closed" || pull.draft) throw new GitHubFailure(422, "Pull request is closed or a draft");
  if (queue.some((entry) => entry.pull === pull)) throw new GitHubFailure(422, "Pull request is already in the queue");
  const gap = findProtectionGap(world, pull);
  if (gap !== undefined) throw new GitHubFailure(405, gap);
  queue.push({
    id: world.nextId(),
    pull,
    pullHead: pull.headSha,
    enqueuer: by,
    enqueuedAt: world.now(),
    group: undefined,
  });
  emitPull(world, pull, "enqueued", by);
  world.settleQueues(issue.repo);
}

/** Takes a pull request out of its queue by hand. @throws GitHubFailure when it is in none. */
export function dequeuePull(world: World, pull: Pull, by: Account): void {
  const queue = requireQueue(pull.issue.repo, pull.baseRef);
  const entry = queue.find((candidate) => candidate.pull === pull);
  if (entry === undefined) throw new GitHubFailure(422, "Pull request is not in the queue");
  removeEntry(world, queue, entry, { reason: "MANUAL", by });
  world.settleQueues(pull.issue.repo);
}
