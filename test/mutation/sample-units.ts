/** A piece of a source file that is mutated as a whole: first and last line, both from 1. */
export interface Unit {
  path: string;
  from: number;
  to: number;
}

/** Cuts a source at the empty lines before its top-level statements, so that a unit is a function with its comment. */
export function cutUnits(path: string, text: string): readonly Unit[] {
  const lines = text.split("\n");
  const starts = lines.flatMap((line, index) => {
    const isTop = index === 0 || (lines[index - 1] === "" && /^[^\s}]/.test(line));
    return isTop ? [index] : [];
  });
  return starts.map((start, index) => ({ path, from: start + 1, to: starts[index + 1] ?? lines.length }));
}

/**
 * Draws whole functions by a seed until they hold about as many lines as mutants are wanted: sources of the core have close to one mutant
 * a line. Whole functions, because a mutant that spans lines would be missed otherwise.
 */
export function sampleUnits(units: readonly Unit[], wanted: number, seed: number): readonly Unit[] {
  const random = createRandom(seed);
  const drawn = units
    .map((unit) => ({ unit, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ unit }) => unit);
  const sample: Unit[] = [];
  let lines = 0;
  for (const unit of drawn) {
    if (lines >= wanted) break;
    sample.push(unit);
    lines += unit.to - unit.from;
  }
  return sample;
}

/** Mulberry32: small, and the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
