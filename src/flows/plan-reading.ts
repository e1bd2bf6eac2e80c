import type { ChangedPath, Snapshot } from "../core/facts.ts";
import { outputPathOf } from "../core/evidence/read-evidence.ts";
import { isJsonObject, type JsonValue } from "../core/json.ts";
import type { Policy } from "../core/policy/policy.ts";
import { concernsRoute, listRoutePaths, listTouchedPaths, namesEvidence } from "../core/relevance.ts";
import { namedFiles } from "../core/routes/named-files.ts";
import { parseRouteFile } from "../core/routes/parse-route-file.ts";
import type { RouteFile } from "../core/routes/route-file.ts";
import { parseYaml } from "../core/yaml/parse-yaml.ts";
import { policyPath } from "./gather-rules.ts";

/** The route files of a snapshot that were read and can be parsed. */
export function listRouteFiles(policy: Policy, snapshot: Snapshot): readonly RouteFile[] {
  return listRoutePaths(policy, snapshot).flatMap((path) => {
    const content = Object.hasOwn(snapshot.contents, path) ? snapshot.contents[path] : undefined;
    const parsed = content === undefined ? null : parseRouteFile(path, content);
    return parsed?.ok === true ? [parsed.value] : [];
  });
}

/** The tool's output that a wrapper record points to. */
function listOutput(policy: Policy, record: JsonValue): string[] {
  const file = isJsonObject(record) && Object.hasOwn(record, "file") ? record["file"] : null;
  return typeof file === "string" ? [outputPathOf(policy.evidenceFolder, file)] : [];
}

/** The outputs behind wrappers: those in the route file itself, and those in files once these were read. */
function listWrapped(policy: Policy, file: RouteFile, paths: readonly string[], snapshot: Snapshot): string[] {
  const inline = file.record.approval.evidence.flatMap((entry) => (entry.kind === "inline" ? [entry.record] : []));
  const read = paths.flatMap((path) => {
    const content = Object.hasOwn(snapshot.contents, path) ? snapshot.contents[path] : undefined;
    if (content?.kind !== "text" || path.endsWith(".xml")) return [];
    const document = parseYaml(path, content.text);
    return document.ok ? [document.value.value] : [];
  });
  return [...inline, ...read].flatMap((record) => listOutput(policy, record));
}

function wantedOf(
  policy: Policy,
  snapshot: Snapshot,
  files: readonly RouteFile[],
  concerned: ReadonlySet<string>,
): string[] {
  const own = files.filter((file) => concerned.has(file.path));
  const evidence = own.flatMap((file) => {
    const paths = snapshot.entries.map(({ path }) => path).filter((path) => namesEvidence(policy, file.record, path));
    return [...paths, ...listWrapped(policy, file, paths, snapshot)];
  });
  return [
    ...listRoutePaths(policy, snapshot),
    // Of every route, not only the concerned: which prompt belongs to which route decides what a change concerns.
    ...files.flatMap((file) => namedFiles(file.record)),
    ...evidence,
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
