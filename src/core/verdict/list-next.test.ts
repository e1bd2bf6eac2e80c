import { describe, expect, it } from "vitest";
import type { RequirementState } from "../reviewers/requirement.ts";
import { listNext } from "./list-next.ts";
import { explainGates, explainProblems, explainRequirements, groupReasons, stateOfReasons } from "./reasons.ts";
import { renderDuration } from "./render-duration.ts";
import type { GatewayVerdict, GovernanceVerdict, Reason, RouteVerdict, Verdict } from "./verdict.ts";

const place = { path: "a.yaml", line: 3, column: 1 };
const reason = (state: Reason["state"], text: string, over: Partial<Reason> = {}): Reason => ({
  code: text,
  state,
  text,
  place: null,
  children: [],
  ...over,
});
const problem = {
  ...place,
  code: "wrong",
  severity: "error" as const,
  message: "It is wrong.",
  expected: "",
  found: "",
  fix: "Mend it.",
};
const route = (flagKey: string, next: string[], asked: RouteVerdict["asked"] = null): RouteVerdict =>
  ({ flagKey, next, asked }) as unknown as RouteVerdict;
const gateway = (path: string, next: string[]): GatewayVerdict => ({ path, next }) as unknown as GatewayVerdict;
const governance = (next: string[]): GovernanceVerdict => ({ next }) as unknown as GovernanceVerdict;

function next(
  over: Partial<Verdict>,
  notAsked: readonly string[] = [],
  refused: readonly string[] = [],
): readonly string[] {
  const bare = { routes: [], gateways: [], governance: null, reasons: [], problems: [], state: "waiting" as const };
  return listNext({ ...bare, ...over }, { notAsked, refused });
}

describe("what to do next", () => {
  it.each<[string, Partial<Verdict>, readonly string[], readonly string[]]>([
    ["nothing while nothing is said", {}, [], []],
    [
      "what is invalid or blocked comes before what waits, the rules before routes, routes before gateways",
      {
        state: "blocked",
        reasons: [
          reason("waiting", "a draft"),
          reason("ok", "fine"),
          reason("info", "news"),
          reason("blocked", "stop"),
        ],
        governance: governance(["rules"]),
        routes: [route("one", ["role"])],
        gateways: [gateway("g.yaml", ["gate"])],
      },
      [],
      ["stop", "rules", "role", "g.yaml: gate", "a draft"],
    ],
    [
      "what the whole waits for comes first when nothing blocks",
      { reasons: [reason("waiting", "a draft")], routes: [route("one", ["role"])] },
      [],
      ["a draft", "role"],
    ],
    [
      "a problem is said with its line and its mend",
      { reasons: [reason("invalid", "wrong", { place })], problems: [problem] },
      [],
      ["a.yaml line 3: It is wrong. Mend it."],
    ],
    [
      "of two problems of one kind that of the same line",
      {
        reasons: [reason("invalid", "wrong", { place: { ...place, line: 5 } })],
        problems: [problem, { ...problem, line: 5, fix: "Mend this." }],
      },
      [],
      ["a.yaml line 5: It is wrong. Mend this."],
    ],
    [
      "a reason without a problem of its own as it is",
      { reasons: [reason("invalid", "other", { place })], problems: [problem] },
      [],
      ["other"],
    ],
    ["one route without its name", { routes: [route("one", ["a", "b"])] }, [], ["a", "b"]],
    ["several routes by their names", { routes: [route("one", ["a"]), route("two", ["a"])] }, [], ["one: a", "two: a"]],
    ["the only file of a gateway without its name", { gateways: [gateway("g.yaml", ["a"])] }, [], ["a"]],
    [
      "several files of gateways by their names, once",
      { gateways: [gateway("g.yaml", ["a", "g.yaml line 1: b"]), gateway("h.yaml", ["a"])] },
      [],
      ["g.yaml: a", "g.yaml line 1: b", "h.yaml: a"],
    ],
    ["nothing twice", { routes: [route("one", ["a", "a"])] }, [], ["a"]],
    [
      "for whom nobody could be asked",
      {},
      ["finance-owner", "release-owner"],
      ["Nobody more can be asked for finance-owner, release-owner: ask by hand"],
    ],
    ["merging what is approved", { state: "approved" }, [], ["Merge it."]],
    [
      "what a merge asks for, each stage once",
      {
        state: "approved",
        routes: [route("a", [], "shadow"), route("b", [], "default"), route("c", [], "shadow"), route("d", [])],
      },
      [],
      ["Merge it: the merge asks FeatBit for shadow, default."],
    ],
    [
      "where the rules are of another branch, what the merge does not do yet",
      {
        state: "approved",
        reasons: [reason("info", "other news"), reason("info", "no flag moves", { code: "policy-branch" })],
        routes: [route("a", [], "shadow")],
      },
      [],
      ["Merge it: no flag moves."],
    ],
    [
      "that a gateway's file moves no flag",
      { state: "approved", gateways: [gateway("g.yaml", [])] },
      [],
      ["Merge it: no flag moves by it, the gateway serves the file when it loads it."],
    ],
    [
      "what a merge asks for, also beside a gateway's file",
      { state: "approved", gateways: [gateway("g.yaml", [])], routes: [route("a", [], "shadow")] },
      [],
      ["Merge it: the merge asks FeatBit for shadow."],
    ],
    [
      "not merging, while something is left to do",
      { state: "approved", routes: [route("a", ["x"], "shadow")] },
      [],
      ["x"],
    ],
  ])("%s", (_name, verdict, notAsked, expected) => {
    expect(next(verdict, notAsked)).toEqual(expected);
  });
});

