import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Measurement } from "../facts.ts";
import { readRoute, writeRecord, type Written } from "../verdict/test-builders.ts";
import { boundDifference } from "./always-valid-bound.ts";
import { checkSampleRatio } from "./check-sample-ratio.ts";
import { defaultStaleAfterMs, judgeGuardrail, type JudgingContext } from "./judge-guardrail.ts";

const at = "2026-06-15T10:00:00.000Z";
const context: JudgingContext = { at, staleAfterMs: defaultStaleAfterMs, split: null };

function guardrail(changes: Written) {
  const written = { name: "g", category: "quality", metric: "m", ...changes };
  const [found] = readRoute(writeRecord({ guardrails: [written] })).record.guardrails;
  if (found === undefined) throw new Error("no guardrail");
  return found;
}

type Reading = Measurement["outcome"] | number | [value: number, samples: number];

function measure(variation: "candidate" | "baseline", reading: Reading, time = at): Measurement {
  const outcome =
    typeof reading === "number"
      ? { kind: "value" as const, value: reading, samples: null }
      : Array.isArray(reading)
        ? { kind: "value" as const, value: reading[0], samples: reading[1] }
        : reading;
  return { guardrail: "g", variation, at: time, outcome };
}

const none: Reading = { kind: "no-data" };

describe("four outcomes", () => {
  it.each<[string, Written, Reading | null, Reading | null, string, RegExp]>([
    ["within the threshold", { threshold: "<= 2" }, 2, null, "pass", /^2 is within <= 2$/],
    ["outside the threshold", { threshold: "<= 2" }, 2.1, null, "fail", /^2.1 is outside <= 2$/],
    ["below a strict threshold", { threshold: "< 2" }, 2, null, "fail", /outside/],
    ["at least", { threshold: ">= 0.85" }, 0.85, null, "pass", /within/],
    ["more than", { threshold: "> 1" }, 1, null, "fail", /outside/],
    ["exactly", { threshold: "== 0" }, 0, null, "pass", /within/],
    ["not exactly", { threshold: "== 0" }, 1, null, "fail", /outside/],
    ["never read", { threshold: "<= 2" }, null, null, "inconclusive", /no reading of the candidate yet/],
    ["no data", { threshold: "<= 2" }, none, null, "inconclusive", /no data for the candidate/],
    ["no data that counts as zero", { threshold: "== 0", absentIs: 0 }, none, null, "pass", /^0 is within == 0$/],
    ["no data that counts as a breach", { threshold: "== 0", absentIs: 1 }, none, null, "fail", /outside/],
    ["not a number", { threshold: "<= 2" }, Number.NaN, null, "inconclusive", /reads NaN/],
    ["infinite", { threshold: ">= 2" }, Number.POSITIVE_INFINITY, null, "inconclusive", /reads Infinity/],
    [
      "several series",
      { threshold: "<= 2" },
      { kind: "unusable", why: "2 series" },
      null,
      "inconclusive",
      /unusable: 2 series/,
    ],
    ["an error of the source", { threshold: "<= 2" }, { kind: "error", why: "HTTP 400" }, null, "error", /HTTP 400/],
    [
      "too few samples",
      { threshold: "<= 2", minSamples: 200 },
      [1, 199],
      null,
      "inconclusive",
      /too few samples of the candidate: 199 of 200/,
    ],
    ["too few samples of a breach", { threshold: "<= 2", minSamples: 200 }, [9, 199], null, "inconclusive", /too few/],
    ["samples that nobody counts", { threshold: "<= 2", minSamples: 200 }, 1, null, "inconclusive", /no count/],
    ["enough samples", { threshold: "<= 2", minSamples: 200 }, [1, 200], null, "pass", /within/],
    ["within ten percent", { margin: "<= baseline + 10%" }, 1.1, 1, "pass", /1.1 against 1 of the baseline is within/],
    ["beyond ten percent", { margin: "<= baseline + 10%" }, 1.11, 1, "fail", /outside/],
    ["a negative baseline", { margin: "<= baseline + 10%" }, -0.9, -1, "pass", /within/],
    [
      "a margin without a baseline",
      { margin: "<= baseline + 10%" },
      1,
      null,
      "inconclusive",
      /no reading of the baseline/,
    ],
    [
      "a margin whose baseline failed to answer",
      { margin: "<= baseline + 10%" },
      1,
      { kind: "error", why: "down" },
      "error",
      /baseline could not be read: down/,
    ],
    [
      "a margin with too few baseline samples",
      { margin: "<= baseline + 10%", minSamples: 5 },
      [1, 5],
      [1, 4],
      "inconclusive",
      /baseline: 4 of 5/,
    ],
    [
      "threshold holds and margin fails",
      { threshold: "<= 2", margin: "<= baseline + 10%" },
      1.5,
      1,
      "fail",
      /outside <= baseline/,
    ],
    [
      "threshold fails without a baseline",
      { threshold: "<= 2", margin: "<= baseline + 10%" },
      3,
      null,
      "fail",
      /outside <= 2/,
    ],
    [
      "both hold",
      { threshold: "<= 2", margin: "<= baseline + 10%" },
      1,
      1,
      "pass",
      /within <= 2; .*within <= baseline/,
    ],
    ["points without counts", { margin: "<= baseline + 2pp" }, 0.05, 0.05, "inconclusive", /need counts/],
    [
      "points of something that is no share",
      { margin: "<= baseline + 2pp" },
      [5, 100],
      [5, 100],
      "inconclusive",
      /shares between 0 and 1/,
    ],
    ["points that many samples settle", { margin: "<= baseline + 2pp" }, [0.05, 9000], [0.05, 9000], "pass", /within/],
    [
      "points that few samples do not settle",
      { margin: "<= baseline + 2pp" },
      [0.05, 300],
      [0.05, 300],
      "inconclusive",
      /does not settle/,
    ],
    ["points far beyond", { margin: "<= baseline + 2pp" }, [0.15, 9000], [0.05, 9000], "fail", /outside/],
    ["points the other way", { margin: ">= baseline - 2pp" }, [0.9, 9000], [0.9, 9000], "pass", /within/],
    ["points lost the other way", { margin: ">= baseline - 2pp" }, [0.8, 9000], [0.9, 9000], "fail", /outside/],
  ])("%s", (_name, written, candidate, baseline, outcome, why) => {
    const measurements = [
      ...(candidate === null ? [] : [measure("candidate", candidate)]),
      ...(baseline === null ? [] : [measure("baseline", baseline)]),
    ];
    const finding = judgeGuardrail(guardrail(written), measurements, context);
    expect(finding.outcome).toBe(outcome);
    expect(finding.why).toMatch(why);
  });

  it.each([
    ["fifteen minutes old is fresh", "2026-06-15T09:45:00.000Z", "pass"],
    ["older is stale", "2026-06-15T09:44:59.000Z", "inconclusive"],
    ["five minutes ahead is a clock's slack", "2026-06-15T10:05:00.000Z", "pass"],
    ["further ahead is no reading", "2026-06-15T10:05:01.000Z", "inconclusive"],
    ["without a date is no reading", "yesterday", "inconclusive"],
  ])("%s", (_name, time, outcome) => {
    expect(judgeGuardrail(guardrail({ threshold: "<= 2" }), [measure("candidate", 1, time)], context).outcome).toBe(
      outcome,
    );
  });

  it("the newest reading decides, and readings of other guardrails do not", () => {
    const measurements = [
      measure("candidate", 1),
      measure("candidate", 9, "2026-06-15T09:59:00.000Z"),
      { ...measure("candidate", 9), guardrail: "other" },
    ];
    expect(judgeGuardrail(guardrail({ threshold: "<= 2" }), measurements, context)).toMatchObject({
      outcome: "pass",
      candidate: 1,
    });
  });

  it("unequal arms are inconclusive where shares are random, unless an absolute threshold is broken", () => {
    const measurements = [measure("candidate", [1, 900]), measure("baseline", [1, 100])];
    const random = { ...context, split: { share: 0.5, baselineHoldsOthers: false } };
    expect(judgeGuardrail(guardrail({ threshold: "<= 2" }), measurements, random).why).toBe(
      "unequal arms: 900 against 100 samples do not fit a share of 50 %",
    );
    expect(judgeGuardrail(guardrail({ threshold: "<= 0.5" }), measurements, random).outcome).toBe("fail");
    expect(judgeGuardrail(guardrail({ threshold: "<= 2" }), measurements, context).outcome).toBe("pass");
  });
});

