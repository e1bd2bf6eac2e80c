import { findPiece, lastPiece, pieceStandsAt, type GlobPiece, type SegmentGlob } from "./owner-pattern.ts";

/** A pattern for one name and the position of its line in the file. */
export interface PlacedGlob {
  glob: SegmentGlob;
  position: number;
}

/**
 * Patterns for one name, laid out so that one name is compared with all of them in little more than one reading: patterns
 * are found by how they end, and those that begin with the same pieces share the search for these.
 */
export interface NameGlobs {
  /** By the last two characters of the last piece, fewer if it has fewer, none if it holds a `?`. */
  byEnding: ReadonlyMap<string, readonly EndGroup[]>;
}

/** Patterns with the same last piece, in the order of their pieces. */
interface EndGroup {
  last: GlobPiece;
  /** Highest position in the group. */
  latest: number;
  globs: readonly SegmentGlob[];
  positions: readonly number[];
  /** How many pieces, the last one aside, each pattern shares with the one before it. */
  shared: readonly number[];
  /** Room for one search, made once. */
  ends: Int32Array;
}

const endingLength = 2;

/**
 * Lays out patterns for `findLastGlob`. Of equal ones only the last line can decide, so only that one is kept.
 * @param placed in the order of their lines
 */
export function indexGlobs(placed: readonly PlacedGlob[]): NameGlobs {
  const byLast = new Map<string, { last: GlobPiece; entries: PlacedGlob[] }>();
  for (const entry of placed) {
    const last = lastPiece(entry.glob);
    const known = byLast.get(keyOf(last));
    if (known === undefined) byLast.set(keyOf(last), { last, entries: [entry] });
    else known.entries.push(entry);
  }
  const byEnding = new Map<string, EndGroup[]>();
  for (const { last, entries } of byLast.values()) {
    const group = buildGroup(last, entries);
    const ending = last.wild.size > 0 ? "" : last.text.slice(-endingLength);
    const groups = byEnding.get(ending);
    if (groups === undefined) byEnding.set(ending, [group]);
    else groups.push(group);
  }
  for (const groups of byEnding.values()) groups.sort((a, b) => b.latest - a.latest);
  return { byEnding };
}

/**
 * Highest position whose pattern matches the name; -1 when there is none.
 * @param mask the name's `maskOf`
 */
export function findLastGlob({ byEnding }: NameGlobs, name: string, mask: number): number {
  let best = -1;
  for (let length = 0; length <= Math.min(endingLength, name.length); length += 1) {
    for (const group of byEnding.get(name.slice(name.length - length)) ?? []) {
      if (group.latest <= best) break;
      if (endsWith(group.last, name)) best = searchGroup(group, name, mask, best);
    }
  }
  return best;
}

function keyOf(piece: GlobPiece | undefined): string {
  // A name holds no slash, so the two parts cannot run into each other.
  return piece === undefined ? "" : `${piece.text}/${[...piece.wild].join(",")}`;
}

function buildGroup(last: GlobPiece, entries: readonly PlacedGlob[]): EndGroup {
  const byKey = new Map<string, PlacedGlob>();
  // They come in the order of their lines: of equal ones the last stays.
  for (const entry of entries) byKey.set(entry.glob.pieces.map(keyOf).join("/"), entry);
  const byPieces = [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  const sorted = orderByLatest(byPieces, countAllShared(byPieces), 0, byPieces.length);
  return {
    last,
    latest: findLatest(sorted),
    globs: sorted.map(({ glob }) => glob),
    positions: sorted.map(({ position }) => position),
    shared: countAllShared(sorted),
    ends: new Int32Array(sorted.reduce((most, { glob }) => Math.max(most, glob.pieces.length), 0)),
  };
}

/**
 * Keeps patterns that share pieces together and puts those with the latest line first, at each branch: where late lines
 * match, the search meets one soon and can leave the rest out.
 */
function orderByLatest(
  entries: readonly PlacedGlob[],
  shared: readonly number[],
  from: number,
  to: number,
): readonly PlacedGlob[] {
  if (to - from < 2) return entries.slice(from, to);
  let least = Infinity;
  for (let at = from + 1; at < to; at += 1) least = Math.min(least, shared[at] ?? 0);
  const branches: { latest: number; entries: readonly PlacedGlob[] }[] = [];
  let start = from;
  for (let at = from + 1; at <= to; at += 1) {
    if (at < to && shared[at] !== least) continue;
    const ordered = orderByLatest(entries, shared, start, at);
    branches.push({ latest: findLatest(ordered), entries: ordered });
    start = at;
  }
  return branches.toSorted((a, b) => b.latest - a.latest).flatMap((branch) => branch.entries);
}

function findLatest(entries: readonly PlacedGlob[]): number {
  return entries.reduce((latest, { position }) => Math.max(latest, position), -1);
}

function countAllShared(entries: readonly PlacedGlob[]): number[] {
  return entries.map(({ glob }, index) => countShared(entries[index - 1]?.glob.pieces ?? [], glob.pieces));
}

function countShared(a: readonly GlobPiece[], b: readonly GlobPiece[]): number {
  const most = Math.min(a.length, b.length) - 1;
  for (let index = 0; index < most; index += 1) if (keyOf(a[index]) !== keyOf(b[index])) return index;
  return Math.max(0, most);
}

function endsWith(last: GlobPiece, name: string): boolean {
  return name.length >= last.text.length && pieceStandsAt(last, name, name.length - last.text.length);
}

/**
 * Walks the group once. `ends` holds where each leading piece of the pattern walked last was found to end, leftmost as it
 * can be; what the next pattern shares with it is not searched again, and where the shared part failed both fail.
 */
function searchGroup(
  { last, globs, positions, shared, ends }: EndGroup,
  name: string,
  mask: number,
  from: number,
): number {
  let best = from;
  const lastStart = name.length - last.text.length;
  // How many of `ends` are those of the pattern walked last.
  let found = 0;
  // How many pieces the pattern looked at shares with it: more than were found only where it failed among them.
  let common = 0;
  for (let at = 0; at < globs.length; at += 1) {
    common = Math.min(common, shared[at] ?? 0);
    if (common > found) continue;
    const position = positions[at] ?? -1;
    const glob = globs[at];
    if (position <= best || glob === undefined) continue;
    if ((glob.needs & mask) !== glob.needs || name.length < glob.atLeast) continue;
    if (glob.pieces.length === 1) {
      if (name.length === glob.atLeast) best = position;
      continue;
    }
    found = walkPieces(glob.pieces, name, lastStart, ends, Math.min(found, common));
    common = glob.pieces.length;
    if (found === glob.pieces.length - 1) best = position;
  }
  return best;
}

/** Extends `ends` from the `known` first ones over all pieces but the last; how many there are at the end or at a miss. */
function walkPieces(
  pieces: readonly GlobPiece[],
  name: string,
  lastStart: number,
  ends: Int32Array,
  known: number,
): number {
  let index = known;
  let end = known === 0 ? 0 : (ends[known - 1] ?? 0);
  for (; index < pieces.length - 1; index += 1) {
    const piece = pieces[index];
    if (piece === undefined) return index;
    const start = index > 0 ? findPiece(piece, name, end, lastStart) : pieceStandsAt(piece, name, 0) ? 0 : -1;
    if (start < 0) return index;
    end = start + piece.text.length;
    ends[index] = end;
  }
  return index;
}
