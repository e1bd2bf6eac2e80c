import type { ApprovalCount } from "../approvals/count-approvals.ts";
import type { GatewayAssessment } from "./assessment.ts";
import { explainProblems, explainRequirements, groupReasons, stateOfReasons } from "./reasons.ts";
import type { GatewayVerdict } from "./verdict.ts";

/** The verdict on one file of a gateway: its assessment and how its reviews count. */
export function judgeGateway(gateway: GatewayAssessment, count: ApprovalCount): GatewayVerdict {
  const { requirements: _required, contentKey: _key, ...assessed } = gateway;
  const reasons = [
    groupReasons("problems", "the file can be read and hides nothing", explainProblems(gateway.problems)),
    groupReasons("roles", "the roles that must approve", explainRequirements(count)),
  ];
  const errors = gateway.problems.filter((problem) => problem.severity === "error");
  const roles = (states: readonly string[]): string[] =>
    count.states
      .filter((each) => states.includes(each.state))
      .map((each) => `${each.requirement.role}: ${each.explanation}`);
  return {
    ...assessed,
    state: stateOfReasons(reasons),
    requirements: count.states,
    reviews: count.reviews,
    reasons,
    next: [
      ...errors.map((problem) => `${problem.path} line ${problem.line}: ${problem.message} ${problem.fix}`),
      ...roles(["missing-owner", "changes-requested"]),
      ...count.holds,
      ...roles(["waiting"]),
    ],
  };
}
