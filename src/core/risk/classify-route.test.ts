import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  audiences,
  buildAudience,
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
import { atLeast, tiers } from "../scales.ts";
import { classifyRoute, listSkippedStages } from "./classify-route.ts";
import { ruleTable } from "./rule-table.ts";
import type { RouteComparison } from "./route-comparison.ts";

const approved = writeRecord();

function idsOf(comparison: RouteComparison): string[] {
  return [...new Set(classifyRoute(comparison).fired.map((rule) => rule.id))];
}

function sentenceOf(comparison: RouteComparison, id: string): string {
  return classifyRoute(comparison).fired.find((rule) => rule.id === id)?.sentence ?? "";
}

const guardrail = (index: number, changes: Written): Written[] =>
  writtenGuardrails.map((each, at) => (at === index ? { ...each, ...changes } : each));

const plan = (index: number, changes: Written): Written => ({
  plan: writtenPlan.map((each, at) => (at === index ? { ...each, ...changes } : each)),
  excluded: ["regulated-region"],
});

const candidate = (changes: Written): Written => writeRecord({ candidate: writeBundle(changes) });

describe("low", () => {
  it.each<[string, RouteComparison, string]>([
    [
      "another description is metadata only",
      buildComparison(approved, writeRecord({ description: "new" })),
      "metadata-only",
    ],
    [
      "another goal text is metadata only",
      buildComparison(approved, writeRecord({ improvement: { goal: "x", metric: "escalation" } })),
      "metadata-only",
    ],
    [
      "another audit link is metadata only",
      buildComparison(approved, writeRecord({ audit: { tracker: "https://example.com/2" } })),
      "metadata-only",
    ],
    [
      "a key of the user's own is metadata only",
      buildComparison(approved, writeRecord({ "x-channel": "#ai" })),
      "metadata-only",
    ],
    [
      "words of a route at a customer stage are metadata only",
      buildComparison(
        writeRecord(writeStatus("approved-for-customer-canary")),
        writeRecord({ ...writeStatus("approved-for-customer-canary"), description: "new" }),
        {
          live: buildLive({ stage: "customer-canary" }),
        },
      ),
      "metadata-only",
    ],
    [
      "one evidence record more is evidence only",
      buildComparison(
        approved,
        writeRecord({
          approval: { status: "approved-for-internal-canary", evidence: ["eval-1", "rollback-test-1", "eval-2"] },
        }),
      ),
      "evidence-only",
    ],
    [
      "another text of an evidence record is evidence only",
      buildComparison(approved, approved, { evidenceChanged: true }),
      "evidence-only",
    ],
    ["a draft is draft only", buildComparison(null, writeRecord(writeStatus("draft"))), "draft-only"],
    [
      "offline evaluation is draft only",
      buildComparison(null, writeRecord(writeStatus("approved-for-testing"))),
      "draft-only",
    ],
    [
      "rolled back is a rollback",
      buildComparison(approved, writeRecord(writeStatus("rolled-back")), { live: buildLive() }),
      "rollback",
    ],
    [
      "rejected is a rollback",
      buildComparison(approved, writeRecord(writeStatus("rejected")), { live: buildLive() }),
      "rollback",
    ],
    [
      "retired is a rollback",
      buildComparison(approved, writeRecord(writeStatus("retired")), { live: buildLive() }),
      "rollback",
    ],
    [
      "an earlier stage for the live candidate is a rollback",
      buildComparison(writeRecord(writeStatus("approved-for-customer-canary")), approved, {
        live: buildLive({ stage: "customer-canary" }),
      }),
      "rollback",
    ],
    [
      "a provider switch outside production is low",
      buildComparison(null, candidate({ provider: "anthropic", model: "claude-sonnet-4-5-20250929" }), {
        isProduction: false,
      }),
      "non-production-only",
    ],
  ])("%s", (_name, comparison, id) => {
    const { tier, fired } = classifyRoute(comparison);
    expect([tier, fired.map((rule) => rule.id)]).toEqual(["low", [id]]);
  });
});

