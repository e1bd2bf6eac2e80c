import { defaultAlpha, type Arm, type Interval } from "./always-valid-bound.ts";

/**
 * Interval for one share that holds at every look at once: the likelihood of every share mixed with Beta(1/2, 1/2) against
 * that of one share is a martingale at the true one, so it ever exceeds 1 / `alpha` with a chance of at most `alpha`
 * (Ville). It needs no large numbers: without one event in 320 samples it ends at 2 %. It holds for means of scores
 * between 0 and 1 too, whose likelihood is no larger than that of a share.
 */
export function boundShare({ rate, samples }: Arm, alpha: number = defaultAlpha): Interval {
  // What cannot be computed bounds nothing.
  if (!(samples > 0) || !(rate >= 0 && rate <= 1)) return { lower: 0, upper: 1 };
  const hits = rate * samples;
  const misses = samples - hits;
  const limit = Math.log(1 / alpha) - (logBeta(hits + 0.5, misses + 0.5) - logBeta(0.5, 0.5));
  const isRefuted = (share: number): boolean => -(timesLog(hits, share) + timesLog(misses, 1 - share)) >= limit;
  return { lower: findEdge(rate, 0, isRefuted), upper: findEdge(rate, 1, isRefuted) };
}

/** The share nearest to `inside` that is refuted, on the way to `outside`; `outside` where none is. */
function findEdge(inside: number, outside: number, isRefuted: (share: number) => boolean): number {
  if (!isRefuted(outside)) return outside;
  let [held, refuted] = [inside, outside];
  for (let step = 0; step < 50; step += 1) {
    const middle = (held + refuted) / 2;
    if (isRefuted(middle)) refuted = middle;
    else held = middle;
  }
  return refuted;
}

function timesLog(count: number, share: number): number {
  return count === 0 ? 0 : count * Math.log(share);
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Stirling's series above 10, reached by the recurrence; exact to ten digits for positive numbers. */
function logGamma(value: number): number {
  let at = value;
  let shift = 0;
  for (; at < 10; at += 1) shift += Math.log(at);
  const inverse = 1 / (at * at);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / at;
  return (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 + series - shift;
}
