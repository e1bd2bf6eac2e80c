import { z } from "zod";
import type { AttestationFacts, VerifiedAttestation } from "../../core/facts.ts";
import { GitHubError } from "../../ports/github.ts";
import { readFileId } from "./read-file-id.ts";
import type { RepositoryContext } from "./repository-context.ts";
import { verifyAttestation, type AttestationTrust, type VerifiedBundle } from "./verify-attestation.ts";

/** More attestations of one digest are not looked at: each costs several verifications. */
const maximumAttestations = 30;

const schema = z.object({ bundle: z.unknown(), repository_id: z.number().nullish() });

/**
 * Path of the workflow that signed, when it is one of this repository; else its whole address, which fits no record. The certificate's
 * repository id, which the judge compares, is what a renamed or recreated repository cannot imitate.
 */
function readWorkflow(signer: string, owner: string, name: string): { path: string; isOurs: boolean } {
  const address = URL.canParse(signer) ? new URL(signer).pathname : "";
  const prefix = `/${owner}/${name}/`.toLowerCase();
  const end = address.indexOf("@refs/");
  if (end < 0 || !address.toLowerCase().startsWith(prefix)) return { path: signer.slice(0, 500), isOurs: false };
  return { path: decodePath(address.slice(prefix.length, end)), isOurs: true };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

async function describeSigner(
  context: RepositoryContext,
  bundle: Extract<VerifiedBundle, { ok: true }>,
): Promise<VerifiedAttestation> {
  const { owner, name, defaultBranch } = await context.readRepository();
  const { path, isOurs } = readWorkflow(bundle.signer, owner, name);
  const { signerCommit } = bundle;
  const isCommit = signerCommit !== null && /^[0-9a-f]{40}$/.test(signerCommit);
  const [atSigning, onDefaultBranch] =
    isOurs && isCommit
      ? await Promise.all([
          readFileId(context, path, signerCommit),
          readFileId(context, path, `refs/heads/${defaultBranch}`),
        ])
      : [null, null];
  return {
    repositoryId: bundle.repositoryId,
    workflow: path,
    workflowMatchesDefaultBranch: atSigning !== null && atSigning === onDefaultBranch,
    runId: bundle.runId,
    statement: bundle.statement,
  };
}

/** See `RepositoryPort.readAttestations`. The listing alone proves nothing (facts/formats.md section 3). */
export async function readAttestations(
  context: RepositoryContext,
  trust: AttestationTrust | null,
  subjectDigest: string,
): Promise<AttestationFacts> {
  let bundles: readonly unknown[];
  try {
    const { items } = await context.client.list(
      "GET /repos/{owner}/{repo}/attestations/{subject_digest}",
      { ...context.place, subject_digest: subjectDigest, per_page: maximumAttestations },
      schema,
      "list the attestations",
      { key: "attestations", maxPages: 1 },
    );
    bundles = items.map((item) => item.bundle);
  } catch (error) {
    if (!(error instanceof GitHubError) || error.retryable) throw error;
    if (error.kind === "missing") return { verified: [], refused: [] };
    context.log.warn({ err: error }, "attestations cannot be read");
    return {
      verified: [],
      refused: ["GitHub does not show attestations to Routeward (permission `attestations: read`)"],
    };
  }
  if (bundles.length === 0) return { verified: [], refused: [] };
  if (trust === null) return { verified: [], refused: ["the operator has configured no trust root for attestations"] };
  const results = bundles.slice(0, maximumAttestations).map((bundle) => verifyAttestation(bundle, trust));
  const verified: VerifiedAttestation[] = [];
  for (const result of results) if (result.ok) verified.push(await describeSigner(context, result));
  const refused = results.flatMap((result) => (result.ok ? [] : [result.why]));
  return { verified, refused: [...new Set(refused)] };
}
