import canonicalize from "canonicalize";
import { computeBucket } from "./bucket.ts";
import type { Exposure, ResolvedAudience } from "./exposure.ts";
import type { FlagCondition, FlagVariation, SegmentSnapshot } from "./flag.ts";
import type { VariationName } from "./flag-identity.ts";
import type { Probe } from "./probe.ts";
import { expectServed } from "./served-value.ts";
import { needsAttribute } from "./targeting.ts";

/** A user as an evaluation sees it. */
export interface ProbeUser {
  userKey: string;
  attributes: Readonly<Record<string, string>>;
}

export interface PlannedProbes {
  probes: readonly Probe[];
  /** What could not be proven with a made-up user, in sentences. */
  unproven: readonly string[];
}

/** Probes of one proof at most; a plan has a handful of audiences. */
const mostProbes = 60;
const searchLimit = 5_000;

/**
 * Made-up users that show a stage (SPEC 12): of every audience inside and outside its share and without the dispatch
 * attribute, of every exclusion (who without it would get the candidate), and an ordinary one. What each must be served
 * comes from the exposure, not from the rules written for FeatBit, so that a mistake in the rules is seen.
 */
export function planProbes(flagKey: string, exposure: Exposure, variations: readonly FlagVariation[]): PlannedProbes {
  const { users, unproven } = placeUsers(flagKey, exposure);
  return {
    probes: users.map(({ variation, ...user }) => ({ ...user, expected: expectServed(variations, variation) })),
    unproven,
  };
}

/** The same users without what they must be served. */
export function planUsers(flagKey: string, exposure: Exposure): readonly Omit<Probe, "expected">[] {
  return placeUsers(flagKey, exposure).users.map(({ name, userKey, attributes }) => ({ name, userKey, attributes }));
}

type PlacedUser = Omit<Probe, "expected"> & { variation: VariationName };

function placeUsers(
  flagKey: string,
  exposure: Exposure,
): { users: readonly PlacedUser[]; unproven: readonly string[] } {
  const unproven: string[] = [];
  const probes: PlacedUser[] = [];
  const seen = new Set<string>();
  const add = (name: string, user: ProbeUser | null, wanted: VariationName | null = null): void => {
    const expected = user === null ? null : expectVariation(flagKey, exposure, user);
    if (user === null || expected === null || (wanted !== null && expected !== wanted)) {
      unproven.push(`${name}: no user could be made up`);
      return;
    }
    const identity = canonicalize([user.userKey, user.attributes]) ?? "";
    if (seen.has(identity)) return;
    if (probes.length === mostProbes) {
      unproven.push(`only the first ${mostProbes} probes are asked`);
      return;
    }
    seen.add(identity);
    probes.push({ name, ...user, variation: expected });
  };

  const ordinary = makeEligible(exposure, "ordinary");
  add("ordinary user", placeUser(flagKey, exposure, ordinary, null, "ordinary"));
  add("user without attributes", { userKey: "routeward-probe-bare", attributes: {} });
  for (const { audience, share } of exposure.entries) {
    const member = joinAudience(makeEligible(exposure, audience.name), audience);
    if (member === null) {
      unproven.push(
        `audience ${audience.name}: segment ${audience.segment?.key ?? ""} has no member that can be named`,
      );
      continue;
    }
    if (share === 100) {
      add(audience.name, placeUser(flagKey, exposure, member, null, audience.name));
      continue;
    }
    add(`${audience.name}, in the share`, placeUser(flagKey, exposure, member, { share, inside: true }, audience.name));
    add(
      `${audience.name}, outside the share`,
      placeUser(flagKey, exposure, member, { share, inside: false }, audience.name),
    );
    if (needsAttribute(exposure.dispatchKey)) {
      add(`${audience.name}, without ${exposure.dispatchKey}`, omit(member, exposure.dispatchKey));
    }
  }
  for (const exclusion of exposure.exclusions) {
    const entry = exposure.entries[0];
    const base = makeEligible(exposure, exclusion.name);
    const joined = entry === undefined ? base : (joinAudience(base, entry.audience) ?? base);
    const entitled =
      placeUser(
        flagKey,
        exposure,
        joined,
        entry === undefined ? null : { share: entry.share, inside: true },
        exclusion.name,
      ) ?? joined;
    for (const condition of exclusion.safe) {
      add(
        `excluded by ${exclusion.name}: unlisted ${condition.property}`,
        setAttribute(entitled, condition.property, "routeward-unlisted"),
        "baseline",
      );
      if (condition.property !== "keyId")
        add(
          `excluded by ${exclusion.name}: unknown ${condition.property}`,
          omit(entitled, condition.property),
          "baseline",
        );
    }
    if (exclusion.segment === null && exclusion.where.length === 0) continue;
    const member = joinAudience(entitled, { ...exclusion, safe: [] });
    if (member === null)
      unproven.push(
        `exclusion ${exclusion.name}: segment ${exclusion.segment?.key ?? ""} has no member that can be named`,
      );
    else add(`excluded by ${exclusion.name}`, member, "baseline");
  }
  return { users: probes, unproven: [...new Set(unproven)] };
}

