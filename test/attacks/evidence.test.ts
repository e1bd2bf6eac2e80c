import { describe, expect, it } from "vitest";
import { assess } from "../../src/core/assess.ts";
import type { EvidenceFinding } from "../../src/core/evidence/evidence.ts";
import type { FileFacts, WorkflowRunFacts } from "../../src/core/facts.ts";
import {
  buildFacts,
  buildPolicy,
  buildRehearsal,
  buildSnapshot,
  evidencePath,
  policyText,
  readRoute,
  resolve,
  writeBundle,
  writeEvidence,
  writeFiles,
  writeRecord,
  type Written,
} from "../../src/core/verdict/test-builders.ts";
import { gatherProofs } from "../../src/flows/gather-proofs.ts";
import type { RepositoryFiles } from "../../src/ports/github.ts";

const producer = { workflow: ".github/workflows/eval.yml", runId: 5 };

/** A change of high risk whose evidence a workflow of the default branch produced. */
const switched = writeRecord({ candidate: writeBundle({ provider: "anthropic" }) });
const bundle = resolve(switched).candidateDigest ?? "";
const honest: Written = { bundle, producer };
const run: Extract<WorkflowRunFacts, { kind: "found" }> = {
  kind: "found",
  runId: 5,
  workflow: producer.workflow,
  conclusion: "success",
  headSha: "h",
  workflowMatchesDefaultBranch: true,
  bundlesAtHead: { support_answer: bundle },
  artifactText: writeEvidence(honest),
};

function findEvidence(
  record: Written,
  workflowRun: WorkflowRunFacts = { ...run, artifactText: writeEvidence(record) },
  changes: Partial<FileFacts> = {},
): EvidenceFinding | undefined {
  const facts = buildFacts({
    head: buildSnapshot(writeFiles(switched, { [evidencePath]: writeEvidence(record) })),
    workflowRuns: { "eval-1": workflowRun },
    ...changes,
  });
  const [route] = assess(facts).routes;
  expect(route?.classification.tier).toBe("high");
  return route?.evidence.find(({ id }) => id === "eval-1");
}

it("without any attack the evidence counts at high risk", () => {
  expect(findEvidence(honest)).toMatchObject({ state: "counts", trust: "workflow", passed: true });
});

