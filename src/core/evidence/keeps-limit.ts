import type { Bound } from "../bound.ts";
import { assertNever } from "../problem.ts";

/** Whether a number keeps a limit. */
export function keepsLimit(value: number, operator: Bound["operator"], limit: number): boolean {
  switch (operator) {
    case "<=":
      return value <= limit;
    case "<":
      return value < limit;
    case ">=":
      return value >= limit;
    case ">":
      return value > limit;
    case "==":
      return value === limit;
    default:
      return assertNever(operator);
  }
}
