import type { FlagContents } from "./compare-flag.ts";
import type { FlagRule, FlagTargeting, RolloutRange } from "./flag.ts";

/** Conditions beyond this are not told apart one by one: 4,096 kinds of users are enough to look at. */
const mostConditions = 12;

/** Who of those that stop at one place of the targeting is served what: ranges on the line of one attribute. */
interface Served {
  dispatchKey: string;
  ranges: readonly RolloutRange[];
}

/**
 * Whether going from one state of a flag to another could serve anybody more than before (SPEC 13, "repair never increases
 * exposure"). True as well when it cannot be shown that nobody gains.
 *
 * Users differ for a flag by nothing but which conditions hold for them and where they stand on the line. So every combination of
 * conditions is looked at, those too that no user can have; in each, whatever is served beside the baseline afterwards
 * must have been served in the same place before.
 */
export function growsExposure(from: FlagContents, to: FlagContents, baselineId: string): boolean {
  // Another value under the same id is another bundle to whoever is on it. The baseline's own may be mended.
  const isExchanged = to.variations.some(({ id, value }) => {
    if (id === baselineId || !serves(to.targeting, id)) return false;
    return from.variations.find((variation) => variation.id === id)?.value !== value;
  });
  if (isExchanged || from.targeting.targetUsers.some(({ keyIds }) => keyIds.length > 0)) return true;
  const conditions = [...new Set([...listConditions(from.targeting), ...listConditions(to.targeting)])];
  if (conditions.length > mostConditions) return true;
  for (let kind = 0; kind < 2 ** conditions.length; kind += 1) {
    const holds = new Set(conditions.filter((_condition, index) => (kind >> index) % 2 === 1));
    if (gains(findServed(from.targeting, holds), findServed(to.targeting, holds), baselineId)) return true;
  }
  return false;
}

function serves({ rules, fallthrough }: FlagTargeting, id: string): boolean {
  return [...rules.map(({ variations }) => variations), fallthrough.variations].some((ranges) =>
    ranges.some((range) => range.id === id),
  );
}

function nameCondition({ property, op, value }: FlagRule["conditions"][number]): string {
  return JSON.stringify([property, op, value]);
}

function listConditions({ rules }: FlagTargeting): readonly string[] {
  return rules.flatMap((rule) => rule.conditions.map(nameCondition));
}

function findServed({ rules, fallthrough }: FlagTargeting, holds: ReadonlySet<string>): Served {
  const rule = rules.find(({ conditions }) => conditions.every((condition) => holds.has(nameCondition(condition))));
  const { dispatchKey, variations } = rule ?? fallthrough;
  return { dispatchKey: dispatchKey?.trim() ?? "", ranges: variations };
}

function gains(before: Served, after: Served, baselineId: string): boolean {
  const exposed = after.ranges.filter(({ id }) => id !== baselineId);
  return exposed.some(({ id, rollout: [start, end] }) => {
    const same = before.ranges.filter((range) => range.id === id);
    // Whoever got all of it before gets no more by any division.
    if (same.some(({ rollout }) => rollout[0] <= 0 && rollout[1] >= 1)) return false;
    if (before.dispatchKey !== after.dispatchKey) return true;
    return !same.some(({ rollout }) => rollout[0] <= start && rollout[1] >= end);
  });
}
