import { renderCanonical } from "../audit/canonical-text.ts";
import type { JsonObject } from "../json.ts";
import { isSameFamily } from "../models/identify-model.ts";
import type { Policy } from "../policy/policy.ts";
import type { Place } from "../problem.ts";
import { bundleRules } from "../risk/bundle-rules.ts";
import { viewBundle, type BundleView } from "../risk/bundle-view.ts";
import type { FiredRule } from "../risk/fired-rule.ts";
import { ruleTable } from "../risk/rule-table.ts";
import { showValue } from "../risk/show-value.ts";
import type { Fallback } from "../routes/route-file.ts";
import { placeOfField, splitTargets, type GatewayRoute, type GatewayTarget } from "./gateway-route.ts";
import { pairTargets } from "./pair-targets.ts";

/** A rule of SPEC 5 that a gateway's file makes fire. What the base branch holds counts as approved. */
export function fireGateway(id: string, sentence: string, place: Place): FiredRule {
  const row = ruleTable.find((each) => each.id === id);
  return {
    id,
    tier: row?.tier ?? "restricted",
    triggers: row?.triggers ?? ["governance"],
    sentence,
    place,
    difference: "approved-to-merged",
  };
}

/** What fires for a route that callers can use from now on. */
export function fireNewRoute(route: GatewayRoute, path: string, policy: Policy): readonly FiredRule[] {
  const name = showValue(route.name);
  const models = [...new Set(route.targets.map(({ bundle }) => showValue(bundle.model)))].slice(0, 5).join(", ");
  const added = `route ${name} is new and leads to ${models === "" ? "nothing" : models}`;
  const unpinned = route.targets.filter((target) => viewOf(target, policy).identity.pinned !== "pinned");
  const [first] = unpinned;
  return [
    fireGateway("candidate-added", added, placeOfField(route.places, "", path)),
    ...(first === undefined
      ? []
      : [
          fireGateway(
            "model-unpinned",
            `route ${name}: ${showValue(first.bundle.model)} is not known to be pinned`,
            placeOfField(first.places, "model", path),
          ),
        ]),
  ];
}

/** What fires for a route that callers can no longer use. */
export function fireRemovedRoute(route: GatewayRoute, place: Place): FiredRule {
  const sentence = `route ${showValue(route.name)} disappears: callers that use it have nowhere to go`;
  return fireGateway("endpoint-changed", sentence, place);
}

/** The rules of SPEC 5 over one route of both files; none when it means the same. */
export function compareGatewayRoute(
  before: GatewayRoute,
  after: GatewayRoute,
  path: string,
  policy: Policy,
): readonly FiredRule[] {
  const [from, to] = [splitTargets(before), splitTargets(after)];
  const paired = pairTargets(from.first, to.first);
  const alike = areAlike([...from.first, ...to.first], policy);
  const context: Context = { name: showValue(after.name), path, policy, alike };
  return [
    ...paired.pairs.flatMap(([old, now]) => comparePair(old, now, context)),
    ...paired.added.flatMap((target) => fireJoining(target, from.first, to.first, context)),
    ...paired.removed.map((target) =>
      fireGateway(
        "fallback-removed",
        `route ${context.name}: ${showValue(target.bundle.model)} leaves the pool, the others take its share`,
        placeOfField(after.places, "fallback", path),
      ),
    ),
    ...fireShares(paired.pairs, from.first, to.first, context),
    ...fireRouting(before, after, context),
    ...fireFallbacks(before, after, context),
  ];
}

interface Context {
  /** Of the route, ready to be shown. */
  name: string;
  path: string;
  policy: Policy;
  /** All targets are known to be one model, so that requests may move among them freely. */
  alike: boolean;
}

function viewOf({ bundle }: GatewayTarget, policy: Policy): BundleView {
  return viewBundle(bundle, {}, policy);
}

function comparePair(from: GatewayTarget, to: GatewayTarget, { name, path, policy }: Context): readonly FiredRule[] {
  const [old, now] = [viewOf(from, policy), viewOf(to, policy)];
  const fired = bundleRules.flatMap((rule) => {
    const seen = rule.look(old, now);
    return seen === null
      ? []
      : [fireGateway(rule.id, `route ${name}: ${seen.sentence}`, placeOfField(to.places, seen.field, path))];
  });
  const settings = listChanged(from.settings, to.settings);
  if (settings.length === 0) return fired;
  const sentence = `route ${name}: settings of ${showValue(to.bundle.model)} changed: ${showValue(settings.join(", "))}`;
  return [...fired, fireGateway("parameters-changed", sentence, placeOfField(to.places, "settings", path))];
}

