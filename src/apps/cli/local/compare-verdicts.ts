import { flattenLine } from "../../../core/report/flatten-line.ts";
import type { RequirementState } from "../../../core/reviewers/requirement.ts";
import type { RouteVerdict, Verdict } from "../../../core/verdict/verdict.ts";

/** One thing in which two verdicts on one change differ. Null: it is not there. */
export interface VerdictDifference {
  /** Flag key, or null for the pull request as a whole. */
  flagKey: string | null;
  what: string;
  from: string | null;
  to: string | null;
}

/** What differs between two verdicts, in the order of a card: state, tier, rules, roles, evidence, gates, problems. */
export function compareVerdicts(from: Verdict, to: Verdict): readonly VerdictDifference[] {
  const whole = compareLists(null, [
    ["state", [["", from.state]], [["", to.state]]],
    ["tier", [["", from.tier]], [["", to.tier]]],
    ["reason", from.reasons.map((each) => [each.code, each.text]), to.reasons.map((each) => [each.code, each.text])],
    ["role of the rules", rolesOf(from.governance?.requirements ?? []), rolesOf(to.governance?.requirements ?? [])],
  ]);
  const keys = [...new Set([...from.routes, ...to.routes].map((route) => route.flagKey))].sort();
  const routes = keys.flatMap((flagKey) =>
    compareRoutes(
      flagKey,
      from.routes.find((route) => route.flagKey === flagKey),
      to.routes.find((route) => route.flagKey === flagKey),
    ),
  );
  return [...whole, ...routes];
}

type Named = readonly (readonly [name: string, text: string])[];

function compareRoutes(
  flagKey: string,
  from: RouteVerdict | undefined,
  to: RouteVerdict | undefined,
): readonly VerdictDifference[] {
  const pair = (read: (route: RouteVerdict) => Named): [Named, Named] => [
    from === undefined ? [] : read(from),
    to === undefined ? [] : read(to),
  ];
  return compareLists(flagKey, [
    ["state", ...pair((route) => [["", route.state]])],
    ["tier", ...pair((route) => [["", route.classification.tier]])],
    ["stage", ...pair((route) => [["", route.asked ?? "none"]])],
    ["candidate", ...pair((route) => [["", route.candidateDigest ?? "none"]])],
    ["rule", ...pair((route) => route.classification.fired.map((rule) => [rule.id, rule.tier]))],
    ["role", ...pair((route) => rolesOf(route.requirements))],
    ["evidence", ...pair((route) => route.evidence.map((each) => [each.id, `${each.state}: ${each.why[0] ?? ""}`]))],
    ["guardrail", ...pair((route) => route.guardrails.map((each) => [each.guardrail.name, each.outcome]))],
    ["gate", ...pair((route) => route.gates.map((gate) => [gate.gate, `${gate.state}: ${gate.text}`]))],
    ["problem", ...pair((route) => route.problems.map((problem) => [problem.code, problem.message]))],
  ]);
}

function rolesOf(requirements: readonly RequirementState[]): Named {
  return requirements.map((each) => [each.requirement.role, each.state]);
}

function compareLists(
  flagKey: string | null,
  lists: readonly (readonly [what: string, from: Named, to: Named])[],
): readonly VerdictDifference[] {
  return lists.flatMap(([what, from, to]) => {
    const [before, after] = [new Map(from), new Map(to)];
    const names = [...new Set([...before.keys(), ...after.keys()])].sort();
    return names.flatMap((name): VerdictDifference[] => {
      const [old, now] = [before.get(name) ?? null, after.get(name) ?? null];
      return old === now ? [] : [{ flagKey, what: name === "" ? what : `${what} ${name}`, from: old, to: now }];
    });
  });
}

/** Differences as lines: `+` is new, `-` is gone, `~` is another. */
export function renderDifferences(differences: readonly VerdictDifference[]): string {
  if (differences.length === 0) return "\nNothing would differ\n";
  const lines = differences.map(({ flagKey, what, from, to }) => {
    const where = flagKey === null ? "" : `${flagKey}: `;
    const change = from === null ? (to ?? "") : to === null ? from : `${from} -> ${to}`;
    const sign = from === null ? "+" : to === null ? "-" : "~";
    return `  ${sign} ${flattenLine(`${where}${what}: ${change}`)}\n`;
  });
  return `\nWhat would differ\n${lines.join("")}`;
}