describe("medium", () => {
  it.each<[string, RouteComparison, string, string]>([
    [
      "the first candidate of a flag",
      buildComparison(null, approved),
      "candidate-added",
      "candidate gpt-4o-2024-08-06 added; nothing of this flag was approved before",
    ],
    [
      "entering the internal canary",
      buildComparison(approved, approved, { latch: buildLatch() }),
      "internal-exposure",
      "internal-canary entered, from no exposure",
    ],
    [
      "entering shadow",
      buildComparison(null, writeRecord(writeStatus("approved-for-shadow"))),
      "internal-exposure",
      "shadow entered, from no exposure",
    ],
    [
      "another timeout",
      buildComparison(approved, candidate({ timeoutMs: 9000 })),
      "timeout-changed",
      "timeout changed from 8000 ms to 9000 ms",
    ],
    [
      "other retries",
      buildComparison(approved, candidate({ maxRetries: 3 })),
      "retries-changed",
      "retries changed from 1 to 3",
    ],
    [
      "another parameter",
      buildComparison(null, approved),
      "parameters-changed",
      "parameters changed: temperature from 0.2 to 0.3",
    ],
    [
      "another prompt version",
      buildComparison(approved, candidate({ promptVersion: "v4" })),
      "prompt-changed",
      "prompt changed from v3 to v4",
    ],
    [
      "another text of the prompt file, whatever the record says",
      buildComparison(approved, approved, { texts: { ...namedTexts, "prompts/v3.md": "Answer rudely." } }),
      "prompt-changed",
      "prompt changed: prompts/v3.md has other content, or cannot be read",
    ],
    [
      "another retrieval profile",
      buildComparison(approved, candidate({ retrievalProfile: "all-docs" })),
      "retrieval-changed",
      "retrieval changed from public-docs to all-docs",
    ],
    [
      "one fallback more",
      buildComparison(approved, candidate({ fallback: ["baseline-search", "static-answer", "human"] })),
      "fallback-added",
      "fallback added: human",
    ],
    [
      "another version of the same family",
      buildComparison(approved, candidate({ model: "gpt-4o-2024-11-20" })),
      "model-version-changed",
      "model version changed from gpt-4o-2024-08-06 to gpt-4o-2024-11-20, same family",
    ],
  ])("%s", (_name, comparison, id, sentence) => {
    const { tier, fired } = classifyRoute(comparison);
    expect(fired.find((rule) => rule.id === id)).toMatchObject({ tier: "medium", sentence });
    expect(atLeast(tiers, tier, "medium")).toBe(true);
  });
});

