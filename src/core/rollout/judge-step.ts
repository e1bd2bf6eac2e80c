import type { LiveState } from "../facts.ts";
import type { Policy } from "../policy/policy.ts";
import { wantedSoakOf } from "../routes/wanted-soak.ts";
import { isFrozen } from "../time/is-frozen.ts";
import { renderDuration } from "../verdict/render-duration.ts";
import { countSteps } from "./exposure.ts";
import type { ApprovedContent } from "./plan-wanted.ts";
import { identifyWatch, isFresh, type WatchEntry } from "./watch.ts";

/** The guardrail watch of a binding, as far as one flag needs it. */
export interface FlagWatch {
  /** Null: the flag was never looked at. */
  entry: WatchEntry | null;
  everyMs: number;
}

export interface StepQuestion {
  content: ApprovedContent;
  live: LiveState | null;
  watch: FlagWatch;
  /** Of the default branch now; null when it could not be read. */
  policy: Pick<Policy, "freeze" | "stages"> | null;
  /** ISO 8601. */
  at: string;
}

/** Whether the next step of the approved stage may begin. */
export type StepOutlook =
  /** The stage has no further step, or the flag does not stand at what was approved. */
  { kind: "none" } | { kind: "waiting"; why: string } | { kind: "due"; next: number; why: string };

/** The freeze window that holds at a moment, in words; null when none does. */
export function describeFreeze(policy: Pick<Policy, "freeze">, at: string): string | null {
  const frozen = isFrozen(policy.freeze, new Date(at));
  return frozen === null ? null : `freeze window ${frozen.window.name} holds until ${frozen.until.toISOString()}`;
}

/**
 * Whether a flag may go on to the next step of its stage by itself (SPEC 10): soaked, green at the last look, outside freeze
 * windows, under the approval that is live; never beyond the steps that were approved and never to a smaller share.
 */
export function judgeStep(question: StepQuestion): StepOutlook {
  const { content, live } = question;
  if (live === null || content.stage === null || live.stage !== content.stage) return { kind: "none" };
  if (live.candidateDigest !== content.approved.candidateDigest || live.mergeSha !== content.approved.mergeSha)
    return { kind: "none" };
  const next = live.step + 1;
  const share = content.plan.find((row) => row.stage === live.stage)?.steps[next] ?? 0;
  if (next >= countSteps(content.plan, content.stage) || share <= live.share) return { kind: "none" };
  const why = explainWaiting(question, live);
  if (why !== null) return { kind: "waiting", why };
  const soaked = question.watch.entry?.soakedMs ?? 0;
  return {
    kind: "due",
    next,
    why: `step ${live.step + 1} (${live.share} %) has soaked ${renderDuration(soaked)} and its guardrails pass`,
  };
}

/**
 * Whether the last step of the approved stage has soaked green, so that the next stage may be asked for without anybody asking
 * (SPEC 12). `next` of the answer is the step that has soaked.
 */
export function judgeStage(question: StepQuestion): StepOutlook {
  const { content, live } = question;
  if (live === null || content.stage === null || live.stage !== content.stage) return { kind: "none" };
  if (live.candidateDigest !== content.approved.candidateDigest || live.mergeSha !== content.approved.mergeSha)
    return { kind: "none" };
  if (live.step + 1 < countSteps(content.plan, content.stage)) return { kind: "none" };
  const why = explainWaiting(question, live);
  if (why !== null) return { kind: "waiting", why };
  const soaked = renderDuration(question.watch.entry?.soakedMs ?? 0);
  return { kind: "due", next: live.step, why: `${content.stage} has soaked ${soaked} and its guardrails pass` };
}

function explainWaiting({ content, watch, policy, at }: StepQuestion, live: LiveState): string | null {
  if (live.paused !== null) return `paused by ${live.paused.by}: ${live.paused.reason}`;
  if (policy === null) return "the policy of the default branch cannot be read";
  const { entry, everyMs } = watch;
  if (entry === null || entry.of !== identifyWatch(live)) return "the guardrails were not read since the step began";
  if (!isFresh(entry, at, everyMs)) return `the guardrails were last read at ${entry.at}`;
  if (entry.clock !== "running") return entry.why;
  const wanted = Math.max(entry.wantedMs, wantedSoakOf(content.plan, policy, content.stage ?? "default"));
  if (entry.soakedMs < wanted) return `soaked ${renderDuration(entry.soakedMs)} of ${renderDuration(wanted)}`;
  return entry.frozen ?? describeFreeze(policy, at);
}

/**
 * Why a paused rollout may not go on (SPEC 15, "resume meets the gates again"); empty when it may. At shadow nobody is exposed,
 * so a route without guardrails may go on there.
 */
export function checkResume(
  live: LiveState,
  watch: FlagWatch,
  policy: Pick<Policy, "freeze">,
  at: string,
): readonly string[] {
  const frozen = describeFreeze(policy, at);
  const reasons = frozen === null ? [] : [frozen];
  if (live.stage === null || live.stage === "offline-eval") return reasons;
  const { entry, everyMs } = watch;
  if (entry === null || entry.of !== identifyWatch(live))
    return [...reasons, "the guardrails of this step were not read yet"];
  if (!isFresh(entry, at, everyMs)) return [...reasons, `the guardrails were last read at ${entry.at}`];
  if (live.stage === "shadow" && entry.guardrails.length === 0) return reasons;
  if (entry.readings === "pass") return reasons;
  const bad = entry.guardrails.filter(({ outcome }) => outcome !== "pass");
  return [
    ...reasons,
    ...(bad.length === 0
      ? ["no guardrail is declared"]
      : bad.map(({ name, outcome, why }) => `guardrail ${name}: ${outcome} (${why})`)),
  ];
}
