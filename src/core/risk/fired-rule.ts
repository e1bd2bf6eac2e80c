import type { Place } from "../problem.ts";
import type { Tier, Trigger } from "../scales.ts";

/** A rule that applies to a change, with the sentence that people read (SPEC 5). */
export interface FiredRule {
  id: string;
  tier: Tier;
  triggers: readonly Trigger[];
  /** Names both values: "model family changed from gpt-4o to claude-sonnet-4-5". Plain text, not yet escaped. */
  sentence: string;
  place: Place;
  /** Which of the three differences showed it. */
  difference: "approved-to-merged" | "baseline-to-candidate" | "live-to-asked" | "pull-request";
}

export interface Classification {
  tier: Tier;
  /** Each once; sorted by tier (highest first), then id, difference, line and sentence. */
  fired: readonly FiredRule[];
  /** Triggers of all fired rules, sorted. */
  triggers: readonly Trigger[];
}
