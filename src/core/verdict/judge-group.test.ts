import { describe, expect, it } from "vitest";
import { assess } from "../assess.ts";
import { decide } from "../decide.ts";
import { type GroupMember, judgeGroup } from "./judge-group.ts";
import { buildApprovals, buildFacts } from "./test-builders.ts";
import type { Verdict } from "./verdict.ts";

const assessment = assess(buildFacts());
const verdict = decide(assessment, buildApprovals(assessment, []));
const give = (changes: Partial<Verdict>): Verdict => ({ ...verdict, ...changes });
const approved = give({ state: "approved" });
const rules = give({
  state: "approved",
  governance: {
    state: "approved",
    paths: [".github/routeward.yml"],
    classification: { tier: "restricted", triggers: [], fired: [] },
    requirements: [],
    reviews: [],
    contentDigest: null,
    problems: [],
    reasons: [],
    next: [],
  },
});
const member = (number: number, own: Verdict | null, ...hindrances: string[]): GroupMember => ({
  number,
  verdict: own,
  hindrances,
});

describe("a merge group holds", () => {
  it.each<[string, boolean, GroupMember[]]>([
    ["when all of it is approved", true, [member(1, approved), member(2, approved)]],
    ["when a member has no routes", true, [member(1, approved), member(2, give({ state: "not-applicable" }))]],
    ["when the policy only reports", true, [member(1, give({ state: "blocked", mode: "report" }))]],
    ["not when one waits for an approval", false, [member(1, approved), member(2, give({ state: "waiting" }))]],
    ["not when the first is blocked", false, [member(1, give({ state: "blocked" })), member(2, approved)]],
    ["not when one cannot be read", false, [member(1, give({ state: "invalid" }))]],
    ["not when one could not be judged", false, [member(1, approved), member(2, null, "it is closed")]],
    ["not when one could not be judged for no known reason", false, [member(1, null)]],
    ["not when an approved one has something in the way", false, [member(1, approved, "it changes more")]],
    ["not without members", false, []],
    ["when only its last member changes the rules", true, [member(1, approved), member(2, rules)]],
    ["not when the rules change ahead of a route", false, [member(1, rules), member(2, approved)]],
    ["when the rules change ahead of words", true, [member(1, rules), member(2, give({ state: "not-applicable" }))]],
  ])("%s", (_name, holds, members) => {
    expect(judgeGroup(members).holds).toBe(holds);
  });

  it("says no more than ten things that are left to do", () => {
    const next = Array.from({ length: 12 }, (_, index) => `step ${index + 1}`);
    const [member1] = judgeGroup([member(1, give({ state: "waiting", title: "waiting", next }))]).members;
    expect(member1?.reasons).toEqual(["waiting", ...next.slice(0, 10)]);
  });

  it("says of each member why it does not", () => {
    const waiting = give({ state: "waiting", title: "Low risk: waiting for x", next: ["x: needs an approval"] });
    const group = judgeGroup([
      member(1, rules),
      member(2, waiting, "it changes more"),
      member(3, null, "it is closed"),
    ]);
    expect(group.members.map(({ reasons }) => reasons)).toEqual([
      [],
      [
        "it changes more",
        "pull request 1 changes the rules just ahead of it: queue it again when that is merged",
        "Low risk: waiting for x",
        "x: needs an approval",
      ],
      ["it is closed"],
    ]);
  });
});