describe("high", () => {
  const customer = writeRecord(writeStatus("approved-for-customer-canary"));
  const atCustomer = { live: buildLive({ stage: "customer-canary" }) };
  it.each<[string, RouteComparison, string, string]>([
    [
      "another provider",
      buildComparison(approved, candidate({ provider: "azure" })),
      "provider-switched",
      "provider switched from openai to azure",
    ],
    [
      "another family",
      buildComparison(approved, candidate({ provider: "anthropic", model: "claude-sonnet-4-5-20250929" })),
      "model-family-changed",
      "model family changed from gpt-4o to claude-sonnet",
    ],
    [
      "an opaque target without a declared family",
      buildComparison(approved, candidate({ provider: "azure", model: "our-deployment" })),
      "model-family-changed",
      "model changed from gpt-4o-2024-08-06 to our-deployment; the family of our-deployment is not known (declare modelFamily), which counts as changed",
    ],
    [
      "a moving model name",
      buildComparison(approved, candidate({ model: "gpt-4o" })),
      "model-unpinned",
      "gpt-4o moves when its provider moves it; before: gpt-4o-2024-08-06",
    ],
    [
      "another endpoint",
      buildComparison(approved, candidate({ endpoint: "https://llm.example.com" })),
      "endpoint-changed",
      "endpoint changed from nothing to https://llm.example.com",
    ],
    [
      "one fallback less",
      buildComparison(approved, candidate({ fallback: ["baseline-search"] })),
      "fallback-removed",
      "fallback removed: static-answer",
    ],
    [
      "fallbacks in another order",
      buildComparison(approved, candidate({ fallback: ["static-answer", "baseline-search"] })),
      "fallback-removed",
      "fallbacks are asked in another order: baseline-search, static-answer became static-answer, baseline-search",
    ],
    [
      "a declared price beyond ten percent",
      buildComparison(approved, candidate({ pricing: { inputPerMTok: 3, outputPerMTok: 10 } })),
      "cost-profile-changed",
      "declared price (input, per million tokens) changed from nothing to $3",
    ],
    [
      "a model whose list price nobody knows",
      buildComparison(approved, candidate({ model: "gpt-secret-2026-01-01" })),
      "cost-profile-changed",
      "the list price from gpt-4o-2024-08-06 to gpt-secret-2026-01-01 is not known, which counts as changed",
    ],
    [
      "a declared price does not stand in for an unknown list price",
      buildComparison(
        writeRecord({ baseline: writeBundle({ pricing: { inputPerMTok: 3, outputPerMTok: 3 } }) }),
        writeRecord({
          baseline: writeBundle({ pricing: { inputPerMTok: 3, outputPerMTok: 3 } }),
          candidate: writeBundle({ model: "gpt-secret-2026-01-01", pricing: { inputPerMTok: 3, outputPerMTok: 3 } }),
        }),
      ),
      "cost-profile-changed",
      "the list price from gpt-4o-2024-08-06 to gpt-secret-2026-01-01 is not known, which counts as changed",
    ],
    [
      "a declared p95",
      buildComparison(approved, candidate({ latency: { p95Ms: 900 } })),
      "latency-profile-changed",
      "declared p95 latency changed from nothing to 900 ms",
    ],
    [
      "another tool policy",
      buildComparison(approved, candidate({ toolPolicy: "read-write" })),
      "tool-policy-changed",
      "tool policy changed from read-only to read-write",
    ],
    [
      "entering the customer canary",
      buildComparison(approved, customer, { live: buildLive() }),
      "customer-exposure",
      "customer stage entered: from internal-canary to customer-canary",
    ],
    [
      "a greater share",
      buildComparison(customer, { ...customer, exposure: plan(1, { steps: [5, 10, 50] }) }, atCustomer),
      "customer-exposure",
      "customer-canary: share raised from 25 % to 50 %",
    ],
    [
      "the same share sooner",
      buildComparison(customer, { ...customer, exposure: plan(1, { steps: [25] }) }, atCustomer),
      "customer-exposure",
      "customer-canary: steps changed from [5,10,25] to [25], which reaches users sooner",
    ],
    [
      "less soak",
      buildComparison(customer, { ...customer, exposure: plan(1, { soak: "1h" }) }, atCustomer),
      "customer-exposure",
      "customer-canary: soak cut from 48 h to 1 h",
    ],
    [
      "an hour of soak where none was written down, which meant a day",
      buildComparison(
        { ...customer, exposure: plan(1, { soak: undefined }) },
        { ...customer, exposure: plan(1, { soak: "1h" }) },
        atCustomer,
      ),
      "customer-exposure",
      "customer-canary: soak cut from 24 h to 1 h",
    ],
    [
      "another audience",
      buildComparison(customer, { ...customer, exposure: plan(1, { audience: "all-eligible" }) }, atCustomer),
      "customer-exposure",
      "customer-canary: audience changed from low-risk to all-eligible",
    ],
    [
      "an audience that the policy defines wider than when it was approved",
      buildComparison(customer, customer, {
        ...atCustomer,
        policy: buildPolicy({
          audiences: { ...audiences, "low-risk": buildAudience("low-risk") },
        }),
      }),
      "customer-exposure",
      "customer-canary: the policy now defines audience low-risk wider, or in other terms, than when it was approved",
    ],
    [
      "an exclusion less",
      buildComparison(customer, { ...customer, exposure: { plan: writtenPlan } }, atCustomer),
      "customer-exposure",
      "exclusion regulated-region removed",
    ],
    [
      "an internal canary for customers",
      buildComparison(null, writeRecord({ exposure: { plan: [{ stage: "internal-canary", audience: "low-risk" }] } })),
      "customer-exposure",
      "customer stage entered: from no exposure to internal-canary",
    ],
    [
      "a threshold eased",
      buildComparison(approved, writeRecord({ guardrails: guardrail(1, { threshold: "<= 3" }) })),
      "guardrail-loosened",
      "guardrail latency: threshold eased from <= 2.5 to <= 3",
    ],
    [
      "a guardrail removed",
      buildComparison(approved, writeRecord({ guardrails: writtenGuardrails.slice(1) })),
      "guardrail-loosened",
      "guardrail quality (quality, >= 0.85) removed",
    ],
    [
      "a window cut",
      buildComparison(approved, writeRecord({ guardrails: guardrail(1, { window: "5m" }) })),
      "guardrail-loosened",
      "guardrail latency: window cut from 60 min to 5 min",
    ],
    [
      "samples cut",
      buildComparison(approved, writeRecord({ guardrails: guardrail(1, { minSamples: 10 }) })),
      "guardrail-loosened",
      "guardrail latency: samples cut from 200 to 10",
    ],
    [
      "another query",
      buildComparison(approved, writeRecord({ guardrails: guardrail(1, { metric: "cost" }) })),
      "guardrail-loosened",
      "guardrail latency: query changed from duration-p95 to cost",
    ],
    [
      "a breach that no longer rolls back",
      buildComparison(approved, writeRecord({ guardrails: guardrail(4, { onBreach: "pause" }) })),
      "guardrail-loosened",
      "guardrail safety: a breach only pauses, before it rolled back",
    ],
    [
      "another owner of the rollback",
      buildComparison(approved, writeRecord({ rollback: { defaultVariation: "baseline", owner: "nobody" } })),
      "rollback-changed",
      "rollback changed from baseline, owner platform to baseline, owner nobody",
    ],
    [
      "a stage left out",
      buildComparison(approved, writeRecord(writeStatus("approved-for-ab-comparison")), { live: buildLive() }),
      "stage-skipped",
      "from internal-canary to ab-comparison without customer-canary",
    ],
  ])("%s", (_name, comparison, id, sentence) => {
    const found = classifyRoute(comparison).fired.filter((rule) => rule.id === id);
    expect(found).toContainEqual(expect.objectContaining({ tier: "high", sentence }));
  });
});

