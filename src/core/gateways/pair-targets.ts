import { renderCanonical } from "../audit/canonical-text.ts";
import type { GatewayTarget } from "./gateway-route.ts";

/** Which target of the new pool stands for which of the old one. */
export interface PairedTargets {
  pairs: readonly (readonly [from: GatewayTarget, to: GatewayTarget])[];
  added: readonly GatewayTarget[];
  removed: readonly GatewayTarget[];
}

/** From the surest sign to the weakest; what is left over is paired by its order, since an edit mostly changes an entry in place. */
const signs: readonly ((target: GatewayTarget) => string | null)[] = [
  ({ id, bundle, settings }) => renderCanonical([id, bundle, settings]),
  ({ id }) => id,
  ({ bundle }) => renderCanonical([bundle.provider, bundle.model, bundle.endpoint]),
  ({ bundle }) => bundle.model,
];

/** Pairs the targets of two pools. Linear in their number. */
export function pairTargets(before: readonly GatewayTarget[], after: readonly GatewayTarget[]): PairedTargets {
  const pairs: (readonly [GatewayTarget, GatewayTarget])[] = [];
  let [from, to] = [before, after];
  for (const sign of signs) {
    const waiting = new Map<string, GatewayTarget[]>();
    for (const target of from) {
      const key = sign(target);
      if (key === null) continue;
      const alike = waiting.get(key);
      if (alike === undefined) waiting.set(key, [target]);
      else alike.push(target);
    }
    const used = new Set<GatewayTarget>();
    to = to.filter((target) => {
      const key = sign(target);
      const match = key === null ? undefined : waiting.get(key)?.shift();
      if (match === undefined) return true;
      used.add(match);
      pairs.push([match, target]);
      return false;
    });
    from = from.filter((target) => !used.has(target));
  }
  const common = Math.min(from.length, to.length);
  for (const [index, target] of to.slice(0, common).entries()) {
    const match = from[index];
    if (match !== undefined) pairs.push([match, target]);
  }
  const place = new Map(after.map((target, index) => [target, index]));
  return {
    pairs: pairs.toSorted(([, a], [, b]) => (place.get(a) ?? 0) - (place.get(b) ?? 0)),
    added: to.slice(common),
    removed: from.slice(common),
  };
}
