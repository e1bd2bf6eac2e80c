import type { TreeEntry } from "../facts.ts";
import type { Problem } from "../problem.ts";
import { describeText } from "../yaml/describe-value.ts";
import { placeOf, type RouteFile } from "./route-file.ts";

/** Routes that one pull request may change (SPEC 2). */
export const mostChangedRoutes = 50;

/**
 * What only shows when all route files of a commit are seen together (SPEC 2): two files with one flagKey in one environment,
 * and paths that differ only by case.
 * @param files every route file of the commit that could be read
 * @param entries the commit's tree
 */
export function checkRouteFiles(files: readonly RouteFile[], entries: readonly TreeEntry[]): readonly Problem[] {
  return [...checkFlagKeys(files), ...checkCase(files, entries)];
}

/** More than 50 changed routes are refused with one clear message; null when there are fewer. */
export function checkRouteCount(changedPaths: readonly string[]): Problem | null {
  const first = [...changedPaths].sort()[0];
  if (first === undefined || changedPaths.length <= mostChangedRoutes) return null;
  return {
    path: first,
    line: 1,
    column: 1,
    code: "too-many-routes",
    severity: "error",
    message: `The pull request changes ${changedPaths.length} routes.`,
    expected: `at most ${mostChangedRoutes} routes in one pull request`,
    found: `${changedPaths.length} routes`,
    fix: "Split it: nobody reviews so many release decisions at once.",
  };
}

function checkFlagKeys(files: readonly RouteFile[]): readonly Problem[] {
  const holders = new Map<string, RouteFile[]>();
  for (const file of files) {
    // FeatBit keeps keys apart by case, people and claims do not (SPEC 4).
    const key = JSON.stringify([file.record.environment, file.record.flagKey.toLowerCase()]);
    holders.set(key, [...(holders.get(key) ?? []), file]);
  }
  return [...holders.values()]
    .filter((sharing) => sharing.length > 1)
    .flatMap((sharing) =>
      sharing.map((file): Problem => {
        const others = sharing.filter((other) => other !== file).map((other) => describeText(other.path));
        return {
          ...placeOf(file, "flagKey"),
          code: "duplicate-flag-key",
          severity: "error",
          message: `The flag \`${file.record.flagKey}\` in ${file.record.environment} is also controlled by ${others.slice(0, 3).join(", ")}.`,
          expected: "one route file for each flag in an environment",
          found: describeText(file.record.flagKey),
          fix: "Choose another flagKey or environment, or delete one of the files.",
        };
      }),
    );
}

function checkCase(files: readonly RouteFile[], entries: readonly TreeEntry[]): readonly Problem[] {
  if (files.length === 0) return [];
  const routes = new Map<string, string>();
  for (const file of files) routes.set(file.path.toLowerCase(), file.path);
  const twins = new Map<string, Set<string>>();
  for (const path of [...entries.map((entry) => entry.path), ...files.map((file) => file.path)]) {
    const folded = path.toLowerCase();
    if (routes.has(folded)) twins.set(folded, (twins.get(folded) ?? new Set()).add(path));
  }
  return files.flatMap((file): Problem[] => {
    const other = [...(twins.get(file.path.toLowerCase()) ?? [])].filter((path) => path !== file.path).sort()[0];
    if (other === undefined) return [];
    return [
      {
        path: file.path,
        line: 1,
        column: 1,
        code: "paths-differ-by-case",
        severity: "error",
        message: `Another file differs from this one only by upper and lower case: ${describeText(other)}.`,
        expected: "paths that differ by more than case",
        found: describeText(file.path),
        fix: "Rename one of the two: some file systems hold only one of them.",
      },
    ];
  });
}
