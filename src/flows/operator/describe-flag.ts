import { cut } from "../../core/problem.ts";
import { deriveVariationIds } from "../../core/rollout/flag-identity.ts";
import type { FlagSnapshot } from "../../core/rollout/flag.ts";
import { FeatBitError, type FlagPort } from "../../ports/featbit.ts";
import type { Store } from "../../ports/store.ts";
import { adoptionKind, approvedRouteKind, flagClaimKind, keyOfFlag } from "../records.ts";

/** The repository and path that a flag key belongs to. */
export interface ClaimHolder {
  repository: string;
  path: string;
}

/** What a flag holds, for an operator who is about to hand it over. */
export interface FlagSummary {
  key: string;
  revision: string;
  type: string;
  isEnabled: boolean;
  isArchived: boolean;
  tags: readonly string[];
  updatedAt: string;
  variations: readonly { name: string; value: string; isOff: boolean }[];
  /** Users who are named one by one. */
  targetedUsers: number;
  rules: readonly string[];
  /** Shares of the default rule, `name 100 %`. */
  fallthrough: readonly string[];
  /** Null when FeatBit does not say. */
  pendingChanges: number | null;
  /** Null when FeatBit does not say. Newest first. */
  lastChanges: readonly { at: string; actor: string; comment: string }[] | null;
  /** Routeward created it. */
  isOurs: boolean;
  adopted: { by: string; at: string } | null;
  claim: ClaimHolder | null;
  isApproved: boolean;
}

const shownValue = 200;
const shownRules = 50;
const shownChanges = 5;

/** Null where FeatBit refuses or has no such call: it is shown as unknown and stops nothing. */
async function orUnknown<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof FeatBitError) return null;
    throw error;
  }
}

function describeShares(flag: FlagSnapshot): string[] {
  return flag.targeting.fallthrough.variations.map(({ id, rollout: [from, to] }) => {
    const name = flag.variations.find((variation) => variation.id === id)?.name ?? "unknown variation";
    return `${cut(name)} ${Math.round((to - from) * 10_000) / 100} %`;
  });
}

/** Reads a flag with what the store knows about it; null when FeatBit has none. @throws FeatBitError */
export async function describeFlag(
  name: { binding: string; flagKey: string },
  flags: FlagPort,
  store: Store,
): Promise<FlagSummary | null> {
  const flag = await flags.readFlag(name.flagKey);
  if (flag === null) return null;
  const key = keyOfFlag(name.binding, name.flagKey);
  const claimKey = keyOfFlag(name.binding, name.flagKey.toLowerCase());
  const [pendingChanges, changes, adoption, claim, approved] = await Promise.all([
    orUnknown(flags.countPendingChanges(name.flagKey)),
    orUnknown(flags.readChanges(flag.id, 0, shownChanges)),
    store.getRecord(adoptionKind, key),
    store.getRecord(flagClaimKind, claimKey),
    store.getRecord(approvedRouteKind, key),
  ]);
  return {
    key: flag.key,
    revision: flag.revision,
    type: flag.type,
    isEnabled: flag.isEnabled,
    isArchived: flag.isArchived,
    tags: flag.tags.slice(0, shownRules).map((tag) => cut(tag)),
    updatedAt: flag.updatedAt,
    variations: flag.variations.slice(0, shownRules).map((variation) => ({
      name: cut(variation.name),
      value: cut(variation.value, shownValue),
      isOff: variation.id === flag.offVariationId,
    })),
    targetedUsers: flag.targeting.targetUsers.reduce((sum, { keyIds }) => sum + keyIds.length, 0),
    rules: flag.targeting.rules.slice(0, shownRules).map((rule) => cut(rule.name)),
    fallthrough: describeShares(flag).slice(0, shownRules),
    pendingChanges,
    lastChanges:
      changes?.map(({ at, actor, comment }) => ({ at, actor: cut(actor), comment: cut(comment, shownValue) })) ?? null,
    isOurs: flag.variations.some(({ id }) => id === deriveVariationIds(name).baseline),
    adopted: adoption === undefined ? null : { by: adoption.value.by, at: adoption.value.at },
    claim: claim === undefined ? null : { repository: claim.value.repository, path: claim.value.path },
    isApproved: approved !== undefined,
  };
}
