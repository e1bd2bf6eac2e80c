/** Successes among trials of one arm. */
export interface Arm {
  rate: number;
  samples: number;
}

export interface Interval {
  lower: number;
  upper: number;
}

/** Chance that the interval ever misses the true difference, however often one looks. */
export const defaultAlpha = 0.05;

/**
 * Interval for the difference of two proportions (candidate minus baseline) that holds at every look at once: a
 * normal-mixture confidence sequence (facts/formats.md section 4). A plain interval that is looked at twenty times promotes
 * wrongly four times as often as it says.
 *
 * `scale` is the difference that matters, usually the margin: the sequence is tightest for differences of that size.
 * With a `weight` it is the interval for candidate minus `weight` times baseline, which a relative margin asks about.
 * Rates are smoothed by one success and one failure, so that an arm without events is not taken for certain.
 */
export function boundDifference(
  candidate: Arm,
  baseline: Arm,
  scale: number,
  weight = 1,
  alpha: number = defaultAlpha,
): Interval {
  const difference = candidate.rate - weight * baseline.rate;
  const variance = varianceOf(candidate) + weight * weight * varianceOf(baseline);
  const mixture = Math.max(scale * scale, 1e-8);
  const spread = ((2 * variance * (variance + mixture)) / mixture) * logOdds(variance, mixture, alpha);
  const radius = Math.sqrt(spread);
  // What cannot be computed bounds nothing.
  if (!Number.isFinite(difference) || !Number.isFinite(radius)) return { lower: -Infinity, upper: Infinity };
  return { lower: difference - radius, upper: difference + radius };
}

function varianceOf(arm: Arm): number {
  if (!(arm.samples > 0)) return Number.NaN;
  const smoothed = (arm.rate * arm.samples + 1) / (arm.samples + 2);
  return (smoothed * (1 - smoothed)) / arm.samples;
}

function logOdds(variance: number, mixture: number, alpha: number): number {
  return Math.log(1 / alpha) + Math.log((variance + mixture) / variance) / 2;
}
