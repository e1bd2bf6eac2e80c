import type { Policy } from "../policy/policy.ts";
import { cut, type Place } from "../problem.ts";
import type { Classification } from "../risk/fired-rule.ts";
import { atLeast, stages, tiers, worstOf, type Stage, type Tier, type Trigger } from "../scales.ts";
import { fileOwnerRole, isRoleName, ownersOfRole, type RoleOwners } from "./owners-of-role.ts";
import { isOwnerName, type ParsedCodeowners } from "./parse-codeowners.ts";
import type { ReviewRequirement } from "./requirement.ts";

/** What decides who must review one route. */
export interface RequirementInput {
  classification: Classification;
  route: {
    /** Stage that the head asks for; null for none. */
    stage: Stage | null;
    /** `approval.reviewers`, the union of approved, base and head (SPEC 5). */
    reviewers: readonly string[];
    /** Where the author names them. */
    reviewersPlace?: Place;
  };
  policy: Pick<Policy, "roles" | "stages" | "approvals">;
  codeowners: ParsedCodeowners;
  /** The route file's name after the change first, then its old names. */
  paths: readonly string[];
}

/** Who answers for what (SPEC 6). The order is the order in which requirements are shown. */
export const roleOfTrigger: Readonly<Record<Trigger, string>> = {
  quality: "product-owner",
  platform: "ai-platform-owner",
  cost: "finance-owner",
  latency: "operations-owner",
  data: "security-owner",
  exposure: "release-owner",
  governance: "policy-owner",
};

const focusOfRole: Readonly<Record<string, string>> = {
  "product-owner": "the candidate improves the workflow that matters",
  "ai-platform-owner": "the route is reliable, observable and reversible",
  "finance-owner": "the cost per successful outcome is acceptable",
  "operations-owner": "service targets and incident paths hold",
  "security-owner": "data handling requirements are respected",
  "release-owner": "first audience, guardrails and rollback path are approved",
  "policy-owner": "the rules themselves",
  [fileOwnerRole]: "the change is what it says",
};

const roleOfTier: Readonly<Record<Tier, readonly string[]>> = {
  low: [],
  medium: ["ai-platform-owner"],
  high: ["product-owner", "ai-platform-owner"],
  restricted: ["product-owner", "ai-platform-owner"],
};

/** The policy's domain reviewer (SPEC 6): owners of this role may stand in for security at the restricted tier. */
const domainReviewerRole = "domain-reviewer";

/**
 * The reviews that one route needs (SPEC 6): roles of the triggers, what the tier adds, the policy's gate for the asked
 * stage, and the author's own wishes, which only add. A renamed file needs the owners under both names.
 *
 * Sorted: the roles of SPEC 6 first, in its order, then the others by name.
 */
export function requireReviews(input: RequirementInput): ReviewRequirement[] {
  const reasons = collectRoles(input);
  const requirements: ReviewRequirement[] = [];
  for (const [role, because] of reasons) {
    requirements.push(...requirementsForRole(input, role, because));
  }
  return [...requirements, ...requireDomainReview(input, reasons)].sort(compareRequirements);
}

/** Roles to the reasons for them. */
function collectRoles(input: RequirementInput): Map<string, Set<string>> {
  const { classification, route, policy } = input;
  const reasons = new Map<string, Set<string>>();
  const add = (role: string, reason: string): void => {
    const known = reasons.get(role);
    if (known === undefined) reasons.set(role, new Set([reason]));
    else known.add(reason);
  };

  for (const rule of classification.fired) {
    // A low rule has nothing to ask a specialist: its file's owner is enough.
    if (rule.tier === "low") continue;
    for (const trigger of rule.triggers) add(roleOfTrigger[trigger], rule.id);
  }
  const tier = tierOfRoute(classification);
  for (const role of roleOfTier[tier]) add(role, `${tier} risk`);
  // Other low changes enter no stage: words, evidence, a draft, or the way back.
  if (route.stage !== null && (classification.tier !== "low" || fires(classification, "non-production-only"))) {
    for (const role of policy.stages[route.stage]?.roles ?? []) add(role, `policy: gate of ${route.stage}`);
  }
  if (classification.tier === "low") add(fileOwnerRole, "low risk");
  // A draft is only looked after by its file's owner, and going back waits for nobody else (SPEC, principle 5).
  const asksNobodyElse = fires(classification, "draft-only") || fires(classification, "rollback");
  if (!(classification.tier === "low" && asksNobodyElse)) {
    for (const wish of route.reviewers) add(wish.startsWith("@") ? wish.toLowerCase() : wish, "approval.reviewers");
  }
  return reasons;
}