describe("restricted", () => {
  it.each([["regulated"], ["financial-decision"], ["permission-decision"], ["legal-terms"], ["irreversible-action"]])(
    "data class %s",
    (each) => {
      const comparison = buildComparison(null, writeRecord({ dataClasses: [each] }));
      expect(classifyRoute(comparison)).toMatchObject({
        tier: "restricted",
        triggers: expect.arrayContaining(["data"]),
      });
      expect(idsOf(comparison)).toContain("restricted-data");
    },
  );

  it.each<[string, RouteComparison, string, string]>([
    [
      "a data class that was not approved",
      buildComparison(approved, writeRecord({ dataClasses: ["public", "customer", "personal"] })),
      "data-class-added",
      "data classes changed from customer, public to customer, personal, public: personal added",
    ],
    [
      "an approved data class that disappears",
      buildComparison(approved, writeRecord({ dataClasses: ["public"] })),
      "data-class-removed",
      "data classes changed from customer, public to public: customer removed",
    ],
    [
      "another region",
      buildComparison(approved, candidate({ region: "us" })),
      "region-boundary-changed",
      "region changed from eu to us",
    ],
    [
      "another geography of the inference profile",
      buildComparison(
        null,
        writeRecord({
          baseline: writeBundle({ provider: "bedrock", model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" }),
          candidate: writeBundle({ provider: "bedrock", model: "global.anthropic.claude-sonnet-4-5-20250929-v1:0" }),
        }),
      ),
      "region-boundary-changed",
      "the model's geography changed from us to global",
    ],
  ])("%s", (_name, comparison, id, sentence) => {
    expect(classifyRoute(comparison).tier).toBe("restricted");
    expect(sentenceOf(comparison, id)).toBe(sentence);
  });
});

describe("nothing lowers what was required", () => {
  it("a first declaration is judged by what it says, not as an addition", () => {
    const before = writeRecord({ dataClasses: undefined });
    expect(idsOf(buildComparison(before, approved))).not.toContain("data-class-added");
  });

  it("a restricted class that the head leaves out still counts through base and approved", () => {
    const before = writeRecord({ dataClasses: ["regulated"] });
    const comparison = buildComparison(
      before,
      writeRecord({ dataClasses: ["public"], candidate: writeBundle({ timeoutMs: 1 }) }),
    );
    expect(idsOf(comparison)).toEqual(expect.arrayContaining(["data-class-removed", "restricted-data"]));
    const atBase = { ...buildComparison(null, approved), base: buildContent(before).state.file.record };
    expect(idsOf(atBase)).toContain("restricted-data");
  });

  it("a guardrail loosened in a rollback is still high", () => {
    const merged = writeRecord({ ...writeStatus("rolled-back"), guardrails: writtenGuardrails.slice(1) });
    expect(classifyRoute(buildComparison(approved, merged, { live: buildLive() })).tier).toBe("high");
  });

  it("a data class removed in a draft after a rollback is still restricted", () => {
    const merged = writeRecord({ ...writeStatus("draft"), dataClasses: [] });
    const comparison = buildComparison(writeRecord(writeStatus("rolled-back")), merged, { latch: buildLatch() });
    expect(classifyRoute(comparison).tier).toBe("restricted");
  });

  it("drafting before the flag exists asks nobody but the file's owner", () => {
    const before = writeRecord({ ...writeStatus("draft"), dataClasses: ["regulated"] });
    expect(classifyRoute(buildComparison(before, writeRecord(writeStatus("draft")))).tier).toBe("low");
  });

  it("what drafts dropped before the flag exists is judged when exposure is asked for", () => {
    const first = buildContent(writeRecord({ ...writeStatus("draft"), dataClasses: ["regulated"] }));
    const comparison = buildComparison(writeRecord(writeStatus("draft")), approved, { earlier: [first] });
    expect(idsOf(comparison)).toEqual(expect.arrayContaining(["data-class-removed", "restricted-data"]));
  });

  it("words on a route that was rolled back are a re-entry, not metadata", () => {
    const comparison = buildComparison(approved, writeRecord({ description: "again" }), { latch: buildLatch() });
    expect(idsOf(comparison)).toContain("internal-exposure");
  });

  it("an earlier stage for another candidate is no rollback", () => {
    const merged = writeRecord({ candidate: writeBundle({ timeoutMs: 1 }) });
    const comparison = buildComparison(writeRecord(writeStatus("approved-for-customer-canary")), merged, {
      live: buildLive({ stage: "customer-canary" }),
    });
    expect(idsOf(comparison)).not.toContain("rollback");
  });

  it("outside production restricted data keeps its tier", () => {
    const comparison = buildComparison(null, writeRecord({ dataClasses: ["regulated"] }), { isProduction: false });
    expect(classifyRoute(comparison).tier).toBe("restricted");
  });

  it.each<[string, string[], string[]]>([
    ["the proven default may become the baseline without being new", [], ["rollback"]],
    [
      "those who were excluded get it as the new baseline: that is customer exposure",
      ["regulated-region"],
      ["customer-exposure", "rollback"],
    ],
  ])("%s", (_name, excluded, expected) => {
    const proven = writeBundle({ parameters: { temperature: 0.3 } });
    const merged = writeRecord({ ...writeStatus("retired"), baseline: proven, candidate: undefined });
    const live = buildLive({ stage: "default", candidateDigest: resolve(merged).baselineDigest, excluded });
    const approved = writeRecord(writeStatus("approved-as-default"));
    expect(idsOf(buildComparison(approved, merged, { live }))).toEqual(expected);
  });

  it("an unreadable prompt file counts as changed", () => {
    const comparison = buildComparison(approved, approved, { texts: {} });
    expect(idsOf(comparison)).toContain("prompt-changed");
  });
});

describe("declared risks and the policy's own rules", () => {
  it.each([
    ["cost", "cost"],
    ["latency", "latency"],
    ["quality", "quality"],
    ["safety", "data"],
    ["data", "data"],
    ["support", "quality"],
  ])("a declared %s risk asks for the role of %s", (kind, trigger) => {
    const { fired } = classifyRoute(buildComparison(null, writeRecord({ risks: { [kind]: "words" } })));
    expect(fired.find((rule) => rule.id === "declared-risk")).toMatchObject({ tier: "medium", triggers: [trigger] });
  });

  it("a risk that the head leaves out still asks", () => {
    const { fired } = classifyRoute(
      buildComparison(writeRecord({ risks: { cost: "x" } }), candidate({ timeoutMs: 1 })),
    );
    expect(fired.find((rule) => rule.id === "declared-risk")?.sentence).toBe(
      "cost risk declared: declared earlier, no longer in the file",
    );
  });

  const when = { workflows: [], paths: [], dataClasses: [], fields: [] };
  it.each([
    ["of its workflow", { ...when, workflows: ["support-answer"] }, true],
    ["of another workflow", { ...when, workflows: ["billing"] }, false],
    ["of its path", { ...when, paths: ["model-routes/support/**"] }, true],
    ["of another path", { ...when, paths: ["model-routes/billing/**"] }, false],
    ["of its data", { ...when, dataClasses: ["customer"] }, true],
    ["of a field that changed", { ...when, fields: ["candidate"] }, true],
    ["of a field that did not change", { ...when, fields: ["registry"] }, false],
  ])("a policy rule %s applies: %#", (_name, condition, applies) => {
    const rule = { id: "ours", tier: "restricted" as const, triggers: ["data"], why: "ours", when: condition };
    const comparison = buildComparison(null, approved, { policy: buildPolicy({ tierRules: [rule] }) });
    expect(idsOf(comparison).includes("ours")).toBe(applies);
  });
});

describe("properties", () => {
  const patches: readonly Written[] = [
    { candidate: writeBundle({ provider: "azure" }) },
    { candidate: writeBundle({ region: "us" }) },
    { candidate: writeBundle({ toolPolicy: "all" }) },
    { guardrails: writtenGuardrails.slice(2) },
    { exposure: { plan: writtenPlan } },
    { rollback: undefined },
    { risks: { cost: "x" } },
    { description: "words" },
    writeStatus("approved-for-customer-canary"),
  ];
  const classes = ["public", "internal", "customer", "personal", "regulated", "financial-decision", "legal-terms"];

  it("declaring one more data class never lowers the tier", () => {
    fc.assert(
      fc.property(
        fc.subarray(classes, { minLength: 1 }),
        fc.constantFrom(...classes),
        fc.subarray([...patches]),
        (some, more, chosen) => {
          const record = Object.assign({}, ...chosen) as Written;
          const before = buildComparison(null, writeRecord({ ...record, dataClasses: some }));
          const after = buildComparison(null, writeRecord({ ...record, dataClasses: [...new Set([...some, more])] }));
          expect(atLeast(tiers, classifyRoute(after).tier, classifyRoute(before).tier)).toBe(true);
        },
      ),
      { numRuns: 100, seed: 5 },
    );
  });

  it("a further rule of the policy never lowers the tier", () => {
    const when = { workflows: [], paths: [], dataClasses: [], fields: [] };
    fc.assert(
      fc.property(fc.constantFrom(...tiers), fc.subarray([...patches]), fc.boolean(), (tier, chosen, isProduction) => {
        const merged = writeRecord(Object.assign({}, ...chosen) as Written);
        const rule = { id: "more", tier, triggers: [], why: "more", when };
        const before = classifyRoute(buildComparison(approved, merged, { isProduction }));
        const after = classifyRoute(
          buildComparison(approved, merged, { isProduction, policy: buildPolicy({ tierRules: [rule] }) }),
        );
        expect(atLeast(tiers, after.tier, before.tier)).toBe(true);
      }),
      { numRuns: 100, seed: 6 },
    );
  });

  it("splitting a change into two pull requests never asks for less than the change at once", () => {
    fc.assert(
      fc.property(fc.subarray([...patches], { minLength: 1 }), fc.subarray([...patches]), (whole, part) => {
        const first = whole.filter((patch) => part.includes(patch));
        const end = writeRecord(Object.assign({}, ...whole) as Written);
        const middle = writeRecord(Object.assign({}, ...first) as Written);
        const live = buildLive();
        const atOnce = classifyRoute(buildComparison(approved, end, { live }));
        const one = classifyRoute(buildComparison(approved, middle, { live }));
        const two = classifyRoute(buildComparison(middle, end, { live }));
        const highest = atLeast(tiers, one.tier, two.tier) ? one.tier : two.tier;
        expect(atLeast(tiers, highest, atOnce.tier)).toBe(true);
        const asked = new Set([...one.triggers, ...two.triggers]);
        expect(atOnce.triggers.filter((trigger) => !asked.has(trigger))).toEqual([]);
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  it("every rule of the table is tried above or in the governance test", () => {
    expect(ruleTable.map((rule) => rule.id).toSorted()).toMatchInlineSnapshot(`
      [
        "candidate-added",
        "cost-profile-changed",
        "customer-exposure",
        "data-class-added",
        "data-class-removed",
        "declared-risk",
        "draft-only",
        "endpoint-changed",
        "evidence-only",
        "fallback-added",
        "fallback-removed",
        "governance-changed",
        "guardrail-loosened",
        "internal-exposure",
        "latency-profile-changed",
        "metadata-only",
        "model-family-changed",
        "model-unpinned",
        "model-version-changed",
        "non-production-only",
        "parameters-changed",
        "prompt-changed",
        "provider-switched",
        "region-boundary-changed",
        "restricted-data",
        "retries-changed",
        "retrieval-changed",
        "rollback",
        "rollback-changed",
        "stage-skipped",
        "timeout-changed",
        "tool-policy-changed",
      ]
    `);
  });

  it.each([
    [null, "internal-canary", []],
    [null, "customer-canary", ["internal-canary"]],
    ["internal-canary", "default", ["customer-canary", "ab-comparison"]],
    ["shadow", "internal-canary", []],
    ["default", "internal-canary", []],
  ] as const)("from %s to %s leaves out %j", (from, to, skipped) => {
    expect(listSkippedStages(from, to)).toEqual(skipped);
  });
});
