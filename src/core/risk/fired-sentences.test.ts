import { describe, expect, it } from "vitest";
import { placeOf } from "../routes/route-file.ts";
import {
  buildComparison,
  buildLive,
  buildPolicy,
  readRoute,
  writeBundle,
  writeRecord,
  writeStatus,
  writtenGuardrails,
  type Written,
} from "../verdict/test-builders.ts";
import { classifyGovernance } from "./classify-governance.ts";
import { classifyRoute } from "./classify-route.ts";
import { listLoosenings } from "./compare-guardrails.ts";
import type { RouteComparison } from "./route-comparison.ts";
import { showValue } from "./show-value.ts";

const approved = writeRecord();
const live = buildLive();

/** A rule as a reviewer sees it: id, difference, the field on whose line it stands, sentence. */
type Shown = readonly [id: string, difference: string, field: string, sentence: string];

it.each<[string, RouteComparison, readonly Shown[]]>([
  [
    "the first internal canary",
    buildComparison(null, approved),
    [
      [
        "candidate-added",
        "approved-to-merged",
        "candidate",
        "candidate gpt-4o-2024-08-06 added; nothing of this flag was approved before",
      ],
      ["internal-exposure", "live-to-asked", "approval.status", "internal-canary entered, from no exposure"],
    ],
  ],
  [
    "the customer canary at once",
    buildComparison(null, writeRecord(writeStatus("approved-for-customer-canary"))),
    [
      [
        "customer-exposure",
        "live-to-asked",
        "approval.status",
        "customer stage entered: from no exposure to customer-canary",
      ],
      [
        "stage-skipped",
        "live-to-asked",
        "approval.status",
        "from no exposure to customer-canary without internal-canary",
      ],
    ],
  ],
  [
    "a/b from the internal canary",
    buildComparison(approved, writeRecord(writeStatus("approved-for-ab-comparison")), { live }),
    [
      [
        "customer-exposure",
        "live-to-asked",
        "approval.status",
        "customer stage entered: from internal-canary to ab-comparison",
      ],
      [
        "stage-skipped",
        "live-to-asked",
        "approval.status",
        "from internal-canary to ab-comparison without customer-canary",
      ],
    ],
  ],
  [
    "a way back to the baseline",
    buildComparison(approved, writeRecord(writeStatus("rolled-back")), { live }),
    [
      [
        "rollback",
        "live-to-asked",
        "approval.status",
        "status rolled-back: from internal-canary to baseline for everyone",
      ],
    ],
  ],
  [
    "a way back of a flag that serves nobody",
    buildComparison(approved, writeRecord(writeStatus("rejected"))),
    [["rollback", "live-to-asked", "approval.status", "status rejected: from no stage to baseline for everyone"]],
  ],
  [
    "a way back to an earlier stage",
    buildComparison(writeRecord(writeStatus("approved-for-customer-canary")), approved, {
      live: buildLive({ stage: "customer-canary" }),
    }),
    [["rollback", "live-to-asked", "approval.status", "exposure shrinks from customer-canary to internal-canary"]],
  ],
  [
    "a data class more and one less",
    buildComparison(approved, writeRecord({ dataClasses: ["public", "personal"] }), { live }),
    [
      [
        "data-class-added",
        "approved-to-merged",
        "dataClasses",
        "data classes changed from customer, public to personal, public: personal added",
      ],
      [
        "data-class-removed",
        "approved-to-merged",
        "dataClasses",
        "data classes changed from customer, public to personal, public: customer removed",
      ],
    ],
  ],
  [
    "data classes that are no longer declared",
    buildComparison(approved, writeRecord({ dataClasses: null }), { live }),
    [
      [
        "data-class-removed",
        "approved-to-merged",
        "dataClasses",
        "data classes changed from customer, public to nothing: customer, public removed",
      ],
    ],
  ],
  [
    "a guardrail that is gone",
    buildComparison(approved, writeRecord({ guardrails: writtenGuardrails.slice(1) }), { live }),
    [["guardrail-loosened", "approved-to-merged", "guardrails", "guardrail quality (quality, >= 0.85) removed"]],
  ],
  [
    "restricted data at an exposure stage",
    buildComparison(approved, writeRecord({ dataClasses: ["regulated", "legal-terms", "public"] }), { live }),
    [["restricted-data", "approved-to-merged", "dataClasses", "data classes legal-terms, regulated"]],
  ],
  [
    "a candidate where there was none",
    buildComparison(writeRecord({ candidate: null, ...writeStatus("draft") }), approved),
    [
      [
        "candidate-added",
        "approved-to-merged",
        "candidate",
        "candidate gpt-4o-2024-08-06 added; before there was no candidate",
      ],
    ],
  ],
  [
    "a candidate that was only a draft",
    buildComparison(writeRecord(writeStatus("draft")), approved),
    [
      [
        "candidate-added",
        "approved-to-merged",
        "candidate",
        "candidate gpt-4o-2024-08-06 added; no exposure of this flag was approved before",
      ],
    ],
  ],
  [
    "two stages that are skipped",
    buildComparison(null, writeRecord(writeStatus("approved-for-ab-comparison"))),
    [
      [
        "stage-skipped",
        "live-to-asked",
        "approval.status",
        "from no exposure to ab-comparison without internal-canary and customer-canary",
      ],
    ],
  ],
  [
    "the shadow",
    buildComparison(null, writeRecord(writeStatus("approved-for-shadow"))),
    [["internal-exposure", "live-to-asked", "approval.status", "shadow entered, from no exposure"]],
  ],
  [
    "a risk that the author names",
    buildComparison(approved, writeRecord({ risks: { safety: "might offend" } }), { live }),
    [["declared-risk", "approved-to-merged", "risks.safety", "safety risk declared: might offend"]],
  ],
  [
    "another baseline and another candidate, each on its own line",
    buildComparison(
      approved,
      writeRecord({ baseline: writeBundle({ timeoutMs: 1 }), candidate: writeBundle({ maxRetries: 5 }) }),
      { live },
    ),
    [
      ["timeout-changed", "approved-to-merged", "baseline.timeoutMs", "timeout changed from 8000 ms to 1 ms"],
      ["retries-changed", "approved-to-merged", "candidate.maxRetries", "retries changed from 1 to 5"],
    ],
  ],
])("%s is shown with its sentence, on its line", (_name, comparison, expected) => {
  const { fired } = classifyRoute(comparison);
  const shown = fired.map(({ id, difference, sentence, place }) => ({ id, difference, sentence, place }));
  const { file } = comparison.merged.state;
  for (const [id, difference, field, sentence] of expected) {
    expect(shown).toContainEqual({ id, difference, sentence, place: placeOf(file, field) });
  }
});

