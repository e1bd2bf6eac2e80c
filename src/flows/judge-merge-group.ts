import { z } from "zod";
import { assess } from "../core/assess.ts";
import { diffTrees } from "../core/diff-trees.ts";
import type { ChangedPath } from "../core/facts.ts";
import { listTouchedPaths } from "../core/relevance.ts";
import { renderGroupCheck } from "../core/report/render-group-check.ts";
import { type GroupMember, type GroupVerdict, judgeGroup } from "../core/verdict/judge-group.ts";
import type { MergeGroupFacts, RepositoryPort } from "../ports/github.ts";
import type { Job } from "../ports/queue.ts";
import { applyEffects } from "./apply-effects.ts";
import { closeLeftIntents } from "./close-left-intents.ts";
import { enqueueGroup } from "./enqueue-group.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { gatherFileFacts } from "./gather-file-facts.ts";
import { keyOfGroup, mergeGroupKind, type MergeGroupState, subjectOfGroup } from "./merge-group-state.ts";
import { createPullState, keyOfPull, pullStateKind } from "./pull-state.ts";
import { judgePull } from "./review-pull.ts";
import { updateRecord } from "./update-record.ts";

const jobData = z.object({
  owner: z.string(),
  name: z.string(),
  repositoryId: z.number(),
  groupSha: z.string(),
  cause: z.string(),
  looks: z.number().int(),
});

/** GitHub announces a group before its own listing shows it; this often it is looked at again before it is refused. */
const furtherLooks = 3;
const lookPauseMs = 1_000;

/** Whether a job of the pull queue is about a merge group. */
export function isGroupJob(job: Pick<Job, "data">): boolean {
  return Object.hasOwn(job.data, "groupSha");
}

/** A member with the commits before and after it in the queue. */
interface Place {
  number: number;
  headSha: string;
  /** Tip of the base branch: what all of the group is compared with. */
  baseSha: string;
  aheadSha: string;
  groupSha: string;
}

/** What the queue's own commit changes beyond the files that its pull request lists. */
async function listStrays(
  place: Place,
  listed: readonly ChangedPath[],
  port: RepositoryPort,
): Promise<readonly ChangedPath[] | null> {
  const [before, after] = await Promise.all([port.readTree(place.aheadSha), port.readTree(place.groupSha)]);
  if (before?.complete !== true || after?.complete !== true) return null;
  const known = new Set(listTouchedPaths(listed));
  return diffTrees(before.entries, after.entries).filter(({ path }) => !known.has(path));
}

/** Judges one member on what the base branch would hold after it; its reviews count only for what they were given for. */
async function judgeMember(
  place: Place,
  state: MergeGroupState,
  port: RepositoryPort,
  ports: FlowPorts,
  now: Date,
): Promise<GroupMember | "moved"> {
  const { number } = place;
  const refuse = (why: string): GroupMember => ({ number, verdict: null, hindrances: [why] });
  const pull = await port.readPull(number);
  if (pull === null || pull.state !== "open") return refuse("it is not an open pull request");
  if (pull.headSha !== place.headSha) return "moved";
  if (pull.baseRef !== state.baseRef) return refuse(`it goes to ${pull.baseRef}, the queue to ${state.baseRef}`);

  const repository = await port.readRepository();
  const known = (await ports.store.getRecord(pullStateKind, keyOfPull(repository.id, number)))?.value;
  const commits = { baseSha: place.baseSha, headSha: place.groupSha, hasConflicts: false, isMerged: true };
  const pullState = known ?? createPullState(state.repository, number);
  const { facts, verdict } = await judgePull(pull, commits, pullState, port, ports, now);

  const strays = await listStrays(place, facts.changes.files, port);
  if (strays === null) return { number, verdict, hindrances: ["GitHub could not list all files of the group"] };
  if (strays.length === 0) return { number, verdict, hindrances: [] };
  const unlisted = { ...port, readChanges: async () => ({ complete: true, files: strays }) };
  const compared = { baseSha: place.aheadSha, headSha: place.groupSha, hasConflicts: false };
  const beyond = assess(await gatherFileFacts(pull, compared, unlisted, ports, now), {
    requireFloor: ports.requireFloor,
  });
  const paths = strays.slice(0, 5).map(({ path }) => path);
  const why = `the group changes routes or rules that are in none of its files (${paths.join(", ")})`;
  return { number, verdict, hindrances: beyond.isRelevant ? [why] : [] };
}

