import { describe, expect, it } from "vitest";
import type { Audience, Policy } from "../policy/policy.ts";
import { stages, type Stage } from "../scales.ts";
import { foreseeGates, gates, judgeGates, type GateContext } from "./gates.ts";
import {
  atCustomer,
  atInternal,
  audiences,
  buildAudience,
  buildEvidence,
  buildGateContext,
  buildLatch,
  buildLive,
  buildPolicy,
  buildReading,
  buildRehearsal,
  resolve,
  writeRecord,
  writtenGuardrails,
  writtenPlan,
  type Written,
} from "./test-builders.ts";

const template: Policy["metrics"][string] = {
  name: "rubric-score",
  category: "quality",
  value: "up",
  numerator: null,
  denominator: null,
  samples: null,
  parameters: {},
};

const atComparison: Partial<GateContext> = {
  live: buildLive({ stage: "ab-comparison", soakedMs: 8 * 86_400_000 }),
  liveStage: "ab-comparison",
  guardrails: [buildReading("pass")],
  evidence: [buildEvidence("offline-eval"), buildEvidence("ab-result")],
};

describe("a stage is entered when everything holds", () => {
  it.each<[Stage, GateContext]>([
    ["offline-eval", buildGateContext({}, { evidence: [] })],
    ["shadow", buildGateContext()],
    ["internal-canary", buildGateContext({}, { tier: "high" })],
    ["customer-canary", buildGateContext({}, atInternal)],
    ["ab-comparison", buildGateContext({}, atCustomer)],
    ["default", buildGateContext({}, atComparison)],
  ])("%s", (stage, context) => {
    expect(judgeGates(context, stage).filter((gate) => gate.state !== "ok")).toEqual([]);
  });
});

const short = (first: string, next?: string): Written => ({
  exposure: { firstAudience: first, ...(next === undefined ? {} : { nextAudience: next }) },
});
const planned = (...steps: Written[]): Written => ({ exposure: { plan: steps } });
const excluding = (safe: Audience["safe"]) => ({
  ...audiences,
  "regulated-region": buildAudience("regulated-region", { where: [{ property: "region", in: ["ch"] }], safe }),
});

