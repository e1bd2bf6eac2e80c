import type { Block, Card, Mark, Piece, Section } from "./card.ts";
import { codeSpan, escapeMarkdown } from "./escape-markdown.ts";

const signs: Readonly<Record<Mark, string>> = { ok: "✅", waiting: "⏳", bad: "❌", note: "▫️" };

/** The long part of a check run: the card's sections as Markdown, everything of others escaped. No Mermaid: checks do not draw it. */
export function renderMarkdown(card: Card): string {
  const several = card.routes.length > 1;
  const parts = [
    ...card.governance.map(renderSection),
    ...card.routes.flatMap((route) => [
      ...(several ? [`## ${codeSpan(route.flagKey)} – ${route.state}`] : []),
      ...route.sections.map(renderSection),
    ]),
    ...card.gateways.map(renderSection),
  ];
  return parts.join("\n\n");
}

/** The short part: what to do next, and problems with the place and the mend. */
export function renderSummary(card: Card, opening: string): string {
  const errors = card.problems.filter((problem) => problem.severity === "error");
  const warnings = card.problems.filter((problem) => problem.severity === "warning");
  const shown = [...errors, ...warnings];
  return [
    escapeMarkdown(opening, 500),
    ...(card.next.length === 0
      ? []
      : [`**Next**\n\n${card.next.map((text) => `- ${escapeMarkdown(text, 600)}`).join("\n")}`]),
    ...(shown.length === 0
      ? []
      : [
          [
            "**Problems**",
            "",
            "| where | what | expected | found | mend |",
            "| --- | --- | --- | --- | --- |",
            ...shown.map(
              (problem) =>
                `| ${codeSpan(`${problem.path}:${problem.line}:${problem.column}`)} | ${escapeMarkdown(problem.message)} | ${escapeMarkdown(problem.expected)} | ${codeSpan(problem.found)} | ${escapeMarkdown(problem.fix)} |`,
            ),
          ].join("\n"),
        ]),
  ].join("\n\n");
}

function renderSection(section: Section): string {
  const body = renderBlocks(section.blocks);
  if (!section.isFolded) return `### ${section.title}\n\n${body}`;
  return `<details>\n<summary>${section.title}</summary>\n\n${body}\n\n</details>`;
}

function renderBlocks(blocks: readonly Block[]): string {
  let rendered = "";
  for (const [index, block] of blocks.entries()) {
    const before = blocks[index - 1];
    const isSameList = block.kind === "line" && before?.kind === "line";
    rendered += `${index === 0 ? "" : isSameList ? "\n" : "\n\n"}${renderBlock(block)}`;
  }
  return rendered;
}

function renderBlock(block: Block): string {
  if (block.kind === "line") {
    const sign = block.mark === null ? "" : `${signs[block.mark]} `;
    return `- ${sign}${renderPieces(block.pieces)}`;
  }
  return [
    `| ${block.head.join(" | ")} |`,
    `|${" --- |".repeat(block.head.length)}`,
    ...block.rows.map((row) => `| ${row.map(renderPieces).join(" | ")} |`),
  ].join("\n");
}

function renderPieces(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => {
      if ("own" in piece) return piece.own;
      return "code" in piece ? codeSpan(piece.code) : escapeMarkdown(piece.text, 600);
    })
    .join("");
}
