/** Ordered scales of SPEC 1, each one array, weakest first. */
export const tiers = ["low", "medium", "high", "restricted"] as const;
export type Tier = (typeof tiers)[number];

export const stages = [
  "offline-eval",
  "shadow",
  "internal-canary",
  "customer-canary",
  "ab-comparison",
  "default",
] as const;
export type Stage = (typeof stages)[number];

/** Verdict states, best first: the worst of several routes is the pull request's. */
export const verdictStates = ["not-applicable", "approved", "waiting", "blocked", "invalid"] as const;
export type VerdictState = (typeof verdictStates)[number];

export const triggers = ["quality", "platform", "cost", "latency", "data", "exposure", "governance"] as const;
export type Trigger = (typeof triggers)[number];

/** Trust in an evidence record, weakest first (SPEC 8). */
export const trustLevels = ["declared", "workflow", "attested"] as const;
export type Trust = (typeof trustLevels)[number];

/** The further element of the two along `scale`. */
export function worst<T extends string>(scale: readonly T[], a: T, b: T): T {
  return scale.indexOf(a) >= scale.indexOf(b) ? a : b;
}

/** The furthest element of `values` along `scale`, or `fallback` when there are none. */
export function worstOf<T extends string>(scale: readonly T[], values: readonly T[], fallback: T): T {
  return values.reduce((a, b) => worst(scale, a, b), fallback);
}

/** Whether `value` stands at or beyond `limit` along `scale`. */
export function atLeast<T extends string>(scale: readonly T[], value: T, limit: T): boolean {
  return scale.indexOf(value) >= scale.indexOf(limit);
}
