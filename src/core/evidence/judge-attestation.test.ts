import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { AttestationFacts, VerifiedAttestation } from "../facts.ts";
import type { JsonObject } from "../json.ts";
import {
  buildFacts,
  buildPolicy,
  buildSnapshot,
  evidencePath,
  judgeRouteOf,
  readRoute,
  resolve,
  writeEvidence,
  writeFiles,
  writeRecord,
} from "../verdict/test-builders.ts";
import type { EvidenceContext } from "./judge-evidence.ts";
import { judgeRouteEvidence } from "./judge-route-evidence.ts";

const digest = resolve(writeRecord()).candidateDigest ?? "";
const hex = digest.replace("mrb1:sha256:", "");
const producer = { workflow: ".github/workflows/eval.yml", runId: 5 };
const recordText = writeEvidence({ producer });
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

function buildStatement(predicate: JsonObject = {}, subjects = [hex]): JsonObject {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: subjects.map((sha) => ({ name: "route_bundle", digest: { sha256: sha } })),
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
    predicate: {
      result: "PASSED",
      configuration: [{ name: "eval-1.yaml", digest: { sha256: sha256(recordText) } }],
      passedTests: ["a", "b"],
      ...predicate,
    },
  };
}

const attestation: VerifiedAttestation = {
  repositoryId: 1,
  workflow: producer.workflow,
  workflowMatchesDefaultBranch: true,
  runId: 5,
  statement: buildStatement(),
};

function judge(
  facts: AttestationFacts | null,
  evidence: readonly unknown[] = ["eval-1"],
  texts: Record<string, string> = { [evidencePath]: recordText },
  about = digest,
) {
  const file = readRoute(writeRecord({ approval: { status: "approved-for-internal-canary", evidence } }));
  const context: EvidenceContext = {
    at: "2026-06-15T10:00:00.000Z",
    flagKey: "support_answer",
    tier: "high",
    candidateDigest: digest,
    baselineDigest: resolve(writeRecord()).baselineDigest,
    policy: buildPolicy(),
    notBefore: null,
  };
  const source = {
    snapshot: buildSnapshot(texts),
    policy: buildPolicy(),
    rehearsals: [],
    workflowRuns: {},
    attested: { repositoryId: 1, byBundle: facts === null ? {} : { [about]: facts } },
    context,
  };
  return judgeRouteEvidence(file, source)[0]?.finding;
}

describe("attested trust", () => {
  it.each([
    ["of the pull request's own repository", 1, "attested"],
    ["of no other repository", 2, "declared"],
  ])("is looked for among the attestations %s", (_name, repositoryId, trust) => {
    const facts = buildFacts({
      head: buildSnapshot(writeFiles(writeRecord(), { [evidencePath]: recordText })),
      attestations: { [digest]: { verified: [{ ...attestation, repositoryId }], refused: [] } },
    });
    expect(judgeRouteOf(facts).evidence.find(({ id }) => id === "eval-1")?.trust).toBe(trust);
  });

  it("is a verified statement of the record's workflow that holds the record's digest", () => {
    const finding = judge({ verified: [attestation], refused: [] });
    expect(finding).toMatchObject({
      state: "counts",
      trust: "attested",
      why: ["passed: 0.9 against >= 0.85", "attested and signed by .github/workflows/eval.yml in run 5"],
    });
  });

  it("one good statement among others is enough", () => {
    const other = { ...attestation, workflow: "x.yml" };
    expect(judge({ verified: [other, attestation], refused: ["a broken one"] })?.trust).toBe("attested");
  });

  it("a certificate that names no run is believed for its workflow", () => {
    expect(judge({ verified: [{ ...attestation, runId: null }], refused: [] })).toMatchObject({
      trust: "attested",
      why: ["passed: 0.9 against >= 0.85", "attested and signed by .github/workflows/eval.yml"],
    });
  });

  it.each<[string, Partial<VerifiedAttestation>, RegExp]>([
    ["another repository", { repositoryId: 2 }, /another repository/],
    ["no repository", { repositoryId: null }, /another repository/],
    ["another workflow", { workflow: ".github/workflows/other.yml" }, /signed by .github.workflows.other.yml/],
    ["a workflow that the pull request changed", { workflowMatchesDefaultBranch: false }, /default branch/],
    ["another run", { runId: 6 }, /run 6, not of 5/],
    [
      "another predicate",
      { statement: { ...buildStatement(), predicateType: "https://slsa.dev/x" } },
      /no test result/,
    ],
    ["a failed result", { statement: buildStatement({ result: "FAILED" }) }, /FAILED/],
    ["another bundle", { statement: buildStatement({}, ["0".repeat(64)]) }, /not this bundle alone/],
    ["several bundles", { statement: buildStatement({}, [hex, "0".repeat(64)]) }, /not this bundle alone/],
    ["no subject", { statement: buildStatement({}, []) }, /not this bundle alone/],
    ["another record", { statement: buildStatement({ configuration: [] }) }, /does not hold the digest/],
    ["nothing that can be read", { statement: null }, /no test result/],
  ])("a statement of %s leaves the record declared, and says so", (_name, changes, why) => {
    const finding = judge({ verified: [{ ...attestation, ...changes }], refused: [] });
    expect(finding).toMatchObject({ state: "does-not-count", trust: "declared" });
    expect(finding?.why.join("; ")).toMatch(why);
  });

  it("an attestation that could not be verified is named and nothing more", () => {
    const finding = judge({ verified: [], refused: ["the operator has configured no trust root"] });
    expect(finding?.trust).toBe("declared");
    expect(finding?.why.join("; ")).toContain("not attested: the operator has configured no trust root");
  });

  it("a record without producer has no workflow that could have signed", () => {
    const text = writeEvidence();
    const facts = { verified: [attestation], refused: [] };
    expect(judge(facts, ["eval-1"], { [evidencePath]: text })).toMatchObject({
      trust: "declared",
      why: [
        "high risk needs evidence of a verified workflow run",
        "passed: 0.9 against >= 0.85",
        "declared only: a file of the pull request, no workflow run is named",
      ],
    });
  });

  it.each<[string, AttestationFacts | null]>([
    ["nobody asked", null],
    ["there is none", { verified: [], refused: [] }],
  ])("a record about whose attestations nothing is known, because %s, is judged by its run alone", (_name, facts) => {
    expect(judge(facts)?.why).toEqual([
      "high risk needs evidence of a verified workflow run",
      "passed: 0.9 against >= 0.85",
      "declared only: workflow run 5 was not found",
    ]);
  });

  it("a check of the baseline is attested by a statement about the baseline", () => {
    const baseline = resolve(writeRecord()).baselineDigest ?? "";
    const text = writeEvidence({ producer, kind: "baseline-check", bundle: baseline });
    const configuration = [{ name: "eval-1.yaml", digest: { sha256: sha256(text) } }];
    const about = (bundle: string): AttestationFacts => {
      const statement = buildStatement({ configuration }, [bundle.replace("mrb1:sha256:", "")]);
      return { verified: [{ ...attestation, statement }], refused: [] };
    };
    const texts = { [evidencePath]: text };
    expect(judge(about(baseline), ["eval-1"], texts, baseline)).toMatchObject({ state: "counts", trust: "attested" });
    expect(judge(about(digest), ["eval-1"], texts, baseline)?.trust).toBe("declared");
    expect(judge(about(baseline), ["eval-1"], texts, digest)?.trust).toBe("declared");
  });

  it("an inline record has no file that could be attested", () => {
    const facts = { verified: [attestation], refused: [] };
    const finding = judge(facts, [JSON.parse(recordText)]);
    expect(finding?.why.join("; ")).toContain("commit it as a file");
  });
});

