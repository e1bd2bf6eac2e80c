import { z } from "zod";
import type { WorkflowRunFacts } from "../../core/facts.ts";
import { GitHubError } from "../../ports/github.ts";
import { readBoundedBody } from "./bounded-fetch.ts";
import type { OctokitAnswer } from "./octokit-like.ts";
import { maximumArtifactBytes, readArtifactText } from "./read-artifact-text.ts";
import { readFileId } from "./read-file-id.ts";
import type { RepositoryContext } from "./repository-context.ts";

const maximumRedirects = 3;
const downloadTimeoutMs = 30_000;

const runSchema = z.object({
  id: z.number(),
  path: z.string(),
  head_sha: z.string(),
  status: z.string().nullish(),
  conclusion: z.string().nullish(),
  repository: z.object({ id: z.number() }),
});

const artifactSchema = z.object({
  id: z.number(),
  name: z.string(),
  size_in_bytes: z.number(),
  expired: z.boolean(),
});

function failDownload(why: string, retryable: boolean): GitHubError {
  return new GitHubError(`failed to download an artifact: ${why}`, {
    kind: retryable ? "unavailable" : "unexpected",
    status: 0,
    retryable,
  });
}

/** The bytes of a body that an Octokit left unread. */
async function readAnswerBody(answer: OctokitAnswer): Promise<Uint8Array> {
  if (answer.data instanceof ReadableStream) return readBoundedBody(answer.data, maximumArtifactBytes);
  if (answer.data instanceof ArrayBuffer) return new Uint8Array(answer.data);
  throw failDownload("GitHub's answer has an unknown form", false);
}

/**
 * Fetches where GitHub redirects a download to: a storage address that is signed for the moment, so our token does not
 * go along.
 */
async function fetchStorage(location: string, fetchFromStorage: typeof fetch): Promise<Uint8Array> {
  let next = location;
  for (let redirects = 0; redirects <= maximumRedirects; redirects += 1) {
    const url = URL.canParse(next) ? new URL(next) : null;
    if (url === null || !["http:", "https:"].includes(url.protocol))
      throw failDownload("it is at no web address", false);
    let answer: Response;
    try {
      answer = await fetchFromStorage(url.href, { redirect: "manual", signal: AbortSignal.timeout(downloadTimeoutMs) });
      const forward = answer.headers.get("location");
      if (answer.status >= 300 && answer.status < 400 && forward !== null) {
        await answer.body?.cancel();
        next = URL.canParse(forward, url.href) ? new URL(forward, url.href).href : "";
        continue;
      }
      if (answer.ok && answer.body !== null) return await readBoundedBody(answer.body, maximumArtifactBytes);
      await answer.body?.cancel();
    } catch {
      // The error of the network may name the signed address.
      throw failDownload("the storage did not answer usefully", true);
    }
    throw failDownload(`the storage answered ${answer.status}`, answer.status >= 500);
  }
  throw failDownload("it is redirected too often", false);
}

async function readArtifact(
  context: RepositoryContext,
  runId: number,
  name: string,
  fetchFromStorage: typeof fetch,
): Promise<{ text: string; files: Readonly<Record<string, string>> } | null> {
  const { items } = await context.client.list(
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
    { ...context.place, run_id: runId, name },
    artifactSchema,
    "list the run's artifacts",
    { key: "artifacts", maxPages: 10 },
  );
  const usable = items.filter((artifact) => artifact.name === name && !artifact.expired);
  // A run that was started again has one artifact of the name for each attempt; the newest counts.
  const newest = usable.reduce<(typeof usable)[number] | undefined>(
    (best, one) => (best === undefined || one.id > best.id ? one : best),
    undefined,
  );
  if (newest === undefined) return null;
  const noteUnusable = (why: string): null => {
    context.log.warn({ runId, artifactId: newest.id, why }, "an artifact with evidence cannot be used");
    return null;
  };
  if (newest.size_in_bytes > maximumArtifactBytes) return noteUnusable("the artifact is too large");
  const answer = await context.client.open(
    "GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}",
    { ...context.place, artifact_id: newest.id, archive_format: "zip" },
    "download an artifact",
  );
  const location = answer.headers["location"];
  const zip =
    typeof location === "string" ? await fetchStorage(location, fetchFromStorage) : await readAnswerBody(answer);
  const record = readArtifactText(zip, name);
  return record.kind === "text" ? record : noteUnusable(record.why);
}

/**
 * See `RepositoryPort.readWorkflowRun`. Only what this repository's own runs uploaded is read; addresses that stand in
 * evidence are never fetched (SPEC 8).
 */
export async function readWorkflowRun(
  context: RepositoryContext,
  runId: number,
  artifactName: string,
  fetchFromStorage: typeof fetch,
): Promise<WorkflowRunFacts> {
  const run = await context.client.find(
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}",
    { ...context.place, run_id: runId },
    runSchema,
    "read the workflow run",
  );
  const repository = await context.readRepository();
  if (run === null || run.repository.id !== repository.id) return { kind: "not-found" };
  const at = run.path.indexOf("@");
  const workflow = at < 0 ? run.path : run.path.slice(0, at);
  const artifact = await readArtifact(context, runId, artifactName, fetchFromStorage);
  const [atHead, onDefaultBranch] = await Promise.all([
    readFileId(context, workflow, run.head_sha),
    readFileId(context, workflow, `refs/heads/${repository.defaultBranch}`),
  ]);
  return {
    kind: "found",
    runId: run.id,
    workflow,
    conclusion: run.conclusion ?? null,
    headSha: run.head_sha,
    workflowMatchesDefaultBranch: atHead !== null && atHead === onDefaultBranch,
    bundlesAtHead: {},
    artifactText: artifact?.text ?? null,
    ...(artifact === null ? {} : { artifactFiles: artifact.files }),
  };
}
