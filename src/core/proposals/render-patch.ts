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
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+${line}`),
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

/** Lines with their ends, so that a last line without one differs from one with it. */
function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
