import { cut } from "../problem.ts";

/** A value of a file as a reviewer reads it in a sentence: short, on one line, `nothing` for absent. Not yet escaped. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "string") return cut(value.replaceAll(/\s+/g, " "), 100);
  if (Array.isArray(value) && value.length === 0) return "nothing";
  return cut(JSON.stringify(value) ?? "nothing", 100);
}
