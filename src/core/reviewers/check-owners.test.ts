import { describe, expect, it } from "vitest";
import type { OwnerFacts, PeopleFacts } from "../facts.ts";
import { checkCodeownersErrors, checkOwners } from "./check-owners.ts";
import { parseCodeowners } from "./parse-codeowners.ts";
import type { ReviewRequirement } from "./requirement.ts";

const path = ".github/CODEOWNERS";

describe("owners who are no reviewers are problems", () => {
  const requirement: ReviewRequirement = {
    role: "release-owner",
    count: 1,
    owners: ["@ada", "@acme/release"],
    source: "CODEOWNERS line 7",
    place: { path, line: 7, column: 1 },
    focus: "",
    because: [],
    missing: null,
  };
  const ada: OwnerFacts = {
    kind: "user",
    name: "@Ada",
    account: { id: 1, login: "Ada", isBot: false },
    canWrite: true,
  };
  const team: OwnerFacts = { kind: "team", name: "@acme/release", slug: "release", canWrite: true, members: [] };

  it.each<[string, OwnerFacts[], [string, string][]]>([
    ["all can be asked", [ada, team], []],
    ["a user without write access", [{ ...ada, canWrite: false }, team], [["owner-without-write", "@ada"]]],
    ["a team without write access", [ada, { ...team, canWrite: false }], [["owner-without-write", "@acme/release"]]],
    [
      "a team nobody may see",
      [ada, { kind: "unresolved", name: "@acme/release", why: "no such team, or it is secret" }],
      [["owner-unresolved", "@acme/release"]],
    ],
    [
      "nobody was looked up",
      [],
      [
        ["owner-unresolved", "@acme/release"],
        ["owner-unresolved", "@ada"],
      ],
    ],
  ])("%s", (_name, owners, expected) => {
    const problems = checkOwners([requirement, { ...requirement, role: "operations-owner" }], owners);
    expect(problems.map(({ code, found }) => [code, found])).toEqual(expected);
    expect(problems.every(({ line, severity }) => line === 7 && severity === "warning")).toBe(true);
  });

  it("names the policy file where the policy names the owner", () => {
    const { place: _place, ...byPolicy } = requirement;
    expect(checkOwners([byPolicy], [ada])).toMatchObject([{ path: ".github/routeward.yml", line: 1 }]);
  });
});

describe("GitHub's own reading of CODEOWNERS", () => {
  const parsed = parseCodeowners({ kind: "text", path, text: "* @a\n/[x]/ @b\n/c/ @d" });
  const error = (line: number, over: object = {}): NonNullable<PeopleFacts["codeownersErrors"]>[number] => ({
    line,
    column: 1,
    kind: "Invalid pattern",
    message: "Invalid pattern",
    path,
    ...over,
  });

  it.each<[string, PeopleFacts["codeownersErrors"], [string, number, string][]]>([
    ["agrees", [error(2)], []],
    ["agrees, and knows an unknown person besides", [error(2), error(3, { kind: "Unknown owner" })], []],
    ["refuses a line that we use", [error(2), error(3)], [["codeowners-disagreement", 3, "error"]]],
    ["uses a line that we refuse", [], [["codeowners-disagreement", 2, "error"]]],
    ["speaks of another file", [error(2, { path: "CODEOWNERS" })], [["codeowners-disagreement", 2, "error"]]],
    ["does not answer", null, [["codeowners-unchecked", 1, "warning"]]],
  ])("%s", (_name, errors, expected) => {
    const problems = checkCodeownersErrors(parsed, errors);
    expect(problems.map(({ code, line, severity }) => [code, line, severity])).toEqual(expected);
  });

  it("is not compared where there is no file", () => {
    expect(checkCodeownersErrors(parseCodeowners({ kind: "absent" }), null)).toEqual([]);
  });
});
