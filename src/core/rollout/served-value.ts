import { z } from "zod";
import type { JsonObject, JsonValue } from "../json.ts";
import type { Bundle } from "../routes/route-file.ts";
import { stages, type Stage } from "../scales.ts";
import canonicalize from "canonicalize";
import { InternalError } from "../problem.ts";
import type { FlagVariation } from "./flag.ts";
import { deriveVariationIds, variationNames, type FlagName, type VariationName } from "./flag-identity.ts";
import type { ServedValue } from "./probe.ts";

const bundle = z
  .record(z.string(), z.json())
  .describe("The bundle to call, as the route file gives it, without absent fields.");
const digest = z
  .string()
  .regex(/^mrb1:sha256:[0-9a-f]{64}$/)
  .describe("Digest of that bundle with the files it names.");

/**
 * What a JSON flag of Routeward serves (SPEC 10, published as docs/schema/served.schema.json). A string flag serves the name
 * of the variation alone. Unknown members are allowed to readers, so that a newer Routeward can add some.
 */
export const servedValueSchema = z.object({
  variation: z
    .enum(variationNames)
    .describe("`baseline`, `candidate`, or `shadow`: the baseline, with a bundle to call beside it."),
  bundle,
  digest,
  stage: z
    .enum(stages)
    .nullable()
    .describe("Stage under which the variation is served; null for the baseline, which is no release."),
  shadow: z
    .object({ bundle, digest })
    .optional()
    .describe("Only with `shadow`: the candidate, whose answer nobody may see."),
});
export type ServedRoute = z.infer<typeof servedValueSchema>;

/** The JSON Schema of it, as published. */
export function renderServedSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(servedValueSchema);
  return { ...schema, title: "What a model-route flag of Routeward serves" };
}

/** The digests and bundles that the variations of one flag are made of. */
export interface ServedBundles {
  flagType: "json" | "string";
  baseline: { bundle: Bundle; digest: string };
  candidate: { bundle: Bundle; digest: string } | null;
}

/**
 * The variations of a flag at a stage. The baseline's value never depends on the stage, so that going back needs no write
 * of values.
 */
export function renderVariations(
  flag: FlagName,
  bundles: ServedBundles,
  stage: Stage | null,
): readonly FlagVariation[] {
  const ids = deriveVariationIds(flag);
  const { baseline, candidate } = bundles;
  const variation = (name: VariationName, value: JsonValue): FlagVariation => ({
    id: ids[name],
    name,
    value: bundles.flagType === "string" ? name : renderCanonical(value),
  });
  const base = { bundle: renderBundle(baseline.bundle), digest: baseline.digest };
  const variations = [variation("baseline", { variation: "baseline", ...base, stage: null })];
  if (candidate === null) return variations;
  const next = { bundle: renderBundle(candidate.bundle), digest: candidate.digest };
  variations.push(variation("candidate", { variation: "candidate", ...next, stage }));
  if (bundles.flagType === "json")
    variations.push(variation("shadow", { variation: "shadow", ...base, stage, shadow: next }));
  return variations;
}

/** What a probe must see of a variation. */
export function expectServed(variations: readonly FlagVariation[], name: VariationName): ServedValue {
  const found = variations.find((variation) => variation.name === name);
  if (found === undefined) throw new InternalError(`no variation ${name}`);
  return parseServed(found.value) ?? { variation: name, digest: null, stage: null };
}

/** Reads a served JSON text; null when it is not one of Routeward's. */
export function parseServed(text: string): ServedValue | null {
  const parsed = servedValueSchema.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const { variation, digest, stage } = parsed.data;
  return { variation, digest, stage };
}

/**
 * Which bundles a variation's value brings to users, whatever stage it names: equal texts mean that exchanging the value
 * changes nobody's route. The value itself when it cannot be read.
 */
export function identifyContent(value: string): string {
  const parsed = servedValueSchema.safeParse(parseJson(value));
  if (!parsed.success) return value;
  return `${parsed.data.variation} ${parsed.data.digest} ${parsed.data.shadow?.digest ?? ""}`;
}

/** The bundle as an application gets it: what it claims of price and latency stays outside, as in the digest (SPEC 1). */
export function renderBundle(bundle: Bundle): JsonObject {
  const { pricing: _pricing, latency: _latency, fallback, parameters, ...plain } = bundle;
  const fields: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(plain)) {
    if (value !== null) fields[key] = value;
  }
  if (Object.keys(parameters).length > 0) fields["parameters"] = parameters;
  if (fallback.length > 0)
    fields["fallback"] = fallback.map((one) => (one.kind === "name" ? one.name : renderBundle(one.bundle)));
  return fields;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function renderCanonical(value: JsonValue): string {
  const text = canonicalize(value);
  if (text === undefined) throw new InternalError("value is not JSON");
  return text;
}