/**
 * Which variation a user must get. Null when it hangs on a segment rule that is not read here. Written from SPEC 10
 * alone, independent of the order of rules: an exclusion wins; of several audiences the greatest share counts.
 */
export function expectVariation(flagKey: string, exposure: Exposure, user: ProbeUser): VariationName | null {
  const excluded = exposure.exclusions.map((exclusion) => isExcluded(exclusion, user));
  if (excluded.includes(true)) return "baseline";
  const entitled = exposure.entries.map(({ audience, share }) => ({ share, member: isMember(audience, user) }));
  if (excluded.includes(null) || entitled.some((entry) => entry.member === null)) return null;
  const share = Math.max(0, ...entitled.filter((entry) => entry.member).map((entry) => entry.share));
  return share > 0 && isInside(flagKey, exposure.dispatchKey, user, share) ? "candidate" : exposure.everyoneElse;
}

/** Whether a user stands inside a share of a flag. Nobody without the dispatch attribute does, except when it is the whole. */
export function isInside(flagKey: string, dispatchKey: string, user: ProbeUser, share: number): boolean {
  if (share >= 100) return true;
  const value = needsAttribute(dispatchKey) ? user.attributes[dispatchKey] : user.userKey;
  return value !== undefined && value !== "" && computeBucket(flagKey + value) <= share / 100;
}

type Truth = boolean | null;

function isExcluded(exclusion: ResolvedAudience, user: ProbeUser): Truth {
  if (exclusion.safe.some((condition) => !holds(condition, user))) return true;
  if (exclusion.segment === null && exclusion.where.length === 0) return false;
  return isMember({ ...exclusion, safe: [] }, user);
}

function isMember(audience: ResolvedAudience, user: ProbeUser): Truth {
  if (![...audience.where, ...audience.safe].every((condition) => holds(condition, user))) return false;
  return audience.segment === null ? true : isInSegment(audience.segment, user);
}

function holds(condition: { property: string; in: readonly string[] }, user: ProbeUser): boolean {
  const value = attributeOf(user, condition.property);
  return value !== undefined && condition.in.includes(value);
}

function isInSegment(segment: SegmentSnapshot, user: ProbeUser): Truth {
  if (segment.excluded.includes(user.userKey)) return false;
  if (segment.included.includes(user.userKey)) return true;
  const rules = segment.rules.map((rule) => {
    const conditions = rule.conditions.map((condition) => matchSegmentCondition(condition, user));
    return conditions.includes(false) ? false : conditions.includes(null) ? null : true;
  });
  return rules.includes(true) ? true : rules.includes(null) ? null : false;
}