/**
 * The tier as far as the route itself has one: a change of the rules is the policy owner's alone and asks no specialist
 * for the route.
 */
function tierOfRoute(classification: Classification): Tier {
  const ofRoute = classification.fired.filter(
    ({ triggers }) => !(triggers.length === 1 && triggers.includes("governance")),
  );
  return worstOf(
    tiers,
    ofRoute.map((rule) => rule.tier),
    "low",
  );
}

function fires(classification: Classification, id: string): boolean {
  return classification.fired.some((rule) => rule.id === id);
}

/** Shadow counts as live where data is concerned (SPEC 6). */
function isLiveStage(stage: Stage): boolean {
  return atLeast(stages, stage, "shadow");
}

/** Restricted needs security or the domain reviewer before any live exposure, when no rule asked for security by itself. */
function requireDomainReview(input: RequirementInput, reasons: ReadonlyMap<string, unknown>): ReviewRequirement[] {
  const { route, classification, codeowners, policy } = input;
  if (tierOfRoute(classification) !== "restricted" || reasons.has("security-owner")) return [];
  if (route.stage === null || !isLiveStage(route.stage)) return [];
  const because = new Set(["restricted risk"]);
  return requirementsForRole(input, "security-owner", because).map((requirement) => {
    const domain = ownersOfRole(codeowners, policy, domainReviewerRole, input.paths[0] ?? "", "restricted");
    if (domain.kind === "missing") return requirement;
    const { place } = domain;
    const line = place === null ? {} : requirement.missing === null ? { orPlace: place } : { place };
    return {
      ...requirement,
      ...line,
      owners: [...new Set([...requirement.owners, ...domain.owners])],
      source: requirement.missing === null ? `${requirement.source}; ${domain.source}` : domain.source,
      orRole: domainReviewerRole,
      missing: null,
    };
  });
}

/** One requirement for each set of owners: a renamed file has the owners of its old name beside those of the new one. */
function requirementsForRole(input: RequirementInput, role: string, because: ReadonlySet<string>): ReviewRequirement[] {
  const { paths, policy } = input;
  const common = {
    role,
    count: Math.max(1, Object.hasOwn(policy.approvals.counts, role) ? (policy.approvals.counts[role] ?? 1) : 1),
    focus: Object.hasOwn(focusOfRole, role)
      ? (focusOfRole[role] ?? "")
      : "what the author asked this reviewer to look at",
    because: [...because].sort(),
  };
  if (!isRoleName(role) && isOwnerName(role)) {
    const { reviewersPlace } = input.route;
    const place = reviewersPlace === undefined ? {} : { place: reviewersPlace };
    return [{ ...common, owners: [role], source: "named in approval.reviewers", ...place, missing: null }];
  }
  const requirements: ReviewRequirement[] = [];
  for (const [position, path] of paths.entries()) {
    const found = ownersOfRole(input.codeowners, policy, role, path, input.classification.tier);
    // An old name without owners has nobody to ask; the new name must have somebody.
    if (found.kind === "missing" && position > 0) continue;
    const requirement = fillOwners(common, found, role, position > 0 ? ` for the old name ${cut(path, 80)}` : "");
    const isKnown = requirements.some((known) => sameOwners(known.owners, requirement.owners));
    if (!isKnown) requirements.push(requirement);
  }
  return requirements;
}

function fillOwners(
  common: Pick<ReviewRequirement, "role" | "count" | "focus" | "because">,
  found: RoleOwners,
  role: string,
  note: string,
): ReviewRequirement {
  if (found.kind === "missing") {
    const { why, lineToAdd, place } = found;
    return { ...common, role: cut(role, 64), owners: [], source: "nobody", missing: { why, lineToAdd, place } };
  }
  const place = found.place === null ? {} : { place: found.place };
  const standIn = found.isSubstituted === true ? { isSubstituted: true as const } : {};
  return { ...common, owners: found.owners, source: `${found.source}${note}`, ...place, ...standIn, missing: null };
}

function sameOwners(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((owner) => b.includes(owner));
}

const shownFirst: readonly string[] = [...Object.values(roleOfTrigger), fileOwnerRole];

function compareRequirements(a: ReviewRequirement, b: ReviewRequirement): number {
  const rank = (role: string): number => (shownFirst.includes(role) ? shownFirst.indexOf(role) : shownFirst.length);
  return rank(a.role) - rank(b.role) || compareText(a.role, b.role) || compareText(a.source, b.source);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
