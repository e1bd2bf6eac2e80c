import { parseCron, type Cron } from "./parse-cron.ts";
import { momentOfWallTime, wallTimeAt, type WallTime } from "./zoned-time.ts";

/** A window that begins at every match of a cron expression on the wall clock of a time zone, and lasts. */
export interface RecurringWindow {
  name: string;
  cron: string;
  lastsMs: number;
  timezone: string;
}

const day = 86_400_000;
/** Longest window, in milliseconds; bounds the days that are searched for its beginning. */
export const longestWindowMs = 60 * day;

/**
 * The freeze window that holds at a moment and until when, or null when none does (SPEC 3, freeze). Of several, the one that ends
 * last. Daylight saving is met as cron meets it: a beginning that it skips happens right after the jump, one that it repeats happens at the
 * first time only, and one by the clock (`*` as hour or minute) at both.
 * A window that cannot be read counts as frozen for a day, since what is unknown never goes forward.
 */
export function isFrozen<Window extends RecurringWindow>(
  windows: readonly Window[],
  at: Date,
): { window: Window; until: Date } | null {
  const now = at.getTime();
  let found: { window: Window; until: number } | null = null;
  for (const window of windows) {
    const until = endOfWindow(window, now);
    if (until !== null && (found === null || until > found.until)) found = { window, until };
  }
  return found === null ? null : { window: found.window, until: new Date(found.until) };
}

function endOfWindow(window: RecurringWindow, now: number): number | null {
  const cron = parseCron(window.cron);
  const wall = wallTimeAt(window.timezone, now);
  if (cron === null || wall === null || !(window.lastsMs > 0 && window.lastsMs <= longestWindowMs)) return now + day;
  const days = Math.ceil(window.lastsMs / day) + 1;
  for (let back = 0; back <= days; back++) {
    const date = shiftDay(wall, -back);
    const first = lastStart(cron, window.timezone, date, now, naiveTime(wall), "first");
    const last = cron.byClock ? lastStart(cron, window.timezone, date, now, naiveTime(wall), "last") : null;
    const start = first === null || last === null ? first : Math.max(first, last);
    if (start !== null) return start + window.lastsMs > now ? start + window.lastsMs : null;
  }
  return null;
}

/** The last beginning on one day of the wall clock that is not after `now`; of a repeated time `which` counts. */
function lastStart(
  cron: Cron,
  zone: string,
  date: WallDate,
  now: number,
  wallNow: number,
  which: "first" | "last",
): number | null {
  if (!isCronDay(cron, date)) return null;
  const hours = [...cron.hours].sort((a, b) => b - a);
  const minutes = [...cron.minutes].sort((a, b) => b - a);
  for (const hour of hours) {
    for (const minute of minutes) {
      // Well after the wall clock of now, however daylight saving moves it: not worth the calendar arithmetic.
      if (naiveTime({ ...date, hour, minute }) > wallNow + day / 8) continue;
      const moment = momentOfWallTime(zone, { ...date, hour, minute }, which);
      if (moment !== null && moment <= now) return moment;
    }
  }
  return null;
}

function naiveTime({ year, month, day, hour, minute }: Omit<WallTime, "second">): number {
  return Date.UTC(year, month - 1, day, hour, minute);
}

type WallDate = Pick<WallTime, "year" | "month" | "day">;

function isCronDay(cron: Cron, { year, month, day }: WallDate): boolean {
  if (!cron.months.has(month)) return false;
  const isDay = cron.days.has(day);
  const isWeekday = cron.weekdays.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay());
  return cron.eitherDay ? isDay || isWeekday : isDay && isWeekday;
}

function shiftDay({ year, month, day }: WallDate, by: number): WallDate {
  const date = new Date(Date.UTC(year, month - 1, day + by));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}
