import { z } from "zod";
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";

/**
 * The JSON Schema (2020-12) of a zod schema, as an editor needs it to complete and check a file: the form of the input, with the checks that
 * JSON Schema can express. The validation itself knows more.
 */
export function renderJsonSchema(schema: z.ZodType, title: string): JsonObject {
  const { $schema, ...rest } = asJson(z.toJSONSchema(schema, { io: "input", reused: "inline" }));
  return { ...($schema === undefined ? {} : { $schema }), title, ...rest };
}

/** The schema object as plain JSON: zod adds members that JSON does not carry. */
function asJson(schema: object): JsonObject {
  const value: JsonValue = JSON.parse(JSON.stringify(schema));
  return isJsonObject(value) ? value : {};
}

/** The text of a schema file: sorted nowhere, so that its fields stand in the order of the documentation. */
export function renderSchemaText(schema: JsonObject): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}
