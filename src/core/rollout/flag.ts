/** FeatBit's flag, as far as Routeward reads and writes it. Names are FeatBit's (facts/featbit.md section 4). */
export interface FlagVariation {
  id: string;
  name: string;
  /** Text whatever the type; JSON text for JSON flags. */
  value: string;
}

export interface RolloutRange {
  /** Variation id. */
  id: string;
  /** Cumulative bounds, 0 to 1. */
  rollout: readonly [number, number];
  exptRollout: number;
}

export interface FlagCondition {
  id: string;
  property: string;
  op: string;
  value: string;
}

export interface FlagRule {
  id: string;
  name: string;
  dispatchKey: string | null;
  includedInExpt: boolean;
  conditions: readonly FlagCondition[];
  variations: readonly RolloutRange[];
}

export interface FlagTargeting {
  targetUsers: readonly { variationId: string; keyIds: readonly string[] }[];
  rules: readonly FlagRule[];
  fallthrough: { dispatchKey: string | null; includedInExpt: boolean; variations: readonly RolloutRange[] };
  exptIncludeAllTargets: boolean;
}

/** The flag with its revision as FeatBit answered it. */
export interface FlagSnapshot {
  id: string;
  key: string;
  revision: string;
  type: string;
  isEnabled: boolean;
  isArchived: boolean;
  offVariationId: string;
  variations: readonly FlagVariation[];
  targeting: FlagTargeting;
  tags: readonly string[];
  updatorId: string;
  updatedAt: string;
}

/** A segment with what decides its membership. */
export interface SegmentSnapshot {
  /** GUID: flag conditions name segments by it. */
  id: string;
  key: string;
  isArchived: boolean;
  included: readonly string[];
  excluded: readonly string[];
  rules: readonly { id: string; name: string; conditions: readonly FlagCondition[] }[];
}
