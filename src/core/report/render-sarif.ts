import type { Problem, Place } from "../problem.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { flattenLine } from "./flatten-line.ts";

/** One line of a SARIF log. */
export interface SarifFinding {
  ruleId: string;
  level: "error" | "warning" | "note";
  message: string;
  /** Null: it stands at no line of a file. */
  place: Place | null;
}

/** What can be said about lines of files: problems, gates that an edit can mend, rules that fired, and what else holds it back. */
export function listVerdictFindings(verdict: Verdict): readonly SarifFinding[] {
  const problems = [
    ...verdict.problems,
    ...(verdict.governance?.problems ?? []),
    ...[...verdict.routes, ...verdict.gateways].flatMap((each) => each.problems),
  ];
  const gates = verdict.routes.flatMap((route) =>
    route.gates.flatMap((gate): SarifFinding[] =>
      gate.state === "ok"
        ? []
        : [
            {
              ruleId: gate.gate,
              level: "warning",
              message: `${route.flagKey}: ${gate.text}`,
              place: gate.place ?? startOf(route.path),
            },
          ],
    ),
  );
  const rules = [
    ...verdict.routes,
    ...verdict.gateways,
    ...(verdict.governance === null ? [] : [verdict.governance]),
  ].flatMap((each) =>
    each.classification.fired.map((rule): SarifFinding => ({
      ruleId: rule.id,
      level: "note",
      message: `${rule.tier}: ${rule.sentence}`,
      place: rule.place,
    })),
  );
  const { governance } = verdict;
  const asked = [
    ...verdict.routes,
    ...verdict.gateways,
    ...(governance === null ? [] : [{ path: governance.paths[0] ?? "", requirements: governance.requirements }]),
  ];
  const roles = asked.flatMap(({ path, requirements }) =>
    requirements.flatMap(({ requirement, state, explanation }): SarifFinding[] =>
      state === "approved"
        ? []
        : [
            {
              ruleId: `role-${state}`,
              level: state === "waiting" ? "note" : "warning",
              message: `${requirement.role}: ${explanation}`,
              place: startOf(path),
            },
          ],
    ),
  );
  return [...listProblemFindings(problems), ...gates, ...rules, ...roles, ...listOwnReasons(verdict)];
}

/** What holds the pull request as a whole, such as a conflict with its base; problems are among its reasons and were told already. */
function listOwnReasons({ reasons, problems }: Verdict): readonly SarifFinding[] {
  return reasons.flatMap(({ code, state, text, place }): SarifFinding[] => {
    if (state === "ok" || state === "info") return [];
    if (problems.some((problem) => problem.code === code && problem.line === place?.line)) return [];
    return [{ ruleId: code, level: state === "waiting" ? "note" : "warning", message: text, place }];
  });
}

export function listProblemFindings(problems: readonly Problem[]): readonly SarifFinding[] {
  return problems.map(({ code, severity, message, expected, found, fix, path, line, column }) => ({
    ruleId: code,
    level: severity,
    message: `${message} Expected: ${expected}. Found: ${found}. ${fix}`,
    place: { path, line, column },
  }));
}

/**
 * Findings as a SARIF 2.1.0 log, which code scanning and editors read. Sorted and each once, so that equal findings give equal text.
 *
 * @param version of Routeward
 */
export function renderSarif(findings: readonly SarifFinding[], version: string): string {
  const lines = new Map(findings.map((finding) => [JSON.stringify(finding), finding]));
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding);
  const rules = [...new Set(sorted.map((finding) => finding.ruleId))].sort();
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "routeward", version, rules: rules.map((id) => ({ id })) } },
        columnKind: "utf16CodeUnits",
        results: sorted.map(({ ruleId, level, message, place }) => ({
          ruleId,
          ruleIndex: rules.indexOf(ruleId),
          level,
          message: { text: flattenLine(message) },
          ...(place === null || place.path === "" ? {} : { locations: [renderPlace(place)] }),
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function renderPlace(place: Place): object {
  return {
    physicalLocation: {
      artifactLocation: {
        uri: place.path.toWellFormed().split("/").map(encodeURIComponent).join("/"),
        uriBaseId: "%SRCROOT%",
      },
      region: { startLine: Math.max(1, place.line), startColumn: Math.max(1, place.column) },
    },
  };
}

function startOf(path: string): Place {
  return { path, line: 1, column: 1 };
}
