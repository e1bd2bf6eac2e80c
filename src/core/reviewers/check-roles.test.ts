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

const unknownToHigh = "names finance-owner for this file, and high risk accepts no substitute";

it.each([
  [
    "no line names the role: after the last line",
    "* @acme/all\n\n/docs/ @acme/docs\n",
    "docs/CODEOWNERS:3",
    `no line of CODEOWNERS ${unknownToHigh}`,
  ],
  [
    "the only line that does is broken: after it",
    "* @acme/all\n/.github/roles/finance-owner/ acme\n",
    "docs/CODEOWNERS:2",
    `no line of CODEOWNERS ${unknownToHigh}`,
  ],
  [
    "a line takes the owners away: at that line",
    "/.github/roles/finance-owner/ @acme/f\n/.github/roles/finance-owner/model-routes/\n* @acme/all\n",
    "docs/CODEOWNERS:2",
    "CODEOWNERS line 2 leaves finance-owner without owners, and high risk accepts no substitute",
  ],
  [
    "there is no CODEOWNERS: where it belongs",
    null,
    ".github/CODEOWNERS:1",
    `there is no CODEOWNERS file that ${unknownToHigh}`,
  ],
  ["an empty CODEOWNERS: at its beginning", "", "docs/CODEOWNERS:1", `no line of CODEOWNERS ${unknownToHigh}`],
])("%s", (_name, text, expected, why) => {
  const problems = checkRoles([require("finance-owner", text)]);
  expect(problems.map((problem) => `${problem.path}:${problem.line}`)).toEqual([expected]);
  const lineToAdd = "/.github/roles/finance-owner/ @ORGANISATION/TEAM";
  expect(problems[0]).toMatchObject({
    code: "role-without-owner",
    severity: "error",
    message: `Nobody answers for finance-owner: ${why}.`,
    expected: lineToAdd,
    found: "no line that names an owner with write access",
    fix: `Add the line to ${expected.replace(/:.*/, "")} on the default branch, with your own team: ${lineToAdd}`,
  });
});

it.each<[string, string | null, number, string]>([
  [
    "at the line that says that nobody owns the file",
    "* @a\n/model-routes/\n/docs/ @b",
    2,
    "CODEOWNERS line 2 says that nobody owns the file",
  ],
  ["after the last line when none matches", "/docs/ @b\n\n/x/ @b", 3, "no line of CODEOWNERS names owners of the file"],
])("a file without owners is reported %s", (_name, text, line, why) => {
  const problems = checkRoles([require("file-owner", text)]);
  expect(problems).toMatchObject([{ path: "docs/CODEOWNERS", line, column: 1 }]);
  expect(problems[0]?.message).toBe(`Nobody answers for file-owner: ${why}.`);
});

it("roles are listed by line, and at one line by what is said", () => {
  const text = "* @acme/all\n/.github/roles/release-owner/\n/docs/ @a\n/.github/roles/finance-owner/\n/z/ @a";
  const roles = ["security-owner", "operations-owner", "finance-owner", "release-owner", "data-owner"];
  const asked = roles.map((role) => require(role, text));
  const listed = ["2 release-owner", "4 finance-owner", "5 data-owner", "5 operations-owner", "5 security-owner"];
  for (const requirements of [asked, asked.toReversed()]) {
    const problems = checkRoles(requirements);
    expect(problems.map(({ line, message }) => `${line} ${/for ([a-z-]+):/.exec(message)?.[1] ?? ""}`)).toEqual(listed);
  }
});

it("one role is said once for each line that would name an owner", () => {
  const [first, second] = [require("file-owner", ""), require("file-owner", "")];
  if (second.missing === null) throw new Error("an empty CODEOWNERS names nobody");
  const elsewhere = { ...second, missing: { ...second.missing, lineToAdd: "/other/ @ORGANISATION/TEAM" } };
  expect(checkRoles([first, elsewhere, first])).toHaveLength(2);
});

it("a role that two routes miss is said once, and one with owners not at all", () => {
  const missing = require("finance-owner", "");
  const owned = require("finance-owner", "/.github/roles/finance-owner/ @acme/f");
  expect(checkRoles([missing, missing, owned])).toHaveLength(1);
});
