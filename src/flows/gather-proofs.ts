import { z } from "zod";
import { listEvidencePaths } from "../core/evidence/read-evidence.ts";
import type { AttestationFacts, CheckRunFacts, Snapshot, WorkflowRunFacts } from "../core/facts.ts";
import type { JsonValue } from "../core/json.ts";
import { isRoutePath } from "../core/policy/is-route-path.ts";
import type { Policy } from "../core/policy/policy.ts";
import { namedFiles } from "../core/routes/named-files.ts";
import { parseRouteFile } from "../core/routes/parse-route-file.ts";
import { resolveRoute } from "../core/routes/resolve-route.ts";
import type { EvidenceReference, RouteFile } from "../core/routes/route-file.ts";
import { tableOf } from "../core/table-of.ts";
import { parseYaml } from "../core/yaml/parse-yaml.ts";
import type { RepositoryFiles } from "../ports/github.ts";
import { readFiles, readSnapshot } from "./gather-rules.ts";

/** More runs than this are not asked about for one pull request; the rest stays at declared trust. */
const maximumRuns = 50;

/** The bundle digests of more routes are not asked for; the rest is not attested. */
const maximumDigests = 50;

/** What GitHub says about the evidence of a pull request, beyond its files (SPEC 8, trust). */
export interface Proofs {
  /** By evidence id. */
  workflowRuns: Readonly<Record<string, WorkflowRunFacts>>;
  /** By evidence id. */
  checkRuns: Readonly<Record<string, CheckRunFacts>>;
  /** By bundle digest. */
  attestations: Readonly<Record<string, AttestationFacts>>;
}

// Only what has to be known to ask GitHub; whether the record is right is for the core to say.
const producerSchema = z.object({
  producer: z.object({ workflow: z.string().max(512), runId: z.number().int().positive() }),
});
const checkSchema = z.object({
  check: z.object({
    app: z.number().int().positive(),
    name: z.string().min(1).max(255),
    commit: z
      .string()
      .regex(/^[0-9a-f]{40}$/)
      .nullish(),
  }),
});

interface NamedRecord {
  id: string;
  value: JsonValue;
}

/** The record behind a reference, wherever it stands; null when it cannot be read. */
function readNamed(reference: EvidenceReference, head: Snapshot, policy: Policy): NamedRecord | null {
  if (reference.kind === "inline") {
    const named = z.object({ id: z.string().min(1).max(128) }).safeParse(reference.record);
    return named.success ? { id: named.data.id, value: reference.record } : null;
  }
  for (const path of listEvidencePaths(policy.evidenceFolder, reference.id)) {
    const content = Object.hasOwn(head.contents, path) ? head.contents[path] : undefined;
    const document = content?.kind === "text" && !path.endsWith(".xml") ? parseYaml(path, content.text) : null;
    if (document?.ok === true) return { id: reference.id, value: document.value.value };
  }
  return null;
}

/** Bundle digests of the routes at a commit, by flag key: what was measured there can have been only these. */
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
 * Asks GitHub what vouches for the evidence of the routes: the workflow runs and check runs that records name, and attestations of the
 * bundles of records with a producer. Only GitHub is asked: evidence URLs are never fetched.
 *
 * @param pullHead commit that a check run is looked for on when its record names none: the head as it was pushed, not the test merge
 * @param head with the evidence files read
 */
export async function gatherProofs(
  port: RepositoryFiles,
  pullHead: string,
  head: Snapshot,
  files: readonly RouteFile[],
  policy: Policy,
): Promise<Proofs> {
  const flagKeys = new Set(files.map(({ record }) => record.flagKey));
  const bundles = new Map<string, Promise<Record<string, string>>>();
  const bundlesAt = (sha: string): Promise<Record<string, string>> => {
    const known = bundles.get(sha) ?? readBundles(port, sha, flagKeys, policy);
    bundles.set(sha, known);
    return known;
  };

  const runs: [string, WorkflowRunFacts][] = [];
  const checks: [string, CheckRunFacts][] = [];
  const digests = new Set<string>();
  const seen = new Set<string>();
  for (const file of files) {
    const state = resolveRoute(file, head);
    for (const reference of file.record.approval.evidence) {
      const named = readNamed(reference, head, policy);
      if (named === null) continue;
      const produced = producerSchema.safeParse(named.value);
      const checked = checkSchema.safeParse(named.value);
      if (produced.success)
        for (const digest of [state.candidateDigest, state.baselineDigest]) if (digest !== null) digests.add(digest);
      if (seen.has(named.id) || seen.size === maximumRuns) continue;
      if (produced.success) {
        seen.add(named.id);
        const run = await port.readWorkflowRun(produced.data.producer.runId, named.id);
        runs.push([named.id, run.kind === "found" ? { ...run, bundlesAtHead: await bundlesAt(run.headSha) } : run]);
      } else if (checked.success && port.readCheckRun !== undefined) {
        seen.add(named.id);
        const { app, name, commit } = checked.data.check;
        const run = await port.readCheckRun(commit ?? pullHead, app, name);
        checks.push([named.id, run.kind === "found" ? { ...run, bundlesAtCommit: await bundlesAt(run.commit) } : run]);
      }
    }
  }

  const attestations: [string, AttestationFacts][] = [];
  for (const digest of [...digests].sort().slice(0, maximumDigests)) {
    const facts = await port.readAttestations?.(digest.replace(/^mrb1:/, ""));
    if (facts !== undefined) attestations.push([digest, facts]);
  }
  return {
    workflowRuns: tableOf(runs.sort(([one], [other]) => (one < other ? -1 : 1))),
    checkRuns: tableOf(checks.sort(([one], [other]) => (one < other ? -1 : 1))),
    attestations: tableOf(attestations),
  };
}
