import type { Job } from "../ports/queue.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { enqueuePull } from "./enqueue-pull.ts";
import { remindCleanups } from "./remind-cleanup.ts";
import { pullStateKind } from "./pull-state.ts";
import { approvedRouteKind, latchKind } from "./records.ts";

/** GitHub keeps failed deliveries for three days; a little less leaves room for clocks (facts/github.md section 1). */
const redeliveryWindowMs = 70 * 3_600_000;

/** Longer than GitHub can send anything again, so that a redelivery is still recognised. */
const keepDeliveriesMs = 30 * 86_400_000;

async function sweepPulls(ports: FlowPorts): Promise<void> {
  for (const { owner, name, id } of await ports.github.listRepositories()) {
    const port = await ports.github.openRepository(owner, name);
    const open = (await port.listOpenPulls()).map(({ number }) => number);
    // Judged while open and not dealt with since: merged or closed without a webhook of it. The store is asked after GitHub,
    // so that one that is opened meanwhile is looked at once more rather than not at all.
    const known = await ports.store.listRecords(pullStateKind, `${id}#`);
    const gone = known.flatMap(({ value }) =>
      value.settled === null && !value.closed && !open.includes(value.number) ? [value.number] : [],
    );
    for (const number of [...open, ...gone]) await enqueuePull(ports, { id, owner, name }, number, "sweep");
  }
}

async function sweepDeliveries(ports: FlowPorts, now: Date): Promise<void> {
  await ports.store.purgeDeliveries(new Date(now.getTime() - keepDeliveriesMs));
  // What was acknowledged but lost its job finds it again here; the job ends at once when the delivery is done.
  for (const { guid } of await ports.store.listUnfinishedDeliveries()) await ports.queue.enqueue("delivery", guid, {});
  const since = new Date(now.getTime() - redeliveryWindowMs).toISOString();
  for (const { id, guid } of await ports.github.listFailedDeliveries(since)) {
    const known = await ports.store.getDelivery(guid);
    if (known === undefined) await ports.github.redeliver(id);
  }
}

async function sweepFlags(ports: FlowPorts): Promise<void> {
  const approved = await ports.store.listRecords(approvedRouteKind);
  const latched = await ports.store.listRecords(latchKind);
  const keys = new Set([...approved, ...latched].map(({ key }) => key));
  for (const key of [...keys].sort()) await ports.queue.enqueue("flag", key, { cause: "sweep" });
}

/**
 * Looks for what was missed: pull requests whose webhook never came, open or since merged, deliveries that GitHub could not hand over, flags
 * whose work stopped half way, cleanups that are due. The job's key says which of the four.
 */
export async function runSweep(job: Job, ports: FlowPorts, now: () => Date): Promise<void> {
  switch (job.key) {
    case "pulls":
      return sweepPulls(ports);
    case "deliveries":
      return sweepDeliveries(ports, now());
    case "flags":
      return sweepFlags(ports);
    case "cleanups":
      return remindCleanups(ports, now());
    default:
      // A key of another version of the program: nothing to do, and nothing to fail about for ever.
      return undefined;
  }
}
