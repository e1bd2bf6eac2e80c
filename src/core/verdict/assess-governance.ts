import { createHash } from "node:crypto";
import { digestContent, ownerLinesUsed } from "../approvals/digest-content.ts";
import type { FileFacts, SourceText } from "../facts.ts";
import { isFloorViolation, parsePolicy, policyPath } from "../policy/parse-policy.ts";
import type { Policy } from "../policy/policy.ts";
import type { Problem } from "../problem.ts";
import type { ParsedCodeowners } from "../reviewers/parse-codeowners.ts";
import { requireReviews } from "../reviewers/require-reviews.ts";
import { classifyGovernance, isGovernancePath } from "../risk/classify-governance.ts";
import type { GovernanceAssessment } from "./assessment.ts";

/**
 * Assesses an edit of the rules themselves: restricted, for the policy owner, judged by the rules in force (SPEC 3). Null when there is
 * none. A policy that could not be read after the merge, or that is weaker than the organisation's floor, is a problem here.
 */
export function assessGovernance(
  facts: FileFacts,
  policy: Policy,
  codeowners: ParsedCodeowners,
  options: { requireFloor?: boolean },
): GovernanceAssessment | null {
  const found = classifyGovernance(facts.changes.files);
  if (found === null) return null;
  const { paths, ...classification } = found;
  const requirements = requireReviews({
    classification,
    route: { stage: null, reviewers: [] },
    policy,
    codeowners,
    paths,
  });
  const problems = paths.includes(policyPath) ? checkNewPolicy(facts, options) : [];
  const isJudged = problems.every((problem) => problem.severity !== "error");
  return {
    paths,
    classification,
    requirements,
    problems,
    contentDigest: isJudged ? digestRules(facts, requirements, policy) : null,
  };
}

function checkNewPolicy(facts: FileFacts, options: { requireFloor?: boolean }): readonly Problem[] {
  const { head } = facts;
  const isThere = head.entries.some((entry) => entry.path === policyPath);
  const content = Object.hasOwn(head.contents, policyPath) ? head.contents[policyPath] : undefined;
  const source: SourceText =
    content?.kind === "text"
      ? { kind: "text", path: policyPath, text: content.text }
      : isThere
        ? { kind: "unreadable", path: policyPath, why: content?.kind ?? "it was not read" }
        : { kind: "absent" };
  const identify = ({ message, expected, found }: Problem): string => JSON.stringify([message, expected, found]);
  const before = parsePolicy(facts.policy, facts.floor, options).problems.filter(isFloorViolation).map(identify);
  // What was weaker before, because the organisation's policy grew stricter, is not this pull request's doing; the floor holds either way.
  return parsePolicy(source, facts.floor, options).problems.map((problem) => {
    if (!isFloorViolation(problem)) return problem;
    const known = before.indexOf(identify(problem));
    if (known < 0) return { ...problem, severity: "error" };
    before.splice(known, 1);
    return problem;
  });
}

/** A review of the rules is bound to every file of the rules as it would be merged, and to the rules by which it is judged. */
function digestRules(facts: FileFacts, requirements: GovernanceAssessment["requirements"], policy: Policy): string {
  const files = facts.head.entries
    .filter((entry) => isGovernancePath(entry.path))
    .map((entry) => JSON.stringify([entry.path, entry.mode, entry.oid]))
    .sort();
  const rules = createHash("sha256").update(JSON.stringify(files)).digest("hex");
  return digestContent({
    route: { rules },
    files: {},
    evidence: {},
    policy: policy.digest,
    owners: ownerLinesUsed(requirements),
  });
}
