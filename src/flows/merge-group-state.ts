import { z } from "zod";
import type { RecordKind } from "../ports/store.ts";

const schema = z.object({
  /** `owner/name`, as it was when the group was announced. */
  repository: z.string(),
  headSha: z.string(),
  /** Branch that the queue merges into, without `refs/heads/`. */
  baseRef: z.string(),
  /** Branch that GitHub made for the group, without `refs/heads/`. */
  headRef: z.string(),
  /** Numbers of the pull requests that were judged last, in the order of the queue; empty before. */
  members: z.array(z.number()),
  /** What the newest check run of ours on the head shows. */
  published: z.object({ externalId: z.string(), conclusion: z.string().nullable() }).nullable(),
});

/** One group of a merge queue that waits for our check. */
export type MergeGroupState = z.infer<typeof schema>;

/** Key: `<repository id>#group:<head commit>`. There from GitHub's request until GitHub drops the group. */
export const mergeGroupKind: RecordKind<MergeGroupState> = { name: "merge-group", schema };

/** Key of a group's record and of its job; no pull request's key is like it. */
export function keyOfGroup(repositoryId: number, headSha: string): string {
  return `${repositoryId}#group:${headSha}`;
}

/** Audit subject of one group. */
export function subjectOfGroup(key: string): string {
  return `merge-group/${key}`;
}
