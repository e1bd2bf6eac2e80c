import type { MetricTemplate } from "../facts.ts";
import type { Stage, Tier } from "../scales.ts";

/** One condition on string attributes: the user's `property` is one of `in`. */
export interface AudienceCondition {
  property: string;
  in: readonly string[];
}

/** A named group of users (SPEC 10). As an exclusion, `safe` lists who is not excluded. */
export interface Audience {
  name: string;
  internal: boolean;
  /** Key of a FeatBit segment. */
  segment: string | null;
  where: readonly AudienceCondition[];
  safe: readonly AudienceCondition[];
  /** Its single step, 0 to 100. */
  percent: number | null;
}

export type { MetricTemplate } from "../facts.ts";

/** What must hold before a stage may be entered, as the policy changes it. */
export interface StageGate {
  /** Milliseconds that the stage before must have soaked, when the route's plan says nothing longer. */
  soakMs: number | null;
  /** Kinds of evidence required beside the built-in ones. */
  evidence: readonly string[];
  /** Roles required beside the built-in ones. */
  roles: readonly string[];
  mayBeSkipped: boolean;
}

export interface FreezeWindow {
  name: string;
  /** Five-field cron of the beginning, in `timezone`. */
  cron: string;
  lastsMs: number;
  timezone: string;
}

/** A rule of the policy that raises the tier; it can never lower one. */
export interface TierRule {
  id: string;
  tier: Tier;
  triggers: readonly string[];
  why: string;
  when: {
    workflows: readonly string[];
    paths: readonly string[];
    dataClasses: readonly string[];
    fields: readonly string[];
  };
}

/** The rules in force: built-in defaults, organisation floor and repository file, the stricter of each (SPEC 3). */
export interface Policy {
  /** Globs of route files. */
  routes: readonly string[];
  evidenceFolder: string;
  evidenceMaxAgeMs: number;
  /** Names of accepted datasets; empty accepts any named one. */
  datasets: readonly string[];
  /** Owners that the policy names for a role, instead of CODEOWNERS role lines. */
  roles: Readonly<Record<string, readonly string[]>>;
  audiences: Readonly<Record<string, Audience>>;
  stages: Readonly<Partial<Record<Stage, StageGate>>>;
  metrics: Readonly<Record<string, MetricTemplate>>;
  /** Categories that customer stages must cover. */
  requiredGuardrails: readonly string[];
  approvals: {
    /** Approvals wanted per role; 1 where nothing is said. */
    counts: Readonly<Record<string, number>>;
    separationOfDuties: readonly Tier[];
  };
  tierRules: readonly TierRule[];
  /** Model id or opaque target to family. */
  modelFamilies: Readonly<Record<string, string>>;
  /** Threshold per evidence kind, for example `{"offline-eval": ">= 0.9"}`: stricter than what a record says of itself. */
  evidenceThresholds: Readonly<Record<string, string>>;
  /** Ids of GitHub Apps whose check runs count as evidence of workflow trust; empty trusts none. */
  evidenceApps: readonly number[];
  freeze: readonly FreezeWindow[];
  drift: "alert" | "repair";
  onBreach: "pause" | "rollback";
  mode: "enforce" | "report";
  /** SHA-256 of the texts that made it, so that a verdict names the rules it was judged by. */
  digest: string;
}
