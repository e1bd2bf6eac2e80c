import type { ChangedPath, Snapshot } from "../core/facts.ts";
import type { Policy } from "../core/policy/policy.ts";
import { concernsRoute, listRoutePaths, listTouchedPaths, namesEvidence } from "../core/relevance.ts";
import { namedFiles } from "../core/routes/named-files.ts";
import { parseRouteFile } from "../core/routes/parse-route-file.ts";
import type { RouteFile } from "../core/routes/route-file.ts";
import { parseYaml } from "../core/yaml/parse-yaml.ts";
import { policyPath } from "./gather-rules.ts";

const evidenceEndings = ["yaml", "json", "xml"];

/** Names under which the record of an evidence id may stand (SPEC 8). */
export function listEvidencePaths(policy: Pick<Policy, "evidenceFolder">, id: string): readonly string[] {
  return evidenceEndings.map((ending) => `${policy.evidenceFolder}/${id}.${ending}`);
}

/** The route files of a snapshot that were read and can be parsed. */
export function listRouteFiles(policy: Policy, snapshot: Snapshot): readonly RouteFile[] {
  return listRoutePaths(policy, snapshot).flatMap((path) => {
    const content = Object.hasOwn(snapshot.contents, path) ? snapshot.contents[path] : undefined;
    const parsed = content === undefined ? null : parseRouteFile(path, content);
    return parsed?.ok === true ? [parsed.value] : [];
  });
}

/** The tool's output that a wrapper record points to, once the wrapper was read. */
function listWrapped(policy: Policy, paths: readonly string[], snapshot: Snapshot): string[] {
  return paths.flatMap((path) => {
    const content = Object.hasOwn(snapshot.contents, path) ? snapshot.contents[path] : undefined;
    if (content?.kind !== "text" || path.endsWith(".xml")) return [];
    const document = parseYaml(path, content.text);
    const value = document.ok ? document.value.value : null;
    const file = typeof value === "object" && value !== null && "file" in value ? value.file : null;
    return typeof file === "string" ? [`${policy.evidenceFolder}/${file}`] : [];
  });
}

function wantedOf(
  policy: Policy,
  snapshot: Snapshot,
  files: readonly RouteFile[],
  concerned: ReadonlySet<string>,
): string[] {
  const own = files.filter((file) => concerned.has(file.path));
  const evidence = own.flatMap((file) =>
    snapshot.entries.map(({ path }) => path).filter((path) => namesEvidence(policy, file.record, path)),
  );
  return [
    ...listRoutePaths(policy, snapshot),
    // Of every route, not only the concerned: which prompt belongs to which route decides what a change concerns.
    ...files.flatMap((file) => namedFiles(file.record)),
    ...evidence,
    ...listWrapped(policy, evidence, snapshot),
  ];
}

/**
 * The paths whose contents a verdict needs and that were not read yet: all route files on both sides, the files that they
 * name, and the evidence of the routes that the change concerns. Asked again with what was read until it asks for nothing
 * new; four rounds are enough, since a wrapper record names one more file.
 */
export function planReading(
  policy: Policy,
  changes: readonly ChangedPath[],
  sides: { base: Snapshot; head: Snapshot },
): { base: readonly string[]; head: readonly string[] } {
  const touched = new Set(listTouchedPaths(changes));
  const filesOf = { base: listRouteFiles(policy, sides.base), head: listRouteFiles(policy, sides.head) };
  const concerned = new Set(
    [...filesOf.base, ...filesOf.head].filter((file) => concernsRoute(policy, file, touched)).map(({ path }) => path),
  );
  const plan = (snapshot: Snapshot, files: readonly RouteFile[]): string[] => {
    const known = new Set(snapshot.entries.map(({ path }) => path));
    const wanted = [...wantedOf(policy, snapshot, files, concerned), ...(touched.has(policyPath) ? [policyPath] : [])];
    return [...new Set(wanted)].filter((path) => known.has(path) && !Object.hasOwn(snapshot.contents, path)).sort();
  };
  return { base: plan(sides.base, filesOf.base), head: plan(sides.head, filesOf.head) };
}
