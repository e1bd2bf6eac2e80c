import type { CheckReport } from "../../core/effect.ts";

/** GitHub takes no more annotations in one request. */
const annotationsPerRequest = 50;

/** The newest check run of ours, as far as the next request depends on it. */
export interface CheckRun {
  id: number;
  status: string;
  conclusion: string | null;
  externalId: string;
  /** Annotations that it has; updates add to them and never replace. */
  annotations: number;
}

/** The next request that brings GitHub closer to the report. */
export type CheckRequest =
  | { kind: "nothing"; checkRunId: number }
  | { kind: "create"; body: Record<string, unknown>; annotationsAfter: number }
  | { kind: "update"; checkRunId: number; body: Record<string, unknown>; annotationsAfter: number };

function renderAnnotation(annotation: CheckReport["annotations"][number]): Record<string, unknown> {
  // Columns are refused on annotations of several lines.
  const isSingleLine = annotation.startLine === annotation.endLine;
  return {
    path: annotation.path,
    start_line: annotation.startLine,
    end_line: annotation.endLine,
    ...(isSingleLine && annotation.startColumn !== null ? { start_column: annotation.startColumn } : {}),
    ...(isSingleLine && annotation.endColumn !== null ? { end_column: annotation.endColumn } : {}),
    annotation_level: annotation.level,
    message: annotation.message,
    ...(annotation.title === "" ? {} : { title: annotation.title }),
    ...(annotation.rawDetails === "" ? {} : { raw_details: annotation.rawDetails }),
  };
}

function renderBody(report: CheckReport, from: number): { body: Record<string, unknown>; annotationsAfter: number } {
  const annotations = report.annotations.slice(from, from + annotationsPerRequest);
  const annotationsAfter = from + annotations.length;
  const isLast = annotationsAfter >= report.annotations.length;
  return {
    annotationsAfter,
    body: {
      name: report.name,
      external_id: report.externalId,
      // A completed run is one that has everything: the conclusion waits for the last annotations.
      ...(report.status === "completed" && isLast
        ? { status: "completed", conclusion: report.conclusion, actions: report.actions }
        : { status: "in_progress" }),
      output: {
        title: report.title,
        summary: report.summary,
        ...(report.text === "" ? {} : { text: report.text }),
        ...(annotations.length === 0 ? {} : { annotations: annotations.map(renderAnnotation) }),
      },
    },
  };
}

/**
 * Decides the next request from the newest run of ours on the commit. Asked again after each request until it answers
 * `nothing`, it ends with exactly one run that shows the report, each annotation once, wherever it was interrupted.
 * Limits of facts/github.md section 2.
 */
export function planCheckRequest(run: CheckRun | null, report: CheckReport): CheckRequest {
  if (run !== null && run.externalId === report.externalId) {
    const isShown =
      report.status === "completed"
        ? run.status === "completed" && run.conclusion === report.conclusion
        : run.status === "in_progress" && run.annotations >= report.annotations.length;
    if (isShown) return { kind: "nothing", checkRunId: run.id };
    // Begun with this report and not finished: go on after the annotations that it has.
    if (run.status !== "completed") {
      return { kind: "update", checkRunId: run.id, ...renderBody(report, run.annotations) };
    }
  }
  // Annotations of another report cannot be taken back, so such a run is left behind for a new one.
  if (run !== null && run.status !== "completed" && run.annotations === 0) {
    return { kind: "update", checkRunId: run.id, ...renderBody(report, 0) };
  }
  const { body, annotationsAfter } = renderBody(report, 0);
  return { kind: "create", body: { ...body, head_sha: report.headSha }, annotationsAfter };
}
