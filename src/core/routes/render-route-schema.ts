import { z } from "zod";
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { renderJsonSchema } from "../yaml/render-json-schema.ts";
import { root } from "./route-root.ts";
import { recordSchema } from "./route-schema.ts";

/** The published JSON Schema of a route file, from the same source as the validation (SPEC 2). */
export function renderRouteSchema(): JsonObject {
  const schema = renderJsonSchema(
    z.strictObject({ [root]: recordSchema }),
    "Routeward route file: one model_change record",
  );
  const properties = asObject(schema["properties"]);
  const record = asObject(properties[root]);
  // The user's own keys are taken off before zod sees the record; here they are said in words that editors know.
  const withOwnKeys = { ...record, patternProperties: { "^x-": {} } };
  return { ...schema, properties: { ...properties, [root]: withOwnKeys } };
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
