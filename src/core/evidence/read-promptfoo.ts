import { createHash } from "node:crypto";
import { renderCanonical } from "../audit/canonical-text.ts";
import { isJsonList, type JsonValue } from "../json.ts";
import { listAt, momentOf, numberAt, textAt, valueAt } from "./read-field.ts";
import { countWords, shareOf, type ToolResult, type ToolSelection } from "./tool-reading.ts";

/** `failureReason` of a row whose provider or grader broke (facts/formats.md section 3). */
const brokenRow = 2;

/**
 * Reads promptfoo's results (`promptfoo eval -o results.json`, version 3 of the form). The bundle digest is the tag `route_bundle`.
 * Complete means rows = tests x prompts x providers: a run with `--filter-first-n` looks complete everywhere else.
 */
export function readPromptfoo(value: JsonValue, select: ToolSelection): ToolResult {
  const rows = listAt(value, "results", "results");
  const cells = listAt(value, "results", "prompts");
  if (valueAt(value, "results", "results") === undefined || cells.length === 0) {
    return { ok: false, why: "no `results.results` and `results.prompts`, as promptfoo writes them" };
  }
  const isWanted = (name: string | null): boolean => select.provider === null || name === select.provider;
  const wanted = rows.filter((row) => isWanted(providerOf(valueAt(row, "provider"))));
  const wantedCells = cells.filter((cell) => isWanted(textAt(cell, "provider")));
  const counts = countRows(wanted);
  const tests = valueAt(value, "config", "tests");
  return {
    ok: true,
    value: {
      bundle: textAt(value, "config", "tags", "route_bundle"),
      dataset: { name: "", digest: digestTests(tests), size: Array.isArray(tests) ? tests.length : null },
      grader: describeAssertions(wanted),
      threshold: null,
      result: shareOf(counts.passed, counts.total),
      run: textAt(value, "evalId"),
      url: textAt(value, "shareableUrl"),
      producedAt: momentOf(valueAt(value, "results", "timestamp")),
      counts,
      defects: [
        ...findIncompleteness(value, wanted, wantedCells, select),
        ...findBadRows(wanted, counts.errored),
        ...checkStats(value, rows),
      ],
    },
  };
}

function countRows(rows: readonly JsonValue[]): { total: number; passed: number; failed: number; errored: number } {
  const errored = rows.filter(isBroken).length;
  const passed = rows.filter((row) => isPassed(row)).length;
  return { total: rows.length, passed, failed: rows.length - passed - errored, errored };
}

function isBroken(row: JsonValue): boolean {
  const error = valueAt(row, "error");
  return numberAt(row, "failureReason") === brokenRow || (typeof error === "string" && isUngraded(row));
}

function isPassed(row: JsonValue): boolean {
  return !isBroken(row) && valueAt(row, "success") === true && valueAt(row, "gradingResult", "pass") === true;
}

function isUngraded(row: JsonValue): boolean {
  return listAt(row, "gradingResult", "componentResults").length === 0;
}

function findIncompleteness(
  value: JsonValue,
  rows: readonly JsonValue[],
  cells: readonly JsonValue[],
  select: ToolSelection,
): readonly string[] {
  const defects: string[] = [];
  if (select.provider !== null && rows.length === 0) return [`no row of the provider ${select.provider}`];
  const tests = valueAt(value, "config", "tests");
  if (!Array.isArray(tests) || tests.length === 0 || valueAt(value, "config", "scenarios") !== undefined) {
    return ["partial or not: the file does not list its tests, so nobody can tell"];
  }
  const repeat = Math.max(1, numberAt(value, "runtimeOptions", "repeat") ?? 1);
  const expected = tests.length * cells.length * repeat;
  if (rows.length !== expected) defects.push(`partial: ${countWords(rows.length, "row")} where ${expected} belong`);
  const prompts = listAt(value, "config", "prompts").length;
  const providers = select.provider === null ? listAt(value, "config", "providers").length : 1;
  if (cells.length < prompts * providers) {
    defects.push(`partial: ${cells.length} of ${prompts * providers} pairs of prompt and provider were run`);
  }
  return defects;
}

function findBadRows(rows: readonly JsonValue[], errored: number): readonly string[] {
  const unasserted = rows.filter((row) => !isBroken(row) && isUngraded(row)).length;
  const contradictory = rows.filter(
    (row) => valueAt(row, "success") === true && valueAt(row, "gradingResult", "pass") !== true && !isUngraded(row),
  ).length;
  return [
    ...(errored > 0 ? [`errored: ${countWords(errored, "row")}`] : []),
    ...(unasserted > 0 ? [`without assertions: ${countWords(unasserted, "row")} that could only pass`] : []),
    ...(contradictory > 0
      ? [`contradictory: ${countWords(contradictory, "row")} claim success against their grading`]
      : []),
  ];
}

function checkStats(value: JsonValue, rows: readonly JsonValue[]): readonly string[] {
  const parts = ["successes", "failures", "errors"].map((name) => numberAt(value, "results", "stats", name));
  if (parts.some((part) => part === null)) return ["contradictory: the file has no complete `stats`"];
  const sum = parts.reduce<number>((total, part) => total + (part ?? 0), 0);
  return sum === rows.length
    ? []
    : [`contradictory: \`stats\` count ${sum}, the file holds ${countWords(rows.length, "row")}`];
}

function providerOf(provider: JsonValue | undefined): string | null {
  // Baseline and candidate may share an id; the label tells them apart.
  return typeof provider === "string" ? provider : (textAt(provider, "label") ?? textAt(provider, "id"));
}

function describeAssertions(rows: readonly JsonValue[]): string | null {
  const types = rows.flatMap((row) =>
    listAt(row, "gradingResult", "componentResults").map((part) => textAt(part, "assertion", "type") ?? "unknown"),
  );
  return types.length === 0 ? null : [...new Set(types)].sort().slice(0, 10).join(", ");
}

function digestTests(tests: JsonValue | undefined): string | null {
  if (!isJsonList(tests)) return null;
  return `sha256:${createHash("sha256").update(renderCanonical(tests)).digest("hex")}`;
}
