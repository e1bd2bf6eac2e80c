/** A place in a file. Lines and columns start at 1. */
export interface Place {
  path: string;
  line: number;
  column: number;
}

/**
 * Somebody's file is wrong. The value says where, what was expected, what was found and how to mend it;
 * it becomes an annotation, a line of the card and a line of the terminal.
 *
 * `error` makes the route invalid. `warning` is shown and stops nothing.
 */
export interface Problem extends Place {
  /** Stable kebab-case id, for example `unknown-key`. */
  code: string;
  severity: "error" | "warning";
  /** One sentence a person understands, without file and line. */
  message: string;
  expected: string;
  /** What stands there, cut to 120 characters. */
  found: string;
  /** How to mend it, as an instruction. */
  fix: string;
}

/** A value or the problems that kept it from being one. Warnings may come with a value. */
export type Parsed<T> =
  | { ok: true; value: T; problems: readonly Problem[] }
  | { ok: false; problems: readonly Problem[] };

/** We are wrong, not the file and not the outside. Never shown with details to people outside. */
export class InternalError extends Error {
  override readonly name = "InternalError";
}

/** Closes a switch over a union: the compiler proves the case is unreachable, and a mistake at run time says which value came. */
export function assertNever(value: never): never {
  throw new InternalError(`unreachable case: ${JSON.stringify(value)}`);
}

/** Cuts text to `max` characters on a code-point boundary and marks the cut. */
export function cut(text: string, max = 120): string {
  const points = Array.from(text);
  return points.length <= max ? text : `${points.slice(0, max - 1).join("")}…`;
}
