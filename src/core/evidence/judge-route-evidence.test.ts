import { describe, expect, it } from "vitest";
import type { Snapshot, WorkflowRunFacts } from "../facts.ts";
import { parseRouteFile } from "../routes/parse-route-file.ts";
import {
  buildPolicy,
  buildSnapshot,
  evidencePath,
  readRoute,
  resolve,
  routePath,
  writeEvidence,
  writeRecord,
  type Written,
} from "../verdict/test-builders.ts";
import type { EvidenceContext } from "./judge-evidence.ts";
import { judgeRouteEvidence, type EvidenceSource } from "./judge-route-evidence.ts";

const digest = resolve(writeRecord()).candidateDigest ?? "";
const folder = "model-routes/evidence";

const context: EvidenceContext = {
  at: "2026-06-15T10:00:00.000Z",
  flagKey: "support_answer",
  tier: "medium",
  candidateDigest: digest,
  baselineDigest: resolve(writeRecord()).baselineDigest,
  policy: buildPolicy(),
  notBefore: null,
};

const writeRoute = (evidence: readonly unknown[]): Written =>
  writeRecord({ approval: { status: "approved-for-internal-canary", evidence } });

function judge(texts: Record<string, string>, evidence: readonly unknown[], changes: Partial<EvidenceSource> = {}) {
  return judgeRouteEvidence(readRoute(writeRoute(evidence)), {
    snapshot: buildSnapshot(texts),
    policy: buildPolicy(),
    rehearsals: [],
    workflowRuns: {},
    context,
    ...changes,
  });
}

it.each<[string, Record<string, string>, unknown[], string]>([
  ["a record in the folder", { [evidencePath]: writeEvidence() }, ["eval-1"], "counts"],
  ["an inline record", {}, [JSON.parse(writeEvidence())], "counts"],
  ["no record", {}, ["eval-1"], "missing"],
  ["a record beside the folder", { "model-routes/eval-1.yaml": writeEvidence() }, ["eval-1"], "missing"],
  ["a broken record", { [evidencePath]: "{" }, ["eval-1"], "missing"],
  ["a record with another id", { [evidencePath]: writeEvidence({ id: "eval-2" }) }, ["eval-1"], "missing"],
  ["an inline record that is none", {}, [{ anything: true }], "missing"],
])("%s", (_name, texts, evidence, state) => {
  expect(judge(texts, evidence)[0]?.finding.state).toBe(state);
});

it("an id that is named twice is judged once", () => {
  expect(judge({ [evidencePath]: writeEvidence() }, ["eval-1", JSON.parse(writeEvidence())])).toHaveLength(1);
});

it("another text gives another digest, so that reviews end", () => {
  const [before] = judge({ [evidencePath]: writeEvidence() }, ["eval-1"]);
  const [after] = judge({ [evidencePath]: writeEvidence({ result: 0.95 }) }, ["eval-1"]);
  expect(before?.digest).not.toBe(after?.digest);
});

it("each commit is read by the policy that asks, also when another one asked before", () => {
  const texts = { [evidencePath]: writeEvidence(), "proofs/eval-1.yaml": writeEvidence({ result: 0.95 }) };
  const snapshot = buildSnapshot(texts);
  const resultIn = (evidenceFolder: string): number | null | undefined =>
    judge({}, ["eval-1"], { snapshot, policy: buildPolicy({ evidenceFolder }) })[0]?.finding.record?.result;
  expect([folder, "proofs", folder].map(resultIn)).toEqual([0.9, 0.95, 0.9]);
});