describe("sample ratio", () => {
  it.each([
    ["equal arms at half", { candidate: 5000, baseline: 5000, share: 0.5, baselineHoldsOthers: false }, true],
    ["a little noise", { candidate: 5100, baseline: 4900, share: 0.5, baselineHoldsOthers: false }, true],
    ["too much noise", { candidate: 5200, baseline: 4800, share: 0.5, baselineHoldsOthers: false }, false],
    [
      "a small candidate arm among others' traffic",
      { candidate: 100, baseline: 9000, share: 0.5, baselineHoldsOthers: true },
      true,
    ],
    [
      "a large candidate arm among others' traffic",
      { candidate: 900, baseline: 1000, share: 0.05, baselineHoldsOthers: true },
      false,
    ],
    ["nobody yet", { candidate: 0, baseline: 0, share: 0.5, baselineHoldsOthers: false }, true],
    ["a share that is none", { candidate: 5, baseline: 5, share: 1, baselineHoldsOthers: false }, false],
  ])("%s", (_name, ratio, ok) => {
    expect(checkSampleRatio(ratio).ok).toBe(ok);
  });
});

/** Small deterministic generator (mulberry32), so that the simulation is the same every time. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Share of experiments whose bound ever lies inside the margin in twenty looks of 250 samples an arm. */
function simulate(difference: number, runs: number, seed: number): number {
  const random = createRandom(seed);
  let promoted = 0;
  for (let run = 0; run < runs; run += 1) {
    let [candidate, baseline, samples] = [0, 0, 0];
    for (let look = 0; look < 20; look += 1) {
      for (let each = 0; each < 250; each += 1) {
        if (random() < 0.05 + difference) candidate += 1;
        if (random() < 0.05) baseline += 1;
      }
      samples += 250;
      const arms = [candidate, baseline].map((hits) => ({ rate: hits / samples, samples }));
      const [first, second] = arms;
      if (first !== undefined && second !== undefined && boundDifference(first, second, 0.02).upper < 0.02) {
        promoted += 1;
        break;
      }
    }
  }
  return promoted / runs;
}

