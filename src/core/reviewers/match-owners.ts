import { findLastGlob, indexGlobs, type NameGlobs, type PlacedGlob } from "./name-globs.ts";
import { lastPiece, maskOf, matchElements, needsOf, type PatternElement, type SegmentGlob } from "./owner-pattern.ts";
import type { CodeownersLine, ParsedCodeowners } from "./parse-codeowners.ts";

/** Who owns a path. `unowned` (a line without owners) and `unmatched` (no line) are two answers. */
export type OwnersMatch =
  | { kind: "owned"; line: number; owners: readonly string[] }
  | { kind: "unowned"; line: number }
  | { kind: "unmatched" };

/**
 * Owners of a repository path by the last line that matches it, as GitHub decides (facts/github.md section 5).
 * @param path without a leading slash
 */
export function matchOwners(parsed: Pick<ParsedCodeowners, "lines">, path: string): OwnersMatch {
  const index = indexOf(parsed.lines);
  const line = parsed.lines[findLast(index, parsed.lines, path)];
  if (line === undefined) return { kind: "unmatched" };
  if (line.owners.length === 0) return { kind: "unowned", line: line.line };
  return { kind: "owned", line: line.line, owners: line.owners };
}

/**
 * Lines (their positions, rising) by what a path must hold for them to match. With it 3,000 paths against 1,030 lines
 * cost tens of thousands of look-ups in place of three million comparisons.
 */
interface LineIndex {
  /** Rooted lines by their leading literal segments. */
  byPrefix: ReadonlyMap<string, readonly number[]>;
  /** Lines such as `apps/` by a whole name that they need at some depth. */
  byName: ReadonlyMap<string, readonly number[]>;
  /** Lines such as `*.js` by the last extension. */
  byExtension: ReadonlyMap<string, readonly number[]>;
  /** Lines such as `test-*` that ask one name, at any depth, for a wildcard. */
  nameGlobs: KnownGlobs;
  others: MaskedLines;
}

interface KnownGlobs {
  count: number;
  globs: NameGlobs;
  /** What was found for a name before: the files of a pull request share most of their folders. */
  known: Map<string, number>;
}

/** Names that are kept for one CODEOWNERS file; more are looked up again. */
const mostKnown = 20_000;

/** Positions with the characters that each line needs, side by side, so that most lines cost one comparison of bits. */
interface MaskedLines {
  positions: readonly number[];
  needs: readonly number[];
  /** Where the line asks a folder at a fixed depth for a wildcard: that depth, else 0. */
  depths: readonly number[];
  /** What the name at that depth must hold; 0 where any will do. */
  needsThere: readonly number[];
}

/** An index is a pure function of its lines; it is kept only so that it is made once. */
const indexes = new WeakMap<readonly CodeownersLine[], LineIndex>();

function indexOf(lines: readonly CodeownersLine[]): LineIndex {
  const known = indexes.get(lines);
  if (known !== undefined) return known;
  const made = buildIndex(lines);
  indexes.set(lines, made);
  return made;
}

function buildIndex(lines: readonly CodeownersLine[]): LineIndex {
  const byPrefix = new Map<string, number[]>();
  const byName = new Map<string, number[]>();
  const byExtension = new Map<string, number[]>();
  const placed: PlacedGlob[] = [];
  const others = { positions: [], needs: [], depths: [], needsThere: [] } as Record<keyof MaskedLines, number[]>;
  for (const [position, { elements }] of lines.entries()) {
    const prefix = leadingLiterals(elements);
    const second = elements[0]?.kind === "deep" ? elements[1] : undefined;
    const name = longestLiteral(elements);
    const extension = second?.kind === "glob" ? lastExtension(second.glob) : null;
    if (prefix !== "") push(byPrefix, prefix, position);
    else if (name !== null) push(byName, name, position);
    else if (extension !== null) push(byExtension, extension, position);
    else if (second?.kind === "glob" && elements.length === 3 && elements[2]?.kind === "deep") {
      placed.push({ glob: second.glob, position });
    } else {
      const fixed = firstFixedGlob(elements);
      others.positions.push(position);
      others.needs.push(needsOf(elements));
      others.depths.push(fixed.depth);
      others.needsThere.push(fixed.needs);
    }
  }
  const nameGlobs = { count: placed.length, globs: indexGlobs(placed), known: new Map<string, number>() };
  return { byPrefix, byName, byExtension, nameGlobs, others };
}

