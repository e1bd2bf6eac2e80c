import { digestContent, ownerLinesUsed } from "../approvals/digest-content.ts";
import type { BindingFacts, FileFacts } from "../facts.ts";
import type { Policy } from "../policy/policy.ts";
import type { ParsedCodeowners } from "../reviewers/parse-codeowners.ts";
import { requireReviews } from "../reviewers/require-reviews.ts";
import { checkRemoval } from "../risk/check-transition.ts";
import { sumUp } from "../risk/classify-route.ts";
import type { RouteContent } from "../risk/route-comparison.ts";
import { rowOf } from "../risk/rule-table.ts";
import type { RouteState } from "../routes/route-file.ts";
import type { RouteAssessment } from "./assessment.ts";
import { compareRows } from "./compare-rows.ts";

/** Assesses a route that the pull request makes disappear: allowed only when it is retired or serves nobody (SPEC 5). */
export function assessRemoval(
  input: { state: RouteState; binding: BindingFacts | null; approved: RouteContent | null },
  facts: FileFacts,
  policy: Policy,
  codeowners: ParsedCodeowners,
): RouteAssessment {
  const { state, binding, approved } = input;
  const { file } = state;
  const key = file.record.flagKey.toLowerCase();
  const ofFlag = (each: { binding: string; flagKey: string }): boolean =>
    binding !== null && each.binding === binding.name && each.flagKey.toLowerCase() === key;
  const live = facts.live.find(ofFlag) ?? null;
  const change = facts.changes.files.find((each) => each.path === file.path || each.previousPath === file.path);
  const why = describeChange(change, file.path);
  const place = { path: change?.path ?? file.path, line: 1, column: 1 };
  const problem = checkRemoval({ file, approved, live }, why, place);
  const sentence = `the route disappears (${why}); its flag serves nobody`;
  const classification = sumUp([{ ...rowOf("rollback"), sentence, place, difference: "approved-to-merged" }]);
  const requirements = requireReviews({
    classification,
    route: { stage: null, reviewers: [] },
    policy,
    codeowners,
    paths: [file.path],
  });
  const owners = ownerLinesUsed(requirements);
  const content = { route: { removed: file.record.flagKey }, files: {}, evidence: {}, policy: policy.digest, owners };
  return {
    state,
    isRemoved: true,
    binding,
    classification,
    asked: null,
    plan: [],
    audiences: policy.audiences,
    requirements,
    evidence: [],
    guardrails: [],
    gates: [],
    later: [],
    live,
    latch: facts.latches.find(ofFlag) ?? null,
    rehearsal: "not needed",
    rows: compareRows(state),
    contentKey: `${file.path}#removed`,
    contentDigest: problem === null ? digestContent(content) : null,
    problems: problem === null ? [] : [problem],
  };
}

function describeChange(change: FileFacts["changes"]["files"][number] | undefined, path: string): string {
  if (change === undefined) return "it is no route file any more";
  if (change.previousPath === path) return "the file is moved out of the route globs or becomes another route";
  return change.status === "removed" ? "the file is deleted" : "flagKey or environment changed";
}
