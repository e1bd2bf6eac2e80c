import { describe, expect, it } from "vitest";
import type { WorkflowRunFacts } from "../facts.ts";
import {
  buildPolicy,
  buildRehearsal,
  buildSnapshot,
  evidencePath,
  readRoute,
  resolve,
  writeEvidence,
  writeRecord,
  type Written,
} from "../verdict/test-builders.ts";
import type { EvidenceRecord } from "./evidence.ts";
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
    ["a passed run of this candidate", {}, {}, "counts", /^passed: 0.9 against >= 0.85$/],
    ["the digest without our scheme", { bundle: digest.replace("mrb1:", "") }, {}, "counts", /passed/],
    ["the bare hex digest", { bundle: digest.replace("mrb1:sha256:", "") }, {}, "counts", /passed/],
    [
      "a run of another bundle",
      { bundle: "mrb1:sha256:00" },
      {},
      "does-not-count",
      /^it measured another bundle: mrb1:sha256:00/,
    ],
    ["a run that names no bundle, at medium", { bundle: null }, {}, "counts", /passed/],
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
      "all samples passed and no threshold",
      { result: null, threshold: null, counts: counts(9, 0) },
      {},
      "counts",
      /9 of 9 passed/,
    ],
    [
      "one sample failed and no threshold",
      { result: null, threshold: null, counts: counts(8, 1) },
      {},
      "does-not-count",
      /no threshold allows less/,
    ],
    ["no samples", { result: null, threshold: null, counts: counts(0, 0) }, {}, "does-not-count", /no result/],
    ["no dataset", { dataset: null }, {}, "does-not-count", /does not name its dataset/],
    ["no dataset for a report of a canary", { kind: "canary-report", dataset: null }, {}, "counts", /passed/],
    [
      "a dataset that the policy does not accept",
      {},
      { policy: buildPolicy({ datasets: ["gold-2"] }) },
      "does-not-count",
      /does not accept dataset golden; it accepts gold-2/,
    ],
    ["a dataset that the policy accepts", {}, { policy: buildPolicy({ datasets: ["golden"] }) }, "counts", /passed/],
    ["no date", { producedAt: null }, {}, "does-not-count", /when it was made/],
    ["a date that is none", { producedAt: "soon" }, {}, "does-not-count", /no readable date/],
    ["thirty days old", { producedAt: "2026-05-16T10:00:00Z" }, {}, "counts", /passed/],
    ["older than the policy accepts", { producedAt: "2026-05-16T09:59:59Z" }, {}, "does-not-count", /too old.*30 days/],
    ["dated in the future", { producedAt: "2026-06-15T10:05:01Z" }, {}, "does-not-count", /dated in the future/],
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
    expect(finding).toMatchObject({ state: "counts", trust: "workflow" });
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

  it("a rehearsal of this candidate meets the id", () => {
    expect(judge(only("rollback-test-passed"))).toMatchObject([{ state: "counts", trust: "own-store", passed: true }]);
  });

  it.each([
    ["of another candidate", [buildRehearsal({ candidateDigest: "mrb1:sha256:00" })], "missing"],
    ["that failed", [buildRehearsal({ ok: false, detail: "proof failed" })], "does-not-count"],
    ["that is too old", [buildRehearsal({ at: "2026-01-01T00:00:00.000Z" })], "does-not-count"],
    [
      "that failed after one that worked",
      [buildRehearsal(), buildRehearsal({ ok: false, at: "2026-06-15T09:00:00.000Z" })],
      "does-not-count",
    ],
    ["that was never made", [], "missing"],
  ])("a rehearsal %s does not", (_name, rehearsals, state) => {
    expect(judge(only("rollback-test-passed"), rehearsals)[0]?.state).toBe(state);
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

describe("evidence of a route", () => {
  const judge = (
    texts: Record<string, string>,
    evidence: unknown[],
    workflowRuns: Record<string, WorkflowRunFacts> = {},
  ) => {
    const file = readRoute(writeRecord({ approval: { status: "approved-for-internal-canary", evidence } }));
    const source = { snapshot: buildSnapshot(texts), policy: buildPolicy(), rehearsals: [], workflowRuns, context };
    return judgeRouteEvidence(file, source);
  };

  it.each<[string, Record<string, string>, unknown[], string]>([
    ["a record in the folder", { [evidencePath]: writeEvidence() }, ["eval-1"], "counts"],
    ["an inline record", {}, [JSON.parse(writeEvidence())], "counts"],
    ["no record", {}, ["eval-1"], "missing"],
    ["a broken record", { [evidencePath]: "{" }, ["eval-1"], "missing"],
    ["a record with another id", { [evidencePath]: writeEvidence({ id: "eval-2" }) }, ["eval-1"], "missing"],
    ["an inline record that is none", {}, [{ anything: true }], "missing"],
  ])("%s", (_name, texts, evidence, state) => {
    expect(judge(texts, evidence)[0]?.finding.state).toBe(state);
  });

  it.each([
    ["evals", "counts"],
    ["model-routes/evidence", "missing"],
  ])("where the policy names the folder evals, a record in %s: %s", (folder, state) => {
    const file = readRoute(writeRecord({ approval: { status: "approved-for-internal-canary", evidence: ["eval-1"] } }));
    const [judged] = judgeRouteEvidence(file, {
      snapshot: buildSnapshot({ [`${folder}/eval-1.yaml`]: writeEvidence() }),
      policy: buildPolicy({ evidenceFolder: "evals" }),
      rehearsals: [],
      workflowRuns: {},
      context,
    });
    expect(judged?.finding.state).toBe(state);
  });

  it.each(["symlink", "submodule"] as const)("a record that is a %s is not followed", (mode) => {
    const file = readRoute(writeRecord({ approval: { status: "approved-for-internal-canary", evidence: ["eval-1"] } }));
    const read = buildSnapshot({ [evidencePath]: writeEvidence() });
    const snapshot = { ...read, entries: read.entries.map((entry) => ({ ...entry, mode })) };
    const [judged] = judgeRouteEvidence(file, {
      snapshot,
      policy: buildPolicy(),
      rehearsals: [],
      workflowRuns: {},
      context,
    });
    expect(judged?.finding.state).toBe("missing");
    expect(judged?.finding.why[0]).toContain("The evidence record cannot be read");
  });

  it("an id that is named twice is judged once", () => {
    expect(judge({ [evidencePath]: writeEvidence() }, ["eval-1", JSON.parse(writeEvidence())])).toHaveLength(1);
  });

  it("another text gives another digest, so that reviews end", () => {
    const [before] = judge({ [evidencePath]: writeEvidence() }, ["eval-1"]);
    const [after] = judge({ [evidencePath]: writeEvidence({ result: 0.95 }) }, ["eval-1"]);
    expect(before?.digest).not.toBe(after?.digest);
  });

  it("the artifact of the run is read by itself, not completed by the pull request's files", () => {
    const producer = { workflow: "w.yml", runId: 5 };
    const run = (artifactText: string): WorkflowRunFacts => ({
      kind: "found",
      runId: 5,
      workflow: "w.yml",
      conclusion: "success",
      headSha: "h",
      workflowMatchesDefaultBranch: true,
      bundlesAtHead: { support_answer: digest },
      artifactText,
    });
    const text = writeEvidence({ producer });
    const trustOf = (artifact: string) =>
      judge({ [evidencePath]: text }, ["eval-1"], { "eval-1": run(artifact) })[0]?.finding.trust;
    expect(trustOf(text)).toBe("workflow");
    expect(trustOf(writeEvidence({ producer, result: 0.99 }))).toBe("declared");
    expect(trustOf("not: [a record")).toBe("declared");
  });
});