/** Deeper prefixes distinguish no more real files, and the bound keeps very deep hostile paths cheap. */
const prefixDepth = 8;

function leadingLiterals(elements: CodeownersLine["elements"]): string {
  const names: string[] = [];
  for (const element of elements) {
    if (element.kind !== "literal" || names.length === prefixDepth) break;
    names.push(element.text);
  }
  return names.join("/");
}

function longestLiteral(elements: CodeownersLine["elements"]): string | null {
  let longest: string | null = null;
  for (const element of elements) {
    if (element.kind === "literal" && element.text.length > (longest?.length ?? -1)) longest = element.text;
  }
  return longest;
}

/** The first wildcard name that can stand at one depth only, because no `**` comes before it. */
function firstFixedGlob(elements: readonly PatternElement[]): { depth: number; needs: number } {
  for (const [depth, element] of elements.entries()) {
    if (element.kind === "deep") break;
    if (element.kind === "glob") return { depth, needs: element.glob.needs };
  }
  return { depth: 0, needs: 0 };
}

/** `.js` for a segment glob that ends in `.js`; null when its ending has no dot or holds a wildcard. */
function lastExtension(glob: SegmentGlob): string | null {
  const last = lastPiece(glob);
  if (last.wild.size > 0) return null;
  const dot = last.text.lastIndexOf(".");
  return dot < 0 ? null : last.text.slice(dot);
}

function push(map: Map<string, number[]>, key: string, position: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [position]);
  else list.push(position);
}

function findLast(index: LineIndex, lines: readonly CodeownersLine[], path: string): number {
  const segments = path.split("/");
  const masks = segments.map(maskOf);
  let best = -1;
  const consider = (candidates: readonly number[] | undefined): void => {
    if (candidates === undefined) return;
    for (let at = candidates.length - 1; at >= 0; at -= 1) {
      const position = candidates[at] ?? -1;
      if (position <= best) return;
      const line = lines[position];
      if (line !== undefined && matchElements(line.elements, segments, masks)) {
        best = position;
        return;
      }
    }
  };
  let length = -1;
  for (const [depth, segment] of segments.entries()) {
    length += segment.length + 1;
    if (depth < prefixDepth) consider(index.byPrefix.get(path.slice(0, length)));
    consider(index.byName.get(segment));
    const dot = segment.lastIndexOf(".");
    if (dot >= 0) consider(index.byExtension.get(segment.slice(dot)));
  }
  best = findNameGlob(index.nameGlobs, segments, masks, best);
  return Math.max(best, findOther(index.others, lines, segments, masks, best));
}

/** The last line whose name pattern matches some segment; `best` when there is none after it. */
function findNameGlob(lines: KnownGlobs, segments: readonly string[], masks: readonly number[], best: number): number {
  if (lines.count === 0) return best;
  let last = best;
  for (const [depth, segment] of segments.entries()) {
    let found = lines.known.get(segment);
    if (found === undefined) {
      found = findLastGlob(lines.globs, segment, masks[depth] ?? 0);
      if (lines.known.size < mostKnown) lines.known.set(segment, found);
    }
    last = Math.max(last, found);
  }
  return last;
}

function findOther(
  { positions, needs, depths, needsThere }: MaskedLines,
  lines: readonly CodeownersLine[],
  segments: readonly string[],
  masks: readonly number[],
  best: number,
): number {
  const whole = masks.reduce((all, mask) => all | mask, 0);
  for (let at = positions.length - 1; at >= 0; at -= 1) {
    const position = positions[at] ?? -1;
    if (position <= best) return best;
    const need = needs[at] ?? 0;
    if ((need & whole) !== need) continue;
    const needThere = needsThere[at] ?? 0;
    if ((needThere & (masks[depths[at] ?? 0] ?? 0)) !== needThere) continue;
    const line = lines[position];
    if (line !== undefined && matchElements(line.elements, segments, masks)) return position;
  }
  return best;
}
