import type { LiveState } from "../core/facts.ts";
import type { FlagWatch } from "../core/rollout/judge-step.ts";
import { identifyWatch, isFresh, isWatched } from "../core/rollout/watch.ts";
import { renderDuration } from "../core/verdict/render-duration.ts";

/** How the guardrail watch of a live flag stands, in one sentence for people; null when there is nothing to watch. */
export function describeWatch(live: LiveState, { entry, everyMs }: FlagWatch, at: string): string | null {
  if (!isWatched(live)) return null;
  if (entry === null || entry.of !== identifyWatch(live)) return "Guardrails: not read since this step began.";
  const soaked = `soaked ${renderDuration(entry.soakedMs)} of ${renderDuration(entry.wantedMs)}`;
  if (!isFresh(entry, at, everyMs))
    return `Guardrails: last read at ${entry.at}; ${soaked}, and the clock stands until they are read again.`;
  if (entry.clock === "stopped") return `Guardrails: ${soaked}; the clock stands: ${entry.why}.`;
  const frozen = entry.frozen === null ? "" : `; ${entry.frozen}`;
  return `Guardrails: all ${entry.guardrails.length} pass; ${soaked}${frozen}.`;
}
