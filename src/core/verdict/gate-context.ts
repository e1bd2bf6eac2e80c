import type { EvidenceFinding } from "../evidence/evidence.ts";
import type { Latch, LiveState, Rehearsal } from "../facts.ts";
import type { GuardrailFinding } from "../guardrails/judgement.ts";
import type { Audience, Policy } from "../policy/policy.ts";
import type { PlanStep, RouteState } from "../routes/route-file.ts";
import type { Stage, Tier } from "../scales.ts";
import type { GateFinding } from "./verdict.ts";

/** Everything that the gates of one route look at. */
export interface GateContext {
  /** ISO 8601. */
  at: string;
  route: RouteState;
  plan: readonly PlanStep[];
  policy: Policy;
  tier: Tier;
  live: LiveState | null;
  /** Stage in which this very candidate is live; null when none. */
  liveStage: Stage | null;
  latch: Latch | null;
  /** When this very candidate was last rolled back for a breach; null when never. */
  breachedAt: string | null;
  evidence: readonly EvidenceFinding[];
  guardrails: readonly GuardrailFinding[];
  rehearsals: readonly Rehearsal[];
  /** The change gives more users the candidate: a stage is entered, a share raised, an audience widened. */
  isGrowing: boolean;
}

/** What one gate found. */
export interface GateOutcome {
  state: GateFinding["state"];
  text: string;
  /** Dotted path of the field that can mend it; null when no edit of the file can. */
  field: string | null;
}

export const ok = (text: string): GateOutcome => ({ state: "ok", text, field: null });
export const wait = (text: string, field: string | null = null): GateOutcome => ({ state: "waiting", text, field });
export const block = (text: string, field: string | null): GateOutcome => ({ state: "blocked", text, field });

/** An audience of the policy in force. */
export function findAudience(policy: Policy, name: string): Audience | null {
  return Object.hasOwn(policy.audiences, name) ? (policy.audiences[name] ?? null) : null;
}
