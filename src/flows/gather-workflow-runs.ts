import { z } from "zod";
import type { FileContent, Snapshot, WorkflowRunFacts } from "../core/facts.ts";
import type { Policy } from "../core/policy/policy.ts";
import { isRoutePath } from "../core/policy/is-route-path.ts";
import { parseRouteFile } from "../core/routes/parse-route-file.ts";
import { namedFiles } from "../core/routes/named-files.ts";
import { resolveRoute } from "../core/routes/resolve-route.ts";
import type { RouteRecord } from "../core/routes/route-file.ts";
import { tableOf } from "../core/table-of.ts";
import { parseYaml } from "../core/yaml/parse-yaml.ts";
import type { RepositoryFiles } from "../ports/github.ts";
import { readFiles, readSnapshot } from "./gather-rules.ts";
import { listEvidencePaths } from "./plan-reading.ts";

/** More runs than this are not asked about for one pull request; the rest stays at declared trust. */
const maximumRuns = 50;

/** Only what has to be known to ask GitHub; whether the record is right is for the core to say. */
const producerSchema = z.object({
  producer: z.object({ workflow: z.string().max(512), runId: z.number().int().positive() }),
});

function readRunId(path: string, content: FileContent | undefined): number | null {
  if (content?.kind !== "text") return null;
  const document = parseYaml(path, content.text);
  const parsed = document.ok ? producerSchema.safeParse(document.value.value) : null;
  return parsed?.success === true ? parsed.data.producer.runId : null;
}

/** Bundle digests of the routes at a workflow run's head, by flag key: what the run can have measured. */
async function readBundles(
  port: RepositoryFiles,
  sha: string,
  flagKeys: ReadonlySet<string>,
  policy: Policy,
): Promise<Record<string, string>> {
  const snapshot = await readSnapshot(port, sha);
  const routes = snapshot.entries.filter((entry) => isRoutePath(policy, entry.path));
  const texts = await readFiles(
    port,
    snapshot.entries,
    routes.map(({ path }) => path),
  );
  const files = routes.flatMap((entry) => {
    const content = texts[entry.path];
    const parsed = content === undefined ? null : parseRouteFile(entry.path, content, entry.mode);
    return parsed?.ok === true && flagKeys.has(parsed.value.record.flagKey) ? [parsed.value] : [];
  });
  const named = await readFiles(
    port,
    snapshot.entries,
    files.flatMap((file) => namedFiles(file.record)),
  );
  const digests = files.flatMap((file) => {
    const { candidateDigest } = resolveRoute(file, { ...snapshot, contents: named });
    return candidateDigest === null ? [] : [[file.record.flagKey, candidateDigest] as const];
  });
  return tableOf(digests);
}

/**
 * What GitHub says about the workflow runs that evidence records claim to come from, by evidence id (SPEC 8). Only GitHub is
 * asked: evidence URLs are never fetched.
 *
 * @param head with the evidence files read
 */
export async function gatherWorkflowRuns(
  port: RepositoryFiles,
  head: Snapshot,
  records: readonly RouteRecord[],
  policy: Policy,
): Promise<Readonly<Record<string, WorkflowRunFacts>>> {
  const ids = records.flatMap((record) =>
    record.approval.evidence.flatMap((reference) => (reference.kind === "id" ? [reference.id] : [])),
  );
  const flagKeys = new Set(records.map((record) => record.flagKey));
  const runs: [string, WorkflowRunFacts][] = [];
  for (const id of [...new Set(ids)].sort()) {
    const runId = listEvidencePaths(policy, id)
      .map((path) => readRunId(path, Object.hasOwn(head.contents, path) ? head.contents[path] : undefined))
      .find((found) => found !== null);
    if (runId === undefined || runs.length === maximumRuns) continue;
    const run = await port.readWorkflowRun(runId, id);
    const bundlesAtHead = run.kind === "found" ? await readBundles(port, run.headSha, flagKeys, policy) : {};
    runs.push([id, run.kind === "found" ? { ...run, bundlesAtHead } : run]);
  }
  return tableOf(runs);
}