describe("which rules fire at all", () => {
  const idsOf = (comparison: RouteComparison): string[] => [
    ...new Set(classifyRoute(comparison).fired.map(({ id }) => id)),
  ];
  const other = writeRecord({ candidate: writeBundle({ timeoutMs: 9000 }) });

  it.each<[string, RouteComparison, string, boolean]>([
    [
      "no stage is entered that is live already",
      buildComparison(approved, other, {
        live: buildLive({ candidateDigest: buildComparison(null, other).merged.state.candidateDigest }),
      }),
      "internal-exposure",
      false,
    ],
    ["another candidate enters its stage anew", buildComparison(approved, other, { live }), "internal-exposure", true],
    ["a known candidate is not added again", buildComparison(approved, other, { live }), "candidate-added", false],
    [
      "a candidate is added where there was none",
      buildComparison(writeRecord({ candidate: null, ...writeStatus("draft") }), approved),
      "candidate-added",
      true,
    ],
    [
      "no rule looks at restricted data while the candidate is only tested",
      buildComparison(null, writeRecord({ dataClasses: ["regulated"], ...writeStatus("approved-for-testing") })),
      "restricted-data",
      false,
    ],
    [
      "nor while it is a draft",
      buildComparison(null, writeRecord({ dataClasses: ["regulated"], ...writeStatus("draft") })),
      "restricted-data",
      false,
    ],
    [
      "no stage is entered by offline evaluation",
      buildComparison(null, writeRecord(writeStatus("approved-for-testing"))),
      "internal-exposure",
      false,
    ],
    [
      "a first declaration of data classes is no addition",
      buildComparison(writeRecord({ dataClasses: null }), approved, { live }),
      "data-class-added",
      false,
    ],
  ])("%s", (_name, comparison, id, fires) => {
    expect(idsOf(comparison).includes(id)).toBe(fires);
  });
});

