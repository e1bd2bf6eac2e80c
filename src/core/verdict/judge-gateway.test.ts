import { expect, it } from "vitest";
import type { ApprovalCount } from "../approvals/count-approvals.ts";
import type { Problem } from "../problem.ts";
import type { RequirementState } from "../reviewers/requirement.ts";
import type { GatewayAssessment } from "./assessment.ts";
import { judgeGateway } from "./judge-gateway.ts";

const requirement = { role: "", count: 1, owners: [], source: "", focus: "", because: [], missing: null };
const state = (role: string, is: RequirementState["state"]): RequirementState => ({
  requirement: { ...requirement, role },
  state: is,
  filledBy: [],
  explanation: `${is}.`,
});
const problem = (severity: Problem["severity"], line: number): Problem => ({
  path: "gateway.yaml",
  line,
  column: 1,
  code: "odd",
  severity,
  message: "It is odd.",
  expected: "",
  found: "",
  fix: `Mend line ${line}.`,
});

function judge(problems: readonly Problem[], states: readonly RequirementState[], holds: readonly string[] = []) {
  // The verdict copies the rest of an assessment without a look.
  const gateway = {
    path: "gateway.yaml",
    problems,
    requirements: [],
    contentKey: "key",
  } as unknown as GatewayAssessment;
  const count: ApprovalCount = { states, reviews: [], holds };
  return judgeGateway(gateway, count);
}

it("what mends a gateway's file comes first, then who blocks, then whom it waits for", () => {
  const states = [
    state("a", "waiting"),
    state("b", "changes-requested"),
    state("c", "approved"),
    state("d", "missing-owner"),
  ];
  const verdict = judge([problem("warning", 1), problem("error", 2)], states, ["nobody is known"]);
  expect(verdict.next).toEqual([
    "gateway.yaml line 2: It is odd. Mend line 2.",
    "b: changes-requested.",
    "d: missing-owner.",
    "nobody is known",
    "a: waiting.",
  ]);
  expect(verdict.state).toBe("invalid");
});

it("reasons of a gateway's file are its problems and its roles", () => {
  const verdict = judge([problem("warning", 1)], [state("a", "approved")]);
  expect(verdict.reasons.map(({ code, text, state }) => [code, text, state])).toEqual([
    ["problems", "the file can be read and hides nothing", "info"],
    ["roles", "the roles that must approve", "ok"],
  ]);
  expect(verdict).toMatchObject({ state: "approved", path: "gateway.yaml", next: [], reviews: [] });
  expect(verdict.requirements).toEqual([state("a", "approved")]);
  expect(verdict).not.toHaveProperty("contentKey");
});
