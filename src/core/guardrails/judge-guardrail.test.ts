import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Measurement } from "../facts.ts";
import type { Policy } from "../policy/policy.ts";
import { readRoute, writeRecord, type Written } from "../verdict/test-builders.ts";
import { boundDifference, type Arm } from "./always-valid-bound.ts";
import { boundShare } from "./bound-share.ts";
import { checkSampleRatio } from "./check-sample-ratio.ts";
import { defaultStaleAfterMs, judgeGuardrail, type JudgingContext } from "./judge-guardrail.ts";
import { judgeGuardrails } from "./judge-guardrails.ts";

const at = "2026-06-15T10:00:00.000Z";
const context: JudgingContext = { at, staleAfterMs: defaultStaleAfterMs, split: null, countsShare: false };

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

  it.each([
    ["a reading gives its value, its samples and its time", [1, 900], [0.5, 100], [1, 0.5, 900, at]],
    ["no reading gives none of them", null, null, [null, null, null, null]],
    ["no data gives the time at which there was none", none, none, [null, null, null, at]],
  ] as const)("%s", (_name, candidate, baseline, expected) => {
    const measurements = [
      ...(candidate === null ? [] : [measure("candidate", candidate as Reading)]),
      ...(baseline === null ? [] : [measure("baseline", baseline as Reading)]),
    ];
    const finding = judgeGuardrail(guardrail({ threshold: "<= 2" }), measurements, context);
    expect([finding.candidate, finding.baseline, finding.samples, finding.at]).toEqual(expected);
  });

  it("no data that counts as zero is shown as zero", () => {
    const finding = judgeGuardrail(
      guardrail({ threshold: "== 0", absentIs: 0 }),
      [measure("candidate", none)],
      context,
    );
    expect(finding.candidate).toBe(0);
  });

  it("says of a reading that cannot be used how old it is", () => {
    const say = (time: string): string =>
      judgeGuardrail(guardrail({ threshold: "<= 2" }), [measure("candidate", 1, time)], context).why;
    expect(say("2026-06-15T09:00:00.000Z")).toBe("the reading of the candidate is stale (2026-06-15T09:00:00.000Z)");
    expect(say("2026-06-15T11:00:00.000Z")).toBe(
      "the reading of the candidate is dated in the future (2026-06-15T11:00:00.000Z)",
    );
  });

  it.each([
    ["a newer reading behind an older one", "2026-06-15T09:59:00.000Z", at, 1],
    ["the later of two readings of one time", at, at, 1],
    ["a newer reading before an older one", at, "2026-06-15T09:59:00.000Z", 9],
  ])("%s decides", (_name, first, second, expected) => {
    const measurements = [measure("candidate", 9, first), measure("candidate", 1, second)];
    expect(judgeGuardrail(guardrail({ threshold: "<= 20" }), measurements, context).candidate).toBe(expected);
  });

  it.each<[string, Reading | null, Reading | null]>([
    ["there is no reading of the baseline", [1, 900], null],
    ["nobody counts the candidate's samples", 1, [1, 100]],
    ["nobody counts the baseline's samples", [1, 900], 1],
    ["nobody counts anything", 1, 1],
    ["the arms are as the share says", [1, 500], [1, 500]],
  ])("arms are not called unequal when %s", (_name, candidate, baseline) => {
    const measurements = [
      ...(candidate === null ? [] : [measure("candidate", candidate)]),
      ...(baseline === null ? [] : [measure("baseline", baseline)]),
    ];
    const random = { ...context, split: { share: 0.5, baselineHoldsOthers: false } };
    expect(judgeGuardrail(guardrail({ threshold: "<= 2" }), measurements, random).why).toBe("1 is within <= 2");
  });

  it("a guardrail without threshold and margin never passes", () => {
    const bare = { ...guardrail({ threshold: "<= 2" }), threshold: null };
    expect(judgeGuardrail(bare, [measure("candidate", 1)], context)).toMatchObject({
      outcome: "inconclusive",
      why: "it has neither threshold nor margin",
    });
  });

  it("unequal arms are inconclusive where shares are random, unless an absolute threshold is broken", () => {
    const measurements = [measure("candidate", [1, 900]), measure("baseline", [1, 100])];
    const random = { ...context, split: { share: 0.5, baselineHoldsOthers: false } };
    expect(judgeGuardrail(guardrail({ threshold: "<= 2" }), measurements, random).why).toBe(
      "unequal arms: 900 against 100 samples do not fit a share of 50 %; the template must leave out people of earlier audiences",
    );
    expect(judgeGuardrail(guardrail({ threshold: "<= 0.5" }), measurements, random).outcome).toBe("fail");
    expect(judgeGuardrail(guardrail({ threshold: "<= 2" }), measurements, context).outcome).toBe("pass");
  });
});

