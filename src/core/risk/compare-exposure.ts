import type { Audience, AudienceCondition, Policy } from "../policy/policy.ts";
import { planOf } from "../routes/plan-of.ts";
import { wantedSoakOf } from "../routes/wanted-soak.ts";
import type { PlanStep, RouteRecord } from "../routes/route-file.ts";
import { atLeast, stages, type Stage } from "../scales.ts";
import type { RouteContent } from "./route-comparison.ts";
import { showValue } from "./show-value.ts";

/** A way in which more users, or others, would get the candidate than was approved. */
export interface Widening {
  field: string;
  sentence: string;
  /** Whether it concerns customers; an internal audience otherwise. */
  reachesCustomers: boolean;
}

/** A record with the audiences as they were defined when it was judged. */
export interface ExposedRecord {
  record: RouteRecord;
  audiences: Readonly<Record<string, Audience>>;
}

/** What of a route's content decides who is exposed. */
export function exposedOf(content: RouteContent): ExposedRecord {
  return { record: content.state.file.record, audiences: content.audiences };
}

/**
 * How exposure grows from what was approved to what would be merged (SPEC 5, `customer-exposure`): shares raised, audiences
 * widened by name or by the policy's definition, exclusions removed or weakened, soak times cut. Only stages up to the asked one are
 * compared; entering a later one is a change of its own.
 */
export function listWidenings(
  before: ExposedRecord,
  after: ExposedRecord,
  asked: Stage | null,
  policy: Policy,
): readonly Widening[] {
  const oldPlan = planOf(before.record, { ...policy, audiences: before.audiences });
  const newPlan = planOf(after.record, { ...policy, audiences: after.audiences });
  const oldFields = fieldsOfPlan(after.record, newPlan);
  const steps = newPlan.flatMap((step, index) => {
    const isReached = asked !== null && atLeast(stages, asked, step.stage);
    if (!isReached) return [];
    const old = oldPlan.find((each) => each.stage === step.stage);
    const field = oldFields[index] ?? "exposure";
    return [
      ...(old === undefined && step.stage !== asked ? sayAddedBefore(step, field, asked, after.audiences) : []),
      ...compareStep(old ?? null, step, field, before.audiences, after.audiences),
      ...compareSoak(old ?? null, step, field, after.audiences, policy),
    ];
  });
  return [...steps, ...compareExclusions(before, after)];
}

/** A stage that is put into the plan before the asked one is never entered: its audience gets the candidate at once. */
function sayAddedBefore(
  step: PlanStep,
  field: string,
  asked: Stage,
  audiences: ExposedRecord["audiences"],
): readonly Widening[] {
  if (step.audience === null) return [];
  const sentence = `${step.stage} is planned before ${asked} now, for audience ${showValue(step.audience)}`;
  return [{ field, sentence, reachesCustomers: reachesCustomers(step, findAudience(audiences, step.audience)) }];
}

function fieldsOfPlan({ exposure }: RouteRecord, plan: readonly PlanStep[]): readonly string[] {
  if (exposure.form === "plan") return plan.map((_, index) => `exposure.plan.${index}`);
  return plan.map((_, index) => (index === 0 ? "exposure.firstAudience" : "exposure.nextAudience"));
}

function compareStep(
  old: PlanStep | null,
  now: PlanStep,
  field: string,
  oldAudiences: ExposedRecord["audiences"],
  newAudiences: ExposedRecord["audiences"],
): Widening[] {
  // A stage that was not planned before is judged by entering it.
  if (old === null) return [];
  const nowAudience = findAudience(newAudiences, now.audience);
  const found: Widening[] = [];
  const report = (part: string, sentence: string): void => {
    found.push({
      field: `${field}.${part}`,
      sentence: `${now.stage}: ${sentence}`,
      reachesCustomers: reachesCustomers(now, nowAudience),
    });
  };
  if (old.audience !== now.audience) {
    report("audience", `audience changed from ${showValue(old.audience)} to ${showValue(now.audience)}`);
  } else if (isWidened(findAudience(oldAudiences, old.audience), nowAudience)) {
    report(
      "audience",
      `the policy now defines audience ${showValue(now.audience)} wider, or in other terms, than when it was approved`,
    );
  }
  const [oldShare, newShare] = [
    greatestShare(old, findAudience(oldAudiences, old.audience)),
    greatestShare(now, nowAudience),
  ];
  if (newShare > oldShare) report("steps", `share raised from ${oldShare} % to ${newShare} %`);
  else if (isFaster(old.steps, now.steps)) {
    report(
      "steps",
      `steps changed from ${showValue(old.steps)} to ${showValue(now.steps)}, which reaches users sooner`,
    );
  }
  return found;
}

