import { z } from "zod";
import type { CheckReport } from "../../core/effect.ts";
import { GitHubError } from "../../ports/github.ts";
import { isOutcomeUnknown } from "./create-once.ts";
import { planCheckRequest, type CheckRequest, type CheckRun } from "./plan-check-request.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** How often a request whose outcome is unknown is followed by another look. */
const maximumFailures = 3;
const lookAgainAfterMs = 500;

const checkRunSchema = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  external_id: z.string().nullish(),
  app: z.object({ id: z.number() }).nullish(),
  output: z.object({ annotations_count: z.number().optional() }).nullish(),
});

/** The newest run of ours of this name. The highest id is the newest; the order of the list says nothing (facts/github.md section 2). */
async function findNewest(context: RepositoryContext, sha: string, name: string): Promise<CheckRun | null> {
  const { items } = await context.client.list(
    "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
    { ...context.place, ref: sha, check_name: name, app_id: context.appId, filter: "latest" },
    checkRunSchema,
    "list the check runs",
    { key: "check_runs", maxPages: 10 },
  );
  const ours = items.filter((run) => run.app?.id === context.appId && run.name === name);
  const newest = ours.reduce<(typeof ours)[number] | undefined>(
    (best, run) => (best === undefined || run.id > best.id ? run : best),
    undefined,
  );
  if (newest === undefined) return null;
  return {
    id: newest.id,
    status: newest.status,
    conclusion: newest.conclusion ?? null,
    externalId: newest.external_id ?? "",
    annotations: newest.output?.annotations_count ?? 0,
  };
}

/** See `RepositoryPort.findCheck`. */
export async function findCheck(
  context: RepositoryContext,
  sha: string,
  name: string,
): Promise<{ id: number; conclusion: string | null; externalId: string } | null> {
  const run = await findNewest(context, sha, name);
  return run === null ? null : { id: run.id, conclusion: run.conclusion, externalId: run.externalId };
}

async function sendRequest(
  context: RepositoryContext,
  request: Exclude<CheckRequest, { kind: "nothing" }>,
): Promise<CheckRun> {
  const answer =
    request.kind === "create"
      ? await context.client.send(
          "POST /repos/{owner}/{repo}/check-runs",
          { ...context.place, ...request.body },
          checkRunSchema,
          "create the check run",
        )
      : await context.client.send(
          "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}",
          { ...context.place, check_run_id: request.checkRunId, ...request.body },
          checkRunSchema,
          "update the check run",
        );
  return {
    id: answer.id,
    status: answer.status,
    conclusion: answer.conclusion ?? null,
    externalId: answer.external_id ?? "",
    // Our own count: GitHub may count annotations later than it answers.
    annotations: request.annotationsAfter,
  };
}

/** See `RepositoryPort.publishCheck`. */
export async function publishCheck(
  context: RepositoryContext,
  report: CheckReport,
): Promise<{ checkRunId: number; written: boolean }> {
  const maximumRequests = Math.ceil(report.annotations.length / 50) + 2 + maximumFailures;
  let run = await findNewest(context, report.headSha, report.name);
  let written = false;
  let failures = 0;
  for (let requests = 0; requests <= maximumRequests; requests += 1) {
    const request = planCheckRequest(run, report);
    if (request.kind === "nothing") return { checkRunId: request.checkRunId, written };
    try {
      run = await sendRequest(context, request);
      written = true;
    } catch (error) {
      failures += 1;
      if (!isOutcomeUnknown(error) || failures === maximumFailures) throw error;
      // It may have been applied. What GitHub shows now decides what is sent next.
      await context.wait(lookAgainAfterMs * failures);
      run = await findNewest(context, report.headSha, report.name);
      written = true;
    }
  }
  throw new GitHubError("failed to publish the check run: GitHub shows something else than what was written", {
    kind: "unexpected",
    status: 200,
    retryable: true,
  });
}
