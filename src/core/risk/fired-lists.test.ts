import { describe, expect, it } from "vitest";
import { placeOf } from "../routes/route-file.ts";
import type { Trigger } from "../scales.ts";
import {
  buildComparison,
  buildContent,
  buildLatch,
  buildLive,
  buildPolicy,
  namedTexts,
  resolve,
  writeBundle,
  writeRecord,
  writeStatus,
  writtenGuardrails,
  writtenPlan,
  type Written,
} from "../verdict/test-builders.ts";
import { classifyRoute, sumUp } from "./classify-route.ts";
import type { FiredRule } from "./fired-rule.ts";
import type { RouteComparison } from "./route-comparison.ts";

/** A rule as a reviewer sees it: id, difference, the field on whose line it stands, sentence. */
type Shown = readonly [id: string, difference: FiredRule["difference"], field: string, sentence: string];

const approved = writeRecord();
const customer = writeRecord(writeStatus("approved-for-customer-canary"));
const live = buildLive();
const atCustomer = { live: buildLive({ stage: "customer-canary" }) };

/** The default candidate differs from its baseline in this alone. */
const warmer: Shown = [
  "parameters-changed",
  "baseline-to-candidate",
  "candidate.parameters.temperature",
  "parameters changed: temperature from 0.2 to 0.3",
];
const internalEntered: Shown = [
  "internal-exposure",
  "live-to-asked",
  "approval.status",
  "internal-canary entered, from no exposure",
];
const draft = (status: string): Shown => [
  "draft-only",
  "live-to-asked",
  "approval.status",
  `status ${status}: the flag serves the baseline to everyone`,
];
const rollback = (sentence: string): Shown => ["rollback", "live-to-asked", "approval.status", sentence];
const words = (field: string, sentence: string): Shown => ["metadata-only", "approved-to-merged", field, sentence];
const onlyEvidence: Shown = [
  "evidence-only",
  "approved-to-merged",
  "approval.evidence",
  "only evidence changed; what is approved to run stays as it is",
];
const fewerClasses: Shown = [
  "data-class-removed",
  "approved-to-merged",
  "dataClasses",
  "data classes changed from customer, public to public: customer removed",
];

const moreEvidence = {
  approval: { status: "approved-for-internal-canary", evidence: ["eval-1", "rollback-test-1", "eval-2"] },
};
const otherText = { ...namedTexts, "prompts/v4.md": "Answer rudely." };
const textChanged = (side: "baseline" | "candidate", path: string): Shown => [
  "prompt-changed",
  "approved-to-merged",
  `${side}.prompt`,
  `prompt changed: ${path} has other content, or cannot be read`,
];

const show = (comparison: RouteComparison) =>
  classifyRoute(comparison).fired.map(({ id, difference, sentence, place }) => ({ id, difference, sentence, place }));

const place = (expected: readonly Shown[], { merged }: RouteComparison) =>
  expected.map(([id, difference, field, sentence]) => ({
    id,
    difference,
    sentence,
    place: placeOf(merged.state.file, field),
  }));

