import { describe, expect, it } from "vitest";
import { assess } from "../assess.ts";
import { decide } from "../decide.ts";
import type { FileFacts } from "../facts.ts";
import { buildApprovals, buildFacts, buildSnapshot, writeFiles, writeRecord } from "../verdict/test-builders.ts";
import { listVerdictFindings, renderSarif } from "./render-sarif.ts";

function listRules(changes: Partial<FileFacts>, approvers: readonly string[] = []): readonly string[] {
  const assessment = assess(buildFacts(changes));
  const verdict = decide(assessment, buildApprovals(assessment, approvers));
  return listVerdictFindings(verdict).map(
    ({ ruleId, level, place }) => `${level} ${ruleId} ${place?.path ?? "nowhere"}`,
  );
}

const route = "model-routes/support/answer.yaml";
const rules = ".github/routeward.yml";

describe("a log says whatever keeps the check from success", () => {
  it.each<[string, Partial<FileFacts>, string]>([
    ["a role that waits", {}, `note role-waiting ${route}`],
    [
      "a gate that an edit of the file can mend",
      { head: buildSnapshot(writeFiles(writeRecord({ guardrails: [] }))) },
      `warning guardrails-declared ${route}`,
    ],
    ["a conflict with the base branch", { hasConflicts: true }, "warning conflicts nowhere"],
    [
      "the owner of the rules, who is asked",
      { changes: { complete: true, files: [{ path: rules, previousPath: null, status: "modified" }] } },
      `note role-waiting ${rules}`,
    ],
  ])("%s", (_name, changes, expected) => {
    expect(listRules(changes)).toContain(expected);
  });

  it("and a file that cannot be read once, though it is among the reasons too", () => {
    expect(listRules({ head: buildSnapshot({ [route]: "model_change: [\n" }) })).toEqual([
      `error broken-yaml ${route}`,
    ]);
  });

  it("and no role that has approved", () => {
    const waiting = listRules({}).filter((each) => each.includes("role-waiting"));
    const half = listRules({}, ["product"]).filter((each) => each.includes("role-waiting"));
    expect(half.length).toBe(waiting.length - 1);
  });

  it("equal findings give equal text, each once", () => {
    const finding = { ruleId: "b", level: "note" as const, message: "x", place: null };
    const other = { ...finding, ruleId: "a" };
    expect(renderSarif([finding, other, finding], "1.0.0")).toBe(renderSarif([other, finding], "1.0.0"));
  });
});
