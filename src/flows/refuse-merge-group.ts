import { applyEffects } from "./apply-effects.ts";
import type { FlowPorts } from "./flow-ports.ts";
import type { Task } from "./plan-tasks.ts";

/**
 * Answers a merge queue with a failure that says why. Without an answer the queue would wait until its own limit; a
 * success would let a group through that nobody judged (SPEC 7 wants it judged again on the merged content).
 */
export async function refuseMergeGroup(
  task: Extract<Task, { kind: "refuse-merge-group" }>,
  ports: Pick<FlowPorts, "github" | "store">,
): Promise<void> {
  const port = await ports.github.openRepository(task.repository.owner, task.repository.name);
  const key = `merge-group/${task.repository.id}/${task.headSha}`;
  const report = {
    name: "routeward/approval",
    headSha: task.headSha,
    status: "completed",
    conclusion: "failure",
    title: "Merge queues are not judged by Routeward yet",
    summary:
      "Routeward judges a pull request's own merge, not the combined content of a merge group. " +
      "Take the pull request out of the queue and merge it directly.",
    text: "",
    annotations: [],
    actions: [],
    externalId: key,
  } as const;
  await applyEffects([{ type: "publish-check", key, report }], port, ports.store, key);
}
