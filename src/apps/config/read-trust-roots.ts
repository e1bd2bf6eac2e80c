import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toTrustMaterial } from "@sigstore/verify";
import { githubActionsIssuer, type AttestationTrust } from "../../adapters/github/verify-attestation.ts";
import { ConfigurationError } from "./read-environment.ts";

/** What the operator's file says about attestations (SPEC 8): files of trust roots, and who vouches for workflow identities. */
export interface AttestationSettings {
  /** Paths, relative to the operator's file. */
  trustRoots: readonly string[];
  issuer: string | null;
}

/**
 * Reads the trust roots that the operator's file names: a JSON document, or JSON Lines as `gh attestation trusted-root` prints them.
 *
 * @param configPath the operator's file, beside which the others are looked for
 * @throws ConfigurationError that lists every file that cannot be used
 */
export function readTrustRoots(settings: AttestationSettings, configPath: string): AttestationTrust {
  const mistakes: string[] = [];
  const roots = settings.trustRoots.flatMap((name): unknown[] => {
    let text: string;
    try {
      text = readFileSync(resolve(dirname(configPath), name), "utf8");
    } catch {
      mistakes.push(`${configPath}: the trust root ${name} cannot be read`);
      return [];
    }
    const found = parseTrustRoots(text);
    if (found === null)
      mistakes.push(`${configPath}: ${name} holds no trust root; write it with: gh attestation trusted-root > ${name}`);
    return [...(found ?? [])];
  });
  if (mistakes.length > 0) throw new ConfigurationError(mistakes);
  return { roots, issuer: settings.issuer ?? githubActionsIssuer };
}

/** The trust roots of a text; null when one of them is none, or there is none. */
export function parseTrustRoots(text: string): readonly unknown[] | null {
  const documents = parseDocuments(text);
  if (documents === null || documents.length === 0) return null;
  return documents.every((document) => isTrustRoot(document)) ? documents : null;
}

function parseDocuments(text: string): readonly unknown[] | null {
  try {
    return [JSON.parse(text)];
  } catch {
    try {
      const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
      return lines.map((line): unknown => JSON.parse(line));
    } catch {
      return null;
    }
  }
}

function isTrustRoot(document: unknown): boolean {
  try {
    return toTrustMaterial(TrustedRoot.fromJSON(document)).certificateAuthorities.length > 0;
  } catch {
    // The library says with errors of many classes that something is no trust root.
    return false;
  }
}
