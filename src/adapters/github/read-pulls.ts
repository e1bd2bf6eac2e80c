import { z } from "zod";
import type { ChangedPath, PullFacts } from "../../core/facts.ts";
import { GitHubError, type RepositoryPort } from "../../ports/github.ts";
import { accountOrNullSchema } from "./accounts.ts";
import { readBranch, readParents } from "./read-refs.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** GitHub lists no more files of a pull request (facts/github.md section 6). */
const maximumFiles = 3000;

const pullSchema = z.object({
  number: z.number(),
  title: z.string(),
  state: z.enum(["open", "closed"]),
  draft: z.boolean().nullish(),
  merged: z.boolean().nullish(),
  mergeable: z.boolean().nullish(),
  merge_commit_sha: z.string().nullish(),
  merged_at: z.string().nullish(),
  user: accountOrNullSchema,
  html_url: z.string(),
  changed_files: z.number(),
  commits: z.number(),
  base: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.number() }) }),
  head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.number() }).nullish() }),
});

export type Pull = z.infer<typeof pullSchema>;

const listedPullSchema = z.object({
  number: z.number(),
  state: z.string(),
  merged_at: z.string().nullish(),
  head: z.object({ sha: z.string() }),
  base: z.object({ ref: z.string() }),
});

const changedFileSchema = z.object({
  filename: z.string(),
  previous_filename: z.string().nullish(),
  status: z.enum(["added", "removed", "modified", "renamed", "copied", "changed", "unchanged"]),
});

/** The pull request as GitHub tells it; null when there is none. @throws GitHubError `forbidden` when the repository is out of sight. */
export async function findPull(context: RepositoryContext, number: number): Promise<Pull | null> {
  return context.client.find(
    "GET /repos/{owner}/{repo}/pulls/{pull_number}",
    { ...context.place, pull_number: number },
    pullSchema,
    "read the pull request",
  );
}

/** See `RepositoryPort.readPull`. */
export async function readPull(context: RepositoryContext, number: number): Promise<PullFacts | null> {
  const pull = await findPull(context, number);
  if (pull === null) {
    // 404 also means that the app has lost sight of the repository, which must not read as "no such pull request".
    await context.checkRepository();
    return null;
  }
  // `base.sha` is not refreshed on every push to the base (facts/github.md section 7). The branch of a closed one may be gone.
  const baseSha = (await readBranch(context, pull.base.ref)) ?? pull.base.sha;
  const merged = pull.merged === true;
  return {
    number: pull.number,
    title: pull.title,
    state: pull.state,
    isDraft: pull.draft === true,
    merged,
    // Before the merge this field holds the test merge.
    mergeCommitSha: merged ? (pull.merge_commit_sha ?? null) : null,
    mergedAt: merged ? (pull.merged_at ?? null) : null,
    // GitHub shows deleted accounts as `ghost`; id 0 equals no reviewer.
    author: pull.user ?? { id: 0, login: "ghost", isBot: false },
    baseRef: pull.base.ref,
    baseSha,
    headRef: pull.head.ref,
    headSha: pull.head.sha,
    isFork: pull.head.repo?.id !== pull.base.repo.id,
    htmlUrl: pull.html_url,
  };
}

/**
 * See `RepositoryPort.readTestMerge`. A test merge of an older head or base is `pending`: asking for the pull request
 * makes GitHub compute a new one.
 */
export async function readTestMerge(
  context: RepositoryContext,
  number: number,
): ReturnType<RepositoryPort["readTestMerge"]> {
  const pull = await findPull(context, number);
  if (pull === null) {
    throw new GitHubError("failed to read the test merge: there is no such pull request", {
      kind: "missing",
      status: 404,
      retryable: false,
    });
  }
  if (pull.mergeable === false) return { kind: "conflict" };
  const sha = pull.merge_commit_sha;
  if (pull.merged === true && typeof sha === "string") return { kind: "ready", sha };
  if (pull.mergeable !== true || typeof sha !== "string") return { kind: "pending" };
  const [parents, baseSha] = await Promise.all([readParents(context, sha), readBranch(context, pull.base.ref)]);
  const isCurrent = parents?.[0] === baseSha && parents?.[1] === pull.head.sha;
  return isCurrent ? { kind: "ready", sha } : { kind: "pending" };
}

/** See `RepositoryPort.listOpenPulls`. @throws GitHubError when there are more than can be listed. */
export async function listOpenPulls(context: RepositoryContext): ReturnType<RepositoryPort["listOpenPulls"]> {
  const { items, complete } = await context.client.list(
    "GET /repos/{owner}/{repo}/pulls",
    { ...context.place, state: "open", sort: "created", direction: "asc" },
    listedPullSchema,
    "list the open pull requests",
  );
  if (!complete) {
    throw new GitHubError("failed to list the open pull requests: there are more than 10,000", {
      kind: "unexpected",
      status: 200,
      retryable: false,
    });
  }
  return items
    .map((pull) => ({ number: pull.number, headSha: pull.head.sha, baseRef: pull.base.ref }))
    .sort((one, other) => one.number - other.number);
}

/**
 * See `RepositoryPort.findOpenPullsByHead`. Reads the list of open ones, since `commits/{sha}/pulls` is not documented
 * for heads of forks.
 */
export async function findOpenPullsByHead(context: RepositoryContext, sha: string): Promise<readonly number[]> {
  const open = await listOpenPulls(context);
  return open.filter((pull) => pull.headSha === sha).map((pull) => pull.number);
}

/** See `RepositoryPort.findMergedPulls`. */
export async function findMergedPulls(context: RepositoryContext, sha: string): Promise<readonly number[]> {
  const { items } = await context.client.list(
    "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    { ...context.place, commit_sha: sha },
    listedPullSchema,
    "find the pull requests of a commit",
  );
  const numbers = items.filter((pull) => typeof pull.merged_at === "string").map((pull) => pull.number);
  return [...new Set(numbers)].sort((one, other) => one - other);
}

/** See `RepositoryPort.readChanges`. */
export async function readChanges(
  context: RepositoryContext,
  number: number,
): Promise<{ complete: boolean; files: readonly ChangedPath[] }> {
  const place = { ...context.place, pull_number: number };
  // At the same time: a push between the two makes count and listing differ, which is not complete.
  const [pull, listing] = await Promise.all([
    context.client.get("GET /repos/{owner}/{repo}/pulls/{pull_number}", place, pullSchema, "read the pull request"),
    context.client.list(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
      place,
      changedFileSchema,
      "list the changed files",
      { maxPages: maximumFiles / 100 },
    ),
  ]);
  return {
    complete: listing.complete && listing.items.length === pull.changed_files && listing.items.length < maximumFiles,
    files: listing.items.map((file) => ({
      path: file.filename,
      previousPath: file.status === "renamed" ? (file.previous_filename ?? null) : null,
      status: file.status,
    })),
  };
}
