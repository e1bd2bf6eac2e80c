import type { JsonValue } from "../json.ts";
import { listAt, momentOf, numberAt, textAt, valueAt } from "./read-field.ts";
import { countWords, type ToolResult, type ToolSelection } from "./tool-reading.ts";

/**
 * Reads an Inspect AI log, version 2, as JSON. The bundle digest is `eval.metadata.route_bundle`; the result is the scorer's accuracy,
 * else its mean. A log carries scores whatever became of the run, so status, limit and counts decide whether they say anything.
 */
export function readInspectLog(value: JsonValue, select: ToolSelection): ToolResult {
  if (numberAt(value, "version") !== 2 || textAt(value, "eval", "task") === null) {
    return { ok: false, why: "no `version: 2` and `eval.task`, as Inspect writes them" };
  }
  const scores = listAt(value, "results", "scores");
  const named = scores.filter((score) => select.scorer === null || textAt(score, "name") === select.scorer);
  const score = named[0];
  const result = numberAt(score, "metrics", "accuracy", "value") ?? numberAt(score, "metrics", "mean", "value");
  const total = numberAt(value, "results", "total_samples") ?? 0;
  const completed = numberAt(value, "results", "completed_samples") ?? 0;
  return {
    ok: true,
    value: {
      bundle: textAt(value, "eval", "metadata", "route_bundle"),
      dataset: {
        name: textAt(value, "eval", "dataset", "name") ?? "",
        digest: null,
        size: numberAt(value, "eval", "dataset", "samples"),
      },
      grader: textAt(score, "name"),
      threshold: null,
      result,
      run: textAt(value, "eval", "run_id"),
      url: null,
      producedAt: momentOf(valueAt(value, "stats", "completed_at")) ?? momentOf(valueAt(value, "stats", "started_at")),
      counts: null,
      defects: [
        ...findIncompleteness(value, total, completed),
        ...(score === undefined ? [describeNoScore(select)] : []),
        ...(score !== undefined && result === null
          ? ["without a result: the scorer has neither accuracy nor mean"]
          : []),
        ...(select.scorer === null && scores.length > 1
          ? [`ambiguous: ${scores.length} scorers, and the wrapper names none`]
          : []),
      ],
    },
  };
}

function findIncompleteness(value: JsonValue, total: number, completed: number): readonly string[] {
  const status = textAt(value, "status") ?? "unknown";
  const samples = numberAt(value, "eval", "dataset", "samples");
  const epochs = Math.max(1, numberAt(value, "eval", "config", "epochs") ?? 1);
  const limit = valueAt(value, "eval", "config", "limit");
  const isLimited = limit !== undefined && limit !== null;
  const wanted = samples === null ? null : samples * epochs;
  const isShort = wanted !== null && total < wanted;
  const errors = listAt(value, "samples").filter((sample) => {
    const error = valueAt(sample, "error");
    return error !== undefined && error !== null;
  }).length;
  return [
    ...(status === "success" ? [] : [`not completed: the run's status is ${status}`]),
    ...(isLimited || isShort
      ? [`partial: ${total} of ${wanted ?? "an unknown number of"} samples${isLimited ? ", the run was limited" : ""}`]
      : []),
    ...(samples === null ? ["partial or not: the log does not say how many samples the dataset has"] : []),
    ...(completed < total ? [`partial: ${completed} of ${countWords(total, "sample")} were completed`] : []),
    ...(total === 0 ? ["partial: no sample was judged"] : []),
    ...(errors > 0 ? [`errored: ${countWords(errors, "sample")}`] : []),
  ];
}

function describeNoScore(select: ToolSelection): string {
  return select.scorer === null ? "without assertions: the log has no scores" : `no scorer is called ${select.scorer}`;
}
