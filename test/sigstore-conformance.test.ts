import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { githubActionsIssuer, verifyAttestation } from "../src/adapters/github/verify-attestation.ts";

/**
 * Bundles that the real Sigstore made, from the project sigstore/sigstore-conformance. They are not ours to keep a copy of, so this runs only where
 * the operator or a developer names its folder `test/assets/bundle-verify` and a file with Sigstore's public trust root.
 */
const folder = process.env["SIGSTORE_CONFORMANCE"] ?? "";
const publicRoot = process.env["SIGSTORE_TRUSTED_ROOT"] ?? "";
const isPossible = folder !== "" && publicRoot !== "";

function readJson(path: string): unknown {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
    return parsed;
  } catch {
    return null;
  }
}

const bundlePath = (name: string): string => join(folder, name, "bundle.sigstore.json");

function verifyCase(name: string): ReturnType<typeof verifyAttestation> {
  const own = join(folder, name, "trusted_root.json");
  const root = readJson(existsSync(own) ? own : publicRoot);
  return verifyAttestation(readJson(bundlePath(name)), {
    roots: [root],
    issuer: githubActionsIssuer,
  });
}

const statement = z.object({
  _type: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
});

describe.runIf(isPossible)("bundles of the real Sigstore", () => {
  // The others sign plain bytes, which we refuse whatever their signature is worth.
  const signsEnvelope = (name: string): boolean =>
    existsSync(bundlePath(name)) && readFileSync(bundlePath(name), "utf8").includes('"dsseEnvelope"');
  const forged = (isPossible ? readdirSync(folder) : []).filter(
    (name) => name.endsWith("_fail") && signsEnvelope(name),
  );

  it.each(["happy-path-intoto-in-dsse-v3", "rekor2-dsse-happy-path"])(
    "are believed, with signer and run: %s",
    (name) => {
      const verified = verifyCase(name);
      expect(verified).toMatchObject({
        ok: true,
        signer: expect.stringMatching(
          /^https:\/\/github\.com\/sigstore-conformance\/[^/]+\/\.github\/workflows\/[^/]+@refs\//,
        ),
        signerCommit: expect.stringMatching(/^[0-9a-f]{40}$/),
        repositoryId: expect.any(Number),
        runId: expect.any(Number),
      });
      expect(verified.ok && statement.parse(verified.statement).subject.length).toBe(1);
    },
  );

  it.each(forged)("are refused: %s", (name) => {
    expect(verifyCase(name).ok).toBe(false);
  });

  it("are refused when they sign no statement", () => {
    expect(verifyCase("happy-path-v0.3").ok).toBe(false);
  });

  it("are refused when they vouch for somebody else's word", () => {
    const bundle = readJson(bundlePath("happy-path-intoto-in-dsse-v3"));
    const trust = { roots: [readJson(publicRoot)], issuer: "https://issuer.example" };
    expect(verifyAttestation(bundle, trust)).toMatchObject({ ok: false, why: expect.stringContaining("identity") });
  });
});
