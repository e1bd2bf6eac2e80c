import { cut } from "../problem.ts";
import { computeBlindSpots } from "./bucket.ts";
import type { Exposure, ResolvedAudience } from "./exposure.ts";
import { isEverybody } from "./exposure.ts";
import type { FlagCondition, FlagRule, FlagTargeting, RolloutRange } from "./flag.ts";
import { deriveId, deriveVariationIds, type FlagName, type VariationName } from "./flag-identity.ts";

const inSegment = "User is in segment";
const decimals = 1e9;
/** Half width of the gap around a blind spot: two units of the last decimal that is kept, a few points of FeatBit's 2^31. */
const gap = 2 / decimals;

/**
 * Writes an exposure in FeatBit's terms (SPEC 10, facts/featbit.md section 4): exclusions first, then the audiences, then
 * everyone else. Ids are derived from names, so equal exposures give equal targeting.
 */
export function renderTargeting(flag: FlagName, exposure: Exposure): FlagTargeting {
  const variations = deriveVariationIds(flag);
  const whole = (name: VariationName): RolloutRange[] => [{ id: variations[name], rollout: [0, 1], exptRollout: 1 }];
  const exclusions = exposure.exclusions.flatMap((exclusion) =>
    excludingConditions(flag, exclusion).map(({ part, text, conditions }) => ({
      id: deriveId(flag, `rule:exclude:${part}`),
      name: cut(`routeward: without ${text}`),
      dispatchKey: null,
      includedInExpt: false,
      conditions,
      variations: whole("baseline"),
    })),
  );
  const spots = needsAttribute(exposure.dispatchKey) ? computeBlindSpots(flag.flagKey) : [];
  const shareRanges = (share: number): RolloutRange[] =>
    divideLine(share, spots).map((range) => ({
      id: variations[range.variation],
      rollout: [range.from, range.to],
      exptRollout: 1,
    }));
  const dispatchKey = needsAttribute(exposure.dispatchKey) ? exposure.dispatchKey : null;
  const last = exposure.entries.at(-1);
  // A share of everybody is FeatBit's default rule, not a rule without conditions: people can read it in FeatBit's pages.
  const open = last !== undefined && isEverybody(last.audience) ? last : null;
  const rules = exposure.entries
    .filter((entry) => entry !== open)
    .map((entry): FlagRule => ({
      id: deriveId(flag, `rule:audience:${entry.audience.name}`),
      name: cut(`routeward: ${entry.audience.name}${entry.share === 100 ? "" : `, ${entry.share} %`}`),
      dispatchKey: entry.share === 100 ? null : dispatchKey,
      includedInExpt: false,
      conditions: includingConditions(flag, entry.audience),
      variations: entry.share === 100 ? whole("candidate") : shareRanges(entry.share),
    }));
  const fallthrough =
    open === null || open.share === 100
      ? {
          dispatchKey: null,
          includedInExpt: false,
          variations: whole(open === null ? exposure.everyoneElse : "candidate"),
        }
      : { dispatchKey, includedInExpt: false, variations: shareRanges(open.share) };
  return { targetUsers: [], rules: [...exclusions, ...rules], fallthrough, exptIncludeAllTargets: false };
}

/** The baseline to everyone, without any rule: what a rollback leaves behind. */
export function renderBaselineTargeting(flag: FlagName): FlagTargeting {
  return {
    targetUsers: [],
    rules: [],
    fallthrough: {
      dispatchKey: null,
      includedInExpt: false,
      variations: [{ id: deriveVariationIds(flag).baseline, rollout: [0, 1], exptRollout: 1 }],
    },
    exptIncludeAllTargets: false,
  };
}

/**
 * What is wrong with a targeting before it is sent, because FeatBit stores anything (facts/featbit.md section 4): ranges
 * must begin at 0, touch and end at 1, and name variations that exist. An empty list means that it may be sent.
 */
