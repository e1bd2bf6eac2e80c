import { describe, expect, it } from "vitest";
import type { Rehearsal, WorkflowRunFacts } from "../facts.ts";
import {
  buildPolicy,
  buildRehearsal,
  buildSnapshot,
  evidencePath,
  readRoute,
  resolve,
  routePath,
  writeEvidence,
  writeRecord,
  type Written,
} from "../verdict/test-builders.ts";
import type { EvidenceFinding, EvidenceRecord } from "./evidence.ts";
import { isRehearsalId, judgeEvidence, type EvidenceContext } from "./judge-evidence.ts";
import { judgeRouteEvidence } from "./judge-route-evidence.ts";

const digest = resolve(writeRecord()).candidateDigest ?? "";
const baselineDigest = resolve(writeRecord()).baselineDigest ?? "";
const at = "2026-06-15T10:00:00.000Z";

const context: EvidenceContext = {
  at,
  flagKey: "support_answer",
  tier: "medium",
  candidateDigest: digest,
  baselineDigest,
  policy: buildPolicy(),
  notBefore: null,
};

const record: EvidenceRecord = {
  id: "eval-1",
  kind: "offline-eval",
  bundle: digest,
  dataset: { name: "golden", digest: null, size: 240 },
  grader: "rubric",
  threshold: ">= 0.85",
  result: 0.9,
  run: "run-1",
  url: null,
  producedAt: "2026-06-14T08:00:00Z",
  producer: null,
  counts: null,
  defects: [],
  format: "native",
  place: { path: evidencePath, line: 1, column: 1 },
};

const counts = (passed: number, failed: number, errored = 0) => ({
  total: passed + failed + errored,
  passed,
  failed,
  errored,
});

