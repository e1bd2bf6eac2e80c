import type { RouteAnswer } from "../core/facts.ts";

/**
 * Asks the application's route over HTTP whether it answers, at the address that the operator gave for the binding (SPEC 13). Never
 * throws: that it does not answer is a result. Bounded in time and size; redirects are not followed.
 */
export interface RouteProbePort {
  probe(flagKey: string): Promise<RouteAnswer>;
}

/** Probes by binding name; a binding without one is absent. */
export type RouteProbePorts = ReadonlyMap<string, RouteProbePort>;
