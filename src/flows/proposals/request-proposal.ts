import type { Account } from "../../core/facts.ts";
import type { StoreOperations, StoreTransaction } from "../../ports/store.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { keyOfFlag, type Proposal, proposalKind, type ProposalPurpose, subjectOfFlag } from "../records.ts";

/** What somebody, or Routeward by itself, wants a pull request for. */
export interface ProposalRequest {
  binding: string;
  flagKey: string;
  purpose: ProposalPurpose;
  /** The merge that it follows. */
  mergeSha: string;
  /** The `approval.status` that it asks for. */
  status: string;
  askedBy: Account | null;
  by: string;
  why: string;
  repository: string;
  answerTo: number | null;
  /** A person asks: when the last pull request for the same was closed, another one is opened. */
  isAgain?: boolean;
}

const jobSuffix = "__proposal";

/** Key of the job that opens a flag's pull requests: it runs beside the flag's own job, which never waits for GitHub's writes. */
export function keyOfProposalJob(binding: string, flagKey: string): string {
  return `${keyOfFlag(binding, flagKey)}${jobSuffix}`;
}

/** The flag of a proposal job's key; null for the key of another job. */
export function flagOfProposalJob(flagKey: string): string | null {
  return flagKey.endsWith(jobSuffix) ? flagKey.slice(0, -jobSuffix.length) : null;
}

export function keyOfProposal({
  binding,
  flagKey,
  purpose,
}: Pick<Proposal, "binding" | "flagKey" | "purpose">): string {
  return `${keyOfFlag(binding, flagKey)}/${purpose}`;
}

/** The last proposal of one purpose, whatever became of it. */
export async function findProposal(
  name: Pick<Proposal, "binding" | "flagKey" | "purpose">,
  store: Pick<StoreOperations, "getRecord">,
): Promise<Proposal | null> {
  return (await store.getRecord(proposalKind, keyOfProposal(name)))?.value ?? null;
}

/** Tells proposals apart; the same is made once. */
export function identifyProposal({ mergeSha, status }: Pick<ProposalRequest, "mergeSha" | "status">): string {
  return `${mergeSha}:${status}`;
}

/**
 * Remembers that a pull request is wanted, with the job that opens it, in the caller's commit: neither is lost without the other. What
 * was proposed for the same merge and status stands, unless a person asks again.
 *
 * @returns whether it is news
 */
export async function requestProposal(
  request: ProposalRequest,
  ports: Pick<FlowPorts, "queue">,
  tx: StoreTransaction,
  now: Date,
): Promise<boolean> {
  const { binding, flagKey, purpose, askedBy, by, why, repository, answerTo } = request;
  const key = keyOfProposal(request);
  const of = identifyProposal(request);
  const current = await tx.getRecord(proposalKind, key);
  const isSame = current?.value.of === of;
  if (isSame && request.isAgain !== true) return false;
  const round = isSame ? current.value.round : 0;
  const value: Proposal = {
    binding,
    flagKey,
    purpose,
    of,
    round,
    askedBy,
    by,
    why,
    at: now.toISOString(),
    repository,
    answerTo,
    isAgain: request.isAgain === true,
    state: "asked",
    pull: null,
    reason: "",
  };
  const subject = subjectOfFlag(binding, flagKey);
  await tx.putRecord({
    kind: proposalKind,
    key,
    value,
    expectedVersion: current?.version ?? 0,
    audit: { subject, data: { proposal: purpose, of, round, by } },
  });
  await ports.queue.enqueueIn(tx, "flag", keyOfProposalJob(binding, flagKey), { cause: `proposal of a ${purpose}` });
  return true;
}
