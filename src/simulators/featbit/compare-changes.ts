import type {
  SimCondition,
  SimFlag,
  SimInstruction,
  SimMatchRule,
  SimRollout,
  SimSegment,
  SimTargetUser,
} from "./featbit-data.ts";

/** What differs between two lists by id, in FeatBit's way: by id only, order ignored. */
function splitById<T extends { id: string | null }>(before: readonly T[], after: readonly T[]) {
  const has = (list: readonly T[], id: string | null) => list.some((item) => item.id === id);
  return {
    added: after.filter((item) => !has(before, item.id)),
    removed: before.filter((item) => !has(after, item.id)),
    common: before.flatMap((old) => {
      const next = after.find((item) => item.id === old.id);
      return next === undefined ? [] : [[old, next] as const];
    }),
  };
}

function subtract(from: readonly string[], other: readonly string[]): string[] {
  return [...new Set(from)].filter((item) => !other.includes(item));
}

function checkRolloutsDiffer(before: readonly SimRollout[], after: readonly SimRollout[]): boolean {
  if (before.length !== after.length) return true;
  if (subtract(idsOf(before), idsOf(after)).length > 0) return true;
  // Ids count as a set and ranges by position, so exchanging the two ids of one split goes unseen.
  return before.some((old, index) => {
    const next = after[index]?.rollout ?? [];
    return old.rollout.length !== next.length || old.rollout.some((bound, at) => bound !== next[at]);
  });
}

const idsOf = (list: readonly { id: string }[]) => list.map((item) => item.id);

const segmentProperties = ["User is in segment", "User is not in segment"];
const listOperators = ["IsOneOf", "NotOneOf"];

