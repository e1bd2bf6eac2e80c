import { createHash } from "node:crypto";
import { renderCanonical } from "../audit/canonical-text.ts";
import type { AttestationFacts, CheckRunFacts, FileContent, Rehearsal, Snapshot, WorkflowRunFacts } from "../facts.ts";
import type { JsonValue } from "../json.ts";
import type { Policy } from "../policy/policy.ts";
import { cut, type Parsed, type Place } from "../problem.ts";
import { placeOf, type EvidenceReference, type RouteFile } from "../routes/route-file.ts";
import type { EvidenceFinding, EvidenceRecord } from "./evidence.ts";
import { judgeAttestation } from "./judge-attestation.ts";
import { completeCheckRecord, judgeCheckTrust } from "./judge-check-run.ts";
import {
  isRehearsalId,
  judgeEvidence,
  judgeRehearsal,
  judgeTrust,
  reportMissingEvidence,
  type EvidenceContext,
  type RunOfRecord,
} from "./judge-evidence.ts";
import { textAt } from "./read-field.ts";
import { listEvidencePaths, readEvidence, readInlineEvidence, type EvidenceFile } from "./read-evidence.ts";

/** Where the evidence of a route is looked for, and what it is judged against. */
export interface EvidenceSource {
  /** The commit that would be merged. */
  snapshot: Snapshot;
  policy: Pick<Policy, "evidenceFolder" | "evidenceApps">;
  /** Rehearsals of this flag out of Routeward's own store. */
  rehearsals: readonly Rehearsal[];
  workflowRuns: Readonly<Record<string, WorkflowRunFacts>>;
  checkRuns?: Readonly<Record<string, CheckRunFacts>> | undefined;
  /** What is attested by bundle digest, and the repository whose workflows may have signed it. */
  attested?: { repositoryId: number; byBundle: Readonly<Record<string, AttestationFacts>> } | undefined;
  context: EvidenceContext;
}

/** A finding with the digest of what was read, so that a review can be bound to it; null when there is nothing of ours to bind to. */
export interface JudgedEvidence {
  finding: EvidenceFinding;
  readonly digest: string | null;
}

/** Judges every entry of `approval.evidence`, in its order (SPEC 8). An id that is named twice is judged once. */
export function judgeRouteEvidence(file: RouteFile, source: EvidenceSource): readonly JudgedEvidence[] {
  const seen = new Set<string>();
  return file.record.approval.evidence.flatMap((reference, index) => {
    const judged = judgeReference(reference, placeOf(file, `approval.evidence.${index}`), source);
    if (seen.has(judged.finding.id)) return [];
    seen.add(judged.finding.id);
    return [judged];
  });
}

function judgeReference(reference: EvidenceReference, place: Place, source: EvidenceSource): JudgedEvidence {
  if (reference.kind === "id" && isRehearsalId(reference.id)) {
    return { finding: judgeRehearsal(reference.id, source.rehearsals, source.context, place), digest: null };
  }
  const files = listEvidenceFiles(source.snapshot);
  const folder = source.policy.evidenceFolder;
  const parsed =
    reference.kind === "id"
      ? readEvidence(reference.id, files, { folder, place })
      : readInlineEvidence(reference.record, place, files, folder);
  const name = reference.kind === "id" ? reference.id : nameOf(reference.record);
  if (!parsed.ok) return { finding: reportUnread(name, parsed, place), digest: null };
  const record = parsed.value;
  return {
    finding: judgeRecord(record, source),
    // Few of many records are used in the end, and only those are bound.
    get digest() {
      return digestRecord(record);
    },
  };
}

