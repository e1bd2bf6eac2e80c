import { keepsLimit } from "../evidence/keeps-limit.ts";
import type { Measurement } from "../facts.ts";
import { assertNever } from "../problem.ts";
import type { Bound, Guardrail } from "../routes/route-file.ts";
import { boundDifference, type Arm, type Interval } from "./always-valid-bound.ts";
import { boundShare } from "./bound-share.ts";
import { checkSampleRatio } from "./check-sample-ratio.ts";
import type { GuardrailFinding, GuardrailOutcome } from "./judgement.ts";

/** What is known about the stage that the readings come from. */
export interface JudgingContext {
  /** ISO 8601; the time of judging. */
  at: string;
  /** Older readings are stale. Milliseconds. */
  staleAfterMs: number;
  /** Set where shares are random (customer canary, a/b): fraction on the candidate, above 0 and below 1. */
  split: { share: number; baselineHoldsOthers: boolean } | null;
  /** Whether the metric's template counts: a part (`numerator`) of all (`denominator`). Of anything else nothing is claimed. */
  countsShare: boolean;
}

/** A reading is judged once; fifteen minutes later nobody knows whether it still holds. */
export const defaultStaleAfterMs = 15 * 60_000;

/** Clocks of services differ a little; a reading from further ahead is no reading. */
const clockSlackMs = 5 * 60_000;

type Reading =
  | { kind: "value"; value: number; samples: number | null; at: string | null }
  | { kind: "none"; outcome: "inconclusive" | "error"; why: string; at: string | null };

/**
 * Judges one guardrail on the newest readings of both variations (SPEC 9). Only a reading that is there, fresh, single, finite and
 * large enough can pass; everything else is inconclusive or an error and holds exposure.
 */
export function judgeGuardrail(
  guardrail: Guardrail,
  measurements: readonly Measurement[],
  context: JudgingContext,
): GuardrailFinding {
  const candidate = readNewest(guardrail, "candidate", measurements, context);
  const baseline = readNewest(guardrail, "baseline", measurements, context);
  const { outcome, why } = judgeReadings(guardrail, candidate, baseline, context);
  return {
    guardrail,
    outcome,
    candidate: candidate.kind === "value" ? candidate.value : null,
    baseline: baseline.kind === "value" ? baseline.value : null,
    samples: candidate.kind === "value" ? candidate.samples : null,
    at: candidate.at,
    why,
  };
}

function readNewest(
  guardrail: Guardrail,
  variation: Measurement["variation"],
  measurements: readonly Measurement[],
  context: JudgingContext,
): Reading {
  const own = measurements.filter((each) => each.guardrail === guardrail.name && each.variation === variation);
  const newest = own.reduce<Measurement | null>(
    (best, each) => (best === null || Date.parse(each.at) >= Date.parse(best.at) ? each : best),
    null,
  );
  if (newest === null)
    return { kind: "none", outcome: "inconclusive", why: `no reading of the ${variation} yet`, at: null };
  const { at, outcome } = newest;
  const age = Date.parse(context.at) - Date.parse(at);
  if (!(age <= context.staleAfterMs)) {
    return { kind: "none", outcome: "inconclusive", why: `the reading of the ${variation} is stale (${at})`, at };
  }
  if (age < -clockSlackMs) {
    return {
      kind: "none",
      outcome: "inconclusive",
      why: `the reading of the ${variation} is dated in the future (${at})`,
      at,
    };
  }
  switch (outcome.kind) {
    case "error":
      return { kind: "none", outcome: "error", why: `the ${variation} could not be read: ${outcome.why}`, at };
    case "unusable":
      return {
        kind: "none",
        outcome: "inconclusive",
        why: `the reading of the ${variation} is unusable: ${outcome.why}`,
        at,
      };
    case "no-data":
      if (guardrail.absentIs !== null) return { kind: "value", value: guardrail.absentIs, samples: null, at };
      return { kind: "none", outcome: "inconclusive", why: `no data for the ${variation}`, at };
    case "value":
      if (!Number.isFinite(outcome.value)) {
        return { kind: "none", outcome: "inconclusive", why: `the ${variation} reads ${String(outcome.value)}`, at };
      }
      return { kind: "value", value: outcome.value, samples: outcome.samples, at };
    default:
      return assertNever(outcome);
  }
}