describe("what holds a stage", () => {
  it.each<[string, Stage, GateContext, string, string, RegExp]>([
    [
      "no candidate",
      "offline-eval",
      buildGateContext({ approval: { status: "draft" }, candidate: undefined }),
      "complete-record",
      "blocked",
      /lacks the candidate$/,
    ],
    [
      "a prompt file that is missing",
      "offline-eval",
      { ...buildGateContext(), route: resolve(writeRecord(), {}) },
      "complete-record",
      "blocked",
      /baseline whose files.*candidate whose files/,
    ],
    [
      "no workflow",
      "internal-canary",
      buildGateContext({ workflow: undefined }),
      "complete-record",
      "blocked",
      /lacks `workflow`/,
    ],
    [
      "no first audience",
      "internal-canary",
      buildGateContext({ exposure: {} }),
      "complete-record",
      "blocked",
      /the first audience/,
    ],
    [
      "no rollback",
      "internal-canary",
      buildGateContext({ rollback: undefined }),
      "complete-record",
      "blocked",
      /`rollback`/,
    ],
    [
      "no offline evaluation",
      "shadow",
      buildGateContext({}, { evidence: [] }),
      "offline-eval-evidence",
      "blocked",
      /offline-eval: no evidence that counts$/,
    ],
    [
      "an offline evaluation that does not count",
      "internal-canary",
      buildGateContext({}, { evidence: [buildEvidence("offline-eval", "does-not-count")] }),
      "offline-eval-evidence",
      "blocked",
      /offline-eval does not count: because/,
    ],
    [
      "an offline evaluation that is missing",
      "customer-canary",
      buildGateContext({}, { ...atInternal, evidence: [] }),
      "offline-eval-evidence",
      "blocked",
      /no evidence/,
    ],
    [
      "evidence that the policy asks for",
      "internal-canary",
      buildGateContext(
        {},
        {
          policy: buildPolicy({
            stages: {
              "internal-canary": { soakMs: null, evidence: ["adversarial-eval"], roles: [], mayBeSkipped: false },
            },
          }),
        },
      ),
      "policy-evidence",
      "blocked",
      /adversarial-eval: no evidence/,
    ],
    [
      "no result of a live comparison",
      "default",
      buildGateContext({}, { ...atComparison, evidence: [buildEvidence("offline-eval")] }),
      "launch-evidence",
      "blocked",
      /ab-result or canary-report: no evidence/,
    ],
    [
      "no rehearsal at high",
      "internal-canary",
      buildGateContext({}, { tier: "high", rehearsals: [] }),
      "rehearsal",
      "waiting",
      /routeward rehearse/,
    ],
    [
      "no rehearsal at restricted",
      "customer-canary",
      buildGateContext({}, { ...atInternal, tier: "restricted", rehearsals: [] }),
      "rehearsal",
      "waiting",
      /routeward rehearse/,
    ],
    [
      "a rehearsal of another candidate",
      "internal-canary",
      buildGateContext({}, { tier: "high", rehearsals: [buildRehearsal({ candidateDigest: "x" })] }),
      "rehearsal",
      "waiting",
      /was not rehearsed/,
    ],
    [
      "a failed rehearsal",
      "internal-canary",
      buildGateContext({}, { tier: "high", rehearsals: [buildRehearsal({ ok: false })] }),
      "rehearsal",
      "waiting",
      /failed/,
    ],
    [
      "an audience that is misspelt",
      "internal-canary",
      buildGateContext({ exposure: { plan: [{ stage: "internal-canary", audience: "internal-suport" }] } }),
      "audiences-known",
      "blocked",
      /defines no audience internal-suport; did you mean internal-support\?/,
    ],
    [
      "an audience that nobody defined",
      "internal-canary",
      buildGateContext(planned({ stage: "internal-canary", audience: "unknown" })),
      "audiences-known",
      "blocked",
      /defines no audience unknown/,
    ],
    [
      "an internal canary for customers",
      "internal-canary",
      buildGateContext(planned({ stage: "internal-canary", audience: "low-risk" })),
      "audiences-known",
      "blocked",
      /low-risk is not internal/,
    ],
    [
      "an internal audience that is everybody",
      "internal-canary",
      buildGateContext(
        {},
        {
          policy: buildPolicy({
            audiences: { ...audiences, "internal-support": buildAudience("internal-support", { internal: true }) },
          }),
        },
      ),
      "audiences-known",
      "blocked",
      /internal-support names no segment, no where and no safe: that is everybody/,
    ],
    [
      "a customer canary of everybody",
      "customer-canary",
      buildGateContext(
        planned(...writtenPlan.slice(0, 1), { stage: "customer-canary", audience: "all-eligible" }),
        atInternal,
      ),
      "audiences-known",
      "blocked",
      /all-eligible is everybody, so a customer canary of all of it is the default: give it `steps`/,
    ],
    [
      "an audience of which nobody would get the candidate",
      "customer-canary",
      buildGateContext(planned(...writtenPlan.slice(0, 1), { stage: "customer-canary", audience: "low-risk" }), {
        ...atInternal,
        policy: buildPolicy({ audiences: { ...audiences, "low-risk": buildAudience("low-risk", { percent: 0 }) } }),
      }),
      "audiences-known",
      "blocked",
      /low-risk has 0 percent: nobody would get the candidate/,
    ],
    [
      "an a/b comparison of everybody with nobody",
      "ab-comparison",
      buildGateContext(
        planned(...writtenPlan.slice(0, 2), { stage: "ab-comparison", audience: "all-eligible" }),
        atCustomer,
      ),
      "audiences-known",
      "blocked",
      /a\/b comparison needs a share below 100 %/,
    ],
    [
      "an exclusion that nobody defined",
      "shadow",
      buildGateContext({ exposure: { plan: writtenPlan, excluded: ["unknown"] } }),
      "audiences-known",
      "blocked",
      /defines no exclusion unknown/,
    ],
    [
      "an exclusion that excludes nobody",
      "shadow",
      buildGateContext({ exposure: { plan: writtenPlan.slice(0, 2), excluded: ["all-eligible"] } }),
      "audiences-known",
      "blocked",
      /excludes nobody/,
    ],
    [
      "an attribute exclusion without safe at high",
      "internal-canary",
      buildGateContext({}, { tier: "high", policy: buildPolicy({ audiences: excluding([]) }) }),
      "safe-exclusions",
      "blocked",
      /regulated-region has no `safe` list/,
    ],
    [
      "an attribute exclusion whose safe list is about another attribute",
      "internal-canary",
      buildGateContext(
        {},
        { tier: "high", policy: buildPolicy({ audiences: excluding([{ property: "language", in: ["en"] }]) }) },
      ),
      "safe-exclusions",
      "blocked",
      /regulated-region has no `safe` list for its attribute/,
    ],
    [
      "an attribute exclusion whose safe list holds what is excluded",
      "internal-canary",
      buildGateContext(
        {},
        {
          tier: "restricted",
          policy: buildPolicy({ audiences: excluding([{ property: "region", in: ["eu", "ch"] }]) }),
        },
      ),
      "safe-exclusions",
      "blocked",
      /regulated-region has no `safe` list for its attribute/,
    ],
    [
      "no guardrail",
      "internal-canary",
      buildGateContext({ guardrails: [] }),
      "guardrails-declared",
      "blocked",
      /no guardrail is declared/,
    ],
    [
      "a metric that the policy does not define",
      "internal-canary",
      buildGateContext({}, { policy: buildPolicy({ metrics: {} }) }),
      "guardrails-declared",
      "blocked",
      /metric rubric-score, which the policy does not define/,
    ],
    [
      "a parameter that the metric's template does not have",
      "internal-canary",
      buildGateContext({ guardrails: [{ ...writtenGuardrails[0], parameters: { segment: "eu" } }] }),
      "guardrails-declared",
      "blocked",
      /quality could never be read: Template `rubric-score` has no parameter `segment`/,
    ],
    [
      "a template whose query names what nobody fills",
      "internal-canary",
      buildGateContext(
        {},
        {
          policy: buildPolicy({
            metrics: {
              ...buildPolicy().metrics,
              "rubric-score": { ...template, value: 'score{segment="$segment"}' },
            },
          }),
        },
      ),
      "guardrails-declared",
      "blocked",
      /quality could never be read: The query template names \$segment, which nothing fills/,
    ],
    [
      "a category that no guardrail covers",
      "customer-canary",
      buildGateContext({ guardrails: writtenGuardrails.slice(2) }, atInternal),
      "categories-covered",
      "blocked",
      /covers quality, latency$/,
    ],
    [
      "a category whose guardrail reads a metric of another one",
      "customer-canary",
      buildGateContext(
        {
          guardrails: writtenGuardrails.map((each) =>
            each["category"] === "safety" ? { ...each, metric: "duration-p95" } : each,
          ),
        },
        atInternal,
      ),
      "categories-covered",
      "blocked",
      /no guardrail covers safety \(safety reads duration-p95, which is about latency\)$/,
    ],
    [
      "undeclared data",
      "customer-canary",
      buildGateContext({ dataClasses: undefined }, atInternal),
      "data-classes-declared",
      "blocked",
      /`dataClasses` is not declared/,
    ],
    [
      "a stage that has not soaked",
      "customer-canary",
      buildGateContext({}, { ...atInternal, live: buildLive({ soakedMs: 3_600_000 }) }),
      "previous-stage-soaked",
      "waiting",
      /internal-canary has soaked 1 h of 24 h/,
    ],
    [
      "a soak that the policy wants longer",
      "customer-canary",
      buildGateContext(
        {},
        {
          ...atInternal,
          policy: buildPolicy({
            stages: { "internal-canary": { soakMs: 5 * 86_400_000, evidence: [], roles: [], mayBeSkipped: false } },
          }),
        },
      ),
      "previous-stage-soaked",
      "waiting",
      /of 5 d/,
    ],
    [
      "a stage that is not in its last step",
      "ab-comparison",
      buildGateContext({}, { ...atCustomer, live: buildLive({ stage: "customer-canary", step: 1 }) }),
      "previous-stage-soaked",
      "waiting",
      /step 2 of 3/,
    ],
    [
      "a paused rollout",
      "customer-canary",
      buildGateContext({}, { ...atInternal, live: buildLive({ paused: { at: "t", by: "olga", reason: "odd" } }) }),
      "previous-stage-soaked",
      "waiting",
      /paused since t by olga: odd/,
    ],
    [
      "a stage that is not live",
      "customer-canary",
      buildGateContext(),
      "previous-stage-soaked",
      "waiting",
      /internal-canary must be live/,
    ],
    [
      "a failing guardrail",
      "customer-canary",
      buildGateContext({}, { ...atInternal, guardrails: [buildReading("pass"), buildReading("fail")] }),
      "guardrails-passing",
      "blocked",
      /guardrails fail: quality \(read\)/,
    ],
    [
      "an inconclusive guardrail",
      "customer-canary",
      buildGateContext({}, { ...atInternal, guardrails: [buildReading("inconclusive")] }),
      "guardrails-passing",
      "waiting",
      /not settled/,
    ],
    [
      "a guardrail that could not be read",
      "customer-canary",
      buildGateContext({}, { ...atInternal, guardrails: [buildReading("error")] }),
      "guardrails-passing",
      "waiting",
      /not settled/,
    ],
    ["no readings", "customer-canary", buildGateContext(), "guardrails-passing", "waiting", /no readings/],
    [
      "no guardrail to read",
      "customer-canary",
      buildGateContext({}, { ...atInternal, guardrails: [] }),
      "guardrails-passing",
      "blocked",
      /no guardrail/,
    ],
    [
      "a goal without a metric",
      "ab-comparison",
      buildGateContext({ improvement: { goal: "x" } }, atCustomer),
      "goal-metric",
      "blocked",
      /names no metric/,
    ],
    [
      "a goal whose metric nobody defined",
      "ab-comparison",
      buildGateContext({ improvement: { goal: "x", metric: "joy" } }, atCustomer),
      "goal-metric",
      "blocked",
      /joy is not defined/,
    ],
    [
      "no cleanup decision",
      "default",
      buildGateContext({ cleanup: undefined }, atComparison),
      "cleanup-decision",
      "blocked",
      /not decided/,
    ],
    [
      "a cleanup without date and owner",
      "default",
      buildGateContext({ cleanup: { decision: "permanent" } }, atComparison),
      "cleanup-decision",
      "blocked",
      /lacks a date and an owner/,
    ],
    [
      "a stage too far",
      "customer-canary",
      buildGateContext(),
      "stage-order",
      "blocked",
      /this candidate is not live yet, so internal-canary is next, not customer-canary/,
    ],
    [
      "two stages at once",
      "ab-comparison",
      buildGateContext({}, atInternal),
      "stage-order",
      "blocked",
      /internal-canary is live, so customer-canary is next/,
    ],
    [
      "a stage that the plan does not have",
      "internal-canary",
      buildGateContext(planned({ stage: "customer-canary", audience: "low-risk", steps: [5] })),
      "stage-order",
      "blocked",
      /plan has no stage internal-canary/,
    ],
    [
      "shadow in the plan comes first",
      "internal-canary",
      buildGateContext(planned({ stage: "shadow" }, ...writtenPlan)),
      "stage-order",
      "blocked",
      /shadow is next/,
    ],
    [
      "a plan without an internal canary",
      "customer-canary",
      buildGateContext(planned({ stage: "customer-canary", audience: "low-risk", steps: [5] })),
      "stage-order",
      "blocked",
      /leaves out internal-canary before customer-canary/,
    ],
    [
      "the breach's candidate with old evidence",
      "internal-canary",
      buildGateContext(
        {},
        { breachedAt: buildLatch().at, evidence: [buildEvidence("offline-eval", "does-not-count")] },
      ),
      "evidence-after-breach",
      "blocked",
      /rolled back for a breach/,
    ],
    [
      "a freeze window",
      "internal-canary",
      buildGateContext(
        {},
        {
          policy: buildPolicy({
            freeze: [{ name: "launch", cron: "0 0 15 6 *", lastsMs: 86_400_000, timezone: "UTC" }],
          }),
        },
      ),
      "freeze",
      "waiting",
      /freeze window launch holds until 2026-06-16T00:00:00.000Z/,
    ],
  ])("%s", (_name, stage, context, id, state, text) => {
    const found = judgeGates(context, stage).find((gate) => gate.gate === id);
    expect(found?.state).toBe(state);
    expect(found?.text).toMatch(text);
  });
});

