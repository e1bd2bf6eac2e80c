import { expect, it } from "vitest";
import { checkRoles } from "./check-roles.ts";
import { ownersOfRole } from "./owners-of-role.ts";
import { parseCodeowners } from "./parse-codeowners.ts";
import type { ReviewRequirement } from "./requirement.ts";

const path = "model-routes/support/answer.yaml";

function require(role: string, text: string | null): ReviewRequirement {
  const source =
    text === null ? ({ kind: "absent" } as const) : ({ kind: "text", path: "docs/CODEOWNERS", text } as const);
  const found = ownersOfRole(parseCodeowners(source), { roles: {} }, role, path, "high");
  const common = { role, count: 1, focus: "", because: [] };
  return found.kind === "missing"
    ? { ...common, owners: [], source: "nobody", missing: found }
    : { ...common, owners: found.owners, source: found.source, missing: null };
}

it.each([
  ["no line names the role: after the last line", "* @acme/all\n\n/docs/ @acme/docs\n", "docs/CODEOWNERS:3"],
  [
    "the only line that does is broken: after it",
    "* @acme/all\n/.github/roles/finance-owner/ acme\n",
    "docs/CODEOWNERS:2",
  ],
  [
    "a line takes the owners away: at that line",
    "/.github/roles/finance-owner/ @acme/f\n/.github/roles/finance-owner/model-routes/\n* @acme/all\n",
    "docs/CODEOWNERS:2",
  ],
  ["there is no CODEOWNERS: where it belongs", null, ".github/CODEOWNERS:1"],
])("%s", (_name, text, expected) => {
  const problems = checkRoles([require("finance-owner", text)]);
  expect(problems.map((problem) => `${problem.path}:${problem.line}`)).toEqual([expected]);
  expect(problems[0]).toMatchObject({
    code: "role-without-owner",
    severity: "error",
    expected: "/.github/roles/finance-owner/ @ORGANISATION/TEAM",
  });
});

it("a role that two routes miss is said once, and one with owners not at all", () => {
  const missing = require("finance-owner", "");
  const owned = require("finance-owner", "/.github/roles/finance-owner/ @acme/f");
  expect(checkRoles([missing, missing, owned])).toHaveLength(1);
});
