import type { FlowPorts } from "./flow-ports.ts";
import type { RepositoryName } from "./plan-tasks.ts";
import { keyOfPull } from "./pull-state.ts";

/** Queues one pull request for judging; a waiting job of the same pull request is replaced. */
export async function enqueuePull(
  ports: Pick<FlowPorts, "queue">,
  repository: RepositoryName,
  number: number,
  cause: string,
  delayMs = 0,
): Promise<void> {
  const data = { owner: repository.owner, name: repository.name, repositoryId: repository.id, number, cause };
  await ports.queue.enqueue("pull", keyOfPull(repository.id, number), data, delayMs > 0 ? { delayMs } : {});
}
