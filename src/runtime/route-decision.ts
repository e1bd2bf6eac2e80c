import type { JsonObject } from "../core/json.ts";

/** The user of the application for whom a route is chosen. Attributes are always strings: FeatBit's SDK throws on others. */
export interface RouteUser {
  key: string;
  name?: string;
  attributes?: Readonly<Record<string, string>>;
}

/** A bundle with its digest, as the flag serves it or as the application was given it. */
export interface ServedBundle {
  bundle: JsonObject;
  /** `mrb1:sha256:<hex>`; null for a baseline that the application brought without one. */
  digest: string | null;
}

/** Which route to call for one request. */
export interface RouteDecision extends ServedBundle {
  flagKey: string;
  variation: "baseline" | "candidate" | "shadow";
  stage: string | null;
  /** `fallback`: FeatBit could not say, so the baseline that the application brought is used. */
  source: "featbit" | "fallback";
  /** Why the fallback is used; null otherwise. */
  problem: string | null;
  /** At the shadow stage: the candidate to call beside, whose answer nobody may see. */
  shadow: ServedBundle | null;
  user: RouteUser;
}

/** How one call of a route went (SPEC 19). Leave out what is not known. */
export interface RouteOutcome {
  /** US dollars. */
  costUsd?: number;
  /** The bundle's own fallback was used. */
  fellBack?: boolean;
  retries?: number;
  /** The answer was accepted: a conversation resolved, a suggestion taken. */
  accepted?: boolean;
  /** Handed over to a person. */
  escalated?: boolean;
  /** Somebody reported the output as unsafe. */
  unsafe?: boolean;
  /** 0 to 1, from the application's own grader. */
  rubricScore?: number;
  /** Group of customers for segment guardrails. */
  segment?: string;
}
