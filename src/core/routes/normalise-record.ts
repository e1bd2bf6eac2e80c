import { isJsonList, type JsonValue } from "../json.ts";
import { tableOf } from "../table-of.ts";
import { parseDuration } from "../time/parse-duration.ts";
import { isBound, parseMargin, parseThreshold, type Bound } from "../bound.ts";
import type { Bundle, Exposure, Fallback, Guardrail, RouteRecord } from "./route-file.ts";
import type { BundleInput, FallbackInput, RecordInput } from "./route-schema.ts";

/** Brings a record that passed the schema and the checks into its one normal form: absent is null, durations are milliseconds. */
export function normaliseRecord(input: RecordInput, extensions: Readonly<Record<string, JsonValue>>): RouteRecord {
  const { improvement, approval, rollback, cleanup, registry } = input;
  return {
    flagKey: input.flagKey,
    flagType: input.flag?.type ?? "json",
    workflow: input.workflow ?? null,
    owner: input.owner,
    environment: input.environment ?? "production",
    description: input.description ?? null,
    improvement:
      typeof improvement === "string"
        ? { goal: improvement, metric: null }
        : improvement
          ? { goal: improvement.goal, metric: improvement.metric ?? null }
          : null,
    dataClasses: input.dataClasses ? [...new Set(input.dataClasses)].sort() : null,
    risks: textsOf(input.risks),
    registry: registry
      ? { provider: registry.provider, reference: registry.reference, version: registry.version ?? null }
      : null,
    baseline: normaliseBundle(input.baseline),
    candidate: input.candidate ? normaliseBundle(input.candidate) : null,
    approval: {
      status: approval.status,
      reviewers: [...new Set(approval.reviewers ?? [])],
      evidence: (approval.evidence ?? []).map((entry) =>
        typeof entry === "string" ? { kind: "id", id: entry } : { kind: "inline", record: entry },
      ),
      outcome: approval.outcome ?? null,
    },
    guardrails: (input.guardrails ?? []).map(normaliseGuardrail),
    exposure: normaliseExposure(input.exposure),
    rollback: rollback ? { defaultVariation: rollback.defaultVariation, owner: rollback.owner ?? null } : null,
    cleanup: cleanup
      ? {
          decision: cleanup.decision,
          date: (cleanup.decision === "remove" ? cleanup.by : cleanup.reviewBy) ?? null,
          owner: cleanup.owner ?? null,
        }
      : null,
    audit: textsOf(input.audit),
    extensions,
  };
}

function normaliseBundle(input: BundleInput): Bundle {
  const { pricing, latency } = input;
  return {
    provider: input.provider ?? null,
    model: input.model,
    modelFamily: input.modelFamily ?? null,
    version: input.version ?? null,
    endpoint: input.endpoint ?? null,
    region: input.region ?? null,
    promptVersion: input.promptVersion ?? null,
    prompt: input.prompt ?? null,
    retrievalProfile: input.retrievalProfile ?? null,
    retrieval: input.retrieval ?? null,
    toolPolicy: input.toolPolicy ?? null,
    tools: input.tools ?? null,
    parameters: normaliseParameters(input.parameters ?? {}),
    timeoutMs: input.timeoutMs ?? null,
    maxRetries: input.maxRetries ?? null,
    fallback: normaliseFallback(input.fallback),
    pricing: pricing
      ? { inputPerMTok: pricing.inputPerMTok ?? null, outputPerMTok: pricing.outputPerMTok ?? null }
      : null,
    latency: latency ? { p95Ms: latency.p95Ms ?? null } : null,
  };
}

function normaliseFallback(input: FallbackInput | null | undefined): readonly Fallback[] {
  if (input === null || input === undefined) return [];
  const entries = Array.isArray(input) ? input : [input];
  return entries.map((entry) =>
    typeof entry === "string" ? { kind: "name", name: entry } : { kind: "bundle", bundle: normaliseBundle(entry) },
  );
}

/** A parameter that is null says the same as one that is absent; inside lists null keeps its place. */
function normaliseParameters(map: Readonly<Record<string, JsonValue>>): Readonly<Record<string, JsonValue>> {
  return tableOf(
    Object.keys(map)
      .sort()
      .flatMap((key): [string, JsonValue][] => {
        const value = map[key];
        return value === null || value === undefined ? [] : [[key, normaliseJson(value)]];
      }),
  );
}

function normaliseJson(value: JsonValue): JsonValue {
  if (isJsonList(value)) return value.map(normaliseJson);
  return typeof value === "object" && value !== null ? normaliseParameters(value) : value;
}

function normaliseGuardrail(input: NonNullable<RecordInput["guardrails"]>[number]): Guardrail {
  return {
    name: input.name,
    category: input.category,
    metric: input.metric,
    parameters: textsOf(input.parameters),
    threshold: boundOf(input.threshold, parseThreshold),
    margin: boundOf(input.margin, parseMargin),
    windowMs: durationOf(input.window),
    minSamples: input.minSamples ?? null,
    absentIs: input.absentIs ?? null,
    onBreach: input.onBreach ?? null,
  };
}

function boundOf(text: string | null | undefined, parse: typeof parseThreshold): Bound | null {
  if (text === null || text === undefined) return null;
  const parsed = parse(text);
  return isBound(parsed) ? parsed : null;
}

function durationOf(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : parseDuration(text);
}

function normaliseExposure(input: RecordInput["exposure"]): Exposure {
  const excluded = [...new Set(input?.excluded ?? [])];
  if (input?.plan) {
    const plan = input.plan.map((step) => ({
      stage: step.stage,
      audience: step.audience ?? null,
      steps: step.steps ?? [],
      soakMs: durationOf(step.soak),
    }));
    return { form: "plan", plan, excluded };
  }
  return {
    form: "short",
    firstAudience: input?.firstAudience ?? null,
    nextAudience: input?.nextAudience ?? null,
    excluded,
  };
}

function textsOf(map: Readonly<Record<string, string | null | undefined>> | null | undefined): Record<string, string> {
  return tableOf(
    Object.entries(map ?? {}).flatMap(([key, value]): [string, string][] => (value ? [[key, value]] : [])),
  );
}
