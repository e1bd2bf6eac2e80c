import type { FlagSnapshot, RolloutRange } from "./flag.ts";
import type { ServedValue } from "./probe.ts";
import { computeBucket } from "./bucket.ts";
import { parseServed } from "./served-value.ts";

/** What FeatBit serves by the evaluation order of facts/featbit-streaming.md section 3; for tests with made-up flags. */
export function readServed(
  flag: FlagSnapshot,
  user: { userKey: string; attributes: Readonly<Record<string, string>> },
): ServedValue {
  const value = flag.variations.find((variation) => variation.id === chooseVariation(flag, user))?.value;
  return (value === undefined ? null : parseServed(value)) ?? { variation: "error", digest: null, stage: null };
}

function chooseVariation(
  flag: FlagSnapshot,
  user: { userKey: string; attributes: Readonly<Record<string, string>> },
): string | undefined {
  if (!flag.isEnabled) return flag.offVariationId;
  const target = flag.targeting.targetUsers.find((one) => one.keyIds.includes(user.userKey));
  if (target !== undefined) return target.variationId;
  const pick = (dispatchKey: string | null, ranges: readonly RolloutRange[]): string | undefined => {
    const bucket = computeBucket(
      flag.key + (dispatchKey === null ? user.userKey : (user.attributes[dispatchKey] ?? "undefined")),
    );
    return ranges.find(({ rollout: [from, to] }) => (from === 0 && to === 1) || (bucket >= from && bucket <= to))?.id;
  };
  for (const rule of flag.targeting.rules) {
    const fits = rule.conditions.every(({ property, op, value }) => {
      if (property === "User is in segment") return user.userKey.startsWith("legal");
      if (op === "Equal") return value === (property === "keyId" ? user.userKey : user.attributes[property]);
      const list: unknown = JSON.parse(value);
      const listed = Array.isArray(list) && list.includes(user.attributes[property]);
      return op === "IsOneOf" ? listed : !listed;
    });
    if (fits) return pick(rule.dispatchKey, rule.variations);
  }
  return pick(flag.targeting.fallthrough.dispatchKey, flag.targeting.fallthrough.variations);
}
