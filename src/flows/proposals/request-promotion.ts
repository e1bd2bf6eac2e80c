import type { Account } from "../../core/facts.ts";
import { planPromotion } from "../../core/proposals/plan-proposal.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { askForProposal, type Asked } from "./ask-for-proposal.ts";
import { readGround } from "./read-ground.ts";

export interface PromotionRequest {
  binding: string;
  flagKey: string;
  askedBy: Account;
  by: string;
  why: string;
  /** The pull request in which the answer goes. */
  answerTo: number;
  /** Tells this request from every other, so that a repeated delivery asks once. */
  requestId: string;
}

/** Asks, for a release owner, for the pull request that promotes a flag to the next stage of its plan (SPEC 12). Its job answers. */
export async function requestPromotion(
  request: PromotionRequest,
  ports: Pick<FlowPorts, "store" | "queue">,
  now: Date,
): Promise<Asked> {
  const read = await readGround(request.binding, request.flagKey, ports.store);
  if (!read.ok) return { kind: "refused", why: read.why };
  const next = planPromotion(read.ground);
  if (next.kind === "refused") return next;
  const { approved } = read.ground.content;
  return askForProposal(
    {
      ...request,
      purpose: "promotion",
      mergeSha: approved.mergeSha,
      status: next.value.status,
      repository: approved.repository,
    },
    ports,
    now,
  );
}
