import { renderCanonical } from "../audit/canonical-text.ts";
import { comparePrice } from "../models/compare-price.ts";
import { isSameFamily } from "../models/identify-model.ts";
import { readPlace } from "../models/serving-providers.ts";
import type { Tier, Trigger } from "../scales.ts";
import { showFallback, stampFallbacks, stampFile, type BundleView } from "./bundle-view.ts";
import { showValue } from "./show-value.ts";

/** One row of SPEC 5 that looks at two bundles. */
export interface BundleRule {
  id: string;
  tier: Tier;
  triggers: readonly Trigger[];
  /** What it saw, with both values, and the field below the bundle on whose line it stands; null when it does not apply. */
  look(from: BundleView, to: BundleView): { sentence: string; field: string } | null;
}

/** Rules that let small moves pass: several of them together are one large move (SPEC 5). */
export const tolerantRules: readonly string[] = ["cost-profile-changed", "latency-profile-changed"];

/** A list price moves this far before it is news (facts/formats.md section 2). */
const tolerance = 0.1;

/** A rule over single fields: it applies when one of them changed, in value or in the content of the file that it names. */
function fieldRule(
  rule: Pick<BundleRule, "id" | "tier" | "triggers"> & { what: string },
  fields: readonly (
    | "promptVersion"
    | "prompt"
    | "retrievalProfile"
    | "retrieval"
    | "toolPolicy"
    | "tools"
    | "endpoint"
  )[],
): BundleRule {
  const { what, ...row } = rule;
  return {
    ...row,
    look(from, to) {
      for (const field of fields) {
        const before = from.bundle[field];
        const after = to.bundle[field];
        if (before !== after) {
          return { field, sentence: `${what} changed from ${showValue(before)} to ${showValue(after)}` };
        }
      }
      for (const field of fields) {
        if (field !== "prompt" && field !== "retrieval" && field !== "tools") continue;
        const path = to.bundle[field];
        if (stampFile(from, from.bundle[field], "from") === stampFile(to, path, "to")) continue;
        return { field, sentence: `${what} changed: ${showValue(path)} has other content, or cannot be read` };
      }
      return null;
    },
  };
}

