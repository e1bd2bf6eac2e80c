import { renderEvidenceSchema } from "../../core/evidence/render-evidence-schema.ts";
import { renderPolicySchema } from "../../core/policy/render-policy-schema.ts";
import { renderRouteSchema } from "../../core/routes/render-route-schema.ts";
import { renderSchemaText } from "../../core/yaml/render-json-schema.ts";

/** The generated schema files, by their path in the project. */
export function renderSchemaFiles(): Readonly<Record<string, string>> {
  return {
    "docs/schema/route.schema.json": renderSchemaText(renderRouteSchema()),
    "docs/schema/policy.schema.json": renderSchemaText(renderPolicySchema()),
    "docs/schema/evidence.schema.json": renderSchemaText(renderEvidenceSchema()),
  };
}