it("a rule of the policy's own is shown with its reason and the triggers that there are", () => {
  const when = { workflows: ["other", "support-answer"], paths: [], dataClasses: [], fields: [] };
  const rule = { id: "ours", tier: "restricted" as const, triggers: ["data", "unknown"], why: "we said so", when };
  const comparison = buildComparison(approved, writeRecord({ candidate: writeBundle({ timeoutMs: 9000 }) }), {
    live,
    policy: buildPolicy({ tierRules: [rule] }),
  });
  expect(classifyRoute(comparison).fired.find(({ id }) => id === "ours")).toEqual({
    id: "ours",
    tier: "restricted",
    triggers: ["data"],
    sentence: "policy rule: we said so",
    place: placeOf(comparison.merged.state.file, ""),
    difference: "pull-request",
  });
});

describe("prices", () => {
  const price = (pricing: Written | null): Written =>
    writeRecord({
      candidate: writeBundle({ parameters: { temperature: 0.3 }, ...(pricing === null ? {} : { pricing }) }),
    });
  const costOf = (before: Written | null, after: Written | null): string[] =>
    classifyRoute(buildComparison(price(before), price(after), { live }))
      .fired.filter(({ id, difference }) => id === "cost-profile-changed" && difference === "approved-to-merged")
      .map(({ sentence }) => sentence);

  it.each<[string, Written | null, Written | null, string[]]>([
    ["none before and after is no change", null, null, []],
    ["the same price is no change", { inputPerMTok: 1, outputPerMTok: 2 }, { inputPerMTok: 1, outputPerMTok: 2 }, []],
    ["ten percent more is no change", { inputPerMTok: 1 }, { inputPerMTok: 1.1 }, []],
    ["ten percent less is no change", { inputPerMTok: 1 }, { inputPerMTok: 0.9 }, []],
    [
      "more than ten percent is a change",
      { inputPerMTok: 1 },
      { inputPerMTok: 1.11 },
      ["declared price (input, per million tokens) changed from $1 to $1.11"],
    ],
    [
      "the price of output counts as well",
      { inputPerMTok: 1, outputPerMTok: 2 },
      { inputPerMTok: 1, outputPerMTok: 3 },
      ["declared price (output, per million tokens) changed from $2 to $3"],
    ],
    [
      "a first price is a change",
      null,
      { inputPerMTok: 1 },
      ["declared price (input, per million tokens) changed from nothing to $1"],
    ],
    [
      "a price that is gone is a change",
      { outputPerMTok: 1 },
      null,
      ["declared price (output, per million tokens) changed from $1 to nothing"],
    ],
    [
      "from nothing to something has no ratio and is a change",
      { inputPerMTok: 0 },
      { inputPerMTok: 0.1 },
      ["declared price (input, per million tokens) changed from $0 to $0.1"],
    ],
  ])("%s", (_name, before, after, sentences) => {
    expect(costOf(before, after)).toEqual(sentences);
  });
});

