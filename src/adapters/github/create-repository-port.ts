import type { FileContent, OwnerFacts } from "../../core/facts.ts";
import type { RepositoryPort } from "../../ports/github.ts";
import type { BoundedCache } from "./bounded-cache.ts";
import { addComment, openIssue, putComment } from "./comments.ts";
import { proposeChange } from "./propose-change.ts";
import { findCheck, publishCheck } from "./publish-check.ts";
import { readAttestations } from "./read-attestations.ts";
import { readBlobs } from "./read-blobs.ts";
import { readCheckRun } from "./read-check-run.ts";
import { readCommitPeople } from "./read-commit-people.ts";
import { readMergeGroup } from "./read-merge-group.ts";
import { readOwners, readPermission } from "./read-owners.ts";
import {
  findMergedPulls,
  findOpenPullsByHead,
  listOpenPulls,
  readChanges,
  readPull,
  readTestMerge,
} from "./read-pulls.ts";
import { readBranch, readFirstParent } from "./read-refs.ts";
import { readReviews } from "./read-reviews.ts";
import { readCodeownersErrors, readOrganizationFile, readRequiredChecks, requiresOwnCheck } from "./read-rules.ts";
import { readTree, type Tree } from "./read-tree.ts";
import { readWorkflowRun } from "./read-workflow-run.ts";
import type { RepositoryContext } from "./repository-context.ts";
import { readRequestedReviewers, requestReviewers, withdrawReviewers } from "./request-reviewers.ts";
import { setDeployment } from "./set-deployment.ts";
import type { AttestationTrust } from "./verify-attestation.ts";

/** What the ports of all repositories share. */
export interface SharedReading {
  blobs: BoundedCache<FileContent>;
  trees: BoundedCache<Tree>;
  owners: BoundedCache<OwnerFacts>;
  fetchFromStorage: typeof fetch;
  /** Absent or null: nobody configured whom to believe, so nothing is attested. */
  attestationTrust?: AttestationTrust | null;
}

/** The operations on one repository, gathered into the port. */
export function createRepositoryPort(context: RepositoryContext, shared: SharedReading): RepositoryPort {
  return {
    readRepository: () => context.readRepository(),
    readPull: (number) => readPull(context, number),
    readTestMerge: (number) => readTestMerge(context, number),
    listOpenPulls: () => listOpenPulls(context),
    findOpenPullsByHead: (sha) => findOpenPullsByHead(context, sha),
    findMergedPulls: (sha) => findMergedPulls(context, sha),
    readChanges: (number) => readChanges(context, number),
    readTree: (sha) => readTree(context, shared.trees, sha),
    readBlobs: (blobs) => readBlobs(context, shared.blobs, blobs),
    async readBranch(name) {
      const sha = await readBranch(context, name);
      if (sha === null) await context.checkRepository();
      return sha;
    },
    readFirstParent: (sha) => readFirstParent(context, sha),
    readMergeGroup: (headSha, baseRef) => readMergeGroup(context, headSha, baseRef),
    readReviews: (number) => readReviews(context, number),
    readCommitPeople: (number) => readCommitPeople(context, number),
    readRequestedReviewers: (number) => readRequestedReviewers(context, number),
    readOwners: (names, options) => readOwners(context, shared.owners, names, options),
    readPermission: (login) => readPermission(context, login),
    readCodeownersErrors: (ref) => readCodeownersErrors(context, ref),
    readWorkflowRun: (runId, artifactName) => readWorkflowRun(context, runId, artifactName, shared.fetchFromStorage),
    readCheckRun: (sha, appId, name) => readCheckRun(context, sha, appId, name),
    readAttestations: (subjectDigest) => readAttestations(context, shared.attestationTrust ?? null, subjectDigest),
    readOrganizationFile: (path) => readOrganizationFile(context, path),
    readRequiredChecks: (branch) => readRequiredChecks(context, branch),
    requiresOwnCheck: (branch, name) => requiresOwnCheck(context, branch, name),
    publishCheck: (report) => publishCheck(context, report),
    findCheck: (sha, name) => findCheck(context, sha, name),
    requestReviewers: (number, users, teams) => requestReviewers(context, number, users, teams),
    withdrawReviewers: (number, users, teams) => withdrawReviewers(context, number, users, teams),
    putComment: (number, marker, body) => putComment(context, number, marker, body),
    addComment: (number, marker, body) => addComment(context, number, marker, body),
    openIssue: (marker, title, body, labels) => openIssue(context, marker, title, body, labels),
    setDeployment: (deployment) => setDeployment(context, deployment),
    proposeChange: (proposal) => proposeChange(context, proposal),
  };
}
