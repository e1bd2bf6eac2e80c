import { describe, expect, it } from "vitest";
import type { FileFacts, Measurement } from "../facts.ts";
import type { Stage } from "../scales.ts";
import {
  binding,
  buildApproved,
  buildChange,
  buildFacts,
  buildLatch,
  buildLive,
  buildRehearsal,
  buildSnapshot,
  codeownersText,
  evidencePath,
  judgeRouteOf,
  policyText,
  resolve,
  routePath,
  writeBundle,
  writeEvidence,
  writeFiles,
  writeRecord,
  writeStatus,
  writtenGuardrails,
  writtenPlan,
  type Written,
} from "./test-builders.ts";

const gateIds = (facts: FileFacts): readonly string[] => judgeRouteOf(facts).gates.map(({ gate }) => gate);
const ruleIds = (facts: FileFacts): readonly string[] => judgeRouteOf(facts).classification.fired.map(({ id }) => id);

/** The same text for each path of a policy with these additions. */
const withPolicy = (changes: Written): Pick<FileFacts, "policy"> => ({
  policy: {
    kind: "text",
    path: ".github/routeward.yml",
    text: JSON.stringify({ ...(JSON.parse(policyText) as Written), ...changes }),
  },
});
const atCustomer: Partial<FileFacts> = {
  approved: [buildApproved(writeRecord(writeStatus("approved-for-customer-canary")))],
  live: [buildLive({ stage: "customer-canary", step: 2, share: 25 })],
};
const customer = (changes: Written = {}): Written =>
  writeRecord({ ...writeStatus("approved-for-customer-canary"), ...changes });
const loosened: Written = { guardrails: writtenGuardrails.slice(1) };

describe("gates are asked", () => {
  const evidenceOnly: Partial<FileFacts> = {
    changes: {
      complete: true,
      files: [
        { path: routePath, previousPath: null, status: "modified" },
        { path: evidencePath, previousPath: null, status: "modified" },
      ],
    },
  };
  it.each<[string, FileFacts, string, boolean]>([
    ["for a first exposure", buildFacts(), "candidate-added", true],
    ["for the next stage", buildChange(customer()), "customer-exposure", true],
    [
      "for an edit of what protects the stage that is live",
      buildChange(writeRecord(loosened)),
      "guardrail-loosened",
      true,
    ],
    [
      "for an offline evaluation",
      buildFacts({ head: buildSnapshot(writeFiles(writeRecord(writeStatus("approved-for-testing")))) }),
      "draft-only",
      true,
    ],
    [
      "not for a draft",
      buildFacts({ head: buildSnapshot(writeFiles(writeRecord(writeStatus("draft")))) }),
      "draft-only",
      false,
    ],
    ["not for words", buildChange(writeRecord({ description: "new" })), "metadata-only", false],
    ["not for evidence", buildChange(writeRecord(), evidenceOnly), "evidence-only", false],
    ["not for a rollback", buildChange(writeRecord(writeStatus("rolled-back"))), "rollback", false],
    [
      "not for an earlier stage",
      buildChange(writeRecord(), { ...atCustomer, approved: [buildApproved(customer())] }),
      "rollback",
      false,
    ],
    [
      "not for a rollback that loosens a guardrail too",
      buildChange(writeRecord({ ...writeStatus("rolled-back"), ...loosened })),
      "guardrail-loosened",
      false,
    ],
  ])("%s", (_name, facts, rule, asked) => {
    expect(ruleIds(facts)).toContain(rule);
    expect(gateIds(facts).includes("complete-record")).toBe(asked);
  });
});

