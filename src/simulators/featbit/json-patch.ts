import type { SimFlag } from "./featbit-data.ts";

type PatchResult = { ok: true; value: SimFlag } | { ok: false; error: string };

type Container = Record<string, unknown> | unknown[];

function parsePointer(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function readAt(node: unknown, token: string): unknown {
  return Array.isArray(node) ? (node as unknown[])[Number(token)] : (node as Record<string, unknown>)[token];
}

function findContainer(root: unknown, tokens: readonly string[]): Container | undefined {
  let node = root;
  for (const token of tokens.slice(0, -1)) {
    if (typeof node !== "object" || node === null) return undefined;
    node = readAt(node, token);
  }
  return typeof node === "object" && node !== null ? (node as Container) : undefined;
}

function applyOne(root: unknown, operation: Record<string, unknown>): string | undefined {
  const path = String(operation["path"]);
  const tokens = parsePointer(path);
  const last = tokens.at(-1) ?? "";
  const container = findContainer(root, tokens);
  const exists = container !== undefined && (last === "-" || readAt(container, last) !== undefined);
  const kind = operation["op"];
  if (container === undefined || (kind !== "add" && !exists)) {
    return `The target location specified by path segment '${last}' was not found.`;
  }
  if (kind === "test") {
    const isEqual = JSON.stringify(readAt(container, last)) === JSON.stringify(operation["value"]);
    return isEqual ? undefined : `The current value at path '${last}' is not equal to the test value.`;
  }
  if (kind !== "add" && kind !== "replace" && kind !== "remove")
    return `Invalid JsonPatch operation '${String(kind)}'.`;
  if (!Array.isArray(container)) {
    if (kind === "remove") container[last] = null;
    else container[last] = operation["value"];
    return undefined;
  }
  const index = last === "-" ? container.length : Number(last);
  if (kind === "remove") container.splice(index, 1);
  else container.splice(index, kind === "add" ? 0 : 1, operation["value"]);
  return undefined;
}

/**
 * Applies `add`, `remove`, `replace` and `test` of an RFC 6902 patch to a flag; nothing about the result is validated,
 * as in FeatBit. `move` and `copy` are not simulated.
 */
export function applyJsonPatch(flag: SimFlag, patch: unknown): PatchResult {
  if (!Array.isArray(patch)) return { ok: false, error: "The JSON patch document was malformed." };
  for (const operation of patch as Record<string, unknown>[]) {
    const error = applyOne(flag, operation);
    if (error !== undefined) return { ok: false, error };
  }
  return { ok: true, value: flag };
}
