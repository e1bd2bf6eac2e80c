import type { FileContent, TreeEntry } from "../facts.ts";
import { isJsonObject, type JsonValue } from "../json.ts";
import type { Parsed, Problem } from "../problem.ts";
import { tableOf } from "../table-of.ts";
import { describeText } from "../yaml/describe-value.ts";
import { explainSchemaIssues, problemAt } from "../yaml/explain-schema-issues.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { suggestWord } from "../yaml/suggest-word.ts";
import { positionOf, type YamlDocument } from "../yaml/yaml-document.ts";
import { checkRecord } from "./check-record.ts";
import { findBundleSecrets } from "./find-bundle-secrets.ts";
import { normaliseRecord } from "./normalise-record.ts";
import type { RouteFile } from "./route-file.ts";
import { root } from "./route-root.ts";
import { recordSchema } from "./route-schema.ts";

/**
 * Reads one route file (SPEC 2). Every problem carries file, line, column, what was expected, what stands there and how to mend it;
 * nothing throws, whatever the text holds.
 * @param mode of the Git tree, where it is known: a symlink or submodule is refused whatever its content says
 */
export function parseRouteFile(
  path: string,
  content: FileContent,
  mode: TreeEntry["mode"] = "file",
): Parsed<RouteFile> {
  const refuse = (kind: UnreadableKind): Parsed<RouteFile> => ({
    ok: false,
    problems: [explainUnreadable(path, kind, content)],
  });
  if (mode === "symlink" || mode === "submodule") return refuse(mode);
  if (content.kind !== "text") return refuse(content.kind);
  if (content.text.startsWith("version https://git-lfs.github.com/spec/")) return refuse("lfs-pointer");
  const parsed = parseYaml(path, content.text);
  return parsed.ok ? parseDocument(parsed.value) : parsed;
}

function parseDocument(document: YamlDocument): Parsed<RouteFile> {
  const top = checkTop(document);
  if (!top.ok) return top;
  const { fields, extensions } = splitExtensions(top.value);
  const result = recordSchema.safeParse(fields);
  const secrets = ["baseline", "candidate"].flatMap((name) =>
    findBundleSecrets(document, [root, name], Object.hasOwn(fields, name) ? fields[name] : null),
  );
  if (!result.success) {
    const issues = explainSchemaIssues(document, [root], fields, result.error.issues);
    return { ok: false, problems: sortProblems([...issues, ...secrets]) };
  }
  const problems = sortProblems([...secrets, ...checkRecord(document, result.data)]);
  if (problems.length > 0) return { ok: false, problems };
  const value = { path: document.path, record: normaliseRecord(result.data, extensions), places: placesOf(document) };
  return { ok: true, value, problems };
}

function checkTop(document: YamlDocument): Parsed<Readonly<Record<string, JsonValue>>> {
  const top = document.value;
  const expected = "one map with the key `model_change`";
  if (!isJsonObject(top) || !Object.hasOwn(top, root) || !isJsonObject(top[root])) {
    const near = isJsonObject(top) ? Object.keys(top).find((key) => suggestWord(key, [root]) !== null) : undefined;
    const problem = problemAt(document, near === undefined ? [root] : [near], {
      code: "no-record",
      message: "The file holds no `model_change` record.",
      expected,
      found: near ?? top,
      fix:
        near === undefined
          ? "Put the record under `model_change:`."
          : `Rename \`${describeText(near)}\` to \`${root}\`.`,
    });
    return { ok: false, problems: [problem] };
  }
  const others = Object.keys(top).filter((key) => key !== root);
  if (others.length > 0) {
    const problems = others.map((key) =>
      problemAt(document, [key], {
        code: "unknown-key",
        message: `\`${describeText(key)}\` is not a known key beside \`${root}\`.`,
        expected,
        hidden: describeText(key),
        fix: "Remove it, or move it below `model_change`; keys of your own start with `x-` and stand there.",
      }),
    );
    return { ok: false, problems: problems.slice(0, 20) };
  }
  return { ok: true, value: top[root], problems: [] };
}

function splitExtensions(record: Readonly<Record<string, JsonValue>>): {
  fields: Readonly<Record<string, JsonValue>>;
  extensions: Readonly<Record<string, JsonValue>>;
} {
  const entries = Object.entries(record);
  return {
    fields: Object.fromEntries(entries.filter(([key]) => !key.startsWith("x-"))),
    extensions: tableOf(entries.filter(([key]) => key.startsWith("x-"))),
  };
}

function placesOf(document: YamlDocument): RouteFile["places"] {
  const prefix = `${root}.`;
  const paths = new Set([...document.keys.keys(), ...document.values.keys()]);
  return tableOf(
    [...paths].flatMap((path): [string, readonly [number, number]][] => {
      const position = path.startsWith(prefix) ? positionOf(document, path) : null;
      return position === null ? [] : [[path.slice(prefix.length), position]];
    }),
  );
}

function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : 1));
}

function explainUnreadable(path: string, kind: UnreadableKind, content: FileContent): Problem {
  const expected = "a regular UTF-8 text file of at most 256 KiB";
  const size = content.kind === "too-large" ? { found: `${content.size} bytes` } : {};
  return { path, line: 1, column: 1, code: kind, severity: "error", expected, ...unreadable[kind], ...size };
}

type UnreadableKind = Exclude<FileContent["kind"], "text">;

const unreadable: Readonly<Record<UnreadableKind, Pick<Problem, "message" | "found" | "fix">>> = {
  symlink: {
    message: "The route file is a symbolic link.",
    found: "a symbolic link",
    fix: "Replace the link by the file itself: what it points to can change without review.",
  },
  submodule: {
    message: "The path is a submodule.",
    found: "a submodule",
    fix: "Keep route files in this repository.",
  },
  "lfs-pointer": {
    message: "The file is stored in Git LFS, so its content is not in the repository.",
    found: "a Git LFS pointer",
    fix: "Take the path out of `.gitattributes` and commit the file itself.",
  },
  "not-utf8": {
    message: "The file is not UTF-8 text.",
    found: "bytes that are not UTF-8",
    fix: "Save the file with the encoding UTF-8.",
  },
  binary: {
    message: "The file is not text.",
    found: "binary content",
    fix: "Replace it by a YAML file.",
  },
  "too-large": {
    message: "The file is larger than 256 KiB.",
    found: "more than 256 KiB",
    fix: "Move long texts into files of their own and name them.",
  },
};
