import type { JsonValue } from "../json.ts";
import type { Problem } from "../problem.ts";
import { tiers, worst } from "../scales.ts";
import { tableOf } from "../table-of.ts";
import { isBound, parseEvidenceThreshold } from "../bound.ts";
import { problemAt } from "../yaml/explain-schema-issues.ts";
import type { PolicyFile, PolicySettings } from "./read-policy-file.ts";
import type { Audience, Policy, StageGate, TierRule } from "./policy.ts";

/** Says that a repository's setting is weaker than the organisation's. */
type ReportWeaker = (steps: readonly (string | number)[], expected: string, found: JsonValue | undefined) => void;

type Merge<Key extends keyof PolicySettings> = (
  floor: NonNullable<PolicySettings[Key]>,
  own: NonNullable<PolicySettings[Key]>,
  report: ReportWeaker,
) => NonNullable<PolicySettings[Key]>;

/**
 * The stricter side of every setting (SPEC 3: a repository can only be stricter). Called only where both files set it; a setting
 * that one file leaves out is the other's.
 */
const merges: { readonly [Key in keyof Required<PolicySettings>]: Merge<Key> } = {
  routes: (floor, own, report) => mergeUnion(floor, own, report, ["routes"], "every pattern of the organisation"),
  evidenceFolder: (floor, own, report) => keepSame(floor, own, report, ["evidence"]),
  evidenceMaxAgeMs: (floor, own, report) => {
    if (own > floor) report(["evidenceMaxAge"], `at most ${describeDays(floor)}`, describeDays(own));
    return Math.min(floor, own);
  },
  // An empty list accepts any dataset, so it is the weakest.
  datasets: (floor, own, report) => {
    if (floor.length === 0) return own;
    const allowed = own.filter((name) => floor.includes(name));
    const extra = own.filter((name) => !floor.includes(name));
    if (own.length === 0) report(["datasets"], `some of ${floor.join(", ")}`, own);
    for (const name of extra) report(["datasets", own.indexOf(name)], `one of ${floor.join(", ")}`, name);
    return allowed.length === 0 ? floor : allowed;
  },
  roles: (floor, own, report) =>
    mergeTables(floor, own, (role, floorOwners, ownOwners) => {
      const kept = ownOwners.filter((owner) => floorOwners.includes(owner));
      if (kept.length < ownOwners.length) report(["roles", role], `only ${floorOwners.join(", ")}`, ownOwners);
      return kept.length === 0 ? floorOwners : kept;
    }),
  audiences: (floor, own, report) =>
    mergeTables(floor, own, (name, floorAudience, ownAudience) =>
      mergeAudience(name, floorAudience, ownAudience, report),
    ),
  stages: (floor, own, report) => {
    const merged: Record<string, StageGate> = { ...own };
    for (const [stage, gate] of Object.entries(floor)) {
      const mine = Object.hasOwn(merged, stage) ? merged[stage] : undefined;
      merged[stage] = mine === undefined ? gate : mergeGate(stage, gate, mine, report);
    }
    return merged;
  },
  metrics: (floor, own, report) =>
    mergeTables(floor, own, (name, floorMetric, ownMetric) => {
      if (!isSame(floorMetric, ownMetric)) report(["metrics", name], "the organisation's template as it is", name);
      return floorMetric;
    }),
  requiredGuardrails: (floor, own, report) =>
    mergeUnion(floor, own, report, ["guardrails"], "every category of the organisation"),
  counts: (floor, own, report) =>
    mergeTables(floor, own, (role, floorCount, ownCount) => {
      if (ownCount < floorCount) report(["approvals", "counts", role], `at least ${floorCount}`, ownCount);
      return Math.max(floorCount, ownCount);
    }),
  separationOfDuties: (floor, own, report) =>
    mergeUnion(floor, own, report, ["approvals", "separationOfDuties"], "every tier of the organisation"),
  tierRules: (floor, own, report) => mergeRules(floor, own, report),
  modelFamilies: (floor, own, report) =>
    mergeTables(floor, own, (model, floorFamily, ownFamily) => {
      if (floorFamily !== ownFamily) report(["modelFamilies", model], floorFamily, ownFamily);
      return floorFamily;
    }),
  evidenceThresholds: (floor, own, report) =>
    mergeTables(floor, own, (kind, floorText, ownText) => {
      const isStricter = isStricterThreshold(floorText, ownText);
      if (!isStricter) report(["evidenceThresholds", kind], `${floorText} or stricter`, ownText);
      return isStricter ? ownText : floorText;
    }),
  evidenceApps: (floor, own, report) => {
    const extra = own.filter((app) => !floor.includes(app));
    if (extra.length > 0) report(["evidenceApps"], `only ${floor.join(", ") || "none"}`, own);
    return own.filter((app) => floor.includes(app));
  },
  freeze: (floor, own, report) => {
    const others = own.filter((window, index) => {
      const same = floor.find((one) => one.name === window.name);
      if (same !== undefined && !isSame(same, window)) {
        report(["freeze", index], "the organisation's window as it is, or another name", window.name);
      }
      return same === undefined;
    });
    return [...floor, ...others];
  },
  drift: (floor, own, report) => pickStricter(["alert", "repair"], floor, own, report, "drift"),
  onBreach: (floor, own, report) => pickStricter(["pause", "rollback"], floor, own, report, "onBreach"),
  mode: (floor, own, report) => pickStricter(["report", "enforce"], floor, own, report, "mode"),
};

