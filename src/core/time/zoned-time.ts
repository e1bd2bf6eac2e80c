/** A moment as the clock on the wall of a time zone shows it. */
export interface WallTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** Whether the name is an IANA time zone that this runtime knows. */
export function isTimeZone(name: string): boolean {
  return formatOf(name) !== null;
}

/** What the wall clock shows in a time zone at a moment; null for an unknown zone or a moment outside the calendar. */
export function wallTimeAt(zone: string, at: number): WallTime | null {
  const format = formatOf(zone);
  if (format === null || !Number.isFinite(at) || Math.abs(at) > 8.64e15) return null;
  const parts = new Map(format.formatToParts(at).map((part) => [part.type, Number(part.value)]));
  const read = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? Number.NaN;
  return {
    year: read("year"),
    month: read("month"),
    day: read("day"),
    hour: read("hour"),
    minute: read("minute"),
    second: read("second"),
  };
}

/**
 * The moment at which the wall clock shows this time, in milliseconds since 1970. A time that daylight saving skips becomes the moment of
 * the jump's other side.
 *
 * @param which of the two in the hour that daylight saving repeats
 */
export function momentOfWallTime(
  zone: string,
  wall: Omit<WallTime, "second">,
  which: "first" | "last" = "first",
): number | null {
  const naive = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute);
  const day = 86_400_000;
  const offsets = [offsetAt(zone, naive - day), offsetAt(zone, naive + day)];
  const [before, after] = offsets;
  if (before === null || before === undefined || after === null || after === undefined) return null;
  const moments = [naive - before, naive - after].sort((a, b) => a - b);
  const shown = moments.filter((moment) => moment + (offsetAt(zone, moment) ?? Number.NaN) === naive);
  // Skipped by daylight saving: the offset from before the jump puts the moment just behind it, as cron does.
  return shown.at(which === "first" ? 0 : -1) ?? naive - before;
}

/** Milliseconds that the wall clock is ahead of UTC. */
function offsetAt(zone: string, at: number): number | null {
  const wall = wallTimeAt(zone, at);
  if (wall === null) return null;
  const shown = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second);
  return shown - Math.floor(at / 1000) * 1000;
}

// Formatters are expensive to make and never change; the map is bounded by the runtime's list of zones.
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat | null {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(zone)) return null;
  const known = formats.get(zone);
  if (known !== undefined) return known;
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
    return format;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
