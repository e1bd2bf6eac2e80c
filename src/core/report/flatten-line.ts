/**
 * Text that others wrote as one line: breaks and control characters become a space, and characters that turn the reading direction
 * or have no width disappear, so that nobody reads something else than what stands there.
 */
export function flattenLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g, "")
    .replaceAll(/[\p{Cc}\u2028\u2029\s]+/gu, " ");
}
