import type { JsonValue } from "../json.ts";
import type { Place } from "../problem.ts";

/** Line and column, both from 1; columns count UTF-16 units. */
export type Position = readonly [line: number, column: number];

/** A YAML or JSON text that was read without a problem, and where each of its values stands. */
export interface YamlDocument {
  path: string;
  value: JsonValue;
  /** By dotted path from the root (`model_change.candidate.model`, `list.0`); the root is the empty text. */
  keys: ReadonlyMap<string, Position>;
  /** Where the value itself begins, which for a block is the line after its key. */
  values: ReadonlyMap<string, Position>;
}

/** Joins steps into the dotted path that the maps of a `YamlDocument` use. */
export function joinPath(steps: readonly PropertyKey[]): string {
  return steps.map(String).join(".");
}

/**
 * Where a reader should look for the field: its value when that stands on the key's line, else its key; for an absent
 * field the nearest parent that exists.
 */
export function placeInDocument(document: YamlDocument, steps: readonly PropertyKey[]): Place {
  for (let length = steps.length; length >= 0; length--) {
    const position = positionOf(document, joinPath(steps.slice(0, length)));
    if (position !== null) return { path: document.path, line: position[0], column: position[1] };
  }
  return { path: document.path, line: 1, column: 1 };
}

/** The position of one dotted path, or null when nothing stands there. */
export function positionOf(document: YamlDocument, path: string): Position | null {
  const key = document.keys.get(path);
  const value = document.values.get(path);
  if (key === undefined) return value ?? null;
  return value !== undefined && value[0] === key[0] ? value : key;
}
