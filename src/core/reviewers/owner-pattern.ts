import { assertNever } from "../problem.ts";

/**
 * One step of a compiled CODEOWNERS pattern. `any` is exactly one path segment, `deep` any number of them, none included.
 */
export type PatternElement =
  | { kind: "literal"; text: string }
  | { kind: "glob"; glob: SegmentGlob }
  | { kind: "any" }
  | { kind: "deep" };

/**
 * A segment with wildcards, cut at its `*`s. A segment matches when it begins with the first piece, ends with the last
 * and holds the others in order between them.
 */
export interface SegmentGlob {
  pieces: readonly [GlobPiece, ...GlobPiece[]];
  /** One bit for each literal character (its code modulo 32): a segment that lacks one of them cannot match. */
  needs: number;
  /** Least length of a segment that can match. */
  atLeast: number;
}

/** Text between two `*`; `any` is a lone `?` in it. Pieces without `?` are searched by the engine's own `indexOf`. */
export interface GlobPiece {
  text: string;
  /** Positions of `text` that stand for any one character; empty when there are none. */
  wild: ReadonlySet<number>;
}

export type ParsedPattern =
  | { ok: true; elements: readonly PatternElement[] }
  | { ok: false; offset: number; why: string; fix: string };

/**
 * Reads one CODEOWNERS pattern as GitHub documents it (facts/github.md section 5): gitignore rules without `!`, `[ ]` and
 * `\#`, with `docs/*` meaning direct children only. What GitHub refuses is refused here, with the offset of the cause.
 */
export function parsePattern(text: string): ParsedPattern {
  const refusal = findRefusal(text);
  if (refusal !== null) return { ok: false, ...refusal };
  const segments = splitSegments(text);
  const rooted = segments.length > 1 && segments[0]?.length === 0;
  if (rooted) segments.shift();
  const directoryOnly = segments.length > 1 && segments.at(-1)?.length === 0;
  if (directoryOnly) segments.pop();

  const elements: PatternElement[] = rooted || segments.length > 1 ? [] : [{ kind: "deep" }];
  for (const segment of segments) elements.push(compileSegment(segment));
  appendTail(elements, directoryOnly);
  return { ok: true, elements: collapseDeep(elements) };
}

/**
 * Whether a path, split at `/`, is matched. Time is bounded by path length times pattern length: a later `deep` never
 * needs an earlier one to be tried again.
 * @param masks one bit mask for each segment, see `maskOf`
 */
export function matchElements(
  elements: readonly PatternElement[],
  segments: readonly string[],
  masks: readonly number[],
): boolean {
  let element = 0;
  let segment = 0;
  let retryElement = -1;
  let retrySegment = 0;
  while (segment < segments.length) {
    const current = elements[element];
    if (current?.kind === "deep") {
      if (element === elements.length - 1) return true;
      retryElement = element;
      retrySegment = segment;
      element += 1;
    } else if (current !== undefined && matchSegment(current, segments[segment] ?? "", masks[segment] ?? 0)) {
      element += 1;
      segment += 1;
    } else if (retryElement >= 0) {
      retrySegment += 1;
      element = retryElement + 1;
      segment = retrySegment;
    } else {
      return false;
    }
  }
  while (elements[element]?.kind === "deep") element += 1;
  return element === elements.length;
}

/** One bit for each character of the text (its code modulo 32). */
export function maskOf(text: string): number {
  let mask = 0;
  for (let index = 0; index < text.length; index += 1) mask |= 1 << (text.charCodeAt(index) & 31);
  return mask;
}

/** The characters that any matching path holds, as a mask; a path that lacks one need not be compared. */
export function needsOf(elements: readonly PatternElement[]): number {
  let needs = 0;
  for (const element of elements) {
    if (element.kind === "literal") needs |= maskOf(element.text);
    else if (element.kind === "glob") needs |= element.glob.needs;
  }
  return needs;
}

interface PatternCharacter {
  text: string;
  escaped: boolean;
}

function findRefusal(text: string): { offset: number; why: string; fix: string } | null {
  if (text.startsWith("!")) {
    return { offset: 0, why: "negation with ! does not work in CODEOWNERS", fix: "Write a later line without owners." };
  }
  if (text.startsWith("\\#")) {
    return {
      offset: 0,
      why: "a leading # cannot be escaped in CODEOWNERS",
      fix: "Match the folder that holds the file.",
    };
  }
  const bracket = text.search(/[[\]]/);
  if (bracket >= 0) {
    return { offset: bracket, why: "[ ] does not work in CODEOWNERS", fix: "Use * or ? in place of the brackets." };
  }
  const stars = text.indexOf("***");
  if (stars >= 0) return { offset: stars, why: "three asterisks in a row", fix: "Write `**/` or `*`." };
  const backslashes = /\\*$/.exec(text)?.[0].length ?? 0;
  if (backslashes % 2 === 1) {
    return { offset: text.length - 1, why: "the pattern ends in a lone backslash", fix: "Remove the backslash." };
  }
  return null;
}