describe("all that is shown, in its order, about a change without meaning:", () => {
  it.each<[string, RouteComparison, readonly Shown[]]>([
    ["nothing at all", buildComparison(approved, approved), [words("", "nothing changes in meaning")]],
    [
      "two fields of words, on the line of the first",
      buildComparison(
        approved,
        writeRecord({ description: "new", improvement: { goal: "other", metric: "escalation" } }),
      ),
      [words("description", "only words changed: description, improvement.goal")],
    ],
    ["one evidence record more", buildComparison(approved, writeRecord(moreEvidence)), [onlyEvidence]],
    [
      "another text of an evidence record",
      buildComparison(approved, approved, { evidenceChanged: true }),
      [onlyEvidence],
    ],
    [
      "words and evidence",
      buildComparison(approved, writeRecord({ ...moreEvidence, description: "new" })),
      [onlyEvidence, words("description", "only words changed: description")],
    ],
    [
      "words of a route that was rolled back",
      buildComparison(
        writeRecord(writeStatus("rolled-back")),
        writeRecord({ ...writeStatus("rolled-back"), description: "why" }),
        { latch: buildLatch() },
      ),
      [words("description", "only words changed: description")],
    ],
    [
      "words of a route that is evaluated after a rollback",
      buildComparison(
        writeRecord(writeStatus("approved-for-testing")),
        writeRecord({ ...writeStatus("approved-for-testing"), description: "why" }),
        { latch: buildLatch() },
      ),
      [words("description", "only words changed: description")],
    ],
  ])("%s", (_name, comparison, expected) => {
    expect(show(comparison)).toEqual(place(expected, comparison));
  });

  it("what no rule looks at is not called words only", () => {
    const same = { ...customer, candidate: writeBundle() };
    const { baselineDigest } = resolve(same);
    const comparison = buildComparison(
      same,
      { ...same, owner: "others", description: "new" },
      { live: buildLive({ stage: "customer-canary", candidateDigest: baselineDigest }) },
    );
    expect(show(comparison)).toEqual(
      place([words("description", "no other rule looks at what changed: description, owner")], comparison),
    );
  });
});

describe("all that is shown, in its order, about another text of a file:", () => {
  const named = (baseline: string, candidate: string): Written =>
    writeRecord({ baseline: writeBundle({ prompt: baseline }), candidate: writeBundle({ prompt: candidate }) });
  const prompts = (from: string, to: string): Shown => [
    "prompt-changed",
    "baseline-to-candidate",
    "candidate.prompt",
    `prompt changed from ${from} to ${to}`,
  ];
  it.each<[string, RouteComparison, readonly Shown[]]>([
    [
      "the baseline's alone",
      buildComparison(named("prompts/v4.md", "prompts/v3.md"), named("prompts/v4.md", "prompts/v3.md"), {
        texts: otherText,
      }),
      [internalEntered, textChanged("baseline", "prompts/v4.md"), prompts("prompts/v4.md", "prompts/v3.md")],
    ],
    [
      "the candidate's alone",
      buildComparison(named("prompts/v3.md", "prompts/v4.md"), named("prompts/v3.md", "prompts/v4.md"), {
        texts: otherText,
      }),
      [internalEntered, textChanged("candidate", "prompts/v4.md"), prompts("prompts/v3.md", "prompts/v4.md")],
    ],
    [
      "one that could not be read before and cannot be read now",
      { ...buildComparison(approved, approved, { texts: {} }), approved: buildContent(approved, { texts: {} }) },
      [
        internalEntered,
        warmer,
        textChanged("baseline", "prompts/v3.md"),
        textChanged("candidate", "prompts/v3.md"),
        [
          "prompt-changed",
          "baseline-to-candidate",
          "candidate.prompt",
          "prompt changed: prompts/v3.md has other content, or cannot be read",
        ],
      ],
    ],
  ])("%s", (_name, comparison, expected) => {
    expect(show(comparison)).toEqual(place(expected, comparison));
  });
});

describe("all that is shown, in its order, while nobody is exposed:", () => {
  const testing = writeRecord(writeStatus("approved-for-testing"));
  const testingLess = writeRecord({ ...writeStatus("approved-for-testing"), dataClasses: ["public"] });
  it.each<[string, RouteComparison, readonly Shown[]]>([
    ["a first draft", buildComparison(null, writeRecord(writeStatus("draft"))), [draft("draft")]],
    ["a first offline evaluation", buildComparison(null, testing), [draft("approved-for-testing")]],
    [
      "a draft of a route that is live",
      buildComparison(approved, writeRecord(writeStatus("draft")), { live }),
      [draft("draft")],
    ],
    [
      "what an offline evaluation drops before its flag is made",
      buildComparison(testing, testingLess),
      [draft("approved-for-testing")],
    ],
    [
      "what an offline evaluation drops once its flag is made",
      buildComparison(testing, testingLess, { live: buildLive({ stage: "offline-eval" }) }),
      [fewerClasses, draft("approved-for-testing")],
    ],
    [
      "what an offline evaluation drops when an exposure was approved that is not live yet",
      buildComparison(approved, testingLess),
      [fewerClasses, draft("approved-for-testing")],
    ],
  ])("%s", (_name, comparison, expected) => {
    expect(show(comparison)).toEqual(place(expected, comparison));
  });
});

