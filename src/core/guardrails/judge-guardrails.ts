import type { LiveState, Measurement } from "../facts.ts";
import type { Policy } from "../policy/policy.ts";
import type { Guardrail } from "../routes/route-file.ts";
import { defaultStaleAfterMs, judgeGuardrail } from "./judge-guardrail.ts";
import type { GuardrailFinding } from "./judgement.ts";

/**
 * Judges all guardrails of a live route on one set of readings (SPEC 9). Where shares are random, customer canary and a/b, the
 * sizes of the arms are judged too.
 *
 * @param metrics the policy's templates: they say which readings are shares with counts
 * @param at ISO 8601; the time of judging
 */
export function judgeGuardrails(
  guardrails: readonly Guardrail[],
  measurements: readonly Measurement[],
  live: Pick<LiveState, "stage" | "share">,
  metrics: Policy["metrics"],
  at: string,
): readonly GuardrailFinding[] {
  const isRandom = live.stage === "customer-canary" || live.stage === "ab-comparison";
  const share = live.share / 100;
  // Templates count every baseline request of the route, those of excluded users and other audiences too.
  const split = isRandom && share > 0 && share < 1 ? { share, baselineHoldsOthers: true } : null;
  return guardrails.map((guardrail) => {
    const countsShare = countsShares(metrics, guardrail.metric);
    return judgeGuardrail(guardrail, measurements, { at, staleAfterMs: defaultStaleAfterMs, split, countsShare });
  });
}

/** Costs are amounts: a sum of money by a count is small, but it is no part of the count. */
function countsShares(metrics: Policy["metrics"], name: string): boolean {
  const template = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
  return template !== undefined && template.numerator !== null && template.category !== "cost";
}
