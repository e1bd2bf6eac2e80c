import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import type { Place, Problem } from "../problem.ts";
import { describeText, describeValue } from "../yaml/describe-value.ts";
import { suggestWord } from "../yaml/suggest-word.ts";
import { placeInDocument, type YamlDocument } from "../yaml/yaml-document.ts";

export type Steps = readonly (string | number)[];

/** Problems that are reported for one file; a reader mends the first ones first, and looking for suggestions costs. */
const most = 50;

/** One document while it is read. The list of problems grows; nothing else changes. */
export interface Reading {
  document: YamlDocument;
  problems: Problem[];
}

type Advice = Pick<Problem, "code" | "message" | "expected" | "fix"> & {
  severity?: Problem["severity"];
  /** What stands there; shown without anything that looks like a secret. */
  found: unknown;
};

export function placeAt(reading: Reading, steps: Steps): Place {
  return placeInDocument(reading.document, steps);
}

/** Whether enough was said: then nothing more is looked for. */
export function isFull(reading: Reading): boolean {
  return reading.problems.length >= most;
}

export function report(reading: Reading, steps: Steps, { found, severity = "error", ...advice }: Advice): void {
  if (isFull(reading)) return;
  reading.problems.push({ ...placeAt(reading, steps), ...advice, severity, found: describeValue(found) });
}

/** A map at this place; null when it is absent, and null with a problem when something else stands there. */
export function readMap(reading: Reading, steps: Steps, value: JsonValue | undefined): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (isJsonObject(value)) return value;
  reportWrong(reading, steps, "a map", value);
  return null;
}

export function readList(reading: Reading, steps: Steps, value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  if (isJsonList(value)) return value;
  reportWrong(reading, steps, "a list", value);
  return [];
}

export function readText(reading: Reading, steps: Steps, value: JsonValue | undefined): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (typeof value === "string") return value;
  reportWrong(reading, steps, "text", value);
  return null;
}

/** A number that is not negative; text that holds one is what people write, too. */
export function readNumber(reading: Reading, steps: Steps, value: JsonValue | undefined): number | null {
  if (value === undefined || value === null) return null;
  const number = typeof value === "string" && /^\d{1,12}(?:\.\d{1,12})?$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && number >= 0) return number;
  if (typeof value === "string" && isReference(value)) {
    reportReference(reading, steps, value);
    return null;
  }
  reportWrong(reading, steps, "a number that is not negative", value);
  return null;
}

function reportWrong(reading: Reading, steps: Steps, expected: string, found: JsonValue): void {
  const name = describeText(String(steps.at(-1) ?? "the file"));
  report(reading, steps, {
    code: "gateway-wrong-value",
    message: `\`${name}\` has a value that the gateway does not take, so what it does is not known.`,
    expected,
    found,
    fix: `Write ${expected}.`,
  });
}

/**
 * Keys that nearly are known ones. The gateways ignore such keys silently, so a setting that its author believes in has no effect.
 * @param elsewhere names that people use and that are called otherwise, with the right one
 */
export function checkKeys(
  reading: Reading,
  steps: Steps,
  map: JsonObject,
  known: ReadonlySet<string>,
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  for (const key of Object.keys(map)) {
    if (isFull(reading)) return;
    if (known.has(key)) continue;
    const right = Object.hasOwn(elsewhere, key) ? (elsewhere[key] ?? null) : suggestWord(key, known);
    if (right === null || Object.hasOwn(map, right)) continue;
    report(reading, [...steps, key], {
      code: "gateway-misspelt-key",
      message: `\`${describeText(key)}\` is not a key that the gateway knows; it is ignored without a word.`,
      expected: `\`${right}\``,
      found: key,
      fix: `Did you mean \`${right}\`?`,
    });
  }
}

const reference = /os\.environ\/|\{vault:\/\/|\$\{|\{\{|^\$[A-Za-z_]|^env[:.]|^secret:\/\//;

/** Whether a text is filled in from outside the repository when the gateway starts. */
export function isReference(text: string): boolean {
  return reference.test(text.slice(0, 2000));
}

export function reportReference(reading: Reading, steps: Steps, found: string): void {
  report(reading, steps, {
    code: "gateway-environment-reference",
    severity: "warning",
    message: "A target is filled in from the environment: it can change without a difference in this file.",
    expected: "the value itself",
    found,
    fix: "Write the value into the file; only secrets belong into the environment.",
  });
}

/** A route through which any model can be called: there is nothing that a reviewer could approve. */
export function reportWildcard(reading: Reading, steps: Steps, found: string): void {
  report(reading, steps, {
    code: "gateway-wildcard",
    message: "A wildcard lets callers reach models that no review has seen: there is no route to review.",
    expected: "one entry for each model that callers may use",
    found,
    fix: "Name the models one by one.",
  });
}

/** The provider is fixed and the model is what the caller asks for. */
export function reportModelOfCaller(reading: Reading, steps: Steps): void {
  report(reading, steps, {
    code: "gateway-model-of-caller",
    severity: "warning",
    message: "The model is not named, so the caller chooses it: which one answers cannot be reviewed.",
    expected: "the model's id",
    found: undefined,
    fix: "Name the model in the file.",
  });
}

/** Stands for the model that a file leaves to the caller; with a wildcard in it, it is read as unknown. */
export const modelOfCaller = "* (chosen by the caller)";
