import type { FlagContents } from "./compare-flag.ts";
import { deriveVariationIds, type FlagName } from "./flag-identity.ts";
import { renderSyntheticRule } from "./live-rehearsal.ts";
import type { Probe } from "./probe.ts";
import { expectServed, renderVariations, type ServedBundles } from "./served-value.ts";
import { renderBaselineTargeting } from "./targeting.ts";

/** A rehearsal as values: the disposable flag before, with the candidate for one made-up user, and what must be seen. */
export interface RehearsalPlan {
  flag: FlagName;
  /** Baseline to everyone. */
  before: FlagContents;
  /** The candidate to the synthetic user only. */
  forward: FlagContents;
  /** The synthetic user on the candidate, somebody else on the baseline. */
  forwardProbes: readonly Probe[];
  /** Both on the baseline. */
  backProbes: readonly Probe[];
}

/** Key of the disposable flag (SPEC 13). */
export function nameRehearsal(flagKey: string): string {
  return `${flagKey}__rehearsal`;
}

/** Plans a rehearsal of a candidate on the disposable flag. The candidate is rehearsed with the values that the first canary serves. */
export function planRehearsal(flag: FlagName, bundles: ServedBundles): RehearsalPlan {
  const name: FlagName = { binding: flag.binding, flagKey: nameRehearsal(flag.flagKey) };
  const ids = deriveVariationIds(name);
  const variations = renderVariations(name, bundles, "internal-canary");
  const userKey = `routeward-rehearsal-${flag.flagKey}`;
  const baseline = renderBaselineTargeting(name);
  const before: FlagContents = { variations, offVariationId: ids.baseline, targeting: baseline };
  const rule = renderSyntheticRule(name, userKey, "candidate");
  const synthetic = { name: "synthetic user", userKey, attributes: {} };
  const other = { name: "anybody else", userKey: `routeward-probe-${flag.flagKey}`, attributes: {} };
  const served = (who: typeof synthetic, variation: "baseline" | "candidate"): Probe => ({
    ...who,
    expected: expectServed(variations, variation),
  });
  return {
    flag: name,
    before,
    forward: { ...before, targeting: { ...baseline, rules: [rule] } },
    forwardProbes: [served(synthetic, "candidate"), served(other, "baseline")],
    backProbes: [served(synthetic, "baseline"), served(other, "baseline")],
  };
}
