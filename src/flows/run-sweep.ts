import type { Job } from "../ports/queue.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { enqueuePull } from "./enqueue-pull.ts";
import { approvedRouteKind, latchKind } from "./records.ts";

/** GitHub keeps failed deliveries for three days; a little less leaves room for clocks (facts/github.md section 1). */
const redeliveryWindowMs = 70 * 3_600_000;

/** Longer than GitHub can send anything again, so that a redelivery is still recognised. */
const keepDeliveriesMs = 30 * 86_400_000;

async function sweepPulls(ports: FlowPorts): Promise<void> {
  for (const { owner, name, id } of await ports.github.listRepositories()) {
    const port = await ports.github.openRepository(owner, name);
    for (const { number } of await port.listOpenPulls()) await enqueuePull(ports, { id, owner, name }, number, "sweep");
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
 * Looks for what was missed: open pull requests whose webhook never came, deliveries that GitHub could not hand over, flags
 * whose work stopped half way. The job's key says which of the three.
 */
export async function runSweep(job: Job, ports: FlowPorts, now: () => Date): Promise<void> {
  switch (job.key) {
    case "pulls":
      return sweepPulls(ports);
    case "deliveries":
      return sweepDeliveries(ports, now());
    case "flags":
      return sweepFlags(ports);
    default:
      // A key of another version of the program: nothing to do, and nothing to fail about for ever.
      return undefined;
  }
}
