/** Prints the demo's story. Colour only where a person looks. */
export interface Narrator {
  chapter(title: string): void;
  say(text: string): void;
  /** An indented block, such as a card. */
  show(block: string): void;
  table(columns: readonly string[], rows: readonly (readonly string[])[]): void;
  took(what: string, milliseconds: number): void;
}

function widthOf(text: string): number {
  return Array.from(text).length;
}

function renderTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column), ...rows.map((row) => widthOf(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell + " ".repeat((widths[index] ?? 0) - widthOf(cell)))
      .join("  ")
      .trimEnd();
  return [line(columns), line(widths.map((width) => "─".repeat(width))), ...rows.map((row) => line(row))].join("\n");
}

/** @param write takes text with its line ends */
export function createNarrator(write: (text: string) => void, colour: boolean): Narrator {
  const paint = (code: string, text: string): string => (colour ? `\u001B[${code}m${text}\u001B[0m` : text);
  const indent = (block: string, by: string): string =>
    block
      .split("\n")
      .map((line) => (line === "" ? "" : by + line))
      .join("\n");
  let chapters = 0;
  return {
    chapter(title) {
      chapters += 1;
      write(`\n${paint("1;36", `${chapters}. ${title}`)}\n`);
    },
    say(text) {
      write(`   ${text}\n`);
    },
    show(block) {
      write(`\n${indent(block.trimEnd(), `   ${paint("2", "│")} `)}\n\n`);
    },
    table(columns, rows) {
      write(`\n${indent(renderTable(columns, rows), "     ")}\n\n`);
    },
    took(what, milliseconds) {
      write(`   ${paint("1;32", `${what}: ${Math.round(milliseconds)} ms`)}\n`);
    },
  };
}
