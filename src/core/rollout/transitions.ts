import type { Transition } from "./transition.ts";
import { wayBack } from "./way-back.ts";
import { wayForward } from "./way-forward.ts";

/** The whole table, in the order in which it is asked. */
export const transitions: readonly Transition[] = [...wayBack, ...wayForward];

/** The table as Markdown, for the documentation and `routeward explain --transitions`. */
export function renderTransitions(): string {
  const head = ["#", "state", "row", "when", "step", "effect"];
  const rows = transitions.map((row, index) => [`${index + 1}`, row.state, row.id, row.when, row.step, row.effect]);
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line), ""].join("\n");
}
