import type { Verdict } from "../verdict/verdict.ts";
import { composeCard, type Block, type Mark, type Piece, type Section } from "./card.ts";
import { flattenLine } from "./flatten-line.ts";

const signs: Readonly<Record<Mark, string>> = { ok: "✓", waiting: "…", bad: "✗", note: "·" };
const colours: Readonly<Record<Mark, number>> = { ok: 32, waiting: 33, bad: 31, note: 90 };

type Paint = (text: string, colour: number) => string;

/** The same card for a terminal or a pipe. Control characters of others never reach it. */
export function renderTerminal(verdict: Verdict, options: { colour: boolean }): string {
  const paint: Paint = (text, colour) => (options.colour ? `\u001B[${colour}m${text}\u001B[0m` : text);
  const card = composeCard(verdict);
  const stateColour =
    verdict.state === "approved" || verdict.state === "not-applicable" ? 32 : verdict.state === "waiting" ? 33 : 31;
  const several = card.routes.length > 1;
  const parts = [
    paint(flattenLine(verdict.title), stateColour),
    ...(card.next.length === 0
      ? []
      : [`${paint("Next", 1)}\n${card.next.map((text) => `  - ${flattenLine(text)}`).join("\n")}`]),
    ...(card.problems.length === 0
      ? []
      : [
          `${paint("Problems", 1)}\n${card.problems
            .map((problem) =>
              [
                `  ${paint(problem.severity === "error" ? "✗" : "!", problem.severity === "error" ? 31 : 33)} ${flattenLine(`${problem.path}:${problem.line}:${problem.column}`)} ${flattenLine(problem.message)}`,
                `      expected: ${flattenLine(problem.expected)}`,
                `      found:    ${flattenLine(problem.found)}`,
                `      mend:     ${flattenLine(problem.fix)}`,
              ].join("\n"),
            )
            .join("\n")}`,
        ]),
    ...card.governance.map((section) => renderSection(section, paint)),
    ...card.routes.flatMap((route) => [
      ...(several ? [paint(`${flattenLine(route.flagKey)}: ${route.state}`, 1)] : []),
      ...route.sections.map((section) => renderSection(section, paint)),
    ]),
    ...card.gateways.map((section) => renderSection(section, paint)),
  ];
  return `${parts.join("\n\n")}\n`;
}

function renderSection(section: Section, paint: Paint): string {
  return `${paint(section.title, 1)}\n${section.blocks.map((block) => renderBlock(block, paint)).join("\n")}`;
}

function renderBlock(block: Block, paint: Paint): string {
  if (block.kind === "line") {
    const sign = block.mark === null ? " " : paint(signs[block.mark], colours[block.mark]);
    return `  ${sign} ${renderPieces(block.pieces)}`;
  }
  const rows = [block.head, ...block.rows.map((row) => row.map(renderPieces))];
  const widths = block.head.map((_, column) =>
    Math.min(60, Math.max(...rows.map((row) => widthOf(row[column] ?? "")))),
  );
  return rows
    .map((row, index) => {
      const cells = row.map((cell, column) => (column === row.length - 1 ? cell : padTo(cell, widths[column] ?? 0)));
      const text = `  ${cells.join("  ")}`.trimEnd();
      return index === 0 ? paint(text, 90) : text;
    })
    .join("\n");
}

function renderPieces(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => ("own" in piece ? piece.own : flattenLine("code" in piece ? piece.code : piece.text)))
    .join("");
}

function widthOf(text: string): number {
  return Array.from(text).length;
}

function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}
