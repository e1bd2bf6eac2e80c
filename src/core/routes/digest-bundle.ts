import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { isJsonList, type JsonValue } from "../json.ts";
import { InternalError } from "../problem.ts";
import { listNamedFiles } from "./named-files.ts";
import type { Bundle } from "./route-file.ts";

/**
 * `mrb1:sha256:<hex>`: SHA-256 over RFC 8785 canonical JSON of the normalised bundle with the digests of the files that it names
 * (SPEC 1). `pricing` and `latency` are claims and stay outside; fields that are null are left out, so that absent and null are one.
 * @param fileDigests SHA-256 (hex) by repository path
 * @returns null when a named file has no digest: a bundle that is not fully known has none
 */
export function digestBundle(bundle: Bundle, fileDigests: Readonly<Record<string, string | null>>): string | null {
  const files: Record<string, string> = {};
  for (const { path } of listNamedFiles(bundle)) {
    const digest = Object.hasOwn(fileDigests, path) ? fileDigests[path] : null;
    if (digest === null || digest === undefined) return null;
    files[path] = digest;
  }
  const text = canonicalize({ bundle: reduceBundle(bundle), files });
  if (text === undefined) throw new InternalError("a bundle has no canonical form");
  return `mrb1:sha256:${createHash("sha256").update(text, "utf8").digest("hex")}`;
}

/** SHA-256 (hex) of a text file's UTF-8 bytes. */
export function digestText(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

function reduceBundle(bundle: Bundle): JsonValue {
  const { pricing: _pricing, latency: _latency, fallback, parameters, ...fields } = bundle;
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
    parameters: dropNulls(parameters),
    fallback: fallback.map((entry) => (entry.kind === "name" ? { name: entry.name } : reduceBundle(entry.bundle))),
  };
}

function dropNulls(value: JsonValue): JsonValue {
  if (typeof value === "number") return value === 0 ? 0 : value;
  if (typeof value !== "object" || value === null) return value;
  if (isJsonList(value)) return value.map(dropNulls);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, dropNulls(inner)]])),
  );
}
