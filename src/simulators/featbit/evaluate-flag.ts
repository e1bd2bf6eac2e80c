import { createHash } from "node:crypto";
import type { SimCondition, SimFlag, SimRollout, SimSegment, SimVariation } from "./featbit-data.ts";

/** The user as the evaluation server's own evaluation sees it; a missing attribute reads as "". */
export interface SimEndUser {
  keyId: string;
  name?: string | null;
  customizedProperties?: readonly { name: string; value: string }[];
}

export interface SimEvaluation {
  variation: SimVariation | null;
  matchReason: string;
  sendToExperiment: boolean;
}

function readValue(user: SimEndUser, property: string): string {
  if (property === "keyId") return user.keyId;
  if (property === "name") return user.name ?? "";
  return user.customizedProperties?.find((entry) => entry.name === property)?.value ?? "";
}

/** The place of a key in 0..1: facts/featbit-streaming.md section 3, hash. */
export function hashToShare(key: string): number {
  const first = createHash("md5").update(key, "utf8").digest().readInt32LE(0);
  return Math.abs(first / 2 ** 31);
}

function checkInRange(key: string, [from = 0, to = 0]: readonly number[]): boolean {
  if (from === 0 && 1 - to < 1e-5) return true;
  if (from === 0 && to === 0) return false;
  const share = hashToShare(key);
  return share >= from && share <= to;
}

function readList(value: string | null): string[] {
  try {
    const parsed: unknown = JSON.parse(value ?? "null");
    return Array.isArray(parsed) ? parsed.map(String) : [];
  } catch {
    return [];
  }
}

function compareNumbers(user: string, rule: string, accept: (difference: number) => boolean): boolean {
  const a = user.trim() === "" ? Number.NaN : Number(user);
  const b = rule.trim() === "" ? Number.NaN : Number(rule);
  return !Number.isNaN(a) && !Number.isNaN(b) && accept(a - b);
}

/** Condition values come from tests and from our own client; a pattern that is none matches nothing. */
function matchPattern(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern).test(value);
  } catch {
    return false;
  }
}

const operators: Readonly<Record<string, (user: string, rule: string) => boolean>> = {
  LessThan: (user, rule) => compareNumbers(user, rule, (difference) => difference < 0),
  LessEqualThan: (user, rule) => compareNumbers(user, rule, (difference) => difference <= 0),
  BiggerThan: (user, rule) => compareNumbers(user, rule, (difference) => difference > 0),
  BiggerEqualThan: (user, rule) => compareNumbers(user, rule, (difference) => difference >= 0),
  Equal: (user, rule) => user === rule,
  NotEqual: (user, rule) => user !== rule,
  Contains: (user, rule) => user.includes(rule),
  NotContain: (user, rule) => !user.includes(rule),
  StartsWith: (user, rule) => user.startsWith(rule),
  EndsWith: (user, rule) => user.endsWith(rule),
  MatchRegex: (user, rule) => matchPattern(rule, user),
  NotMatchRegex: (user, rule) => !matchPattern(rule, user),
  IsOneOf: (user, rule) => readList(rule).includes(user),
  NotOneOf: (user, rule) => !readList(rule).includes(user),
  IsTrue: (user) => user.toUpperCase() === "TRUE",
  IsFalse: (user) => user.toUpperCase() === "FALSE",
};

function matchPlainCondition(condition: SimCondition, user: SimEndUser): boolean {
  const operator = Object.hasOwn(operators, condition.op ?? "") ? operators[condition.op ?? ""] : undefined;
  if (operator === undefined || condition.value === null) return false;
  return operator(readValue(user, condition.property), condition.value);
}

function matchSegment(segment: SimSegment | undefined, user: SimEndUser): boolean {
  if (segment === undefined || segment.excluded.includes(user.keyId)) return false;
  if (segment.included.includes(user.keyId)) return true;
  return segment.rules.some((rule) => rule.conditions.every((condition) => matchPlainCondition(condition, user)));
}

function matchCondition(condition: SimCondition, user: SimEndUser, segments: ReadonlyMap<string, SimSegment>): boolean {
  const isIn = () => readList(condition.value).some((id) => matchSegment(segments.get(id), user));
  if (condition.property === "User is in segment") return isIn();
  if (condition.property === "User is not in segment") return !isIn();
  return matchPlainCondition(condition, user);
}

/**
 * Evaluates a flag the way FeatBit's evaluation server does by itself (`POST /api/public/featureflag/evaluate`). It is
 * written apart from the SDK, so that the two can be compared.
 */
export function evaluateFlag(
  flag: SimFlag,
  user: SimEndUser,
  segments: ReadonlyMap<string, SimSegment>,
): SimEvaluation {
  const find = (id: string) => flag.variations.find((variation) => variation.id === id) ?? null;
  if (flag.isArchived) return { variation: null, matchReason: "flag archived", sendToExperiment: false };
  if (!flag.isEnabled) {
    return { variation: find(flag.disabledVariationId), matchReason: "flag disabled", sendToExperiment: false };
  }
  const target = flag.targetUsers.find((entry) => entry.keyIds.includes(user.keyId));
  if (target !== undefined) {
    const variation = find(target.variationId);
    return { variation, matchReason: "targeted", sendToExperiment: flag.exptIncludeAllTargets };
  }
  const serve = (
    from: { dispatchKey: string | null; includedInExpt: boolean; variations: readonly SimRollout[] },
    reason: string,
  ): SimEvaluation => {
    const isByUser = from.dispatchKey === null || from.dispatchKey.trim() === "";
    const key = flag.key + (isByUser ? user.keyId : readValue(user, from.dispatchKey ?? ""));
    const range = from.variations.find((entry) => checkInRange(key, entry.rollout));
    const width = range === undefined ? 0 : (range.rollout[1] ?? 0) - (range.rollout[0] ?? 0);
    const share = range?.exptRollout ?? 0;
    const isSampled =
      width !== 0 && share !== 0 && from.includedInExpt && checkInRange(`expt${key}`, [0, Math.min(1, share / width)]);
    return {
      variation: range === undefined ? null : find(range.id),
      matchReason: reason,
      sendToExperiment: flag.exptIncludeAllTargets || isSampled,
    };
  };
  const rule = flag.rules.find((entry) =>
    entry.conditions.every((condition) => matchCondition(condition, user, segments)),
  );
  return rule === undefined ? serve(flag.fallthrough, "default") : serve(rule, rule.name);
}
