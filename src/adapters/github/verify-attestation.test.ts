import { describe, expect, it } from "vitest";
import { createTestSigner, type SignerIdentity } from "./test-signer.ts";
import { githubActionsIssuer, verifyAttestation } from "./verify-attestation.ts";

const at = new Date("2026-06-14T08:00:00Z");
const signer = createTestSigner(at);
const stranger = createTestSigner(at);
const trust = { roots: [signer.root], issuer: githubActionsIssuer };
const statement = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "route_bundle", digest: { sha256: "a".repeat(64) } }],
  predicateType: "https://in-toto.io/attestation/test-result/v0.1",
  predicate: { result: "PASSED", configuration: [], passedTests: ["a"] },
};
const identity: SignerIdentity = {
  address: "https://github.com/acme/support-routes/.github/workflows/eval.yml@refs/heads/main",
  issuer: githubActionsIssuer,
  signerCommit: "b".repeat(40),
  repositoryId: 42,
  runAddress: "https://github.com/acme/support-routes/actions/runs/5/attempts/1",
};
const good = signer.attest(statement, identity);

/** A copy with one thing changed by its path. */
function change(path: string, value: unknown): unknown {
  const copy: unknown = structuredClone(good);
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  const parent = steps.reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step], copy);
  (parent as Record<string, unknown>)[last] = value;
  return copy;
}

describe("a Sigstore bundle", () => {
  it("that its root vouches for says who signed what", () => {
    expect(verifyAttestation(good, trust)).toEqual({
      ok: true,
      signer: identity.address,
      signerCommit: identity.signerCommit,
      repositoryId: 42,
      runId: 5,
      statement,
    });
  });

  it("is believed by any of several roots", () => {
    expect(verifyAttestation(good, { ...trust, roots: [stranger.root, signer.root] }).ok).toBe(true);
  });

  const payload = Buffer.from(JSON.stringify({ ...statement, predicate: { result: "PASSED", passedTests: ["b"] } }));
  it.each<[string, unknown]>([
    ["by an authority that nobody trusts", stranger.attest(statement, identity)],
    ["over another statement", change("dsseEnvelope.payload", payload.toString("base64"))],
    ["with another signature", change("dsseEnvelope.signatures", [{ sig: "MEUCIQDf", keyid: "" }])],
    ["with two signatures", change("dsseEnvelope.signatures", [{ sig: "aa" }, { sig: "bb" }])],
    ["that no log has witnessed", change("verificationMaterial.tlogEntries", [])],
    [
      "whose log entry is of another time",
      change("verificationMaterial.tlogEntries.0.integratedTime", String(at.getTime() / 1000 + 60)),
    ],
    ["whose certificate is another one", change("verificationMaterial.x509CertificateChain", { certificates: [] })],
    ["of another media type", change("mediaType", "text/plain")],
    ["without an envelope", change("dsseEnvelope", undefined)],
    ["with a payload of another type", change("dsseEnvelope.payloadType", "text/plain")],
    ["with an identity of another issuer", signer.attest(statement, { ...identity, issuer: "https://evil.example" })],
    ["of a statement that is no JSON object", { nothing: true }],
    ["that is null", null],
    ["that is a list", []],
    ["that is text", "bundle"],
  ])("%s is not attested", (_name, bundle) => {
    const result = verifyAttestation(bundle, trust);
    expect(result.ok).toBe(false);
    expect(result.ok ? "" : result.why).not.toBe("");
  });

  it("without any root is not attested", () => {
    expect(verifyAttestation(good, { ...trust, roots: [] })).toEqual({
      ok: false,
      why: "the operator has configured no trust root",
    });
  });

  it.each([[{}], ["root"], [null], [{ tlogs: "x" }]])("with the broken root %j is not attested", (root) => {
    expect(verifyAttestation(good, { ...trust, roots: [root] }).ok).toBe(false);
  });
});
