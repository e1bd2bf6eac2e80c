import type { Policy } from "../policy/policy.ts";
import type { Stage } from "../scales.ts";
import type { ApprovalStatus } from "../vocabulary.ts";
import { planOf } from "./plan-of.ts";
import type { RouteRecord } from "./route-file.ts";

/** The status table of SPEC 2. `first-canary` depends on the file's own exposure. */
export const stageOfStatus: Readonly<Record<ApprovalStatus, Stage | "first-canary" | null>> = {
  draft: null,
  "approved-for-testing": "offline-eval",
  "approved-for-shadow": "shadow",
  "approved-for-internal-canary": "internal-canary",
  "approved-for-customer-canary": "customer-canary",
  "approved-for-ab-comparison": "ab-comparison",
  "approved-for-canary": "first-canary",
  "approved-as-default": "default",
  "rolled-back": null,
  rejected: null,
  retired: null,
};

/**
 * The stage that a record asks for, or null when it asks for none. `approved-for-canary` is the first canary of the file's
 * own exposure, and the customer canary, which asks for more, when the file names none.
 */
export function stageOf(record: RouteRecord, policy: Pick<Policy, "audiences">): Stage | null {
  const stage = stageOfStatus[record.approval.status];
  if (stage !== "first-canary") return stage;
  const canary = planOf(record, policy).find(
    (step) => step.stage === "internal-canary" || step.stage === "customer-canary",
  );
  return canary?.stage ?? "customer-canary";
}
