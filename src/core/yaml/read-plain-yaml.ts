import type { JsonValue } from "../json.ts";
import { readFlow } from "./read-flow.ts";
import { failed, readScalar, type Failed } from "./read-plain-scalar.ts";
import type { Position } from "./yaml-document.ts";

/** A text in the plain form: its value and where everything stands. */
export interface PlainReading {
  value: JsonValue;
  keys: ReadonlyMap<string, Position>;
  values: ReadonlyMap<string, Position>;
}

/** Collections inside each other; what is deeper is for the full reader to judge. */
const mostDepth = 16;

// A name, or text in quotes without escapes. The bound keeps it below the 1,024 characters that YAML allows for a key.
const keyForm = /(?:[A-Za-z_][A-Za-z0-9_./-]{0,199}|"[^"\\\n]{0,200}"|'[^'\n]{0,200}'):(?=[ \n]|$)/y;
const readOtherwise = new Set(["null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "__proto__"]);

/**
 * Reads the plain form in which nearly all files are written: block maps and lists of one-line values, or JSON. It gives exactly what the
 * full reader gives, in a tenth of the time, and null for every text that it is not sure about, wrong ones above all, so that only the
 * full reader ever refuses or explains anything.
 * @param source without byte order mark and without characters that YAML forbids
 * @param mostTokens lexical tokens above which the full reader refuses; counted here a little too high
 */
export function readPlainYaml(source: string, mostTokens: number): PlainReading | null {
  if (/[\t\r]/.test(source)) return null;
  const keys = new Map<string, Position>();
  const values = new Map<string, Position>();
  let tokens = 2;
  let depth = 0;
  /** The line that is looked at: where it and its content begin, where its content ends, and how far it is indented. */
  let number = 0;
  let start = 0;
  let at = 0;
  let end = 0;
  let indent = -1;
  let after = 0;
  const isAt = (level: number): boolean => indent === level;

  /** Goes to the next line with content; `indent` is -1 behind the last one. */
  function advance(): void {
    for (;;) {
      if (after > source.length) {
        indent = -1;
        return;
      }
      start = after;
      const feed = source.indexOf("\n", start);
      end = feed === -1 ? source.length : feed;
      after = end + 1;
      number += 1;
      tokens += 2;
      at = start;
      while (at < end && source.charCodeAt(at) === 32) at += 1;
      if (at === end) continue;
      if (source.charCodeAt(at) === 35) {
        tokens += 1;
        continue;
      }
      indent = at - start;
      return;
    }
  }

  function isEntry(): boolean {
    return source.charCodeAt(at) === 45 && source.charCodeAt(at + 1) === 32;
  }

  function readBlock(path: string): JsonValue | Failed {
    depth += 1;
    const value = depth > mostDepth ? failed : isEntry() ? readList(indent, path) : readMap(indent, path);
    depth -= 1;
    return value;
  }

  function readMap(level: number, path: string): JsonValue | Failed {
    const map: { [key: string]: JsonValue } = {};
    while (isAt(level)) {
      keyForm.lastIndex = at;
      const found = keyForm.exec(source);
      if (found === null) return failed;
      const key = nameOf(found[0]);
      if (key === null || Object.hasOwn(map, key)) return failed;
      const place = path === "" ? key : `${path}.${key}`;
      if (!keys.has(place)) keys.set(place, [number, at - start + 1]);
      tokens += 4;
      at += found[0].length;
      const value = readAfterKey(level, place);
      if (value === failed || indent > level) return failed;
      map[key] = value;
    }
    return map;
  }

  function readAfterKey(level: number, path: string): JsonValue | Failed {
    skipSpaces();
    if (at < end) return readLine(path);
    advance();
    if (indent < level || (indent === level && !isEntry())) return failed;
    values.set(path, [number, indent + 1]);
    return readBlock(path);
  }

  function readList(level: number, path: string): JsonValue | Failed {
    const list: JsonValue[] = [];
    while (isAt(level) && isEntry()) {
      const place = path === "" ? String(list.length) : `${path}.${list.length}`;
      tokens += 2;
      at += 2;
      skipSpaces();
      if (at >= end) return failed;
      keyForm.lastIndex = at;
      let value: JsonValue | Failed;
      if (keyForm.test(source)) {
        indent = at - start;
        values.set(place, [number, indent + 1]);
        value = readBlock(place);
      } else {
        value = isEntry() ? failed : readLine(place);
      }
      if (value === failed || indent > level) return failed;
      list.push(value);
    }
    return list;
  }

  function skipSpaces(): void {
    while (at < end && source.charCodeAt(at) === 32) at += 1;
  }

  /** A value that ends on this line, and goes on to the next one. */
  function readLine(path: string): JsonValue | Failed {
    values.set(path, [number, at - start + 1]);
    const first = source.charCodeAt(at);
    if (first === 91 || first === 123) {
      const flow = readFlow(source, { at, end, line: number, start, path, depth, mostDepth }, keys, values);
      if (flow === null || !isRest(flow.at)) return failed;
      tokens += flow.tokens;
      advance();
      return flow.value;
    }
    const scalar = readScalar(source, at, end);
    if (scalar === null) return failed;
    tokens += scalar.isAlone ? 2 : 4;
    advance();
    return scalar.value;
  }

  /** Nothing but spaces to the end of the line. */
  function isRest(from: number): boolean {
    let rest = from;
    while (rest < end && source.charCodeAt(rest) === 32) rest += 1;
    return rest === end;
  }

  advance();
  if (indent !== 0) return null;
  const first = source.charCodeAt(at);
  values.set("", [number, 1]);
  if (first === 91 || first === 123) {
    const from = { at, end: source.length, line: number, start, path: "", depth: 0, mostDepth };
    const flow = readFlow(source, from, keys, values);
    const isWhole = flow !== null && /^[ \n]*$/.test(source.slice(flow.at));
    return isWhole && tokens + flow.tokens + source.length - flow.at <= mostTokens
      ? { value: flow.value, keys, values }
      : null;
  }
  const value = readBlock("");
  return value === failed || !isAt(-1) || tokens > mostTokens ? null : { value, keys, values };
}

/** The key without its colon and quotes; null for words that only the full reader judges. */
function nameOf(written: string): string | null {
  const text = written.slice(0, -1);
  const quote = text[0];
  if (quote !== '"' && quote !== "'") return readOtherwise.has(text) ? null : text;
  const key = text.slice(1, -1);
  return key === "__proto__" || key === "<<" ? null : key;
}
