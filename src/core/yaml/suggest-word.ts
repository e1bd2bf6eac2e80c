/** Words longer than this are not compared: nobody mistypes them, and the comparison is quadratic. */
const longest = 40;

/**
 * The known word that `word` was probably meant to be, or null: the nearest by edit distance (insert, delete, replace,
 * swap of neighbours), at most a third of its length away. Upper and lower case, `-` and `_` count as equal.
 */
export function suggestWord(word: string, known: Iterable<string>): string | null {
  if (word.length === 0 || word.length > longest) return null;
  const plain = plainForm(word);
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    if (candidate === word || Math.abs(candidate.length - word.length) >= bestDistance + 2) continue;
    const distance = countEdits(plain, plainForm(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function plainForm(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, "");
}

function countEdits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
