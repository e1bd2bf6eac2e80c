import { z } from "zod";
import { longestDurationMs, parseDuration } from "../time/parse-duration.ts";

/** A custom check on text whose failure explains itself. */
function checkedText(
  pattern: RegExp,
  advice: { code: string; message: string; expected: string; fix: string },
  bounds: { max: number; isRight?: (text: string) => boolean },
): z.ZodString {
  return z
    .string()
    .regex(pattern, { error: () => advice.expected, abort: true })
    .max(bounds.max, { abort: true })
    .superRefine((text, context) => {
      if (bounds.isRight !== undefined && !bounds.isRight(text)) {
        context.addIssue({ code: "custom", message: advice.message, params: advice });
      }
    });
}

/** Text with at least one character that is not a space. */
export const filledText = z.string().regex(/\S/, { error: () => "text that is not empty" });

/** A short name: of an audience, a metric, a role, an environment. */
export const shortName = checkedText(
  /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  { code: "wrong-name", message: "not a name", expected: "a name of letters, digits, `.`, `_` and `-`", fix: "" },
  { max: 128 },
);

/** `90m`, `48h`, `7d` (SPEC 2). */
export const durationText = checkedText(
  /^\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h|d)$/,
  {
    code: "wrong-duration",
    message: "the duration is too long.",
    expected: `a duration of at most ${longestDurationMs / 86_400_000} days, as a number and ms, s, m, h or d, for example 90m, 48h, 7d`,
    fix: "Write a shorter duration.",
  },
  { max: 24, isRight: (text) => parseDuration(text) !== null },
);

/** A duration that is not zero. */
export const positiveDuration = checkedText(
  /^\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h|d)$/,
  {
    code: "wrong-duration",
    message: "the duration is zero or too long.",
    expected: "a duration longer than zero, as a number and ms, s, m, h or d, for example 90m, 48h, 7d",
    fix: "Write a number greater than 0 and a unit.",
  },
  { max: 24, isRight: (text) => (parseDuration(text) ?? 0) > 0 },
);

/** A path inside the repository, in the one form that Git knows it by. */
export const repositoryPath = checkedText(
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  /^[^\u0000-\u001f\u007f\\]+$/,
  {
    code: "wrong-path",
    message: "this is not a path inside the repository.",
    expected: "a path inside the repository from its root, for example prompts/support/v3.md",
    fix: "Write the path from the repository's root: no leading `/` or `./`, no `..`, no address.",
  },
  { max: 1024, isRight: isRepositoryPath },
);

/** A calendar date, `2027-01-31`. */
export const dateText = checkedText(
  /^\d{4}-\d{2}-\d{2}$/,
  {
    code: "wrong-date",
    message: "this day is not in the calendar.",
    expected: "a date as year-month-day, for example 2027-01-31",
    fix: "Write a day that exists.",
  },
  { max: 10, isRight: isCalendarDate },
);

function isRepositoryPath(path: string): boolean {
  if (/^[A-Za-z][A-Za-z0-9+.-]{0,20}:/.test(path)) return false;
  return path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}

function isCalendarDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
