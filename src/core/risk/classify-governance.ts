import type { ChangedPath } from "../facts.ts";
import { policyPath } from "../policy/parse-policy.ts";
import { cut } from "../problem.ts";
import type { Classification } from "./fired-rule.ts";
import { sumUp } from "./classify-route.ts";
import { rowOf } from "./rule-table.ts";

/** The places where GitHub looks for CODEOWNERS, first one first. */
export const codeownersPaths: readonly string[] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

export const rolesFolder = ".github/roles/";

/** Whether a path holds rules by which verdicts are made (SPEC 3). */
export function isGovernancePath(path: string): boolean {
  return path === policyPath || codeownersPaths.includes(path) || path.startsWith(rolesFolder);
}

/** Tier of a change of the rules themselves; null when the pull request touches none. */
export function classifyGovernance(
  changes: readonly ChangedPath[],
): (Classification & { paths: readonly string[] }) | null {
  const touched = changes.flatMap(({ path, previousPath }) => [path, ...(previousPath === null ? [] : [previousPath])]);
  const paths = [...new Set(touched.filter(isGovernancePath))].sort();
  if (paths.length === 0) return null;
  const fired = paths.map((path) => ({
    ...rowOf("governance-changed"),
    sentence: `the rules change: ${cut(path, 200)}`,
    place: { path, line: 1, column: 1 },
    difference: "pull-request" as const,
  }));
  return { ...sumUp(fired), paths };
}
