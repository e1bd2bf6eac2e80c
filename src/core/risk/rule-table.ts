import type { Tier, Trigger } from "../scales.ts";
import { bundleRules } from "./bundle-rules.ts";

/** A row of SPEC 5, without what it looks at. */
export interface RuleRow {
  id: string;
  tier: Tier;
  triggers: readonly Trigger[];
  /** When it applies, for people. */
  meaning: string;
}

const rowsOfBundles: readonly RuleRow[] = bundleRules.map(({ id, tier, triggers }) => ({
  id,
  tier,
  triggers,
  meaning: "the two bundles differ in it; what cannot be known counts as changed",
}));

const otherRows = [
  row("non-production-only", "low", [], "the operator's binding says that the environment is not production"),
  row("evidence-only", "low", [], "only evidence was added, removed or changed"),
  row("metadata-only", "low", [], "only words changed that nothing acts on"),
  row("draft-only", "low", [], "draft or offline-eval: the flag serves the baseline to everyone"),
  row("rollback", "low", [], "exposure shrinks"),
  row("candidate-added", "medium", ["quality"], "no content of this flag was approved with a candidate before"),
  row("internal-exposure", "medium", ["platform"], "shadow or internal canary is entered, or reaches more people"),
  row("declared-risk", "medium", [], "the author names a risk; its kind decides who is asked"),
  row(
    "customer-exposure",
    "high",
    ["exposure"],
    "a customer stage is entered, a share raised, an audience widened, an exclusion removed",
  ),
  row(
    "guardrail-loosened",
    "high",
    ["exposure"],
    "a threshold eased, a guardrail removed, window or samples cut, a query changed",
  ),
  row("rollback-changed", "high", ["exposure", "platform"], "what a rollback returns to, or who owns it, changed"),
  row("stage-skipped", "high", ["exposure"], "an exposure stage lies between the live and the asked one"),
  row("restricted-data", "restricted", ["data"], "approved, base or head declares a restricted data class"),
  row("data-class-added", "restricted", ["data"], "a data class that was not approved is declared"),
  row("data-class-removed", "restricted", ["data"], "an approved data class is no longer declared"),
  row("governance-changed", "restricted", ["governance"], "policy, CODEOWNERS or a role path is edited"),
] as const;

function row<Id extends string>(
  id: Id,
  tier: Tier,
  triggers: readonly Trigger[],
  meaning: string,
): RuleRow & { id: Id } {
  return { id, tier, triggers, meaning };
}

/** Ids of the rules that do not compare two bundles. */
export type PlainRuleId = (typeof otherRows)[number]["id"];

/** Every rule of SPEC 5, and `declared-risk`, which carries the author's `risks`. */
export const ruleTable: readonly RuleRow[] = [...otherRows, ...rowsOfBundles];

const plainRows = new Map<string, RuleRow>(otherRows.map((each) => [each.id, each]));

/** Tier and triggers of a rule that does not compare two bundles. */
export function rowOf(id: PlainRuleId): Pick<RuleRow, "id" | "tier" | "triggers"> {
  const found = plainRows.get(id);
  return { id, tier: found?.tier ?? "restricted", triggers: found?.triggers ?? ["governance"] };
}