function readList(value: string | null): string[] {
  const parsed: unknown = JSON.parse(value ?? "null");
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

function compareCondition(ruleId: string, before: SimCondition, after: SimCondition): SimInstruction[] {
  const isList =
    before.property === after.property &&
    (segmentProperties.includes(before.property) ||
      (before.op === after.op && listOperators.includes(before.op ?? "")));
  if (isList && before.value !== after.value) {
    const removed = subtract(readList(before.value), readList(after.value));
    const added = subtract(readList(after.value), readList(before.value));
    const value = (values: string[]) => ({ ruleId, conditionId: after.id, values });
    return [
      ...(removed.length > 0 ? [{ kind: "RemoveValuesFromRuleCondition", value: value(removed) }] : []),
      ...(added.length > 0 ? [{ kind: "AddValuesToRuleCondition", value: value(added) }] : []),
    ];
  }
  const isSame = before.property === after.property && before.op === after.op && before.value === after.value;
  return isSame ? [] : [{ kind: "UpdateRuleCondition", value: { ruleId, condition: after } }];
}

function compareMatchRule(before: SimMatchRule, after: SimMatchRule): SimInstruction[] {
  const ruleId = before.id;
  const { added, removed, common } = splitById(before.conditions, after.conditions);
  return [
    ...(before.name === after.name ? [] : [{ kind: "UpdateRuleName", value: { ruleId, name: after.name } }]),
    ...(removed.length > 0
      ? [{ kind: "RemoveRuleConditions", value: { ruleId, conditionIds: removed.map((item) => item.id) } }]
      : []),
    ...(added.length > 0 ? [{ kind: "AddRuleConditions", value: { ruleId, conditions: added } }] : []),
    ...common.flatMap(([old, next]) => compareCondition(ruleId, old, next)),
  ];
}

function compareRules<T extends SimMatchRule>(
  before: readonly T[],
  after: readonly T[],
  compareMore: (old: T, next: T) => SimInstruction[],
): SimInstruction[] {
  if (before.length === 0 && after.length === 0) return [];
  if (before.length === 0 || after.length === 0) return [{ kind: "SetRules", value: after }];
  const { added, removed, common } = splitById(before, after);
  return [
    ...added.map((rule) => ({ kind: "AddRule", value: rule })),
    ...removed.map((rule) => ({ kind: "RemoveRule", value: rule.id })),
    ...common.flatMap(([old, next]) => [...compareMatchRule(old, next), ...compareMore(old, next)]),
  ];
}

function compareTargetUsers(before: SimFlag, after: SimFlag): SimInstruction[] {
  const keysOf = (list: readonly SimTargetUser[], id: string) =>
    list.find((entry) => entry.variationId === id)?.keyIds ?? [];
  return after.variations.flatMap((variation) => {
    const old = keysOf(before.targetUsers, variation.id);
    const next = keysOf(after.targetUsers, variation.id);
    const instruct = (kind: string, keyIds: string[]) => ({ kind, value: { variationId: variation.id, keyIds } });
    if (old.length === 0 && next.length === 0) return [];
    if (old.length === 0 || next.length === 0) return [instruct("SetTargetUsers", next)];
    const added = subtract(next, old);
    const removed = subtract(old, next);
    return [
      ...(added.length > 0 ? [instruct("AddTargetUsers", added)] : []),
      ...(removed.length > 0 ? [instruct("RemoveTargetUsers", removed)] : []),
    ];
  });
}

function compareTags(before: readonly string[], after: readonly string[]): SimInstruction[] {
  const removed = subtract(before, after);
  const added = subtract(after, before);
  return [
    ...(removed.length > 0 ? [{ kind: "RemoveTags", value: removed }] : []),
    ...(added.length > 0 ? [{ kind: "AddTags", value: added }] : []),
  ];
}

function compareVariations(before: SimFlag, after: SimFlag): SimInstruction[] {
  const { added, removed, common } = splitById(before.variations, after.variations);
  return [
    ...removed.map((variation) => ({ kind: "RemoveVariation", value: variation.id })),
    ...added.map((variation) => ({ kind: "AddVariation", value: variation })),
    ...common.flatMap(([old, next]) =>
      old.name === next.name && old.value === next.value ? [] : [{ kind: "UpdateVariation", value: next }],
    ),
  ];
}

function compareFallthrough(before: SimFlag, after: SimFlag): SimInstruction[] {
  const { dispatchKey, variations } = after.fallthrough;
  return [
    ...(checkRolloutsDiffer(before.fallthrough.variations, variations)
      ? [{ kind: "UpdateDefaultRuleVariationOrRollouts", value: { rolloutVariations: variations } }]
      : []),
    ...(dispatchKey !== null && before.fallthrough.dispatchKey !== dispatchKey
      ? [{ kind: "UpdateDefaultRuleDispatchKey", value: dispatchKey }]
      : []),
  ];
}

/**
 * The instructions FeatBit detects between two states of a flag; permissions, audit rows and webhooks go by them.
 * What FeatBit does not see is not seen here either (facts/featbit.md section 5). Throws like FeatBit does (answered as
 * 500) when arrays are missing.
 */
export function compareFlags(before: SimFlag, after: SimFlag): SimInstruction[] {
  return [
    ...(before.isEnabled === after.isEnabled
      ? []
      : [{ kind: after.isEnabled ? "TurnFlagOn" : "TurnFlagOff", value: after.isEnabled }]),
    ...(before.isArchived === after.isArchived
      ? []
      : [{ kind: after.isArchived ? "ArchiveFlag" : "RestoreFlag", value: after.isArchived }]),
    ...(before.name === after.name ? [] : [{ kind: "UpdateName", value: after.name }]),
    ...(before.description === after.description ? [] : [{ kind: "UpdateDescription", value: after.description }]),
    ...compareTags(before.tags, after.tags),
    ...compareVariations(before, after),
    ...(before.disabledVariationId === after.disabledVariationId
      ? []
      : [{ kind: "UpdateDisabledVariation", value: after.disabledVariationId }]),
    ...compareFallthrough(before, after),
    ...compareTargetUsers(before, after),
    ...compareRules(before.rules, after.rules, (old, next) => [
      ...(checkRolloutsDiffer(old.variations, next.variations)
        ? [
            {
              kind: "UpdateRuleVariationOrRollouts",
              value: { ruleId: old.id, rolloutVariations: next.variations },
            },
          ]
        : []),
      ...(next.dispatchKey !== null && old.dispatchKey !== next.dispatchKey
        ? [{ kind: "UpdateRuleDispatchKey", value: { ruleId: old.id, dispatchKey: next.dispatchKey } }]
        : []),
    ]),
  ];
}

/** The instructions FeatBit detects between two states of a segment. */
export function compareSegments(before: SimSegment, after: SimSegment): SimInstruction[] {
  const compareKeys = (old: readonly string[], next: readonly string[], list: "Included" | "Excluded") => {
    const added = subtract(next, old);
    const removed = subtract(old, next);
    return [
      ...(added.length > 0 ? [{ kind: `AddTargetUsersTo${list}`, value: added }] : []),
      ...(removed.length > 0 ? [{ kind: `RemoveTargetUsersFrom${list}`, value: removed }] : []),
    ];
  };
  return [
    ...(before.isArchived === after.isArchived
      ? []
      : [{ kind: after.isArchived ? "Archive" : "Restore", value: after.isArchived }]),
    ...(before.name === after.name ? [] : [{ kind: "UpdateName", value: after.name }]),
    ...compareKeys(before.included, after.included, "Included"),
    ...compareKeys(before.excluded, after.excluded, "Excluded"),
    ...compareRules(before.rules, after.rules, () => []),
  ];
}

const actionOfKind: Readonly<Record<string, string>> = {
  UpdateDefaultRuleVariationOrRollouts: "UpdateFlagDefaultRule",
  UpdateDefaultRuleDispatchKey: "UpdateFlagDefaultRule",
  AddTargetUsers: "UpdateFlagIndividualTargeting",
  RemoveTargetUsers: "UpdateFlagIndividualTargeting",
  SetTargetUsers: "UpdateFlagIndividualTargeting",
};

const isRuleKind = (kind: string) => kind.includes("Rule");

/** The IAM actions that a targeting change needs; none when FeatBit detects nothing. */
export function requireFlagActions(instructions: readonly SimInstruction[]): string[] {
  const actions = instructions.flatMap(({ kind }) => {
    const action = actionOfKind[kind];
    if (action !== undefined) return [action];
    return isRuleKind(kind) ? ["UpdateFlagTargetingRules"] : [];
  });
  return [...new Set(actions)].sort();
}

/** The IAM actions that a segment targeting change needs. */
export function requireSegmentActions(instructions: readonly SimInstruction[]): string[] {
  const actions = instructions.flatMap(({ kind }) =>
    kind.includes("TargetUsers") ? ["UpdateSegmentTargetingUsers"] : isRuleKind(kind) ? ["UpdateSegmentRules"] : [],
  );
  return [...new Set(actions)].sort();
}

/** FeatBit's webhook events for what was detected, in order of detection (facts/featbit.md section 9). */
export function classifyEvents(kind: "feature_flag" | "segment", instructions: readonly SimInstruction[]): string[] {
  const name = (instruction: string): string => {
    if (instruction.startsWith("TurnFlag")) return "toggled";
    if (instruction.startsWith("Archive")) return "archived";
    if (instruction.startsWith("Restore")) return "restored";
    if (instruction === "UpdateDisabledVariation") return "off_variation_changed";
    if (instruction.startsWith("UpdateDefaultRule")) return "default_rule_changed";
    if (instruction.includes("TargetUsers")) return "target_users_changed";
    if (isRuleKind(instruction)) return kind === "segment" ? "rules_changed" : "targeting_rules_changed";
    if (instruction.includes("Variation")) return "variation_changed";
    return "basic_info_updated";
  };
  return [...new Set(instructions.map((instruction) => `${kind}.${name(instruction.kind)}`))];
}
