import type { Bound } from "../bound.ts";
import type { JsonValue } from "../json.ts";
import type { Place, Problem } from "../problem.ts";
import type { ApprovalStatus, DataClass, GuardrailCategory } from "../vocabulary.ts";

export { approvalStatuses, dataClasses, guardrailCategories } from "../vocabulary.ts";
export type { ApprovalStatus, DataClass, GuardrailCategory } from "../vocabulary.ts";

/** What an application calls (SPEC 2). Absent fields are null, so that absent and null are one thing. */
export interface Bundle {
  provider: string | null;
  model: string;
  modelFamily: string | null;
  version: string | null;
  endpoint: string | null;
  region: string | null;
  promptVersion: string | null;
  /** Repository path of the prompt file. */
  prompt: string | null;
  retrievalProfile: string | null;
  /** Repository path. */
  retrieval: string | null;
  toolPolicy: string | null;
  /** Repository path. */
  tools: string | null;
  parameters: Readonly<Record<string, JsonValue>>;
  timeoutMs: number | null;
  maxRetries: number | null;
  fallback: readonly Fallback[];
  /** US dollars per million tokens, claimed by the author. */
  pricing: { inputPerMTok: number | null; outputPerMTok: number | null } | null;
  latency: { p95Ms: number | null } | null;
}

export type Fallback = { kind: "name"; name: string } | { kind: "bundle"; bundle: Bundle };

export type { Bound } from "../bound.ts";

export interface Guardrail {
  name: string;
  category: GuardrailCategory;
  /** Name of a metric template (SPEC 9). */
  metric: string;
  parameters: Readonly<Record<string, string>>;
  threshold: Bound | null;
  margin: Bound | null;
  windowMs: number | null;
  minSamples: number | null;
  absentIs: number | null;
  onBreach: "pause" | "rollback" | null;
}

export interface PlanStep {
  stage: "offline-eval" | "shadow" | "internal-canary" | "customer-canary" | "ab-comparison" | "default";
  audience: string | null;
  /** Percents of the audience, rising; empty when the audience's own `percent`, or everybody, is meant. */
  steps: readonly number[];
  soakMs: number | null;
}

export type Exposure =
  | { form: "short"; firstAudience: string | null; nextAudience: string | null; excluded: readonly string[] }
  | { form: "plan"; plan: readonly PlanStep[]; excluded: readonly string[] };

/** An entry of `approval.evidence`: an id of a record in the evidence folder, or the record itself. */
export type EvidenceReference = { kind: "id"; id: string } | { kind: "inline"; record: JsonValue };

/** One `model_change` record, normalised. */
export interface RouteRecord {
  flagKey: string;
  flagType: "json" | "string";
  workflow: string | null;
  owner: string;
  environment: string;
  description: string | null;
  improvement: { goal: string; metric: string | null } | null;
  /** Null when undeclared, which is not the same as an empty list. */
  dataClasses: readonly DataClass[] | null;
  /** Kind of risk (`cost latency quality safety data support`) to the author's words. */
  risks: Readonly<Record<string, string>>;
  registry: { provider: string; reference: string; version: string | null } | null;
  baseline: Bundle;
  candidate: Bundle | null;
  approval: {
    status: ApprovalStatus;
    reviewers: readonly string[];
    evidence: readonly EvidenceReference[];
    outcome: { decision: "expand" | "revise" | "keep-testing" | "reject"; reason: string } | null;
  };
  guardrails: readonly Guardrail[];
  exposure: Exposure;
  rollback: { defaultVariation: "baseline"; owner: string | null } | null;
  cleanup: {
    decision: "remove" | "permanent";
    /** ISO date: `by` of a removal, `reviewBy` of a permanent one. */
    date: string | null;
    owner: string | null;
  } | null;
  audit: Readonly<Record<string, string>>;
  /** The user's own `x-` keys. */
  extensions: Readonly<Record<string, JsonValue>>;
}

/** A route file that was read without an error. */
export interface RouteFile {
  path: string;
  record: RouteRecord;
  /** Line and column of each field, by its dotted path below `model_change`, for example `candidate.model`, `guardrails.0.threshold`. */
  places: Readonly<Record<string, readonly [line: number, column: number]>>;
}

/**
 * Where a field stands; the nearest parent that has a place when the field itself is absent, else line 1.
 * @param field dotted path below `model_change`
 */
export function placeOf(file: RouteFile, field: string): Place {
  for (let path = field; path !== ""; path = path.slice(0, Math.max(path.lastIndexOf("."), 0))) {
    const place = file.places[path];
    if (place !== undefined) return { path: file.path, line: place[0], column: place[1] };
  }
  return { path: file.path, line: 1, column: 1 };
}

/** A route at one commit, with the digests of the files that its bundles name. */
export interface RouteState {
  file: RouteFile;
  /** `mrb1:sha256:<hex>`; null when a named file is missing or unreadable. */
  baselineDigest: string | null;
  candidateDigest: string | null;
  /** SHA-256 hex of every named repository file; null when it is missing or unreadable. */
  files: Readonly<Record<string, string | null>>;
  /** Named files that are missing or cannot be read; each stands on the line that names it. */
  problems: readonly Problem[];
}

/** One difference in meaning. `from` or `to` undefined: the field is absent on that side. */
export interface FieldDifference {
  /** Dotted path below `model_change`, for example `candidate.parameters.temperature`. */
  field: string;
  from: JsonValue | undefined;
  to: JsonValue | undefined;
  /** On the head side where the field exists there, else on its parent. */
  place: Place;
}
