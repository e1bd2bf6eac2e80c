import { renderPull } from "../render/render-pull.ts";
import type { Account, Pull, World } from "../world.ts";

type Json = Record<string, unknown>;

/** In a webhook GitHub has not computed mergeability yet. */
export function renderHookPull(world: World, pull: Pull): Json {
  return {
    ...renderPull(world, pull),
    mergeable: null,
    rebaseable: null,
    mergeable_state: "unknown",
    merge_commit_sha: pull.mergeCommitSha ?? null,
  };
}

export function emitPull(world: World, pull: Pull, action: string, sender: Account, extra: Json = {}): void {
  world.emit(
    "pull_request",
    { action, number: pull.issue.number, pull_request: renderHookPull(world, pull), ...extra },
    { repo: pull.issue.repo, sender },
  );
}
