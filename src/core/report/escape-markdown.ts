import { cut } from "../problem.ts";
import { flattenLine } from "./flatten-line.ts";

/**
 * Text that others wrote, made harmless inside one line of GitHub's Markdown, tables included: no markup, link, image, HTML, mention,
 * issue reference, comment or autolink survives, and nobody is notified. The reader sees the same characters.
 */
export function escapeMarkdown(text: string, max = 300): string {
  return cut(flattenLine(text), max)
    .replaceAll(special, (found) => replacements[found] ?? `\\${found}`)
    .replaceAll(/\bwww\./gi, (found) => `${found.slice(0, 3)}&#8203;.`)
    .replaceAll(/\bGH-(?=\d)/gi, (found) => `${found.slice(0, 2)}&#8203;-`)
    .replaceAll(/^(?:[-=]|\d+[.)])/g, "&#8203;$&");
}

const special = /:\/\/|[&<>@#\\`*_{}[\]()+!|~$]/g;

/**
 * GitHub looks for mentions, references and addresses after it decoded entities, so a character of no width parts them. What is not in here
 * is escaped by a backslash.
 */
const replacements: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "@": "@&#8203;",
  "#": "\\#&#8203;",
  "://": ":&#8203;//",
};

/** Text that others wrote as code: the fence is longer than any run of backticks inside, and a table cell survives it. */
export function codeSpan(text: string, max = 200): string {
  const flat = cut(flattenLine(text), max).replaceAll("|", "\u2502");
  if (flat.trim() === "") return "` `";
  const runs = flat.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const pad = flat.startsWith("`") || flat.endsWith("`") ? " " : "";
  return `${fence}${pad}${flat}${pad}${fence}`;
}
