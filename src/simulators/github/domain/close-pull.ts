import type { Account, Issue, Pull, World } from "../world.ts";
import { emitPull } from "./emit-pull.ts";

export function touch(world: World, issue: Issue): void {
  issue.updatedAt = world.now();
}

function markClosed(world: World, pull: Pull, by: Account): void {
  pull.issue.state = "closed";
  pull.issue.closedAt = world.now();
  touch(world, pull.issue);
  emitPull(world, pull, "closed", by);
}

export function closePull(world: World, pull: Pull, by: Account): void {
  if (pull.issue.state === "closed") return;
  markClosed(world, pull, by);
  world.settleQueues(pull.issue.repo);
}

/** Records that a pull request is merged, with the commit the base is moved to; the caller moves the base. */
export function finishMerge(world: World, pull: Pull, merge: { by: Account; sha: string; baseSha: string }): void {
  pull.mergedAt = world.now();
  pull.mergedBy = merge.by;
  pull.mergeCommitSha = merge.sha;
  pull.mergedBaseSha = merge.baseSha;
  pull.baseSha = merge.baseSha;
  pull.issue.repo.refs.delete(`refs/pull/${pull.issue.number}/merge`);
  if (pull.issue.state === "open") markClosed(world, pull, merge.by);
}