describe("all that is shown, in its order, on a way back:", () => {
  const regulated = { dataClasses: ["regulated"] };
  it.each<[string, RouteComparison, readonly Shown[]]>([
    [
      "restricted data that nobody gets any more",
      buildComparison(writeRecord(regulated), writeRecord({ ...regulated, ...writeStatus("rolled-back") }), { live }),
      [rollback("status rolled-back: from internal-canary to baseline for everyone")],
    ],
    [
      "restricted data that is only evaluated any more",
      buildComparison(writeRecord(regulated), writeRecord({ ...regulated, ...writeStatus("approved-for-testing") }), {
        live,
      }),
      [rollback("exposure shrinks from internal-canary to offline-eval")],
    ],
    [
      "a proven default that becomes the baseline for those who were excluded from it",
      buildComparison(
        writeRecord(writeStatus("approved-as-default")),
        writeRecord({
          ...writeStatus("retired"),
          baseline: writeBundle({ parameters: { temperature: 0.3 } }),
          candidate: undefined,
        }),
        { live: buildLive({ stage: "default", excluded: ["regulated-region", "big-customer"] }) },
      ),
      [
        [
          "customer-exposure",
          "live-to-asked",
          "baseline",
          "exclusion removed: regulated-region, big-customer get the candidate as the new baseline",
        ],
        rollback("status retired: from default to baseline for everyone"),
      ],
    ],
    [
      "no way back: one more reviewer at the stage that is live",
      buildComparison(
        approved,
        writeRecord({
          approval: {
            status: "approved-for-internal-canary",
            reviewers: ["@acme/legal"],
            evidence: ["eval-1", "rollback-test-1"],
          },
        }),
        { live },
      ),
      [warmer],
    ],
    [
      "no way back: an earlier stage with a guardrail less",
      buildComparison(customer, writeRecord({ guardrails: writtenGuardrails.slice(1) }), atCustomer),
      [
        ["guardrail-loosened", "approved-to-merged", "guardrails", "guardrail quality (quality, >= 0.85) removed"],
        warmer,
      ],
    ],
    [
      "no way back: an earlier stage with another text of the prompt than was approved",
      buildComparison(customer, approved, {
        texts: { "prompts/v3.md": "Answer rudely." },
        live: buildLive({
          stage: "customer-canary",
          candidateDigest: resolve(approved, { "prompts/v3.md": "Answer rudely." }).candidateDigest,
        }),
      }),
      [warmer, textChanged("baseline", "prompts/v3.md"), textChanged("candidate", "prompts/v3.md")],
    ],
  ])("%s", (_name, comparison, expected) => {
    expect(show(comparison)).toEqual(place(expected, comparison));
  });
});

