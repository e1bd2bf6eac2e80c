import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import {
  placeOf,
  type Bundle,
  type FieldDifference,
  type Guardrail,
  type RouteFile,
  type RouteRecord,
} from "./route-file.ts";

/** A field of the comparable form: its value, where the reader looks for it, and the whole that it is part of. */
interface Field {
  value: JsonValue;
  place: string;
  /** A bundle, guardrail or plan step; when that exists on one side only, it is one difference instead of many. */
  whole: string | null;
}

type Fields = ReadonlyMap<string, Field>;

/**
 * What differs in meaning between two states of a route, sorted by field (SPEC 1, change). Order and spelling that mean nothing
 * make no difference: key order, number spelling, absent against null, order of sets, order of guardrails.
 *
 * Fields are dotted paths below `model_change`, with these particulars: parameters go down to their leaves
 * (`candidate.parameters.temperature`); guardrails are named by their names (`guardrails.p95 latency.threshold`), and one
 * that was added or removed is one difference (`guardrails.p95 latency`); sets (`dataClasses`, `approval.reviewers`,
 * `approval.evidence`, `exposure.excluded`) and `fallback` are one value each; a bundle that is absent on one side is one
 * difference (`candidate`). `flag.type`, `cleanup.date` and `exposure.form` stand for what the file says in other words.
 * @param from null: everything is new
 * @param to null: the file was removed; places then point into the removed file
 */
export function diffRecords(from: RouteFile | null, to: RouteFile | null): readonly FieldDifference[] {
  const before: Fields = from === null ? new Map() : fieldsOf(from.record);
  const after: Fields = to === null ? new Map() : fieldsOf(to.record);
  const placed = to ?? from;
  if (placed === null) return [];
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path): FieldDifference[] => {
    const old = before.get(path);
    const now = after.get(path);
    const { whole, place } = now ?? old ?? { whole: null, place: path };
    if (old !== undefined && now !== undefined && (whole === path || isSameJson(old.value, now.value))) return [];
    const isPartOfOneSided = whole !== null && whole !== path && before.has(whole) !== after.has(whole);
    if (isPartOfOneSided) return [];
    return [{ field: path, from: old?.value, to: now?.value, place: placeOf(placed, place) }];
  });
}

/**
 * Whether a difference is only in words that people read and nothing acts on: such edits are `metadata-only` at every stage
 * (SPEC 5). A kind of risk that appears or disappears is more than words; told by its field alone it counts as more.
 */
export function isWordsOnly(difference: string | Pick<FieldDifference, "field" | "from" | "to">): boolean {
  const field = typeof difference === "string" ? difference : difference.field;
  if (field.startsWith("risks.")) {
    return typeof difference !== "string" && difference.from !== undefined && difference.to !== undefined;
  }
  return (
    field === "description" ||
    field === "improvement.goal" ||
    field === "approval.outcome.reason" ||
    field.startsWith("audit.") ||
    field.startsWith("x-")
  );
}

function fieldsOf(record: RouteRecord): Fields {
  const fields = new Map<string, Field>();
  const add: Add = (field, value, place = field, whole) => {
    if (value !== null) fields.set(field, { value, place, whole: whole ?? null });
  };
  add("flagKey", record.flagKey);
  add("flag.type", record.flagType);
  add("workflow", record.workflow);
  add("owner", record.owner);
  add("environment", record.environment);
  add("description", record.description);
  add("improvement.goal", record.improvement?.goal ?? null);
  add("improvement.metric", record.improvement?.metric ?? null);
  add("dataClasses", record.dataClasses);
  for (const [kind, text] of Object.entries(record.risks)) add(`risks.${kind}`, text);
  add("registry.provider", record.registry?.provider ?? null);
  add("registry.reference", record.registry?.reference ?? null);
  add("registry.version", record.registry?.version ?? null);
  addBundle(add, "baseline", record.baseline);
  if (record.candidate !== null) addBundle(add, "candidate", record.candidate);
  add("approval.status", record.approval.status);
  add("approval.reviewers", [...record.approval.reviewers].sort());
  const evidence = record.approval.evidence.map((entry) => (entry.kind === "id" ? entry.id : entry.record));
  add("approval.evidence", sortJson(evidence));
  add("approval.outcome.decision", record.approval.outcome?.decision ?? null);
  add("approval.outcome.reason", record.approval.outcome?.reason ?? null);
  for (const [index, guardrail] of record.guardrails.entries()) addGuardrail(add, guardrail, index);
  addExposure(add, record);
  add("rollback.defaultVariation", record.rollback?.defaultVariation ?? null);
  add("rollback.owner", record.rollback?.owner ?? null);
  add("cleanup.decision", record.cleanup?.decision ?? null);
  add(
    "cleanup.date",
    record.cleanup?.date ?? null,
    record.cleanup?.decision === "remove" ? "cleanup.by" : "cleanup.reviewBy",
  );
  add("cleanup.owner", record.cleanup?.owner ?? null);
  for (const [name, text] of Object.entries(record.audit)) add(`audit.${name}`, text);
  for (const [name, value] of Object.entries(record.extensions)) add(name, value);
  return fields;
}