it.each<[string, string, number, string]>([
  ["a tenth more", "<= baseline + 10%", 0.1, "11 %"],
  ["a half less", ">= baseline - 50%", 0.4, "20 %"],
  ["twice as much", "<= baseline + 100%", 0.05, "10 %"],
])("a relative margin on shares is told with its limit: %s", (_name, margin, share, limit) => {
  const measurements = [measure("candidate", [share, 9000]), measure("baseline", [share, 9000])];
  const { why } = judgeGuardrail(guardrail({ margin }), measurements, { ...context, countsShare: true });
  expect(why).toContain(` of the baseline: `);
  expect(why).toContain(` pp beside the limit of ${limit} `);
});

describe("percentage points", () => {
  const say = (margin: string, candidate: Reading, baseline: Reading): string => {
    const measurements = [measure("candidate", candidate), measure("baseline", baseline)];
    const { outcome, why } = judgeGuardrail(guardrail({ margin }), measurements, context);
    return `${outcome}: ${why}`;
  };

  it("are told with both shares and the range of the difference", () => {
    expect(say("<= baseline + 2pp", [0.06, 9000], [0.05, 9000])).toMatchInlineSnapshot(
      `"inconclusive: 6 % against 5 % of the baseline: difference -0.06672 pp to +2.067 pp does not settle <= baseline + 2pp yet"`,
    );
    expect(say("<= baseline + 2pp", [0.06, 300], [0.05, 300])).toMatchInlineSnapshot(
      `"inconclusive: 6 % against 5 % of the baseline: difference -5.839 pp to +7.839 pp does not settle <= baseline + 2pp yet"`,
    );
    expect(say("<= baseline + 10pp", [0.06, 9000], [0.05, 9000])).toMatchInlineSnapshot(
      `"pass: 6 % against 5 % of the baseline: difference -0.2152 pp to +2.215 pp is within <= baseline + 10pp"`,
    );
    expect(say("<= baseline + 0pp", [0.02, 90_000], [0.05, 90_000])).toMatchInlineSnapshot(
      `"pass: 2 % against 5 % of the baseline: difference -3.286 pp to -2.714 pp is within <= baseline + 0pp"`,
    );
    expect(say(">= baseline - 2pp", [0.9, 100], [0.9, 100])).toMatchInlineSnapshot(
      `"inconclusive: 90 % against 90 % of the baseline: difference -26.29 pp to +26.29 pp does not settle >= baseline - 2pp yet"`,
    );
    expect(say("<= baseline + 2pp", [0, 0], [0, 0])).toMatchInlineSnapshot(
      `"inconclusive: 0 % against 0 % of the baseline: difference unknown to unknown does not settle <= baseline + 2pp yet"`,
    );
  });

  it.each<[string, string, Reading, Reading, RegExp]>([
    ["need the candidate's count", "<= baseline + 2pp", 0.05, [0.05, 9000], /^inconclusive: .*need counts/],
    ["need the baseline's count", "<= baseline + 2pp", [0.05, 9000], 0.05, /^inconclusive: .*need counts/],
    ["need a share of the candidate", "<= baseline + 2pp", [5, 9000], [0.05, 9000], /^inconclusive: .*between 0 and 1/],
    ["need a share of the baseline", "<= baseline + 2pp", [0.05, 9000], [5, 9000], /^inconclusive: .*between 0 and 1/],
    ["refuse a share below zero", "<= baseline + 2pp", [-0.1, 9000], [0.05, 9000], /^inconclusive: .*between 0 and 1/],
    ["take a share of zero", "<= baseline + 2pp", [0, 9000], [0, 9000], /^pass/],
    ["take a share of one", ">= baseline - 2pp", [1, 9000], [1, 9000], /^pass/],
    ["read a strict bound the same way", "< baseline + 2pp", [0.05, 9000], [0.05, 9000], /^pass/],
    ["read a strict lower bound the same way", "> baseline - 2pp", [0.9, 9000], [0.9, 9000], /^pass/],
  ])("%s", (_name, margin, candidate, baseline, said) => {
    expect(say(margin, candidate, baseline)).toMatch(said);
  });
});