function matchSegmentCondition(condition: FlagCondition, user: ProbeUser): Truth {
  const value = attributeOf(user, condition.property);
  const list = parseList(condition.value);
  // Where the two evaluators differ on a missing attribute, the answer is unknown (facts/featbit.md section 11, pitfall 4).
  switch (condition.op) {
    case "Equal":
      return value === undefined && condition.value === "" ? null : value === condition.value;
    case "NotEqual":
      return value === undefined && condition.value === "" ? null : value !== condition.value;
    case "IsOneOf":
      return list === null ? null : value !== undefined && list.includes(value);
    case "NotOneOf":
      return list === null ? null : value === undefined || !list.includes(value);
    default:
      return null;
  }
}

function parseList(text: string): readonly string[] | null {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === "string") ? list : null;
  } catch {
    return null;
  }
}

/** Somebody whom no `safe` list excludes; of attributes that several lists name, a value that all of them hold if there is one. */
function makeEligible(exposure: Exposure, name: string): ProbeUser {
  const safe = exposure.exclusions.flatMap((exclusion) => exclusion.safe);
  let user: ProbeUser = { userKey: `routeward-probe-${name}`, attributes: {} };
  for (const { property, in: values } of safe) {
    const common = values.find((value) =>
      safe.every((other) => other.property !== property || other.in.includes(value)),
    );
    user = setAttribute(user, property, common ?? values[0] ?? "");
  }
  return user;
}

/** The same user as a member of an audience; null when the audience's segment shows nobody by name. */
function joinAudience(user: ProbeUser, audience: ResolvedAudience): ProbeUser | null {
  let member = user;
  for (const { property, in: values } of [...audience.where, ...audience.safe]) {
    const kept = attributeOf(member, property);
    if (kept === undefined || !values.includes(kept)) member = setAttribute(member, property, values[0] ?? "");
  }
  const { segment } = audience;
  if (segment === null) return member;
  const key = segment.included.find((included) => !segment.excluded.includes(included));
  if (key !== undefined) return { ...member, userKey: key };
  for (const rule of segment.rules) {
    let attempt = member;
    for (const condition of rule.conditions) {
      const value =
        condition.op === "IsOneOf"
          ? parseList(condition.value)?.[0]
          : condition.op === "Equal"
            ? condition.value
            : undefined;
      if (value !== undefined) attempt = setAttribute(attempt, condition.property, value);
    }
    if (isInSegment(segment, attempt) === true) return attempt;
  }
  return null;
}

/** Gives the user a dispatch value, inside or outside a share when asked; null when there is none among those allowed. */
function placeUser(
  flagKey: string,
  exposure: Exposure,
  user: ProbeUser,
  place: { share: number; inside: boolean } | null,
  name: string,
): ProbeUser | null {
  const { dispatchKey } = exposure;
  if (dispatchKey.trim() === "") return user;
  const fixed = needsAttribute(dispatchKey)
    ? user.attributes[dispatchKey]
    : user.userKey.startsWith("routeward-probe-")
      ? undefined
      : user.userKey;
  for (let n = 0; n < searchLimit; n += 1) {
    const value = fixed ?? `routeward-probe-${name}-${n}`;
    const placed = needsAttribute(dispatchKey) ? setAttribute(user, dispatchKey, value) : { ...user, userKey: value };
    if (place === null || isInside(flagKey, dispatchKey, placed, place.share) === place.inside) return placed;
    if (fixed !== undefined) return null;
  }
  return null;
}

function attributeOf(user: ProbeUser, property: string): string | undefined {
  return property === "keyId"
    ? user.userKey
    : Object.hasOwn(user.attributes, property)
      ? user.attributes[property]
      : undefined;
}

function setAttribute(user: ProbeUser, property: string, value: string): ProbeUser {
  return property === "keyId"
    ? { ...user, userKey: value }
    : { ...user, attributes: { ...user.attributes, [property]: value } };
}

function omit(user: ProbeUser, property: string): ProbeUser {
  return {
    ...user,
    attributes: Object.fromEntries(Object.entries(user.attributes).filter(([name]) => name !== property)),
  };
}
