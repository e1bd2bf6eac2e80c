import type { FoundModel } from "./find-models.ts";

/** Roles of SPEC 6, each with what its owner answers for. */
export const startRoles: readonly (readonly [role: string, focus: string])[] = [
  ["product-owner", "the candidate improves the workflow that matters"],
  ["ai-platform-owner", "reliable, observable, reversible"],
  ["finance-owner", "cost per successful outcome"],
  ["operations-owner", "service targets and incident paths"],
  ["security-owner", "handling of sensitive data"],
  ["release-owner", "first audience, guardrails and rollback path"],
  ["policy-owner", "the rules themselves"],
];

export const placeholderModel = "replace-with-your-model-id";

/** A route file that parses and is judged: the baseline that runs today, and no candidate yet. */
export function renderRouteFile(input: {
  flagKey: string;
  workflow: string;
  owner: string;
  model: FoundModel | null;
}): string {
  const { flagKey, workflow, owner, model } = input;
  const text = (value: string): string => JSON.stringify(value);
  return [
    "# What the application calls for one workflow. `routeward check` shows how a change of this file would be judged.",
    "model_change:",
    `  flagKey: ${text(flagKey)}`,
    `  workflow: ${text(workflow)}`,
    `  owner: ${text(owner)}`,
    "  environment: production",
    "  # Undeclared data blocks customer stages. Any of: public internal customer personal regulated financial-decision",
    "  # permission-decision legal-terms irreversible-action",
    "  # dataClasses: [public]",
    "  baseline: # what runs today; say all of it, since the whole bundle is approved and not the model's name",
    ...(model === null ? [] : [`    provider: ${text(model.provider)}`]),
    `    model: ${text(model?.id ?? placeholderModel)}`,
    "    # promptVersion: v1",
    "    # prompt: prompts/answer.md",
    "    # parameters: { temperature: 0.2 }",
    "    # timeoutMs: 8000",
    "    # fallback: static-answer",
    "  # candidate: # the same fields; needed from `approved-for-testing` on",
    "  #   model: another-model",
    "  approval:",
    "    status: draft # then approved-for-testing, approved-for-canary, ... approved-as-default",
    "    evidence: []",
    "  exposure:",
    "    firstAudience: internal-testers",
    "    excluded: []",
    "  rollback:",
    "    defaultVariation: baseline",
    "",
  ].join("\n");
}

/** A policy with an internal audience and one query template for each category that customer stages must cover. */
export function renderPolicy(): string {
  const labels = String.raw`{route="$route",variation="$variation"}`;
  const sum = (name: string): string => `'sum(increase(${name}${labels}[$window]))'`;
  const ratio = (name: string, category: string, above: string, below: string): string[] => [
    `  ${name}:`,
    `    category: ${category}`,
    `    numerator: ${sum(above)}`,
    `    denominator: ${sum(below)}`,
  ];
  return [
    "# The rules that every change of a model route is judged by, once they stand on the default branch.",
    "version: 1",
    'routes: ["model-routes/**/*.{yaml,yml}"]',
    "evidence: model-routes/evidence",
    "evidenceMaxAge: 30d",
    "audiences:",
    "  internal-testers:",
    "    internal: true",
    "    where: [{ property: team, in: [internal] }] # your own attribute of your own people",
    "  all-eligible: {}",
    "metrics: # authors choose a template, they do not write queries; $route, $variation and $window are filled in",
    ...ratio("answer-quality", "quality", "route_rubric_score_sum", "route_rubric_score_count"),
    "  latency-p95:",
    "    category: latency",
    `    value: 'histogram_quantile(0.95, sum by (le) (rate(route_duration_seconds_bucket${labels}[$window])))'`,
    `    samples: ${sum("route_duration_seconds_count")}`,
    ...ratio("cost-per-request", "cost", "route_cost_usd_total", "route_requests_total"),
    ...ratio("fallback-rate", "fallback", "route_fallback_total", "route_requests_total"),
    "  unsafe-reports:",
    "    category: safety",
    `    value: ${sum("unsafe_output_reports_total")}`,
    ...ratio("accepted-rate", "business", "route_accepted_total", "route_requests_total"),
    "approvals:",
    "  separationOfDuties: [high, restricted]",
    "onBreach: pause",
    "drift: alert",
    "mode: enforce # with report the card is the same, the check always succeeds and no flag moves",
    "",
  ].join("\n");
}

/** CODEOWNERS lines for roles that have none, and for the route files when nobody owns them. */
export function renderOwnerLines(
  roles: readonly string[],
  owners: readonly string[],
  folder: string | null,
): readonly string[] {
  if (roles.length === 0 && folder === null) return [];
  const who = owners.join(" ");
  return [
    ...(folder === null ? [] : ["# Routeward: who owns the model routes", `/${folder}/ ${who}`]),
    ...(roles.length === 0
      ? []
      : ["# Routeward: who answers for which risk of a model route; /.github/roles/<role>/<path of the route file>"]),
    ...startRoles
      .filter(([role]) => roles.includes(role))
      .map(([role, focus]) => `${`/.github/roles/${role}/`.padEnd(36)} ${who} # ${focus}`),
  ];
}
