/** The name under which the whole document is known to ajv; every `$ref` is made absolute with it. */
export const documentId = "contract:document";

export type JsonObject = { [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function allowNull(schema: JsonObject): JsonObject {
  const { nullable: _nullable, ...rest } = schema;
  if (Array.isArray(rest["enum"]) && !rest["enum"].includes(null)) rest["enum"] = [...rest["enum"], null];
  if (typeof rest["type"] === "string") {
    const combined = ["allOf", "anyOf", "oneOf"].some((keyword) => keyword in rest);
    if (!combined) return { ...rest, type: [rest["type"], "null"] };
  }
  return { anyOf: [{ type: "null" }, rest] };
}

function rewriteBounds(schema: JsonObject): JsonObject {
  const bounded = { ...schema };
  for (const [exclusive, inclusive] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    if (typeof bounded[exclusive] !== "boolean") continue;
    if (bounded[exclusive]) {
      bounded[exclusive] = bounded[inclusive];
      delete bounded[inclusive];
    } else {
      delete bounded[exclusive];
    }
  }
  return bounded;
}

function rewrite(node: unknown, isVersion30: boolean): unknown {
  if (Array.isArray(node)) return node.map((item) => rewrite(item, isVersion30));
  if (!isObject(node)) return node;
  const reference = node["$ref"];
  if (typeof reference === "string") {
    const absolute = reference.startsWith("#") ? `${documentId}${reference}` : reference;
    // OpenAPI 3.0 says that everything beside a reference is ignored; JSON Schema 2020-12 would apply it.
    if (isVersion30) return { $ref: absolute };
    return { ...rewriteMembers(node, isVersion30), $ref: absolute };
  }
  const copy = rewriteMembers(node, isVersion30);
  if (!isVersion30) return copy;
  const bounded = rewriteBounds(copy);
  return bounded["nullable"] === true ? allowNull(bounded) : bounded;
}

function rewriteMembers(node: JsonObject, isVersion30: boolean): JsonObject {
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, rewrite(value, isVersion30)]));
}

/**
 * Turns an OpenAPI 3.0 or 3.1 document into one whose schemas are JSON Schema 2020-12 with absolute references.
 * The argument is not changed.
 */
export function rewriteOpenapi(document: object): JsonObject {
  const version = (document as JsonObject)["openapi"];
  return rewrite(document, typeof version === "string" && version.startsWith("3.0")) as JsonObject;
}