describe("all that is shown, in its order, about a stage that is entered:", () => {
  const added = (why: string): Shown => [
    "candidate-added",
    "approved-to-merged",
    "candidate",
    `candidate gpt-4o-2024-08-06 added; ${why}`,
  ];
  const planned = (...plan: Written[]): Written => ({ exposure: { plan, excluded: ["regulated-region"] } });
  const [internal = {}, toCustomers = {}] = writtenPlan;
  const shadowForCustomers = { stage: "shadow", audience: "low-risk" };
  const newCandidate: Shown[] = [added("nothing of this flag was approved before"), internalEntered, warmer];
  it.each<[string, RouteComparison, readonly Shown[]]>([
    [
      "after an offline evaluation everything is new",
      buildComparison(writeRecord(writeStatus("approved-for-testing")), approved),
      [added("no exposure of this flag was approved before"), internalEntered, warmer],
    ],
    [
      "after an exposure that was approved before a draft, nothing is",
      buildComparison(writeRecord(writeStatus("draft")), approved, { earlier: [buildContent(approved)] }),
      [internalEntered, warmer],
    ],
    [
      "after an exposure that is not live yet, only what changed is",
      buildComparison(approved, writeRecord({ candidate: writeBundle({ maxRetries: 2 }) })),
      [
        internalEntered,
        [
          "parameters-changed",
          "approved-to-merged",
          "candidate.parameters.temperature",
          "parameters changed: temperature from 0.3 to 0.2",
        ],
        ["retries-changed", "approved-to-merged", "candidate.maxRetries", "retries changed from 1 to 2"],
        ["retries-changed", "baseline-to-candidate", "candidate.maxRetries", "retries changed from 1 to 2"],
      ],
    ],
    [
      "after a rollback the stage is entered anew, whatever was live",
      buildComparison(approved, approved, { live, latch: buildLatch() }),
      [internalEntered, warmer],
    ],
    [
      "a shadow reaches no customers, whatever its audience is",
      buildComparison(
        null,
        writeRecord({ ...writeStatus("approved-for-shadow"), ...planned(shadowForCustomers, internal) }),
      ),
      [
        added("nothing of this flag was approved before"),
        ["internal-exposure", "live-to-asked", "approval.status", "shadow entered, from no exposure"],
        warmer,
      ],
    ],
    [
      "an internal canary after a shadow for customers reaches none",
      buildComparison(null, writeRecord(planned(shadowForCustomers, internal))),
      newCandidate,
    ],
    [
      "an internal canary that the plan does not have reaches none",
      buildComparison(null, writeRecord(planned(toCustomers))),
      newCandidate,
    ],
    [
      "an internal canary whose first audience is internal",
      buildComparison(null, writeRecord({ exposure: { firstAudience: "internal-support" } })),
      newCandidate,
    ],
    [
      "an internal canary whose first audience is none of the organisation's own",
      buildComparison(null, writeRecord({ exposure: { firstAudience: "low-risk" } })),
      [
        [
          "customer-exposure",
          "live-to-asked",
          "approval.status",
          "customer stage entered: from no exposure to internal-canary",
        ],
        added("nothing of this flag was approved before"),
        warmer,
      ],
    ],
    [
      "another share of a stage that is live",
      buildComparison(
        customer,
        { ...customer, ...planned(internal, { ...toCustomers, steps: [5, 10, 50] }) },
        atCustomer,
      ),
      [
        [
          "customer-exposure",
          "approved-to-merged",
          "exposure.plan.1.steps",
          "customer-canary: share raised from 25 % to 50 %",
        ],
        warmer,
      ],
    ],
  ])("%s", (_name, comparison, expected) => {
    expect(show(comparison)).toEqual(place(expected, comparison));
  });
});