describe("what counts", () => {
  it.each<[string, Partial<EvidenceRecord>, Partial<EvidenceContext>, "counts" | "does-not-count", RegExp]>([
    ["the digest without our scheme", { bundle: digest.replace("mrb1:", "") }, {}, "counts", /passed/],
    ["the bare hex digest", { bundle: digest.replace("mrb1:sha256:", "") }, {}, "counts", /passed/],
    [
      "a run of another bundle",
      { bundle: "mrb1:sha256:00" },
      {},
      "does-not-count",
      /^it measured another bundle: mrb1:sha256:00/,
    ],
    [
      "a run that names no bundle, at high",
      { bundle: null },
      { tier: "high" },
      "does-not-count",
      /does not say which bundle/,
    ],
    [
      "a candidate whose files cannot be read",
      {},
      { candidateDigest: null },
      "does-not-count",
      /digest of the candidate is not known/,
    ],
    ["a check of the baseline", { kind: "baseline-check", bundle: baselineDigest }, {}, "counts", /passed/],
    [
      "a check of the baseline that measured the candidate",
      { kind: "baseline-check" },
      {},
      "does-not-count",
      /not the baseline/,
    ],
    [
      "a failed run, whatever it claims",
      { result: 0.84 },
      {},
      "does-not-count",
      /^failed: 0.84 against the record's threshold >= 0.85$/,
    ],
    [
      "the policy's threshold is stricter",
      {},
      { policy: buildPolicy({ evidenceThresholds: { "offline-eval": ">= 0.95" } }) },
      "does-not-count",
      /the policy's threshold >= 0.95/,
    ],
    [
      "the record's threshold is stricter",
      { result: 0.8 },
      { policy: buildPolicy({ evidenceThresholds: { "offline-eval": ">= 0.5" } }) },
      "does-not-count",
      /the record's/,
    ],
    [
      "the policy's threshold alone",
      { threshold: null },
      { policy: buildPolicy({ evidenceThresholds: { "offline-eval": ">= 0.9" } }) },
      "counts",
      /passed/,
    ],
    ["no threshold anywhere", { threshold: null }, {}, "does-not-count", /names a threshold/],
    ["a threshold that cannot be read", { threshold: "good" }, {}, "does-not-count", /cannot be read/],
    ["no result", { result: null }, {}, "does-not-count", /no result/],
    ["a result that is no number", { result: Number.NaN }, {}, "does-not-count", /no result/],
    ["the share of passed samples", { result: null, counts: counts(9, 1) }, {}, "counts", /^passed: 0.9/],
    [
      "the share of no samples",
      { result: null, counts: counts(0, 0) },
      {},
      "does-not-count",
      /^it gives no result that could be recomputed$/,
    ],
    ["no samples", { result: null, threshold: null, counts: counts(0, 0) }, {}, "does-not-count", /no result/],
    ["no dataset", { dataset: null }, {}, "does-not-count", /does not name its dataset/],
    ["no dataset for a report of a canary", { kind: "canary-report", dataset: null }, {}, "counts", /passed/],
    ["a dataset that the policy accepts", {}, { policy: buildPolicy({ datasets: ["golden"] }) }, "counts", /passed/],
    ["no date", { producedAt: null }, {}, "does-not-count", /when it was made/],
    ["a date that is none", { producedAt: "soon" }, {}, "does-not-count", /no readable date/],
    ["thirty days old", { producedAt: "2026-05-16T10:00:00Z" }, {}, "counts", /passed/],
    ["older than the policy accepts", { producedAt: "2026-05-16T09:59:59Z" }, {}, "does-not-count", /too old.*30 days/],
    ["dated a little ahead, as clocks differ", { producedAt: "2026-06-15T10:05:00Z" }, {}, "counts", /passed/],
    ["made a moment ago", { producedAt: "2026-06-15T09:59:59Z" }, {}, "counts", /passed/],
    ["made before the breach", {}, { notBefore: "2026-06-14T08:00:00Z" }, "does-not-count", /made before the breach/],
    ["made after the breach", {}, { notBefore: "2026-06-14T07:59:59Z" }, "counts", /passed/],
    ["a partial run", { defects: ["partial: 3 of 100 samples"] }, {}, "does-not-count", /^partial: 3 of 100/],
    [
      "a rehearsal that somebody wrote down",
      { kind: "rollback-rehearsal" },
      {},
      "does-not-count",
      /only when Routeward made it itself/,
    ],
    ["declared trust at low", {}, { tier: "low" }, "counts", /passed/],
    [
      "declared trust at high",
      {},
      { tier: "high" },
      "does-not-count",
      /high risk needs evidence of a verified workflow run/,
    ],
    ["declared trust at restricted", {}, { tier: "restricted" }, "does-not-count", /restricted risk needs/],
  ])("%s", (_name, changes, more, state, why) => {
    const finding = judgeEvidence({ ...record, ...changes }, null, { ...context, ...more });
    expect(finding.state).toBe(state);
    expect(finding.why[0]).toMatch(why);
  });

  const declared = "declared only: a file of the pull request, no workflow run is named";
  const counted = { state: "counts", passed: true } as const;
  const uncounted = { state: "does-not-count", passed: true } as const;
  const failed = { state: "does-not-count", passed: false } as const;
  const unknown = { state: "does-not-count", passed: null } as const;

  it.each<
    [string, Partial<EvidenceRecord>, Partial<EvidenceContext>, Pick<EvidenceFinding, "state" | "passed">, string[]]
  >([
    ["a passed run", {}, {}, counted, ["passed: 0.9 against >= 0.85", declared]],
    [
      "a run that passes the record's threshold and the policy's",
      {},
      { policy: buildPolicy({ evidenceThresholds: { "offline-eval": "90%" } }) },
      counted,
      ["passed: 0.9 against >= 0.85 and 90%", declared],
    ],
    [
      "a run at medium risk that names no bundle",
      { bundle: null },
      {},
      counted,
      ["passed: 0.9 against >= 0.85", "it does not say which bundle was measured", declared],
    ],
    [
      "a result without a threshold, whatever its counts are",
      { threshold: null, counts: counts(10, 0) },
      {},
      unknown,
      ["neither the record nor the policy names a threshold", declared],
    ],
    [
      "all samples passed, without a threshold",
      { result: null, threshold: null, counts: counts(9, 0) },
      {},
      counted,
      ["9 of 9 passed", declared],
    ],
    [
      "a failed sample, without a threshold",
      { result: null, threshold: null, counts: counts(8, 1) },
      {},
      failed,
      ["8 of 9 passed, and no threshold allows less", declared],
    ],
    [
      "a sample that ended in an error, without a threshold",
      { result: null, threshold: null, counts: counts(8, 0, 1) },
      {},
      failed,
      ["8 of 9 passed, and no threshold allows less", declared],
    ],
    [
      "a sample that was never judged, without a threshold",
      { result: null, threshold: null, counts: { total: 9, passed: 8, failed: 0, errored: 0 } },
      {},
      failed,
      ["8 of 9 passed, and no threshold allows less", declared],
    ],
    [
      "a failed sample beside more passed ones than there are, without a threshold",
      { result: null, threshold: null, counts: { total: 9, passed: 9, failed: 1, errored: 0 } },
      {},
      failed,
      ["9 of 9 passed, and no threshold allows less", declared],
    ],
    [
      "an error beside more passed ones than there are, without a threshold",
      { result: null, threshold: null, counts: { total: 9, passed: 9, failed: 0, errored: 1 } },
      {},
      failed,
      ["9 of 9 passed, and no threshold allows less", declared],
    ],
    [
      "another bundle",
      { bundle: `mrb1:sha256:${"1".repeat(64)}` },
      { candidateDigest: `mrb1:sha256:${"2".repeat(64)}` },
      uncounted,
      [
        `it measured another bundle: mrb1:sha256:${"1".repeat(12)}…, not the candidate mrb1:sha256:${"2".repeat(12)}…`,
        "passed: 0.9 against >= 0.85",
        declared,
      ],
    ],
    [
      "another bundle, without our scheme",
      { bundle: `sha256:${"1".repeat(64)}` },
      { candidateDigest: `mrb1:sha256:${"2".repeat(64)}` },
      uncounted,
      [
        `it measured another bundle: sha256:${"1".repeat(12)}…, not the candidate mrb1:sha256:${"2".repeat(12)}…`,
        "passed: 0.9 against >= 0.85",
        declared,
      ],
    ],
    [
      "a dataset that is none of the policy's",
      {},
      { policy: buildPolicy({ datasets: ["gold-1", "gold-2"] }) },
      uncounted,
      ["the policy does not accept dataset golden; it accepts gold-1, gold-2", "passed: 0.9 against >= 0.85", declared],
    ],
    [
      "a run that is too old and was made before the breach",
      { producedAt: "2026-05-01T00:00:00Z" },
      { notBefore: "2026-06-14T08:00:00Z" },
      uncounted,
      [
        "it is too old: made 2026-05-01T00:00:00Z, the policy accepts 30 days",
        "it was made before the breach of 2026-06-14T08:00:00Z, for which this candidate was rolled back",
        "passed: 0.9 against >= 0.85",
        declared,
      ],
    ],
    [
      "a run from the future",
      { producedAt: "2026-06-15T10:05:01Z" },
      {},
      uncounted,
      ["it is dated in the future (2026-06-15T10:05:01Z)", "passed: 0.9 against >= 0.85", declared],
    ],
  ])("everything that was found about %s is told, what speaks against it first", (_name, changes, more, found, why) => {
    const judged = { ...record, ...changes };
    expect(judgeEvidence(judged, null, { ...context, ...more })).toEqual({
      id: "eval-1",
      kind: "offline-eval",
      ...found,
      trust: "declared",
      why,
      record: judged,
      place: record.place,
    });
  });

  it.each<[string, [below: boolean, at: boolean, above: boolean]]>([
    ["< 0.9", [true, false, false]],
    ["<= 0.9", [true, true, false]],
    ["== 0.9", [false, true, false]],
    [">= 0.9", [false, true, true]],
    ["> 0.9", [false, false, true]],
    ["90%", [false, true, true]],
  ])("a threshold of %s is met below, at and above: %j", (threshold, met) => {
    const passed = [0.89, 0.9, 0.91].map(
      (result) => judgeEvidence({ ...record, threshold, result }, null, context).passed,
    );
    expect(passed).toEqual(met);
  });
});