/** The rules of SPEC 5 over two bundles, in the order of its table. Unknown always counts as changed. */
export const bundleRules: readonly BundleRule[] = [
  {
    id: "timeout-changed",
    tier: "medium",
    triggers: ["latency"],
    look(from, to) {
      const [before, after] = [from.bundle.timeoutMs, to.bundle.timeoutMs];
      if (before === after) return null;
      const show = (value: number | null): string => (value === null ? "nothing" : `${value} ms`);
      return { field: "timeoutMs", sentence: `timeout changed from ${show(before)} to ${show(after)}` };
    },
  },
  {
    id: "retries-changed",
    tier: "medium",
    triggers: ["platform"],
    look(from, to) {
      const [before, after] = [from.bundle.maxRetries, to.bundle.maxRetries];
      if (before === after) return null;
      return { field: "maxRetries", sentence: `retries changed from ${showValue(before)} to ${showValue(after)}` };
    },
  },
  {
    id: "parameters-changed",
    tier: "medium",
    triggers: ["quality"],
    look(from, to) {
      const [before, after] = [from.bundle.parameters, to.bundle.parameters];
      const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
      const read = (map: typeof before, name: string) => (Object.hasOwn(map, name) ? map[name] : undefined);
      const changed = names.filter((name) => stamp(read(before, name)) !== stamp(read(after, name)));
      const [first] = changed;
      if (first === undefined) return null;
      const each = changed.map(
        (name) => `${showValue(name)} from ${showValue(read(before, name))} to ${showValue(read(after, name))}`,
      );
      const more = each.length > 5 ? ` and ${each.length - 5} more` : "";
      return { field: `parameters.${first}`, sentence: `parameters changed: ${each.slice(0, 5).join(", ")}${more}` };
    },
  },
  fieldRule({ id: "prompt-changed", tier: "medium", triggers: ["quality"], what: "prompt" }, [
    "promptVersion",
    "prompt",
  ]),
  fieldRule({ id: "retrieval-changed", tier: "medium", triggers: ["quality"], what: "retrieval" }, [
    "retrievalProfile",
    "retrieval",
  ]),
  {
    id: "fallback-added",
    tier: "medium",
    triggers: ["platform"],
    look(from, to) {
      const known = stampFallbacks(from, "from");
      const stamps = stampFallbacks(to, "to");
      const added = to.bundle.fallback.filter((_, index) => !known.includes(stamps[index] ?? ""));
      if (added.length === 0) return null;
      return { field: "fallback", sentence: `fallback added: ${added.map(showFallback).map(showValue).join(", ")}` };
    },
  },
  {
    id: "model-version-changed",
    tier: "medium",
    triggers: ["quality"],
    look(from, to) {
      if (!hasOtherModel(from, to) || findFamilyChange(from, to) !== null) return null;
      const show = ({ bundle }: BundleView): string =>
        bundle.version === null
          ? showValue(bundle.model)
          : `${showValue(bundle.model)} (version ${showValue(bundle.version)})`;
      const field = from.bundle.model === to.bundle.model ? "version" : "model";
      return { field, sentence: `model version changed from ${show(from)} to ${show(to)}, same family` };
    },
  },
  {
    id: "provider-switched",
    tier: "high",
    triggers: ["platform"],
    look(from, to) {
      const [before, after] = [from.identity.servingProvider, to.identity.servingProvider];
      const isSameText = from.bundle.provider === to.bundle.provider && from.bundle.model === to.bundle.model;
      // Spelling out the provider that the model's name implied switches nothing.
      if (isSameText || (before !== null && before === after)) return null;
      const field = to.bundle.provider === null ? "model" : "provider";
      if (before !== null && after !== null) {
        return { field, sentence: `provider switched from ${showValue(before)} to ${showValue(after)}` };
      }
      if (from.bundle.provider !== to.bundle.provider) {
        const show = ({ bundle }: BundleView): string => showValue(bundle.provider);
        return { field, sentence: `provider changed from ${show(from)} to ${show(to)}` };
      }
      const models = `${showValue(from.bundle.model)} and ${showValue(to.bundle.model)}`;
      return { field, sentence: `the providers of ${models} are not both known, which counts as a switch` };
    },
  },
  {
    id: "model-family-changed",
    tier: "high",
    triggers: ["quality"],
    look(from, to) {
      const sentence = findFamilyChange(from, to);
      if (sentence === null) return null;
      return { field: from.bundle.model === to.bundle.model ? "modelFamily" : "model", sentence };
    },
  },
  {
    id: "model-unpinned",
    tier: "high",
    triggers: ["platform", "quality"],
    look(from, to) {
      if (to.identity.pinned === "pinned") return null;
      if (!hasOtherModel(from, to) && from.identity.pinned === to.identity.pinned) return null;
      const why = to.identity.pinned === "floating" ? "moves when its provider moves it" : "is not known to be pinned";
      return {
        field: "model",
        sentence: `${showValue(to.bundle.model)} ${why}; before: ${showValue(from.bundle.model)}`,
      };
    },
  },
  fieldRule({ id: "endpoint-changed", tier: "high", triggers: ["platform"], what: "endpoint" }, ["endpoint"]),
  {
    id: "fallback-removed",
    tier: "high",
    triggers: ["latency", "platform"],
    look(from, to) {
      const before = stampFallbacks(from, "from");
      const after = stampFallbacks(to, "to");
      const removed = from.bundle.fallback.filter((_, index) => !after.includes(before[index] ?? ""));
      if (removed.length > 0) {
        return {
          field: "fallback",
          sentence: `fallback removed: ${removed.map(showFallback).map(showValue).join(", ")}`,
        };
      }
      const kept = after.filter((each) => before.includes(each));
      if (kept.length === before.length && kept.every((each, index) => each === before[index])) return null;
      const show = ({ bundle }: BundleView): string => bundle.fallback.map(showFallback).map(showValue).join(", ");
      return { field: "fallback", sentence: `fallbacks are asked in another order: ${show(from)} became ${show(to)}` };
    },
  },
  {
    id: "cost-profile-changed",
    tier: "high",
    triggers: ["cost"],
    look: lookAtCost,
  },
  {
    id: "latency-profile-changed",
    tier: "high",
    triggers: ["latency"],
    look(from, to) {
      const before = from.bundle.latency?.p95Ms ?? null;
      const after = to.bundle.latency?.p95Ms ?? null;
      if (before === after || isWithinTolerance(before, after)) return null;
      const show = (value: number | null): string => (value === null ? "nothing" : `${value} ms`);
      return {
        field: "latency.p95Ms",
        sentence: `declared p95 latency changed from ${show(before)} to ${show(after)}`,
      };
    },
  },
  fieldRule({ id: "tool-policy-changed", tier: "high", triggers: ["data", "platform"], what: "tool policy" }, [
    "toolPolicy",
    "tools",
  ]),
  {
    id: "region-boundary-changed",
    tier: "restricted",
    triggers: ["data"],
    look(from, to) {
      if (from.bundle.region !== to.bundle.region) {
        return {
          field: "region",
          sentence: `region changed from ${showValue(from.bundle.region)} to ${showValue(to.bundle.region)}`,
        };
      }
      const [before, after] = [readGeography(from), readGeography(to)];
      if (before !== null && after !== null && before !== after) {
        return { field: "model", sentence: `the model's geography changed from ${before} to ${after}` };
      }
      const [old, now] = [readPlace(from.bundle), readPlace(to.bundle)];
      // A first place is told by the rules about model and endpoint. One that is no longer said is unknown, unless `region` still says it.
      const isKept = now === null && (to.bundle.region !== null || isOtherProvider(from, to));
      if (old === null || old === now || isKept) return null;
      const field = from.bundle.model === to.bundle.model ? "endpoint" : "model";
      return { field, sentence: `the place where the model runs changed from ${old} to ${showValue(now)}` };
    },
  },
];