describe("a wrapper is attested with its output", () => {
  const folder = "model-routes/evidence";
  const output = JSON.stringify(buildStatement({ configuration: [] }));
  const wrapper = writeEvidence({
    format: "in-toto",
    file: "eval-1.intoto.json",
    result: null,
    counts: null,
    threshold: ">= 1",
    producer,
  });
  const texts = { [`${folder}/eval-1.yaml`]: wrapper, [`${folder}/eval-1.intoto.json`]: output };
  const listing = [{ name: "wrapper", digest: { sha256: sha256(wrapper) } }];

  it("the output may be the attested statement itself", () => {
    const own = JSON.stringify(buildStatement({ configuration: listing }));
    const statement = buildStatement({ configuration: listing });
    const facts = { verified: [{ ...attestation, statement }], refused: [] };
    expect(judge(facts, ["eval-1"], { ...texts, [`${folder}/eval-1.intoto.json`]: own })?.trust).toBe("attested");
  });

  it.each<[string, JsonObject]>([
    ["names other tests", buildStatement({ configuration: listing, passedTests: ["a"] })],
    ["is of another version", { predicateType: "https://in-toto.io/attestation/test-result/v0.2" }],
    ["is about another bundle", { subject: [{ digest: { sha256: "0".repeat(64) } }] }],
  ])("an output that %s is not attested by it", (_name, changes) => {
    const own = JSON.stringify({ ...buildStatement({ configuration: listing }), ...changes });
    const statement = buildStatement({ configuration: listing });
    const facts = { verified: [{ ...attestation, statement }], refused: [] };
    const finding = judge(facts, ["eval-1"], { ...texts, [`${folder}/eval-1.intoto.json`]: own });
    expect(finding).toMatchObject({ state: "does-not-count", trust: "declared" });
    expect(finding?.why.at(-1)).toBe(
      "declared only: workflow run 5 was not found; not attested: the attested statement does not hold the digest of model-routes/evidence/eval-1.intoto.json",
    );
  });

  it("the output of another tool is not attested by carrying the statement's words beside its own", () => {
    const registry = writeEvidence({
      kind: "registry-approval",
      format: "sagemaker",
      file: "eval-1.package.json",
      result: null,
      threshold: null,
      producer,
    });
    const statement = buildStatement({ configuration: [{ digest: { sha256: sha256(registry) } }] });
    const forged = { ...statement, ModelPackageArn: "arn:7", ModelApprovalStatus: "Approved" };
    const facts = { verified: [{ ...attestation, statement }], refused: [] };
    const files = { [evidencePath]: registry, [`${folder}/eval-1.package.json`]: JSON.stringify(forged) };
    expect(judge(facts, ["eval-1"], files)?.trust).toBe("declared");
  });

  it("a wrapper inside the route file is not attested by its output: nobody signed its kind and its threshold", () => {
    const inline: unknown = JSON.parse(wrapper.replace(">= 1", ">= 0"));
    const statement = buildStatement({ configuration: [{ digest: { sha256: sha256(output) } }] });
    for (const each of [statement, JSON.parse(output) as JsonObject]) {
      const finding = judge({ verified: [{ ...attestation, statement: each }], refused: [] }, [inline], texts);
      expect(finding).toMatchObject({ state: "does-not-count", trust: "declared" });
      expect(finding?.why.at(-1)).toBe(
        "declared only: workflow run 5 was not found; not attested: a record inside the route file cannot be attested; commit it as a file",
      );
    }
  });

  it("the wrapper must be in the statement too, since it says what kind of evidence it is", () => {
    const statement = buildStatement({ configuration: [] });
    const finding = judge({ verified: [{ ...attestation, statement }], refused: [] }, ["eval-1"], texts);
    expect(finding?.trust).toBe("declared");
  });
});
