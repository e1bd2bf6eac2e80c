import type { ApprovalCount } from "../approvals/count-approvals.ts";
import { greatestShare } from "../risk/compare-exposure.ts";
import type { RouteAssessment } from "./assessment.ts";
import { explainGates, explainProblems, explainRequirements, groupReasons, stateOfReasons } from "./reasons.ts";
import type { RouteVerdict } from "./verdict.ts";

/** Gates that hold an open pull request only: the rollout of a merged one waits for them by itself. */
const gatesBeforeMerge: readonly string[] = ["freeze"];

/** The verdict on one route: its assessment and how its reviews count. */
export function judgeRoute(route: RouteAssessment, count: ApprovalCount, isMerged: boolean): RouteVerdict {
  const { state, classification, live, latch, problems } = route;
  const { record, path } = state.file;
  const gates = isMerged ? route.gates.filter((gate) => !gatesBeforeMerge.includes(gate.gate)) : route.gates;
  const reasons = [
    groupReasons("problems", "the files can be read and do nothing that is forbidden", explainProblems(problems)),
    groupReasons(
      "gates",
      route.asked === null ? "no stage is asked for" : `gates of ${route.asked}`,
      explainGates(gates),
    ),
    groupReasons("roles", "the roles that must approve", explainRequirements(count)),
  ];
  return {
    flagKey: record.flagKey,
    environment: record.environment,
    path,
    binding: route.binding?.name ?? null,
    workflow: record.workflow,
    owner: record.owner,
    state: stateOfReasons(reasons),
    classification,
    requirements: count.states,
    reviews: count.reviews,
    evidence: route.evidence,
    gates,
    guardrails: route.guardrails,
    ...(route.operatorMetrics === undefined ? {} : { operatorMetrics: route.operatorMetrics }),
    asked: route.asked,
    status: route.isRemoved ? "removed" : record.approval.status,
    live,
    latch,
    baseline: record.baseline,
    candidate: record.candidate,
    rows: route.rows,
    baselineDigest: state.baselineDigest,
    candidateDigest: state.candidateDigest,
    exposure: describeExposure(route),
    rollback: {
      value: `baseline${state.baselineDigest === null ? "" : ` ${state.baselineDigest}`}`,
      owner: record.rollback?.owner ?? null,
      rehearsal: route.rehearsal,
    },
    cleanup: describeCleanup(route),
    ...(record.approval.outcome === null ? {} : { outcome: record.approval.outcome }),
    audit: record.audit,
    later: route.later,
    contentDigest: route.contentDigest,
    problems,
    reasons,
    next: listNextOfRoute(route, gates, count),
  };
}

function describeExposure({ asked, plan, state, audiences }: RouteAssessment): RouteVerdict["exposure"] {
  const { excluded } = state.file.record.exposure;
  if (asked === null || asked === "offline-eval")
    return { audience: "nobody", share: "baseline to everyone", excluded };
  if (asked === "shadow") return { audience: "everyone", share: "baseline served, candidate shadowed", excluded };
  const step = plan.find((each) => each.stage === asked);
  if (asked === "default") return { audience: "everyone not excluded", share: "100 %", excluded };
  const name = step?.audience ?? null;
  const audience = name !== null && Object.hasOwn(audiences, name) ? (audiences[name] ?? null) : null;
  const steps = step?.steps ?? [];
  const share =
    step === undefined
      ? "unknown"
      : steps.length > 0
        ? steps.map((percent) => `${percent} %`).join(", then ")
        : `${greatestShare(step, audience)} %`;
  const fallbackName = asked === "ab-comparison" ? "all eligible" : "no audience is named";
  return { audience: name ?? fallbackName, share, excluded };
}

function describeCleanup({ state }: RouteAssessment): string {
  const { cleanup } = state.file.record;
  if (cleanup === null) return "not decided; needed before default";
  const verb = cleanup.decision === "remove" ? "remove by" : "permanent, review by";
  return `${verb} ${cleanup.date ?? "no date"}, ${cleanup.owner ?? "no owner"}`;
}

/** What mends it first, then who can block, then whom it waits for (SPEC 11, what to do next). */
function listNextOfRoute(
  route: RouteAssessment,
  gates: RouteVerdict["gates"],
  count: ApprovalCount,
): readonly string[] {
  const errors = route.problems.filter((problem) => problem.severity === "error");
  const at = (state: string): string[] => gates.filter((gate) => gate.state === state).map((gate) => gate.text);
  const roles = (states: readonly string[]): string[] =>
    count.states
      .filter((each) => states.includes(each.state))
      .map((each) => `${each.requirement.role}: ${each.explanation}`);
  return [
    ...errors.map((problem) => `${problem.path} line ${problem.line}: ${problem.message} ${problem.fix}`),
    ...at("blocked"),
    ...roles(["missing-owner", "changes-requested"]),
    ...count.holds,
    ...at("waiting"),
    ...roles(["waiting"]),
  ];
}
