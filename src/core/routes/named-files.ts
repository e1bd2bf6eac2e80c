import type { Bundle, RouteRecord } from "./route-file.ts";

/** Repository paths that a record's bundles name, fallback bundles included; sorted, each once. */
export function namedFiles(record: RouteRecord): readonly string[] {
  const bundles = [record.baseline, ...(record.candidate === null ? [] : [record.candidate])];
  const paths = bundles.flatMap((bundle) => listNamedFiles(bundle)).map((file) => file.path);
  return [...new Set(paths)].sort();
}

/** The files that one bundle names, with the field that names each, relative to the bundle: `prompt`, `fallback.0.tools`. */
export function listNamedFiles(bundle: Bundle): readonly { field: string; path: string }[] {
  const own = (["prompt", "retrieval", "tools"] as const).flatMap((field) => {
    const path = bundle[field];
    return path === null ? [] : [{ field, path }];
  });
  const inner = bundle.fallback.flatMap((entry, index) =>
    entry.kind === "bundle"
      ? listNamedFiles(entry.bundle).map((file) => ({ ...file, field: `fallback.${index}.${file.field}` }))
      : [],
  );
  return [...own, ...inner];
}
