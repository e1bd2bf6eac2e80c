import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from "yaml";
import type { JsonValue } from "../json.ts";
import type { Problem } from "../problem.ts";
import { describeText } from "./describe-value.ts";
import type { Position } from "./yaml-document.ts";

type Fault = Pick<Problem, "code" | "message" | "expected" | "found" | "fix"> & { offset: number };

interface Composed {
  value: JsonValue;
  keys: ReadonlyMap<string, Position>;
  values: ReadonlyMap<string, Position>;
  faults: readonly Fault[];
}

const coreTags = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);

/**
 * Turns the library's nodes into plain JSON values with their positions. Stops at the first fault of a kind that grows
 * (aliases, number of values); goes on after the others, so that one look shows them all.
 */
export function composeValue(
  document: Document.Parsed,
  lines: LineCounter,
  limits: { aliases: number; values: number; problems: number; mergeKeys: boolean },
): Composed {
  const keys = new Map<string, Position>();
  const values = new Map<string, Position>();
  const faults: Fault[] = [];
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  let aliases = 0;
  let count = 0;
  let stopped = false;

  function addFault(fault: Fault): null {
    faults.push(fault);
    stopped ||= faults.length >= limits.problems;
    return null;
  }

  function stop(fault: Fault): null {
    stopped = true;
    return addFault(fault);
  }

  /** `base` is the offset of the alias while the content of its anchor is read, so that positions stay where the reader looks. */
  function read(node: unknown, path: string, base: number | null): JsonValue {
    if (stopped || node === null || node === undefined) return null;
    count += 1;
    const offset = base ?? offsetOf(node);
    if (count > limits.values) return stop(tooManyValues(offset, limits.values));
    const { line, col } = lines.linePos(offset);
    values.set(path, [line, col]);
    if (isAlias(node)) return readAlias(node.source, offset, path, base === null);
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return addFault(notJson(offset, "this value"));
    if (node.tag !== undefined && !coreTags.has(node.tag)) return addFault(unknownTag(offset, node.tag));
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node)) return readScalar(node.value, node.source, offset);
    open.add(node);
    const value = isSeq(node)
      ? node.items.map((item, index) => read(item, path === "" ? String(index) : `${path}.${index}`, base))
      : readMap(node.items, path, base);
    open.delete(node);
    return value;
  }

  function readAlias(name: string, offset: number, path: string, isWritten: boolean): JsonValue {
    // Those inside an anchor that is read again are bounded by the number of values.
    if (isWritten) aliases += 1;
    if (aliases > limits.aliases) return stop(tooManyAliases(offset, limits.aliases));
    const target = anchors.get(name);
    if (target === undefined || open.has(target)) return addFault(circularAlias(offset, name));
    return read(target, path, offset);
  }

  function readMap(
    items: readonly { key: unknown; value: unknown }[],
    path: string,
    base: number | null,
  ): { [key: string]: JsonValue } {
    const map: { [key: string]: JsonValue } = {};
    const seen = new Set<string>();
    for (const item of items) {
      if (stopped) break;
      const offset = base ?? offsetOf(item.key);
      if (!isScalar(item.key) || typeof item.key.value !== "string") {
        addFault(notJson(offset, "a key that is not text"));
        continue;
      }
      const key = item.key.value;
      const at = path === "" ? key : `${path}.${key}`;
      const refusal = key === "<<" && limits.mergeKeys && !seen.has(key) ? null : refuseKey(key, seen, offset);
      if (refusal !== null) addFault(refusal);
      seen.add(key);
      const { line, col } = lines.linePos(offset);
      if (!keys.has(at)) keys.set(at, [line, col]);
      const value = read(item.value, at, base);
      if (refusal === null) map[key] = value;
    }
    return map;
  }

  function readScalar(value: unknown, source: string | undefined, offset: number): JsonValue {
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "string") return value.isWellFormed() ? value : addFault(brokenText(offset));
    if (typeof value !== "number") return addFault(notJson(offset, source ?? "this value"));
    const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    if (!exact) return addFault(inexactNumber(offset, source ?? String(value)));
    return value === 0 ? 0 : value;
  }

  const value = read(document.contents, "", null);
  return { value, keys, values, faults };
}

function offsetOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}

function refuseKey(key: string, seen: ReadonlySet<string>, offset: number): Fault | null {
  if (seen.has(key)) {
    return {
      code: "duplicate-key",
      message: "A key stands twice in one map.",
      expected: "each key once",
      found: describeText(key),
      fix: "Remove one of the two; YAML readers disagree which one counts.",
      offset,
    };
  }
  if (key === "<<") {
    return {
      code: "merge-key",
      message: "Merge keys are not read.",
      expected: "the keys written out",
      found: "<<",
      fix: "Write the merged keys out: a reviewer then sees what the bundle holds.",
      offset,
    };
  }
  if (key === "__proto__" || !key.isWellFormed()) {
    return {
      code: "reserved-key",
      message: "This word cannot be a key.",
      expected: "another word",
      found: key.isWellFormed() ? key : "text with half a character",
      fix: "Rename the key.",
      offset,
    };
  }
  return null;
}

function tooManyAliases(offset: number, limit: number): Fault {
  return {
    code: "too-many-aliases",
    message: `The file uses more than ${limit} aliases.`,
    expected: `at most ${limit} aliases`,
    found: `more than ${limit}`,
    fix: "Write the values out.",
    offset,
  };
}

function tooManyValues(offset: number, limit: number): Fault {
  return {
    code: "too-complex",
    message: "The file holds more values than Routeward reads, counted with its aliases resolved.",
    expected: `at most ${limit} values`,
    found: `more than ${limit}`,
    fix: "Remove aliases that repeat large values, or split the file.",
    offset,
  };
}

function circularAlias(offset: number, name: string): Fault {
  return {
    code: "unknown-alias",
    message: "An alias names an anchor that is not complete before it.",
    expected: "an anchor whose value ends above the alias",
    found: describeText(`*${name}`),
    fix: "Write the value out.",
    offset,
  };
}

function unknownTag(offset: number, tag: string): Fault {
  return {
    code: "yaml-tag",
    message: "A YAML tag is not accepted here.",
    expected: "a plain value without `!`",
    found: describeText(tag),
    fix: "Remove the tag.",
    offset,
  };
}

function inexactNumber(offset: number, source: string): Fault {
  return {
    code: "inexact-number",
    message: "The number cannot be kept exactly.",
    expected: "a finite number; whole numbers up to 9007199254740991",
    found: describeText(source),
    fix: "Put it in quotes when it is a name or an id.",
    offset,
  };
}

function brokenText(offset: number): Fault {
  return {
    code: "broken-text",
    message: "The text holds half a character (a lone surrogate).",
    expected: "whole Unicode characters",
    found: "an escape such as \\ud800 without its second half",
    fix: "Write the character itself.",
    offset,
  };
}

function notJson(offset: number, what: string): Fault {
  return {
    code: "not-json",
    message: "The value has no form in JSON.",
    expected: "text, number, true, false, list or map",
    found: describeText(what),
    fix: "Use a plain value.",
    offset,
  };
}
