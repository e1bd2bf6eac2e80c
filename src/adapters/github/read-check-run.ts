import { z } from "zod";
import type { CheckRunFacts } from "../../core/facts.ts";
import { GitHubError } from "../../ports/github.ts";
import type { RepositoryContext } from "./repository-context.ts";

const schema = z.object({
  id: z.number(),
  name: z.string(),
  head_sha: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  completed_at: z.string().nullish(),
  html_url: z.string().nullish(),
  app: z.object({ id: z.number(), slug: z.string().optional() }).nullish(),
});

/** See `RepositoryPort.readCheckRun`. The highest id is the newest; the order of the list says nothing (facts/github.md section 2). */
export async function readCheckRun(
  context: RepositoryContext,
  sha: string,
  appId: number,
  name: string,
): Promise<CheckRunFacts> {
  const items = await listRuns(context, sha, appId, name);
  const own = items.filter((run) => run.app?.id === appId && run.name === name && run.head_sha === sha);
  const newest = own.reduce<(typeof own)[number] | null>(
    (best, run) => (best === null || run.id > best.id ? run : best),
    null,
  );
  if (newest === null) return { kind: "not-found" };
  return {
    kind: "found",
    checkRunId: newest.id,
    appId,
    appSlug: newest.app?.slug ?? "",
    name: newest.name,
    conclusion: newest.status === "completed" ? (newest.conclusion ?? null) : null,
    commit: newest.head_sha,
    completedAt: newest.completed_at ?? null,
    url: newest.html_url ?? null,
    bundlesAtCommit: {},
  };
}

async function listRuns(
  context: RepositoryContext,
  sha: string,
  appId: number,
  name: string,
): Promise<readonly z.infer<typeof schema>[]> {
  try {
    const { items } = await context.client.list(
      "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
      { ...context.place, ref: sha, check_name: name, app_id: appId, filter: "latest" },
      schema,
      "read a check run that evidence names",
      { key: "check_runs", maxPages: 10 },
    );
    return items;
  } catch (error) {
    // The commit is the author's to name: one that GitHub does not know (404, 422) has no check runs, and is no reason to stop judging.
    if (error instanceof GitHubError && (error.kind === "missing" || error.kind === "invalid")) return [];
    throw error;
  }
}
