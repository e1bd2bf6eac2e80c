import { describe, expect, it } from "vitest";
import { placeOf } from "../routes/route-file.ts";
import type { Stage } from "../scales.ts";
import { foreseeGates, judgeGates, listWantedKinds, type GateContext } from "./gates.ts";
import {
  atCustomer,
  atInternal,
  audiences,
  buildAudience,
  buildEvidence,
  buildGateContext,
  buildLatch,
  buildPolicy,
  buildReading,
  buildRehearsal,
  resolve,
  writeRecord,
  writtenGuardrails,
  writtenPlan,
} from "./test-builders.ts";

const adversarial = (stage: Stage, kinds: readonly string[]): Partial<GateContext> => ({
  policy: buildPolicy({ stages: { [stage]: { soakMs: null, evidence: kinds, roles: [], mayBeSkipped: false } } }),
});
const open = {
  "regulated-region": buildAudience("regulated-region", { where: [{ property: "region", in: ["ch"] }] }),
  "unsafe-plan": buildAudience("unsafe-plan", { where: [{ property: "plan", in: ["free"] }] }),
  "young-and-free": buildAudience("young-and-free", {
    where: [
      { property: "plan", in: ["free"] },
      { property: "age", in: ["new"] },
    ],
    safe: [{ property: "age", in: ["old"] }],
  }),
  "in-segment": buildAudience("in-segment", { segment: "banks" }),
};
const unread = (id: string, why: readonly string[]): GateContext["evidence"][number] => ({
  ...buildEvidence("offline-eval", "does-not-count"),
  id,
  kind: null,
  why,
});
const threeSkips = buildPolicy({
  stages: { "internal-canary": { soakMs: null, evidence: [], roles: [], mayBeSkipped: true } },
});
const only = (...steps: Record<string, unknown>[]): Record<string, unknown> => ({ exposure: { plan: steps } });

/** A gate, its state, its words, and the field of the file that can mend it; null where no edit of the file can. */
type Finding = readonly [gate: string, state: string, text: string, field: string | null];

