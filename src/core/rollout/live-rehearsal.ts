import { cut } from "../problem.ts";
import type { FlagContents } from "./compare-flag.ts";
import type { FlagRule, FlagTargeting } from "./flag.ts";
import { deriveId, deriveVariationIds, type FlagName } from "./flag-identity.ts";
import type { RehearsalUnderway, WantedStage } from "./rollout-facts.ts";
import { expectServed } from "./served-value.ts";

const keyPrefix = "routeward-rehearsal-";

/** The key of the synthetic user: derived from flag, candidate and time, so that no user of an application has it. */
export function nameSyntheticUser(flag: FlagName, candidateDigest: string, askedAt: string): string {
  return `${keyPrefix}${deriveId(flag, `synthetic user:${candidateDigest}:${askedAt}`)}`;
}

/** The rule that serves one variation to the synthetic user and to nobody else. It stands first, above every other rule. */
export function renderSyntheticRule(flag: FlagName, userKey: string, variation: "baseline" | "candidate"): FlagRule {
  return {
    id: deriveId(flag, "rule:rehearsal"),
    name: cut("routeward: synthetic user of the rehearsal"),
    dispatchKey: null,
    includedInExpt: false,
    conditions: [{ id: deriveId(flag, "condition:rehearsal"), property: "keyId", op: "Equal", value: userKey }],
    variations: [{ id: deriveVariationIds(flag)[variation], rollout: [0, 1], exptRollout: 1 }],
  };
}

/**
 * Whether a rule is a synthetic user's of ours, as it was written. A rule that somebody made of it is not: taking that one away
 * could move real users.
 */
export function isSyntheticRule(flag: FlagName, rule: FlagRule): boolean {
  if (rule.id !== deriveId(flag, "rule:rehearsal") || rule.conditions.length !== 1) return false;
  return rule.conditions.every(
    ({ property, op, value }) => property === "keyId" && op === "Equal" && value.startsWith(keyPrefix),
  );
}

/** The same targeting without the synthetic user: nobody else is served anything by its rule. */
export function withoutSynthetic(flag: FlagName, targeting: FlagTargeting): FlagTargeting {
  return { ...targeting, rules: targeting.rules.filter((rule) => !isSyntheticRule(flag, rule)) };
}

/** Whether the flag's rules hold a synthetic user of a rehearsal. */
export function hasSynthetic(flag: FlagName, { targeting }: Pick<FlagContents, "targeting">): boolean {
  return targeting.rules.some((rule) => isSyntheticRule(flag, rule));
}

/**
 * The wanted state while a rehearsal is under way: the stage as it is, the synthetic user's rule above it, and beside the stage's
 * own probes, which must be served what they always are, the synthetic user.
 */
export function withRehearsal(flag: FlagName, wanted: WantedStage, rehearsal: RehearsalUnderway | null): WantedStage {
  if (rehearsal === null || (rehearsal.phase !== "forward" && rehearsal.phase !== "back")) return wanted;
  const variation = rehearsal.phase === "forward" ? "candidate" : "baseline";
  const { userKey } = rehearsal;
  const { contents, probes } = wanted;
  const rules = [renderSyntheticRule(flag, userKey, variation), ...contents.targeting.rules];
  return {
    ...wanted,
    contents: { ...contents, targeting: { ...contents.targeting, rules } },
    probes: [
      { name: "synthetic user", userKey, attributes: {}, expected: expectServed(contents.variations, variation) },
      ...probes,
    ],
  };
}
