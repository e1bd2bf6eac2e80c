import { expect, it } from "vitest";
import type { ApprovedRoute, Latch, LiveState } from "../facts.ts";
import { planOf } from "../routes/plan-of.ts";
import { stageOf } from "../routes/stage-of.ts";
import { routeOf, routeText } from "../routes/test-route.ts";
import { planCleanup, planPromotion, type ProposalGround } from "./plan-proposal.ts";

const audiences = {
  inside: { name: "inside", internal: true, segment: null, where: [], safe: [], percent: null },
};

const latch: Latch = {
  binding: "b",
  flagKey: "f",
  at: "2026-06-01T00:00:00Z",
  by: "@ann",
  reason: "bad",
  cause: "command",
  candidateDigest: "d",
  repository: "acme/routes",
  pull: 1,
};

const fullPlan =
  "plan: [{ stage: shadow }, { stage: internal-canary, audience: inside }, { stage: customer-canary, audience: all }, { stage: default }]";

function makeGround(
  input: { status?: string; exposure?: string; cleanup?: string; live?: Partial<LiveState> | null; latch?: Latch } = {},
): ProposalGround {
  const {
    status = "approved-for-internal-canary",
    exposure = fullPlan,
    cleanup = "decision: remove, by: 2027-01-31, owner: o",
  } = input;
  const text = routeText(
    [
      "flagKey: f",
      "owner: team",
      "baseline: { model: a }",
      "candidate: { model: b }",
      `approval: { status: ${status} }`,
      `exposure: { ${exposure} }`,
      ...(cleanup === "" ? [] : [`cleanup: { ${cleanup} }`]),
    ].join("\n"),
  );
  const { record } = routeOf(text);
  const approved: ApprovedRoute = {
    binding: "b",
    flagKey: "f",
    environment: "production",
    repository: "acme/routes",
    path: "model-routes/f.yaml",
    text,
    files: {},
    audiences,
    candidateDigest: "d",
    baselineDigest: "a",
    mergeSha: "m",
    pull: 1,
    approvedAt: "2026-06-01T00:00:00Z",
    approvers: [],
    tier: "high",
  };
  const stage = stageOf(record, { audiences });
  const live: LiveState = {
    binding: "b",
    flagKey: "f",
    stage,
    step: 0,
    share: 100,
    candidateDigest: "d",
    baselineDigest: "a",
    audiences: [],
    excluded: ["eu"],
    targetingDigest: "",
    revision: "",
    mergeSha: "m",
    enteredAt: "2026-06-01T00:00:00Z",
    soakedMs: 0,
    provenAt: "2026-06-01T00:00:00Z",
    paused: null,
    ...input.live,
  };
  return {
    content: { approved, record, stage, plan: planOf(record, { audiences }) },
    live: input.live === null ? null : live,
    latch: input.latch ?? null,
  };
}

it.each<[string, ProposalGround, string]>([
  ["offline-eval goes to the first of the plan", makeGround({ status: "approved-for-testing" }), "approved-for-shadow"],
  ["shadow to the internal canary", makeGround({ status: "approved-for-shadow" }), "approved-for-internal-canary"],
  ["the internal canary to the next of the plan", makeGround(), "approved-for-customer-canary"],
  [
    "stages that the plan leaves out are left out",
    makeGround({ status: "approved-for-customer-canary" }),
    "approved-as-default",
  ],
  [
    "the short form has a plan of its own",
    makeGround({ status: "approved-for-canary", exposure: "firstAudience: inside, nextAudience: all" }),
    "approved-for-customer-canary",
  ],
  ["default is the end", makeGround({ status: "approved-as-default" }), "default is the last stage of the plan"],
  ["nothing live", makeGround({ live: null }), "what was approved last is not live yet"],
  ["an older merge is live", makeGround({ live: { mergeSha: "m0" } }), "what was approved last is not live yet"],
  [
    "another candidate is live",
    makeGround({ live: { candidateDigest: "e" } }),
    "what was approved last is not live yet",
  ],
  ["another stage is live", makeGround({ live: { stage: "shadow" } }), "what was approved last is not live yet"],
  ["a step on its way", makeGround({ live: { nextStep: 1 } }), "a further step of the stage is being entered"],
  ["a draft", makeGround({ status: "draft" }), "what was approved last is not live yet"],
  ["rolled back", makeGround({ latch }), "it was rolled back at 2026-06-01T00:00:00Z"],
])("promotion: %s", (_name, ground, expected) => {
  const plan = planPromotion(ground);
  expect(plan.kind === "planned" ? plan.value.status : plan.why).toMatch(expected);
});

const asDefault = { status: "approved-as-default" };

it.each<[string, ProposalGround, object]>([
  [
    "a proven default may be removed",
    makeGround(asDefault),
    { kind: "planned", value: { decision: "remove", excluded: ["eu"] } },
  ],
  [
    "or be permanent",
    makeGround({ ...asDefault, cleanup: "decision: permanent, reviewBy: 2027-01-31, owner: o" }),
    { kind: "planned", value: { decision: "permanent" } },
  ],
  [
    "an earlier stage may not",
    makeGround(),
    { kind: "refused", why: expect.stringMatching(/live is internal-canary/) },
  ],
  ["a part of the users may not", makeGround({ ...asDefault, live: { share: 50 } }), { kind: "refused" }],
  [
    "without a decision it may not",
    makeGround({ ...asDefault, cleanup: "" }),
    { kind: "refused", why: expect.stringMatching(/neither remove nor permanent/) },
  ],
  ["rolled back it may not", makeGround({ ...asDefault, latch }), { kind: "refused" }],
])("cleanup: %s", (_name, ground, expected) => {
  expect(planCleanup(ground)).toMatchObject(expected);
});
