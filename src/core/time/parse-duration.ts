const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Ten years: longer is a mistake, and far below where milliseconds stop being exact. */
export const longestDurationMs = 3650 * 86_400_000;

/** A duration as it stands in a file: a number and a unit without a space (SPEC 2). */
export const durationPattern = /^\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h|d)$/;

/** Milliseconds of `90m`, `48h`, `7d`; null when it is no duration or longer than ten years. */
export function parseDuration(text: string): number | null {
  if (!durationPattern.test(text)) return null;
  const unit = /[a-z]+$/.exec(text)?.[0] ?? "";
  const milliseconds = Math.round(Number(text.slice(0, -unit.length)) * (units[unit] ?? Number.NaN));
  return milliseconds <= longestDurationMs ? milliseconds : null;
}
