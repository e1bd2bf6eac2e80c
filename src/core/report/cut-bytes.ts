/** GitHub's limit for a check run's summary, and for its text, in bytes to be safe (facts/github.md section 2). */
export const checkTextLimit = 65_535;

const encoder = new TextEncoder();

/** Length of a text in UTF-8. GitHub's limits are taken in bytes, which is never too much (facts/github.md section 2). */
export function countBytes(text: string): number {
  return encoder.encode(text).length;
}

/**
 * Cuts Markdown to at most `max` bytes at the end of a line, so that no code point, table row or code span is torn, closes
 * what was open, and says that something is missing.
 */
export function cutMarkdown(text: string, max: number, more: string): string {
  if (countBytes(text) <= max) return text;
  const notice = `\n\n${more}\n`;
  const closing = "\n</details>";
  const room = max - countBytes(notice) - countBytes(closing) * 3;
  const kept: string[] = [];
  let used = 0;
  for (const line of text.split("\n")) {
    const size = countBytes(line) + 1;
    if (used + size > room) break;
    kept.push(line);
    used += size;
  }
  const body = kept.join("\n");
  const open = (body.match(/<details>/g) ?? []).length - (body.match(/<\/details>/g) ?? []).length;
  return `${body}${closing.repeat(Math.max(0, Math.min(3, open)))}${notice}`;
}

/** Cuts plain text to at most `max` bytes on a code point's boundary. */
export function cutPlain(text: string, max: number): string {
  if (countBytes(text) <= max) return text;
  const ending = "…";
  let used = countBytes(ending);
  let kept = "";
  for (const character of text) {
    used += countBytes(character);
    if (used > max) break;
    kept += character;
  }
  return `${kept}${ending}`;
}
