import type { Latch, LiveState } from "../facts.ts";
import type { ApprovedContent } from "../rollout/plan-wanted.ts";
import { stageOfStatus } from "../routes/stage-of.ts";
import { stages, type Stage } from "../scales.ts";
import { approvalStatuses, type ApprovalStatus } from "../vocabulary.ts";

/** A proposal that may be made, or why not, in a sentence for whoever asked. */
export type Plan<T> = { kind: "planned"; value: T } | { kind: "refused"; why: string };

export interface NextStage {
  from: Stage;
  to: Stage;
  /** The `approval.status` that asks for it. */
  status: ApprovalStatus;
}

/** What a proposal is planned from. */
export interface ProposalGround {
  content: ApprovedContent;
  live: LiveState | null;
  latch: Latch | null;
}

/**
 * The stage after the one that is live: the next of the file's own plan (SPEC 10). Whether it may be entered is for the gates on the pull
 * request to say; here only what makes no sense is refused.
 */
export function planPromotion(ground: ProposalGround): Plan<NextStage> {
  const { content, live } = ground;
  const why = explainNotSettled(ground);
  if (why !== null) return { kind: "refused", why };
  const from = live?.stage ?? null;
  if (from === null)
    return {
      kind: "refused",
      why: "no stage is live. The first stage is asked for by hand, in a pull request that changes `approval.status`",
    };
  const planned = new Set<Stage>(content.plan.map(({ stage }) => stage));
  const to = stages.find(
    (stage) => stage !== "offline-eval" && planned.has(stage) && stages.indexOf(stage) > stages.indexOf(from),
  );
  if (to === undefined) return { kind: "refused", why: `${from} is the last stage of the plan` };
  const status = approvalStatuses.find((each) => stageOfStatus[each] === to);
  return status === undefined
    ? { kind: "refused", why: `no status asks for ${to}` }
    : { kind: "planned", value: { from, to, status } };
}

/** What a cleanup does with the flag. */
export interface Cleanup {
  decision: "remove" | "permanent";
  /** Audiences and exclusions that get the baseline now, and will get what is the candidate today. */
  excluded: readonly string[];
}

/** Whether the candidate can become the baseline: only a proven default can (SPEC 5), and only as its `cleanup` says. */
export function planCleanup(ground: ProposalGround): Plan<Cleanup> {
  const { content, live } = ground;
  const why = explainNotSettled(ground);
  if (why !== null) return { kind: "refused", why };
  if (live === null || live.stage !== "default" || live.share !== 100)
    return {
      kind: "refused",
      why: `only a candidate that is proven as the default becomes the baseline; live is ${live?.stage ?? "no stage"}`,
    };
  const { cleanup, candidate } = content.record;
  if (cleanup === null) return { kind: "refused", why: "the file's `cleanup` decides neither remove nor permanent" };
  if (candidate === null) return { kind: "refused", why: "the file has no candidate" };
  return { kind: "planned", value: { decision: cleanup.decision, excluded: live.excluded } };
}

/** Why the route does not stand where it was approved to stand; null when it does. */
function explainNotSettled({ content, live, latch }: ProposalGround): string | null {
  if (latch !== null)
    return `it was rolled back at ${latch.at}. Going forward again is a re-entry: open a pull request that asks for a stage`;
  if (live === null || content.stage === null || live.stage !== content.stage)
    return "what was approved last is not live yet";
  if (live.mergeSha !== content.approved.mergeSha || live.candidateDigest !== content.approved.candidateDigest)
    return "what was approved last is not live yet";
  return live.nextStep === undefined ? null : "a further step of the stage is being entered";
}
