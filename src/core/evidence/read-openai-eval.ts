import type { JsonValue } from "../json.ts";
import { listAt, momentOf, numberAt, textAt, valueAt } from "./read-field.ts";
import { countWords, shareOf, type ToolResult, type ToolSelection } from "./tool-reading.ts";

/** Reads a run of OpenAI's evals (`eval.run`). The bundle digest is the metadata key `route_bundle`. */
export function readOpenaiEval(value: JsonValue, select: ToolSelection): ToolResult {
  if (textAt(value, "object") !== "eval.run") return { ok: false, why: "`object` is not `eval.run`" };
  const read = (name: string): number => numberAt(value, "result_counts", name) ?? 0;
  const counts = { total: read("total"), passed: read("passed"), failed: read("failed"), errored: read("errored") };
  const status = textAt(value, "status") ?? "unknown";
  const criteria = listAt(value, "per_testing_criteria_results");
  const chosen = criteria.find((one) => textAt(one, "testing_criteria") === select.scorer);
  const sum = counts.passed + counts.failed + counts.errored;
  // A criterion's own counts leave the errored samples out; they belong to the total all the same.
  const passed = select.scorer === null ? counts.passed : (numberAt(chosen, "passed") ?? 0);
  return {
    ok: true,
    value: {
      bundle: textAt(value, "metadata", "route_bundle"),
      dataset: { name: "", digest: sourceOf(value), size: counts.total },
      grader: select.scorer ?? namesOf(criteria),
      threshold: null,
      result: shareOf(passed, counts.total),
      run: textAt(value, "id"),
      url: textAt(value, "report_url"),
      producedAt: momentOf(valueAt(value, "created_at")),
      counts,
      defects: [
        ...(status === "completed" ? [] : [`not completed: the run's status is ${status}`]),
        ...(counts.errored > 0 ? [`errored: ${countWords(counts.errored, "sample")}`] : []),
        ...(sum === counts.total ? [] : [`partial: ${sum} of ${countWords(counts.total, "sample")} were judged`]),
        ...(criteria.length === 0 ? ["without assertions: the run has no testing criteria"] : []),
        ...(select.scorer !== null && chosen === undefined ? [`no criterion is called ${select.scorer}`] : []),
      ],
    },
  };
}

function namesOf(criteria: readonly JsonValue[]): string | null {
  const names = criteria.map((one) => textAt(one, "testing_criteria") ?? "unnamed");
  return names.length === 0 ? null : names.slice(0, 10).join(", ");
}

/** The id of the file or run that the samples came from: it identifies the dataset, and only the wrapper can name it. */
function sourceOf(value: JsonValue): string | null {
  const id = textAt(value, "data_source", "source", "id");
  return id === null ? null : `openai:${id}`;
}
