/** A five-field cron expression as the sets of its values; a day matches by day or weekday when both are restricted. */
export interface Cron {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  days: ReadonlySet<number>;
  months: ReadonlySet<number>;
  /** 0 is Sunday. */
  weekdays: ReadonlySet<number>;
  /** Cron's old rule: when day and weekday are both restricted, one of them is enough. */
  eitherDay: boolean;
  /** Hour or minute is a wildcard: it goes by the clock, through the hour that daylight saving repeats as well. */
  byClock: boolean;
}

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** Reads minute, hour, day of month, month, weekday: `*`, numbers, ranges, lists, steps, English short names. Null when it is no cron. */
export function parseCron(text: string): Cron | null {
  if (text.length > 200) return null;
  const fields = text
    .trim()
    .toLowerCase()
    .split(/[ \t]+/);
  if (fields.length !== 5) return null;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const minutes = parseField(minute, 0, 59, []);
  const hours = parseField(hour, 0, 23, []);
  const days = parseField(day, 1, 31, []);
  const months = parseField(month, 1, 12, monthNames, 1);
  const weekdays = parseField(weekday, 0, 7, dayNames);
  if (minutes === null || hours === null || days === null || months === null || weekdays === null) return null;
  const sundays = new Set([...weekdays].map((value) => value % 7));
  const eitherDay = !day.startsWith("*") && !weekday.startsWith("*");
  const byClock = minute.startsWith("*") || hour.startsWith("*");
  return { minutes, hours, days, months, weekdays: sundays, eitherDay, byClock };
}

function parseField(field: string, min: number, max: number, names: readonly string[], base = 0): Set<number> | null {
  const values = new Set<number>();
  for (const part of field.split(",")) {
    const match = /^(\*|[a-z0-9]{1,3}(?:-[a-z0-9]{1,3})?)(?:\/(\d{1,2}))?$/.exec(part);
    if (match === null) return null;
    const [, range = "", stepText] = match;
    const step = stepText === undefined ? 1 : Number(stepText);
    const [from, to] = parseRange(range, min, max, names, base, stepText !== undefined);
    if (step < 1 || from === null || to === null || from < min || to > max || from > to) return null;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

function parseRange(
  range: string,
  min: number,
  max: number,
  names: readonly string[],
  base: number,
  isStepped: boolean,
): readonly [number | null, number | null] {
  if (range === "*") return [min, max];
  const [first = "", last] = range.split("-");
  const from = parseNumber(first, names, base);
  if (last === undefined) return [from, isStepped ? max : from];
  return [from, parseNumber(last, names, base)];
}

function parseNumber(text: string, names: readonly string[], base: number): number | null {
  const named = names.indexOf(text);
  if (named !== -1) return named + base;
  return /^\d{1,2}$/.test(text) ? Number(text) : null;
}
