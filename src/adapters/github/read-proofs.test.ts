import { generateKeyPairSync } from "node:crypto";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RepositoryPort } from "../../ports/github.ts";
import { createGitHubPort } from "./create-github-port.ts";
import { createGitHubProbot } from "./probot-octokit.ts";
import { createTestSigner, type SignerIdentity } from "./test-signer.ts";
import { openRoutePull, repo, startTestWorld, type TestWorld } from "./test-world.ts";
import { githubActionsIssuer } from "./verify-attestation.ts";

const signer = createTestSigner(new Date("2026-06-14T08:00:00Z"));
const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const workflow = ".github/workflows/eval.yml";
const subjectDigest = `sha256:${"a".repeat(64)}`;
const statement = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "route_bundle", digest: { sha256: "a".repeat(64) } }],
  predicateType: "https://in-toto.io/attestation/test-result/v0.1",
  predicate: { result: "PASSED" },
};

let world: TestWorld;
let main = "";

beforeEach(async () => {
  world = await startTestWorld({ attestationTrust: { roots: [signer.root], issuer: githubActionsIssuer } });
  main = world.simulator.pushFiles({
    repo,
    branch: "main",
    message: "CI",
    files: { [workflow]: "on: push\n" },
    author: "ann",
  });
});

afterEach(async () => {
  await world.close();
});

async function identify(changes: Partial<SignerIdentity> = {}): Promise<SignerIdentity> {
  const { id } = await world.repository.readRepository();
  return {
    address: `https://github.com/acme/support-routes/${workflow}@refs/heads/main`,
    issuer: githubActionsIssuer,
    signerCommit: main,
    repositoryId: id,
    runAddress: "https://github.com/acme/support-routes/actions/runs/77/attempts/1",
    ...changes,
  };
}

describe("attestations", () => {
  it("are verified, and their signer's workflow is compared with the default branch's", async () => {
    const identity = await identify();
    world.simulator.addAttestation({ repo, subjectDigest, bundle: signer.attest(statement, identity) });
    expect(await world.repository.readAttestations(subjectDigest)).toEqual({
      verified: [
        { repositoryId: identity.repositoryId, workflow, workflowMatchesDefaultBranch: true, runId: 77, statement },
      ],
      refused: [],
    });
    expect(await world.repository.readAttestations(`sha256:${"b".repeat(64)}`)).toEqual({ verified: [], refused: [] });
  });

  it("of a workflow file that a pull request changed are told apart", async () => {
    const changed = world.simulator.pushFiles({
      repo,
      branch: "evil",
      message: "CI",
      files: { [workflow]: "on: [push, pull_request]\n" },
      author: "ann",
    });
    const address = `https://github.com/acme/support-routes/${workflow}@refs/pull/1/merge`;
    const bundle = signer.attest(statement, await identify({ address, signerCommit: changed }));
    world.simulator.addAttestation({ repo, subjectDigest, bundle });
    const { verified } = await world.repository.readAttestations(subjectDigest);
    expect(verified).toMatchObject([{ workflow, workflowMatchesDefaultBranch: false }]);
  });

  it.each<[string, Partial<SignerIdentity>]>([
    ["another repository", { address: `https://github.com/evil/support-routes/${workflow}@refs/heads/main` }],
    ["no ref", { address: `https://github.com/acme/support-routes/${workflow}` }],
    ["no web address", { address: "spiffe:evil" }],
  ])("with a signer of %s keep its whole address, which fits no record", async (_name, changes) => {
    const bundle = signer.attest(statement, await identify(changes));
    world.simulator.addAttestation({ repo, subjectDigest, bundle });
    const { verified } = await world.repository.readAttestations(subjectDigest);
    expect(verified).toMatchObject([{ workflow: changes.address, workflowMatchesDefaultBranch: false }]);
  });

  it("with a commit that is none match nothing", async () => {
    const bundle = signer.attest(statement, await identify({ signerCommit: "refs/heads/main" }));
    world.simulator.addAttestation({ repo, subjectDigest, bundle });
    const { verified } = await world.repository.readAttestations(subjectDigest);
    expect(verified).toMatchObject([{ workflowMatchesDefaultBranch: false }]);
  });

  it("that cannot be verified are refused with a sentence and stop nothing", async () => {
    const stranger = createTestSigner(new Date("2026-06-14T08:00:00Z"));
    world.simulator.addAttestation({ repo, subjectDigest, bundle: stranger.attest(statement, await identify()) });
    world.simulator.addAttestation({ repo, subjectDigest, bundle: { mediaType: "none" } });
    const { verified, refused } = await world.repository.readAttestations(subjectDigest);
    expect(verified).toEqual([]);
    expect(refused.join(" ")).toMatch(/could not be verified/);
  });

  it("are nobody's word where the operator trusts nobody, or GitHub does not show them", async () => {
    world.simulator.addAttestation({ repo, subjectDigest, bundle: signer.attest(statement, await identify()) });
    const trustless = await startTestWorld();
    try {
      trustless.simulator.addAttestation({ repo, subjectDigest, bundle: { mediaType: "none" } });
      const { refused } = await trustless.repository.readAttestations(subjectDigest);
      expect(refused).toEqual(["the operator has configured no trust root for attestations"]);
    } finally {
      await trustless.close();
    }
    world.simulator.server.addFault({
      when: (request) => request.path.includes("/attestations/"),
      times: 1,
      effect: {
        kind: "status",
        response: { status: 403, body: { message: "Resource not accessible by integration" } },
      },
    });
    expect(await world.repository.readAttestations(subjectDigest)).toMatchObject({
      verified: [],
      refused: [expect.stringMatching(/permission `attestations: read`/)],
    });
  });
});