function splitSegments(text: string): PatternCharacter[][] {
  let current: PatternCharacter[] = [];
  const segments = [current];
  for (let index = 0; index < text.length; index += 1) {
    const escaped = text[index] === "\\";
    if (escaped) index += 1;
    const character = text[index] ?? "";
    if (character === "/") {
      current = [];
      segments.push(current);
    } else {
      current.push({ text: character, escaped });
    }
  }
  return segments;
}

function compileSegment(characters: readonly PatternCharacter[]): PatternElement {
  const isStar = (character: PatternCharacter): boolean => character.text === "*" && !character.escaped;
  if (characters.length === 1 && characters.every(isStar)) return { kind: "any" };
  if (characters.length === 2 && characters.every(isStar)) return { kind: "deep" };
  let piece = { text: "", wild: new Set<number>() };
  const pieces: [GlobPiece, ...GlobPiece[]] = [piece];
  for (const character of characters) {
    if (!isStar(character)) {
      if (character.text === "?" && !character.escaped) piece.wild.add(piece.text.length);
      piece.text += character.text;
    } else if (piece.text !== "" || pieces.length === 1) {
      // `a**b` is `a*b`: asterisks in a row inside a segment are one.
      piece = { text: "", wild: new Set() };
      pieces.push(piece);
    }
  }
  if (pieces.length === 1 && piece.wild.size === 0) return { kind: "literal", text: piece.text };
  return { kind: "glob", glob: { pieces, needs: maskOfPieces(pieces), atLeast: lengthOfPieces(pieces) } };
}

function maskOfPieces(pieces: readonly GlobPiece[]): number {
  let mask = 0;
  for (const { text, wild } of pieces) {
    for (let index = 0; index < text.length; index += 1) {
      if (!wild.has(index)) mask |= 1 << (text.charCodeAt(index) & 31);
    }
  }
  return mask;
}

function lengthOfPieces(pieces: readonly GlobPiece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.text.length, 0);
}

/** What a pattern's last segment covers: itself and all below it, unless it is a direct child (`docs/*`). */
function appendTail(elements: PatternElement[], directoryOnly: boolean): void {
  const last = elements.at(-1);
  if (last?.kind === "deep") {
    elements.push({ kind: "any" });
    if (directoryOnly) elements.push({ kind: "any" });
    elements.push({ kind: "deep" });
  } else if (directoryOnly) {
    elements.push({ kind: "any" }, { kind: "deep" });
  } else if (last?.kind !== "any") {
    elements.push({ kind: "deep" });
  }
}

function collapseDeep(elements: readonly PatternElement[]): PatternElement[] {
  return elements.filter((element, index) => element.kind !== "deep" || elements[index - 1]?.kind !== "deep");
}

function matchSegment(element: PatternElement, segment: string, mask: number): boolean {
  switch (element.kind) {
    case "literal":
      return element.text === segment;
    case "glob":
      return matchGlob(element.glob, segment, mask);
    case "any":
    case "deep":
      return true;
    default:
      return assertNever(element);
  }
}

/** Whether one segment matches; `mask` is the segment's `maskOf`. */
function matchGlob(glob: SegmentGlob, segment: string, mask: number): boolean {
  if ((glob.needs & mask) !== glob.needs || segment.length < glob.atLeast) return false;
  const { pieces } = glob;
  const first = pieces[0];
  const last = lastPiece(glob);
  if (pieces.length === 1) return segment.length === first.text.length && pieceStandsAt(first, segment, 0);
  const lastStart = segment.length - last.text.length;
  if (!pieceStandsAt(first, segment, 0) || !pieceStandsAt(last, segment, lastStart)) return false;
  let position = first.text.length;
  for (let index = 1; index < pieces.length - 1; index += 1) {
    const piece = pieces[index];
    if (piece === undefined) return false;
    const found = findPiece(piece, segment, position, lastStart);
    if (found < 0) return false;
    position = found + piece.text.length;
  }
  return true;
}

/** The piece with which a matching segment ends. */
export function lastPiece({ pieces }: SegmentGlob): GlobPiece {
  return pieces.at(-1) ?? pieces[0];
}

/** Whether the piece stands at this place of a segment that is long enough for it. */
export function pieceStandsAt(piece: GlobPiece, segment: string, start: number): boolean {
  if (piece.wild.size === 0) return segment.startsWith(piece.text, start);
  for (let index = 0; index < piece.text.length; index += 1) {
    if (!piece.wild.has(index) && piece.text[index] !== segment[start + index]) return false;
  }
  return true;
}

/** Leftmost place at or after `from` where the piece stands and ends no later than `end`; -1 when there is none. */
export function findPiece(piece: GlobPiece, segment: string, from: number, end: number): number {
  if (piece.wild.size === 0) {
    const found = segment.indexOf(piece.text, from);
    return found >= 0 && found + piece.text.length <= end ? found : -1;
  }
  for (let start = from; start + piece.text.length <= end; start += 1) {
    if (pieceStandsAt(piece, segment, start)) return start;
  }
  return -1;
}