/** Settings of a repository under an organisation's floor, and a problem for each one that would be weaker. */
export function mergeFloor(
  floor: PolicyFile,
  own: PolicyFile,
): { settings: PolicySettings; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const report: ReportWeaker = (steps, expected, found) => {
    problems.push({
      ...problemAt(own.document, steps, {
        code: "weaker-than-floor",
        message: "The setting is weaker than the organisation's policy, which stays in force.",
        expected,
        found,
        fix: "Remove the setting, or make it as strict as the organisation's.",
      }),
      severity: "warning",
    });
  };
  const settings: PolicySettings = { ...floor.settings, ...own.settings };
  for (const key of settingKeys) mergeSetting(key, floor.settings, own.settings, settings, report);
  return { settings, problems };
}

const settingKeys = [
  "routes",
  "evidenceFolder",
  "evidenceMaxAgeMs",
  "datasets",
  "roles",
  "audiences",
  "stages",
  "metrics",
  "requiredGuardrails",
  "counts",
  "separationOfDuties",
  "tierRules",
  "modelFamilies",
  "evidenceThresholds",
  "evidenceApps",
  "freeze",
  "drift",
  "onBreach",
  "mode",
] as const satisfies readonly (keyof PolicySettings)[];

// One key at a time is what lets the compiler see that both settings and their merge belong together.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
function mergeSetting<Key extends keyof PolicySettings>(
  key: Key,
  floor: PolicySettings,
  own: PolicySettings,
  into: PolicySettings,
  report: ReportWeaker,
): void {
  const low = floor[key];
  const mine = own[key];
  if (low === undefined || low === null || mine === undefined || mine === null) return;
  const merge: Merge<Key> = merges[key];
  into[key] = merge(low, mine, report);
}

function mergeTables<Value>(
  floor: Readonly<Record<string, Value>>,
  own: Readonly<Record<string, Value>>,
  merge: (name: string, floor: Value, own: Value) => Value,
): Readonly<Record<string, Value>> {
  const merged = tableOf(Object.entries(own));
  for (const [name, value] of Object.entries(floor)) {
    const mine = merged[name];
    merged[name] = mine === undefined ? value : merge(name, value, mine);
  }
  return merged;
}

function mergeUnion<Value extends string>(
  floor: readonly Value[],
  own: readonly Value[],
  report: ReportWeaker,
  steps: readonly string[],
  expected: string,
): readonly Value[] {
  const missing = floor.filter((value) => !own.includes(value));
  if (missing.length > 0) report(steps, `${expected}, also ${missing.join(", ")}`, own.join(", "));
  return [...own, ...missing];
}

function keepSame<Value extends string>(
  floor: Value,
  own: Value,
  report: ReportWeaker,
  steps: readonly string[],
): Value {
  if (floor !== own) report(steps, floor, own);
  return floor;
}

