import type { ApprovalCount } from "../approvals/count-approvals.ts";
import type { Problem } from "../problem.ts";
import type { VerdictState } from "../scales.ts";
import type { GateFinding, Reason } from "./verdict.ts";

/** States of a reason, best first. */
const reasonStates = ["info", "ok", "waiting", "blocked", "invalid"] as const;

/** The verdict that reasons amount to: approved when nothing in them stands against it. */
export function stateOfReasons(reasons: readonly Reason[]): VerdictState {
  switch (worstReason(reasons)) {
    case "invalid":
      return "invalid";
    case "blocked":
      return "blocked";
    case "waiting":
      return "waiting";
    case "ok":
    case "info":
    default:
      return "approved";
  }
}

function worstReason(reasons: readonly Reason[]): Reason["state"] {
  return reasons.reduce<Reason["state"]>(
    (state, reason) => (reasonStates.indexOf(reason.state) > reasonStates.indexOf(state) ? reason.state : state),
    "info",
  );
}

/** A node whose state is the worst of its children. */
export function groupReasons(code: string, text: string, children: readonly Reason[]): Reason {
  return { code, state: worstReason(children), text, place: null, children };
}

export function explainProblems(problems: readonly Problem[]): readonly Reason[] {
  return problems.map(({ code, severity, message, path, line, column }) => ({
    code,
    state: severity === "error" ? "invalid" : "info",
    text: message,
    place: { path, line, column },
    children: [],
  }));
}

export function explainGates(gates: readonly GateFinding[]): readonly Reason[] {
  return gates.map(({ gate, state, text, place }) => ({ code: gate, state, text, place, children: [] }));
}

/** Roles and whatever keeps all reviews from counting. Without a single role nobody has looked at it: that is no approval. */
export function explainRequirements({ states, holds }: Pick<ApprovalCount, "states" | "holds">): readonly Reason[] {
  if (states.length === 0) {
    const text = "no reviewer could be determined, so nobody can approve";
    return [{ code: "no-reviewers", state: "blocked", text, place: null, children: [] }];
  }
  return [
    ...states.map(({ requirement, state, explanation }): Reason => {
      const text = `${requirement.role}: ${explanation}`;
      const place = requirement.place ?? null;
      return { code: `role-${requirement.role}`, state: stateOfRole(state), text, place, children: [] };
    }),
    ...holds.map((text): Reason => ({ code: "reviews-held", state: "blocked", text, place: null, children: [] })),
  ];
}

function stateOfRole(state: ApprovalCount["states"][number]["state"]): Reason["state"] {
  if (state === "approved") return "ok";
  return state === "waiting" ? "waiting" : "blocked";
}
