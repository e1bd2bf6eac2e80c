import type { Policy } from "./policy.ts";

/** The rules that hold where no file says otherwise (SPEC 3), without the digest of the texts. */
export const builtInPolicy: Omit<Policy, "digest"> = {
  routes: ["model-routes/**/*.{yaml,yml}"],
  evidenceFolder: "model-routes/evidence",
  evidenceMaxAgeMs: 30 * 86_400_000,
  datasets: [],
  roles: {},
  audiences: {},
  stages: {},
  metrics: {},
  requiredGuardrails: ["quality", "latency", "cost", "fallback", "safety", "business"],
  approvals: { counts: {}, separationOfDuties: ["high", "restricted"] },
  tierRules: [],
  modelFamilies: {},
  evidenceThresholds: {},
  evidenceApps: [],
  freeze: [],
  drift: "alert",
  onBreach: "pause",
  mode: "enforce",
};
