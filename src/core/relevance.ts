import type { ChangedPath, Snapshot } from "./facts.ts";
import type { Policy } from "./policy/policy.ts";
import { isEvidencePath, isRoutePath } from "./policy/is-route-path.ts";
import { isGovernancePath } from "./risk/classify-governance.ts";
import { namedFiles } from "./routes/named-files.ts";
import { parseRouteFile } from "./routes/parse-route-file.ts";
import type { RouteFile, RouteRecord } from "./routes/route-file.ts";

/** Every name that a change touches: new names and the old ones of renamed files; sorted, each once. */
export function listTouchedPaths(files: readonly ChangedPath[]): readonly string[] {
  const names = files.flatMap(({ path, previousPath }) => (previousPath === null ? [path] : [path, previousPath]));
  return [...new Set(names)].sort();
}

/** The paths of a commit that the policy calls route files, sorted. */
export function listRoutePaths(policy: Policy, snapshot: Snapshot): readonly string[] {
  return snapshot.entries
    .map((entry) => entry.path)
    .filter((path) => isRoutePath(policy, path))
    .sort();
}

/** Whether a touched path holds evidence that a record names: the record itself, or a tool's output that bears its id. */
export function namesEvidence(policy: Pick<Policy, "evidenceFolder">, record: RouteRecord, path: string): boolean {
  if (!isEvidencePath(policy, path)) return false;
  const name = path.slice(policy.evidenceFolder.length + 1);
  return record.approval.evidence.some((entry) => entry.kind === "id" && name.startsWith(`${entry.id}.`));
}

/** Whether a changed path concerns one route: its own file, a file that it names, or its evidence. */
export function concernsRoute(policy: Policy, file: RouteFile, touched: ReadonlySet<string>): boolean {
  if (touched.has(file.path) || namedFiles(file.record).some((path) => touched.has(path))) return true;
  return [...touched].some((path) => namesEvidence(policy, file.record, path));
}

/** Both snapshots with what changed between them. */
export interface Comparison {
  policy: Policy;
  changes: readonly ChangedPath[];
  base: Snapshot;
  head: Snapshot;
  /** False when GitHub cut the listing of changes. */
  complete: boolean;
}

function readRoutes(policy: Policy, snapshot: Snapshot): readonly RouteFile[] {
  return listRoutePaths(policy, snapshot).flatMap((path) => {
    const content = Object.hasOwn(snapshot.contents, path) ? snapshot.contents[path] : undefined;
    if (content === undefined) return [];
    const parsed = parseRouteFile(path, content);
    return parsed.ok ? [parsed.value] : [];
  });
}

/**
 * Whether a pull request concerns Routeward at all (SPEC 5, last sentence): route files, files that a route names at base or head,
 * evidence, policy, CODEOWNERS and role paths, by old and new name. `complete: false` always does.
 */
export function isRelevant(comparison: Comparison): boolean {
  const { policy, changes, base, head, complete } = comparison;
  if (!complete) return true;
  const touched = listTouchedPaths(changes);
  if (touched.some((path) => isGovernancePath(path) || isRoutePath(policy, path) || isEvidencePath(policy, path)))
    return true;
  const named = new Set(
    [base, head].flatMap((snapshot) => readRoutes(policy, snapshot).flatMap((file) => namedFiles(file.record))),
  );
  return touched.some((path) => named.has(path));
}