export function checkTargeting(targeting: FlagTargeting, variationIds: readonly string[]): readonly string[] {
  const lists = [
    ...targeting.rules.map((rule) => ({ name: rule.name, variations: rule.variations })),
    { name: "default rule", variations: targeting.fallthrough.variations },
  ];
  const known = new Set(variationIds);
  const problems = lists.flatMap(({ name, variations }) => {
    const found: string[] = [];
    let end = 0;
    for (const range of variations) {
      if (!known.has(range.id)) found.push(`${name}: unknown variation ${range.id}`);
      if (range.rollout[0] !== end || range.rollout[1] <= range.rollout[0])
        found.push(`${name}: ranges have a hole or overlap at ${range.rollout[0]}`);
      end = range.rollout[1];
    }
    if (end !== 1) found.push(`${name}: ranges end at ${end}, not at 1`);
    return found;
  });
  const ids = targeting.rules.map((rule) => rule.id);
  return new Set(ids).size === ids.length ? problems : [...problems, "two rules have the same id"];
}

/** Whether a share needs an attribute of the user; the user's own key is always there. */
export function needsAttribute(dispatchKey: string): boolean {
  return dispatchKey.trim() !== "" && dispatchKey !== "keyId";
}

/**
 * The line from 0 to 1, the candidate first from 0 up to its share, with a gap for the baseline at every blind spot inside
 * it. No condition of FeatBit is false for a missing attribute and true for every value that is there, in both
 * evaluators; but all users without the dispatch attribute stand at the blind spots, so the baseline stands there too
 * (docs/decisions). The gaps are the same at every share: widening still moves nobody back.
 */
export function divideLine(
  share: number,
  blindSpots: readonly number[],
): readonly { variation: "candidate" | "baseline"; from: number; to: number }[] {
  const end = round(share / 100);
  const pieces: { variation: "candidate" | "baseline"; from: number; to: number }[] = [];
  const add = (variation: "candidate" | "baseline", to: number): void => {
    const from = pieces.at(-1)?.to ?? 0;
    if (to <= from) return;
    const before = pieces.at(-1);
    if (before?.variation === variation) before.to = to;
    else pieces.push({ variation, from, to });
  };
  for (const spot of blindSpots) {
    if (spot > end + gap) continue;
    // Both ends of a range belong to it and the first one wins, so the gap must begin clearly before its spot.
    add("candidate", Math.min(end, Math.max(0, round(spot - gap))));
    add("baseline", Math.min(1, round(spot + gap)));
  }
  add("candidate", end);
  add("baseline", 1);
  return pieces;
}

function round(value: number): number {
  return Math.round(value * decimals) / decimals;
}

/** One list of conditions for each way to be excluded; every list becomes a rule of its own. */
function excludingConditions(
  flag: FlagName,
  exclusion: ResolvedAudience,
): { part: string; text: string; conditions: FlagCondition[] }[] {
  const named = exclusion.segment !== null || exclusion.where.length > 0;
  const rules = named
    ? [
        {
          part: exclusion.name,
          text: exclusion.name,
          conditions: matchingConditions(flag, exclusion, `exclude:${exclusion.name}`),
        },
      ]
    : [];
  return [
    ...rules,
    ...exclusion.safe.map((condition, index) => {
      const part = `${exclusion.name}:safe:${index}`;
      return {
        part,
        text: `${exclusion.name} (${condition.property} unknown or not listed as safe)`,
        // True for a missing attribute in both evaluators: unknown counts as excluded (facts/featbit.md section 11, pitfall 4).
        conditions: [
          {
            id: deriveId(flag, `condition:exclude:${part}`),
            property: condition.property,
            op: "NotOneOf",
            value: JSON.stringify(condition.in),
          },
        ],
      };
    }),
  ];
}

function includingConditions(flag: FlagName, audience: ResolvedAudience): FlagCondition[] {
  return matchingConditions(
    flag,
    { ...audience, where: [...audience.where, ...audience.safe] },
    `audience:${audience.name}`,
  );
}

function matchingConditions(flag: FlagName, audience: ResolvedAudience, part: string): FlagCondition[] {
  const segment =
    audience.segment === null
      ? []
      : [
          {
            id: deriveId(flag, `condition:${part}:segment`),
            property: inSegment,
            op: "",
            value: JSON.stringify([audience.segment.id]),
          },
        ];
  return [
    ...segment,
    ...audience.where.map((condition, index) => ({
      id: deriveId(flag, `condition:${part}:where:${index}`),
      property: condition.property,
      op: "IsOneOf",
      value: JSON.stringify(condition.in),
    })),
  ];
}
