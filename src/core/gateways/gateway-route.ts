import type { JsonObject, JsonValue } from "../json.ts";
import type { Place, Problem } from "../problem.ts";
import type { Bundle } from "../routes/route-file.ts";

/** Formats of other programs that are recognised by content (facts/formats.md section 1). */
export type GatewayKind = "litellm" | "envoy" | "kong" | "portkey";

export const nameOfKind: Readonly<Record<GatewayKind, string>> = {
  litellm: "LiteLLM proxy configuration",
  envoy: "Envoy AI Gateway resources",
  kong: "Kong decK file with ai-proxy",
  portkey: "Portkey configuration",
};

/** One place where requests of a route may be answered. */
export interface GatewayTarget {
  /** What the file calls it; null when the format has no name for it. */
  id: string | null;
  /** What is called there, in the terms of a route file. Its fallback is empty: fallbacks belong to the route. */
  bundle: Bundle;
  /** Why nobody can tell from the file which model answers; null when it can be told. */
  opaque: string | null;
  /** Part of the requests, relative to the other targets of the same priority; null: all alike. */
  weight: number | null;
  /** Targets with the lowest number are asked first, the others are fallbacks. */
  priority: number;
  /** What else is declared for it. Compared, never shown. */
  settings: JsonObject;
  /** By field of the bundle (`model`, `parameters.temperature`); the empty name is the target itself. */
  places: Readonly<Record<string, Place>>;
}

/** What callers of a gateway name, and where it leads. */
export interface GatewayRoute {
  name: string;
  targets: readonly GatewayTarget[];
  /** Other routes that are asked after all targets failed, in order. */
  fallbacks: readonly string[];
  /** How a target is chosen: strategy, conditions. */
  routing: JsonObject;
  /** Of `fallback`, `routing` and, under the empty name, of the route. */
  places: Readonly<Record<string, Place>>;
}

/** A declaration that belongs to no single route. Only its name is ever shown. */
export interface GatewaySetting {
  name: string;
  value: JsonValue;
  place: Place;
}

/** A gateway's file as routes. */
export interface GatewayFile {
  kind: GatewayKind;
  path: string;
  /** Sorted by name. */
  routes: readonly GatewayRoute[];
  settings: readonly GatewaySetting[];
  /** SHA-256 hex over everything that the file says, without comments and layout. */
  digest: string;
  problems: readonly Problem[];
}

/** Where a field stands; the nearest parent that has a place, else the owner itself, else the top of the file. */
export function placeOfField(places: Readonly<Record<string, Place>>, field: string, path: string): Place {
  for (let name = field; name !== ""; name = name.slice(0, Math.max(name.lastIndexOf("."), 0))) {
    const place = Object.hasOwn(places, name) ? places[name] : undefined;
    if (place !== undefined) return place;
  }
  return places[""] ?? { path, line: 1, column: 1 };
}

/** The targets that are asked first, and those that are only asked when these fail, in the order of asking. */
export function splitTargets(route: GatewayRoute): {
  first: readonly GatewayTarget[];
  later: readonly GatewayTarget[];
} {
  const top = route.targets.reduce((least, { priority }) => Math.min(least, priority), Number.POSITIVE_INFINITY);
  return {
    first: route.targets.filter(({ priority }) => priority === top),
    later: route.targets.filter(({ priority }) => priority !== top).toSorted((a, b) => a.priority - b.priority),
  };
}
