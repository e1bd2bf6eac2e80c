/** `routeward/runtime`: the application's side of a route (SPEC 19). */
export type { JsonObject, JsonValue } from "../core/json.ts";
export { createOpenTelemetrySink, createPrometheusSink, type MetricSink } from "./metric-sinks.ts";
export type { RouteDecision, RouteOutcome, RouteUser, ServedBundle } from "./route-decision.ts";
export { createRouteRuntime, type RouteRuntime, type RouteRuntimeOptions } from "./route-runtime.ts";
