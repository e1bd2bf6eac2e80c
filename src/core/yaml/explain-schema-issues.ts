import type { z } from "zod";
import type { JsonValue } from "../json.ts";
import { assertNever, type Problem } from "../problem.ts";
import { describeText, describeValue } from "./describe-value.ts";
import { suggestWord } from "./suggest-word.ts";
import { joinPath, placeInDocument, type YamlDocument } from "./yaml-document.ts";

type Issue = z.core.$ZodIssue;
type Steps = readonly PropertyKey[];

/** What a schema says about a custom check, in zod's `params`. */
export interface IssueAdvice {
  code: string;
  expected: string;
  fix: string;
}

/** Problems that are reported for one file; a reader mends the first ones first. */
const most = 50;

/**
 * Turns what a zod schema found into Problems with line, column, expected form, found value and mend.
 * @param prefix path of the value that the schema was applied to, within the document
 */
export function explainSchemaIssues(
  document: YamlDocument,
  prefix: Steps,
  root: unknown,
  issues: readonly Issue[],
): readonly Problem[] {
  return issues.flatMap((issue) => explainIssue(document, prefix, root, issue, [])).slice(0, most);
}

function explainIssue(
  document: YamlDocument,
  prefix: Steps,
  root: unknown,
  issue: Issue,
  outer: Steps,
): readonly Problem[] {
  const steps = [...outer, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const known = issue.message.split(" ");
    return issue.keys.map((key) => explainUnknownKey(document, [...prefix, ...steps], key, known));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch that was meant is the one whose kind of value fits; its own issues say more than the union's.
    const meant = issue.errors.filter((branch) => !branch.some((one) => one.path.length === 0 && isWrongType(one)));
    const branch = meant.length === 1 ? meant[0] : undefined;
    if (branch !== undefined) {
      return branch.flatMap((inner) => explainIssue(document, prefix, root, inner, steps));
    }
  }
  const value = valueAt(root, steps);
  const place = placeInDocument(document, [...prefix, ...steps]);
  const field = joinPath(steps);
  const name = field === "" ? "The record" : `\`${describeText(field)}\``;
  const advice = adviceOf(issue);
  if (value === undefined || (value === null && issue.code !== "custom")) {
    const expected = advice?.expected ?? expectedOf(issue);
    return [
      {
        ...place,
        code: "missing-field",
        severity: "error",
        message: `${name} is missing.`,
        expected,
        found: describeValue(value),
        fix: `Add ${name === "The record" ? "it" : name}: ${expected}.`,
      },
    ];
  }
  const expected = advice?.expected ?? expectedOf(issue);
  const suggestion =
    issue.code === "invalid_value" && typeof value === "string" ? suggestWord(value, issue.values.map(String)) : null;
  return [
    {
      ...place,
      code: advice?.code ?? "wrong-value",
      severity: "error",
      message: issue.code === "custom" ? `${name}: ${issue.message}` : `${name} has a value that is not accepted.`,
      expected,
      found: describeValue(value),
      fix: suggestion === null ? (advice?.fix ?? `Write ${expected}.`) : `Did you mean \`${suggestion}\`?`,
    },
  ];
}

function explainUnknownKey(document: YamlDocument, steps: Steps, key: string, known: readonly string[]): Problem {
  const position = document.keys.get(joinPath([...steps, key]));
  const place = placeInDocument(document, steps);
  const suggestion = suggestWord(key, known);
  const shown = describeText(key);
  const expected = `one of ${known.join(", ")}`;
  return {
    path: place.path,
    line: position?.[0] ?? place.line,
    column: position?.[1] ?? place.column,
    code: "unknown-key",
    severity: "error",
    message:
      suggestion === null ? `\`${shown}\` is not a known key here.` : `\`${shown}\`: did you mean \`${suggestion}\`?`,
    expected: expected.length > 400 ? `${expected.slice(0, 399)}…` : expected,
    found: shown,
    fix:
      suggestion !== null
        ? `Rename it to \`${suggestion}\`.`
        : key.startsWith("x-")
          ? "Move it to the record's own level: keys that start with `x-` are yours only there."
          : "Remove it; keys of your own start with `x-` and stand at the record's own level.",
  };
}

function isWrongType(issue: Issue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_value";
}

function adviceOf(issue: Issue): IssueAdvice | null {
  const params: unknown = issue.code === "custom" ? issue.params : undefined;
  if (typeof params !== "object" || params === null) return null;
  const { code, expected, fix } = { code: "", expected: "", fix: "", ...params };
  return typeof code === "string" && typeof expected === "string" && typeof fix === "string"
    ? { code, expected, fix }
    : null;
}

const typeWords: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeWords[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.length === 1
        ? `\`${String(issue.values[0])}\``
        : `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return boundOf(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
    case "too_big":
      return boundOf(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
    case "invalid_union":
      return unionOf(issue);
    case "invalid_key":
      return "a key of the accepted form";
    case "not_multiple_of":
      return `a multiple of ${String(issue.divisor)}`;
    case "unrecognized_keys":
    case "invalid_format":
    case "invalid_element":
    case "custom":
      return issue.message;
    default:
      return assertNever(issue);
  }
}

function unionOf(issue: z.core.$ZodIssueInvalidUnion): string {
  const firsts = issue.errors.flatMap((branch) => branch.slice(0, 1)).map(expectedOf);
  return firsts.length === 0 ? issue.message : [...new Set(firsts)].join(" or ");
}

function boundOf(origin: string, words: string, bound: number | bigint): string {
  if (origin === "string") return `text of ${words} ${String(bound)} characters`;
  if (origin === "array" || origin === "set") return `a list of ${words} ${String(bound)}`;
  if (origin === "object" || origin === "record" || origin === "map") return `a map of ${words} ${String(bound)} keys`;
  return `${words} ${String(bound)}`;
}

function valueAt(root: unknown, steps: Steps): unknown {
  let value: unknown = root;
  for (const step of steps) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.hasOwn(value, step) ? Reflect.get(value, step) : undefined;
  }
  return value;
}

/** A Problem at a field of a document, for checks that a schema cannot make. */
export function problemAt(
  document: YamlDocument,
  steps: Steps,
  text: Pick<Problem, "code" | "message" | "expected" | "fix"> & { found?: JsonValue | undefined; hidden?: string },
): Problem {
  const { hidden, found, ...rest } = text;
  return {
    ...placeInDocument(document, steps),
    ...rest,
    severity: "error",
    found: hidden ?? describeValue(found),
  };
}
