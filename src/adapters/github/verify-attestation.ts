import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier, type Signer } from "@sigstore/verify";
import { z } from "zod";
import type { JsonValue } from "../../core/json.ts";

/** Whose signatures are believed (SPEC 8, attested trust). */
export interface AttestationTrust {
  /** Sigstore trust roots as JSON values: the public-good instance, GitHub's own, or an enterprise's. */
  roots: readonly unknown[];
  /** Who vouches for workflow identities: the issuer that the signing certificates must name. */
  issuer: string;
}

/** The issuer of workflow identities on github.com. */
export const githubActionsIssuer = "https://token.actions.githubusercontent.com";

/** Whose signature it is and what it says; or why it is not believed. */
export type VerifiedBundle =
  | {
      ok: true;
      /** Address of the workflow that signed, with its ref. */
      signer: string;
      /** Commit of that workflow file. */
      signerCommit: string | null;
      /** Repository in which it ran. */
      repositoryId: number | null;
      runId: number | null;
      statement: JsonValue;
    }
  | { ok: false; why: string };

// Numbers of Fulcio's certificate extensions below 1.3.6.1.4.1.57264.1.
const extensionArc = "1.3.6.1.4.1.57264.1.";
const extension = { issuer: 8, signerCommit: 10, repositoryId: 15, runAddress: 21 } as const;

const inTotoType = "application/vnd.in-toto+json";
const largestStatement = 1024 * 1024;
const statementSchema = z.json();

/**
 * Verifies one Sigstore bundle against the trust roots, without network: certificate chain at a witnessed time, inclusion in the logs that
 * the root names, and the signature over the in-toto statement. Never throws: whatever is wrong with it, it is then not attested.
 */
export function verifyAttestation(bundle: unknown, trust: AttestationTrust): VerifiedBundle {
  let why = "the operator has configured no trust root";
  for (const root of trust.roots) {
    try {
      return readVerified(bundle, verifyBy(bundle, root), trust.issuer);
    } catch (error) {
      // The library throws errors of many classes on hostile input; all of them mean the same here.
      why = `its signature could not be verified (${error instanceof Error ? error.message.slice(0, 120) : "unknown"})`;
    }
  }
  return { ok: false, why };
}

/** @throws whatever the library finds wrong */
function verifyBy(bundle: unknown, root: unknown): Signer {
  const material = toTrustMaterial(TrustedRoot.fromJSON(root));
  // GitHub's own instance, for private repositories, has a timestamp authority and no logs; the public one must be witnessed by its logs.
  const verifier = new Verifier(material, {
    tlogThreshold: material.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: material.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
  return verifier.verify(toSignedEntity(bundleFromJSON(bundle)));
}

function readVerified(bundle: unknown, signer: Signer, issuer: string): VerifiedBundle {
  const { identity } = signer;
  const read = (number: number): string | null => {
    const id = `${extensionArc}${number}`;
    const found = identity?.oids?.find((each) => each.oid?.id.join(".") === id);
    return found === undefined ? null : readUtf8(found.value);
  };
  const named = identity?.extensions?.issuer ?? read(extension.issuer);
  if (named !== issuer)
    return { ok: false, why: `its signer's identity comes from ${(named ?? "nobody").slice(0, 100)}` };
  const address = identity?.subjectAlternativeName;
  if (address === undefined) return { ok: false, why: "its certificate names no signer" };
  const statement = readStatement(bundle);
  if (statement === null) return { ok: false, why: "it signs no in-toto statement that can be read" };
  const repositoryId = Number(read(extension.repositoryId) ?? Number.NaN);
  const run = /\/actions\/runs\/(\d{1,15})(?:\/attempts\/\d{1,6})?$/.exec(read(extension.runAddress) ?? "");
  return {
    ok: true,
    signer: address,
    signerCommit: read(extension.signerCommit),
    repositoryId: Number.isSafeInteger(repositoryId) ? repositoryId : null,
    runId: run === null ? null : Number(run[1]),
    statement,
  };
}

/** The text of a DER UTF8String; null for anything else. */
function readUtf8(value: Uint8Array): string | null {
  const [tag, first = 0x80] = value;
  const header = first < 0x80 ? 2 : first === 0x81 ? 3 : 4;
  const length = first < 0x80 ? first : first === 0x81 ? (value[2] ?? 0) : ((value[2] ?? 0) << 8) | (value[3] ?? 0);
  if (tag !== 0x0c || first > 0x82 || first === 0x80 || value.length !== header + length) return null;
  return Buffer.from(value.subarray(header)).toString("utf8");
}

/** The statement out of the envelope whose signature was verified. */
function readStatement(bundle: unknown): JsonValue | null {
  const { content } = bundleFromJSON(bundle);
  if (content.$case !== "dsseEnvelope") return null;
  const { payload, payloadType } = content.dsseEnvelope;
  if (payloadType !== inTotoType || payload.length > largestStatement) return null;
  try {
    const parsed = statementSchema.safeParse(JSON.parse(payload.toString("utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
