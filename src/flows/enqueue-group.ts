import type { FlowPorts } from "./flow-ports.ts";
import { keyOfGroup, mergeGroupKind } from "./merge-group-state.ts";
import type { RepositoryName } from "./plan-tasks.ts";

/** What the job of a group carries beside its key. */
export interface GroupJob {
  cause: string;
  /** How often GitHub could not tell the group yet. */
  looks?: number;
  delayMs?: number;
}

/** Queues one group of a merge queue for judging; a waiting job of the same group is replaced. */
export async function enqueueGroup(
  ports: Pick<FlowPorts, "queue">,
  repository: RepositoryName,
  headSha: string,
  { cause, looks = 0, delayMs = 0 }: GroupJob,
): Promise<void> {
  const { owner, name, id: repositoryId } = repository;
  const data = { owner, name, repositoryId, groupSha: headSha, cause, looks };
  await ports.queue.enqueue("pull", keyOfGroup(repositoryId, headSha), data, delayMs > 0 ? { delayMs } : {});
}

/**
 * Queues the groups whose success rests on a pull request that does not hold any more. One that is judged just now is judged
 * once more, because it may have asked before this was known.
 */
export async function enqueueGroupsOf(
  ports: Pick<FlowPorts, "queue" | "store">,
  repository: RepositoryName,
  number: number,
): Promise<void> {
  for (const { value } of await ports.store.listRecords(mergeGroupKind, keyOfGroup(repository.id, ""))) {
    const isOfGroup = value.published === null || value.members.includes(number);
    if (value.published?.conclusion === "failure" || !isOfGroup) continue;
    await enqueueGroup(ports, repository, value.headSha, { cause: `#${number} does not hold any more` });
  }
}
