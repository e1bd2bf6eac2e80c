/** Lines of context around a change, as `git diff` shows them. */
const contextLines = 3;

/**
 * The change of one file as a unified diff of one hunk, which `git apply` takes. Lines that both texts begin and end with are left out but
 * for a few. Empty when nothing changes.
 */
export function renderPatch(path: string, before: string, after: string): string {
  if (before === after) return "";
  const [old, now] = [splitLines(before), splitLines(after)];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const start = Math.max(0, head - contextLines);
  const keep = Math.max(0, tail - contextLines);
  const [oldEnd, newEnd] = [old.length - keep, now.length - keep];
  const lines = [
    ...old.slice(start, head).map((line) => ` ${line}`),
    ...compareLines(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...old.slice(old.length - tail, oldEnd).map((line) => ` ${line}`),
  ];
  const range = (end: number): string => `${end === start ? start : start + 1},${end - start}`;
  return [
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -${range(oldEnd)} +${range(newEnd)} @@`,
    ...lines.map((line) => (line.endsWith("\n") ? line.slice(0, -1) : `${line}\n\\ No newline at end of file`)),
    "",
  ].join("\n");
}

/** Above this product of lines nothing inside is kept: the comparison costs as much. */
const mostPairs = 1_000_000;

/** The shortest way from one list of lines to the other, as lines of a diff. */
function compareLines(old: readonly string[], now: readonly string[]): readonly string[] {
  const gone = (lines: readonly string[]): string[] => lines.map((line) => `-${line}`);
  const came = (lines: readonly string[]): string[] => lines.map((line) => `+${line}`);
  if (old.length * now.length > mostPairs) return [...gone(old), ...came(now)];
  // Longest common part of what follows position i of the old and j of the new lines.
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1)
      common[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      lines.push(` ${old[i] ?? ""}`);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      lines.push(`-${old[i] ?? ""}`);
      i += 1;
    } else {
      lines.push(`+${now[j] ?? ""}`);
      j += 1;
    }
  }
  return [...lines, ...gone(old.slice(i)), ...came(now.slice(j))];
}

/** Lines with their ends, so that a last line without one differs from one with it. */
function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
