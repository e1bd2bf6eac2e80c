import { renderCanonical } from "../audit/canonical-text.ts";
import { matchGlob } from "../policy/match-glob.ts";
import type { Policy } from "../policy/policy.ts";
import type { Problem } from "../problem.ts";
import { sumUp } from "../risk/classify-route.ts";
import type { Classification, FiredRule } from "../risk/fired-rule.ts";
import { showValue } from "../risk/show-value.ts";
import { triggers } from "../scales.ts";
import { compareGatewayRoute, fireGateway, fireNewRoute, fireRemovedRoute } from "./compare-gateway-route.ts";
import { placeOfField, type GatewayFile, type GatewayRoute, type GatewaySetting } from "./gateway-route.ts";
import { listGatewayRows, type GatewayRow } from "./list-gateway-rows.ts";

/** One route of a gateway's file that a pull request changes. */
export interface GatewayRouteChange {
  name: string;
  change: "added" | "removed" | "changed";
  fired: readonly FiredRule[];
  rows: readonly GatewayRow[];
}

export interface GatewayComparison {
  /** Changed routes, sorted by name. */
  routes: readonly GatewayRouteChange[];
  classification: Classification;
}

/**
 * What changes between the base branch and the merge result, route by route, with the rules of SPEC 5. Every change of the file that no
 * route shows is at least a changed parameter, so that nothing passes unseen.
 * @param path name after the change, or the old name of a file that disappears
 */
export function compareGateways(
  before: GatewayFile | null,
  after: GatewayFile | null,
  path: string,
  policy: Policy,
): GatewayComparison {
  const routes = compareRoutes(before, after, path, policy);
  const own = [
    ...routes.flatMap(({ fired }) => fired),
    ...fireSettings(before?.settings ?? [], after?.settings ?? [], path),
  ];
  const top = { path, line: 1, column: 1 };
  if (own.length === 0) {
    const isSame = before !== null && after !== null && before.digest === after.digest;
    const rule = isSame
      ? fireGateway("metadata-only", "nothing changes in meaning: comments, layout or the file's name", top)
      : fireGateway(
          "parameters-changed",
          "the file changes in what no route shows: an order, or a value that is hidden",
          top,
        );
    return { routes, classification: sumUp([rule]) };
  }
  return { routes, classification: sumUp([...own, ...firePolicyRules(path, routes, policy)]) };
}

function compareRoutes(
  before: GatewayFile | null,
  after: GatewayFile | null,
  path: string,
  policy: Policy,
): readonly GatewayRouteChange[] {
  const [old, now] = [indexRoutes(before), indexRoutes(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name): GatewayRouteChange[] => {
    const [from, to] = [old.get(name) ?? null, now.get(name) ?? null];
    const rows = (): readonly GatewayRow[] => listGatewayRows(from, to);
    if (from === null) {
      return to === null
        ? []
        : [{ name, change: "added", fired: sumUp(fireNewRoute(to, path, policy)).fired, rows: rows() }];
    }
    if (to === null) {
      const place = after === null ? placeOfField(from.places, "", path) : { path, line: 1, column: 1 };
      return [{ name, change: "removed", fired: [fireRemovedRoute(from, { ...place, path })], rows: rows() }];
    }
    const fired = compareGatewayRoute(from, to, path, policy);
    return fired.length === 0 ? [] : [{ name, change: "changed", fired: sumUp(fired).fired, rows: rows() }];
  });
}

function indexRoutes(file: GatewayFile | null): ReadonlyMap<string, GatewayRoute> {
  return new Map((file?.routes ?? []).map((route) => [route.name, route]));
}

/** Settings are named and never shown: they hold addresses, hooks and accounts. */
function fireSettings(
  before: readonly GatewaySetting[],
  after: readonly GatewaySetting[],
  path: string,
): readonly FiredRule[] {
  const stampAll = (settings: readonly GatewaySetting[]): ReadonlyMap<string, string> =>
    new Map(settings.map(({ name, value }) => [name, renderCanonical(value)]));
  const [old, now] = [stampAll(before), stampAll(after)];
  const changed = [...new Set([...old.keys(), ...now.keys()])].filter((name) => old.get(name) !== now.get(name)).sort();
  const [first] = changed;
  if (first === undefined) return [];
  const more = changed.length > 5 ? ` and ${changed.length - 5} more` : "";
  const place = after.find(({ name }) => name === first)?.place ?? { path, line: 1, column: 1 };
  const sentence = `settings of the gateway changed: ${changed.slice(0, 5).map(showValue).join(", ")}${more}`;
  return [fireGateway("parameters-changed", sentence, place)];
}

/**
 * The policy's own rules: by path, and by workflow where it is a route's name. A rule for data classes asks for a declaration that only
 * route files can make, and one for fields names fields of route files; neither says anything about a gateway's file.
 */
function firePolicyRules(
  path: string,
  routes: readonly GatewayRouteChange[],
  policy: Pick<Policy, "tierRules">,
): readonly FiredRule[] {
  return policy.tierRules.flatMap(({ id, tier, triggers: names, why, when }): FiredRule[] => {
    const applies =
      when.dataClasses.length === 0 &&
      when.fields.length === 0 &&
      (when.workflows.length === 0 || routes.some(({ name }) => when.workflows.includes(name))) &&
      (when.paths.length === 0 || when.paths.some((glob) => matchGlob(glob, path)));
    if (!applies) return [];
    const place = { path, line: 1, column: 1 };
    const known = triggers.filter((trigger) => names.includes(trigger));
    return [
      { id, tier, triggers: known, sentence: `policy rule: ${showValue(why)}`, place, difference: "pull-request" },
    ];
  });
}

/** Mistakes that the base branch holds already are shown and stop nobody who does not make them (SPEC 2 asks it of new files). */
const lasting: ReadonlySet<string> = new Set(["gateway-misspelt-key", "gateway-secret", "gateway-wildcard"]);

/** The problems of the merged file; those that the base holds as well, as often, become warnings. */
export function listNewProblems(before: GatewayFile | null, after: GatewayFile): readonly Problem[] {
  const keyOf = ({ code, message, found }: Problem): string => JSON.stringify([code, message, found]);
  const known = new Map<string, number>();
  for (const problem of before?.problems ?? []) known.set(keyOf(problem), (known.get(keyOf(problem)) ?? 0) + 1);
  return after.problems.map((problem) => {
    const count = known.get(keyOf(problem)) ?? 0;
    if (!lasting.has(problem.code) || count === 0) return problem;
    known.set(keyOf(problem), count - 1);
    return { ...problem, severity: "warning" };
  });
}
