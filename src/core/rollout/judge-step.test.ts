import { describe, expect, it } from "vitest";
import type { ApprovedRoute, LiveState } from "../facts.ts";
import { builtInPolicy } from "../policy/built-in-policy.ts";
import type { RouteRecord } from "../routes/route-file.ts";
import { checkResume, type FlagWatch, judgeStep, type StepQuestion } from "./judge-step.ts";
import { chooseStep, type ApprovedContent } from "./plan-wanted.ts";
import { examplePlan } from "./test-builders.ts";
import { identifyWatch, type WatchEntry } from "./watch.ts";

const hour = 3_600_000;
const now = "2026-06-16T09:00:00.000Z";
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
  mergeSha: "m1",
  enteredAt: "2026-06-14T09:00:00.000Z",
  soakedMs: 0,
  provenAt: "2026-06-14T09:00:00.000Z",
  paused: null,
};
const entry: WatchEntry = {
  flagKey: "support_answer",
  of: identifyWatch(live),
  liveVersion: 1,
  at: "2026-06-16T08:59:30.000Z",
  readings: "pass",
  clock: "running",
  why: "",
  soakedMs: 48 * hour,
  wantedMs: 48 * hour,
  frozen: null,
  guardrails: [{ name: "p95 latency", outcome: "pass", candidate: 1, baseline: 1, samples: 500, why: "within" }],
};
const watch: FlagWatch = { entry, everyMs: 60_000 };
const plan = examplePlan.map((row) => (row.stage === "customer-canary" ? { ...row, soakMs: 48 * hour } : row));
const content: ApprovedContent = {
  approved: { candidateDigest: "mrb1:sha256:b", mergeSha: "m1" } as ApprovedRoute,
  record: {} as RouteRecord,
  stage: "customer-canary",
  plan,
};
const weekend = { name: "weekend", cron: "0 16 * * 5", lastsMs: 64 * hour, timezone: "Europe/Berlin" };
const policy = { ...builtInPolicy, stages: {}, freeze: [weekend] };
const ask = (fields: Partial<StepQuestion>) => judgeStep({ content, live, watch, policy, at: now, ...fields });
const seen = (fields: Partial<WatchEntry>): Partial<StepQuestion> => ({
  watch: { ...watch, entry: { ...entry, ...fields } },
});
const paused = { at: now, by: "@ann", reason: "looking" };

describe("the next step of an approved stage", () => {
  it.each<[string, Partial<StepQuestion>, string]>([
    ["begins when the step has soaked and every guardrail passes", {}, "due"],
    ["waits for its soak", seen({ soakedMs: 47 * hour }), "soaked 47 h of 48 h"],
    [
      "waits longer when the policy wants a longer soak",
      {
        policy: {
          ...policy,
          stages: { "customer-canary": { soakMs: 72 * hour, evidence: [], roles: [], mayBeSkipped: false } },
        },
      },
      "soaked 48 h of 3 d",
    ],
    ["waits while a reading is missing", seen({ clock: "stopped", why: "no data" }), "no data"],
    ["waits when nobody looked lately", seen({ at: "2026-06-16T08:50:00.000Z" }), "last read at"],
    ["waits when the step was never looked at", { watch: { entry: null, everyMs: 60_000 } }, "not read"],
    ["does not take an earlier step's soak for its own", seen({ of: "another" }), "not read"],
    ["waits while it is paused", { live: { ...live, paused } }, "paused by @ann"],
    [
      "waits in a freeze window",
      { at: "2026-06-19T18:00:00.000Z", ...seen({ at: "2026-06-19T17:59:30.000Z" }) },
      "freeze window weekend",
    ],
    ["waits in a freeze window that only the floor has", seen({ frozen: "freeze window all holds" }), "window all"],
    ["waits when the policy cannot be read", { policy: null }, "policy"],
    ["never goes beyond the last step of the stage", { live: { ...live, step: 2, share: 25 } }, "none"],
    ["never goes on to another stage", { live: { ...live, stage: "internal-canary" } }, "none"],
    ["never takes another candidate along", { live: { ...live, candidateDigest: "other" } }, "none"],
    ["waits until the newest merge is live", { live: { ...live, mergeSha: "m0" } }, "none"],
    [
      "never goes to a smaller share",
      { content: { ...content, plan: plan.map((row) => ({ ...row, steps: [5, 4] })) } },
      "none",
    ],
  ])("%s", (_name, fields, expected) => {
    const outlook = ask(fields);
    expect(outlook.kind === "waiting" ? outlook.why : outlook.kind).toContain(expected);
  });
});

it.each<[string, Partial<LiveState>, number]>([
  ["the first step is entered first", { stage: "internal-canary" }, 0],
  ["a proven step stays", { step: 1 }, 1],
  ["a step that has begun is finished, whatever the readings say meanwhile", { step: 1, nextStep: 2 }, 2],
  ["a plan that became shorter ends at its last step", { step: 7 }, 2],
  ["another candidate begins at the first", { step: 2, candidateDigest: "other" }, 0],
])("%s", (_name, fields, step) => {
  expect(chooseStep(content, { ...live, ...fields })).toBe(step);
});

describe("a paused rollout goes on", () => {
  const failing: WatchEntry = {
    ...entry,
    readings: "fail",
    guardrails: [
      { name: "p95 latency", outcome: "fail", candidate: 3, baseline: 1, samples: 500, why: "3 is outside" },
    ],
  };
  it.each<[string, LiveState, FlagWatch, string, string]>([
    ["when its guardrails pass and nothing is frozen", live, watch, now, ""],
    ["not while a guardrail fails", live, { ...watch, entry: failing }, now, "guardrail p95 latency: fail"],
    ["not before its guardrails were read", live, { ...watch, entry: null }, now, "not read yet"],
    ["not on old readings", live, { ...watch, entry: { ...entry, at: live.enteredAt } }, now, "last read at"],
    [
      "not in a freeze window",
      live,
      { ...watch, entry: { ...entry, at: "2026-06-19T18:00:00.000Z" } },
      "2026-06-19T18:00:00.000Z",
      "freeze window weekend",
    ],
    [
      "without readings where nobody is exposed",
      { ...live, stage: "offline-eval" },
      { ...watch, entry: null },
      now,
      "",
    ],
  ])("%s", (_name, state, seenNow, moment, expected) => {
    const reasons = checkResume(state, seenNow, policy, moment);
    expect(reasons.length).toBe(expected === "" ? 0 : 1);
    expect(reasons.join("; ")).toContain(expected);
  });
});
