import type { JsonValue } from "../json.ts";
import { momentOf, numberAt, textAt, valueAt } from "./read-field.ts";
import type { ToolResult } from "./tool-reading.ts";

/**
 * Reads a SageMaker model package (`describe-model-package`). The bundle digest is the customer metadata `route_bundle`. Its approval is an
 * approval of the registry and says nothing measured (facts/formats.md section 3): the result is 1 when approved, else 0.
 */
export function readSagemakerPackage(value: JsonValue): ToolResult {
  const arn = textAt(value, "ModelPackageArn");
  const approval = textAt(value, "ModelApprovalStatus");
  if (arn === null || approval === null) {
    return { ok: false, why: "no `ModelPackageArn` and `ModelApprovalStatus`, as SageMaker writes them" };
  }
  const status = textAt(value, "ModelPackageStatus") ?? "unknown";
  const version = numberAt(value, "ModelPackageVersion");
  return {
    ok: true,
    value: {
      bundle: textAt(value, "CustomerMetadataProperties", "route_bundle"),
      dataset: null,
      grader: "SageMaker model registry",
      threshold: "== 1",
      result: approval === "Approved" ? 1 : 0,
      run: version === null ? arn : `${arn} (version ${version})`,
      url: null,
      producedAt: momentOf(valueAt(value, "LastModifiedTime")) ?? momentOf(valueAt(value, "CreationTime")),
      counts: null,
      defects: [
        ...(status === "Completed" ? [] : [`not completed: the package's status is ${status}`]),
        ...(approval === "Approved" ? [] : [`not approved: the registry says ${approval}`]),
      ],
    },
  };
}
