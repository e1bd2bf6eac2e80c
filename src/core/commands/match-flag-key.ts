import type { Command } from "./command.ts";

export type FlagKeyMatch =
  /** `reason` is what is left of a rollback's words; empty for other commands. */
  | { kind: "found"; flagKey: string; reason: string }
  /** Several routes and none is named. */
  | { kind: "needed"; known: readonly string[] }
  | { kind: "not-here"; asked: string; known: readonly string[] }
  | { kind: "no-routes" };

/**
 * Which of a pull request's flags a command means (SPEC 15). Keys are compared without their case (SPEC 4). A rollback's
 * words may name the flag first or last; the rest is its reason.
 */
export function matchFlagKey(command: Command, known: readonly string[]): FlagKeyMatch {
  const find = (word: string | undefined): string | undefined =>
    known.find((key) => key.toLowerCase() === word?.toLowerCase());
  if (known.length === 0) return { kind: "no-routes" };
  if (command.kind === "rollback") return matchRollback(command.reason, known, find);
  if (command.flagKey !== null) {
    const flagKey = find(command.flagKey);
    if (flagKey === undefined) return { kind: "not-here", asked: command.flagKey, known };
    return { kind: "found", flagKey, reason: "" };
  }
  const [only, ...others] = known;
  return only !== undefined && others.length === 0
    ? { kind: "found", flagKey: only, reason: "" }
    : { kind: "needed", known };
}

function matchRollback(
  text: string,
  known: readonly string[],
  find: (word: string | undefined) => string | undefined,
): FlagKeyMatch {
  const words = text.split(" ").filter((word) => word !== "");
  const first = find(words[0]);
  if (first !== undefined) return { kind: "found", flagKey: first, reason: words.slice(1).join(" ") };
  const last = find(words.at(-1));
  if (last !== undefined) return { kind: "found", flagKey: last, reason: words.slice(0, -1).join(" ") };
  const [only, ...others] = known;
  return only !== undefined && others.length === 0
    ? { kind: "found", flagKey: only, reason: words.join(" ") }
    : { kind: "needed", known };
}