/** A soak that is not written down is a day, or what the policy says: writing a shorter one down is a cut as well. */
function compareSoak(
  old: PlanStep | null,
  now: PlanStep,
  field: string,
  audiences: ExposedRecord["audiences"],
  policy: Policy,
): Widening[] {
  if (old === null) return [];
  const [oldWanted, nowWanted] = [wantedSoakOf([old], policy, old.stage), wantedSoakOf([now], policy, now.stage)];
  const isPlanCut = old.soakMs !== null && now.soakMs !== null && now.soakMs < old.soakMs;
  if (nowWanted >= oldWanted && !isPlanCut) return [];
  const [from, to] = isPlanCut ? [old.soakMs, now.soakMs] : [oldWanted, nowWanted];
  const hours = (ms: number | null): string => `${(ms ?? 0) / 3_600_000} h`;
  return [
    {
      field: `${field}.soak`,
      sentence: `${now.stage}: soak cut from ${hours(from)} to ${hours(to)}`,
      reachesCustomers: reachesCustomers(now, findAudience(audiences, now.audience)),
    },
  ];
}

/** Everything but an internal canary of the organisation's own people. */
function reachesCustomers(step: PlanStep, audience: Audience | null): boolean {
  return step.stage !== "internal-canary" || audience?.internal !== true;
}

function findAudience(audiences: ExposedRecord["audiences"], name: string | null): Audience | null {
  return name !== null && Object.hasOwn(audiences, name) ? (audiences[name] ?? null) : null;
}

/** Percent of its audience that a stage reaches in its last step. Without steps it is the audience's own percent, or everybody. */
export function greatestShare(step: PlanStep, audience: Audience | null): number {
  return step.steps.length > 0 ? Math.max(...step.steps) : (audience?.percent ?? 100);
}

/** Each step must be there no earlier than before: a plan that jumps to its last share is faster. */
function isFaster(old: readonly number[], now: readonly number[]): boolean {
  return old.some((share, index) => (now[index] ?? 0) > share);
}

/** An audience is no wider when it asks at least for every condition that it asked for before, with no further values. */
function isWidened(old: Audience | null, now: Audience | null): boolean {
  if (now === null) return false;
  if (old === null) return true;
  if (old.segment !== now.segment && old.segment !== null) return true;
  if (old.internal && !now.internal) return true;
  // Who gets the candidate must meet the safe lists of an audience too.
  return !impliesConditions([...now.where, ...now.safe], [...old.where, ...old.safe]);
}

/** Whether whoever meets `narrow` surely meets `wide`. */
function impliesConditions(narrow: readonly AudienceCondition[], wide: readonly AudienceCondition[]): boolean {
  return wide.every((condition) =>
    narrow.some(
      (each) => each.property === condition.property && each.in.every((value) => condition.in.includes(value)),
    ),
  );
}

function compareExclusions(before: ExposedRecord, after: ExposedRecord): Widening[] {
  return before.record.exposure.excluded.flatMap((name) => {
    const report = (sentence: string): Widening[] => [{ field: "exposure.excluded", sentence, reachesCustomers: true }];
    if (!after.record.exposure.excluded.includes(name)) return report(`exclusion ${showValue(name)} removed`);
    const [old, now] = [findAudience(before.audiences, name), findAudience(after.audiences, name)];
    if (old !== null && (now === null || !excludesAsMany(old, now))) {
      return report(
        `the policy now defines exclusion ${showValue(name)} narrower, or in other terms, than when it was approved`,
      );
    }
    return [];
  });
}

/**
 * An exclusion excludes by any of segment, `where` and everyone outside `safe`. It is no narrower when each of these still catches
 * whom it caught.
 */
function excludesAsMany(old: Audience, now: Audience): boolean {
  if (old.segment !== null && old.segment !== now.segment) return false;
  // More conditions in `where` exclude fewer users, so the old ones must imply the new ones.
  if (old.where.length > 0 && !(now.where.length > 0 && impliesConditions(old.where, now.where))) return false;
  return impliesConditions(now.safe, old.safe);
}
