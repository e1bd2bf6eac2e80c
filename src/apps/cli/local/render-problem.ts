import { flattenLine } from "../../../core/report/flatten-line.ts";
import type { Problem } from "../../../core/problem.ts";

/** A problem as compilers write it, so that editors can jump to it; then what was expected, what stands there, and the mend. */
export function renderProblem(problem: Problem, colour: boolean): string {
  const { path, line, column, severity, code, message, expected, found, fix } = problem;
  const shown = colour ? `\u001B[${severity === "error" ? 31 : 33}m${severity}\u001B[0m` : severity;
  return [
    `${flattenLine(path)}:${line}:${column}: ${shown} ${code}: ${flattenLine(message)}`,
    `    expected: ${flattenLine(expected)}`,
    `    found:    ${flattenLine(found)}`,
    `    mend:     ${flattenLine(fix)}`,
    "",
  ].join("\n");
}
