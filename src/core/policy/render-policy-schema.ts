import type { JsonObject } from "../json.ts";
import { renderJsonSchema } from "../yaml/render-json-schema.ts";
import { policySchema } from "./policy-schema.ts";

/** The published JSON Schema of `.github/routeward.yml`, from the same source as the validation (SPEC 3). */
export function renderPolicySchema(): JsonObject {
  return renderJsonSchema(policySchema, "Routeward policy: .github/routeward.yml");
}