describe("all that is shown, in its order, about the baseline:", () => {
  const warm = { parameters: { temperature: 0.3 } };
  const approvedDefault = writeRecord(writeStatus("approved-as-default"));
  const nextCandidate = writeRecord({
    baseline: writeBundle(warm),
    candidate: writeBundle({ parameters: { temperature: 0.4 } }),
  });
  const hotter = (difference: Shown[1]): Shown => [
    "parameters-changed",
    difference,
    "candidate.parameters.temperature",
    "parameters changed: temperature from 0.3 to 0.4",
  ];
  const otherBaseline: Shown = [
    "parameters-changed",
    "approved-to-merged",
    "baseline.parameters.temperature",
    "parameters changed: temperature from 0.2 to 0.3",
  ];
  it.each<[string, RouteComparison, readonly Shown[]]>([
    [
      "the proven default is nothing new as the baseline of the next candidate",
      buildComparison(approvedDefault, nextCandidate, { live: buildLive({ stage: "default" }) }),
      [internalEntered, hotter("approved-to-merged"), hotter("baseline-to-candidate")],
    ],
    [
      "a candidate that is no default yet is",
      buildComparison(approvedDefault, nextCandidate, { live: buildLive({ stage: "ab-comparison" }) }),
      [internalEntered, otherBaseline, hotter("approved-to-merged"), hotter("baseline-to-candidate")],
    ],
    [
      "what is not the proven default is",
      buildComparison(approvedDefault, nextCandidate, {
        live: buildLive({ stage: "default", candidateDigest: resolve(nextCandidate).candidateDigest }),
      }),
      [otherBaseline, hotter("approved-to-merged"), hotter("baseline-to-candidate")],
    ],
  ])("%s", (_name, comparison, expected) => {
    expect(show(comparison)).toEqual(place(expected, comparison));
  });

  const claims = (baseline: Written, candidate: Written): Written =>
    writeRecord({ baseline: writeBundle(baseline), candidate: writeBundle({ ...warm, ...candidate }) });
  const cost: Shown = [
    "cost-profile-changed",
    "approved-to-merged",
    "baseline.pricing.inputPerMTok",
    "declared price (input, per million tokens) changed from $1 to $2",
  ];
  it.each<[string, Written, Written, Partial<RouteComparison>, readonly Shown[]]>([
    [
      "a price that is raised to the candidate's does not make the candidate's unseen",
      claims({ pricing: { inputPerMTok: 1 } }, { pricing: { inputPerMTok: 2 } }),
      claims({ pricing: { inputPerMTok: 2 } }, { pricing: { inputPerMTok: 2 } }),
      { live },
      [cost, warmer],
    ],
    [
      "nor does it for the proven default that is the baseline by now",
      claims({ ...warm, pricing: { inputPerMTok: 1 } }, { timeoutMs: 9000, pricing: { inputPerMTok: 2 } }),
      claims({ ...warm, pricing: { inputPerMTok: 2 } }, { timeoutMs: 9000, pricing: { inputPerMTok: 2 } }),
      { live: buildLive({ stage: "default" }) },
      [
        cost,
        internalEntered,
        ["timeout-changed", "baseline-to-candidate", "candidate.timeoutMs", "timeout changed from 8000 ms to 9000 ms"],
      ],
    ],
    [
      "nor does a latency",
      claims({ latency: { p95Ms: 1000 } }, { latency: { p95Ms: 2000 } }),
      claims({ latency: { p95Ms: 2000 } }, { latency: { p95Ms: 2000 } }),
      { live },
      [
        [
          "latency-profile-changed",
          "approved-to-merged",
          "baseline.latency.p95Ms",
          "declared p95 latency changed from 1000 ms to 2000 ms",
        ],
        warmer,
      ],
    ],
  ])("%s", (_name, before, after, changes, expected) => {
    const comparison = buildComparison(before, after, changes);
    expect(show(comparison)).toEqual(place(expected, comparison));
  });

  it("small moves of a price since its anchor are one large one, and nothing else of the anchor is shown", () => {
    const priced = (amount: number, changes: Written = {}): Written =>
      claims({ pricing: { inputPerMTok: 10.5 } }, { pricing: { inputPerMTok: amount }, ...changes });
    const comparison = buildComparison(priced(10.9), priced(11.5), {
      live,
      anchor: buildContent(priced(10, { timeoutMs: 1 })),
    });
    expect(show(comparison)).toEqual(
      place(
        [
          [
            "cost-profile-changed",
            "approved-to-merged",
            "candidate.pricing.inputPerMTok",
            "declared price (input, per million tokens) changed from $10 to $11.5",
          ],
          warmer,
        ],
        comparison,
      ),
    );
  });
});

