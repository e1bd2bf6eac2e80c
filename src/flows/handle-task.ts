import { assertNever } from "../core/problem.ts";
import { checkDefaultBranch } from "./check-default-branch.ts";
import { enqueueGroup } from "./enqueue-group.ts";
import { enqueuePull } from "./enqueue-pull.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { dropMergeGroup } from "./judge-merge-group.ts";
import { keyOfGroup, mergeGroupKind, subjectOfGroup } from "./merge-group-state.ts";
import type { RepositoryName, Task } from "./plan-tasks.ts";
import { createPullState, keyOfPull, pullStateKind } from "./pull-state.ts";
import { runCommand } from "./run-command.ts";
import { updateRecord } from "./update-record.ts";

/** Pushers that are remembered per pull request; above that nobody but the newest could be told apart anyway. */
const maximumPushers = 500;

/** Heads that are remembered per pull request; only the newest is asked about. */
const maximumHeads = 50;

async function notePusher(task: Extract<Task, { kind: "note-pusher" }>, ports: FlowPorts): Promise<void> {
  const { repository, number, actor, headSha, before, isPush } = task;
  const fullName = `${repository.owner}/${repository.name}`;
  const key = keyOfPull(repository.id, number);
  await updateRecord(ports.store, pullStateKind, key, `pull/${key}`, (current) => {
    const state = current ?? createPullState(fullName, number);
    const isKnown = state.pushers.some((pusher) => pusher.id === actor.id);
    const heads = state.pushedHeads ?? [];
    const isSeen = !isPush || heads.includes(headSha);
    if (isKnown && isSeen) return undefined;
    const unheard = (state.unheardHeads ?? []).filter((head) => head !== headSha);
    // A push on top of a head that nobody told about; the word of it may still come.
    if (before !== null && heads.length > 0 && !heads.includes(before)) unheard.push(before);
    return {
      ...state,
      pushers: isKnown ? state.pushers : [...state.pushers, actor].slice(-maximumPushers),
      ...(isSeen
        ? {}
        : { pushedHeads: [...heads, headSha].slice(-maximumHeads), unheardHeads: unheard.slice(-maximumHeads) }),
    };
  });
}

async function enqueueOpenPulls(repository: RepositoryName, cause: string, ports: FlowPorts): Promise<void> {
  const port = await ports.github.openRepository(repository.owner, repository.name);
  for (const pull of await port.listOpenPulls()) await enqueuePull(ports, repository, pull.number, cause);
}

/** Remembers that GitHub waits for a group and queues its judging. */
async function requestGroup(task: Extract<Task, { kind: "judge-merge-group" }>, ports: FlowPorts): Promise<void> {
  const { repository, headSha, headRef, baseRef } = task;
  const fullName = `${repository.owner}/${repository.name}`;
  const key = keyOfGroup(repository.id, headSha);
  await updateRecord(ports.store, mergeGroupKind, key, subjectOfGroup(key), (current) =>
    current === undefined
      ? { repository: fullName, headSha, headRef, baseRef, members: [], published: null }
      : undefined,
  );
  await enqueueGroup(ports, repository, headSha, { cause: "merge_group.checks_requested" });
}

/** Does what one webhook asked for. Every case may run again after a crash: what is already so stays so. */
export async function handleTask(task: Task, ports: FlowPorts, now: Date): Promise<void> {
  switch (task.kind) {
    case "note-pusher":
      return notePusher(task, ports);
    case "review-pull":
      return enqueuePull(ports, task.repository, task.number, task.cause);
    case "review-head": {
      const port = await ports.github.openRepository(task.repository.owner, task.repository.name);
      for (const number of await port.findOpenPullsByHead(task.headSha)) {
        await enqueuePull(ports, task.repository, number, task.cause);
      }
      const group = await ports.store.getRecord(mergeGroupKind, keyOfGroup(task.repository.id, task.headSha));
      if (group !== undefined) await enqueueGroup(ports, task.repository, task.headSha, { cause: task.cause });
      return;
    }
    case "review-repository":
      return enqueueOpenPulls(task.repository, task.cause, ports);
    case "review-organization": {
      for (const repository of await ports.github.listRepositories()) {
        if (repository.owner.toLowerCase() !== task.organization.toLowerCase()) continue;
        await enqueueOpenPulls(repository, task.cause, ports);
      }
      return;
    }
    case "check-default-branch":
      return checkDefaultBranch(task, ports);
    case "judge-merge-group":
      return requestGroup(task, ports);
    case "drop-merge-group":
      return dropMergeGroup(task.repository.id, task.headSha, ports);
    case "run-command":
      return runCommand(task, ports, now);
    default:
      return assertNever(task);
  }
}
