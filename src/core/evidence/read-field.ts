import { isJsonList, isJsonObject, type JsonValue } from "../json.ts";

/** The value at a path of a tool's output; undefined when a step is missing. Tools' outputs are read permissively: what is not used is ignored. */
export function valueAt(value: JsonValue | undefined, ...steps: readonly (string | number)[]): JsonValue | undefined {
  let current = value;
  for (const step of steps) {
    if (isJsonList(current)) current = typeof step === "number" ? current[step] : undefined;
    else current = isJsonObject(current) && Object.hasOwn(current, step) ? current[step] : undefined;
  }
  return current;
}

/** Text that is not empty, cut to what a card can show; null for anything else. */
export function textAt(value: JsonValue | undefined, ...steps: readonly (string | number)[]): string | null {
  const found = valueAt(value, ...steps);
  return typeof found === "string" && found !== "" ? found.slice(0, 500) : null;
}

/** A finite number; null for anything else, numbers in quotes included. */
export function numberAt(value: JsonValue | undefined, ...steps: readonly (string | number)[]): number | null {
  const found = valueAt(value, ...steps);
  return typeof found === "number" && Number.isFinite(found) ? found : null;
}

/** The items of a list; empty for anything else. */
export function listAt(value: JsonValue | undefined, ...steps: readonly (string | number)[]): readonly JsonValue[] {
  const found = valueAt(value, ...steps);
  return isJsonList(found) ? found : [];
}

/** A moment as ISO 8601 in UTC, from ISO text or from seconds since 1970; null for anything else. */
export function momentOf(value: JsonValue | undefined): string | null {
  const isText =
    typeof value === "string" &&
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/.test(value);
  const time = typeof value === "number" ? value * 1000 : isText ? Date.parse(value) : Number.NaN;
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : null;
}
