import { bindBoolean, bindList, bindMembers, bindNumber, bindText } from "./api-answer.ts";
import type {
  SimCondition,
  SimMatchRule,
  SimRollout,
  SimTargeting,
  SimTargetRule,
  SimTargetUser,
  SimVariation,
} from "./featbit-data.ts";

const bindString = (value: unknown, path: string): string => bindText(value, path) ?? "";

/** A list of strings of a body. */
export function bindStrings(value: unknown, path: string): string[] {
  return bindList(value, path, bindString);
}

/** A variation of a body. */
export function bindVariation(value: unknown, path: string): SimVariation {
  const members = bindMembers(value, path);
  return {
    id: bindString(members["id"], `${path}.id`),
    name: bindString(members["name"], `${path}.name`),
    value: bindText(members["value"], `${path}.value`),
  };
}

function bindRollout(value: unknown, path: string): SimRollout {
  const members = bindMembers(value, path);
  return {
    id: bindString(members["id"], `${path}.id`),
    rollout: bindList(members["rollout"], `${path}.rollout`, bindNumber),
    exptRollout: bindNumber(members["exptRollout"], `${path}.exptRollout`),
  };
}

function bindCondition(value: unknown, path: string): SimCondition {
  const members = bindMembers(value, path);
  return {
    id: bindText(members["id"], `${path}.id`),
    property: bindString(members["property"], `${path}.property`),
    op: bindText(members["op"], `${path}.op`),
    value: bindText(members["value"], `${path}.value`),
  };
}

/** A segment's rule of a body. */
export function bindMatchRule(value: unknown, path: string): SimMatchRule {
  const members = bindMembers(value, path);
  return {
    id: bindString(members["id"], `${path}.id`),
    name: bindString(members["name"], `${path}.name`),
    conditions: bindList(members["conditions"], `${path}.conditions`, bindCondition),
  };
}

function bindTargetRule(value: unknown, path: string): SimTargetRule {
  const members = bindMembers(value, path);
  return {
    ...bindMatchRule(value, path),
    dispatchKey: bindText(members["dispatchKey"], `${path}.dispatchKey`),
    includedInExpt: bindBoolean(members["includedInExpt"], `${path}.includedInExpt`),
    variations: bindList(members["variations"], `${path}.variations`, bindRollout),
  };
}

function bindTargetUser(value: unknown, path: string): SimTargetUser {
  const members = bindMembers(value, path);
  return {
    keyIds: bindStrings(members["keyIds"], `${path}.keyIds`),
    variationId: bindString(members["variationId"], `${path}.variationId`),
  };
}

/** The targeting of a body, bound by type only: FeatBit does not look at what it means (facts/featbit.md section 4). */
export function bindTargeting(value: unknown): SimTargeting {
  const members = bindMembers(value, "targeting");
  const fallthrough = members["fallthrough"];
  const bound = (given: unknown) => {
    const parts = bindMembers(given, "targeting.fallthrough");
    return {
      dispatchKey: bindText(parts["dispatchKey"], "targeting.fallthrough.dispatchKey"),
      includedInExpt: bindBoolean(parts["includedInExpt"], "targeting.fallthrough.includedInExpt"),
      variations: bindList(parts["variations"], "targeting.fallthrough.variations", bindRollout),
    };
  };
  return {
    targetUsers: bindList(members["targetUsers"], "targeting.targetUsers", bindTargetUser),
    rules: bindList(members["rules"], "targeting.rules", bindTargetRule),
    // A missing default rule is bound to null and fails later with 500.
    fallthrough: fallthrough === undefined || fallthrough === null ? (null as never) : bound(fallthrough),
    exptIncludeAllTargets: bindBoolean(members["exptIncludeAllTargets"], "targeting.exptIncludeAllTargets", true),
  };
}
