import type { ApprovedAudience } from "../facts.ts";
import type { PlanStep } from "../routes/route-file.ts";
import type { ExposureRequest } from "./exposure.ts";
import type { SegmentSnapshot } from "./flag.ts";

/** Builders with defaults for the tests of the rollout, so that a case shows only what matters. */
export function makeAudience(name: string, fields: Partial<ApprovedAudience> = {}): ApprovedAudience {
  return { name, internal: false, segment: null, where: [], safe: [], percent: null, ...fields };
}

export function makeSegment(key: string, fields: Partial<SegmentSnapshot> = {}): SegmentSnapshot {
  return {
    id: "0f0e0d0c-0b0a-4908-8706-050403020100",
    key,
    isArchived: false,
    included: ["legal-1"],
    excluded: [],
    rules: [],
    ...fields,
  };
}

/** The audiences of the example policy. */
export const exampleAudiences: Readonly<Record<string, ApprovedAudience>> = {
  "internal-support": makeAudience("internal-support", {
    internal: true,
    where: [{ property: "team", in: ["support", "support-ai"] }],
  }),
  "low-risk-accounts": makeAudience("low-risk-accounts", { where: [{ property: "riskTier", in: ["low"] }] }),
  "all-eligible": makeAudience("all-eligible"),
  "regulated-region": makeAudience("regulated-region", { safe: [{ property: "region", in: ["eu", "us", "apac"] }] }),
  "enterprise-legal-review": makeAudience("enterprise-legal-review", { segment: "enterprise-legal-review" }),
};

/** The plan of the example route file. */
export const examplePlan: readonly PlanStep[] = [
  { stage: "internal-canary", audience: "internal-support", steps: [], soakMs: null },
  { stage: "customer-canary", audience: "low-risk-accounts", steps: [5, 10, 25], soakMs: null },
  { stage: "ab-comparison", audience: "all-eligible", steps: [50], soakMs: null },
  { stage: "default", audience: null, steps: [], soakMs: null },
];

export function makeExposureRequest(fields: Partial<ExposureRequest> = {}): ExposureRequest {
  return {
    stage: "customer-canary",
    step: 0,
    flagType: "json",
    plan: examplePlan,
    excluded: ["regulated-region", "enterprise-legal-review"],
    audiences: exampleAudiences,
    exclusionsNow: exampleAudiences,
    segments: [makeSegment("enterprise-legal-review")],
    dispatchKey: "accountId",
    ...fields,
  };
}