describe("a share with counts", () => {
  const counted = { ...context, countsShare: true };
  it.each<[string, Written, Reading, Reading | null, RegExp]>([
    [
      "passes when its whole range is within",
      { threshold: "<= 0.03" },
      [0.01, 1000],
      null,
      /^pass: 0.01 of 1000: .* is within/,
    ],
    [
      "waits while its range is not",
      { threshold: "<= 0.03" },
      [0.02, 1000],
      null,
      /^inconclusive: .*does not settle <= 0.03 yet$/,
    ],
    ["waits however well a few did", { threshold: "<= 0.02" }, [0, 300], null, /^inconclusive: 0 of 300: 0 to 0.02/],
    ["passes without an event among many", { threshold: "<= 0.02" }, [0, 350], null, /^pass/],
    [
      "is a breach as soon as it is observed",
      { threshold: "<= 0.03" },
      [0.031, 200],
      null,
      /^fail: 0.031 is outside <= 0.03$/,
    ],
    [
      "is no breach before the samples that are wanted",
      { threshold: "<= 0.03", minSamples: 300 },
      [0.2, 200],
      null,
      /^inconclusive: too few/,
    ],
    ["passes above a lower limit", { threshold: ">= 0.85" }, [0.9, 2000], null, /^pass: 0.9 of 2000: .* is within/],
    ["waits above a lower limit", { threshold: ">= 0.85" }, [0.86, 2000], null, /^inconclusive/],
    ["breaks a lower limit", { threshold: ">= 0.85" }, [0.84, 2000], null, /^fail/],
    ["that must be nothing is judged as observed", { threshold: "== 0" }, [0, 50], null, /^pass: 0 is within == 0$/],
    ["that may be no more than nothing is judged as observed", { threshold: "<= 0" }, [0, 50], null, /^pass/],
    ["that must be everything is judged as observed", { threshold: ">= 1" }, [1, 50], null, /^pass/],
    [
      "whose limit is no share is judged as observed",
      { threshold: "<= 2" },
      [0.5, 50],
      null,
      /^pass: 0.5 is within <= 2$/,
    ],
    ["above one is judged as observed", { threshold: ">= 0.5" }, [1.5, 50], null, /^pass: 1.5 is within/],
    ["without a count is judged as observed", { threshold: "<= 0.03" }, 0.02, null, /^pass: 0.02 is within/],
    [
      "that no data stand for is judged as observed",
      { threshold: "<= 0.03", absentIs: 0 },
      none,
      null,
      /^pass: 0 is within/,
    ],
    [
      "waits for its threshold though its margin holds",
      { threshold: "<= 0.07", margin: "<= baseline + 10pp" },
      [0.06, 3000],
      [0.06, 3000],
      /^inconclusive: .*<= 0.07/,
    ],
    [
      "passes a relative margin",
      { margin: "<= baseline + 10%" },
      [0.2, 90_000],
      [0.2, 90_000],
      /^pass: 20 % against 20 % .* is within <= baseline \+ 10%$/,
    ],
    [
      "does not settle a relative margin with few samples",
      { margin: "<= baseline + 10%" },
      [0.2, 1000],
      [0.2, 1000],
      /^inconclusive/,
    ],
    [
      "does not break a relative margin by chance",
      { margin: "<= baseline + 10%" },
      [0.23, 500],
      [0.2, 500],
      /^inconclusive/,
    ],
    ["breaks a relative margin", { margin: "<= baseline + 10%" }, [0.4, 500], [0.2, 500], /^fail: .* is outside/],
    ["passes a relative margin below", { margin: ">= baseline - 10%" }, [0.8, 9000], [0.8, 9000], /^pass/],
    ["breaks a relative margin below", { margin: ">= baseline - 10%" }, [0.5, 9000], [0.8, 9000], /^fail/],
    [
      "of nothing on both sides settles no relative margin",
      { margin: "<= baseline + 10%" },
      [0, 9000],
      [0, 9000],
      /^inconclusive/,
    ],
    [
      "that only one side counts is compared as read",
      { margin: "<= baseline + 10%" },
      [0.21, 9000],
      0.2,
      /^pass: 0.21 against 0.2/,
    ],
  ])("%s", (_name, written, candidate, baseline, said) => {
    const measurements = [
      measure("candidate", candidate),
      ...(baseline === null ? [] : [measure("baseline", baseline)]),
    ];
    const { outcome, why } = judgeGuardrail(guardrail(written), measurements, counted);
    expect(`${outcome}: ${why}`).toMatch(said);
  });

  it("is one only where the policy's template counts, and costs are none", () => {
    const judge = (changes: Partial<Policy["metrics"][string]>): string | undefined => {
      const template = { name: "m", category: "quality", value: null, numerator: "n", denominator: "d", samples: null };
      const metrics = { m: { ...template, parameters: {}, ...changes } };
      const measurements = [measure("candidate", [0.02, 500])];
      const live = { stage: "internal-canary" as const, share: 100 };
      return judgeGuardrails([guardrail({ threshold: "<= 0.03" })], measurements, live, metrics, at)[0]?.outcome;
    };
    expect(judge({})).toBe("inconclusive");
    expect(judge({ category: "cost" })).toBe("pass");
    expect(judge({ value: "v", numerator: null, denominator: null, samples: "s" })).toBe("pass");
  });
});

