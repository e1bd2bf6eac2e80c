/** Closed word lists of SPEC 2, 8 and 9. Not ordered; the ordered ones are in scales.ts. */
export const dataClasses = [
  "public",
  "internal",
  "customer",
  "personal",
  "regulated",
  "financial-decision",
  "permission-decision",
  "legal-terms",
  "irreversible-action",
] as const;
export type DataClass = (typeof dataClasses)[number];

export const approvalStatuses = [
  "draft",
  "approved-for-testing",
  "approved-for-shadow",
  "approved-for-internal-canary",
  "approved-for-customer-canary",
  "approved-for-ab-comparison",
  "approved-for-canary",
  "approved-as-default",
  "rolled-back",
  "rejected",
  "retired",
] as const;
export type ApprovalStatus = (typeof approvalStatuses)[number];

export const guardrailCategories = [
  "quality",
  "latency",
  "cost",
  "fallback",
  "retry",
  "safety",
  "business",
  "human-edit",
  "support",
  "segment",
] as const;
export type GuardrailCategory = (typeof guardrailCategories)[number];

/** Kinds of risk that an author may describe. */
export const riskKinds = ["cost", "latency", "quality", "safety", "data", "support"] as const;
export type RiskKind = (typeof riskKinds)[number];

export const evidenceKinds = [
  "offline-eval",
  "regression-eval",
  "adversarial-eval",
  "human-review",
  "compatibility-check",
  "cost-check",
  "latency-check",
  "shadow-run",
  "canary-report",
  "ab-result",
  "rollback-rehearsal",
  "baseline-check",
  "registry-approval",
] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];