describe("trust", () => {
  const workflow = ".github/workflows/eval.yml";
  const produced = { ...record, producer: { workflow, runId: 5 } };
  const found = {
    kind: "found" as const,
    runId: 5,
    workflow,
    conclusion: "success",
    headSha: "h",
    workflowMatchesDefaultBranch: true,
    bundlesAtHead: { support_answer: digest },
    artifactText: "",
  };
  const high = { ...context, tier: "high" as const };

  it("a run that holds the same record is workflow trust and counts at high", () => {
    const finding = judgeEvidence(
      produced,
      { facts: found, artifact: { ...produced, place: { path: "a", line: 9, column: 9 } } },
      high,
    );
    expect(finding).toMatchObject({
      state: "counts",
      trust: "workflow",
      why: ["passed: 0.9 against >= 0.85", "run 5 of .github/workflows/eval.yml holds the same record"],
    });
  });

  it("a record with counts and a run that holds the same ones is workflow trust too", () => {
    const counted = { ...produced, counts: counts(9, 1) };
    const trustOf = (artifact: EvidenceRecord) => judgeEvidence(counted, { facts: found, artifact }, high).trust;
    expect(trustOf(counted)).toBe("workflow");
    for (const other of [counts(8, 1), counts(9, 0), counts(9, 1, 1), { ...counts(9, 1), total: 11 }]) {
      expect(trustOf({ ...counted, counts: other })).toBe("declared");
    }
  });

  it.each<[string, WorkflowRunFacts | null, Partial<EvidenceRecord> | null, RegExp]>([
    ["a run that does not exist", { kind: "not-found" }, {}, /run 5 was not found/],
    ["a run that nobody asked about", null, {}, /run 5 was not found/],
    ["another run", { ...found, runId: 6 }, {}, /run 5 was not found/],
    ["another workflow", { ...found, workflow: "evil.yml" }, {}, /belongs to evil.yml/],
    ["a failed run", { ...found, conclusion: "failure" }, {}, /ended with failure/],
    ["an unfinished run", { ...found, conclusion: null }, {}, /nothing yet/],
    [
      "a workflow that the branch changed",
      { ...found, workflowMatchesDefaultBranch: false },
      {},
      /not the default branch's/,
    ],
    [
      "another candidate at the run's head",
      { ...found, bundlesAtHead: { support_answer: "mrb1:sha256:00" } },
      {},
      /another one/,
    ],
    ["no candidate at the run's head", { ...found, bundlesAtHead: {} }, {}, /another one/],
    ["no artifact", found, null, /no artifact eval-1/],
    ["an artifact with another result", found, { result: 0.86 }, /says something else/],
    ["an artifact with counts", found, { counts: counts(9, 1) }, /says something else/],
    ["an artifact of another run", found, { producer: { workflow, runId: 6 } }, /says something else/],
    ["an artifact without a run", found, { producer: null }, /says something else/],
    ["an artifact with a defect", found, { defects: ["partial"] }, /says something else/],
    [
      "an artifact of another dataset",
      found,
      { dataset: { name: "easy", digest: null, size: 240 } },
      /says something else/,
    ],
  ])("%s stays declared", (_name, facts, artifact, why) => {
    const run = facts === null ? null : { facts, artifact: artifact === null ? null : { ...produced, ...artifact } };
    const finding = judgeEvidence(produced, run, high);
    expect(finding).toMatchObject({ state: "does-not-count", trust: "declared" });
    expect(finding.why.join(" ")).toMatch(why);
  });
});

