import type { FileContent, Snapshot } from "../facts.ts";
import type { Problem } from "../problem.ts";
import { tableOf } from "../table-of.ts";
import { digestBundle, digestText } from "./digest-bundle.ts";
import { listNamedFiles, namedFiles } from "./named-files.ts";
import { placeOf, type Bundle, type RouteFile, type RouteState } from "./route-file.ts";

/**
 * A route with the digests of everything that its bundles name, read from one commit. A file that is missing or unreadable
 * leaves the digest null and a problem on the line that names it.
 */
export function resolveRoute(file: RouteFile, snapshot: Snapshot): RouteState {
  const { record } = file;
  const files = tableOf(namedFiles(record).map((path) => [path, digestOf(path, snapshot)] as const));
  const missing = [
    ...explainMissing(file, snapshot, "baseline", record.baseline),
    ...(record.candidate === null ? [] : explainMissing(file, snapshot, "candidate", record.candidate)),
  ];
  return {
    file,
    baselineDigest: digestBundle(record.baseline, files),
    candidateDigest: record.candidate === null ? null : digestBundle(record.candidate, files),
    files,
    problems: missing,
  };
}

function digestOf(path: string, snapshot: Snapshot): string | null {
  const content = contentOf(path, snapshot);
  return content?.kind === "text" && !isSpecial(path, snapshot) ? digestText(content.text) : null;
}

function contentOf(path: string, snapshot: Snapshot): FileContent | undefined {
  return Object.hasOwn(snapshot.contents, path) ? snapshot.contents[path] : undefined;
}

function isSpecial(path: string, snapshot: Snapshot): boolean {
  const mode = snapshot.entries.find((entry) => entry.path === path)?.mode;
  return mode === "symlink" || mode === "submodule";
}

function explainMissing(file: RouteFile, snapshot: Snapshot, name: string, bundle: Bundle): readonly Problem[] {
  return listNamedFiles(bundle)
    .filter(({ path }) => digestOf(path, snapshot) === null)
    .map(({ field, path }): Problem => {
      const why = describeAbsence(path, snapshot);
      return {
        ...placeOf(file, `${name}.${field}`),
        code: why.code,
        severity: "error",
        message: `\`${name}.${field}\` names a file that ${why.text}.`,
        expected: "a UTF-8 text file of this repository",
        found: path.length > 120 ? `${path.slice(0, 119)}…` : path,
        fix: why.fix,
      };
    });
}

function describeAbsence(path: string, snapshot: Snapshot): { code: string; text: string; fix: string } {
  const content = contentOf(path, snapshot);
  if (content !== undefined || isSpecial(path, snapshot)) {
    const kind = isSpecial(path, snapshot) ? "a link or submodule" : `not readable (${content?.kind ?? "unknown"})`;
    return { code: "named-file-unreadable", text: `is ${kind}`, fix: "Commit the text itself at this path." };
  }
  const folded = path.toLowerCase();
  const twin = snapshot.entries.find((entry) => entry.path.toLowerCase() === folded && entry.path !== path);
  if (twin !== undefined) {
    return {
      code: "named-file-missing",
      text: "exists only in another case",
      fix: `Write \`${twin.path.slice(0, 200)}\`.`,
    };
  }
  const listed = snapshot.entries.some((entry) => entry.path === path);
  if (listed || !snapshot.complete) {
    return {
      code: "named-file-unread",
      text: "could not be read",
      fix: "Nothing to mend in the file: check again; if it stays, the repository is too large to list.",
    };
  }
  return { code: "named-file-missing", text: "does not exist", fix: "Add the file, or correct the path." };
}
