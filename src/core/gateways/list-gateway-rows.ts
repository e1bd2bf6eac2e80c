import { showFallback } from "../risk/bundle-view.ts";
import { showValue } from "../risk/show-value.ts";
import type { Bundle } from "../routes/route-file.ts";
import { listFallbacks, shareOf, showShare } from "./compare-gateway-route.ts";
import { splitTargets, type GatewayRoute, type GatewayTarget } from "./gateway-route.ts";
import { pairTargets } from "./pair-targets.ts";

/** One line of a gateway's route before and after, plain text. Null: it is absent there. */
export interface GatewayRow {
  field: string;
  before: string | null;
  after: string | null;
  differs: boolean;
}

/** A pool of more targets is cut in the card; its rules are all shown. */
const mostRows = 40;

/** Shown although nothing about them differs, so that a reviewer knows which target is meant. */
const always: readonly string[] = ["provider", "model", "endpoint"];

/** A route before and after, side by side; null on the side where it is absent. */
export function listGatewayRows(before: GatewayRoute | null, after: GatewayRoute | null): readonly GatewayRow[] {
  const first = (route: GatewayRoute | null): readonly GatewayTarget[] =>
    route === null ? [] : splitTargets(route).first;
  const [from, to] = [first(before), first(after)];
  const { pairs, added, removed } = pairTargets(from, to);
  const lines: (readonly [GatewayTarget | null, GatewayTarget | null])[] = [
    ...pairs,
    ...added.map((target) => [null, target] as const),
    ...removed.map((target) => [target, null] as const),
  ];
  const rows = lines.flatMap(([old, now], index) => {
    const prefix = lines.length === 1 ? "" : `${index + 1}: `;
    const share =
      lines.length === 1
        ? []
        : [toRow(`${prefix}share`, old && showShare(shareOf(old, from)), now && showShare(shareOf(now, to)))];
    return [...listTargetRows(prefix, old, now), ...share];
  });
  const fallback = toRow("fallback", before && showFallbacks(before), after && showFallbacks(after));
  const shown = [...rows, ...(fallback.before === null && fallback.after === null ? [] : [fallback])];
  return [...shown.filter(({ differs }) => differs), ...shown.filter(({ differs }) => !differs)].slice(0, mostRows);
}

function listTargetRows(prefix: string, old: GatewayTarget | null, now: GatewayTarget | null): readonly GatewayRow[] {
  const row = (field: string, show: (bundle: Bundle, target: GatewayTarget) => string | null): GatewayRow =>
    toRow(`${prefix}${field}`, old && show(old.bundle, old), now && show(now.bundle, now));
  const text =
    (field: "provider" | "model" | "modelFamily" | "version" | "endpoint" | "region") =>
    (bundle: Bundle): string | null =>
      bundle[field] === null ? null : showValue(bundle[field]);
  const names = [...new Set([old, now].flatMap((target) => Object.keys(target?.bundle.parameters ?? {})))].sort();
  const rows = [
    ...(["provider", "model", "modelFamily", "version", "endpoint", "region"] as const).map((field) =>
      row(field, text(field)),
    ),
    row("timeout", ({ timeoutMs }) => (timeoutMs === null ? null : `${timeoutMs} ms`)),
    row("retries", ({ maxRetries }) => (maxRetries === null ? null : String(maxRetries))),
    ...names.map((name) =>
      row(`parameters.${name}`, ({ parameters }) =>
        Object.hasOwn(parameters, name) ? showValue(parameters[name]) : null,
      ),
    ),
    row("declared price", ({ pricing }) =>
      pricing === null
        ? null
        : `$${pricing.inputPerMTok ?? "?"} in, $${pricing.outputPerMTok ?? "?"} out per million tokens`,
    ),
    row("which model answers", (_bundle, { opaque }) => (opaque === null ? null : `unknown: ${opaque}`)),
  ];
  const kept = new Set([...always, "which model answers"].map((field) => `${prefix}${field}`));
  return rows.filter((each) => each.differs || (kept.has(each.field) && each.after !== null));
}

function showFallbacks(route: GatewayRoute): string | null {
  const list = listFallbacks(route);
  return list.length === 0 ? null : list.map(showFallback).map(showValue).join(", then ");
}

function toRow(field: string, before: string | null, after: string | null): GatewayRow {
  return { field, before, after, differs: before !== after };
}
