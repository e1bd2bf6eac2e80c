import { placeOf, type RouteFile } from "../routes/route-file.ts";
import type { FiredRule } from "./fired-rule.ts";
import { rowOf, type PlainRuleId } from "./rule-table.ts";

/** A rule that applies, on the line of a field of the merged record. */
export function fire(
  comparison: { merged: { state: { file: RouteFile } } },
  id: PlainRuleId,
  field: string,
  difference: FiredRule["difference"],
  sentence: string,
): FiredRule {
  return { ...rowOf(id), sentence, place: placeOf(comparison.merged.state.file, field), difference };
}
