import { expect, it } from "vitest";
import type { CheckReport } from "../core/effect.ts";
import { countBytes } from "../core/report/cut-bytes.ts";
import type { VerdictState } from "../core/scales.ts";
import type { Store } from "../ports/store.ts";
import { combineReports } from "./combine-reports.ts";
import { createPullState } from "./pull-state.ts";

const headSha = "h".repeat(40);
const report: CheckReport = {
  name: "routeward/approval",
  headSha,
  status: "completed",
  conclusion: "success",
  title: "Medium risk: approved by all 2 roles",
  summary: "",
  text: "",
  annotations: [],
  actions: [],
  externalId: "sha256:1",
};

/** Pull request 1 with this report, and pull request 2 with the same head and this verdict; null: not judged yet. */
async function combine(
  state: VerdictState | null,
  mode: "enforce" | "report",
  conclusion: CheckReport["conclusion"] = "success",
  summary = "",
): Promise<CheckReport> {
  const verdict =
    state === null ? null : { state, tier: "low" as const, title: "", at: "", policyDigest: "", routes: [] };
  const value = { ...createPullState("acme/app", 2), verdict };
  const store = { getRecord: () => Promise.resolve({ value, version: 1 }) } as unknown as Pick<Store, "getRecord">;
  const port = { findOpenPullsByHead: () => Promise.resolve([1, 2]) };
  return combineReports({ ...report, conclusion, summary }, mode, { number: 1, headSha }, 7, port, store);
}

it.each<[string, VerdictState | null, CheckReport["conclusion"], string]>([
  ["an approved one changes nothing", "approved", "success", "success"],
  ["one without routes changes nothing", "not-applicable", "success", "success"],
  ["one that waits makes both wait", "waiting", "success", "action_required"],
  ["one that was not judged yet makes both wait", null, "success", "action_required"],
  ["a blocked one fails both", "blocked", "success", "failure"],
  ["an invalid one fails both", "invalid", "success", "failure"],
  ["a better one mends nothing", "approved", "failure", "failure"],
])("of pull requests that share a commit %s", async (_name, other, own, expected) => {
  const combined = await combine(other, "enforce", own);
  expect(combined.conclusion).toBe(expected);
  expect(combined.title).toBe(
    expected === own ? report.title : "Pull request #2 has the same commit and is not approved",
  );
});

it("what is said about the shared commit keeps GitHub's limit, whatever the verdict itself has to say", async () => {
  const { summary } = await combine("blocked", "enforce", "success", "a line\n".repeat(9362));
  expect(countBytes(summary)).toBeLessThanOrEqual(65_535);
  expect(summary).toMatch(/^GitHub keeps one check for a commit\. Pull request #2 shares it/);
});

it("a policy that only reports fails no check for the sake of another pull request", async () => {
  expect(await combine("blocked", "report")).toEqual(report);
});
