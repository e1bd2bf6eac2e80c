import { expect, it } from "vitest";
import { codeSpan } from "../report/escape-markdown.ts";
import { composeByHand, composeCleanup, composePromotion, composeRollback } from "./compose-proposal.ts";

const hostile = "x` |<img src=x> @acme/sre #1 [a](http://e.x)\n## h <!-- -->";
const live = {
  binding: "b",
  flagKey: "f",
  stage: "internal-canary" as const,
  step: 0,
  share: 100,
  candidateDigest: "d",
  baselineDigest: "a",
  audiences: [hostile],
  excluded: [],
  targetingDigest: "",
  revision: "",
  mergeSha: "m",
  enteredAt: "2026-06-01T00:00:00Z",
  soakedMs: 0,
  provenAt: "2026-06-01T00:00:00Z",
  paused: null,
};
const origin = {
  flagKey: hostile,
  binding: hostile,
  path: hostile,
  by: `@${hostile}`,
  why: hostile,
  pull: 7,
  candidateDigest: "d",
};
const guardrail = {
  name: hostile,
  outcome: "pass" as const,
  candidate: 0.123456789,
  baseline: null,
  samples: 200,
  why: hostile,
};
const watch = {
  flagKey: "f",
  of: "",
  liveVersion: 1,
  at: "2026-06-02T00:00:00Z",
  readings: "pass" as const,
  clock: "running" as const,
  why: "",
  soakedMs: 3_600_000,
  wantedMs: 7_200_000,
  frozen: null,
  guardrails: [guardrail],
};
const promotion = {
  ...origin,
  next: {
    from: "internal-canary" as const,
    to: "customer-canary" as const,
    status: "approved-for-customer-canary" as const,
  },
  live,
  watch,
  wantedMs: 7_200_000,
  evidence: [hostile],
  added: [hostile],
  missing: [[hostile]],
  releaseOwners: hostile,
};

const bodies = (): readonly string[] => [
  composePromotion(promotion).body,
  composeRollback({
    ...origin,
    latch: {
      binding: "b",
      flagKey: "f",
      at: "2026-06-01T00:00:00Z",
      by: hostile,
      reason: hostile,
      cause: "command",
      candidateDigest: "d",
      repository: "acme/routes",
      pull: 1,
    },
  }).body,
  composeCleanup({ ...origin, cleanup: { decision: "remove", excluded: [hostile] } }).body,
];

it("nothing of a file or a person has power in a body", () => {
  for (const body of bodies()) {
    // Code spans show their text as it is, and their fence is longer than what stands in them.
    const outside = body.replaceAll(codeSpan(hostile), "");
    expect(outside).not.toMatch(/<img|<!--|\]\(|@acme|(?<!\\)#1\b|^## h/m);
    expect(body).not.toMatch(/^## h/m);
  }
});

it("titles are one line", () => {
  expect(composePromotion(promotion).title).not.toMatch(/\n/);
});

it("a promotion says what was read, how long it soaked, and who may not approve", () => {
  const { body } = composePromotion({ ...promotion, by: "@rita", flagKey: "f" });
  expect(body).toMatch(/\| pass \| 0\.123457 \|  \| 200 \|/);
  expect(body).toMatch(/soaked: 60 min of 2 h|soaked: 1 h of 2 h/);
  expect(body).toMatch(/rita asked for it, so that approval of theirs does not count here/);
});

it("one that nobody asked for excludes nobody, and says that nothing was read", () => {
  const { body } = composePromotion({ ...promotion, by: "routeward", watch: null });
  expect(body).not.toMatch(/asked for it/);
  expect(body).toMatch(/No guardrail was read at this step yet/);
});

it("thousands of guardrails and ids stay within what GitHub takes", () => {
  const many = Array.from({ length: 3_000 }, () => guardrail);
  const { body } = composePromotion({
    ...promotion,
    watch: { ...watch, guardrails: many },
    evidence: many.map(() => "e".repeat(128)),
  });
  expect(body.length).toBeLessThan(65_000);
  expect(body).toMatch(/and 2940 more/);
  expect(body).toMatch(/and 2950 more/);
});

it("the patch by hand cannot leave its fence", () => {
  const text = composePromotion(promotion);
  const body = composeByHand(text, "a.yaml", "--- a\n+```\n+````\n# x");
  expect(body).toMatch(/^`{5}diff$/m);
  expect(body.match(/^`{5}$/gm)).toHaveLength(1);
});
