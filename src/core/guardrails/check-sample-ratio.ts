/** How many users or requests each arm had, and how many the share should have given it. */
export interface SampleRatio {
  candidate: number;
  baseline: number;
  /** Fraction that should be on the candidate, above 0 and below 1. */
  share: number;
  /**
   * The baseline's count holds people outside the experiment too (excluded ones, other audiences). Then a small candidate
   * arm proves nothing, but one that is too large is still wrong.
   */
  baselineHoldsOthers: boolean;
}

/** Chi-square with one degree of freedom at p = 0.001 (facts/formats.md section 4). */
const limit = 10.828;

/** Whether the arms have the sizes that the share makes likely; a broken split or lost exposures bias every metric. */
export function checkSampleRatio(ratio: SampleRatio): { ok: boolean; chiSquare: number } {
  const total = ratio.candidate + ratio.baseline;
  if (!(total > 0) || !(ratio.share > 0) || !(ratio.share < 1)) return { ok: total === 0, chiSquare: 0 };
  const expected = total * ratio.share;
  const difference = ratio.candidate - expected;
  const chiSquare = (difference * difference) / expected + (difference * difference) / (total - expected);
  if (ratio.baselineHoldsOthers && difference < 0) return { ok: true, chiSquare };
  return { ok: chiSquare < limit, chiSquare };
}
