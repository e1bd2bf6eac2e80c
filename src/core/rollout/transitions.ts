import type { Transition } from "./transition.ts";
import { wayBack } from "./way-back.ts";
import { wayForward } from "./way-forward.ts";

/** The whole table, in the order in which it is asked. */
export const transitions: readonly Transition[] = [...wayBack, ...wayForward];

/** The table as Markdown, for the documentation and `routeward explain --transitions`. */
export function renderTransitions(): string {
  const rows = transitions.map(
    (row, index) => `| ${index + 1} | ${row.state} | ${row.id} | ${row.when} | ${row.step} | ${row.effect} |`,
  );
  return ["| # | state | row | when | step | effect |", "| --- | --- | --- | --- | --- | --- |", ...rows, ""].join(
    "\n",
  );
}
