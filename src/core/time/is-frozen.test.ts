import fc from "fast-check";
import { expect, it } from "vitest";
import { isFrozen } from "./is-frozen.ts";
import { parseCron } from "./parse-cron.ts";
import { parseDuration } from "./parse-duration.ts";
import { momentOfWallTime } from "./zoned-time.ts";

const hour = 3_600_000;
const weekend = { name: "weekend", cron: "0 16 * * 5", lastsMs: 64 * hour, timezone: "Europe/Berlin" };

it.each<[string, string, string | null]>([
  ["a minute before the weekend promotion may go on", "2026-11-20T14:59:00Z", null],
  ["the weekend begins at four on the wall clock of Berlin", "2026-11-20T15:00:00Z", "2026-11-23T07:00:00.000Z"],
  ["and holds on Sunday", "2026-11-22T12:00:00Z", "2026-11-23T07:00:00.000Z"],
  ["and is over on Monday morning", "2026-11-23T07:00:00Z", null],
  ["in summer the same wall clock is an hour earlier", "2026-07-03T14:00:00Z", "2026-07-06T06:00:00.000Z"],
  ["over the change to winter time the window keeps its length", "2026-10-24T12:00:00Z", "2026-10-26T06:00:00.000Z"],
])("%s", (_name, at, until) => {
  expect(isFrozen([weekend], new Date(at))?.until.toISOString() ?? null).toBe(until);
});

it.each<[string, string, string, string]>([
  [
    "a time that summer time skips happens right after the jump",
    "30 2 29 3 *",
    "2026-03-29T01:30:00Z",
    "2026-03-29T02:30:00.000Z",
  ],
  [
    "of the hour that comes twice the first is meant",
    "30 2 25 10 *",
    "2026-10-25T00:30:00Z",
    "2026-10-25T01:30:00.000Z",
  ],
  ["month and weekday names are read", "0 0 * nov mon", "2026-11-22T23:00:00Z", "2026-11-23T00:00:00.000Z"],
  ["day or weekday is enough when both are given", "0 12 1 * sat", "2026-11-21T11:00:00Z", "2026-11-21T12:00:00.000Z"],
  ["steps are read", "*/15 * * * *", "2026-11-21T11:15:00Z", "2026-11-21T12:15:00.000Z"],
])("%s", (_name, cron, at, until) => {
  const window = { name: "w", cron, lastsMs: hour, timezone: "Europe/Berlin" };
  expect(isFrozen([window], new Date(at))?.until.toISOString()).toBe(until);
});

it.each<[string, string, number, string, string | null]>([
  ["every hour means the repeated one too", "0 * * * *", 60, "2026-10-25T01:30:00Z", "2026-10-25T02:00:00.000Z"],
  ["every second hour as well", "0 */2 * * *", 60, "2026-10-25T01:30:00Z", "2026-10-25T02:00:00.000Z"],
  [
    "every minute of an hour means both of its times",
    "* 2 * * *",
    1,
    "2026-10-25T01:30:20Z",
    "2026-10-25T01:31:00.000Z",
  ],
  ["and its first time is none that is over", "* 2 * * *", 1, "2026-10-25T00:30:20Z", "2026-10-25T00:31:00.000Z"],
  ["a set time comes once in the night that has it twice", "30 2 * * *", 60, "2026-10-25T01:45:00Z", null],
  ["every hour leaves out the skipped one", "0 * * * *", 30, "2026-03-29T01:15:00Z", "2026-03-29T01:30:00.000Z"],
  ["a set time in the skipped hour comes once", "30 2 * * *", 30, "2026-03-29T01:45:00Z", "2026-03-29T02:00:00.000Z"],
])("%s", (_name, cron, minutes, at, until) => {
  const window = { name: "w", cron, lastsMs: minutes * 60_000, timezone: "Europe/Berlin" };
  expect(isFrozen([window], new Date(at))?.until.toISOString() ?? null).toBe(until);
});