/** Where AWS may run the model: an inference profile's geography, or the region itself. Null says nothing about a place. */
function readGeography({ identity }: BundleView): string | null {
  return identity.geography ?? (identity.servingProvider === "bedrock" ? "in-region" : null);
}

function isOtherProvider(from: BundleView, to: BundleView): boolean {
  return from.identity.servingProvider !== to.identity.servingProvider;
}

function stamp(value: Parameters<typeof renderCanonical>[0]): string {
  return value === undefined ? "" : renderCanonical(value);
}

function hasOtherModel(from: BundleView, to: BundleView): boolean {
  return from.bundle.model !== to.bundle.model || from.bundle.version !== to.bundle.version;
}

/** The sentence of a changed family; null when both are known to be one family, or nothing about the model changed. */
function findFamilyChange(from: BundleView, to: BundleView): string | null {
  const [before, after] = [from.identity.family, to.identity.family];
  if (before !== null && after !== null) {
    return isSameFamily(from.identity, to.identity)
      ? null
      : `model family changed from ${showValue(before)} to ${showValue(after)}`;
  }
  const isSameTarget =
    from.bundle.model === to.bundle.model &&
    from.bundle.provider === to.bundle.provider &&
    from.bundle.endpoint === to.bundle.endpoint &&
    from.bundle.version === to.bundle.version &&
    from.bundle.modelFamily === to.bundle.modelFamily;
  if (isSameTarget) return null;
  const unknown = before === null ? from : to;
  const models = `${showValue(from.bundle.model)} to ${showValue(to.bundle.model)}`;
  return `model changed from ${models}; the family of ${showValue(unknown.bundle.model)} is not known (declare modelFamily), which counts as changed`;
}

function isWithinTolerance(before: number | null, after: number | null): boolean {
  return before !== null && after !== null && Math.abs(after - before) <= before * (tolerance + 1e-9);
}

function lookAtCost(from: BundleView, to: BundleView): { sentence: string; field: string } | null {
  const [before, after] = [from.bundle.pricing, to.bundle.pricing];
  for (const field of ["inputPerMTok", "outputPerMTok"] as const) {
    const [old, now] = [before?.[field] ?? null, after?.[field] ?? null];
    if (old === now || isWithinTolerance(old, now)) continue;
    const show = (value: number | null): string => (value === null ? "nothing" : `$${value}`);
    return {
      field: `pricing.${field}`,
      sentence: `declared price (${field === "inputPerMTok" ? "input" : "output"}, per million tokens) changed from ${show(old)} to ${show(now)}`,
    };
  }
  const isSameTarget =
    from.bundle.model === to.bundle.model &&
    from.bundle.provider === to.bundle.provider &&
    from.bundle.version === to.bundle.version &&
    from.bundle.endpoint === to.bundle.endpoint;
  if (isSameTarget) return null;
  const price = comparePrice(from.bundle, to.bundle);
  const models = `${showValue(from.bundle.model)} to ${showValue(to.bundle.model)}`;
  if (price.kind !== "list" || price.ratio === null) {
    return { field: "model", sentence: `the list price from ${models} is not known, which counts as changed` };
  }
  const { inputRatio, outputRatio, longContextRatio } = price;
  const ratios = [price.ratio, inputRatio ?? 1, outputRatio ?? 1, longContextRatio ?? 1];
  if (ratios.every((ratio) => isWithinTolerance(1, ratio))) return null;
  const long = longContextRatio === null ? "" : `, of ${longContextRatio.toFixed(2)} with long contexts`;
  return {
    field: "model",
    sentence: `cost from ${models} changes by a factor of ${price.ratio.toFixed(2)}${long} (${price.source}, ${price.dataDate ?? "no date"})`,
  };
}