describe("check runs that evidence names", () => {
  /** What another app sees. */
  async function installCi(): Promise<RepositoryPort> {
    world.simulator.installApp({
      appId: 99,
      slug: "acme-ci",
      privateKeyPem: privateKey,
      permissions: { metadata: "read", checks: "write", contents: "read" },
      events: [],
      account: "acme",
    });
    const octokits = createGitHubProbot({
      appId: 99,
      privateKey,
      webhookSecret: "unused",
      log: pino({ level: "silent" }),
      baseUrl: world.simulator.apiUrl,
      pace: "unpaced",
      timeoutMs: 2000,
    });
    const port = createGitHubPort({ ...octokits, appId: 99, now: () => new Date() });
    return port.openRepository("acme", "support-routes");
  }

  it("are the newest of that app and name on that commit", async () => {
    const { headSha } = openRoutePull(world.simulator);
    const ci = await installCi();
    const report = {
      name: "model eval",
      headSha,
      status: "completed" as const,
      title: "t",
      summary: "s",
      text: "",
      annotations: [],
      actions: [],
    };
    await ci.publishCheck({ ...report, conclusion: "failure", externalId: "1" });
    await ci.publishCheck({ ...report, conclusion: "success", externalId: "2" });
    await ci.publishCheck({ ...report, name: "lint", conclusion: "failure", externalId: "3" });
    expect(await world.repository.readCheckRun(headSha, 99, "model eval")).toMatchObject({
      kind: "found",
      appId: 99,
      appSlug: "acme-ci",
      name: "model eval",
      conclusion: "success",
      commit: headSha,
      completedAt: expect.stringMatching(/^\d{4}-/),
      bundlesAtCommit: {},
    });
    const { repository } = world;
    expect(await repository.readCheckRun(headSha, 98, "model eval")).toEqual({ kind: "not-found" });
    expect(await repository.readCheckRun(headSha, 99, "other")).toEqual({ kind: "not-found" });
    expect(await repository.readCheckRun(main, 99, "model eval")).toEqual({ kind: "not-found" });
  });

  it("made by a workflow are said to be GitHub Actions'", async () => {
    const { headSha } = openRoutePull(world.simulator);
    world.simulator.addWorkflowRun({ repo, path: workflow, headSha });
    const run = await world.repository.readCheckRun(headSha, 15_368, workflow);
    expect(run).toMatchObject({ kind: "found", appSlug: "github-actions", conclusion: "success" });
  });

  it("that are not completed have no conclusion", async () => {
    const { headSha } = openRoutePull(world.simulator);
    world.simulator.addWorkflowRun({ repo, path: workflow, headSha, conclusion: null });
    const run = await world.repository.readCheckRun(headSha, 15_368, workflow);
    expect(run).toMatchObject({ kind: "found", conclusion: null });
  });

  it("on a commit that GitHub does not know are not found", async () => {
    expect(await world.repository.readCheckRun("0".repeat(40), 99, "x")).toEqual({ kind: "not-found" });
  });
});
