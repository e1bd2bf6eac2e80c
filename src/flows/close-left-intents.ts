import type { Effect } from "../core/effect.ts";
import type { Store } from "../ports/store.ts";

/** Effects that only the pull request's own job has, which runs alone: what it left open was left by a dead process. */
const ofPullJob: ReadonlySet<string> = new Set<Effect["type"]>([
  "publish-check",
  "request-reviewers",
  "withdraw-reviewers",
]);

/**
 * Closes what an earlier run for this pull request began and never ended, once a whole run has gone through. It read GitHub and did
 * what was still missing, so an effect that it had no part in was done before the process died or is no longer wanted. Answers to commands
 * stay open: their delivery repeats them.
 */
export async function closeLeftIntents(
  subject: string,
  store: Pick<Store, "openIntents" | "recordOutcome">,
): Promise<void> {
  for (const { key, effect } of await store.openIntents(subject)) {
    if (!ofPullJob.has(effect)) continue;
    await store.recordOutcome(key, {
      status: "unnecessary",
      data: { reconciled: "a later run read GitHub and found it done or no longer wanted" },
    });
  }
}
