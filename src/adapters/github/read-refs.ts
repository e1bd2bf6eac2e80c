import { z } from "zod";
import { GitHubError } from "../../ports/github.ts";
import type { RepositoryContext } from "./repository-context.ts";

const refSchema = z.object({ object: z.object({ sha: z.string(), type: z.string() }) });
const commitSchema = z.object({ parents: z.array(z.object({ sha: z.string() })) });

/**
 * See `RepositoryPort.readBranch`. Asks for the ref and not for the branch, because the branch address redirects to
 * the new name of a renamed branch.
 */
export async function readBranch(context: RepositoryContext, name: string): Promise<string | null> {
  const ref = await context.client.find(
    "GET /repos/{owner}/{repo}/git/ref/{ref}",
    { ...context.place, ref: `heads/${name}` },
    refSchema,
    "read the branch",
  );
  return ref?.object.sha ?? null;
}

/** Parents of a commit in order; null when there is no such commit. */
export async function readParents(context: RepositoryContext, sha: string): Promise<readonly string[] | null> {
  const commit = await context.client.find(
    "GET /repos/{owner}/{repo}/git/commits/{commit_sha}",
    { ...context.place, commit_sha: sha },
    commitSchema,
    "read the commit",
  );
  return commit === null ? null : commit.parents.map((parent) => parent.sha);
}

/** See `RepositoryPort.readFirstParent`. @throws GitHubError with kind `missing` when there is no such commit. */
export async function readFirstParent(context: RepositoryContext, sha: string): Promise<string | null> {
  const parents = await readParents(context, sha);
  if (parents !== null) return parents[0] ?? null;
  throw new GitHubError("failed to read the first parent: there is no such commit", {
    kind: "missing",
    status: 404,
    retryable: false,
  });
}
