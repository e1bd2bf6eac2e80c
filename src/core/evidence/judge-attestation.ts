import { createHash } from "node:crypto";
import { renderCanonical } from "../audit/canonical-text.ts";
import type { AttestationFacts, FileContent, VerifiedAttestation } from "../facts.ts";
import type { JsonValue } from "../json.ts";
import { cut } from "../problem.ts";
import type { EvidenceRecord } from "./evidence.ts";
import type { EvidenceContext, TrustFinding } from "./judge-evidence.ts";
import { listAt, textAt, valueAt } from "./read-field.ts";
import { parseToolJson } from "./read-tool-output.ts";

const predicateType = /^https:\/\/in-toto\.io\/attestation\/test-result\/v0\.\d{1,3}$/;

/** What an attestation is compared with. */
export interface AttestedSource {
  attestations: AttestationFacts | null;
  /** The repository whose workflows may sign; null when nothing was asked. */
  repositoryId: number | null;
  /** Contents of the commit that would be merged, by path. */
  contents: Readonly<Record<string, FileContent>>;
}

/**
 * Attested trust (SPEC 8): the signature was verified, and here is judged whose it is and what it says. The signer must be the record's
 * workflow in this repository, as the default branch has it; the only subject must be the bundle; and every file of the record must stand
 * in the statement: by its SHA-256 in `predicate.configuration`, or, for an in-toto output, by being the statement itself. Without that an
 * attestation of one measurement would lift every other record about the same bundle. A record inside the route file is in no statement.
 *
 * @returns null when nothing is attested; else the trust, or why the attestations there do not count
 */
export function judgeAttestation(
  record: EvidenceRecord,
  source: AttestedSource,
  context: EvidenceContext,
): TrustFinding | { level: null; why: string } | null {
  const { attestations } = source;
  if (attestations === null || record.producer === null) return null;
  const objections: string[] = [];
  for (const attestation of attestations.verified) {
    const objection = findObjection(attestation, record, source, context);
    if (objection === null) {
      const run = attestation.runId === null ? "" : ` in run ${attestation.runId}`;
      return { level: "attested", why: `attested and signed by ${cut(attestation.workflow, 100)}${run}` };
    }
    objections.push(objection);
  }
  const first = [...objections, ...attestations.refused][0];
  return first === undefined ? null : { level: null, why: `not attested: ${cut(first, 200)}` };
}

function findObjection(
  attestation: VerifiedAttestation,
  record: EvidenceRecord,
  source: AttestedSource,
  context: EvidenceContext,
): string | null {
  const { statement, workflow } = attestation;
  if (attestation.repositoryId === null || attestation.repositoryId !== source.repositoryId)
    return "the attestation was signed in another repository";
  if (workflow !== record.producer?.workflow) return `the attestation was signed by ${cut(workflow, 120)}`;
  if (!attestation.workflowMatchesDefaultBranch) return "the workflow file that signed it is not the default branch's";
  if (attestation.runId !== null && attestation.runId !== record.producer.runId) {
    return `the attestation is of run ${attestation.runId}, not of ${record.producer.runId}`;
  }
  if (!predicateType.test(textAt(statement, "predicateType") ?? "")) return "the attestation is no test result";
  if (textAt(statement, "predicate", "result") === "FAILED") return "the attested result is FAILED";
  const wanted = record.kind === "baseline-check" ? context.baselineDigest : context.candidateDigest;
  const subjects = listAt(statement, "subject").map((subject) => textAt(subject, "digest", "sha256"));
  if (subjects.length !== 1 || `mrb1:sha256:${subjects[0] ?? ""}` !== wanted) {
    return "the attestation's subject is not this bundle alone";
  }
  const files = record.files ?? [];
  // Also of a wrapper with an attested output: its kind and its threshold nobody signed.
  if (!files.includes(record.place.path))
    return "a record inside the route file cannot be attested; commit it as a file";
  const missing = files.find((path) => !isAttested(path, record, statement, source.contents));
  return missing === undefined ? null : `the attested statement does not hold the digest of ${cut(missing, 120)}`;
}

function isAttested(
  path: string,
  record: EvidenceRecord,
  statement: JsonValue,
  contents: AttestedSource["contents"],
): boolean {
  const content = Object.hasOwn(contents, path) ? contents[path] : undefined;
  if (content?.kind !== "text") return false;
  const digest = createHash("sha256").update(content.text).digest("hex");
  const listed = listAt(statement, "predicate", "configuration").map((each) => textAt(each, "digest", "sha256"));
  if (listed.includes(digest)) return true;
  // Of the wrapper's own file the rest is never true: a record has none of a statement's keys.
  if (record.format !== "in-toto") return false;
  const output = parseToolJson(content.text);
  return output.ok && saysSame(output.value, statement);
}

function saysSame(output: JsonValue, statement: JsonValue): boolean {
  const text = (value: JsonValue): string =>
    renderCanonical([
      valueAt(value, "predicateType") ?? null,
      valueAt(value, "predicate") ?? null,
      listAt(value, "subject").map((subject) => textAt(subject, "digest", "sha256")),
    ]);
  return text(output) === text(statement);
}
