import { chooseReviewers } from "./approvals/choose-reviewers.ts";
import { countApprovals, type ApprovalCount } from "./approvals/count-approvals.ts";
import type { PeopleFacts } from "./facts.ts";
import type { Problem } from "./problem.ts";
import { checkOwners } from "./reviewers/check-owners.ts";
import { checkRoles } from "./reviewers/check-roles.ts";
import type { RequirementState } from "./reviewers/requirement.ts";
import { tiers, verdictStates, worst, worstOf, type Tier, type VerdictState } from "./scales.ts";
import {
  governanceKey,
  type Assessment,
  type GatewayAssessment,
  type GovernanceAssessment,
  type RouteAssessment,
} from "./verdict/assessment.ts";
import { judgeGateway } from "./verdict/judge-gateway.ts";
import { judgeRoute } from "./verdict/judge-route.ts";
import { explainProblems, explainRequirements, stateOfReasons } from "./verdict/reasons.ts";
import { renderTitle } from "./verdict/render-title.ts";
import { listNext } from "./verdict/list-next.ts";
import type { GovernanceVerdict, Reason, Verdict } from "./verdict/verdict.ts";

/**
 * The verdict on a pull request, open or merged: an assessment and what people said (ARCHITECTURE, the walk, step 4). The worst verdict of
 * its routes is the pull request's (SPEC 5). Total, and equal for equal facts.
 *
 * For a merged pull request the same is asked of what was merged; what only concerns open ones, conflicts and drafts and freeze windows,
 * holds nothing back: the rollout itself waits for the end of a freeze.
 */
export function decide(assessment: Assessment, people: PeopleFacts): Verdict {
  const { policy, pull } = assessment;
  const common = { mode: policy.mode, policyDigest: policy.digest };
  const nobody = { users: [], teams: [] };
  if (!assessment.isRelevant) {
    return {
      ...common,
      state: "not-applicable",
      tier: "low",
      title: "No model route and no rule is touched",
      routes: [],
      gateways: [],
      governance: null,
      problems: [],
      reasons: [],
      next: [],
      request: nobody,
      withdraw: chooseReviewers([], [], people, pull, false).withdraw,
    };
  }

  const counted = assessment.routes.map((route) => ({ route, count: countFor(route, assessment, people) }));
  const routes = counted.map(({ route, count }) => judgeRoute(route, count, pull.merged));
  const gateways = assessment.gateways.map((each) => judgeGateway(each, countFor(each, assessment, people)));
  const { governance } = assessment;
  const governed = governance === null ? null : judgeGovernance(governance, assessment, people);
  const requirements = [
    ...assessment.routes,
    ...assessment.gateways,
    ...(governance === null ? [] : [governance]),
  ].flatMap((each) => each.requirements);
  const problems = [...assessment.problems, ...checkRoles(requirements), ...checkOwners(requirements, people.owners)];
  const reasons: Reason[] = [
    ...assessment.reasons,
    ...explainProblems(assessment.problems),
    ...checkCodeowners(requirements, assessment.skippedOwnerLines, people.codeownersErrors),
  ];
  const judged = [
    ...[...routes, ...gateways].map((each) => each.state),
    ...(governed === null ? [] : [governed.state]),
    ...(reasons.length === 0 ? [] : [stateOfReasons(reasons)]),
  ].reduce<VerdictState>((a, b) => worst(verdictStates, a, b), "not-applicable");
  // Towards another branch nothing is released, so nothing is wrong either: the reason is what people must see (SPEC 3).
  const state = reasons.some((reason) => reason.code === "other-branch") ? "waiting" : judged;
  const tier = worstOf<Tier>(
    tiers,
    [...routes, ...gateways, ...(governed === null ? [] : [governed])].map((each) => each.classification.tier),
    "low",
  );
  const asked = [...routes, ...gateways, ...(governed === null ? [] : [governed])].filter(
    (each) => each.state !== "invalid",
  );
  const choice = chooseReviewers(
    asked.flatMap((each) => each.requirements),
    asked.flatMap((each) => each.reviews),
    people,
    pull,
    policy.approvals.separationOfDuties.includes(tier),
  );
  const verdict = { ...common, state, tier, routes, gateways, governance: governed, problems, reasons };
  const next = listNext(verdict, choice);
  return {
    ...verdict,
    next,
    title: renderTitle({ ...verdict, next }),
    request: choice.request,
    withdraw: choice.withdraw,
  };
}

