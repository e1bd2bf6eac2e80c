import { z } from "zod";
import type { Job } from "../ports/queue.ts";
import { watchBinding, type WatchOutcome, type WatchPorts } from "./rollout/watch-binding.ts";

const defaultEveryMs = 60_000;
const jobData = z.object({ everyMs: z.number().positive().catch(defaultEveryMs) });

/** Looks once at the guardrails of one binding, which the job's key names. */
export function runWatchJob(job: Job, ports: WatchPorts, now: () => Date): Promise<WatchOutcome> {
  const { everyMs } = jobData.parse(job.data);
  return watchBinding({ binding: job.key, everyMs }, ports, now);
}
