import { createHash } from "node:crypto";
import type { FlagSnapshot } from "./flag.ts";

/** The three variations that a flag of Routeward has; a string flag has no `shadow` (SPEC 2). */
export const variationNames = ["baseline", "candidate", "shadow"] as const;
export type VariationName = (typeof variationNames)[number];

/** What makes the identity of a flag's parts. */
export interface FlagName {
  binding: string;
  flagKey: string;
}

/**
 * A UUID that depends on nothing but the names: a creation or a targeting that is repeated after a crash has the same ids,
 * so that it is recognised instead of doubled, and FeatBit's audit texts keep going by the same rule (facts/featbit.md section 4).
 */
export function deriveId(flag: FlagName, part: string): string {
  const hex = createHash("sha256")
    .update(JSON.stringify(["routeward", flag.binding, flag.flagKey, part]))
    .digest("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join("-");
}

/** Variation ids by name. They stay the same over all stages and candidates of a flag. */
export function deriveVariationIds(flag: FlagName): Readonly<Record<VariationName, string>> {
  return {
    baseline: deriveId(flag, "variation:baseline"),
    candidate: deriveId(flag, "variation:candidate"),
    shadow: deriveId(flag, "variation:shadow"),
  };
}

/**
 * Tags of a flag made for a repository. A colon, a slash, a comma or a semicolon would change how FeatBit reads the
 * flag's resource name when it checks permissions (facts/featbit.md section 5), hence the dot; owners never hold one.
 */
export function planTags(repository: string): readonly string[] {
  return ["routeward", `routeward-${repository.replace("/", ".").toLowerCase()}`];
}

/**
 * Whether Routeward made this flag for this repository, or the operator gave it to Routeward. Null: yes; otherwise the
 * reason why it may not be touched (SPEC 4).
 */
export function checkOwnership(
  flag: FlagSnapshot,
  name: FlagName,
  repository: string,
  isAdopted: boolean,
): string | null {
  if (isAdopted) return null;
  const baseline = deriveVariationIds(name).baseline;
  const tags = new Set(flag.tags.map((tag) => tag.toLowerCase()));
  if (planTags(repository).every((tag) => tags.has(tag)) && flag.variations.some((v) => v.id === baseline)) return null;
  return `FeatBit already has a flag ${name.flagKey} that Routeward did not make for ${repository}; the operator can hand it over with \`routeward adopt ${name.binding} ${name.flagKey}\``;
}