/** Whoever vouches most for the record says how far it is trusted: an attestation, a check run's app, or a workflow run. */
function judgeRecord(record: EvidenceRecord, source: EvidenceSource): EvidenceFinding {
  const { context } = source;
  if (record.check !== undefined) {
    const facts = valueOf(source.checkRuns, record.id);
    const completed = completeCheckRecord(record, facts, context.policy);
    const trust = judgeCheckTrust(completed, facts, context, source.policy.evidenceApps);
    return judgeEvidence(completed, null, context, trust);
  }
  const run = findRun(record, source);
  const byRun = judgeTrust(record, run, context);
  const wanted = record.kind === "baseline-check" ? context.baselineDigest : context.candidateDigest;
  const attestations = wanted === null ? null : valueOf(source.attested?.byBundle, wanted);
  const repositoryId = source.attested?.repositoryId ?? null;
  const from = { attestations, repositoryId, contents: source.snapshot.contents };
  const attested = judgeAttestation(record, from, context);
  if (attested === null) return judgeEvidence(record, run, context, byRun);
  const trust = attested.level === null ? { level: byRun.level, why: `${byRun.why}; ${attested.why}` } : attested;
  return judgeEvidence(record, run, context, trust);
}

function valueOf<Value>(table: Readonly<Record<string, Value>> | undefined, key: string): Value | null {
  return table !== undefined && Object.hasOwn(table, key) ? (table[key] ?? null) : null;
}

function nameOf(record: JsonValue): string {
  return cut(textAt(record, "id") ?? "inline record", 128);
}

function reportUnread(id: string, parsed: Parsed<EvidenceRecord>, place: Place): EvidenceFinding {
  const why = parsed.problems.flatMap((problem) => {
    const where = problem.path === place.path ? "" : ` (${problem.path} line ${problem.line})`;
    return [`${problem.message.replace(/\.$/, "")}${where}`, problem.fix];
  });
  return reportMissingEvidence(id, why, parsed.problems[0] ?? place);
}

const listed = new WeakMap<Snapshot, readonly EvidenceFile[]>();

/** All files that were read: the reader asks for them by their paths in the evidence folder. Kept for as long as the snapshot. */
function listEvidenceFiles(snapshot: Snapshot): readonly EvidenceFile[] {
  const known = listed.get(snapshot);
  if (known !== undefined) return known;
  const modes = new Map(snapshot.entries.map((entry) => [entry.path, entry.mode]));
  const files = Object.entries(snapshot.contents).map(([path, content]): EvidenceFile => {
    return { path, content: hideLink(content, modes.get(path)) };
  });
  listed.set(snapshot, files);
  return files;
}

/** A link's text is the name of another file, and submodules have none: neither is evidence. */
function hideLink(content: FileContent, mode: Snapshot["entries"][number]["mode"] | undefined): FileContent {
  return mode === "symlink" || mode === "submodule" ? { kind: mode } : content;
}

/**
 * The run that a record names, with the record as the run's artifact holds it, a wrapper with the output beside it. The artifact is read alone: with the pull request's files
 * beside it, an author could complete a wrapper from the artifact with an output of their own.
 */
function findRun(record: EvidenceRecord, source: EvidenceSource): RunOfRecord | null {
  const facts = valueOf(source.workflowRuns, record.id);
  if (facts === null) return null;
  if (facts.kind === "not-found" || facts.artifactText === null) return { facts, artifact: null };
  const folder = source.policy.evidenceFolder;
  const path = `${folder}/${record.id}.yaml`;
  const others = Object.entries(facts.artifactFiles ?? {}).map(([name, text]): EvidenceFile => {
    return { path: `${folder}/${name}`, content: { kind: "text", text } };
  });
  const names = listEvidencePaths(folder, record.id);
  const files: readonly EvidenceFile[] = [
    { path, content: { kind: "text", text: facts.artifactText } },
    ...others.filter((file) => !names.includes(file.path)),
  ];
  const parsed = readEvidence(record.id, files, { folder, place: record.place });
  return { facts, artifact: parsed.ok ? parsed.value : null };
}

function digestRecord({ place: _place, files: _files, ...record }: EvidenceRecord): string {
  return createHash("sha256").update(renderCanonical(record)).digest("hex");
}