interface Judgement {
  outcome: GuardrailOutcome;
  why: string;
}

function judgeReadings(
  guardrail: Guardrail,
  candidate: Reading,
  baseline: Reading,
  context: JudgingContext,
): Judgement {
  if (guardrail.threshold === null && guardrail.margin === null) {
    return { outcome: "inconclusive", why: "it has neither threshold nor margin" };
  }
  if (candidate.kind === "none") return { outcome: candidate.outcome, why: candidate.why };
  const tooFew = findMissingSamples(guardrail, "candidate", candidate);
  if (tooFew !== null) return { outcome: "inconclusive", why: tooFew };

  // An absolute breach stands whatever the baseline's arm looks like.
  const absolute = guardrail.threshold === null ? null : judgeThreshold(guardrail.threshold, candidate, context);
  if (absolute?.outcome === "fail") return absolute;

  const unequal = findUnequalArms(candidate, baseline, context);
  if (unequal !== null) return { outcome: "inconclusive", why: unequal };
  if (guardrail.margin === null) return absolute ?? { outcome: "inconclusive", why: "nothing to compare" };
  if (baseline.kind === "none") return { outcome: baseline.outcome, why: baseline.why };
  const tooFewBeside = findMissingSamples(guardrail, "baseline", baseline);
  if (tooFewBeside !== null) return { outcome: "inconclusive", why: tooFewBeside };
  const relative = judgeMargin(guardrail.margin, candidate, baseline, context);
  if (absolute === null || relative.outcome !== "pass") return relative;
  if (absolute.outcome !== "pass") return absolute;
  return { outcome: "pass", why: `${absolute.why}; ${relative.why}` };
}

type Value = Extract<Reading, { kind: "value" }>;

function findMissingSamples(guardrail: Guardrail, arm: string, reading: Value): string | null {
  const { minSamples } = guardrail;
  if (minSamples === null) return null;
  if (reading.samples === null) return `${minSamples} samples are wanted, but there is no count for the ${arm}`;
  return reading.samples < minSamples ? `too few samples of the ${arm}: ${reading.samples} of ${minSamples}` : null;
}

function findUnequalArms(candidate: Value, baseline: Reading, context: JudgingContext): string | null {
  if (context.split === null || baseline.kind === "none") return null;
  if (candidate.samples === null || baseline.samples === null) return null;
  const { ok } = checkSampleRatio({ candidate: candidate.samples, baseline: baseline.samples, ...context.split });
  if (ok) return null;
  const percent = renderNumber(context.split.share * 100);
  const arms = `${candidate.samples} against ${baseline.samples} samples`;
  return `unequal arms: ${arms} do not fit a share of ${percent} %; the template must leave out people of earlier audiences`;
}

/**
 * A share observed beyond its limit is a breach at once: waiting for certainty would leave users with it. To pass, the
 * whole always-valid interval must keep the limit (docs/decisions/0021-what-a-reading-proves.md).
 */
function judgeThreshold(bound: Bound, { value, samples }: Value, context: JudgingContext): Judgement {
  const holds = keepsLimit(value, bound.operator, bound.amount);
  const plain: Judgement = {
    outcome: holds ? "pass" : "fail",
    why: `${renderNumber(value)} is ${holds ? "within" : "outside"} ${bound.text}`,
  };
  if (!holds || !context.countsShare || samples === null || !isRate(value) || !canBeSettled(bound)) return plain;
  const { lower, upper } = boundShare({ rate: value, samples });
  const range = `${renderNumber(lower)} to ${renderNumber(upper)}`;
  const isInside = keepsLimit(isUpperBound(bound) ? upper : lower, bound.operator, bound.amount);
  const relation = isInside ? "is within" : "does not settle";
  const why = `${renderNumber(value)} of ${renderNumber(samples)}: ${range} ${relation} ${bound.text}${isInside ? "" : " yet"}`;
  return { outcome: isInside ? "pass" : "inconclusive", why };
}

