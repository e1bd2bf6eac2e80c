import { concludeFrom } from "../../../core/report/render-check.ts";
import { flattenLine } from "../../../core/report/flatten-line.ts";
import { listVerdictFindings, renderSarif } from "../../../core/report/render-sarif.ts";
import { renderTerminal } from "../../../core/report/render-terminal.ts";
import { UsageError, type CliContext } from "../cli-command.ts";
import type { Options } from "../parse-options.ts";
import { readVersion } from "../read-version.ts";
import type { Judged } from "./judge-change.ts";

/** @throws UsageError when more than one form is asked for */
export function readForm(options: Options): "text" | "json" | "sarif" {
  if (options.has("json") && options.has("sarif")) throw new UsageError("--json and --sarif exclude each other");
  return options.has("json") ? "json" : options.has("sarif") ? "sarif" : "text";
}

/**
 * Prints a verdict in the form that was asked for.
 *
 * @returns the exit code: 0 when the check run would succeed, else 1
 */
export function printJudged(
  { facts, verdict }: Judged,
  notes: readonly string[],
  form: "text" | "json" | "sarif",
  context: CliContext,
): number {
  const conclusion = concludeFrom(verdict.state, verdict.mode);
  if (form === "json") {
    const { baseSha, headSha } = facts.pull;
    const value = { version: 1, conclusion, base: baseSha, head: headSha, at: facts.at, assumed: notes, verdict };
    context.print(`${JSON.stringify(value, null, 2)}\n`);
  } else if (form === "sarif") {
    context.print(renderSarif(listVerdictFindings(verdict), readVersion()));
  } else {
    context.print(renderTerminal(verdict, { colour: context.colour }));
    context.print(renderNotes("Assumed", notes));
  }
  return conclusion === "success" ? 0 : 1;
}

/** A list under a heading; nothing for an empty one. */
export function renderNotes(title: string, notes: readonly string[]): string {
  return notes.length === 0 ? "" : `\n${title}\n${notes.map((note) => `  · ${flattenLine(note)}\n`).join("")}`;
}