describe("a gate says what it found and which field can mend it", () => {
  it.each<[string, Stage, GateContext, Finding]>([
    [
      "a record with everything",
      "internal-canary",
      buildGateContext(),
      ["complete-record", "ok", "the record is complete", null],
    ],
    [
      "no candidate",
      "offline-eval",
      buildGateContext({ approval: { status: "draft" }, candidate: undefined }),
      ["complete-record", "blocked", "the record lacks the candidate", "candidate"],
    ],
    [
      "an owner of spaces",
      "offline-eval",
      ((context) => ({
        ...context,
        route: {
          ...context.route,
          file: { ...context.route.file, record: { ...context.route.file.record, owner: "  " } },
        },
      }))(buildGateContext()),
      ["complete-record", "blocked", "the record lacks the owner", "owner"],
    ],
    [
      "files of both bundles that are missing",
      "offline-eval",
      { ...buildGateContext(), route: resolve(writeRecord(), {}) },
      [
        "complete-record",
        "blocked",
        "the record lacks a baseline whose files can all be read, a candidate whose files can all be read",
        "baseline",
      ],
    ],
    [
      "a file of the candidate that is missing",
      "offline-eval",
      {
        ...buildGateContext(),
        route: { ...resolve(writeRecord()), candidateDigest: null },
      },
      ["complete-record", "blocked", "the record lacks a candidate whose files can all be read", "candidate"],
    ],
    [
      "what exposure needs, missing",
      "internal-canary",
      buildGateContext({ workflow: undefined, exposure: {}, rollback: undefined }),
      ["complete-record", "blocked", "the record lacks `workflow`, the first audience, `rollback`", "workflow"],
    ],
    [
      "what exposure needs, missing while nobody is exposed",
      "shadow",
      buildGateContext({ workflow: undefined, exposure: {}, rollback: undefined }),
      ["complete-record", "ok", "the record is complete", null],
    ],
    [
      "no audience in the plan",
      "internal-canary",
      buildGateContext({ exposure: {} }),
      ["complete-record", "blocked", "the record lacks the first audience", "exposure"],
    ],
    [
      "no way back",
      "internal-canary",
      buildGateContext({ rollback: undefined }),
      ["complete-record", "blocked", "the record lacks `rollback`", "rollback"],
    ],
    [
      "the next stage of the plan",
      "internal-canary",
      buildGateContext(),
      ["stage-order", "ok", "internal-canary is the next stage of the plan", null],
    ],
    [
      "a stage that is live",
      "customer-canary",
      buildGateContext({}, atCustomer),
      ["stage-order", "ok", "customer-canary was entered before", null],
    ],
    [
      "a stage before the one that is live",
      "internal-canary",
      buildGateContext({}, atCustomer),
      ["stage-order", "ok", "internal-canary was entered before", null],
    ],
    [
      "a shadow that the plan does not name",
      "shadow",
      buildGateContext(),
      ["stage-order", "ok", "shadow comes before any exposure", null],
    ],
    [
      "a stage that the plan does not name",
      "customer-canary",
      buildGateContext(only({ stage: "internal-canary", audience: "internal-support" }, { stage: "default" })),
      [
        "stage-order",
        "blocked",
        "the exposure plan has no stage customer-canary; it has internal-canary, default",
        "exposure",
      ],
    ],
    [
      "a plan without a stage",
      "internal-canary",
      buildGateContext({ exposure: {} }),
      ["stage-order", "blocked", "the exposure plan has no stage internal-canary; it has none", "exposure"],
    ],
    [
      "two stages at once from nothing",
      "customer-canary",
      buildGateContext(),
      [
        "stage-order",
        "blocked",
        "one stage at a time: this candidate is not live yet, so internal-canary is next, not customer-canary",
        "approval.status",
      ],
    ],
    [
      "two stages at once from a stage",
      "ab-comparison",
      buildGateContext({}, atInternal),
      [
        "stage-order",
        "blocked",
        "one stage at a time: internal-canary is live, so customer-canary is next, not ab-comparison",
        "approval.status",
      ],
    ],
    [
      "stages that the plan leaves out",
      "ab-comparison",
      buildGateContext(only({ stage: "ab-comparison", audience: "all-eligible", steps: [50] })),
      [
        "stage-order",
        "blocked",
        "the plan leaves out internal-canary and customer-canary before ab-comparison, which the policy does not allow",
        "exposure",
      ],
    ],
    [
      "stages that the plan leaves out, one of which may be",
      "ab-comparison",
      buildGateContext(only({ stage: "ab-comparison", audience: "all-eligible", steps: [50] }), { policy: threeSkips }),
      [
        "stage-order",
        "blocked",
        "the plan leaves out customer-canary before ab-comparison, which the policy does not allow",
        "exposure",
      ],
    ],
    [
      "a rollback that holds the flag",
      "internal-canary",
      buildGateContext({}, { latch: buildLatch() }),
      [
        "rollback-latch",
        "ok",
        "re-entry: merging this releases the rollback of 2026-06-14T10:00:00.000Z (breach); approvals from before it do not count",
        null,
      ],
    ],
    [
      "evidence from before a breach",
      "internal-canary",
      buildGateContext({}, { breachedAt: "2026-06-14", evidence: [buildEvidence("offline-eval", "does-not-count")] }),
      [
        "evidence-after-breach",
        "blocked",
        "this candidate was rolled back for a breach at 2026-06-14: evidence made after it is missing",
        "approval.evidence",
      ],
    ],
    [
      "a rehearsal alone after a breach",
      "internal-canary",
      buildGateContext(
        {},
        { breachedAt: "2026-06-14", evidence: [{ ...buildEvidence("rollback-rehearsal"), trust: "own-store" }] },
      ),
      [
        "evidence-after-breach",
        "blocked",
        "this candidate was rolled back for a breach at 2026-06-14: evidence made after it is missing",
        "approval.evidence",
      ],
    ],
    [
      "evidence from after a breach",
      "internal-canary",
      buildGateContext({}, { breachedAt: "2026-06-14" }),
      ["evidence-after-breach", "ok", "evidence made after the breach of 2026-06-14 is there", null],
    ],
    [
      "an offline evaluation that counts, among others",
      "shadow",
      buildGateContext(
        {},
        {
          evidence: [
            buildEvidence("canary-report"),
            buildEvidence("offline-eval", "does-not-count"),
            { ...buildEvidence("offline-eval"), id: "second" },
          ],
        },
      ),
      ["offline-eval-evidence", "ok", "offline-eval: second counts (workflow)", null],
    ],
    [
      "an offline evaluation that only its author vouches for",
      "shadow",
      buildGateContext({}, { evidence: [{ ...buildEvidence("offline-eval"), trust: null }] }),
      ["offline-eval-evidence", "ok", "offline-eval: offline-eval counts (declared)", null],
    ],
    [
      "an offline evaluation that does not count",
      "shadow",
      buildGateContext({}, { evidence: [buildEvidence("offline-eval", "does-not-count")] }),
      ["offline-eval-evidence", "blocked", "offline-eval: offline-eval does not count: because", "approval.evidence"],
    ],
    [
      "an offline evaluation that does not count, nobody says why",
      "shadow",
      buildGateContext({}, { evidence: [{ ...buildEvidence("offline-eval", "does-not-count"), why: [] }] }),
      [
        "offline-eval-evidence",
        "blocked",
        "offline-eval: offline-eval does not count: no reason is known",
        "approval.evidence",
      ],
    ],
    [
      "evidence that could not be read",
      "shadow",
      buildGateContext({}, { evidence: [unread("a", ["no such file"]), unread("b", [])] }),
      [
        "offline-eval-evidence",
        "blocked",
        "offline-eval: no evidence that counts (a: no such file; b: not found)",
        "approval.evidence",
      ],
    ],
    [
      "no evidence",
      "shadow",
      buildGateContext({}, { evidence: [] }),
      ["offline-eval-evidence", "blocked", "offline-eval: no evidence that counts", "approval.evidence"],
    ],
    [
      "evidence that the policy asks for and that counts",
      "internal-canary",
      buildGateContext(
        {},
        {
          ...adversarial("internal-canary", ["adversarial-eval", "human-review"]),
          evidence: [buildEvidence("adversarial-eval"), buildEvidence("human-review")],
        },
      ),
      [
        "policy-evidence",
        "ok",
        "the policy's evidence for internal-canary counts: adversarial-eval, human-review",
        null,
      ],
    ],
    [
      "evidence that the policy asks for, missing but for one kind",
      "internal-canary",
      buildGateContext(
        {},
        {
          ...adversarial("internal-canary", ["human-review", "adversarial-eval", "canary-report"]),
          evidence: [buildEvidence("human-review"), buildEvidence("canary-report", "does-not-count")],
        },
      ),
      [
        "policy-evidence",
        "blocked",
        "adversarial-eval: no evidence that counts; canary-report: canary-report does not count: because",
        "approval.evidence",
      ],
    ],
    [
      "a report of the canary instead of an A/B result",
      "default",
      buildGateContext({}, { ...atCustomer, evidence: [buildEvidence("canary-report")] }),
      ["launch-evidence", "ok", "ab-result or canary-report: canary-report counts (workflow)", null],
    ],
    [
      "a rehearsal",
      "internal-canary",
      buildGateContext({}, { tier: "high" }),
      ["rehearsal", "ok", "rehearsed 2026-06-14T09:00:00.000Z, back in 210 ms", null],
    ],
    [
      "a rehearsal on the live flag",
      "internal-canary",
      buildGateContext({}, { tier: "high", rehearsals: [buildRehearsal({ where: "live" })] }),
      ["rehearsal", "ok", "rehearsed 2026-06-14T09:00:00.000Z on the live flag, back in 210 ms", null],
    ],
    [
      "a rehearsal that failed",
      "internal-canary",
      buildGateContext({}, { tier: "high", rehearsals: [buildRehearsal({ ok: false })] }),
      [
        "rehearsal",
        "waiting",
        "the rehearsal of 2026-06-14T09:00:00.000Z failed: ask again with `/routeward rehearse`",
        null,
      ],
    ],
    [
      "no rehearsal",
      "internal-canary",
      buildGateContext({}, { tier: "restricted", rehearsals: [] }),
      [
        "rehearsal",
        "waiting",
        "the way back was not rehearsed for this candidate: ask with `/routeward rehearse`",
        null,
      ],
    ],
    [
      "exclusions with safe users",
      "internal-canary",
      buildGateContext({}, { tier: "high" }),
      ["safe-exclusions", "ok", "exclusions hold for users whose attributes are unknown", null],
    ],
    [
      "exclusions by attribute alone, and one by segment",
      "internal-canary",
      buildGateContext(
        { exposure: { plan: writtenPlan, excluded: ["in-segment", "regulated-region", "unsafe-plan"] } },
        { tier: "high", policy: buildPolicy({ audiences: { ...audiences, ...open } }) },
      ),
      [
        "safe-exclusions",
        "blocked",
        "exclusion regulated-region, unsafe-plan has no `safe` list for its attribute: users of whom it is unknown would get the candidate",
        "exposure.excluded",
      ],
    ],
    [
      "an exclusion by two attributes, one of which has its safe users",
      "internal-canary",
      buildGateContext(
        { exposure: { plan: writtenPlan, excluded: ["young-and-free"] } },
        { tier: "high", policy: buildPolicy({ audiences: { ...audiences, ...open } }) },
      ),
      ["safe-exclusions", "ok", "exclusions hold for users whose attributes are unknown", null],
    ],
    [
      "an A/B comparison of a part of everybody after a customer canary of all of a group",
      "ab-comparison",
      buildGateContext(
        only(
          { stage: "customer-canary", audience: "low-risk" },
          { stage: "ab-comparison", audience: "all-eligible", steps: [50] },
        ),
        atCustomer,
      ),
      ["audiences-known", "ok", "all audiences and exclusions are defined", null],
    ],
    [
      "a plan that exposes nobody by name",
      "internal-canary",
      buildGateContext(only({ stage: "default" })),
      ["complete-record", "blocked", "the record lacks the first audience", "exposure"],
    ],
    [
      "exclusions by a segment alone and by attributes alone",
      "internal-canary",
      buildGateContext(
        { exposure: { plan: writtenPlan, excluded: ["in-segment", "unsafe-plan"] } },
        { policy: buildPolicy({ audiences: { ...audiences, ...open } }) },
      ),
      ["audiences-known", "ok", "all audiences and exclusions are defined", null],
    ],
    [
      "guardrails",
      "internal-canary",
      buildGateContext(),
      ["guardrails-declared", "ok", "6 guardrails with thresholds", null],
    ],
    [
      "no guardrail",
      "internal-canary",
      buildGateContext({ guardrails: [] }),
      ["guardrails-declared", "blocked", "no guardrail is declared", "guardrails"],
    ],
    [
      "a guardrail of a metric that nobody defined",
      "internal-canary",
      buildGateContext({ guardrails: [writtenGuardrails[0], { ...writtenGuardrails[1], metric: "joy" }] }),
      [
        "guardrails-declared",
        "blocked",
        "guardrail latency names metric joy, which the policy does not define",
        "guardrails.1.metric",
      ],
    ],
    [
      "a guardrail that could never be read",
      "internal-canary",
      buildGateContext({ guardrails: [{ ...writtenGuardrails[0], parameters: { segment: "eu" } }] }),
      [
        "guardrails-declared",
        "blocked",
        "guardrail quality could never be read: Template `rubric-score` has no parameter `segment`. Remove `segment` from the guardrail's parameters.",
        "guardrails.0.parameters",
      ],
    ],
    [
      "every category",
      "customer-canary",
      buildGateContext({}, atInternal),
      ["categories-covered", "ok", "guardrails cover quality, latency, cost, fallback, safety, business", null],
    ],
    [
      "no category that is required",
      "customer-canary",
      buildGateContext({}, { ...atInternal, policy: buildPolicy({ requiredGuardrails: [] }) }),
      ["categories-covered", "ok", "guardrails cover what is required", null],
    ],
    [
      "a category that nothing covers",
      "customer-canary",
      buildGateContext({ guardrails: writtenGuardrails.slice(2) }, atInternal),
      ["categories-covered", "blocked", "no guardrail covers quality, latency", "guardrails"],
    ],
    [
      "classes of data",
      "customer-canary",
      buildGateContext({}, atInternal),
      ["data-classes-declared", "ok", "data classes: customer, public", null],
    ],
    [
      "no class of data",
      "customer-canary",
      buildGateContext({ dataClasses: [] }, atInternal),
      ["data-classes-declared", "ok", "data classes: none", null],
    ],
    [
      "undeclared data",
      "customer-canary",
      buildGateContext({ dataClasses: undefined }, atInternal),
      ["data-classes-declared", "blocked", "`dataClasses` is not declared", "dataClasses"],
    ],
    [
      "guardrails that pass",
      "customer-canary",
      buildGateContext({}, { ...atInternal, guardrails: [buildReading("pass"), buildReading("pass")] }),
      ["guardrails-passing", "ok", "all 2 guardrails pass", null],
    ],
    [
      "guardrails that fail beside others",
      "customer-canary",
      buildGateContext(
        {},
        { ...atInternal, guardrails: [buildReading("fail"), buildReading("inconclusive"), buildReading("fail")] },
      ),
      ["guardrails-passing", "blocked", "guardrails fail: quality (read); quality (read)", "guardrails"],
    ],
    [
      "guardrails that are not settled beside one that passes",
      "customer-canary",
      buildGateContext(
        {},
        { ...atInternal, guardrails: [buildReading("pass"), buildReading("inconclusive"), buildReading("error")] },
      ),
      ["guardrails-passing", "waiting", "guardrails are not settled: quality (read); quality (read)", null],
    ],
    [
      "no readings",
      "customer-canary",
      buildGateContext(),
      ["guardrails-passing", "waiting", "there are no readings: this candidate is not live", null],
    ],
    [
      "nothing to read",
      "customer-canary",
      buildGateContext({}, { ...atInternal, guardrails: [] }),
      ["guardrails-passing", "blocked", "no guardrail is declared", "guardrails"],
    ],
    [
      "readings of the stage that is live, where its exposure grows",
      "customer-canary",
      buildGateContext({}, { ...atCustomer, guardrails: [buildReading("fail")] }),
      ["guardrails-passing", "blocked", "guardrails fail: quality (read)", "guardrails"],
    ],
    [
      "a goal with its metric",
      "ab-comparison",
      buildGateContext({}, atCustomer),
      ["goal-metric", "ok", "the goal is measured by escalation", null],
    ],
    [
      "a goal without a metric",
      "ab-comparison",
      buildGateContext({ improvement: { goal: "x" } }, atCustomer),
      ["goal-metric", "blocked", "`improvement` names no metric for its goal", "improvement"],
    ],
    [
      "a goal whose metric nobody defined",
      "ab-comparison",
      buildGateContext({ improvement: { goal: "x", metric: "joy" } }, atCustomer),
      ["goal-metric", "blocked", "the goal's metric joy is not defined by the policy", "improvement.metric"],
    ],
    [
      "a decision on the flag",
      "default",
      buildGateContext(),
      ["cleanup-decision", "ok", "cleanup: remove by 2027-01-31, support-ai", null],
    ],
    [
      "no decision on the flag",
      "default",
      buildGateContext({ cleanup: undefined }),
      ["cleanup-decision", "blocked", "`cleanup` is not decided: remove or permanent, with date and owner", "cleanup"],
    ],
    [
      "a decision without a day and an owner",
      "default",
      buildGateContext({ cleanup: { decision: "remove" } }),
      ["cleanup-decision", "blocked", "`cleanup` lacks a date and an owner", "cleanup"],
    ],
    [
      "a freeze that is over",
      "internal-canary",
      buildGateContext(
        {},
        {
          policy: buildPolicy({
            freeze: [{ name: "launch", cron: "0 0 14 6 *", lastsMs: 86_400_000, timezone: "UTC" }],
          }),
        },
      ),
      ["freeze", "ok", "no freeze window holds", null],
    ],
  ])("%s", (_name, stage, context, [gate, state, text, field]) => {
    const place = field === null ? null : placeOf(context.route.file, field);
    expect(judgeGates(context, stage).filter((each) => each.gate === gate)).toEqual([{ gate, state, text, place }]);
  });
});