describe("always-valid bound", () => {
  it("promotes wrongly in at most 2 % of 2,000 experiments of twenty looks whose true difference is the margin", () => {
    expect(simulate(0.02, 2000, 1)).toBeLessThanOrEqual(0.02);
  });

  it("promotes at least 90 % of the candidates that are as good as the baseline", () => {
    expect(simulate(0, 300, 2)).toBeGreaterThanOrEqual(0.9);
  });

  it("holds the observed difference, and more samples make it no wider", () => {
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(rate, rate, fc.integer({ min: 1, max: 100_000 }), (a, b, samples) => {
        const few = boundDifference({ rate: a, samples }, { rate: b, samples }, 0.02);
        const many = boundDifference({ rate: a, samples: samples * 4 }, { rate: b, samples: samples * 4 }, 0.02);
        expect(few.lower).toBeLessThanOrEqual(a - b);
        expect(few.upper).toBeGreaterThanOrEqual(a - b);
        expect(many.upper - many.lower).toBeLessThanOrEqual(few.upper - few.lower);
      }),
      { seed: 3 },
    );
  });

  it.each([
    ["no samples", { rate: 0, samples: 0 }],
    ["no number", { rate: Number.NaN, samples: 5 }],
  ])("%s bound nothing", (_name, arm) => {
    expect(boundDifference(arm, { rate: 0, samples: 9 }, 0.02)).toEqual({ lower: -Infinity, upper: Infinity });
  });
});