it.each<[string, Reading, Reading]>([
  ["are the same in both arms", [0.05, 9000], [0.05, 9000]],
  ["are far apart", [0.5, 9000], [0.1, 9000]],
])("no number of samples settles that two shares are equal when they %s", (_name, candidate, baseline) => {
  const equal = guardrail({ margin: "<= baseline + 0pp" });
  const bound = { operator: "==" as const, unit: "points" as const, amount: 0, text: "== baseline" };
  const measurements = [measure("candidate", candidate), measure("baseline", baseline)];
  expect(judgeGuardrail({ ...equal, margin: bound }, measurements, context).outcome).toBe("inconclusive");
});

describe("sample ratio", () => {
  it.each([
    ["nobody is no imbalance", { candidate: 0, baseline: 0, share: 0.5, baselineHoldsOthers: false }, true],
    ["a share of nothing proves nothing", { candidate: 5, baseline: 5, share: 0, baselineHoldsOthers: false }, false],
    ["a share of all proves nothing", { candidate: 5, baseline: 5, share: 1, baselineHoldsOthers: false }, false],
  ])("%s, and is not computed", (_name, ratio, ok) => {
    expect(checkSampleRatio(ratio)).toEqual({ ok, chiSquare: 0 });
  });

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

  it("has the width that the formula gives, with a success and a failure more in each arm", () => {
    const { lower, upper } = boundDifference({ rate: 0.06, samples: 1000 }, { rate: 0.05, samples: 1000 }, 0.02);
    expect([lower, upper].map((bound) => Number(bound.toPrecision(6)))).toMatchInlineSnapshot(`
      [
        -0.0217412,
        0.0417412,
      ]
    `);
  });

  it.each([
    ["no samples", { rate: 0, samples: 0 }],
    ["no number", { rate: Number.NaN, samples: 5 }],
  ])("%s bound nothing", (_name, arm) => {
    expect(boundDifference(arm, { rate: 0, samples: 9 }, 0.02)).toEqual({ lower: -Infinity, upper: Infinity });
  });
});

interface Experiment {
  rates: { candidate: number; baseline: number };
  perLook: number;
  seed: number;
  passes: (candidate: Arm, baseline: Arm) => boolean;
}

/** Share of experiments that pass at any of twenty looks at what has gathered so far. */
function simulatePasses({ rates, perLook, seed, passes }: Experiment, runs: number): number {
  const random = createRandom(seed);
  let passed = 0;
  for (let run = 0; run < runs; run += 1) {
    let [candidate, baseline, samples] = [0, 0, 0];
    for (let look = 0; look < 20; look += 1) {
      for (let each = 0; each < perLook; each += 1) {
        if (random() < rates.candidate) candidate += 1;
        if (random() < rates.baseline) baseline += 1;
      }
      samples += perLook;
      if (passes({ rate: candidate / samples, samples }, { rate: baseline / samples, samples })) {
        passed += 1;
        break;
      }
    }
  }
  return passed / runs;
}

