import { expect, it } from "vitest";
import { decideReminder } from "./decide-reminder.ts";

it.each<[string, string, ReturnType<typeof decideReminder>]>([
  ["fifteen days before: nothing", "2027-01-16T23:59:59Z", null],
  ["from fourteen days before", "2027-01-17T00:00:00Z", "14-days"],
  ["until three days before", "2027-01-27T23:59:59Z", "14-days"],
  ["from three days before", "2027-01-28T00:00:00Z", "3-days"],
  ["until its day is over", "2027-01-31T23:59:59Z", "3-days"],
  ["when it has passed", "2027-02-01T00:00:00Z", "passed"],
  ["long after", "2029-02-01T00:00:00Z", "passed"],
])("%s", (_name, at, expected) => {
  expect(decideReminder("2027-01-31", at)).toBe(expected);
});

it("a date that cannot be read reminds nobody", () => {
  expect(decideReminder("soon", "2027-01-31T00:00:00Z")).toBeNull();
});
