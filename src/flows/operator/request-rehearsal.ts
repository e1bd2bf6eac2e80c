import { cut } from "../../core/problem.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { pullStateKind } from "../pull-state.ts";
import { approvedRouteKind, keyOfFlag } from "../records.ts";
import { keyOfRehearsalJob } from "../run-flag-job.ts";

export interface RehearsalOrder {
  binding: string;
  flagKey: string;
  pull: { repository: string; number: number } | null;
  by: string;
}

interface FoundPull {
  repository: string;
  number: number;
  path: string;
}

/** The pull request whose candidate is rehearsed: the named one, else the open one that was judged last, else the merged one. */
async function findPull(order: RehearsalOrder, store: FlowPorts["store"]): Promise<FoundPull | string> {
  const { binding, flagKey, pull } = order;
  const records = await store.listRecords(pullStateKind);
  const fitting = records
    .flatMap(({ value }) => {
      const route = value.verdict?.routes.find((each) => each.binding === binding && each.flagKey === flagKey);
      return route === undefined ? [] : [{ value, route }];
    })
    .toSorted((one, other) => ((one.value.verdict?.at ?? "") < (other.value.verdict?.at ?? "") ? 1 : -1));
  const wanted =
    pull === null
      ? fitting.find(({ value }) => value.settled === null && !value.closed)
      : fitting.find(
          ({ value }) =>
            value.number === pull.number && value.repository.toLowerCase() === pull.repository.toLowerCase(),
        );
  if (wanted !== undefined) {
    if (wanted.route.candidateDigest === null)
      return "the route has no candidate whose digest is known: mend the problems of the card first";
    return { repository: wanted.value.repository, number: wanted.value.number, path: wanted.route.path };
  }
  if (pull !== null)
    return `${pull.repository}#${pull.number} changes no route of flag ${cut(flagKey)}, or has not been judged yet`;
  const approved = await store.getRecord(approvedRouteKind, keyOfFlag(binding, flagKey));
  if (approved === undefined) return `no pull request is known that changes the route of flag ${cut(flagKey)}`;
  return { repository: approved.value.repository, number: approved.value.pull, path: approved.value.path };
}

/**
 * Queues the rehearsal of a flag (SPEC 13), as the command in a pull request does.
 *
 * @returns what is rehearsed and when it was asked for, or why nothing is
 * @throws GitHubError when the repository cannot be read
 */
export async function requestRehearsal(
  order: RehearsalOrder,
  ports: FlowPorts,
  now: Date,
): Promise<{ repository: string; pull: number; since: string } | string> {
  const found = await findPull(order, ports.store);
  if (typeof found === "string") return found;
  const [owner = "", name = ""] = found.repository.split("/");
  const { id } = await (await ports.github.openRepository(owner, name)).readRepository();
  const { number, path } = found;
  const since = now.toISOString();
  await ports.queue.enqueue("flag", keyOfRehearsalJob(order.binding, order.flagKey), {
    owner,
    name,
    repositoryId: id,
    number,
    path,
    by: order.by,
    // Every order counts: without it a second rehearsal of what is live would be taken for the first one again.
    requestId: `operator:${since}`,
  });
  return { repository: found.repository, pull: number, since };
}
