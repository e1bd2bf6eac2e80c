import type { JsonObject } from "../json.ts";
import { renderJsonSchema } from "../yaml/render-json-schema.ts";
import { evidenceSchema } from "./record-schema.ts";

/** The published JSON Schema of an evidence record, from the same source as the validation (SPEC 8). */
export function renderEvidenceSchema(): JsonObject {
  return renderJsonSchema(evidenceSchema, "Routeward evidence record");
}