describe("a gate says nothing", () => {
  it.each<[string, Stage, GateContext, string]>([
    ["of a rollback where there was none", "internal-canary", buildGateContext(), "rollback-latch"],
    ["of a breach where there was none", "internal-canary", buildGateContext(), "evidence-after-breach"],
    ["of evidence where the policy asks for none", "internal-canary", buildGateContext(), "policy-evidence"],
    ["of a rehearsal at medium risk", "internal-canary", buildGateContext(), "rehearsal"],
    ["of exclusions at medium risk", "internal-canary", buildGateContext(), "safe-exclusions"],
    [
      "of exclusions where there are none",
      "internal-canary",
      buildGateContext({ exposure: { plan: writtenPlan } }, { tier: "high" }),
      "safe-exclusions",
    ],
    ["of readings at the first stage", "internal-canary", buildGateContext(), "guardrails-passing"],
    [
      "of readings while exposure does not grow",
      "customer-canary",
      buildGateContext({}, { ...atInternal, isGrowing: false }),
      "guardrails-passing",
    ],
    [
      "of soaking where the stage is live",
      "customer-canary",
      buildGateContext({}, atCustomer),
      "previous-stage-soaked",
    ],
    ["of freezes where there are none", "internal-canary", buildGateContext(), "freeze"],
    ["of a launch before the default", "ab-comparison", buildGateContext({}, atCustomer), "launch-evidence"],
  ])("%s", (_name, stage, context, gate) => {
    expect(judgeGates(context, stage).map((each) => each.gate)).not.toContain(gate);
  });
});

