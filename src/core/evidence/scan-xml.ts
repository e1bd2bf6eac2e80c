/** An opening tag of an XML text, in document order. */
export interface XmlTag {
  name: string;
  attributes: Readonly<Record<string, string>>;
  /** The root is 1. */
  depth: number;
}

const limits = { characters: 4 * 1024 * 1024, tags: 200_000, depth: 32, attributes: 64 } as const;

const predefined: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * The tags of an XML text with their attributes; character data is passed over. No document type, no entities beyond the five predefined
 * ones and character references, bounded size, depth and number: nothing in a text can make it read elsewhere or grow.
 */
export function scanXml(text: string): { ok: true; tags: readonly XmlTag[] } | { ok: false; why: string } {
  if (text.length > limits.characters)
    return { ok: false, why: `the text is longer than ${limits.characters} characters` };
  const tags: XmlTag[] = [];
  const open: string[] = [];
  let at = text.indexOf("<");
  while (at !== -1) {
    const special = skipSpecial(text, at);
    if (special.kind === "refused") return { ok: false, why: special.why };
    if (special.kind === "skipped") {
      at = text.indexOf("<", special.end);
      continue;
    }
    const end = findTagEnd(text, at);
    if (end === -1) return { ok: false, why: "a tag is not closed" };
    const body = text.slice(at + 1, end);
    if (body.startsWith("/")) {
      if (open.pop() !== body.slice(1).trim()) return { ok: false, why: "the tags are not nested properly" };
    } else {
      if (open.length === 0 && tags.length > 0) return { ok: false, why: "there is more than one root" };
      const isEmpty = body.endsWith("/");
      const tag = readTag(isEmpty ? body.slice(0, -1) : body, open.length + 1);
      if (tag === null) return { ok: false, why: "a tag cannot be read" };
      tags.push(tag);
      if (!isEmpty) open.push(tag.name);
      if (open.length > limits.depth) return { ok: false, why: `tags are nested deeper than ${limits.depth}` };
      if (tags.length > limits.tags) return { ok: false, why: `there are more than ${limits.tags} tags` };
    }
    at = text.indexOf("<", end);
  }
  if (open.length > 0) return { ok: false, why: "a tag is not closed" };
  return tags.length === 0 ? { ok: false, why: "the text is not XML" } : { ok: true, tags };
}

type Special = { kind: "none" } | { kind: "skipped"; end: number } | { kind: "refused"; why: string };

function skipSpecial(text: string, at: number): Special {
  for (const [start, close] of [
    ["<?", "?>"],
    ["<!--", "-->"],
    ["<![CDATA[", "]]>"],
  ] as const) {
    if (!text.startsWith(start, at)) continue;
    const end = text.indexOf(close, at + start.length);
    return end === -1
      ? { kind: "refused", why: `\`${start}\` is not closed` }
      : { kind: "skipped", end: end + close.length };
  }
  if (text.startsWith("<!", at))
    return { kind: "refused", why: "a document type or entity declaration is not accepted" };
  return { kind: "none" };
}

/** The closing `>` of a tag, past those inside quoted attribute values. */
function findTagEnd(text: string, at: number): number {
  let quote = "";
  for (let index = at + 1; index < text.length; index++) {
    const character = text[index] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === ">") return index;
    else if (character === "<") return -1;
  }
  return -1;
}

function readTag(body: string, depth: number): XmlTag | null {
  const name = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}/.exec(body)?.[0];
  if (name === undefined) return null;
  const attributes: Record<string, string> = Object.create(null);
  const form = /[ \t\r\n]+([A-Za-z_][A-Za-z0-9_.:-]{0,127})[ \t\r\n]*=[ \t\r\n]*(?:"([^"<]*)"|'([^'<]*)')/y;
  let at = name.length;
  for (let count = 0; ; count++) {
    form.lastIndex = at;
    const match = form.exec(body);
    if (match === null) break;
    const [, key = "", double, single] = match;
    const value = decodeEntities(double ?? single ?? "");
    if (value === null || Object.hasOwn(attributes, key) || count >= limits.attributes) return null;
    attributes[key] = value;
    at = form.lastIndex;
  }
  return body.slice(at).trim() === "" ? { name, attributes, depth } : null;
}

function decodeEntities(text: string): string | null {
  let isKnown = true;
  const decoded = text.replaceAll(/&([^;&]{0,10});?/g, (whole, name: string) => {
    if (whole.endsWith(";") && Object.hasOwn(predefined, name)) return predefined[name] ?? "";
    const code = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name);
    const point = code === null ? -1 : code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16);
    if (point > 0 && point <= 0x10ffff && whole.endsWith(";")) return String.fromCodePoint(point);
    isKnown = false;
    return "";
  });
  return isKnown ? decoded : null;
}
