import { renderCanonical } from "../audit/canonical-text.ts";
import type { Policy } from "../policy/policy.ts";
import type { Bound, Guardrail } from "../routes/route-file.ts";
import { showValue } from "./show-value.ts";

/** A way in which the guardrails protect less than before. `field` is where the reader looks for it. */
export interface Loosening {
  field: string;
  sentence: string;
  category: Guardrail["category"];
}

/**
 * What was eased between two lists of guardrails (SPEC 5, `guardrail-loosened`): thresholds, removals, windows, samples,
 * queries. A guardrail is known by its name; a renamed one is a removed one. What cannot be compared counts as eased.
 */
export function listLoosenings(
  before: readonly Guardrail[],
  after: readonly Guardrail[],
  policy: Pick<Policy, "onBreach">,
): readonly Loosening[] {
  return before.flatMap((old) => {
    const index = after.findIndex((each) => each.name === old.name);
    const now = after[index];
    if (now === undefined) {
      const sentence = `guardrail ${showValue(old.name)} (${old.category}, ${showBounds(old)}) removed`;
      return [{ field: "guardrails", sentence, category: old.category }];
    }
    return compareGuardrail(old, now, `guardrails.${index}`, policy);
  });
}

function compareGuardrail(old: Guardrail, now: Guardrail, at: string, policy: Pick<Policy, "onBreach">): Loosening[] {
  const found: Loosening[] = [];
  const report = (field: string, what: string): void => {
    found.push({
      field: `${at}.${field}`,
      sentence: `guardrail ${showValue(old.name)}: ${what}`,
      category: old.category,
    });
  };
  if (old.category !== now.category) report("category", `category changed from ${old.category} to ${now.category}`);
  for (const field of ["threshold", "margin"] as const) {
    if (!isEased(old[field], now[field])) continue;
    report(field, `${field} eased from ${showValue(old[field]?.text)} to ${showValue(now[field]?.text)}`);
  }
  if (old.metric !== now.metric)
    report("metric", `query changed from ${showValue(old.metric)} to ${showValue(now.metric)}`);
  if (renderCanonical(old.parameters) !== renderCanonical(now.parameters)) {
    report("parameters", `query parameters changed from ${showValue(old.parameters)} to ${showValue(now.parameters)}`);
  }
  if (isCut(old.windowMs, now.windowMs)) {
    report("window", `window cut from ${showMs(old.windowMs)} to ${showMs(now.windowMs)}`);
  }
  if (isCut(old.minSamples, now.minSamples)) {
    report("minSamples", `samples cut from ${showValue(old.minSamples)} to ${showValue(now.minSamples)}`);
  }
  if (now.absentIs !== null && now.absentIs !== old.absentIs) {
    report("absentIs", `missing data counts as ${now.absentIs}, before as ${showValue(old.absentIs)}`);
  }
  if ((old.onBreach ?? policy.onBreach) === "rollback" && (now.onBreach ?? policy.onBreach) === "pause") {
    report("onBreach", "a breach only pauses, before it rolled back");
  }
  return found;
}

function showBounds({ threshold, margin }: Guardrail): string {
  return [threshold?.text, margin?.text]
    .filter((text) => text !== undefined)
    .map(showValue)
    .join(" and ");
}

function showMs(value: number | null): string {
  return value === null ? "nothing" : `${value / 60_000} min`;
}

function isCut(old: number | null, now: number | null): boolean {
  return old !== null && (now === null || now < old);
}

function isEased(old: Bound | null, now: Bound | null): boolean {
  if (old === null) return false;
  if (now === null) return true;
  if (old.operator === now.operator && old.unit === now.unit && old.amount === now.amount) return false;
  const direction = directionOf(old.operator);
  // Another unit or direction has no common scale, so it cannot be shown to be tighter.
  if (old.unit !== now.unit || direction === 0) return true;
  if (now.operator === "==") {
    const isAllowed = direction < 0 ? now.amount <= old.amount : now.amount >= old.amount;
    return !isAllowed || (now.amount === old.amount && isStrict(old.operator));
  }
  if (directionOf(now.operator) !== direction) return true;
  // One direction, one amount and two operators: either the old one was the strict one, or the new one is.
  if (now.amount === old.amount) return isStrict(old.operator);
  return direction < 0 ? now.amount > old.amount : now.amount < old.amount;
}

/** -1: smaller is better, 1: greater is better, 0: one value only. */
function directionOf(operator: Bound["operator"]): -1 | 0 | 1 {
  if (operator === "==") return 0;
  return operator === "<=" || operator === "<" ? -1 : 1;
}

function isStrict(operator: Bound["operator"]): boolean {
  return operator === "<" || operator === ">";
}
