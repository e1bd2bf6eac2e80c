import type { RouteState } from "../routes/route-file.ts";
import type { Bundle } from "../routes/route-file.ts";
import { showFallback } from "../risk/bundle-view.ts";
import { showValue } from "../risk/show-value.ts";

/** One line of baseline and candidate side by side, plain text. Null: the field is absent there. */
export interface BundleRow {
  field: string;
  baseline: string | null;
  candidate: string | null;
  differs: boolean;
}

const fields: readonly (keyof Bundle)[] = [
  "provider",
  "model",
  "modelFamily",
  "version",
  "endpoint",
  "region",
  "promptVersion",
  "prompt",
  "retrievalProfile",
  "retrieval",
  "toolPolicy",
  "tools",
  "timeoutMs",
  "maxRetries",
];

/** Baseline and candidate side by side; fields that both leave out have no row. */
export function compareRows(state: RouteState): readonly BundleRow[] {
  const { baseline, candidate } = state.file.record;
  const rows = [
    ...fields.map((field) => toRow(field, show(baseline, field, state), candidate && show(candidate, field, state))),
    ...listParameters(baseline, candidate).map((name) =>
      toRow(`parameters.${name}`, showParameter(baseline, name), candidate && showParameter(candidate, name)),
    ),
    toRow("fallback", showFallbacks(baseline), candidate && showFallbacks(candidate)),
    toRow("declared price", showPrice(baseline), candidate && showPrice(candidate)),
    toRow("declared p95", showLatency(baseline), candidate && showLatency(candidate)),
  ];
  return rows.filter((row) => row.baseline !== null || row.candidate !== null);
}

function toRow(field: string, baseline: string | null, candidate: string | null): BundleRow {
  return { field, baseline, candidate, differs: baseline !== candidate };
}

function show(bundle: Bundle, field: keyof Bundle, state: RouteState): string | null {
  const value = bundle[field];
  if (value === null) return null;
  if (field === "timeoutMs") return `${showValue(value)} ms`;
  const isFile = field === "prompt" || field === "retrieval" || field === "tools";
  if (!isFile || typeof value !== "string") return showValue(value);
  const digest = Object.hasOwn(state.files, value) ? state.files[value] : null;
  return `${showValue(value)} (${digest?.slice(0, 12) ?? "unreadable"})`;
}

function listParameters(baseline: Bundle, candidate: Bundle | null): readonly string[] {
  return [...new Set([...Object.keys(baseline.parameters), ...Object.keys(candidate?.parameters ?? {})])].sort();
}

function showParameter({ parameters }: Bundle, name: string): string | null {
  return Object.hasOwn(parameters, name) ? showValue(parameters[name]) : null;
}

function showFallbacks({ fallback }: Bundle): string | null {
  return fallback.length === 0 ? null : fallback.map(showFallback).map(showValue).join(", ");
}

function showPrice({ pricing }: Bundle): string | null {
  if (pricing === null) return null;
  const part = (value: number | null): string => (value === null ? "?" : `$${value}`);
  return `${part(pricing.inputPerMTok)} in, ${part(pricing.outputPerMTok)} out per million tokens`;
}

function showLatency({ latency }: Bundle): string | null {
  return latency?.p95Ms === undefined || latency.p95Ms === null ? null : `${latency.p95Ms} ms`;
}
