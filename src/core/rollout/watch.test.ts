import { describe, expect, it } from "vitest";
import type { LiveState } from "../facts.ts";
import type { GuardrailFinding } from "../guardrails/judgement.ts";
import type { Guardrail } from "../routes/route-file.ts";
import { identifyWatch, isWatched, judgeWatch, type WatchEntry, type WatchLook } from "./watch.ts";

const minute = 60_000;
const at = (minutes: number): string => new Date(Date.UTC(2026, 5, 16, 9) + minutes * minute).toISOString();

const live: LiveState = {
  binding: "acme-production",
  flagKey: "support_answer",
  stage: "customer-canary",
  step: 0,
  share: 5,
  candidateDigest: "mrb1:sha256:b",
  baselineDigest: "mrb1:sha256:a",
  audiences: [],
  excluded: [],
  targetingDigest: "t",
  revision: "r",
  mergeSha: "m",
  enteredAt: at(0),
  soakedMs: 0,
  provenAt: at(0),
  paused: null,
};

function makeFinding(
  outcome: GuardrailFinding["outcome"],
  fields: Partial<Guardrail> = {},
  why = "as read",
): GuardrailFinding {
  const guardrail: Guardrail = {
    name: "p95 latency",
    category: "latency",
    metric: "duration-p95",
    parameters: {},
    threshold: null,
    margin: null,
    windowMs: null,
    minSamples: null,
    absentIs: null,
    onBreach: null,
    ...fields,
  };
  return { guardrail, outcome, candidate: 1, baseline: 1, samples: 500, at: at(0), why };
}

function makeLook(fields: Partial<WatchLook> = {}): WatchLook {
  return {
    live,
    liveVersion: 3,
    before: null,
    findings: [makeFinding("pass")],
    obstacle: null,
    onBreach: "pause",
    wantedMs: 48 * 60 * minute,
    frozen: null,
    at: at(10),
    everyMs: minute,
    ...fields,
  };
}

const green: WatchEntry = judgeWatch(makeLook({ at: at(9) })).entry;
const soaked: WatchEntry = { ...green, soakedMs: 30 * minute };

describe("the soak clock", () => {
  it.each<[string, Partial<WatchLook>, number, "running" | "stopped"]>([
    ["the first look counts nothing, because nobody looked before", {}, 0, "running"],
    ["two green looks in a row count the time between them", { before: soaked }, 31, "running"],
    ["a look that comes a little late still counts", { before: soaked, at: at(10.4) }, 31.4, "running"],
    ["time in which nobody looked is not counted", { before: soaked, at: at(69) }, 30, "running"],
    ["a clock that went back counts nothing", { before: soaked, at: at(8) }, 30, "running"],
    [
      "an inconclusive reading stops the clock and keeps what was soaked",
      { before: soaked, findings: [makeFinding("inconclusive")] },
      30,
      "stopped",
    ],
    [
      "an error of the source stops it as well",
      { before: soaked, findings: [makeFinding("pass"), makeFinding("error")] },
      30,
      "stopped",
    ],
    [
      "the interval after an inconclusive reading does not count",
      { before: { ...soaked, clock: "stopped" as const } },
      30,
      "running",
    ],
    ["a route without guardrails never soaks", { before: soaked, findings: [] }, 30, "stopped"],
    [
      "a held rollout does not soak",
      { before: soaked, obstacle: "the rollout is held: edited by hand" },
      30,
      "stopped",
    ],
    [
      "a paused rollout does not soak",
      { before: soaked, live: { ...live, paused: { at: at(9), by: "@ann", reason: "looking" } } },
      30,
      "stopped",
    ],
    [
      "a pause that was lifted between two looks ends the continuity",
      { before: { ...soaked, liveVersion: 1 } },
      30,
      "running",
    ],
    ["a breach resets it", { before: soaked, findings: [makeFinding("fail"), makeFinding("pass")] }, 0, "stopped"],
    ["another step begins anew", { before: soaked, live: { ...live, step: 1, share: 10 } }, 0, "running"],
    ["another candidate begins anew", { before: soaked, live: { ...live, candidateDigest: "other" } }, 0, "running"],
    ["the same stage entered again begins anew", { before: soaked, live: { ...live, enteredAt: at(5) } }, 0, "running"],
  ])("%s", (_name, fields, minutes, clock) => {
    const { entry } = judgeWatch(makeLook(fields));
    expect([entry.soakedMs / minute, entry.clock]).toEqual([minutes, clock]);
    expect(entry.why === "").toBe(clock === "running");
  });

  it("a day of looks is a day, less the time that nobody saw green", () => {
    let before: WatchEntry | null = null;
    for (let n = 0; n <= 24 * 60; n += 1) {
      // Two hours without the app, and half an hour without data.
      if (n > 300 && n < 420) continue;
      const findings = [makeFinding(n >= 600 && n < 630 ? "inconclusive" : "pass")];
      before = judgeWatch(makeLook({ before, findings, at: at(n) })).entry;
    }
    expect((before?.soakedMs ?? 0) / minute).toBe(24 * 60 - 120 - 31);
  });
});

describe("a breach", () => {
  const paused: LiveState = { ...live, paused: { at: at(1), by: "@ann", reason: "looking" } };
  it.each<[string, Partial<WatchLook>, string | null]>([
    ["green readings are none", {}, null],
    ["inconclusive ones neither", { findings: [makeFinding("inconclusive")] }, null],
    ["pauses when the policy says so", { findings: [makeFinding("fail")] }, "pause"],
    ["rolls back when the policy says so", { findings: [makeFinding("fail")], onBreach: "rollback" }, "rollback"],
    [
      "the guardrail's own word stands above the policy's",
      { findings: [makeFinding("fail", { onBreach: "rollback" })] },
      "rollback",
    ],
    [
      "and may be the milder one",
      { findings: [makeFinding("fail", { onBreach: "pause" })], onBreach: "rollback" },
      "pause",
    ],
    [
      "of several the harder counts",
      { findings: [makeFinding("fail"), makeFinding("fail", { onBreach: "rollback" })] },
      "rollback",
    ],
    ["what is paused is not paused again", { live: paused, findings: [makeFinding("fail")] }, null],
    [
      "what is paused can still be rolled back",
      { live: paused, findings: [makeFinding("fail")], onBreach: "rollback" },
      "rollback",
    ],
    [
      "a breach acts although the clock could not have run",
      { obstacle: "the rollout is held", findings: [makeFinding("fail")] },
      "pause",
    ],
  ])("%s", (_name, fields, action) => {
    expect(judgeWatch(makeLook(fields)).breach?.action ?? null).toBe(action);
  });

  it("names the guardrail and its reading", () => {
    const { breach } = judgeWatch(makeLook({ findings: [makeFinding("fail", {}, "3.1 is outside <= 2.5")] }));
    expect(breach?.reason).toBe("p95 latency (3.1 is outside <= 2.5)");
  });
});

it.each<[string, LiveState["stage"], boolean]>([
  ["nothing is watched where nothing is live", null, false],
  ["an offline evaluation serves nobody", "offline-eval", false],
  ["a shadow runs the candidate", "shadow", true],
  ["a canary is watched", "internal-canary", true],
  ["so is the default, after 100 %", "default", true],
])("%s", (_name, stage, expected) => {
  expect(isWatched({ ...live, stage })).toBe(expected);
  expect(identifyWatch(live)).not.toBe(identifyWatch({ ...live, stage: "shadow" }));
});
