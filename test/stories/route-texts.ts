import { parseRouteFile } from "../../src/core/routes/parse-route-file.ts";
import { resolveRoute } from "../../src/core/routes/resolve-route.ts";

/** What a story's route differs in. */
export interface RouteInput {
  flagKey: string;
  /** `approved-for-testing` (low, one owner of the file) when absent. */
  status?: string;
  temperature?: number;
  /** The candidate's; the baseline's is openai. */
  provider?: string;
  reviewers?: readonly string[];
}

export function pathOfRoute(flagKey: string): string {
  return `model-routes/support/${flagKey}.yaml`;
}

function renderRoute({
  flagKey,
  status = "approved-for-testing",
  temperature = 0.3,
  provider = "openai",
  reviewers = [],
}: RouteInput): string {
  return `model_change:
  flagKey: ${flagKey}
  workflow: support-answer
  owner: support-ai-platform
  dataClasses: [public]
  baseline:
    provider: openai
    model: gpt-4o-2024-08-06
    parameters: { temperature: 0.2 }
  candidate:
    provider: ${provider}
    model: gpt-4o-2024-08-06
    parameters: { temperature: ${temperature} }
  approval:
    status: ${status}
    reviewers: [${reviewers.join(", ")}]
    evidence: [eval-${flagKey}]
  guardrails:
    - { name: quality, category: quality, metric: rubric-score, threshold: ">= 0.85", window: 24h, minSamples: 200 }
  exposure:
    plan:
      - { stage: internal-canary, audience: internal-support, soak: 24h }
  rollback: { defaultVariation: baseline, owner: ai-platform-owner }
`;
}

/** Digest of the candidate, as `routeward digest` says it. */
export function digestOfRoute(input: RouteInput): string {
  const path = pathOfRoute(input.flagKey);
  const parsed = parseRouteFile(path, { kind: "text", text: renderRoute(input) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { candidateDigest } = resolveRoute(parsed.value, { commit: "", complete: true, entries: [], contents: {} });
  return candidateDigest ?? "";
}

/** A complete route with the evidence that its tier accepts: medium at an internal canary, low while it is tested. */
export function makeRoute(input: RouteInput): Record<string, string> {
  const { flagKey } = input;
  return {
    [pathOfRoute(flagKey)]: renderRoute(input),
    [`model-routes/evidence/eval-${flagKey}.yaml`]: `id: eval-${flagKey}
kind: offline-eval
bundle: ${digestOfRoute(input)}
dataset: { name: support-golden-2026-06, digest: "sha256:${"a".repeat(64)}", size: 240 }
grader: rubric-v2
threshold: ">= 0.85"
result: 0.91
run: run-1
producedAt: 2026-06-15T08:00:00Z
`,
  };
}
