import type { JsonObject } from "../json.ts";
import { identifyModel } from "../models/identify-model.ts";
import type { Place } from "../problem.ts";
import type { Bundle } from "../routes/route-file.ts";
import { tableOf } from "../table-of.ts";
import type { GatewayTarget } from "./gateway-route.ts";
import { isReference, placeAt, reportReference, type Reading, type Steps } from "./reading.ts";

/** A bundle that says nothing but its model. */
export const emptyBundle: Bundle = {
  provider: null,
  model: "",
  modelFamily: null,
  version: null,
  endpoint: null,
  region: null,
  promptVersion: null,
  prompt: null,
  retrievalProfile: null,
  retrieval: null,
  toolPolicy: null,
  tools: null,
  parameters: {},
  timeoutMs: null,
  maxRetries: null,
  fallback: [],
  pricing: null,
  latency: null,
};

interface TargetParts {
  id: string | null;
  bundle: Partial<Bundle> & Pick<Bundle, "model">;
  weight: number | null;
  priority: number;
  settings: JsonObject;
}

/**
 * A target from what a reader found. Says so where a target comes from the environment.
 * @param steps where the target stands
 * @param fields where single fields of the bundle stand, as steps within the document
 */
export function buildTarget(
  reading: Reading,
  steps: Steps,
  parts: TargetParts,
  fields: Readonly<Record<string, Steps>>,
): GatewayTarget {
  const bundle = { ...emptyBundle, ...parts.bundle };
  for (const field of ["provider", "model", "endpoint", "region"] as const) {
    const value = bundle[field];
    if (value !== null && isReference(value)) reportReference(reading, fields[field] ?? steps, value);
  }
  const identity = identifyModel(bundle, { modelFamilies: {} });
  const places = Object.entries(fields).map(([name, at]): [string, Place] => [name, placeAt(reading, at)]);
  return {
    ...parts,
    bundle,
    opaque: identity.opaque ? identity.why : null,
    places: tableOf([["", placeAt(reading, steps)] as const, ...places]),
  };
}

/** The members of a map whose keys are not in the set. */
export function leaveOut(map: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.has(key)));
}

/** The members of a map whose keys are in the set. */
export function keepOnly(map: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([key]) => keys.has(key)));
}
