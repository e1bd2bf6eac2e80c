/** Days before a cleanup's date at which its owner is reminded; a third time when the date has passed. */
export const reminderDays = [14, 3] as const;

/** When a reminder is said: `14-days` or `3-days` before, or when the date has `passed`. */
export type ReminderPoint = `${(typeof reminderDays)[number]}-days` | "passed";

const dayMs = 86_400_000;

/**
 * Which reminder of a date is due; of several that were missed only the most urgent. The date ends with its day in UTC.
 *
 * @param date ISO date, `2027-01-31`
 * @param at ISO 8601
 * @returns null while there is more time, and for a date that cannot be read
 */
export function decideReminder(date: string, at: string): ReminderPoint | null {
  const left = Date.parse(date) + dayMs - Date.parse(at);
  if (Number.isNaN(left)) return null;
  if (left <= 0) return "passed";
  const due = reminderDays.filter((days) => left <= (days + 1) * dayMs).at(-1);
  return due === undefined ? null : `${due}-days`;
}