/** No number of samples shows that a share is exactly something, or none at all: there what was observed decides. */
function canBeSettled({ operator, amount }: Bound): boolean {
  return operator !== "==" && amount > 0 && amount < 1;
}

function isUpperBound({ operator }: Bound): boolean {
  return operator === "<=" || operator === "<";
}

function judgeMargin(bound: Bound, candidate: Value, baseline: Value, context: JudgingContext): Judgement {
  if (bound.unit === "points") return judgePoints(bound, candidate, baseline);
  const [first, second] = [armOf(candidate, context), armOf(baseline, context)];
  if (first !== null && second !== null) return judgeRelative(bound, first, second);
  const limit = baseline.value + (Math.abs(baseline.value) * bound.amount) / 100;
  const holds = keepsLimit(candidate.value, bound.operator, limit);
  const relation = holds ? "within" : "outside";
  const readings = `${renderNumber(candidate.value)} against ${renderNumber(baseline.value)} of the baseline`;
  return { outcome: holds ? "pass" : "fail", why: `${readings} is ${relation} ${bound.text}` };
}

function armOf({ value, samples }: Value, { countsShare }: JudgingContext): Arm | null {
  return countsShare && samples !== null && isRate(value) ? { rate: value, samples } : null;
}

/** The sequence is made for the difference that matters; below half a point no number of samples in use would do. */
const leastScale = 0.005;

/** A share against a multiple of another one: the always-valid bound decides both ways. */
function judgeRelative(bound: Bound, candidate: Arm, baseline: Arm): Judgement {
  const scale = Math.max((Math.abs(bound.amount) / 100) * baseline.rate, leastScale);
  const limit = (1 + bound.amount / 100) * baseline.rate;
  const interval = boundDifference(candidate, baseline, scale, 1 + bound.amount / 100);
  const readings = `${renderPercent(candidate.rate)} against ${renderPercent(baseline.rate)} of the baseline`;
  const range = `${renderPoints(interval.lower)} to ${renderPoints(interval.upper)} beside the limit of ${renderPercent(limit)}`;
  return settle(bound, interval, 0, `${readings}: ${range}`);
}

/** Points are a difference of proportions: with counts the always-valid bound decides, without them nothing is claimed. */
function judgePoints(bound: Bound, candidate: Value, baseline: Value): Judgement {
  if (candidate.samples === null || baseline.samples === null) {
    return { outcome: "inconclusive", why: "percentage points need counts, and the metric gives none" };
  }
  if (!isRate(candidate.value) || !isRate(baseline.value)) {
    return { outcome: "inconclusive", why: "percentage points need shares between 0 and 1" };
  }
  const margin = bound.amount / 100;
  const interval = boundDifference(
    { rate: candidate.value, samples: candidate.samples },
    { rate: baseline.value, samples: baseline.samples },
    margin === 0 ? 0.01 : margin,
  );
  const readings = `${renderPercent(candidate.value)} against ${renderPercent(baseline.value)} of the baseline`;
  const range = `difference ${renderPoints(interval.lower)} to ${renderPoints(interval.upper)}`;
  return settle(bound, interval, margin, `${readings}: ${range}`);
}

/** Pass or fail only where the whole interval lies on one side of the limit. */
function settle(bound: Bound, interval: Interval, limit: number, readings: string): Judgement {
  const isInside = isUpperBound(bound) ? interval.upper < limit : interval.lower > limit;
  const isOutside = isUpperBound(bound) ? interval.lower > limit : interval.upper < limit;
  if (bound.operator === "==" || (!isInside && !isOutside)) {
    return { outcome: "inconclusive", why: `${readings} does not settle ${bound.text} yet` };
  }
  const relation = isInside ? "within" : "outside";
  return { outcome: isInside ? "pass" : "fail", why: `${readings} is ${relation} ${bound.text}` };
}

function isRate(value: number): boolean {
  return value >= 0 && value <= 1;
}

function renderNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function renderPercent(share: number): string {
  return `${renderNumber(share * 100)} %`;
}

function renderPoints(value: number): string {
  if (!Number.isFinite(value)) return "unknown";
  const points = renderNumber(value * 100);
  return `${value >= 0 ? "+" : ""}${points} pp`;
}
