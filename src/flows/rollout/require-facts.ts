import { InternalError } from "../../core/problem.ts";
import type { FlagSnapshot } from "../../core/rollout/flag.ts";
import type { WantedStage } from "../../core/rollout/rollout-facts.ts";
import type { RolloutView } from "./gather-rollout.ts";

/** The flag as it was read; a step on a flag is never planned without. */
export function requireFlag(flag: FlagSnapshot | null): FlagSnapshot {
  if (flag === null) throw new InternalError("a step on a flag that is not there");
  return flag;
}

/** The wanted stage; a step that needs one is never planned without. */
export function requireStage(view: RolloutView): WantedStage {
  const { wanted } = view.facts;
  if (wanted.kind !== "stage") throw new InternalError("a step towards no stage");
  return wanted;
}