describe("twenty looks through the judge", () => {
  const passing = (written: Written): Experiment["passes"] => {
    const judged = guardrail(written);
    return (candidate, baseline) => {
      const readings = [
        measure("candidate", [candidate.rate, candidate.samples]),
        measure("baseline", [baseline.rate, baseline.samples]),
      ];
      return judgeGuardrail(judged, readings, { ...context, countsShare: true }).outcome === "pass";
    };
  };
  const threshold = passing({ threshold: "<= 0.03" });
  const rare = passing({ threshold: "<= 0.005" });
  const lower = passing({ threshold: ">= 0.85" });
  const relative = passing({ margin: "<= baseline + 10%" });
  const wide = passing({ margin: "<= baseline + 50%" });
  const points = passing({ margin: "<= baseline + 2pp" });

  it.each<[string, Omit<Experiment, "seed">]>([
    ["a threshold", { rates: { candidate: 0.03, baseline: 0 }, perLook: 250, passes: threshold }],
    ["a threshold for rare events", { rates: { candidate: 0.005, baseline: 0 }, perLook: 250, passes: rare }],
    ["a lower threshold", { rates: { candidate: 0.85, baseline: 0 }, perLook: 250, passes: lower }],
    ["a relative margin", { rates: { candidate: 0.22, baseline: 0.2 }, perLook: 250, passes: relative }],
    ["a wide relative margin", { rates: { candidate: 0.075, baseline: 0.05 }, perLook: 250, passes: wide }],
    ["points", { rates: { candidate: 0.07, baseline: 0.05 }, perLook: 250, passes: points }],
  ])("pass wrongly in at most 2 %% of 1,000 experiments at the limit: %s", (_name, experiment) => {
    expect(simulatePasses({ ...experiment, seed: 11 }, 1000)).toBeLessThanOrEqual(0.02);
  });

  it.each<[string, Omit<Experiment, "seed">]>([
    ["a threshold", { rates: { candidate: 0.015, baseline: 0 }, perLook: 250, passes: threshold }],
    ["a lower threshold", { rates: { candidate: 0.9, baseline: 0 }, perLook: 250, passes: lower }],
    ["a relative margin", { rates: { candidate: 0.2, baseline: 0.2 }, perLook: 1500, passes: relative }],
    ["a wide relative margin", { rates: { candidate: 0.05, baseline: 0.05 }, perLook: 500, passes: wide }],
    ["points", { rates: { candidate: 0.05, baseline: 0.05 }, perLook: 250, passes: points }],
  ])("pass at least 90 %% of 100 good candidates: %s", (_name, experiment) => {
    expect(simulatePasses({ ...experiment, seed: 12 }, 100)).toBeGreaterThanOrEqual(0.9);
  });
});

describe("range of one share", () => {
  it("holds the observed share, and more samples make it no wider", () => {
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 100_000 }), (rate, samples) => {
        const few = boundShare({ rate, samples });
        const many = boundShare({ rate, samples: samples * 4 });
        expect(few.lower).toBeLessThanOrEqual(rate);
        expect(few.upper).toBeGreaterThanOrEqual(rate);
        expect(many.upper - many.lower).toBeLessThanOrEqual(few.upper - few.lower + 1e-9);
      }),
      { seed: 4 },
    );
  });

  it("is the mirror image for the rest", () => {
    const { lower, upper } = boundShare({ rate: 0.1, samples: 700 });
    const mirrored = boundShare({ rate: 0.9, samples: 700 });
    expect(mirrored.lower).toBeCloseTo(1 - upper, 9);
    expect(mirrored.upper).toBeCloseTo(1 - lower, 9);
  });

  it("has the width that the formula gives for no event among n: B(1/2, n + 1/2) / B(1/2, 1/2) = alpha (1 - p)^n", () => {
    // B(1/2, n + 1/2) / B(1/2, 1/2) is the product of (k - 1/2) / k up to n.
    const exact = (n: number): number => {
      let logProduct = 0;
      for (let k = 1; k <= n; k += 1) logProduct += Math.log((k - 0.5) / k);
      return 1 - Math.exp((logProduct - Math.log(1 / 0.05)) / n);
    };
    for (const n of [5, 60, 320]) expect(boundShare({ rate: 0, samples: n }).upper).toBeCloseTo(exact(n), 9);
  });

  it.each([
    ["no samples", { rate: 0, samples: 0 }],
    ["no number", { rate: Number.NaN, samples: 5 }],
    ["no share", { rate: 1.1, samples: 5 }],
  ])("%s bound nothing", (_name, arm) => {
    expect(boundShare(arm)).toEqual({ lower: 0, upper: 1 });
  });
});