function countFor(
  route: RouteAssessment | GatewayAssessment,
  { policy, pull }: Assessment,
  people: PeopleFacts,
): ApprovalCount {
  return countApprovals(route.requirements, people, {
    path: route.contentKey,
    contentDigest: route.contentDigest,
    tier: route.classification.tier,
    author: pull.author,
    separationOfDuties: policy.approvals.separationOfDuties,
  });
}

function judgeGovernance(
  governance: GovernanceAssessment,
  { policy, pull }: Assessment,
  people: PeopleFacts,
): GovernanceVerdict {
  const { classification, contentDigest, paths, problems } = governance;
  const count = countApprovals(governance.requirements, people, {
    path: governanceKey,
    contentDigest,
    tier: classification.tier,
    author: pull.author,
    separationOfDuties: policy.approvals.separationOfDuties,
  });
  const reasons = [...explainProblems(problems), ...explainRequirements(count)];
  const state = stateOfReasons(reasons);
  const verdict = { state, paths, classification, contentDigest, problems, reasons };
  const next = listNextOfRules(problems, count.states);
  return { ...verdict, requirements: count.states, reviews: count.reviews, next };
}

function listNextOfRules(problems: readonly Problem[], states: readonly RequirementState[]): readonly string[] {
  return [
    ...problems
      .filter((problem) => problem.severity === "error")
      .map((problem) => `${problem.path} line ${problem.line}: ${problem.message} ${problem.fix}`),
    ...states
      .filter((each) => each.state !== "approved")
      .map((each) => `${each.requirement.role}: ${each.explanation}`),
  ];
}

/**
 * GitHub's own reading of CODEOWNERS is asked too (facts/formats.md section 5). Where it skips a line that we used to find a reviewer, ours is
 * wrong and nothing is approved by it. Where it uses a line that we skip, that line may name others: when it stands after one that we used,
 * because the last one that matches wins, and wherever it stands when it names a role for which we took the owners of the file.
 * GitHub's complaints about people are left to `checkOwners`, which knows them by name.
 */
function checkCodeowners(
  requirements: Assessment["routes"][number]["requirements"],
  skipped: Assessment["skippedOwnerLines"],
  answered: PeopleFacts["codeownersErrors"],
): readonly Reason[] {
  // Null: GitHub does not answer this question here, so there is nothing to compare with.
  if (answered === null) return [];
  const used = requirements.flatMap(({ place, orPlace }) => [place, orPlace].filter((each) => each !== undefined));
  const substituted = new Set(requirements.flatMap((each) => (each.isSubstituted === true ? [each.role] : [])));
  const named = new Set(skipped.roleLines.flatMap(({ line, role }) => (substituted.has(role) ? [line] : [])));
  const errors = answered.filter(({ kind }) => !/unknown owner/i.test(kind));
  const refused = errors.filter((error) =>
    used.some((place) => place.line === error.line && place.path === error.path),
  );
  const accepted = skipped.lines.filter(
    (line) =>
      (named.has(line) || used.some((place) => place.path === skipped.path && place.line < line)) &&
      !errors.some((error) => error.path === skipped.path && error.line === line),
  );
  return [
    ...[...new Set(refused.map((error) => error.line))]
      .sort((a, b) => a - b)
      .map((line): Reason => {
        const error = refused.find((each) => each.line === line);
        const place = used.find((each) => each.line === line) ?? null;
        const text = `GitHub ignores CODEOWNERS line ${line} (${error?.kind ?? "error"}), from which a reviewer was taken; mend the line`;
        return { code: "codeowners-mismatch", state: "blocked", text, place, children: [] };
      }),
    ...accepted.map((line): Reason => {
      const text = `GitHub uses CODEOWNERS line ${line}, which Routeward cannot read, so it may name other reviewers; write it in a simpler form`;
      const place = { path: skipped.path, line, column: 1 };
      return { code: "codeowners-mismatch", state: "blocked", text, place, children: [] };
    }),
  ];
}
