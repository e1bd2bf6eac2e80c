import { isObject, type JsonObject } from "./rewrite-openapi.ts";

type Resolve = (reference: string) => unknown;

/** A schema with everything it is put together from: references, allOf, anyOf, oneOf. */
function flattenSchema(schema: unknown, resolve: Resolve, seen: Set<unknown>): JsonObject[] {
  if (!isObject(schema) || seen.has(schema)) return [];
  seen.add(schema);
  const parts: unknown[] = [];
  if (typeof schema["$ref"] === "string") parts.push(resolve(schema["$ref"]));
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    const list = schema[keyword];
    if (Array.isArray(list)) parts.push(...(list as unknown[]));
  }
  return [schema, ...parts.flatMap((part) => flattenSchema(part, resolve, seen))];
}

/**
 * Lists the members of `value` that no part of the schemas names, as JSON paths.
 * An object schema without any named property is free-form. `additionalProperties: true` beside named properties does
 * not open them: GitHub writes it into every branch of a `oneOf`, and a misspelt key would go through.
 */
export function findUnknownKeys(value: unknown, schemas: readonly unknown[], resolve: Resolve, path = ""): string[] {
  const seen = new Set<unknown>();
  const flat = schemas.flatMap((schema) => flattenSchema(schema, resolve, seen));
  if (Array.isArray(value)) {
    const items = flat.flatMap((schema) => (schema["items"] === undefined ? [] : [schema["items"]]));
    if (items.length === 0) return [];
    return value.flatMap((item, index) => findUnknownKeys(item, items, resolve, `${path}/${index}`));
  }
  if (!isObject(value)) return [];
  const named = flat.flatMap((schema) => (isObject(schema["properties"]) ? [schema["properties"]] : []));
  const additional = flat.flatMap((schema) =>
    isObject(schema["additionalProperties"]) ? [schema["additionalProperties"]] : [],
  );
  if (named.length === 0 && additional.length === 0) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const own = named.flatMap((properties) => (Object.hasOwn(properties, key) ? [properties[key]] : []));
    const memberPath = `${path}/${key}`;
    if (own.length > 0) return findUnknownKeys(member, own, resolve, memberPath);
    if (additional.length > 0) return findUnknownKeys(member, additional, resolve, memberPath);
    return [memberPath];
  });
}
