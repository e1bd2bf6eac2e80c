import type { Account, Issue, Pull, World } from "../world.ts";
import { emitPull } from "./emit-pull.ts";

export function touch(world: World, issue: Issue): void {
  issue.updatedAt = world.now();
}

export function closePull(world: World, pull: Pull, by: Account): void {
  if (pull.issue.state === "closed") return;
  pull.issue.state = "closed";
  pull.issue.closedAt = world.now();
  touch(world, pull.issue);
  emitPull(world, pull, "closed", by);
}

/** Records that a pull request is merged, with the commit the base was moved to. */
export function finishMerge(world: World, pull: Pull, merge: { by: Account; sha: string; baseSha: string }): void {
  pull.mergedAt = world.now();
  pull.mergedBy = merge.by;
  pull.mergeCommitSha = merge.sha;
  pull.mergedBaseSha = merge.baseSha;
  pull.baseSha = merge.baseSha;
  pull.issue.repo.refs.delete(`refs/pull/${pull.issue.number}/merge`);
  closePull(world, pull, merge.by);
}