/** An organisation's audience may only become smaller by its share; which of two conditions is narrower cannot be known. */
function mergeAudience(name: string, floor: Audience, own: Audience, report: ReportWeaker): Audience {
  const isSmallerShare =
    isSame({ ...floor, percent: null }, { ...own, percent: null }) &&
    own.percent !== null &&
    own.percent <= (floor.percent ?? 100) &&
    floor.safe.length === 0;
  if (isSmallerShare || isSame(floor, own)) return own;
  report(["audiences", name], "the organisation's audience as it is, or another name", name);
  return floor;
}

function mergeGate(stage: string, floor: StageGate, own: StageGate, report: ReportWeaker): StageGate {
  if (floor.soakMs !== null && own.soakMs !== null && own.soakMs < floor.soakMs) {
    report(["stages", stage, "soak"], `at least ${describeDays(floor.soakMs)}`, describeDays(own.soakMs));
  }
  if (own.mayBeSkipped && !floor.mayBeSkipped) report(["stages", stage, "mayBeSkipped"], "false", true);
  // A stage that lists nothing leaves the organisation's list alone; one with a list of its own says that this is all.
  const unite = (list: "evidence" | "roles"): readonly string[] =>
    own[list].length === 0
      ? floor[list]
      : mergeUnion(floor[list], own[list], report, ["stages", stage, list], "all that the organisation asks for");
  return {
    soakMs: floor.soakMs === null ? own.soakMs : Math.max(floor.soakMs, own.soakMs ?? 0),
    evidence: unite("evidence"),
    roles: unite("roles"),
    mayBeSkipped: floor.mayBeSkipped && own.mayBeSkipped,
  };
}

function mergeRules(floor: readonly TierRule[], own: readonly TierRule[], report: ReportWeaker): readonly TierRule[] {
  const others = own.filter((rule, index) => {
    const same = floor.find((one) => one.id === rule.id);
    if (same === undefined) return true;
    const isRaised =
      worst(tiers, same.tier, rule.tier) === rule.tier && isSame({ ...same, tier: rule.tier, why: rule.why }, rule);
    if (!isRaised)
      report(["tiers", index], "the organisation's rule as it is or with a higher tier, or another id", rule.id);
    return isRaised;
  });
  return [...floor.filter((rule) => !others.some((one) => one.id === rule.id)), ...others];
}

function isStricterThreshold(floor: string, own: string): boolean {
  const low = parseEvidenceThreshold(floor);
  const mine = parseEvidenceThreshold(own);
  if (!isBound(low) || !isBound(mine)) return false;
  if (isSame({ ...low, text: "" }, { ...mine, text: "" })) return true;
  const isUpper = low.operator === "<=" || low.operator === "<";
  if (low.operator === "==" || mine.operator === "==") return false;
  if (isUpper !== (mine.operator === "<=" || mine.operator === "<")) return false;
  if (mine.amount === low.amount)
    return mine.operator === "<" || mine.operator === ">" || mine.operator === low.operator;
  return isUpper ? mine.amount < low.amount : mine.amount > low.amount;
}

function pickStricter<Value extends string>(
  scale: readonly Value[],
  floor: Value,
  own: Value,
  report: ReportWeaker,
  field: string,
): Value {
  const stricter = worst(scale, floor, own);
  if (stricter !== own) report([field], floor, own);
  return stricter;
}

function isSame(a: object, b: object): boolean {
  return stableText(a) === stableText(b);
}

function stableText(value: object): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

function describeDays(milliseconds: number): string {
  const hours = milliseconds / 3_600_000;
  return hours % 24 === 0 ? `${hours / 24}d` : `${Math.round(hours * 100) / 100}h`;
}

/** The settings as a policy, with the built-in rules where nothing is said. */
export function completePolicy(settings: PolicySettings, base: Omit<Policy, "digest">, digest: string): Policy {
  const { counts, separationOfDuties, ...rest } = settings;
  return {
    ...base,
    ...rest,
    approvals: {
      counts: counts ?? base.approvals.counts,
      separationOfDuties: separationOfDuties ?? base.approvals.separationOfDuties,
    },
    digest,
  };
}
