import canonicalize from "canonicalize";
import { InternalError } from "../problem.ts";

/**
 * The canonical JSON text (RFC 8785) of plain data: equal data gives equal bytes, so that digests compare. Members whose
 * value is undefined are left out. Half surrogate pairs become U+FFFD, because neither UTF-8 nor RFC 8785 can carry them and
 * a stranger's text must not be able to stop the log.
 *
 * @throws InternalError for what JSON cannot say: functions, NaN, cycles, undefined itself.
 */
export function renderCanonical(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(mendText(value));
  } catch (cause) {
    throw new InternalError("value is not plain JSON data", { cause });
  }
  if (text === undefined) throw new InternalError("undefined is not JSON data");
  return text;
}

const deepest = 200;

function mendText(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (value === null || typeof value !== "object") return value;
  if (depth === deepest) throw new InternalError("value is nested too deeply to be stored");
  if (Array.isArray(value)) return value.map((item) => mendText(item, depth + 1));
  if ("toJSON" in value) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key.toWellFormed(), mendText(member, depth + 1)]),
  );
}
