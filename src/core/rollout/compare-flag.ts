import canonicalize from "canonicalize";
import { createHash } from "node:crypto";
import { cut, InternalError } from "../problem.ts";
import type { FlagRule, FlagSnapshot, FlagTargeting, FlagVariation, RolloutRange } from "./flag.ts";

/** Everything of a flag that decides what users are served while it is on, and while it is off. */
export interface FlagContents {
  variations: readonly FlagVariation[];
  offVariationId: string;
  targeting: FlagTargeting;
}

/**
 * SHA-256 (hex) of a targeting without what FeatBit adds or what exposes nobody: empty lists of individual targets, blank
 * dispatch keys, condition ids and experiment settings.
 */
export function digestTargeting(targeting: FlagTargeting): string {
  return digest(canonicalTargeting(targeting));
}

/** The same for all contents: tells a change by hand from our own writing. On and off stays outside. */
export function digestContents(contents: FlagContents): string {
  return digest([
    canonicalVariations(contents.variations),
    contents.offVariationId,
    canonicalTargeting(contents.targeting),
  ]);
}

export function sameVariations(a: readonly FlagVariation[], b: readonly FlagVariation[]): boolean {
  return digest(canonicalVariations(a)) === digest(canonicalVariations(b));
}

/** Ids of the variations that a targeting can serve. */
export function listServedVariations(targeting: FlagTargeting): ReadonlySet<string> {
  const ranges = [...targeting.rules.flatMap((rule) => rule.variations), ...targeting.fallthrough.variations];
  const targets = targeting.targetUsers.filter((target) => target.keyIds.length > 0);
  return new Set([...ranges.map((range) => range.id), ...targets.map((target) => target.variationId)]);
}

/** How a flag differs from what is wanted, in sentences for people; empty when it does not. */
export function describeDifferences(wanted: FlagContents, found: FlagSnapshot): readonly string[] {
  const name = (id: string): string =>
    found.variations.find((v) => v.id === id)?.name ?? wanted.variations.find((v) => v.id === id)?.name ?? id;
  const differences: string[] = [];
  for (const variation of wanted.variations) {
    const other = found.variations.find((v) => v.id === variation.id);
    if (other === undefined) differences.push(`variation ${variation.name} is missing`);
    else if (other.value !== variation.value) differences.push(`variation ${variation.name} has another value`);
    else if (other.name !== variation.name)
      differences.push(`variation ${variation.name} is called ${cut(other.name, 40)}`);
  }
  for (const variation of found.variations) {
    if (!wanted.variations.some((v) => v.id === variation.id))
      differences.push(`there is a variation ${cut(variation.name, 40)} more`);
  }
  if (found.offVariationId !== wanted.offVariationId)
    differences.push(`the off variation is ${cut(name(found.offVariationId), 40)}`);
  const targets = found.targeting.targetUsers.filter((target) => target.keyIds.length > 0);
  if (targets.length > 0)
    differences.push(
      `individual users are targeted (${targets.reduce((sum, target) => sum + target.keyIds.length, 0)})`,
    );
  for (const rule of wanted.targeting.rules) {
    const other = found.targeting.rules.find((r) => r.id === rule.id);
    if (other === undefined) differences.push(`rule "${rule.name}" is missing`);
    else if (digest(canonicalRule(other)) !== digest(canonicalRule(rule)))
      differences.push(`rule "${rule.name}" was changed: it serves ${describeRanges(other.variations, name)}`);
  }
  for (const rule of found.targeting.rules) {
    if (!wanted.targeting.rules.some((r) => r.id === rule.id))
      differences.push(
        `there is a rule "${cut(rule.name, 40)}" more: it serves ${describeRanges(rule.variations, name)}`,
      );
  }
  if (digest(canonicalFallthrough(found.targeting)) !== digest(canonicalFallthrough(wanted.targeting))) {
    differences.push(`the default rule serves ${describeRanges(found.targeting.fallthrough.variations, name)}`);
  }
  if (differences.length === 0 && digestTargeting(wanted.targeting) !== digestTargeting(found.targeting))
    differences.push("the order of the rules was changed");
  return differences;
}

function describeRanges(ranges: readonly RolloutRange[], name: (id: string) => string): string {
  return ranges
    .map((range) => `${cut(name(range.id), 40)} ${Math.round((range.rollout[1] - range.rollout[0]) * 10_000) / 100} %`)
    .join(", ");
}

function canonicalVariations(variations: readonly FlagVariation[]): unknown {
  return variations
    .map(({ id, name, value }) => [id, name, value])
    .toSorted((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1));
}

function canonicalTargeting(targeting: FlagTargeting): unknown {
  const targets = targeting.targetUsers
    .filter((target) => target.keyIds.length > 0)
    .map((target) => [target.variationId, ...target.keyIds.toSorted()])
    .toSorted((a, b) => (a.join(" ") < b.join(" ") ? -1 : 1));
  return [targets, targeting.rules.map(canonicalRule), canonicalFallthrough(targeting)];
}

function canonicalRule(rule: FlagRule): unknown {
  return [
    rule.id,
    rule.name,
    rule.dispatchKey?.trim() || null,
    rule.conditions.map(({ property, op, value }) => [property, op, value]),
    canonicalRanges(rule.variations),
  ];
}

function canonicalFallthrough(targeting: FlagTargeting): unknown {
  return [targeting.fallthrough.dispatchKey?.trim() || null, canonicalRanges(targeting.fallthrough.variations)];
}

function canonicalRanges(ranges: readonly RolloutRange[]): unknown {
  return ranges.map((range) => [range.id, range.rollout[0], range.rollout[1]]);
}

function digest(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new InternalError("flag contents are not JSON");
  return createHash("sha256").update(text).digest("hex");
}
