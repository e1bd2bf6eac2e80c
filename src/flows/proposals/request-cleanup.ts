import type { Account } from "../../core/facts.ts";
import { planCleanup } from "../../core/proposals/plan-proposal.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { askForProposal, type Asked } from "./ask-for-proposal.ts";
import { readGround } from "./read-ground.ts";

export interface CleanupRequest {
  binding: string;
  flagKey: string;
  /** The GitHub account that asked, whose approval then does not count; null when it is not known (the command line). */
  askedBy: Account | null;
  /** For people: `@login`, or the operator's name. */
  by: string;
  /** Where the answer goes; the pull request that brought the default when absent. */
  answerTo?: number;
  /** Tells this request from every other, where it may be repeated by itself. */
  requestId?: string;
}

/**
 * Asks for the pull request that makes the candidate the baseline and retires the flag (SPEC 12). It is opened by the flag's proposal job, in
 * this process or another one of the same store, which answers on the pull request `answerTo`.
 */
export async function requestCleanup(
  request: CleanupRequest,
  ports: Pick<FlowPorts, "store" | "queue">,
  now: Date,
): Promise<Asked> {
  const read = await readGround(request.binding, request.flagKey, ports.store);
  if (!read.ok) return { kind: "refused", why: read.why };
  const cleanup = planCleanup(read.ground);
  if (cleanup.kind === "refused") return cleanup;
  const { approved } = read.ground.content;
  const { binding, flagKey, askedBy, by } = request;
  return askForProposal(
    {
      binding,
      flagKey,
      askedBy,
      by,
      purpose: "cleanup",
      mergeSha: approved.mergeSha,
      status: "retired",
      why: `${by} asked for the cleanup`,
      repository: approved.repository,
      answerTo: request.answerTo ?? approved.pull,
      requestId: request.requestId,
    },
    ports,
    now,
  );
}
