const entities: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
  "&#8203;": "",
  "&#124;": "|",
};

function readInline(text: string): string {
  return text
    .replaceAll(/&(?:lt|gt|amp|#8203|#124);/g, (entity) => entities[entity] ?? entity)
    .replaceAll(/\\([\\`*_{}[\]<>()#+!|@~.-])/g, "$1")
    .replaceAll("**", "")
    .replaceAll("`", "");
}

function cellsOf(line: string): string[] {
  // A bar inside a cell is escaped; the border is one that is not.
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => readInline(cell.trim()));
}

function showTable(lines: readonly string[]): string[] {
  const rows = lines.filter((line) => !/^\|[\s|:-]+\|$/.test(line)).map((line) => cellsOf(line));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => Array.from(row[column] ?? "").length)),
  );
  const show = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - Array.from(cell).length)))
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = rows;
  return [show(head), show(widths.map((width) => "─".repeat(width))), ...body.map((row) => show(row))];
}

/** The Markdown of a card as GitHub would show it, for a terminal: tables aligned, markup and escapes read. */
export function showMarkdown(markdown: string): string {
  const out: string[] = [];
  let table: string[] = [];
  const endTable = (): void => {
    if (table.length > 0) out.push(...showTable(table));
    table = [];
  };
  for (const line of markdown.split("\n")) {
    if (line.startsWith("|")) {
      table.push(line);
      continue;
    }
    endTable();
    if (/^<\/?details>$/.test(line)) continue;
    const summary = /^<summary>(.*)<\/summary>$/.exec(line)?.[1];
    const text = readInline(summary ?? line.replace(/^#+ /, "").replace(/^<!--.*-->$/, ""));
    // One blank line is enough in a terminal.
    if (text !== "" || out.at(-1) !== "") out.push(text);
  }
  endTable();
  return out.join("\n").trim();
}