describe("evidence that is missing", () => {
  const text = JSON.stringify(
    { model_change: writeRoute(["eval-1", "eval-1.2", { id: "eval-3", kind: "x" }]) },
    null,
    1,
  );
  const lineOf = (part: string): number => text.split("\n").findIndex((line) => line.includes(part)) + 1;

  function judgeWritten(texts: Record<string, string>) {
    const parsed = parseRouteFile(routePath, { kind: "text", text });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const source = { snapshot: buildSnapshot(texts), policy: buildPolicy(), rehearsals: [], workflowRuns: {}, context };
    return judgeRouteEvidence(parsed.value, source).map(({ finding }) => finding);
  }

  it("is told in the order and at the lines of the route file", () => {
    const [counting, missing, inline] = judgeWritten({ [evidencePath]: writeEvidence() });
    expect(counting).toMatchObject({ id: "eval-1", state: "counts" });
    expect(missing).toMatchObject({
      id: "eval-1.2",
      kind: null,
      state: "missing",
      trust: null,
      passed: null,
      why: ["There is no evidence record `eval-1.2`", "Commit the record, or take its id out of `approval.evidence`."],
      record: null,
      place: { path: routePath, line: lineOf('"eval-1.2"') },
    });
    expect(inline).toMatchObject({
      id: "eval-3",
      state: "missing",
      place: { path: routePath, line: lineOf('"eval-3"') - 1 },
    });
    expect(inline?.why[0]).toBe("`kind` has a value that is not accepted");
  });

  it("because it cannot be read is told with the line of its own file", () => {
    const written = `id: eval-1\nkind: offline-eval\nresult: high`;
    expect(judgeWritten({ [evidencePath]: written })[0]).toMatchObject({
      id: "eval-1",
      state: "missing",
      why: [`\`result\` has a value that is not accepted (${evidencePath} line 3)`, "Write a number."],
      place: { path: evidencePath, line: 3 },
    });
  });

  it.each<[string, Written, string]>([
    ["by its id", { id: "eval-3" }, "eval-3"],
    ["by the beginning of an id that is too long", { id: "e".repeat(200) }, `${"e".repeat(127)}…`],
    ["in general, without an id", { kind: "offline-eval" }, "inline record"],
    ["in general, with an empty id", { id: "" }, "inline record"],
    ["in general, with a number as id", { id: 7 }, "inline record"],
  ])("from a record inside the route file is named %s", (_name, record, id) => {
    expect(judge({}, [record])[0]).toMatchObject({ finding: { id, state: "missing" }, digest: null });
  });
});

it.each<[string, Snapshot["entries"][number]["mode"], string]>([
  ["a link", "symlink", "missing"],
  ["a submodule", "submodule", "missing"],
  ["an executable file", "executable", "counts"],
])("a record that is %s is judged as what it is", (_name, mode, state) => {
  const snapshot = buildSnapshot({ [evidencePath]: writeEvidence() });
  const entries = snapshot.entries.map((entry) => ({ ...entry, mode }));
  const [judged] = judge({}, ["eval-1"], { snapshot: { ...snapshot, entries } });
  expect(judged?.finding.state).toBe(state);
  expect(judged?.finding.why[0]).toBe(
    state === "counts" ? "passed: 0.9 against >= 0.85" : `The evidence record cannot be read (${evidencePath} line 1)`,
  );
});

describe("the artifact of the workflow run", () => {
  const producer = { workflow: "w.yml", runId: 5 };
  const run = (artifactText: string | null, artifactFiles?: Record<string, string>): WorkflowRunFacts => ({
    kind: "found",
    runId: 5,
    workflow: "w.yml",
    conclusion: "success",
    headSha: "h",
    workflowMatchesDefaultBranch: true,
    bundlesAtHead: { support_answer: digest },
    artifactText,
    ...(artifactFiles === undefined ? {} : { artifactFiles }),
  });
  const trustOf = (texts: Record<string, string>, facts: WorkflowRunFacts) =>
    judge(texts, ["eval-1"], { workflowRuns: { "eval-1": facts } })[0]?.finding.trust;

  it("is read by itself, not completed by the pull request's files", () => {
    const text = writeEvidence({ producer });
    const texts = { [evidencePath]: text };
    expect(trustOf(texts, run(text))).toBe("workflow");
    expect(trustOf(texts, run(writeEvidence({ producer, result: 0.99 })))).toBe("declared");
    expect(trustOf(texts, run("not: [a record"))).toBe("declared");
    expect(trustOf(texts, run(null))).toBe("declared");
  });

  it("holds a wrapper with its own output, beside the record's own file", () => {
    const wrapper = writeEvidence({ producer, format: "junit", file: "report.xml", result: null });
    const report = `<testsuite><testcase/></testsuite>`;
    const texts = { [evidencePath]: wrapper, [`${folder}/report.xml`]: report };
    expect(trustOf(texts, run(wrapper, { "eval-1.yaml": wrapper, "report.xml": report }))).toBe("workflow");
    expect(trustOf(texts, run(wrapper, { "eval-1.json": "{}", "report.xml": report }))).toBe("workflow");
    expect(trustOf(texts, run(wrapper, { "report.xml": report.replace("<testcase/>", "") }))).toBe("declared");
    expect(trustOf(texts, run(wrapper, {}))).toBe("declared");
    expect(trustOf(texts, run(wrapper))).toBe("declared");
  });

  it("vouches for no record that names no run", () => {
    const text = writeEvidence();
    expect(trustOf({ [evidencePath]: text }, run(text))).toBe("declared");
  });
});