describe("loosened guardrails say what was eased", () => {
  const read = (changes: Written) =>
    readRoute(writeRecord({ guardrails: [{ name: "g", category: "quality", metric: "m", ...changes }] })).record
      .guardrails;

  it.each<[string, Written, Written, string[]]>([
    [
      "two bounds that are gone with their guardrail",
      { threshold: "<= 2", margin: "<= baseline + 1%" },
      { name: "h", threshold: "<= 2" },
      ["guardrail g (quality, <= 2 and <= baseline + 1%) removed"],
    ],
    [
      "one bound that is gone with it",
      { margin: "<= baseline + 1%" },
      { name: "h", threshold: "<= 2" },
      ["guardrail g (quality, <= baseline + 1%) removed"],
    ],
    [
      "a window that is gone",
      { threshold: "<= 2", window: "1h" },
      { threshold: "<= 2" },
      ["guardrail g: window cut from 60 min to nothing"],
    ],
    [
      "a shorter window",
      { threshold: "<= 2", window: "2h" },
      { threshold: "<= 2", window: "90m" },
      ["guardrail g: window cut from 120 min to 90 min"],
    ],
    ["a first window is stricter", { threshold: "<= 2" }, { threshold: "<= 2", window: "1h" }, []],
    [
      "fewer samples",
      { threshold: "<= 2", minSamples: 5 },
      { threshold: "<= 2", minSamples: 4 },
      ["guardrail g: samples cut from 5 to 4"],
    ],
    [
      "samples that nobody counts any more",
      { threshold: "<= 2", minSamples: 5 },
      { threshold: "<= 2" },
      ["guardrail g: samples cut from 5 to nothing"],
    ],
    [
      "another category",
      { threshold: "<= 2" },
      { threshold: "<= 2", category: "segment" },
      ["guardrail g: category changed from quality to segment"],
    ],
    [
      "other parameters of the query",
      { threshold: "<= 2", parameters: { a: "1" } },
      { threshold: "<= 2", parameters: { a: "2" } },
      ['guardrail g: query parameters changed from {"a":"1"} to {"a":"2"}'],
    ],
    [
      "missing data that counts as good",
      { threshold: "<= 2" },
      { threshold: "<= 2", absentIs: 0 },
      ["guardrail g: missing data counts as 0, before as nothing"],
    ],
    [
      "missing data that counts as better",
      { threshold: "<= 2", absentIs: 1 },
      { threshold: "<= 2", absentIs: 0 },
      ["guardrail g: missing data counts as 0, before as 1"],
    ],
    [
      "a breach that only pauses",
      { threshold: "<= 2", onBreach: "rollback" },
      { threshold: "<= 2" },
      ["guardrail g: a breach only pauses, before it rolled back"],
    ],
    [
      "another query",
      { threshold: "<= 2" },
      { threshold: "<= 2", metric: "n" },
      ["guardrail g: query changed from m to n"],
    ],
  ])("%s", (_name, before, after, sentences) => {
    expect(listLoosenings(read(before), read(after), { onBreach: "pause" }).map(({ sentence }) => sentence)).toEqual(
      sentences,
    );
  });

  it("stands on the list of guardrails when it is gone", () => {
    expect(listLoosenings(read({ threshold: "<= 2" }), [], { onBreach: "pause" })).toMatchObject([
      { field: "guardrails", category: "quality" },
    ]);
  });
});

it("a change of the rules is shown for each of their files by name, old names included", () => {
  const changes = [
    { path: "docs/b.md", previousPath: ".github/roles/x/CODE", status: "renamed" as const },
    { path: ".github/CODEOWNERS", previousPath: null, status: "modified" as const },
  ];
  const found = classifyGovernance(changes);
  expect(found?.paths).toEqual([".github/CODEOWNERS", ".github/roles/x/CODE"]);
  expect(found?.fired.map(({ sentence, place, difference }) => [sentence, place, difference])).toEqual([
    ["the rules change: .github/CODEOWNERS", { path: ".github/CODEOWNERS", line: 1, column: 1 }, "pull-request"],
    ["the rules change: .github/roles/x/CODE", { path: ".github/roles/x/CODE", line: 1, column: 1 }, "pull-request"],
  ]);
});

it.each<[string, unknown, string]>([
  ["nothing", null, "nothing"],
  ["what is absent", undefined, "nothing"],
  ["an empty list", [], "nothing"],
  ["a list", ["a", "b"], '["a","b"]'],
  ["a number", 0, "0"],
  ["text over lines", "a \n\t b", "a b"],
  ["what has no form in JSON", () => 1, "nothing"],
])("a reviewer reads %s in a sentence", (_name, value, shown) => {
  expect(showValue(value)).toBe(shown);
});
