import type { CheckAnnotation } from "../effect.ts";
import { cut, type Problem } from "../problem.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { cutPlain } from "./cut-bytes.ts";
import { flattenLine } from "./flatten-line.ts";

/** GitHub takes 50 in one request, and later requests would add to them (facts/github.md section 2). */
const most = 50;
const messageBytes = 64_000;

/**
 * Problems, gates that an edit of the file can mend, and the rules that made the tier, on their lines. The worst come first, so that the
 * limit cuts the least. Sorted and without repetition, so that equal verdicts give equal annotations.
 */
export function renderAnnotations(verdict: Verdict): readonly CheckAnnotation[] {
  const problems = [
    ...verdict.problems,
    ...(verdict.governance?.problems ?? []),
    ...[...verdict.routes, ...verdict.gateways].flatMap((each) => each.problems),
  ].map(annotateProblem);
  const gates = verdict.routes.flatMap((route) =>
    route.gates.flatMap((gate) =>
      gate.place === null || gate.state === "ok"
        ? []
        : [annotate(gate.place, "warning", `Gate ${gate.gate} of ${route.asked ?? "the stage"}`, gate.text, "")],
    ),
  );
  const rules = [
    ...verdict.routes,
    ...verdict.gateways,
    ...(verdict.governance === null ? [] : [verdict.governance]),
  ].flatMap((each) =>
    each.classification.fired
      .filter((rule) => rule.tier === "high" || rule.tier === "restricted")
      .map((rule) => annotate(rule.place, "notice", `${rule.tier}: ${rule.id}`, rule.sentence, "")),
  );
  const seen = new Set<string>();
  return [...problems, ...gates, ...rules]
    .filter((annotation) => annotation.path !== "")
    .toSorted(compareAnnotations)
    .filter((annotation) => {
      const key = JSON.stringify(annotation);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .slice(0, most);
}

function annotateProblem(problem: Problem): CheckAnnotation {
  const { message, expected, found, fix, code, severity } = problem;
  const level = severity === "error" ? "failure" : "warning";
  return annotate(problem, level, code, `${message}\nexpected: ${expected}\nfound: ${found}`, fix);
}

function annotate(
  place: { path: string; line: number; column: number },
  level: CheckAnnotation["level"],
  title: string,
  message: string,
  rawDetails: string,
): CheckAnnotation {
  const line = Math.max(1, Math.trunc(place.line) || 1);
  const column = Math.max(1, Math.trunc(place.column) || 1);
  return {
    path: place.path,
    startLine: line,
    endLine: line,
    startColumn: column,
    endColumn: column,
    level,
    title: cut(flattenLine(title), 255),
    message: cutPlain(flattenLines(message), messageBytes),
    rawDetails: cutPlain(flattenLines(rawDetails), messageBytes),
  };
}

/** Annotations are plain text: only what turns or hides text is taken out, line by line. */
function flattenLines(text: string): string {
  return text.split("\n").map(flattenLine).join("\n");
}

const levels: readonly CheckAnnotation["level"][] = ["failure", "warning", "notice"];

function compareAnnotations(a: CheckAnnotation, b: CheckAnnotation): number {
  return (
    levels.indexOf(a.level) - levels.indexOf(b.level) ||
    compareText(a.path, b.path) ||
    a.startLine - b.startLine ||
    compareText(a.title, b.title) ||
    compareText(a.message, b.message)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
