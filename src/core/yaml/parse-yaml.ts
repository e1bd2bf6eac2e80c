import { Composer, type Document, Lexer, LineCounter, Parser, type CST } from "yaml";
import type { Parsed, Problem } from "../problem.ts";
import { composeValue } from "./compose-value.ts";
import { describeText } from "./describe-value.ts";
import { explainYamlError } from "./explain-yaml-error.ts";
import { readPlainYaml } from "./read-plain-yaml.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** Bounds of one text. They hold for every file that people write for Routeward (SPEC 2). */
export const yamlLimits = {
  /** UTF-8 bytes. */
  bytes: 256 * 1024,
  /** Lexical tokens; a dense file of about 60 KiB. The bound on bytes alone would leave a file of brackets seconds to run. */
  tokens: 60_000,
  /** Maps and lists inside each other. */
  depth: 32,
  aliases: 100,
  /** Values after aliases were put in place of their anchors. */
  values: 60_000,
  /** Problems that are reported; a reader mends the first ones first. */
  problems: 20,
} as const;

type Fault = Pick<Problem, "code" | "message" | "expected" | "found" | "fix"> & { offset: number };

/**
 * Reads one YAML 1.2 (core schema) or JSON document strictly: no duplicate or merge keys, no tags beyond the core ones, no directives,
 * one document, bounded size, depth and aliases, only values that JSON can carry exactly. Never throws; linear in the text.
 */
export function parseYaml(path: string, text: string): Parsed<YamlDocument> {
  const parsed = parseDocuments(path, text, { documents: 1, mergeKeys: false });
  const [first] = parsed.ok ? parsed.value : [];
  if (!parsed.ok) return parsed;
  return first === undefined ? refuse(path, [emptyText], new LineCounter()) : { ...parsed, value: first };
}

/**
 * The same for files that other programs define: up to 100 documents in one text, empty ones left out, and merge keys kept as keys named
 * `<<` for the reader to resolve. The bounds hold for all documents together.
 */
export function parseYamlDocuments(path: string, text: string): Parsed<readonly YamlDocument[]> {
  return parseDocuments(path, text, { documents: 100, mergeKeys: true });
}

function parseDocuments(
  path: string,
  text: string,
  allowed: { documents: number; mergeKeys: boolean },
): Parsed<readonly YamlDocument[]> {
  const size = countBytes(text);
  if (size > yamlLimits.bytes) return refuse(path, [tooLarge(size)], new LineCounter());
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const control = findControlCharacter(source);
  const plain = control === null ? readPlainYaml(source, yamlLimits.tokens) : null;
  if (plain !== null) return { ok: true, value: [{ path, ...plain }], problems: [] };
  return parseFully(path, source, allowed, control);
}

/** The library reads what is not in the plain form, and whatever is to be refused. */
export function parseFully(
  path: string,
  source: string,
  allowed: { documents: number; mergeKeys: boolean },
  control: Fault | null = null,
): Parsed<readonly YamlDocument[]> {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) lines.addNewLine(at + 1);

  if (control !== null) return refuse(path, [control], lines);
  const tokens = parseTokens(source);
  if (!tokens.ok) return refuse(path, [tokens.fault], lines);
  const documents = composeDocuments(tokens.value, source.length, allowed.documents);
  if (documents.length === 0) return refuse(path, [emptyText], lines);
  const extra = documents[allowed.documents];
  if (extra !== undefined) return refuse(path, [severalDocuments(extra.range[0], allowed.documents)], lines);

  const found: YamlDocument[] = [];
  let values: number = yamlLimits.values;
  for (const document of documents) {
    if (document.errors.length > 0 || document.warnings.length > 0) {
      const faults = [...document.errors, ...document.warnings].map((error) => explainYamlError(error, source));
      return refuse(path, faults, lines);
    }
    if (documents.length > 1 && document.contents === null) continue;
    const composed = composeValue(document, lines, { ...yamlLimits, values, mergeKeys: allowed.mergeKeys });
    if (composed.faults.length > 0) return refuse(path, composed.faults, lines);
    values = Math.max(1, values - composed.values.size);
    found.push({ path, value: composed.value, keys: composed.keys, values: composed.values });
  }
  return { ok: true, value: found, problems: [] };
}

