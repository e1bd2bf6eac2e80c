import { z } from "zod";
import type { Verdict } from "../core/verdict/verdict.ts";
import type { Job } from "../ports/queue.ts";
import { closeLeftIntents } from "./close-left-intents.ts";
import { concludeFrom } from "../core/report/render-check.ts";
import { enqueueGroupsOf } from "./enqueue-group.ts";
import { enqueuePull } from "./enqueue-pull.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { isGroupJob, judgeMergeGroup } from "./judge-merge-group.ts";
import { keyOfPull, pullStateKind } from "./pull-state.ts";
import { reviewPull } from "./review-pull.ts";
import { settleMerge } from "./settle-merge.ts";
import { updateRecord } from "./update-record.ts";

const jobData = z.object({
  owner: z.string(),
  name: z.string(),
  repositoryId: z.number(),
  number: z.number().int(),
  cause: z.string(),
});

/** GitHub computes the test merge in the background; this is how long it is given before it is asked again. */
const testMergePauseMs = 1_000;

/**
 * Judges one pull request as it stands now; merged ones are settled, others that are closed are left alone. Groups of merge
 * queues come through the same queue under keys of their own.
 *
 * @returns the verdict that was reached, null when there was none
 */
export async function runPullJob(job: Job, ports: FlowPorts, now: () => Date): Promise<Verdict | null> {
  if (isGroupJob(job)) {
    await judgeMergeGroup(job, ports, now);
    return null;
  }
  const data = jobData.parse(job.data);
  const port = await ports.github.openRepository(data.owner, data.name);
  const pull = await port.readPull(data.number);
  if (pull === null) return null;
  const key = keyOfPull(data.repositoryId, data.number);
  const subject = `pull/${key}`;
  if (pull.merged) {
    const verdict = await settleMerge(pull, port, ports, now());
    await closeLeftIntents(subject, ports.store);
    return verdict;
  }
  if (pull.state === "closed") {
    await updateRecord(ports.store, pullStateKind, key, subject, (current) =>
      current === undefined || current.closed ? undefined : { ...current, closed: true },
    );
    await closeLeftIntents(subject, ports.store);
    return null;
  }
  const { outcome, verdict } = await reviewPull(pull, data.cause, port, ports, now());
  const repository = { id: data.repositoryId, owner: data.owner, name: data.name };
  // A success on a merge group does not outlive that of its members.
  if (verdict !== null && concludeFrom(verdict.state, verdict.mode) !== "success")
    await enqueueGroupsOf(ports, repository, data.number);
  if (outcome === "settled") {
    await closeLeftIntents(subject, ports.store);
    return verdict;
  }
  const cause = outcome === "moved" ? "moved while it was judged" : data.cause;
  await enqueuePull(ports, repository, data.number, cause, outcome === "moved" ? 0 : testMergePauseMs);
  return verdict;
}
