import type { Measurement } from "../../core/facts.ts";
import type { Reading } from "./parse-prometheus-answer.ts";

/** The readings of one query; absent ones were not asked for. */
export interface Readings {
  value: Reading | null;
  numerator: Reading | null;
  denominator: Reading | null;
  samples: Reading | null;
}

type Outcome = Measurement["outcome"];

function divide(numerator: Reading, denominator: Reading): { outcome: Outcome; at: string | null } {
  for (const reading of [numerator, denominator]) {
    if (reading.kind === "error" || reading.kind === "unusable") return { outcome: reading, at: null };
  }
  if (numerator.kind !== "value" || denominator.kind !== "value") return { outcome: { kind: "no-data" }, at: null };
  // The older of the two stamps: a ratio is as fresh as its older half.
  const at = numerator.at < denominator.at ? numerator.at : denominator.at;
  if (denominator.value === 0) {
    return numerator.value === 0
      ? { outcome: { kind: "no-data" }, at }
      : { outcome: { kind: "unusable", why: "the denominator is 0 and the numerator is not" }, at };
  }
  if (denominator.value < 0) return { outcome: { kind: "unusable", why: "the denominator is below 0" }, at };
  const value = numerator.value / denominator.value;
  return Number.isFinite(value)
    ? { outcome: { kind: "value", value, samples: denominator.value }, at }
    : { outcome: { kind: "unusable", why: "the ratio is infinite" }, at };
}

function withSamples(outcome: Outcome, samples: Reading): Outcome {
  if (outcome.kind !== "value") return outcome;
  if (samples.kind === "no-data") return { ...outcome, samples: 0 };
  if (samples.kind !== "value") return { kind: samples.kind, why: `the number of samples: ${samples.why}` };
  return samples.value < 0
    ? { kind: "unusable", why: "the number of samples is below 0" }
    : { ...outcome, samples: samples.value };
}

/**
 * Makes one outcome of the readings (SPEC 9). A ratio of counts has its denominator as samples unless a query for
 * samples says otherwise; a plain value without such a query claims none.
 */
export function combineReadings(readings: Readings): { outcome: Outcome; at: string | null } {
  let result: { outcome: Outcome; at: string | null };
  if (readings.value !== null) {
    const { value } = readings;
    result =
      value.kind === "value"
        ? { outcome: { kind: "value", value: value.value, samples: null }, at: value.at }
        : { outcome: value, at: null };
  } else if (readings.numerator !== null && readings.denominator !== null) {
    result = divide(readings.numerator, readings.denominator);
  } else {
    result = {
      outcome: { kind: "error", why: "the template has neither a value nor numerator and denominator" },
      at: null,
    };
  }
  return readings.samples === null ? result : { ...result, outcome: withSamples(result.outcome, readings.samples) };
}