function refuse(path: string, faults: readonly Fault[], lines: LineCounter): Parsed<never> {
  const problems = faults.slice(0, yamlLimits.problems).map(({ offset, ...rest }): Problem => {
    const position = lines.linePos(offset);
    return { ...rest, severity: "error", path, line: Math.max(position.line, 1), column: Math.max(position.col, 1) };
  });
  return { ok: false, problems };
}

type Tokens = { ok: true; value: readonly CST.Token[] } | { ok: false; fault: Fault };

/** Builds the syntax tree without recursion, so that depth is known before anything walks it by recursion. */
function parseTokens(source: string): Tokens {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(source)) {
    count += 1;
    if (count > yamlLimits.tokens) return { ok: false, fault: tooManyTokens(parser.offset) };
    for (const token of parser.next(lexeme)) tokens.push(token);
    // The stack holds the document and the open collections.
    if (parser.stack.length > yamlLimits.depth + 2) return { ok: false, fault: tooDeep(parser.offset) };
  }
  for (const token of parser.end()) tokens.push(token);
  const directive = tokens.find((token) => token.type === "directive");
  if (directive !== undefined && directive.type === "directive") {
    return { ok: false, fault: directives(directive.offset, directive.source) };
  }
  return { ok: true, value: tokens };
}

/** One document more than is allowed, so that the caller sees that there are too many. */
function composeDocuments(tokens: readonly CST.Token[], length: number, most: number): readonly Document.Parsed[] {
  const composer = new Composer({
    schema: "core",
    merge: false,
    uniqueKeys: false,
    stringKeys: true,
    logLevel: "silent",
  });
  const documents: Document.Parsed[] = [];
  for (const document of composer.compose(tokens, false, length)) {
    documents.push(document);
    if (documents.length > most) break;
  }
  return documents;
}

function countBytes(text: string): number {
  // A UTF-16 unit is at most three bytes: most texts need no encoding to be known as small enough.
  return text.length * 3 <= yamlLimits.bytes || text.length > yamlLimits.bytes
    ? text.length
    : new TextEncoder().encode(text).length;
}

// YAML 1.2 section 5.1: these characters are not printable and may not stand in a document; the library does not look.
const unprintable =
  // eslint-disable-next-line no-control-regex -- control characters are what is searched
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function findControlCharacter(source: string): Fault | null {
  const found = unprintable.exec(source);
  if (found === null) return null;
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return {
    code: "control-character",
    message: "The file holds a character that YAML does not allow.",
    expected: "printable text",
    found: `the character U+${code}`,
    fix: 'Remove the character; inside double quotes it can be written as an escape, for example "\\t".',
    offset: found.index,
  };
}

const emptyText: Fault = {
  code: "empty-file",
  message: "The file is empty.",
  expected: "a map of settings",
  found: "nothing",
  fix: "Write the record, or delete the file.",
  offset: 0,
};

function tooLarge(size: number): Fault {
  return {
    code: "too-large",
    message: "The file is larger than 256 KiB.",
    expected: `at most ${yamlLimits.bytes} bytes`,
    found: `${size} bytes`,
    fix: "Move long texts into files of their own and name them.",
    offset: 0,
  };
}

function tooManyTokens(offset: number): Fault {
  return {
    code: "too-complex",
    message: "The file has more structure than Routeward reads.",
    expected: `at most ${yamlLimits.tokens} YAML tokens`,
    found: `more than ${yamlLimits.tokens}`,
    fix: "Split the file.",
    offset,
  };
}

function tooDeep(offset: number): Fault {
  return {
    code: "too-deep",
    message: "Maps and lists stand too deep inside each other.",
    expected: `at most ${yamlLimits.depth} levels`,
    found: `more than ${yamlLimits.depth}`,
    fix: "Flatten the structure.",
    offset,
  };
}

function severalDocuments(offset: number, most: number): Fault {
  return {
    code: "several-documents",
    message: most === 1 ? "The file holds several YAML documents." : `The file holds more than ${most} YAML documents.`,
    expected: most === 1 ? "one document" : `at most ${most} documents`,
    found: most === 1 ? "a second document after `---`" : "one more after `---`",
    fix: "Keep one record in a file: remove the `---` lines and move the others to files of their own.",
    offset,
  };
}

function directives(offset: number, source: string): Fault {
  return {
    code: "yaml-directive",
    message: "YAML directives are not read.",
    expected: "a document without lines that begin with `%`",
    found: describeText(source),
    fix: "Remove the line.",
    offset,
  };
}