describe("reasons", () => {
  it.each<[Reason["state"][], string]>([
    [[], "approved"],
    [["info"], "approved"],
    [["ok", "info"], "approved"],
    [["ok", "waiting"], "waiting"],
    [["blocked", "waiting"], "blocked"],
    [["waiting", "blocked", "ok"], "blocked"],
    [["blocked", "invalid", "waiting"], "invalid"],
  ])("%j amount to %s", (states, verdict) => {
    expect(stateOfReasons(states.map((state) => reason(state, "x")))).toBe(verdict);
  });

  it("in a group are as bad as the worst of them", () => {
    const children = [reason("ok", "a"), reason("blocked", "b"), reason("waiting", "c")];
    expect(groupReasons("gates", "the gates", children)).toEqual({
      code: "gates",
      state: "blocked",
      text: "the gates",
      place: null,
      children,
    });
    expect(groupReasons("gates", "none", []).state).toBe("info");
  });

  it("of a problem stand on its line; a warning is only news", () => {
    expect(explainProblems([problem, { ...problem, severity: "warning" }])).toEqual([
      { code: "wrong", state: "invalid", text: "It is wrong.", place, children: [] },
      { code: "wrong", state: "info", text: "It is wrong.", place, children: [] },
    ]);
  });

  it("of a gate are what the gate says", () => {
    expect(explainGates([{ gate: "freeze", state: "waiting", text: "frozen", place }])).toEqual([
      { code: "freeze", state: "waiting", text: "frozen", place, children: [] },
    ]);
  });

  it.each<[RequirementState["state"], Reason["state"]]>([
    ["approved", "ok"],
    ["waiting", "waiting"],
    ["missing-owner", "blocked"],
    ["changes-requested", "blocked"],
  ])("of a role that is %s are %s", (state, expected) => {
    const requirement = { role: "r", count: 1, owners: [], source: "", focus: "", because: [], missing: null };
    const states = [
      { requirement, state, filledBy: [], explanation: "why" },
      { requirement: { ...requirement, place }, state, filledBy: [], explanation: "why" },
    ];
    expect(explainRequirements({ states, holds: ["held"] })).toEqual([
      { code: "role-r", state: expected, text: "r: why", place: null, children: [] },
      { code: "role-r", state: expected, text: "r: why", place, children: [] },
      { code: "reviews-held", state: "blocked", text: "held", place: null, children: [] },
    ]);
  });

  it("without a single role nobody can approve", () => {
    expect(explainRequirements({ states: [], holds: [] })).toEqual([
      {
        code: "no-reviewers",
        state: "blocked",
        text: "no reviewer could be determined, so nobody can approve",
        place: null,
        children: [],
      },
    ]);
  });
});

it.each<[number, string]>([
  [0, "0 ms"],
  [999.9, "999 ms"],
  [1000, "1 s"],
  [59_999, "59.9 s"],
  [60_000, "1 min"],
  [5_400_000, "1.5 h"],
  [3_600_000, "1 h"],
  [3_599_999, "59.9 min"],
  [172_800_000, "48 h"],
  [259_199_999, "71.9 h"],
  [259_200_000, "3 d"],
  [302_400_000, "3.5 d"],
])("%d milliseconds are %s for people", (ms, text) => {
  expect(renderDuration(ms)).toBe(text);
});

it("whom GitHub takes no request for is said with its words, to be asked by hand", () => {
  expect(next({}, ["finance-owner"], ["@ada: not a collaborator"])).toEqual([
    "GitHub takes no review request for @ada: not a collaborator; ask by hand",
    "Nobody more can be asked for finance-owner: ask by hand",
  ]);
});