describe("rehearsals come from Routeward's own store", () => {
  const judge = (changes: Written, rehearsals = [buildRehearsal()], more: Partial<EvidenceContext> = {}) => {
    const file = readRoute(writeRecord(changes));
    const source = {
      snapshot: buildSnapshot({}),
      policy: buildPolicy(),
      rehearsals,
      workflowRuns: {},
      context: { ...context, ...more },
    };
    return judgeRouteEvidence(file, source).map((each) => each.finding);
  };
  const only = (id: string) => ({ approval: { status: "approved-for-internal-canary", evidence: [id] } });

  it.each([
    ["rollback-test-passed", true],
    ["rollback-rehearsal-2", true],
    ["rollback", false],
    ["my-rollback-test", false],
  ])("id %s: %s", (id, expected) => {
    expect(isRehearsalId(id)).toBe(expected);
  });

  const timing = (at: string): string => `rehearsed ${at}: forward 900 ms, back 210 ms, proven through the SDK`;
  const failed = buildRehearsal({ ok: false, detail: "the flag did not answer", at: "2026-06-15T09:00:00.000Z" });

  it.each<[string, Rehearsal[], string]>([
    ["a rehearsal of this candidate", [buildRehearsal()], "2026-06-14T09:00:00.000Z"],
    [
      "the newest of several, whatever came first",
      [buildRehearsal({ at: "2026-06-15T09:00:00.000Z" }), buildRehearsal({ ok: false })],
      "2026-06-15T09:00:00.000Z",
    ],
    [
      "one of this flag, though a newer one of another flag failed",
      [buildRehearsal(), { ...failed, flagKey: "other" }],
      "2026-06-14T09:00:00.000Z",
    ],
  ])("%s meets the id", (_name, rehearsals, madeAt) => {
    expect(judge(only("rollback-test-passed"), rehearsals)).toEqual([
      {
        id: "rollback-test-passed",
        kind: "rollback-rehearsal",
        state: "counts",
        trust: "own-store",
        passed: true,
        why: [timing(madeAt)],
        record: null,
        place: { path: routePath, line: 1, column: expect.any(Number) },
      },
    ]);
  });

  const unasked = "Routeward has rehearsed no way back for this candidate: ask with `/routeward rehearse`";
  it.each<[string, Rehearsal[], Partial<EvidenceFinding>]>([
    [
      "of another candidate",
      [buildRehearsal({ candidateDigest: "mrb1:sha256:00" })],
      { state: "missing", trust: null, passed: null, why: [unasked] },
    ],
    ["that was never made", [], { state: "missing", trust: null, passed: null, why: [unasked] }],
    [
      "that failed",
      [failed],
      {
        state: "does-not-count",
        trust: "own-store",
        passed: false,
        why: ["the rehearsal failed: the flag did not answer"],
      },
    ],
    [
      "that is too old",
      [buildRehearsal({ at: "2026-01-01T00:00:00.000Z" })],
      {
        state: "does-not-count",
        trust: "own-store",
        passed: true,
        why: [
          "the rehearsal is too old: made 2026-01-01T00:00:00.000Z, the policy accepts 30 days",
          timing("2026-01-01T00:00:00.000Z"),
        ],
      },
    ],
    ["that failed after one that worked", [buildRehearsal(), failed], { state: "does-not-count", passed: false }],
    [
      "that failed at the moment of one that worked and was stored before it",
      [buildRehearsal({ at: failed.at }), failed],
      { state: "does-not-count", passed: false },
    ],
  ])("a rehearsal %s does not", (_name, rehearsals, finding) => {
    expect(judge(only("rollback-test-passed"), rehearsals)).toMatchObject([finding]);
  });

  it("a file with such an id cannot stand in for one", () => {
    const file = readRoute(writeRecord(only("rollback-test-x")));
    const snapshot = buildSnapshot({
      "model-routes/evidence/rollback-test-x.yaml": writeEvidence({ id: "rollback-test-x" }),
    });
    const source = { snapshot, policy: buildPolicy(), rehearsals: [], workflowRuns: {}, context };
    expect(judgeRouteEvidence(file, source)[0]?.finding.state).toBe("missing");
  });
});
