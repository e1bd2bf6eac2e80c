import type { Account } from "../../core/facts.ts";
import { planCleanup } from "../../core/proposals/plan-proposal.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { askOnce, type Asked } from "./ask-once.ts";
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
}

/**
 * Asks for the pull request that makes the candidate the baseline and retires the flag (SPEC 12). It is opened by the flag's proposal job, in
 * this process or another one of the same store.
 *
 * @returns `asked`, the number of the one that is open already, or why it makes no sense
 * @throws GitHubError when one was opened before and GitHub does not say what became of it
 */
export async function requestCleanup(
  request: CleanupRequest,
  ports: Pick<FlowPorts, "github" | "store" | "queue">,
  now: Date,
): Promise<Asked> {
  const read = await readGround(request.binding, request.flagKey, ports.store);
  if (!read.ok) return { kind: "refused", why: read.why };
  const cleanup = planCleanup(read.ground);
  if (cleanup.kind === "refused") return cleanup;
  const { approved } = read.ground.content;
  const { binding, flagKey, askedBy, by } = request;
  return askOnce(
    {
      ...{ binding, flagKey, askedBy, by },
      purpose: "cleanup",
      mergeSha: approved.mergeSha,
      status: "retired",
      why: `${by} asked for the cleanup`,
      repository: approved.repository,
      answerTo: request.answerTo ?? approved.pull,
    },
    ports,
    now,
  );
}
