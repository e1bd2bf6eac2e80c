import type { JsonValue } from "../json.ts";
import { failed, resolvePlain, type Failed } from "./read-plain-scalar.ts";
import type { Position } from "./yaml-document.ts";

const plainForm =
  /(?:[A-Za-z0-9_/]|-(?=[0-9]))[A-Za-z0-9_./%@=<>+-]*(?: +[A-Za-z0-9_./%@=<>+][A-Za-z0-9_./%@=<>+-]*)*/y;
const keyForm = /(?:[A-Za-z_][A-Za-z0-9_-]{0,199}(?=: )|"[^"\\\n]{0,200}"(?=:))/y;
const keysReadOtherwise = new Set(["null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"]);
const simpleEscape = /^(?:[^\\]|\\["\\/bfnrt])*$/;

/**
 * Reads lists in brackets and maps in braces of simple values, JSON among them. Like the reader that calls it, it gives null for whatever
 * it is not sure about.
 * @param from where the collection begins: offset, offset behind the last character that may be read, number and start of its line
 */
export function readFlow(
  source: string,
  from: { at: number; end: number; line: number; start: number; path: string; depth: number; mostDepth: number },
  keys: Map<string, Position>,
  values: Map<string, Position>,
): { value: JsonValue; at: number; tokens: number } | null {
  const { end, mostDepth } = from;
  let { at, line, start, depth } = from;
  let tokens = 0;

  function skipBlanks(): void {
    let isInSpaces = false;
    for (; at < end; at += 1) {
      const code = source.charCodeAt(at);
      if (code === 10) {
        line += 1;
        start = at + 1;
        tokens += 1;
      } else if (code !== 32) return;
      else if (!isInSpaces) tokens += 1;
      isInSpaces = code === 32;
    }
  }

  function readValue(path: string): JsonValue | Failed {
    const code = source.charCodeAt(at);
    values.set(path, [line, at - start + 1]);
    tokens += 2;
    if (code === 34) return readQuoted();
    if (code !== 91 && code !== 123) return readPlain();
    depth += 1;
    at += 1;
    const value = depth > mostDepth ? failed : code === 91 ? readList(path) : readMap(path);
    depth -= 1;
    return value;
  }

  function readQuoted(): JsonValue | Failed {
    let close = source.indexOf('"', at + 1);
    while (close !== -1 && close < end && isEscaped(close)) close = source.indexOf('"', close + 1);
    if (close === -1 || close >= end) return failed;
    const text = source.slice(at + 1, close);
    if (text.includes("\n") || !simpleEscape.test(text)) return failed;
    const value: unknown = text.includes("\\") ? JSON.parse(source.slice(at, close + 1)) : text;
    at = close + 1;
    return typeof value === "string" ? value : failed;
  }

  function isEscaped(quote: number): boolean {
    let slashes = 0;
    while (source.charCodeAt(quote - 1 - slashes) === 92) slashes += 1;
    return slashes % 2 === 1;
  }

  function readPlain(): JsonValue | Failed {
    plainForm.lastIndex = at;
    const found = plainForm.exec(source);
    if (found === null) return failed;
    at += found[0].length;
    return resolvePlain(found[0])?.value ?? (found[0] === "null" ? null : failed);
  }

  /** After a value: true at a comma, false at the closing bracket, null at anything else. */
  function readSeparator(close: number): boolean | null {
    skipBlanks();
    const code = source.charCodeAt(at);
    if (at >= end || (code !== 44 && code !== close)) return null;
    at += 1;
    tokens += 1;
    if (code === close) return false;
    skipBlanks();
    return true;
  }

  function readList(path: string): JsonValue | Failed {
    const list: JsonValue[] = [];
    skipBlanks();
    if (closesAtOnce(93)) return list;
    for (;;) {
      const value = readValue(path === "" ? String(list.length) : `${path}.${list.length}`);
      if (value === failed) return failed;
      list.push(value);
      const goesOn = readSeparator(93);
      if (goesOn === null) return failed;
      if (!goesOn) return list;
    }
  }

  function readMap(path: string): JsonValue | Failed {
    const map: { [key: string]: JsonValue } = {};
    skipBlanks();
    if (closesAtOnce(125)) return map;
    for (;;) {
      const key = readKey();
      if (key === null || Object.hasOwn(map, key)) return failed;
      const place = path === "" ? key : `${path}.${key}`;
      if (!keys.has(place)) keys.set(place, [line, at - start + 1]);
      at = source.indexOf(":", at + (source.charCodeAt(at) === 34 ? key.length + 2 : key.length)) + 1;
      tokens += 4;
      while (source.charCodeAt(at) === 32) at += 1;
      const value = readValue(place);
      if (value === failed) return failed;
      map[key] = value;
      const goesOn = readSeparator(125);
      if (goesOn === null) return failed;
      if (!goesOn) return map;
    }
  }

  function readKey(): string | null {
    keyForm.lastIndex = at;
    const found = keyForm.exec(source)?.[0];
    if (found === undefined) return null;
    const isQuoted = found.startsWith('"');
    const key = isQuoted ? found.slice(1, -1) : found;
    if (key === "__proto__" || key === "<<") return null;
    return !isQuoted && keysReadOtherwise.has(key) ? null : key;
  }

  function closesAtOnce(close: number): boolean {
    if (source.charCodeAt(at) !== close) return false;
    at += 1;
    tokens += 1;
    return true;
  }

  const value = readValue(from.path);
  return value === failed || at > end ? null : { value, at, tokens };
}
