import type { LiveState, Latch } from "../facts.ts";
import type { EvidenceFinding } from "../evidence/evidence.ts";
import type { ReviewFinding } from "../approvals/review-finding.ts";
import type { GatewayKind } from "../gateways/gateway-route.ts";
import type { GatewayRouteChange } from "../gateways/compare-gateways.ts";
import type { OperatorMetric } from "../guardrails/operator-metrics.ts";
import type { GuardrailFinding } from "../guardrails/judgement.ts";
import type { Place, Problem } from "../problem.ts";
import type { RequirementState } from "../reviewers/requirement.ts";
import type { Classification } from "../risk/fired-rule.ts";
import type { Bundle, RouteRecord } from "../routes/route-file.ts";
import type { Stage, Tier, VerdictState } from "../scales.ts";
import type { PolicyEffects } from "./describe-effect.ts";
import type { BundleRow } from "./compare-rows.ts";

export type { ReviewFinding } from "../approvals/review-finding.ts";

/** A node of the tree of reasons. `state` of a parent is the worst of its children. */
export interface Reason {
  /** Stable kebab-case id. */
  code: string;
  state: "ok" | "info" | "waiting" | "blocked" | "invalid";
  /** One plain sentence, not yet escaped. */
  text: string;
  place: Place | null;
  children: readonly Reason[];
}

/** What one gate asks before a stage may be entered (SPEC 10). */
export interface GateFinding {
  gate: string;
  state: "ok" | "waiting" | "blocked";
  text: string;
  /** Null when a change of the file cannot mend it. */
  place: Place | null;
}

export interface RouteVerdict {
  flagKey: string;
  environment: string;
  path: string;
  binding: string | null;
  workflow: string | null;
  owner: string;
  state: VerdictState;
  classification: Classification;
  requirements: readonly RequirementState[];
  reviews: readonly ReviewFinding[];
  evidence: readonly EvidenceFinding[];
  gates: readonly GateFinding[];
  guardrails: readonly GuardrailFinding[];
  /** The operator's templates among the route's metrics. Absent: none. */
  operatorMetrics?: readonly OperatorMetric[];
  /** Stage that the head asks for; null when it asks for none. */
  asked: Stage | null;
  status: string;
  live: LiveState | null;
  latch: Latch | null;
  baseline: Bundle;
  candidate: Bundle | null;
  /** Baseline and candidate side by side, for people. */
  rows: readonly BundleRow[];
  baselineDigest: string | null;
  candidateDigest: string | null;
  /** Audiences and exclusions that the asked stage would have, for people. */
  exposure: { audience: string; share: string; excluded: readonly string[] };
  rollback: { value: string; owner: string | null; rehearsal: string };
  cleanup: string;
  /** What the authors concluded from the stage behind them (SPEC 2, `approval.outcome`). Absent: nothing. */
  outcome?: NonNullable<RouteRecord["approval"]["outcome"]>;
  audit: Readonly<Record<string, string>>;
  /** What the stages after the asked one will need: roles and evidence, for people. */
  later: readonly { stage: Stage; needs: readonly string[] }[];
  /** Digest of everything that a review of this route is bound to (SPEC 7); null when the route cannot be read. */
  contentDigest: string | null;
  problems: readonly Problem[];
  reasons: readonly Reason[];
  /** What to do next, most urgent first, in plain sentences. */
  next: readonly string[];
}

/** How a change of the rules themselves stands (SPEC 3): policy, CODEOWNERS, role paths. */
export interface GovernanceVerdict {
  state: VerdictState;
  paths: readonly string[];
  classification: Classification;
  requirements: readonly RequirementState[];
  reviews: readonly ReviewFinding[];
  contentDigest: string | null;
  problems: readonly Problem[];
  reasons: readonly Reason[];
  next: readonly string[];
}

/** How one file of another gateway stands. It moves no flag (docs/gateway-files.md). */
export interface GatewayVerdict {
  path: string;
  kind: GatewayKind;
  /** The file disappears, or becomes something else. */
  isRemoved: boolean;
  state: VerdictState;
  /** Routes of the file that change. */
  routes: readonly GatewayRouteChange[];
  classification: Classification;
  requirements: readonly RequirementState[];
  reviews: readonly ReviewFinding[];
  contentDigest: string | null;
  problems: readonly Problem[];
  reasons: readonly Reason[];
  next: readonly string[];
}

export interface Verdict {
  state: VerdictState;
  tier: Tier;
  /** One sentence for the check run's title. */
  title: string;
  routes: readonly RouteVerdict[];
  /** Files of other gateways that the pull request touches, sorted by path. */
  gateways: readonly GatewayVerdict[];
  /** Null when the pull request does not touch the rules. */
  governance: GovernanceVerdict | null;
  /** What the edit of the rules would do to the other open pull requests; absent where nobody asked. */
  policyEffects?: PolicyEffects;
  /** Problems that belong to no single route: policy, CODEOWNERS, limits. */
  problems: readonly Problem[];
  reasons: readonly Reason[];
  /** What to do next, most urgent first, in plain sentences. */
  next: readonly string[];
  /** People to ask and to stop asking. Logins without `@`; team slugs without organisation. */
  request: { users: readonly string[]; teams: readonly string[] };
  withdraw: { users: readonly string[]; teams: readonly string[] };
  mode: "enforce" | "report";
  policyDigest: string;
}
