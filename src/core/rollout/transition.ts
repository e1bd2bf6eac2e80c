import type { RolloutFacts } from "./rollout-facts.ts";
import type { Step, StepKind } from "./step.ts";

/**
 * One row of the transition table. The rows are asked in order and the first whose `guard` holds gives the step, so the
 * table that people read is the one that runs.
 */
export interface Transition {
  /** Stable kebab-case id. */
  id: string;
  /** `way-back`: the latch is set. `forward`: it is not, or an approved merge released it. */
  state: "any" | "way-back" | "forward";
  /** The event or condition, as a sentence about the facts. */
  when: string;
  /** What is done, as a sentence. */
  effect: string;
  step: StepKind;
  guard: (facts: RolloutFacts) => boolean;
  plan: (facts: RolloutFacts) => Step;
}