describe("a freeze holds a change", () => {
  const freeze = [{ name: "launch", cron: "0 0 15 6 *", lasts: "24h", timezone: "UTC" }];
  const frozen = withPolicy({ freeze });
  const narrow = { plan: [{ ...writtenPlan[0] }, { ...writtenPlan[1], steps: [5] }, ...writtenPlan.slice(2)] };
  it.each<[string, FileFacts, string | undefined]>([
    ["that enters the first stage", buildFacts(frozen), "waiting"],
    ["that enters the next stage", buildChange(customer(), frozen), "waiting"],
    [
      "of the candidate",
      buildChange(writeRecord({ candidate: writeBundle({ parameters: { temperature: 0.9 } }) }), frozen),
      "waiting",
    ],
    [
      "that raises the share",
      buildChange(customer(), {
        ...frozen,
        ...atCustomer,
        approved: [buildApproved(customer({ exposure: { ...narrow, excluded: ["regulated-region"] } }))],
      }),
      "waiting",
    ],
    [
      "of the internal audience",
      buildChange(
        writeRecord({
          exposure: { plan: [{ stage: "internal-canary", audience: "staff" }], excluded: ["regulated-region"] },
        }),
        {
          ...withPolicy({
            freeze,
            audiences: { ...(JSON.parse(policyText) as { audiences: Written }).audiences, staff: { internal: true } },
          }),
        },
      ),
      "waiting",
    ],
    [
      "that enters a stage where it is not production",
      buildFacts({ ...frozen, bindings: [{ ...binding, isProduction: false }] }),
      "waiting",
    ],
    [
      "that enters the next stage where it is not production",
      buildChange(customer(), { ...frozen, bindings: [{ ...binding, isProduction: false }] }),
      "waiting",
    ],
    [
      "unless it stays at its stage where it is not production",
      buildChange(writeRecord(loosened), { ...frozen, bindings: [{ ...binding, isProduction: false }] }),
      undefined,
    ],
    ["unless users see nothing of it", buildChange(writeRecord(loosened), frozen), undefined],
    [
      "unless it is a draft",
      buildFacts({ ...frozen, head: buildSnapshot(writeFiles(writeRecord(writeStatus("draft")))) }),
      undefined,
    ],
    [
      "unless it goes back",
      buildChange(writeRecord(), { ...frozen, ...atCustomer, approved: [buildApproved(customer())] }),
      undefined,
    ],
    ["unless nothing has a meaning", buildChange(writeRecord({ description: "new" }), frozen), undefined],
  ])("%s", (_name, facts, state) => {
    expect(judgeRouteOf(facts).gates.find(({ gate }) => gate === "freeze")?.state).toBe(state);
  });
});

describe("readings are those of the candidate that is live", () => {
  const read = (variation: Measurement["variation"], value: number, samples = 1000): Measurement => ({
    guardrail: "latency",
    variation,
    at: "2026-06-15T09:59:00.000Z",
    outcome: { kind: "value", value, samples },
  });
  const readings = [read("candidate", 1.5), read("baseline", 1.4)];
  const latencyOf = (facts: FileFacts): string | undefined =>
    judgeRouteOf(facts).guardrails.find(({ guardrail }) => guardrail.name === "latency")?.outcome;
  const measured = { measurements: { "prod/support_answer": readings } };
  it.each<[string, FileFacts, string]>([
    ["while it is", buildChange(customer(), measured), "pass"],
    [
      "not another binding's",
      buildChange(customer(), { measurements: { "eu/support_answer": readings } }),
      "inconclusive",
    ],
    [
      "not another flag's",
      buildChange(customer(), { measurements: { "prod/support_other": readings } }),
      "inconclusive",
    ],
    [
      "not another candidate's",
      buildChange(customer({ candidate: writeBundle({ parameters: { temperature: 0.9 } }) }), measured),
      "inconclusive",
    ],
    [
      "not those from before a rollback",
      buildChange(customer(), { ...measured, latches: [buildLatch()] }),
      "inconclusive",
    ],
    ["none before the first exposure", buildFacts(measured), "inconclusive"],
  ])("%s", (_name, facts, outcome) => {
    expect(latencyOf(facts)).toBe(outcome);
  });

  it("and say nothing where the arms have other sizes than the live share", () => {
    const uneven = { measurements: { "prod/support_answer": [read("candidate", 1.5, 9000), read("baseline", 1.4)] } };
    const change = buildChange(customer(loosened), { ...atCustomer, ...uneven });
    expect(latencyOf(change)).toBe("inconclusive");
    expect(
      latencyOf(
        buildChange(customer(loosened), {
          ...atCustomer,
          ...measured,
          live: [buildLive({ stage: "customer-canary", share: 50 })],
        }),
      ),
    ).toBe("pass");
  });
});