describe("what does not hold a stage", () => {
  it.each<[string, Stage, GateContext, string]>([
    ["no rehearsal at medium", "internal-canary", buildGateContext({}, { rehearsals: [] }), "rehearsal"],
    [
      "a stage that the policy lets out of the plan",
      "customer-canary",
      buildGateContext(planned({ stage: "customer-canary", audience: "low-risk", steps: [5] }), {
        policy: buildPolicy({
          stages: { "internal-canary": { soakMs: null, evidence: [], roles: [], mayBeSkipped: true } },
        }),
      }),
      "stage-order",
    ],
    ["shadow left out of the plan", "internal-canary", buildGateContext(), "stage-order"],
    [
      "an edit at a stage that was entered",
      "internal-canary",
      buildGateContext({}, { ...atCustomer, isGrowing: false }),
      "stage-order",
    ],
    [
      "a freeze window while nothing grows",
      "internal-canary",
      buildGateContext(
        {},
        {
          isGrowing: false,
          policy: buildPolicy({ freeze: [{ name: "x", cron: "* * * * *", lastsMs: 60_000, timezone: "UTC" }] }),
        },
      ),
      "freeze",
    ],
    [
      "failing guardrails while nothing grows",
      "customer-canary",
      buildGateContext({}, { ...atCustomer, isGrowing: false, guardrails: [buildReading("fail")] }),
      "guardrails-passing",
    ],
    [
      "the breach of another candidate",
      "internal-canary",
      buildGateContext({}, { latch: buildLatch({ candidateDigest: "x" }) }),
      "evidence-after-breach",
    ],
    [
      "a rollback by hand",
      "internal-canary",
      buildGateContext({}, { latch: buildLatch({ cause: "command" }), evidence: [buildEvidence("offline-eval")] }),
      "evidence-after-breach",
    ],
    [
      "the short form with an internal audience",
      "internal-canary",
      buildGateContext(short("internal-support", "low-risk")),
      "stage-order",
    ],
    ["an exclusion with safe at high", "internal-canary", buildGateContext({}, { tier: "high" }), "safe-exclusions"],
    [
      "an attribute exclusion with a safe list for its attribute at high",
      "internal-canary",
      buildGateContext(
        {},
        { tier: "high", policy: buildPolicy({ audiences: excluding([{ property: "region", in: ["eu"] }]) }) },
      ),
      "safe-exclusions",
    ],
    [
      "an a/b comparison whose audience has its own percent",
      "ab-comparison",
      buildGateContext(planned(...writtenPlan.slice(0, 2), { stage: "ab-comparison", audience: "all-eligible" }), {
        ...atCustomer,
        policy: buildPolicy({
          audiences: { ...audiences, "all-eligible": buildAudience("all-eligible", { percent: 50 }) },
        }),
      }),
      "audiences-known",
    ],
    [
      "a second guardrail that reads another metric under a category's name",
      "customer-canary",
      buildGateContext(
        {
          guardrails: [
            { name: "slow is unsafe", category: "safety", metric: "duration-p95", threshold: "<= 9" },
            ...writtenGuardrails,
          ],
        },
        atInternal,
      ),
      "categories-covered",
    ],
  ])("%s", (_name, stage, context, id) => {
    expect(["ok", undefined]).toContain(judgeGates(context, stage).find((gate) => gate.gate === id)?.state);
  });
});

