import { z } from "zod";
import { GitHubError, type MergeGroupFacts, type RepositoryPort } from "../../ports/github.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** Pages of 100 entries. A longer queue is not resolved. */
const maximumPages = 5;

const query = `query MergeQueue($owner:String!,$name:String!,$branch:String!,$ref:String!,$after:String){
  repository(owner:$owner,name:$name){
    ref(qualifiedName:$ref){target{oid}}
    mergeQueue(branch:$branch){entries(first:100,after:$after){
      pageInfo{hasNextPage endCursor}
      nodes{baseCommit{oid} headCommit{oid} pullRequest{number headRefOid}}
    }}
  }
}`;

const commitSchema = z.object({ oid: z.string() }).nullable();
const entrySchema = z.object({
  baseCommit: commitSchema,
  headCommit: commitSchema,
  pullRequest: z.object({ number: z.number(), headRefOid: z.string() }).nullable(),
});
const pageSchema = z.object({
  repository: z
    .object({
      ref: z.object({ target: commitSchema }).nullable(),
      mergeQueue: z
        .object({
          entries: z
            .object({
              pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
              nodes: z.array(entrySchema.nullable()).nullable(),
            })
            .nullable(),
        })
        .nullable(),
    })
    .nullable(),
});

type Entry = z.infer<typeof entrySchema>;

interface Queue {
  tip: string;
  entries: readonly Entry[];
}

/** Null when there is no such branch, no queue on it, or more entries than are read. */
async function readQueue(context: RepositoryContext, branch: string): Promise<Queue | null> {
  const entries: Entry[] = [];
  let after: string | null = null;
  for (let page = 0; page < maximumPages; page += 1) {
    const { owner, repo: name } = context.place;
    const variables = { owner, name, branch, ref: `refs/heads/${branch}`, after };
    const answer: z.infer<typeof pageSchema> = await context.client.query(
      query,
      variables,
      pageSchema,
      "read the merge queue",
    );
    const tip = answer.repository?.ref?.target?.oid;
    const listing = answer.repository?.mergeQueue?.entries;
    if (tip === undefined || !listing) return null;
    entries.push(...(listing.nodes ?? []).filter((entry) => entry !== null));
    if (!listing.pageInfo.hasNextPage || listing.pageInfo.endCursor === null) return { tip, entries };
    after = listing.pageInfo.endCursor;
  }
  return null;
}

/** From the group's head back to the tip of the base, entry by entry. Null when a link is missing, twofold or hidden. */
function walkToTip(queue: Queue, headSha: string): MergeGroupFacts["members"] | null {
  const members: { number: number; headSha: string; groupSha: string }[] = [];
  let at = headSha;
  while (at !== queue.tip) {
    const [entry, ...others] = queue.entries.filter((candidate) => candidate.headCommit?.oid === at);
    const pull = entry?.pullRequest;
    const base = entry?.baseCommit?.oid;
    // More members than entries: the links run in a circle.
    if (!pull || base === undefined || others.length > 0 || members.length >= queue.entries.length) return null;
    members.unshift({ number: pull.number, headSha: pull.headRefOid, groupSha: at });
    at = base;
  }
  return members.length === 0 ? null : members;
}

/** See `RepositoryPort.readMergeGroup`. */
export async function readMergeGroup(
  context: RepositoryContext,
  headSha: string,
  baseRef: string,
): ReturnType<RepositoryPort["readMergeGroup"]> {
  let queue: Queue | null;
  try {
    queue = await readQueue(context, baseRef.replace(/^refs\/heads\//, ""));
  } catch (error) {
    // Without the permission `merge_queues`, or on a server without queues, nobody can say who is in the group.
    if (!(error instanceof GitHubError) || error.retryable || error.kind === "unauthorized") throw error;
    context.log.warn({ err: error }, "could not read the merge queue");
    return null;
  }
  const members = queue === null ? null : walkToTip(queue, headSha);
  return queue === null || members === null ? null : { baseSha: queue.tip, members };
}
