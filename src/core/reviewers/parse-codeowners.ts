import type { SourceText } from "../facts.ts";
import { cut, type Problem } from "../problem.ts";
import { parsePattern, type PatternElement } from "./owner-pattern.ts";

/** A valid line: a pattern and its owners. No owners means that what matches is owned by nobody on purpose. */
export interface CodeownersLine {
  /** Starts at 1. */
  line: number;
  /** As it was written. */
  pattern: string;
  elements: readonly PatternElement[];
  /** Lower case, in the order of the line, each once. */
  owners: readonly string[];
}

/**
 * CODEOWNERS as GitHub would use it. Every kind except `read` has no line, so that nothing is owned and what needs an
 * owner blocks.
 */
export interface ParsedCodeowners {
  kind: "read" | "absent" | "unreadable" | "too-large";
  path: string;
  lines: readonly CodeownersLine[];
  /** Numbers of the lines that were skipped because of their syntax, rising. */
  invalidLines: readonly number[];
  /** Those of them that name owners of a role (SPEC 6), with the role. */
  invalidRoleLines: readonly { line: number; role: string }[];
  /** At most `problemLimit`, in the order of the lines. */
  problems: readonly Problem[];
}

/**
 * GitHub ignores a larger file entirely and says "3 MB" without saying which megabyte. The smaller one is taken, so that
 * we never honour a file that GitHub ignores.
 */
export const codeownersLimitBytes = 3_000_000;

const problemLimit = 50;
const rolePattern = /^\s*\/\.github\/roles\/([^/\s]+)\//;
const userOwner = /^@[a-z0-9][a-z0-9_-]{0,99}$/;
// No dot in a team: GitHub calls it a syntax error (facts/github.md section 5).
const teamOwner = /^@[a-z0-9][a-z0-9_-]{0,99}\/[a-z0-9_-]{1,255}$/;
const emailOwner = /^[^\s@]{1,64}@[^\s@]{1,255}$/;

/**
 * Reads CODEOWNERS as GitHub does (facts/github.md section 5): a line with a mistake is skipped and reported, the rest
 * applies. The mistakes are warnings, because the file stands on the base branch and the author of a pull request did not
 * write it; a role that loses its owners by one blocks by itself.
 */
export function parseCodeowners(source: SourceText): ParsedCodeowners {
  if (source.kind === "absent") {
    return {
      kind: "absent",
      path: ".github/CODEOWNERS",
      lines: [],
      invalidLines: [],
      invalidRoleLines: [],
      problems: [],
    };
  }
  if (source.kind === "unreadable") return refuseFile(source.path, "unreadable", source.why);
  if (exceedsBytes(source.text, codeownersLimitBytes)) {
    return refuseFile(source.path, "too-large", `${source.text.length} characters`);
  }

  const lines: CodeownersLine[] = [];
  const invalidLines: number[] = [];
  const invalidRoleLines: ParsedCodeowners["invalidRoleLines"][number][] = [];
  const problems: Problem[] = [];
  const texts = source.text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (const [index, text] of texts.entries()) {
    const read = parseLine(text, index + 1);
    if (read === null) continue;
    if (read.ok) {
      lines.push(read.line);
    } else {
      invalidLines.push(index + 1);
      const role = rolePattern.exec(text)?.[1];
      if (role !== undefined) invalidRoleLines.push({ line: index + 1, role });
      if (problems.length < problemLimit) problems.push(describeMistake(read.mistake, source.path, index + 1, text));
    }
  }
  return { kind: "read", path: source.path, lines, invalidLines, invalidRoleLines, problems };
}

interface Mistake {
  code: "invalid-pattern" | "invalid-owner";
  column: number;
  why: string;
  fix: string;
}

type ReadLine = { ok: true; line: CodeownersLine } | { ok: false; mistake: Mistake };

function parseLine(text: string, line: number): ReadLine | null {
  const tokens = splitTokens(text);
  const [pattern, ...owners] = tokens;
  if (pattern === undefined) return null;
  const parsed = parsePattern(pattern.text);
  if (!parsed.ok) {
    const { offset, why, fix } = parsed;
    return { ok: false, mistake: { code: "invalid-pattern", column: pattern.column + offset, why, fix } };
  }
  const names = new Set<string>();
  for (const owner of owners) {
    const name = owner.text.toLowerCase();
    if (!isOwnerName(name)) {
      const why = `\`${cut(owner.text, 60)}\` is no owner`;
      const fix = "Write @user, @organisation/team or an e-mail address.";
      return { ok: false, mistake: { code: "invalid-owner", column: owner.column, why, fix } };
    }
    names.add(name);
  }
  return { ok: true, line: { line, pattern: pattern.text, elements: parsed.elements, owners: [...names] } };
}

/** Whether a lower-case text has the form of an owner: `@user`, `@organisation/team` or an e-mail address. */
export function isOwnerName(name: string): boolean {
  return userOwner.test(name) || teamOwner.test(name) || emailOwner.test(name);
}

/** Words of a line with their columns (from 1); `\ ` belongs to a word, and a word that begins with `#` ends the line. */
function splitTokens(text: string): { text: string; column: number }[] {
  const tokens: { text: string; column: number }[] = [];
  let index = 0;
  while (index < text.length) {
    if (isBlank(text[index])) {
      index += 1;
      continue;
    }
    if (text[index] === "#") break;
    const start = index;
    // Only in a pattern does a backslash keep a space: an owner has none.
    while (index < text.length && !isBlank(text[index])) index += text[index] === "\\" && tokens.length === 0 ? 2 : 1;
    index = Math.min(index, text.length);
    tokens.push({ text: text.slice(start, index), column: start + 1 });
  }
  return tokens;
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\r" || character === "\f" || character === "\v";
}

function describeMistake(mistake: Mistake, path: string, line: number, text: string): Problem {
  return {
    code: `codeowners-${mistake.code}`,
    severity: "warning",
    path,
    line,
    column: mistake.column,
    message: `CODEOWNERS line ${line} is skipped, as GitHub skips it: ${mistake.why}.`,
    expected:
      mistake.code === "invalid-owner" ? "@user, @organisation/team or an e-mail address" : "a pattern GitHub reads",
    found: cut(text.trim()),
    fix: mistake.fix,
  };
}

function refuseFile(path: string, kind: "unreadable" | "too-large", found: string): ParsedCodeowners {
  const problem: Problem = {
    code: `codeowners-${kind}`,
    severity: "error",
    path,
    line: 1,
    column: 1,
    message:
      kind === "too-large"
        ? "CODEOWNERS is too large: GitHub ignores all of it, so nobody owns anything."
        : "CODEOWNERS could not be read, so it is not known who owns what.",
    expected: `a text file under ${codeownersLimitBytes / 1_000_000} MB`,
    found: cut(found),
    fix: kind === "too-large" ? "Shorten the file." : "Make the file readable on the default branch, then re-check.",
  };
  return { kind, path, lines: [], invalidLines: [], invalidRoleLines: [], problems: [problem] };
}

/** Whether a text takes this many bytes or more as UTF-8. */
export function exceedsBytes(text: string, limit: number): boolean {
  // A very large text need not be read for it.
  if (text.length >= limit) return true;
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    // A surrogate is half of a character that takes four bytes.
    if (code < 0x80) bytes += 1;
    else if (code < 0x800 || (code >= 0xd800 && code < 0xe000)) bytes += 2;
    else bytes += 3;
  }
  return bytes >= limit;
}
