import { judgeRequiredChecks } from "../domain/protection.ts";
import { renderNodeId, renderTime } from "../render/render-account.ts";
import type { Pull, QueueEntry, Repository, World } from "../world.ts";
import { makeConnection, type ConnectionArguments } from "./connection.ts";
import { resolveAccount } from "./resolve-account.ts";
import { resolveObject } from "./resolve-git.ts";

type Json = Record<string, unknown>;

function decideState(repo: Repository, branch: string, { group }: QueueEntry): string {
  const protection = repo.protections.get(branch);
  if (group === undefined || protection === undefined) return "QUEUED";
  return judgeRequiredChecks(repo, group.headSha, protection) === "green" ? "MERGEABLE" : "AWAITING_CHECKS";
}

/** The merge queue of a branch; null where there is none. */
export function resolveQueue(
  world: World,
  repo: Repository,
  branch: string,
  resolvePull: (pull: Pull) => Json,
): Json | null {
  if (repo.protections.get(branch)?.mergeQueue === undefined) return null;
  const entries = repo.queues.get(branch) ?? [];
  return {
    id: `${renderNodeId("MergeQueue", repo.id)}${branch}`,
    entries: (wanted: ConnectionArguments) =>
      makeConnection("entries", entries, wanted, (entry) => ({
        id: renderNodeId("MergeQueueEntry", entry.id),
        position: entries.indexOf(entry) + 1,
        state: decideState(repo, branch, entry),
        enqueuedAt: renderTime(entry.enqueuedAt),
        enqueuer: resolveAccount(entry.enqueuer),
        baseCommit: () => (entry.group === undefined ? null : resolveObject(world, repo, entry.group.baseSha)),
        headCommit: () => (entry.group === undefined ? null : resolveObject(world, repo, entry.group.headSha)),
        pullRequest: () => resolvePull(entry.pull),
      })),
  };
}
