import type { Account } from "../../core/facts.ts";
import { planPromotion } from "../../core/proposals/plan-proposal.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { askOnce, type Asked } from "./ask-once.ts";
import { readGround } from "./read-ground.ts";

export interface PromotionRequest {
  binding: string;
  flagKey: string;
  /** Null when a stage soaked green and nobody asked. */
  askedBy: Account | null;
  by: string;
  why: string;
  /** The pull request in which the answer goes. */
  answerTo: number | null;
}

/** Asks for the pull request that promotes a flag to the next stage of its plan (SPEC 12). */
export async function requestPromotion(
  request: PromotionRequest,
  ports: Pick<FlowPorts, "github" | "store" | "queue">,
  now: Date,
): Promise<Asked> {
  const read = await readGround(request.binding, request.flagKey, ports.store);
  if (!read.ok) return { kind: "refused", why: read.why };
  const next = planPromotion(read.ground);
  if (next.kind === "refused") return next;
  const { approved } = read.ground.content;
  return askOnce(
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
