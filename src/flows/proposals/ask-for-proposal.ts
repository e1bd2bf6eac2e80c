import { StaleVersionError } from "../../ports/store.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { subjectOfFlag } from "../records.ts";
import { keyOfProposal, type ProposalRequest, requestProposal } from "./request-proposal.ts";

/** What became of the wish for a pull request: its job is queued and answers, or why it makes no sense. */
export type Asked = { kind: "asked" } | { kind: "refused"; why: string };

const attempts = 8;

/**
 * Asks for a pull request on behalf of a person, in a commit of its own. The job names the one that is open already, and opens another one
 * when the last was closed without a merge. The same request (`requestId`) is taken once, so that a delivery which runs again
 * after a crash does not ask twice.
 */
export async function askForProposal(
  request: ProposalRequest & { requestId?: string | undefined },
  ports: Pick<FlowPorts, "store" | "queue">,
  now: Date,
): Promise<Asked> {
  const { requestId, ...rest } = request;
  const requestKey = `propose:${keyOfProposal(request)}:${requestId ?? ""}`;
  const subject = subjectOfFlag(request.binding, request.flagKey);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ports.store.transaction(async (tx) => {
        if (requestId !== undefined) {
          if ((await tx.lastOutcome(requestKey)) !== undefined) return;
          await tx.recordIntent({ key: requestKey, effect: "request-proposal", subject, data: { by: request.by } });
          await tx.recordOutcome(requestKey, { status: "done" });
        }
        await requestProposal({ ...rest, isAgain: true }, ports, tx, now);
      });
      return { kind: "asked" };
    } catch (error) {
      // The flag's job wrote it in between.
      if (!(error instanceof StaleVersionError) || attempt === attempts) throw error;
    }
  }
}