/** A target that joins takes requests that another one answered: everything in which they differ is news for these requests. */
function fireJoining(
  target: GatewayTarget,
  before: readonly GatewayTarget[],
  after: readonly GatewayTarget[],
  context: Context,
): readonly FiredRule[] {
  const model = showValue(target.bundle.model);
  const share = shareOf(target, after);
  const sentence = `route ${context.name}: ${model} joins the pool with ${showShare(share)} of the requests`;
  const added = fireGateway("candidate-added", sentence, placeOfField(target.places, "", context.path));
  const like = before.find(({ bundle }) => bundle.model === target.bundle.model) ?? before[0];
  if (like === undefined) return [added];
  const exposed =
    share > 0 && !context.alike
      ? [fireGateway("customer-exposure", `${sentence}, which other models answered`, added.place)]
      : [];
  return [added, ...exposed, ...comparePair(like, target, context)];
}

/** A greater share of another model is more exposure; between targets of one model it is only a setting. */
function fireShares(
  pairs: readonly (readonly [GatewayTarget, GatewayTarget])[],
  before: readonly GatewayTarget[],
  after: readonly GatewayTarget[],
  { name, path, alike }: Context,
): readonly FiredRule[] {
  const raised = pairs.filter(([old, now]) => shareOf(now, after) > shareOf(old, before) + 1e-9);
  if (raised.length === 0) return [];
  const id = alike ? "parameters-changed" : "customer-exposure";
  return raised.map(([old, now]) => {
    const shares = `from ${showShare(shareOf(old, before))} to ${showShare(shareOf(now, after))}`;
    const sentence = `route ${name}: the share of ${showValue(now.bundle.model)} rises ${shares}`;
    return fireGateway(id, sentence, placeOfField(now.places, "weight", path));
  });
}

/** Part of the requests between 0 and 1. */
export function shareOf(target: GatewayTarget, pool: readonly GatewayTarget[]): number {
  const sum = pool.reduce((total, { weight }) => total + (weight ?? 1), 0);
  return sum === 0 ? 0 : (target.weight ?? 1) / sum;
}

export function showShare(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** Whether all targets are known to be one model family at one provider: then requests may move among them freely. */
function areAlike(targets: readonly GatewayTarget[], policy: Policy): boolean {
  const [first, ...others] = targets.map((target) => viewOf(target, policy).identity);
  if (first === undefined) return true;
  return others.every(
    (each) =>
      isSameFamily(first, each) && first.version === each.version && first.servingProvider === each.servingProvider,
  );
}

function fireRouting(before: GatewayRoute, after: GatewayRoute, { name, path, alike }: Context): readonly FiredRule[] {
  const changed = listChanged(before.routing, after.routing);
  if (changed.length === 0) return [];
  const id = alike ? "parameters-changed" : "customer-exposure";
  const sentence = `route ${name}: which requests it takes, or how a target is chosen, changed: ${showValue(changed.join(", "))}`;
  return [fireGateway(id, sentence, placeOfField(after.places, "routing", path))];
}

function fireFallbacks(
  before: GatewayRoute,
  after: GatewayRoute,
  { name, path, policy }: Context,
): readonly FiredRule[] {
  const carrier = after.targets[0] ?? before.targets[0];
  if (carrier === undefined) return [];
  const view = (route: GatewayRoute): BundleView =>
    viewBundle({ ...carrier.bundle, fallback: listFallbacks(route) }, {}, policy);
  const [from, to] = [view(before), view(after)];
  return bundleRules
    .filter(({ id }) => id === "fallback-added" || id === "fallback-removed")
    .flatMap((rule) => {
      const seen = rule.look(from, to);
      const place = placeOfField(after.places, "fallback", path);
      return seen === null ? [] : [fireGateway(rule.id, `route ${name}: ${seen.sentence}`, place)];
    });
}

/** Targets that are asked later, then other routes, as a bundle's fallbacks. */
export function listFallbacks(route: GatewayRoute): readonly Fallback[] {
  return [
    ...splitTargets(route).later.map(({ bundle }): Fallback => ({ kind: "bundle", bundle })),
    ...route.fallbacks.map((name): Fallback => ({ kind: "name", name })),
  ];
}

/** Names of the members that differ, sorted. */
function listChanged(from: JsonObject, to: JsonObject): readonly string[] {
  const read = (map: JsonObject, key: string): string =>
    renderCanonical((Object.hasOwn(map, key) ? map[key] : null) ?? null);
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .filter((key) => read(from, key) !== read(to, key))
    .sort();
}