describe("evidence never counts at high risk by this", () => {
  it.each<[string, Written, WorkflowRunFacts | undefined]>([
    ["its author writes it by hand", { bundle }, undefined],
    ["it fails, and the workflow's artifact says the same", { ...honest, result: 0.2 }, undefined],
    ["it states a threshold that nobody can read", { ...honest, result: 0.2, threshold: ">= none" }, undefined],
    ["it is of another bundle", { ...honest, bundle: `mrb1:sha256:${"0".repeat(64)}` }, undefined],
    ["it does not say of which bundle it is", { producer }, { ...run, artifactText: writeEvidence({ producer }) }],
    [
      "it leaves out the failed samples",
      { ...honest, counts: { total: 10, passed: 5, failed: 0, errored: 0 } },
      undefined,
    ],
    ["its samples ended in errors", { ...honest, counts: { total: 10, passed: 9, failed: 0, errored: 1 } }, undefined],
    ["it hides which dataset was used", { ...honest, dataset: null }, undefined],
    ["it is dated in the future, to stay fresh", { ...honest, producedAt: "2027-01-01T00:00:00Z" }, undefined],
    ["it is too old", { ...honest, producedAt: "2025-01-01T00:00:00Z" }, undefined],
    ["the result was edited after the workflow ran", { ...honest, result: 0.99 }, run],
    ["it names the run of somebody else's workflow", honest, { ...run, workflow: ".github/workflows/mine.yml" }],
    ["the pull request changes the workflow itself", honest, { ...run, workflowMatchesDefaultBranch: false }],
    ["the workflow ran on another candidate", honest, { ...run, bundlesAtHead: { support_answer: "mrb1:sha256:11" } }],
    ["the workflow ran for another flag", honest, { ...run, bundlesAtHead: { support_other: bundle } }],
    ["the workflow failed", honest, { ...run, conclusion: "failure" }],
    ["the workflow has not ended", honest, { ...run, conclusion: null }],
    ["the run is one that does not exist", honest, { kind: "not-found" }],
    ["the run kept no artifact", honest, { ...run, artifactText: null }],
  ])("%s", (_name, record, workflowRun) => {
    expect(findEvidence(record, workflowRun)?.state).not.toBe("counts");
  });

  it("by a threshold of its own below the policy's", () => {
    const text = JSON.stringify({ ...JSON.parse(policyText), evidenceThresholds: { "offline-eval": ">= 0.8" } });
    const lowered = { ...honest, result: 0.5, threshold: ">= 0.4" };
    const finding = findEvidence(lowered, undefined, {
      policy: { kind: "text", path: ".github/routeward.yml", text },
    });
    expect(finding).toMatchObject({ state: "does-not-count", passed: false });
  });

  it("by a claim to have passed", () => {
    const finding = findEvidence({ ...honest, result: 0.2, passed: true });
    expect(finding?.passed).not.toBe(true);
    expect(finding?.state).not.toBe("counts");
  });

  it.each<[string, Partial<FileFacts>]>([
    ["somebody commits the rehearsal as a file", {}],
    ["the rehearsal was of another candidate", { rehearsals: [buildRehearsal()] }],
    [
      "the rehearsal was of another flag",
      { rehearsals: [buildRehearsal({ flagKey: "other", candidateDigest: bundle })] },
    ],
    ["the rehearsal failed", { rehearsals: [buildRehearsal({ ok: false, candidateDigest: bundle })] }],
  ])("%s", (_name, changes) => {
    const rehearsal = writeEvidence({ ...honest, id: "rollback-test-1", kind: "rollback-rehearsal", result: 1 });
    const facts = buildFacts({
      head: buildSnapshot(writeFiles(switched, { "model-routes/evidence/rollback-test-1.yaml": rehearsal })),
      rehearsals: [],
      ...changes,
    });
    const [route] = assess(facts).routes;
    expect(route?.evidence.find(({ id }) => id === "rollback-test-1")?.state).not.toBe("counts");
    expect(route?.gates.find(({ gate }) => gate === "rehearsal")?.state).toBe("waiting");
  });
});

it("a pull request that names a hundred runs has fifty of them looked at", async () => {
  const asked: number[] = [];
  const port: Partial<RepositoryFiles> = {
    readWorkflowRun(runId) {
      asked.push(runId);
      return Promise.resolve({ kind: "not-found" });
    },
    readAttestations: () => Promise.resolve({ verified: [], refused: [] }),
  };
  const evidence = Array.from({ length: 100 }, (_, index) => {
    return { id: `eval-${index}`, kind: "offline-eval", producer: { ...producer, runId: index + 1 } };
  });
  const written = { ...switched, approval: { status: "approved-for-internal-canary", evidence } };
  const head = buildSnapshot(writeFiles(written));
  const proofs = await gatherProofs(port as RepositoryFiles, "h", head, [readRoute(written)], buildPolicy());
  expect(asked).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(Object.keys(proofs.workflowRuns)).toHaveLength(50);
});

it("no address that evidence names is ever asked for, whatever the record holds", async () => {
  const address = "http://169.254.169.254/latest/meta-data";
  const asked: string[] = [];
  const port = new Proxy({} as RepositoryFiles, {
    get:
      (_target, method) =>
      (...given: readonly unknown[]) => {
        asked.push(`${String(method)} ${JSON.stringify(given)}`);
        return Promise.resolve(method === "readAttestations" ? { verified: [], refused: [] } : { kind: "not-found" });
      },
  });
  const record = { ...honest, url: address, grader: address, dataset: { name: address } };
  const inline = { id: "eval-2", kind: "offline-eval", url: address, producer: { ...producer, runId: 6 } };
  const written = { ...switched, approval: { status: "approved-for-internal-canary", evidence: ["eval-1", inline] } };
  const head = buildSnapshot(writeFiles(written, { [evidencePath]: writeEvidence(record) }));
  await gatherProofs(port, "h", head, [readRoute(written)], buildPolicy());
  expect(asked).toContain('readWorkflowRun [5,"eval-1"]');
  expect(asked).toContain('readWorkflowRun [6,"eval-2"]');
  expect(asked.join("\n")).not.toContain("169.254");
});