it("later stages say what they will need", () => {
  const context = buildGateContext({ cleanup: undefined, improvement: undefined });
  expect(foreseeGates(context, "customer-canary")).toEqual([
    "internal-canary soaked for 24 h",
    "all guardrails passing",
  ]);
  expect(foreseeGates(context, "default")).toEqual([
    "ab-result or canary-report: no evidence that counts",
    "ab-comparison soaked for 7 d",
    "all guardrails passing",
    "`improvement` names no metric for its goal",
    "`cleanup` is not decided: remove or permanent, with date and owner",
  ]);
});

it("the gate table, as the docs print it", () => {
  const table = gates.map((gate) => `${gate.id} (from ${gate.stages[0] ?? ""}): ${gate.asks}`);
  expect(gates.every((gate) => gate.stages.every((stage) => stages.includes(stage)))).toBe(true);
  expect(table.join("\n")).toMatchInlineSnapshot(`
    "complete-record (from offline-eval): baseline, candidate and owner are recorded; from internal-canary on workflow, first audience and rollback too
    stage-order (from shadow): one stage at a time, in the plan's order; stages are left out only where the policy allows
    rollback-latch (from shadow): after a rollback only a merge that is approved after it goes forward again
    evidence-after-breach (from shadow): a candidate that was rolled back for a breach needs evidence made after the breach
    offline-eval-evidence (from shadow): an offline evaluation of this candidate counts
    policy-evidence (from offline-eval): evidence of every kind that the policy asks for this stage counts
    launch-evidence (from default): an A/B result or a canary report counts
    rehearsal (from internal-canary): at high and restricted risk Routeward has rehearsed the way back for this candidate
    audiences-known (from shadow): the policy defines every audience and exclusion that is named; the internal canary's is internal
    safe-exclusions (from shadow): at high and restricted risk an exclusion by attribute says who is safe, so that unknown users get the baseline
    guardrails-declared (from internal-canary): there are guardrails, each with a threshold or margin and a metric that the policy defines
    categories-covered (from customer-canary): guardrails cover every category that the policy requires
    data-classes-declared (from customer-canary): the route says which classes of data it handles
    previous-stage-soaked (from customer-canary): the stage before is live, in its last step, and has soaked without interruption
    guardrails-passing (from customer-canary): every guardrail passes on the stage that is live
    goal-metric (from ab-comparison): the improvement goal names its metric
    cleanup-decision (from default): it is decided whether the flag is removed or permanent, with date and owner
    freeze (from shadow): no freeze window holds"
  `);
});
