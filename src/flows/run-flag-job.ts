import { z } from "zod";
import { parseRouteFile } from "../core/routes/parse-route-file.ts";
import { namedFiles } from "../core/routes/named-files.ts";
import { resolveRoute } from "../core/routes/resolve-route.ts";
import type { RepositoryPort } from "../ports/github.ts";
import type { Job } from "../ports/queue.ts";
import { enqueuePull } from "./enqueue-pull.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { readFiles, readSnapshot } from "./gather-rules.ts";
import { flagOfProposalJob } from "./proposals/request-proposal.ts";
import { runProposals } from "./proposals/run-proposals.ts";
import { keyOfFlag } from "./records.ts";
import { advanceFlag, type AdvanceOutcome } from "./rollout/advance-flag.ts";
import { rehearse, type RehearsalRequest } from "./rollout/rehearse.ts";

const rehearsalSuffix = "__rehearsal";

const rehearsalData = z.object({
  owner: z.string(),
  name: z.string(),
  repositoryId: z.number(),
  number: z.number().int(),
  path: z.string(),
  by: z.string(),
});

/** Key of the job that rehearses a flag: it runs beside the flag's own job, on a flag of its own (SPEC 13). */
export function keyOfRehearsalJob(binding: string, flagKey: string): string {
  return `${keyOfFlag(binding, flagKey)}${rehearsalSuffix}`;
}

/** The bundles at the head of the pull request; null when it no longer holds a candidate that can be rehearsed. */
async function readBundles(
  port: RepositoryPort,
  headSha: string,
  path: string,
): Promise<Omit<RehearsalRequest, "binding" | "flagKey" | "repository" | "by"> | null> {
  const snapshot = await readSnapshot(port, headSha);
  const entry = snapshot.entries.find((candidate) => candidate.path === path);
  const content = (await readFiles(port, snapshot.entries, [path]))[path];
  const parsed = content === undefined || entry === undefined ? null : parseRouteFile(path, content, entry.mode);
  if (parsed?.ok !== true) return null;
  const { record } = parsed.value;
  const contents = await readFiles(port, snapshot.entries, namedFiles(record));
  const { baselineDigest, candidateDigest } = resolveRoute(parsed.value, { ...snapshot, contents });
  if (baselineDigest === null || candidateDigest === null || record.candidate === null) return null;
  return {
    flagType: record.flagType,
    baseline: { bundle: record.baseline, digest: baselineDigest },
    candidate: { bundle: record.candidate, digest: candidateDigest },
  };
}

async function runRehearsal(
  job: Job,
  flag: { binding: string; flagKey: string },
  ports: FlowPorts,
  now: () => Date,
): Promise<void> {
  const { owner, name, repositoryId, number, path, by } = rehearsalData.parse(job.data);
  const port = await ports.github.openRepository(owner, name);
  const pull = await port.readPull(number);
  if (pull === null) return;
  const bundles = await readBundles(port, pull.merged ? (pull.mergeCommitSha ?? pull.headSha) : pull.headSha, path);
  if (bundles !== null) await rehearse({ ...flag, ...bundles, repository: `${owner}/${name}`, by }, ports, now);
  // The verdict of the pull request takes the result in.
  await enqueuePull(ports, { id: repositoryId, owner, name }, number, "rehearsal");
}

/** Splits a job's key; flag keys hold no slash, so the last one is the border. */
function parseKey(key: string): { binding: string; flagKey: string } {
  const border = key.lastIndexOf("/");
  return { binding: key.slice(0, border), flagKey: key.slice(border + 1) };
}

/**
 * Moves, checks or rehearses one flag, or opens its pull requests.
 *
 * @returns how the run ended; null for a rehearsal and for pull requests
 */
export async function runFlagJob(job: Job, ports: FlowPorts, now: () => Date): Promise<AdvanceOutcome | null> {
  const { binding, flagKey } = parseKey(job.key);
  const proposed = flagOfProposalJob(flagKey);
  if (proposed !== null) {
    await runProposals({ binding, flagKey: proposed }, ports);
    return null;
  }
  if (!flagKey.endsWith(rehearsalSuffix)) return advanceFlag({ binding, flagKey, signal: job.signal }, ports, now);
  await runRehearsal(job, { binding, flagKey: flagKey.slice(0, -rehearsalSuffix.length) }, ports, now);
  return null;
}