it.each<[Stage, readonly (readonly string[])[]]>([
  ["offline-eval", [["human-review"]]],
  ["shadow", [["offline-eval"], ["human-review"]]],
  ["ab-comparison", [["offline-eval"], ["human-review"]]],
  ["default", [["offline-eval"], ["human-review"], ["ab-result", "canary-report"]]],
])("the gates of %s look for these kinds of evidence", (stage, kinds) => {
  const { policy } = buildGateContext({}, adversarial(stage, ["human-review"]));
  expect(listWantedKinds(policy, stage)).toEqual(kinds);
  expect(listWantedKinds(buildPolicy(), stage)).toEqual(kinds.filter(([kind]) => kind !== "human-review"));
});

describe("a later stage will need", () => {
  it.each<[string, Stage, GateContext, readonly string[]]>([
    ["nothing but what is there", "internal-canary", buildGateContext(), []],
    [
      "no soak where no stage comes before",
      "customer-canary",
      buildGateContext(only({ stage: "customer-canary", audience: "low-risk", steps: [5] }), { policy: threeSkips }),
      [],
    ],
    ["no soak of a shadow", "internal-canary", buildGateContext(only({ stage: "shadow" }, ...writtenPlan)), []],
    [
      "the stages that the plan leaves out",
      "ab-comparison",
      buildGateContext(only(...writtenPlan.filter(({ stage }) => stage !== "customer-canary"))),
      [
        "the plan leaves out customer-canary before ab-comparison, which the policy does not allow",
        "internal-canary soaked for 24 h",
        "all guardrails passing",
      ],
    ],
    [
      "nothing about rollbacks, breaches and freezes of today",
      "internal-canary",
      buildGateContext(
        {},
        {
          latch: buildLatch(),
          breachedAt: "2026-06-14",
          policy: buildPolicy({ freeze: [{ name: "x", cron: "* * * * *", lastsMs: 60_000, timezone: "UTC" }] }),
          evidence: [{ ...buildEvidence("offline-eval"), trust: "own-store" }],
        },
      ),
      [],
    ],
  ])("%s", (_name, stage, context, needs) => {
    expect(foreseeGates(context, stage)).toEqual(needs);
  });
});