describe("all that is shown, in its order, about what protects a route:", () => {
  const owned = (rollback: Written | undefined): Written => writeRecord({ rollback });
  const wayBack = (sentence: string): Shown => ["rollback-changed", "approved-to-merged", "rollback", sentence];
  it.each<[string, RouteComparison, readonly Shown[]]>([
    [
      "a way back without an owner that is gone",
      buildComparison(owned({ defaultVariation: "baseline" }), owned(undefined), { live }),
      [wayBack("rollback changed from baseline, owner nothing to nothing"), warmer],
    ],
    [
      "a first way back without an owner",
      buildComparison(owned(undefined), owned({ defaultVariation: "baseline" }), { live }),
      [wayBack("rollback changed from nothing to baseline, owner nothing"), warmer],
    ],
    [
      "another owner of the way back",
      buildComparison(approved, owned({ defaultVariation: "baseline", owner: "others" }), { live }),
      [wayBack("rollback changed from baseline, owner platform to baseline, owner others"), warmer],
    ],
    [
      "two data classes more",
      buildComparison(approved, writeRecord({ dataClasses: ["public", "customer", "personal", "internal"] }), { live }),
      [
        [
          "data-class-added",
          "approved-to-merged",
          "dataClasses",
          "data classes changed from customer, public to customer, internal, personal, public: internal, personal added",
        ],
        warmer,
      ],
    ],
    [
      "the restricted classes of what was approved, of the base and of what would be merged, by letter",
      {
        ...buildComparison(writeRecord({ dataClasses: ["regulated"] }), writeRecord({ dataClasses: ["legal-terms"] }), {
          live,
        }),
        base: buildContent(writeRecord({ dataClasses: ["irreversible-action"] })).state.file.record,
      },
      [
        [
          "data-class-added",
          "approved-to-merged",
          "dataClasses",
          "data classes changed from regulated to legal-terms: legal-terms added",
        ],
        [
          "data-class-removed",
          "approved-to-merged",
          "dataClasses",
          "data classes changed from regulated to legal-terms: regulated removed",
        ],
        [
          "restricted-data",
          "approved-to-merged",
          "dataClasses",
          "data classes irreversible-action, legal-terms, regulated",
        ],
        warmer,
      ],
    ],
  ])("%s", (_name, comparison, expected) => {
    expect(show(comparison)).toEqual(place(expected, comparison));
  });

  it.each<[string, readonly Trigger[]]>([
    ["quality", ["quality", "exposure"]],
    ["latency", ["latency", "exposure"]],
    ["cost", ["cost", "exposure"]],
    ["fallback", ["platform", "exposure"]],
    ["retry", ["platform", "exposure"]],
    ["safety", ["data", "exposure"]],
    ["business", ["exposure"]],
    ["human-edit", ["exposure"]],
  ])("a loosened guardrail of %s asks for %j", (category, triggers) => {
    const guarded = (threshold: string): Written =>
      writeRecord({ guardrails: [{ name: "g", category, metric: "cost", threshold }] });
    const { fired } = classifyRoute(buildComparison(guarded("<= 1"), guarded("<= 2"), { live }));
    expect(fired.find(({ id }) => id === "guardrail-loosened")?.triggers).toEqual(triggers);
  });
});