describe("a candidate that was rolled back for a breach", () => {
  const { candidateDigest } = resolve(writeRecord());
  const [early, late] = ["2026-06-13T10:00:00.000Z", "2026-06-14T10:00:00.000Z"];
  const breached = (at: Record<string, string>): Partial<FileFacts> => ({
    breached: [{ binding: "prod", flagKey: "support_answer", at }],
  });
  const own = candidateDigest ?? "";
  it.each<[string, Partial<FileFacts>, string | null]>([
    ["is unknown while nothing was rolled back", {}, null],
    ["is told by the latch", { latches: [buildLatch({ at: late })] }, late],
    ["is not told by a latch of somebody's command", { latches: [buildLatch({ cause: "command" })] }, null],
    [
      "is not told by a latch of another candidate",
      { latches: [buildLatch({ candidateDigest: "sha256:other" })] },
      null,
    ],
    ["is remembered when the latch is released", breached({ [own]: early }), early],
    ["is not another candidate", breached({ "sha256:other": early }), null],
    [
      "is remembered beside a latch for another reason",
      { ...breached({ [own]: early }), latches: [buildLatch({ cause: "command" })] },
      early,
    ],
    [
      "counts from the latch when that is later",
      { ...breached({ [own]: early }), latches: [buildLatch({ at: late })] },
      late,
    ],
    [
      "counts from what is remembered when that is later",
      { ...breached({ [own]: late }), latches: [buildLatch({ at: early })] },
      late,
    ],
  ])("%s", (_name, facts, at) => {
    const gate = judgeRouteOf(buildFacts(facts)).gates.find((each) => each.gate === "evidence-after-breach");
    expect(gate?.text.match(/\d{4}-[^ ]*Z/)?.[0] ?? null).toBe(at);
  });
});

describe("a route says what its later stages will need", () => {
  const roles = "approval of product-owner, ai-platform-owner";
  const soaked = (stage: Stage, time: string): string => `${stage} soaked for ${time}`;
  const passing = "all guardrails passing";
  const laterOf = (facts: FileFacts): readonly string[] =>
    judgeRouteOf(facts).later.map(({ stage, needs }) => `${stage}: ${needs.join("; ")}`);
  const written = (changes: Written): Partial<FileFacts> => ({ head: buildSnapshot(writeFiles(writeRecord(changes))) });
  const customerNeeds = `customer-canary: ${roles}, release-owner; ${soaked("internal-canary", "24 h")}; ${passing}`;
  const comparisonNeeds = `ab-comparison: ${roles}, release-owner; ${soaked("customer-canary", "48 h")}; ${passing}`;
  const launch = "ab-result or canary-report: no evidence that counts";
  const defaultNeeds = `default: ${roles}, release-owner; ${launch}; ${soaked("ab-comparison", "7 d")}; ${passing}`;
  const internalNeeds = `internal-canary: ${roles}`;
  it.each<[string, FileFacts, readonly string[]]>([
    [
      "all stages of a draft",
      buildFacts(written(writeStatus("draft"))),
      [internalNeeds, customerNeeds, comparisonNeeds, defaultNeeds],
    ],
    ["those after the asked one", buildFacts(), [customerNeeds, comparisonNeeds, defaultNeeds]],
    ["none after the last one", buildFacts(written(writeStatus("approved-as-default"))), []],
    [
      "only those that are planned",
      buildFacts(written({ ...writeStatus("draft"), exposure: { plan: writtenPlan.slice(0, 1) } })),
      [internalNeeds],
    ],
    ["none without a candidate", buildFacts(written({ ...writeStatus("draft"), candidate: undefined })), []],
    ["none of a route that is retired", buildChange(writeRecord(writeStatus("retired"))), []],
    [
      "after a rollback all over again",
      buildChange(writeRecord(writeStatus("rolled-back"))),
      [internalNeeds, customerNeeds, comparisonNeeds, defaultNeeds],
    ],
    [
      "after a step back the stage that was left",
      buildChange(writeRecord(), { ...atCustomer, approved: [buildApproved(customer())] }),
      [customerNeeds, comparisonNeeds, defaultNeeds],
    ],
    [
      "what is missing now is not said again, and what a later stage misses only once",
      buildFacts(written({ guardrails: [], improvement: undefined, dataClasses: undefined })),
      [
        `customer-canary: ${roles}, release-owner; no guardrail covers quality, latency, cost, fallback, safety, business; \`dataClasses\` is not declared; ${soaked("internal-canary", "24 h")}; ${passing}`,
        `ab-comparison: ${roles}, release-owner; ${soaked("customer-canary", "48 h")}; ${passing}; \`improvement\` names no metric for its goal`,
        defaultNeeds,
      ],
    ],
  ])("%s", (_name, facts, later) => {
    expect(laterOf(facts)).toEqual(later);
  });

  it("without a single role nothing is said of approvals", () => {
    const absent = { kind: "text" as const, path: ".github/CODEOWNERS", text: "" };
    for (const { needs } of judgeRouteOf(buildFacts({ codeowners: absent })).later)
      expect(needs.filter((need) => need.startsWith("approval of"))).toHaveLength(1);
  });
});

