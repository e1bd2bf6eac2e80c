import { InternalError } from "../problem.ts";
import type { RolloutFacts } from "./rollout-facts.ts";
import type { Step } from "./step.ts";
import type { Transition } from "./transition.ts";
import { transitions } from "./transitions.ts";

/** The row of the transition table that fits the facts. Total: the last row fits everything. */
export function findTransition(facts: RolloutFacts): Transition {
  const row = transitions.find((transition) => transition.guard(facts));
  if (row === undefined) throw new InternalError("no transition fits");
  return row;
}

/** The one next thing to do for a flag (SPEC 12 and 13). */
export function planNextStep(facts: RolloutFacts): Step {
  return findTransition(facts).plan(facts);
}