async function judgeMembers(
  group: MergeGroupFacts,
  state: MergeGroupState,
  port: RepositoryPort,
  ports: FlowPorts,
  now: Date,
): Promise<GroupVerdict | "moved"> {
  const members: GroupMember[] = [];
  let aheadSha = group.baseSha;
  for (const { number, headSha, groupSha } of group.members) {
    const place = { number, headSha, groupSha, aheadSha, baseSha: group.baseSha };
    const member = await judgeMember(place, state, port, ports, now);
    if (member === "moved") return "moved";
    members.push(member);
    aheadSha = groupSha;
  }
  return judgeGroup(members);
}

/** Publishes what came out, once; the outcome is kept beside it so that a later look knows what the queue goes by. */
async function publishGroup(
  key: string,
  state: MergeGroupState,
  judged: { group: MergeGroupFacts | null; verdict: GroupVerdict | null; isForced: boolean },
  port: RepositoryPort,
  ports: FlowPorts,
): Promise<void> {
  const { group, verdict } = judged;
  const subject = subjectOfGroup(key);
  const report = renderGroupCheck(verdict, state.headSha);
  if (state.published?.externalId === report.externalId && !judged.isForced) return;
  await ports.store.appendAudit({
    type: "decision.merge-group",
    subject,
    data: {
      headSha: state.headSha,
      baseSha: group?.baseSha ?? null,
      conclusion: report.conclusion,
      members: (verdict?.members ?? []).map(({ number, holds, verdict: own, reasons }, index) => ({
        number,
        headSha: group?.members[index]?.headSha ?? null,
        groupSha: group?.members[index]?.groupSha ?? null,
        holds,
        state: own?.state ?? null,
        routes: (own?.routes ?? []).map(({ flagKey, path, state: of, contentDigest }) => ({
          flagKey,
          path,
          state: of,
          contentDigest,
        })),
        reasons: reasons.slice(0, 10),
      })),
    },
  });
  const effect = { type: "publish-check", key: `check/${subject}/${report.externalId}`, report } as const;
  await applyEffects([effect], port, ports.store, subject);
  await updateRecord(ports.store, mergeGroupKind, key, subject, (current) =>
    current === undefined
      ? undefined
      : {
          ...current,
          members: (verdict?.members ?? []).map(({ number }) => number),
          published: { externalId: report.externalId, conclusion: report.conclusion },
        },
  );
}

/**
 * Forgets a group that GitHub dropped: its waiting job finds nothing to do, and a running one publishes nothing.
 */
export async function dropMergeGroup(repositoryId: number, headSha: string, ports: FlowPorts): Promise<void> {
  const key = keyOfGroup(repositoryId, headSha);
  const record = await ports.store.getRecord(mergeGroupKind, key);
  if (record === undefined) return;
  await ports.store.deleteRecord({
    kind: mergeGroupKind,
    key,
    expectedVersion: record.version,
    audit: { subject: subjectOfGroup(key), data: { dropped: headSha } },
  });
}

const isSame = (a: MergeGroupFacts, b: MergeGroupFacts | null): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Judges one group of a merge queue (SPEC 7): each member again on what the base branch would hold after it, and nothing of a
 * route may change that belongs to no member. Success only when all hold. A group whose members nobody can name is a failure,
 * after GitHub had a few seconds to show it; one that is gone is left alone.
 */
export async function judgeMergeGroup(job: Job, ports: FlowPorts, now: () => Date): Promise<void> {
  const { owner, name, repositoryId, groupSha, cause, looks } = jobData.parse(job.data);
  const key = keyOfGroup(repositoryId, groupSha);
  const state = (await ports.store.getRecord(mergeGroupKind, key))?.value;
  if (state === undefined) return;
  const port = await ports.github.openRepository(owner, name);
  const look = async (further: number): Promise<void> =>
    enqueueGroup(ports, { owner, name, id: repositoryId }, groupSha, { cause, looks: further, delayMs: lookPauseMs });

  const group = await port.readMergeGroup(groupSha, state.baseRef);
  if (group === null) {
    // Merged or built anew without a word of it: nobody waits for an answer, and a merged commit gets no failure.
    if ((await port.readBranch(state.headRef)) !== groupSha) return dropMergeGroup(repositoryId, groupSha, ports);
    if (looks < furtherLooks) return look(looks + 1);
  }
  const verdict = group === null ? null : await judgeMembers(group, state, port, ports, now());
  if (verdict === "moved") return look(0);
  // The verdict may be of a moment that is over; the next look sees the new one.
  if (group !== null && !isSame(group, await port.readMergeGroup(groupSha, state.baseRef))) return look(0);
  if ((await ports.store.getRecord(mergeGroupKind, key)) === undefined) return undefined;
  const isForced = cause.startsWith("check_") || cause.startsWith("button");
  await publishGroup(key, state, { group, verdict, isForced }, port, ports);
  await closeLeftIntents(subjectOfGroup(key), ports.store);
}