it("a rehearsal on the live flag says so, done or failed", () => {
  const told = (changes: Parameters<typeof buildRehearsal>[0]): string =>
    judgeRouteOf(buildFacts({ rehearsals: [buildRehearsal(changes)] })).rollback.rehearsal;
  expect(told({ where: "live" })).toBe("rehearsed 2026-06-14T09:00:00.000Z on the live flag, back in 210 ms");
  expect(told({ where: "live", ok: false })).toBe("rehearsal of 2026-06-14T09:00:00.000Z on the live flag failed");
});

describe("an approval is bound to", () => {
  const digestOf = (facts: FileFacts): string | null => judgeRouteOf(facts).contentDigest;
  const files = (changes: Written, more: Readonly<Record<string, string>> = {}): Partial<FileFacts> => ({
    head: buildSnapshot(writeFiles(writeRecord(changes), more)),
  });
  const listed = {
    approval: { status: "approved-for-internal-canary", reviewers: [], evidence: ["eval-1", "eval-2"] },
  };
  const secondPath = evidencePath.replace("eval-1", "eval-2");
  const risks = (text: string): Written => ({ risks: { cost: text } });
  const owners = (text: string): Partial<FileFacts> => ({
    codeowners: { kind: "text", path: ".github/CODEOWNERS", text },
  });
  const draft = writeStatus("draft");
  it.each<[string, "the same" | "another", Partial<FileFacts>, Partial<FileFacts>]>([
    ["the meaning, not to words", "the same", {}, files({ description: "new" })],
    ["the meaning", "another", {}, files({ owner: "others" })],
    ["a risk that is named", "another", {}, files(risks("dear"))],
    ["not the words of a risk", "the same", files(risks("dear")), files(risks("very dear"))],
    ["the files that are named", "another", {}, files({}, { "prompts/v3.md": "Answer rudely." })],
    ["no file that is not named", "the same", {}, files({}, { "prompts/v4.md": "Answer rudely." })],
    ["the evidence that counts", "another", {}, files({}, { [evidencePath]: writeEvidence({ result: 0.95 }) })],
    [
      "the evidence that counts, not to one that stops counting",
      "another",
      {},
      files({}, { [evidencePath]: writeEvidence({ result: 0.1 }) }),
    ],
    [
      "the first record that counts, not to a further one",
      "the same",
      {},
      files(listed, { [secondPath]: writeEvidence({ id: "eval-2", result: 0.99 }) }),
    ],
    [
      "no evidence of a draft",
      "the same",
      files(draft),
      files(draft, { [evidencePath]: writeEvidence({ result: 0.95 }) }),
    ],
    ["the policy", "another", {}, withPolicy({ freeze: [] })],
    ["the owners who are asked", "another", {}, owners(codeownersText.replace("@acme/platform", "@acme/else"))],
    ["no owner who is not asked", "the same", {}, owners(codeownersText.replace("@acme/governance", "@acme/else"))],
    ["the rollback that holds the flag", "another", {}, { latches: [buildLatch()] }],
    [
      "the moment of that rollback",
      "another",
      { latches: [buildLatch()] },
      { latches: [buildLatch({ at: "2026-06-14T11:00:00.000Z" })] },
    ],
  ])("%s", (_name, expected, before, after) => {
    const [one, other] = [digestOf(buildFacts(before)), digestOf(buildFacts(after))];
    expect(one).toMatch(/^sha256:/);
    expect(one === other ? "the same" : "another").toBe(expected);
  });

  it("nothing while the route cannot be judged, whatever it is only warned of", () => {
    const twice = { "model-routes/support/twin.yaml": writeFiles(writeRecord())[routePath] ?? "" };
    expect(digestOf(buildFacts(files({}, twice)))).toBeNull();
    const warned = buildFacts(files({ candidate: writeBundle({ parameters: { temperature: 0.3, temprature: 1 } }) }));
    expect(digestOf(warned)).toMatch(/^sha256:/);
  });
});
