import type { JsonValue } from "../json.ts";

/** Says that a text is not in the plain form; no JSON value, so that it cannot be mistaken for one. */
export const failed = Symbol("not in the plain form");
export type Failed = typeof failed;

const words: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ["null", null],
  ["Null", null],
  ["NULL", null],
  ["true", true],
  ["True", true],
  ["TRUE", true],
  ["false", false],
  ["False", false],
  ["FALSE", false],
]);

const plainNumber = /^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,10})?$/;
/** Whatever the core schema may take for a number, and a little more. */
const otherNumber = /^[-+]?(?:0[xo][0-9a-fA-F]*|\.?[0-9][0-9.]*(?:[eE][-+]?[0-9]*)?|\.(?:inf|Inf|INF|nan|NaN|NAN))$/;
/** First characters that begin plain text in every place; `-` and `+` only before a digit, `.` not before another. */
const beginsPlain = /[A-Za-z0-9_/<=$(]|[-+.](?=[0-9])|\.(?=[A-Za-z_/])/y;

/** A plain word by YAML's core schema; null when only the full reader can say. */
export function resolvePlain(text: string): { value: JsonValue } | null {
  const word = words.get(text);
  if (word !== undefined) return { value: word };
  const first = text.charCodeAt(0);
  if (first > 57) return { value: text };
  if (plainNumber.test(text)) {
    const value = Number(text);
    return { value: value === 0 ? 0 : value };
  }
  return otherNumber.test(text) ? null : { value: text };
}

/**
 * The scalar from `at` to the end of a line in block context: plain, or in quotes without escapes. A comment behind it is left away.
 * @returns null when it is of another form; `isAlone` is false when blanks or a comment stand behind it
 */
export function readScalar(source: string, at: number, end: number): { value: JsonValue; isAlone: boolean } | null {
  const quote = source.charCodeAt(at);
  if (quote === 34 || quote === 39) {
    const close = source.indexOf(quote === 34 ? '"' : "'", at + 1);
    if (close === -1 || close >= end) return null;
    const text = source.slice(at + 1, close);
    const rest = source.slice(close + 1, end);
    return text.includes("\\") || !/^ *(?: #.*)?$/.test(rest) ? null : { value: text, isAlone: rest === "" };
  }
  if (!startsPlain(source, at)) return null;
  const line = source.slice(at, end);
  const comment = line.indexOf(" #");
  let length = comment === -1 ? line.length : comment;
  while (line.charCodeAt(length - 1) === 32) length -= 1;
  const text = line.slice(0, length);
  const resolved = text.includes(": ") || text.endsWith(":") ? null : resolvePlain(text);
  return resolved === null ? null : { value: resolved.value, isAlone: length === line.length };
}

/** Whether a plain scalar begins here without doubt. */
export function startsPlain(source: string, at: number): boolean {
  beginsPlain.lastIndex = at;
  return beginsPlain.test(source);
}
