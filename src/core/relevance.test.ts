import { describe, expect, it } from "vitest";
import type { ChangedPath } from "./facts.ts";
import { isRelevant } from "./relevance.ts";
import { buildPolicy, buildSnapshot, writeFiles, writeRecord } from "./verdict/test-builders.ts";

const snapshot = buildSnapshot(writeFiles(writeRecord()));
const empty = buildSnapshot({});

function ask(changes: ChangedPath[], sides = { base: snapshot, head: snapshot }, complete = true): boolean {
  return isRelevant({ policy: buildPolicy(), changes, ...sides, complete });
}

const modified = (path: string): ChangedPath => ({ path, previousPath: null, status: "modified" });

describe("what concerns Routeward", () => {
  it.each([
    ["a route file", "model-routes/support/answer.yaml", true],
    ["a file that a route names", "prompts/v3.md", true],
    ["evidence", "model-routes/evidence/anything.json", true],
    ["the policy", ".github/routeward.yml", true],
    ["CODEOWNERS in .github", ".github/CODEOWNERS", true],
    ["CODEOWNERS at the root", "CODEOWNERS", true],
    ["CODEOWNERS in docs", "docs/CODEOWNERS", true],
    ["a role path", ".github/roles/security-owner/x", true],
    ["a prompt that no route names", "prompts/v4.md", false],
    ["code", "src/main.ts", false],
    ["a folder that only begins alike", "model-routes-old/a.yaml", false],
  ])("%s", (_name, path, relevant) => {
    expect(ask([modified(path)])).toBe(relevant);
    expect(ask([{ path: "elsewhere.txt", previousPath: path, status: "renamed" }])).toBe(relevant);
  });

  it("a file that only the base's route names", () => {
    expect(ask([modified("prompts/v3.md")], { base: snapshot, head: empty })).toBe(true);
    expect(ask([modified("prompts/v3.md")], { base: empty, head: snapshot })).toBe(true);
    expect(ask([modified("prompts/v3.md")], { base: empty, head: empty })).toBe(false);
  });

  it("an incomplete listing may hide anything", () => {
    expect(ask([modified("src/main.ts")], { base: empty, head: empty }, false)).toBe(true);
  });
});
