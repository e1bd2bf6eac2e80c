import { describe, expect, it } from "vitest";
import type { OwnerFacts } from "../facts.ts";
import { checkOwners } from "./check-owners.ts";
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

  it("says of each what is wrong and how to mend it", () => {
    const say = (owners: OwnerFacts[]): (readonly string[])[] =>
      checkOwners([{ ...requirement, owners: ["@ada"] }], owners).map(({ message, fix }) => [message, fix]);
    expect(say([{ ...ada, canWrite: false }])).toEqual([
      ["Owner @ada has no write access, so cannot approve as release-owner.", "Give write access."],
    ]);
    expect(say([])).toEqual([
      [
        "Owner @ada cannot be asked to approve as release-owner: was not looked up.",
        "Correct the name, or make the team visible to the organisation.",
      ],
    ]);
    expect(checkOwners([{ ...requirement, owners: ["@acme/release"] }], [{ ...team, canWrite: false }])).toMatchObject([
      {
        fix: "Give the team itself write access to the repository.",
        expected: "a user or visible team with write access",
      },
    ]);
  });

  it("says why nobody could be found under the name", () => {
    const problems = checkOwners(
      [{ ...requirement, owners: ["@gone"] }],
      [{ kind: "unresolved", name: "@gone", why: "no such user" }],
    );
    expect(problems.map(({ message }) => message)).toEqual([
      "Owner @gone cannot be asked to approve as release-owner: no such user.",
    ]);
  });

  it("lists the owners of one line in the order of their letters, whatever the order of the line", () => {
    for (const owners of [
      ["@cy", "@ada", "@bo"],
      ["@bo", "@ada", "@cy"],
    ]) {
      expect(checkOwners([{ ...requirement, owners }], []).map(({ found }) => found)).toEqual(["@ada", "@bo", "@cy"]);
    }
  });

  it("names the policy file where the policy names the owner", () => {
    const { place: _place, ...byPolicy } = requirement;
    expect(checkOwners([byPolicy], [ada])).toMatchObject([{ path: ".github/routeward.yml", line: 1 }]);
  });
});