type Add = (field: string, value: JsonValue, place?: string, whole?: string) => void;

function addBundle(add: Add, name: string, bundle: Bundle): void {
  add(name, bundleAsJson(bundle), name, name);
  const addPart = (part: string, value: JsonValue): void => add(`${name}.${part}`, value, `${name}.${part}`, name);
  const { parameters, fallback, pricing, latency, ...fields } = bundle;
  for (const [field, value] of Object.entries(fields)) addPart(field, value);
  addLeaves(addPart, "parameters", parameters);
  if (fallback.length > 0) addPart("fallback", bundleAsJson(bundle)["fallback"] ?? null);
  addPart("pricing.inputPerMTok", pricing?.inputPerMTok ?? null);
  addPart("pricing.outputPerMTok", pricing?.outputPerMTok ?? null);
  addPart("latency.p95Ms", latency?.p95Ms ?? null);
}

/** A bundle without its absent fields, for people and for comparison. */
function bundleAsJson(bundle: Bundle): JsonObject {
  const { fallback, pricing, latency, ...fields } = bundle;
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
    ...(pricing === null ? {} : { pricing: { ...pricing } }),
    ...(latency === null ? {} : { latency: { ...latency } }),
    fallback: fallback.map((entry) => (entry.kind === "name" ? entry.name : bundleAsJson(entry.bundle))),
  };
}

function addLeaves(add: (field: string, value: JsonValue) => void, field: string, value: JsonValue): void {
  if (!isJsonObject(value)) {
    add(field, value);
    return;
  }
  for (const [key, inner] of Object.entries(value)) addLeaves(add, `${field}.${key}`, inner);
}

function addGuardrail(add: Add, guardrail: Guardrail, index: number): void {
  const field = `guardrails.${guardrail.name}`;
  const place = `guardrails.${index}`;
  const { name: _name, parameters, threshold, margin, windowMs, ...fields } = guardrail;
  const parts: Record<string, JsonValue> = {
    ...fields,
    parameters: Object.keys(parameters).length === 0 ? null : { ...parameters },
    threshold: threshold === null ? null : `${threshold.operator} ${threshold.amount}`,
    margin:
      margin === null ? null : `${margin.operator} baseline ${margin.amount}${margin.unit === "points" ? "pp" : "%"}`,
    window: windowMs,
  };
  const present = Object.entries(parts).filter(([, value]) => value !== null);
  add(field, Object.fromEntries(present), place, field);
  for (const [part, value] of present) add(`${field}.${part}`, value, `${place}.${part}`, field);
}

function addExposure(add: Add, { exposure }: RouteRecord): void {
  add("exposure.form", exposure.form, "exposure");
  add("exposure.excluded", [...exposure.excluded].sort());
  if (exposure.form === "short") {
    add("exposure.firstAudience", exposure.firstAudience);
    add("exposure.nextAudience", exposure.nextAudience);
    return;
  }
  for (const [index, step] of exposure.plan.entries()) {
    const field = `exposure.plan.${step.stage}`;
    const place = `exposure.plan.${index}`;
    add(field, { ...step }, place, field);
    add(`${field}.audience`, step.audience, `${place}.audience`, field);
    if (step.steps.length > 0) add(`${field}.steps`, step.steps, `${place}.steps`, field);
    add(`${field}.soak`, step.soakMs, `${place}.soak`, field);
  }
}

function isSameJson(a: JsonValue, b: JsonValue): boolean {
  return a === b || stableText(a) === stableText(b);
}

function sortJson(values: readonly JsonValue[]): readonly JsonValue[] {
  return values
    .map((value) => [stableText(value), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, value]) => value);
}

/** JSON with sorted keys. */
function stableText(value: JsonValue): string {
  if (typeof value !== "object") return JSON.stringify(value);
  return JSON.stringify(value, (_key, inner: JsonValue) =>
    isJsonObject(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
