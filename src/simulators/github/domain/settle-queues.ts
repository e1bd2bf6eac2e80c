import type { Protection, QueueEntry, Repository, World } from "../world.ts";
import { finishMerge } from "./close-pull.ts";
import { emitPull } from "./emit-pull.ts";
import { dropGroup, emitGroup, findQueueBot, removeEntry, type RemovalReason } from "./merge-queue.ts";
import { judgeRequiredChecks } from "./protection.ts";
import { makeMergeCommit } from "./pulls.ts";
import { changeRef } from "./push.ts";

interface Queue {
  repo: Repository;
  branch: string;
  entries: QueueEntry[];
}

/** Why an entry may not stay, whatever its checks say. */
function findRemoval(queue: Queue, { pull, pullHead }: QueueEntry): RemovalReason | undefined {
  if (queue.repo.protections.get(queue.branch)?.mergeQueue === undefined) return "QUEUE_CLEARED";
  if (pull.mergedAt !== undefined) return "ALREADY_MERGED";
  const isChanged = pull.headSha !== pullHead || pull.baseRef !== queue.branch;
  return pull.issue.state === "closed" || pull.draft || isChanged ? "UNKNOWN_REMOVAL_REASON" : undefined;
}

/**
 * A group commit that was never there: whoever is enqueued again onto the same base within a second would otherwise get
 * the old commit with its old checks back.
 */
function makeGroupCommit(world: World, repo: Repository, entry: QueueEntry, base: string): string | undefined {
  const method = repo.protections.get(entry.pull.baseRef)?.mergeQueue?.method ?? "merge";
  for (let second = 0; ; second += 1) {
    const later = { ...world, now: () => new Date(world.now().getTime() + second * 1000) };
    const sha = makeMergeCommit(later, entry.pull, { by: entry.enqueuer, method }, base);
    const isUsed =
      repo.checkSuites.some((suite) => suite.sha === sha) || repo.checkRuns.some((run) => run.suite.sha === sha);
    if (!isUsed) return sha;
  }
}

/** Builds the first group that does not fit what is ahead of it. Answers whether there was one. */
function buildNext(world: World, queue: Queue): boolean {
  const { repo, branch, entries } = queue;
  let base = repo.refs.get(`refs/heads/${branch}`) ?? "";
  for (const entry of entries) {
    if (entry.group?.baseSha === base) {
      base = entry.group.headSha;
      continue;
    }
    dropGroup(world, entry, "invalidated");
    const headSha = makeGroupCommit(world, repo, entry, base);
    if (headSha === undefined) {
      removeEntry(world, entries, entry, { reason: "MERGE_CONFLICT", by: findQueueBot(world) });
      return true;
    }
    const ref = `refs/heads/gh-readonly-queue/${branch}/pr-${entry.pull.issue.number}-${base}`;
    entry.group = { branch, baseSha: base, headSha, ref };
    changeRef(world, { repo, ref, to: headSha, by: findQueueBot(world) });
    emitGroup(world, entry, { action: "checks_requested" });
    return true;
  }
  return false;
}

/** Moves the base to the group commit of the last entry; every entry up to it is merged. */
function mergeEntries(world: World, queue: Queue, count: number): void {
  const { repo, branch } = queue;
  const merged = queue.entries.splice(0, count);
  const last = merged.at(-1)?.group;
  if (last === undefined) return;
  const by = findQueueBot(world);
  for (const entry of merged) {
    if (entry.group === undefined) continue;
    emitPull(world, entry.pull, "dequeued", by, { reason: "MERGE" });
    // Settled before the ref moves, so that the push does not settle it a second time.
    finishMerge(world, entry.pull, { by, sha: entry.group.headSha, baseSha: entry.group.baseSha });
  }
  changeRef(world, { repo, ref: `refs/heads/${branch}`, to: last.headSha, by });
  for (const entry of merged) dropGroup(world, entry, "merged");
}

/** Merges what is green from the front, or takes out what failed. Answers whether anything happened. */
function judgeNext(world: World, queue: Queue, protection: Protection): boolean {
  const { repo, entries } = queue;
  const states = entries.map(({ group }) =>
    group === undefined ? "waiting" : judgeRequiredChecks(repo, group.headSha, protection),
  );
  const firstNotGreen = states.findIndex((state) => state !== "green");
  const green = firstNotGreen < 0 ? states.length : firstNotGreen;
  if (green > 0) {
    mergeEntries(world, queue, green);
    return true;
  }
  const failed = entries[states.indexOf("failing")];
  if (failed === undefined) return false;
  removeEntry(world, entries, failed, { reason: "CI_FAILURE", by: findQueueBot(world) });
  return true;
}

/** One step of one queue. Answers whether there was anything to do. */
function takeStep(world: World, queue: Queue): boolean {
  for (const entry of queue.entries) {
    const reason = findRemoval(queue, entry);
    if (reason === undefined) continue;
    removeEntry(world, queue.entries, entry, { reason, by: findQueueBot(world) });
    return true;
  }
  const protection = queue.repo.protections.get(queue.branch);
  if (protection === undefined) return false;
  return buildNext(world, queue) || judgeNext(world, queue, protection);
}

/** Builds `world.settleQueues`. What a step changes calls it again; the step that runs goes on until nothing is left to do. */
export function createQueueSettler(world: World): World["settleQueues"] {
  const busy = new Set<Repository>();
  return (repo) => {
    if (busy.has(repo)) return;
    busy.add(repo);
    try {
      for (const [branch, entries] of repo.queues) {
        while (takeStep(world, { repo, branch, entries })) {
          // Each step leaves the queue shorter, or one more entry built.
        }
      }
    } finally {
      busy.delete(repo);
    }
  };
}