it.each<[string, string, string, string, string]>([
  ["midnight that is skipped", "America/Santiago", "0 0 * * *", "2026-09-06T04:10:00Z", "2026-09-06T05:00:00.000Z"],
  ["a shift of half an hour", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T15:50:00Z", "2026-10-03T16:45:00.000Z"],
  ["a zone of quarter hours", "Asia/Kathmandu", "0 9 * * *", "2026-06-15T03:30:00Z", "2026-06-15T04:15:00.000Z"],
  ["the southern summer", "Pacific/Auckland", "0 9 * * *", "2026-01-14T20:30:00Z", "2026-01-14T21:00:00.000Z"],
])("wall clocks elsewhere: %s", (_name, timezone, cron, at, until) => {
  const window = { name: "w", cron, lastsMs: hour, timezone };
  expect(isFrozen([window], new Date(at))?.until.toISOString()).toBe(until);
});

it("names the window that ends last", () => {
  const long = { ...weekend, name: "long", lastsMs: 80 * hour };
  expect(isFrozen([weekend, long], new Date("2026-11-21T00:00:00Z"))?.window.name).toBe("long");
  expect(isFrozen([], new Date("2026-11-21T00:00:00Z"))).toBeNull();
});

it("holds when a window cannot be read, since unknown never goes forward", () => {
  const at = new Date("2026-11-18T00:00:00Z");
  expect(isFrozen([{ ...weekend, timezone: "Mars/Base" }], at)).not.toBeNull();
  expect(isFrozen([{ ...weekend, cron: "whenever" }], at)).not.toBeNull();
});

it("agrees with a slow walk over every minute", () => {
  const windows = [
    { name: "a", cron: "30 1 * * 0,3", lastsMs: 5 * hour, timezone: "Europe/Berlin" },
    { name: "b", cron: "15 22 28 3 *", lastsMs: 7 * hour, timezone: "America/New_York" },
  ];
  const starts = windows.map((window) => listStarts(window));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20 * 24 * 60 }), (minutes) => {
      const at = Date.parse("2026-03-15T00:00:00Z") + minutes * 60_000;
      const expected = windows.some((window, index) =>
        (starts[index] ?? []).some((start) => start <= at && at < start + window.lastsMs),
      );
      expect(isFrozen(windows, new Date(at)) !== null).toBe(expected);
    }),
    { numRuns: 300 },
  );
});

/** Walks the calendar day by day and asks for the moment of each matching wall time. */
function listStarts(window: { cron: string; timezone: string }): number[] {
  const cron = parseCron(window.cron);
  const starts: number[] = [];
  for (let day = 1; day <= 50; day++) {
    const date = new Date(Date.UTC(2026, 2, day));
    const wall = { year: 2026, month: date.getUTCMonth() + 1, day: date.getUTCDate() };
    if (cron === null || !cron.months.has(wall.month)) continue;
    const isDay = cron.days.has(wall.day);
    const isWeekday = cron.weekdays.has(date.getUTCDay());
    if (!(isDay && isWeekday)) continue;
    for (const hour of cron.hours) {
      for (const minute of cron.minutes) starts.push(momentOfWallTime(window.timezone, { ...wall, hour, minute }) ?? 0);
    }
  }
  return starts;
}

it.each([
  "",
  "* * * *",
  "60 * * * *",
  "* 24 * * *",
  "* * 0 * *",
  "* * * 13 *",
  "* * * * 8",
  "5-1 * * * *",
  "*/0 * * * *",
  "a * * * *",
  "1,,2 * * * *",
  "* * * * * *",
])("%j is no cron", (text) => {
  expect(parseCron(text)).toBeNull();
});

it.each<[string, number | null]>([
  ["90m", 5_400_000],
  ["48h", 172_800_000],
  ["7d", 604_800_000],
  ["250ms", 250],
  ["1.5h", 5_400_000],
  ["0h", 0],
  ["3650d", 315_360_000_000],
  ["3651d", null],
  ["48 h", null],
  ["-1h", null],
  ["1w", null],
  ["h", null],
  ["1e3s", null],
])("the duration %s is %s ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it("never throws for any moment or window", () => {
  fc.assert(
    fc.property(fc.date(), fc.string(), fc.string(), fc.double(), (at, cron, timezone, lastsMs) => {
      expect(isFrozen([{ name: "w", cron, lastsMs, timezone }], at)).toBeDefined();
    }),
    { numRuns: 200 },
  );
});