describe("all that is shown, in its order, with rules of the policy's own:", () => {
  const when = { workflows: [], paths: [], dataClasses: [], fields: [] };
  const rule = (id: string, fields: readonly string[], tier: "medium" | "high" = "high") => ({
    id,
    tier,
    triggers: ["data"],
    why: `we look at ${fields.join(", ")}`,
    when: { ...when, fields },
  });
  const ours = (id: string, fields: string): Shown => [id, "pull-request", "", `policy rule: we look at ${fields}`];
  const policy = buildPolicy({
    tierRules: [rule("ours-b", ["candidate"]), rule("ours-a", ["candidate.timeout"]), rule("ours-c", ["registry"])],
  });
  const slower = writeRecord({ candidate: writeBundle({ parameters: { temperature: 0.3 }, timeoutMs: 9000 }) });
  const timeout = (difference: Shown[1]): Shown => [
    "timeout-changed",
    difference,
    "candidate.timeoutMs",
    "timeout changed from 8000 ms to 9000 ms",
  ];
  it.each<[string, RouteComparison, readonly Shown[]]>([
    [
      "one on a bundle of which a field changed, and none on a field of which only the beginning is the same",
      buildComparison(approved, slower, { live, policy }),
      [
        ours("ours-b", "candidate"),
        internalEntered,
        warmer,
        timeout("approved-to-merged"),
        timeout("baseline-to-candidate"),
      ],
    ],
    [
      "one on a field that a draft changed and changed back",
      buildComparison(writeRecord(writeStatus("draft")), approved, {
        live,
        policy,
        earlier: [buildContent(slower)],
      }),
      [
        ours("ours-b", "candidate"),
        warmer,
        ["timeout-changed", "approved-to-merged", "candidate.timeoutMs", "timeout changed from 9000 ms to 8000 ms"],
      ],
    ],
    [
      "one on what only drafts were approved with",
      buildComparison(writeRecord(writeStatus("draft")), approved, { policy }),
      [
        ours("ours-b", "candidate"),
        [
          "candidate-added",
          "approved-to-merged",
          "candidate",
          "candidate gpt-4o-2024-08-06 added; no exposure of this flag was approved before",
        ],
        internalEntered,
        warmer,
      ],
    ],
  ])("%s", (_name, comparison, expected) => {
    expect(show(comparison)).toEqual(place(expected, comparison));
  });

  it("outside production only data keeps its tier, and the policy's own rules do", () => {
    const comparison = buildComparison(
      approved,
      writeRecord({
        environment: "staging",
        dataClasses: ["public", "customer", "personal"],
        guardrails: writtenGuardrails.slice(1),
        candidate: writeBundle({ timeoutMs: 9000 }),
      }),
      { live, isProduction: false, policy: buildPolicy({ tierRules: [rule("ours", ["candidate"], "medium")] }) },
    );
    expect(show(comparison)).toEqual(
      place(
        [
          [
            "data-class-added",
            "approved-to-merged",
            "dataClasses",
            "data classes changed from customer, public to customer, personal, public: personal added",
          ],
          ours("ours", "candidate"),
          ["non-production-only", "approved-to-merged", "environment", "environment staging is not production"],
        ],
        comparison,
      ),
    );
  });
});

describe("fired rules together", () => {
  const rule = (changes: Partial<FiredRule>, line = 1): FiredRule => ({
    id: "a",
    tier: "low",
    triggers: [],
    sentence: "a",
    difference: "live-to-asked",
    ...changes,
    place: { path: "p", line, column: 1 },
  });
  const inOrder = [
    rule({ tier: "restricted", id: "z" }),
    rule({ tier: "high", id: "y" }),
    rule({ tier: "medium", id: "x" }),
    rule({ sentence: "z", difference: "approved-to-merged" }, 9),
    rule({ sentence: "z" }),
    rule({ sentence: "a" }, 2),
    rule({ sentence: "b" }, 2),
    rule({ sentence: "a", difference: "pull-request" }),
    rule({ id: "b", difference: "approved-to-merged" }),
  ];
  it.each<[string, readonly FiredRule[]]>([
    ["in that order", inOrder],
    ["the other way round", inOrder.toReversed()],
    ["the second half first", [...inOrder.slice(4), ...inOrder.slice(0, 4)]],
    ["each twice", [...inOrder, ...inOrder.toReversed()]],
  ])("stand by tier, id, difference, line and sentence, each once: given %s", (_name, given) => {
    expect(sumUp(given).fired).toEqual(inOrder);
  });

  it.each<[string, readonly FiredRule[], string, readonly Trigger[]]>([
    ["none: low", [], "low", []],
    [
      "the highest tier, and the triggers of all",
      [
        rule({ triggers: ["governance", "cost"] }),
        rule({ id: "b", tier: "medium", triggers: ["quality"] }),
        rule({ id: "c", triggers: ["cost", "platform"] }),
      ],
      "medium",
      ["quality", "platform", "cost", "governance"],
    ],
  ])("%s", (_name, given, tier, triggers) => {
    expect(sumUp(given)).toMatchObject({ tier, triggers });
  });
});
