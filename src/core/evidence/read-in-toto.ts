import type { JsonValue } from "../json.ts";
import { listAt, textAt } from "./read-field.ts";
import { countWords, shareOf, type ToolReading, type ToolResult, type ToolSelection } from "./tool-reading.ts";

const predicateType = /^https:\/\/in-toto\.io\/attestation\/test-result\/v0\.\d{1,3}$/;

/**
 * Reads an in-toto statement with a test-result predicate. The bundle digest is the subject's. Which tests passed decides, never the
 * statement's own `result`. It has no time of its own: that is the signature's, or the wrapper's.
 */
export function readInToto(value: JsonValue, select: ToolSelection): ToolResult {
  if (!predicateType.test(textAt(value, "predicateType") ?? "")) {
    return { ok: false, why: "the predicate is not an in-toto test result" };
  }
  const names = (list: string): number => listAt(value, "predicate", list).length;
  const [passed, warned, failed] = [names("passedTests"), names("warnedTests"), names("failedTests")];
  const subjects = listAt(value, "subject").map((subject) => textAt(subject, "digest", "sha256"));
  const digest = subjects.find((one) => one !== null) ?? null;
  const claimed = textAt(value, "predicate", "result");
  const total = passed + warned + failed;
  const isContradictory = (claimed === "PASSED" && failed > 0) || (claimed === "FAILED" && failed === 0);
  return {
    ok: true,
    value: {
      bundle: digest === null ? null : `sha256:${digest}`,
      dataset: datasetOf(value, select.dataset),
      grader: textAt(value, "predicate", "configuration", 0, "name"),
      threshold: null,
      result: shareOf(passed + warned, total),
      run: textAt(value, "predicate", "url"),
      url: textAt(value, "predicate", "url"),
      producedAt: null,
      counts: { total, passed: passed + warned, failed, errored: 0 },
      defects: [
        ...(subjects.length === 1 ? [] : [`ambiguous: ${countWords(subjects.length, "subject")} instead of one`]),
        ...(total === 0 ? ["without assertions: no test is named"] : []),
        ...(isContradictory
          ? [`contradictory: the result is ${claimed} with ${countWords(failed, "failed test")}`]
          : []),
      ],
    },
  };
}

/** The dataset that the wrapper names, when the statement lists it. */
function datasetOf(value: JsonValue, name: string | null): ToolReading["dataset"] {
  const entry = listAt(value, "predicate", "configuration").find((one) => textAt(one, "name") === name);
  if (name === null || entry === undefined) return null;
  const digest = textAt(entry, "digest", "sha256");
  return { name, digest: digest === null ? null : `sha256:${digest}`, size: null };
}
