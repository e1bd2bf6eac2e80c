import type { EvidenceFinding } from "../evidence/evidence.ts";
import type { BindingFacts, FileFacts, Latch, LiveState } from "../facts.ts";
import type { GatewayKind } from "../gateways/gateway-route.ts";
import type { GatewayRouteChange } from "../gateways/compare-gateways.ts";
import type { OperatorMetric } from "../guardrails/operator-metrics.ts";
import type { GuardrailFinding } from "../guardrails/judgement.ts";
import type { Policy } from "../policy/policy.ts";
import type { Problem } from "../problem.ts";
import type { ReviewRequirement } from "../reviewers/requirement.ts";
import type { Classification } from "../risk/fired-rule.ts";
import type { PlanStep, RouteState } from "../routes/route-file.ts";
import type { Stage } from "../scales.ts";
import type { BundleRow } from "./compare-rows.ts";
import type { GateFinding, Reason } from "./verdict.ts";

/** What can be said about one route before people are asked (ARCHITECTURE, the walk, step 3). */
export interface RouteAssessment {
  /** What would be merged; the state at the base when the route disappears. */
  state: RouteState;
  isRemoved: boolean;
  binding: BindingFacts | null;
  classification: Classification;
  /** Stage that the merged record asks for. */
  asked: Stage | null;
  plan: readonly PlanStep[];
  /** The audiences of the policy in force. */
  audiences: Policy["audiences"];
  requirements: readonly ReviewRequirement[];
  evidence: readonly EvidenceFinding[];
  guardrails: readonly GuardrailFinding[];
  /** The operator's templates among the route's metrics. Absent: none. */
  operatorMetrics?: readonly OperatorMetric[];
  gates: readonly GateFinding[];
  later: readonly { stage: Stage; needs: readonly string[] }[];
  live: LiveState | null;
  latch: Latch | null;
  rehearsal: string;
  rows: readonly BundleRow[];
  /** Key of its digest in `ReviewFacts.content`: the path; a removed route gives way to another one in the same file. */
  contentKey: string;
  /** Null when the route cannot be judged: then no review counts. */
  contentDigest: string | null;
  problems: readonly Problem[];
}

/** A change of the rules themselves (SPEC 3). */
export interface GovernanceAssessment {
  paths: readonly string[];
  classification: Classification;
  requirements: readonly ReviewRequirement[];
  contentDigest: string | null;
  problems: readonly Problem[];
}

/** A file of another gateway that the pull request touches, as routes. */
export interface GatewayAssessment {
  path: string;
  kind: GatewayKind;
  isRemoved: boolean;
  routes: readonly GatewayRouteChange[];
  classification: Classification;
  requirements: readonly ReviewRequirement[];
  /** Key of its digest in `ReviewFacts.content`. */
  contentKey: string;
  contentDigest: string | null;
  problems: readonly Problem[];
}

/** Key under which `ReviewFacts.content` holds the digest of a governance change; no route file can bear it. */
export const governanceKey = ":governance";

export interface Assessment {
  /** The facts that decide about people and wording; the files' contents are left behind. */
  pull: FileFacts["pull"];
  repository: FileFacts["repository"];
  at: string;
  isRelevant: boolean;
  policy: Policy;
  routes: readonly RouteAssessment[];
  gateways: readonly GatewayAssessment[];
  governance: GovernanceAssessment | null;
  /** Problems that belong to no single route. */
  problems: readonly Problem[];
  /** Hindrances of the whole pull request: other branch, conflicts, incomplete listings. */
  reasons: readonly Reason[];
  /** Lines of CODEOWNERS that were skipped as invalid, rising, and those of a role; GitHub's own reading is compared with it. */
  skippedOwnerLines: {
    path: string;
    lines: readonly number[];
    roleLines: readonly { line: number; role: string }[];
  };
  /** `@login` and `@org/team` names about whom people facts are needed; sorted. */
  ownersToAsk: readonly string[];
}

/** What a review that arrives now is bound to: content digests by `contentKey`, and by `governanceKey`. */
export function contentDigestsOf(
  assessment: Pick<Assessment, "routes" | "gateways" | "governance">,
): Readonly<Record<string, string>> {
  const entries: [string, string | null][] = [
    ...[...assessment.routes, ...assessment.gateways].map((route): [string, string | null] => [
      route.contentKey,
      route.contentDigest,
    ]),
    [governanceKey, assessment.governance?.contentDigest ?? null],
  ];
  return Object.fromEntries(entries.flatMap(([key, digest]) => (digest === null ? [] : [[key, digest]])));
}
