import type { Trigger } from "../scales.ts";
import { exposedOf, listWidenings } from "./compare-exposure.ts";
import { listLoosenings } from "./compare-guardrails.ts";
import { fire } from "./fire.ts";
import type { FiredRule } from "./fired-rule.ts";
import { listApproved, uniteSets, type RouteComparison, type RouteContent } from "./route-comparison.ts";
import { showValue } from "./show-value.ts";

/** Data classes that make a route restricted by themselves (SPEC 5, `restricted-data`). */
export const restrictedDataClasses: readonly string[] = [
  "regulated",
  "financial-decision",
  "permission-decision",
  "legal-terms",
  "irreversible-action",
];

/** Rules about what protects a route whatever its stage: guardrails, exposure, way back and data (SPEC 5). */
export function fireLasting(comparison: RouteComparison): FiredRule[] {
  const { asked } = comparison;
  const fired: FiredRule[] = [];
  const united = uniteSets(comparison);
  const isExposing = asked !== null && asked !== "offline-eval";
  const restricted = united.dataClasses.filter((each) => restrictedDataClasses.includes(each));
  if (isExposing && restricted.length > 0) {
    const sentence = `data classes ${restricted.join(", ")}`;
    fired.push(fire(comparison, "restricted-data", "dataClasses", "approved-to-merged", sentence));
  }
  return [...fired, ...listApproved(comparison).flatMap((before) => fireWeakening(comparison, before))];
}

/** What the merged content protects less than an approved one did. */
function fireWeakening(comparison: RouteComparison, from: RouteContent): FiredRule[] {
  const { merged, asked, policy } = comparison;
  const { record } = merged.state.file;
  const before = from.state.file.record;
  const fired: FiredRule[] = [];
  for (const { field, sentence, reachesCustomers: toCustomers } of listWidenings(
    exposedOf(from),
    exposedOf(merged),
    asked,
    policy,
  )) {
    const id = toCustomers ? "customer-exposure" : "internal-exposure";
    fired.push(fire(comparison, id, field, "approved-to-merged", sentence));
  }
  for (const { field, sentence, category } of listLoosenings(before.guardrails, record.guardrails, policy)) {
    const rule = fire(comparison, "guardrail-loosened", field, "approved-to-merged", sentence);
    const more = triggerOfCategory[category];
    fired.push(more === undefined ? rule : { ...rule, triggers: [more, ...rule.triggers] });
  }
  const [oldOwner, newOwner] = [before.rollback?.owner ?? null, record.rollback?.owner ?? null];
  if ((before.rollback === null) !== (record.rollback === null) || oldOwner !== newOwner) {
    const show = (rollback: typeof record.rollback): string =>
      rollback === null ? "nothing" : `${rollback.defaultVariation}, owner ${showValue(rollback.owner)}`;
    const sentence = `rollback changed from ${show(before.rollback)} to ${show(record.rollback)}`;
    fired.push(fire(comparison, "rollback-changed", "rollback", "approved-to-merged", sentence));
  }
  fired.push(...fireDataClasses(comparison, before.dataClasses, record.dataClasses));
  return fired;
}

const triggerOfCategory: Readonly<Record<string, Trigger | undefined>> = {
  quality: "quality",
  latency: "latency",
  cost: "cost",
  fallback: "platform",
  retry: "platform",
  safety: "data",
};

/** A first declaration is not an addition: it is judged by what it says (`restricted-data`). */
function fireDataClasses(
  comparison: RouteComparison,
  before: readonly string[] | null,
  after: readonly string[] | null,
): FiredRule[] {
  if (before === null) return [];
  const now = after ?? [];
  const added = now.filter((each) => !before.includes(each));
  const removed = before.filter((each) => !now.includes(each));
  const change = `data classes changed from ${showValue(before.join(", ") || null)} to ${showValue(now.join(", ") || null)}`;
  return [
    ...(added.length === 0
      ? []
      : [
          fire(
            comparison,
            "data-class-added",
            "dataClasses",
            "approved-to-merged",
            `${change}: ${added.join(", ")} added`,
          ),
        ]),
    ...(removed.length === 0
      ? []
      : [
          fire(
            comparison,
            "data-class-removed",
            "dataClasses",
            "approved-to-merged",
            `${change}: ${removed.join(", ")} removed`,
          ),
        ]),
  ];
}
