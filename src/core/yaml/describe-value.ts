import { cut } from "../problem.ts";
import { matchSecretValue } from "./secrets.ts";

/**
 * Shows a value from a file in a Problem's `found`: at most 120 characters, on one line, and never a text that looks like a secret.
 */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") {
    const keys = Object.keys(value);
    return keys.length === 0 ? "an empty map" : cut(`a map with ${keys.slice(0, 6).map(describeText).join(", ")}`);
  }
  if (typeof value === "string") return value === "" ? "empty text" : describeText(value);
  if (typeof value === "number") return `the number ${String(value)}`;
  if (typeof value === "boolean") return `the word ${String(value)}`;
  return "something that is not JSON";
}

/** A text from a file on one line, cut to 120 characters, replaced as a whole when it looks like a secret. */
export function describeText(text: string): string {
  const secret = matchSecretValue(text);
  if (secret !== null) return `(hidden: looks like ${secret})`;
  // eslint-disable-next-line no-control-regex -- control characters are what is replaced
  return cut(text.slice(0, 500).replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, " "));
}
