import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Account, OwnerFacts, PeopleFacts, ReviewFacts } from "../facts.ts";
import type { RequirementState } from "../reviewers/requirement.ts";
import { chooseCover, type CoverItem } from "./choose-cover.ts";
import { chooseReviewers, type ReviewerChoice } from "./choose-reviewers.ts";
import type { ReviewCode, ReviewFinding } from "./review-finding.ts";

const account = (id: number, login: string): Account => ({ id, login, isBot: false });
const author = account(1, "author");
const [ada, bo, cy] = [account(10, "Ada"), account(11, "bo"), account(12, "cy")];

function state(
  role: string,
  owners: string[],
  over: Partial<RequirementState> & { count?: number } = {},
): RequirementState {
  const { count = 1, ...rest } = over;
  const requirement = { role, count, owners, source: "", focus: "", because: [], missing: null };
  return { requirement, state: "waiting", filledBy: [], explanation: "", ...rest };
}

const user = (account: Account, canWrite = true): OwnerFacts => ({
  kind: "user",
  name: `@${account.login.toLowerCase()}`,
  account,
  canWrite,
});
const team = (slug: string, ...members: Account[]): OwnerFacts => ({
  kind: "team",
  name: `@acme/${slug}`,
  slug,
  canWrite: true,
  members,
});

function people(over: Partial<PeopleFacts> = {}): PeopleFacts {
  return {
    reviews: [],
    owners: [user(ada), user(bo), user(cy), user(author), team("web", bo, cy), team("ops", bo, cy)],
    writers: {},
    commitPeople: [],
    commitsComplete: true,
    pushers: [],
    triggeredBy: null,
    requested: { users: [], teams: [] },
    codeownersErrors: [],
    ...over,
  };
}

function choose(
  states: RequirementState[],
  over: Partial<PeopleFacts> = {},
  options: { reviews?: ReviewFinding[]; isDraft?: boolean; closed?: boolean; separate?: boolean } = {},
): ReviewerChoice {
  const { reviews = [], isDraft = false, closed = false, separate = false } = options;
  const pull = { author, isDraft, state: closed ? ("closed" as const) : ("open" as const) };
  return chooseReviewers(states, reviews, people(over), pull, separate);
}

const asked = ({ request }: ReviewerChoice): string[] => [
  ...request.users,
  ...request.teams.map((slug) => `team ${slug}`),
];

describe("the smallest useful set is asked", () => {
  it.each<[string, RequirementState[], string[]]>([
    ["nobody, when nothing waits", [state("r", ["@ada"], { state: "approved" })], []],
    ["nobody for a role that nobody can fill", [state("r", ["@ada"], { state: "missing-owner" })], []],
    ["nobody else while somebody asks for changes", [state("r", ["@ada"], { state: "changes-requested" })], []],
    ["the owner, by the login as GitHub writes it", [state("r", ["@ada"])], ["Ada"]],
    ["the team, by its slug", [state("r", ["@acme/web"])], ["team web"]],
    ["one of several owners", [state("r", ["@bo", "@cy"])], ["bo"]],
    ["the team rather than a person", [state("r", ["@ada", "@acme/web"])], ["team web"]],
    ["one person who owns both roles", [state("r", ["@ada", "@bo"]), state("s", ["@ada", "@cy"])], ["Ada"]],
    ["one team that owns both roles", [state("r", ["@ada", "@acme/web"]), state("s", ["@acme/web"])], ["team web"]],
    ["the same role of two routes once", [state("r", ["@bo", "@cy"]), state("r", ["@cy", "@bo"])], ["bo"]],
    [
      "the owners of both, where two routes have other owners for one role",
      [state("r", ["@ada"]), state("r", ["@bo"])],
      ["Ada", "bo"],
    ],
    [
      "one person who owns one role by name and the other in a team",
      [state("r", ["@bo"]), state("s", ["@acme/web"])],
      ["bo"],
    ],
    ["two people for two approvals", [state("r", ["@ada", "@bo", "@cy"], { count: 2 })], ["Ada", "bo"]],
    ["a team of two for two approvals", [state("r", ["@ada", "@acme/web"], { count: 2 })], ["team web"]],
    [
      "one person where one of two has approved",
      [state("r", ["@bo", "@cy"], { count: 2, filledBy: [{ login: "zz", id: 99, reviewId: 1 }] })],
      ["bo"],
    ],
    ["those who can be, when there are too few", [state("r", ["@ada"], { count: 2 })], ["Ada"]],
  ])("%s", (_name, states, expected) => {
    expect(asked(choose(states))).toEqual(expected);
  });

  it("two people where duties are separated and one owns both sides", () => {
    const states = [state("product-owner", ["@ada"]), state("release-owner", ["@ada", "@bo"])];
    expect(asked(choose(states, {}, { separate: false }))).toEqual(["Ada"]);
    expect(asked(choose(states, {}, { separate: true }))).toEqual(["Ada", "bo"]);
  });

  it("a team of two fills both sides", () => {
    const states = [state("product-owner", ["@acme/web"]), state("release-owner", ["@acme/web"])];
    const choice = choose(states, {}, { separate: true });
    expect([asked(choice), choice.notAsked]).toEqual([["team web"], []]);
  });

  it.each(["product-owner", "release-owner"])("a role of the user's own goes with %s by one person", (role) => {
    const choice = choose([state(role, ["@ada"]), state("brand-owner", ["@ada", "@bo"])], {}, { separate: true });
    expect([asked(choice), choice.notAsked]).toEqual([["Ada"], []]);
  });

  it("a team rather than a person whose name comes first", () => {
    const owners = [user(account(20, "aa")), team("web", bo, cy)];
    expect(asked(choose([state("r", ["@aa", "@acme/web"])], { owners }))).toEqual(["team web"]);
  });

  it("whoever was asked already fills a role of their own and one of their team", () => {
    const states = [state("r", ["@bo"]), state("s", ["@acme/web"])];
    expect(asked(choose(states, { requested: { users: ["bo"], teams: [] } }))).toEqual([]);
  });

  it("whoever was asked already is one of two people, by name and by team", () => {
    const states = [state("r", ["@bo", "@acme/web"], { count: 2 })];
    expect(asked(choose(states, { requested: { users: ["bo"], teams: [] } }))).toEqual(["team web"]);
  });

  it("also when another role has nobody to ask, whoever was asked already goes first", () => {
    const states = [state("r", ["@ada", "@bo"]), state("s", ["@gone"])];
    const choice = choose(states, { requested: { users: ["bo"], teams: [] } });
    expect([asked(choice), choice.notAsked]).toEqual([[], ["s"]]);
  });

  it("somebody asked already before a team, and a team before a person", () => {
    const states = [state("r", ["@ada", "@acme/web"])];
    const standing = { requested: { users: ["ada"], teams: [] } };
    expect(asked(choose(states, standing))).toEqual([]);
    const second = [state("r", ["@ada", "@bo", "@acme/web"]), state("s", ["@ada", "@bo", "@acme/web"])];
    expect(asked(choose(second, standing))).toEqual([]);
  });

  it("teams are listed by their slugs, in the order of their letters", () => {
    const owners = [team("zeta", cy), team("alpha", bo)];
    expect(choose([state("a", ["@acme/zeta"]), state("b", ["@acme/alpha"])], { owners }).request.teams).toEqual([
      "alpha",
      "zeta",
    ]);
  });

  it("the roles that nobody can be asked for are listed once, in the order of their letters", () => {
    const states = [state("s", ["@gone"]), state("r", ["@gone"]), state("r", ["@gone", "@lost"])];
    const owners: OwnerFacts[] = [{ kind: "unresolved", name: "@gone", why: "no such user" }];
    expect(choose(states, { owners })).toEqual({
      request: { users: [], teams: [] },
      withdraw: { users: [], teams: [] },
      notAsked: ["r", "s"],
      refused: [],
    });
  });

  it("people are listed by their logins, in the order of their letters", () => {
    const owners = [user(account(20, "cy")), user(account(21, "Bo"))];
    expect(choose([state("r", ["@cy"]), state("s", ["@bo"])], { owners }).request.users).toEqual(["Bo", "cy"]);
  });
});

describe("never asked are", () => {
  it.each<[string, string[], Partial<PeopleFacts>, string[]]>([
    ["the author", ["@author", "@bo"], {}, ["bo"]],
    ["somebody who pushed", ["@ada", "@bo"], { pushers: [ada] }, ["bo"]],
    ["the author of a commit", ["@ada", "@bo"], { commitPeople: [{ account: ada, text: "" }] }, ["bo"]],
    ["whoever made a bot open it", ["@ada", "@bo"], { triggeredBy: ada }, ["bo"]],
    ["an owner without write access", ["@ada", "@bo"], { owners: [user(ada, false), user(bo)] }, ["bo"]],
    ["an owner who could not be resolved", ["@ada", "@bo"], { owners: [user(bo)] }, ["bo"]],
    ["a team whose members all made the change", ["@acme/web", "@ada"], { pushers: [bo, cy] }, ["Ada"]],
    ["a bot", ["@bot", "@bo"], { owners: [user({ id: 5, login: "bot", isBot: true }), user(bo)] }, ["bo"]],
  ])("%s, whether or not duties are separated", (_name, owners, over, expected) => {
    for (const separate of [false, true]) {
      expect(asked(choose([state("r", owners)], over, { separate }))).toEqual(expected);
    }
  });

  it.each<[string, ReviewCode | undefined, string[]]>([
    ["somebody whose approval counts", "counts", ["bo"]],
    ["somebody who asked for changes", "changes-requested", ["bo"]],
    ["somebody who limited the approval to another role", "limited-to-nothing", ["bo"]],
    ["somebody about whose review nothing else is known", undefined, ["bo"]],
    ["but whoever has something new to look at is asked again", "content-changed", ["Ada"]],
    ["and whose commit is gone", "commit-gone", ["Ada"]],
    ["and whose review was dismissed", "dismissed", ["Ada"]],
    ["and of whom only an earlier review is known", "superseded", ["Ada"]],
  ])("%s", (_name, code, expected) => {
    const review = { id: 7, author: ada } as ReviewFacts;
    const finding: ReviewFinding = { reviewId: 7, login: "Ada", counts: false, roles: [], why: "" };
    const reviews = [code === undefined ? finding : { ...finding, code }];
    expect(asked(choose([state("r", ["@ada", "@bo"])], { reviews: [review] }, { reviews }))).toEqual(expected);
  });
});

describe("whom GitHub takes no request for", () => {
  const refused = [
    { name: "ada", why: "Reviews may only be requested from collaborators." },
    { name: "WEB", why: "no" },
  ];
  it.each<[string, string[], string[], string[], string[]]>([
    ["another owner is asked in place of them", ["@ada", "@bo"], ["bo"], [], ["@ada"]],
    ["another owner is asked in place of a team", ["@acme/web", "@acme/ops"], ["team ops"], [], ["@acme/web"]],
    ["nobody is asked again when there is no other", ["@ada"], [], ["r"], ["@ada"]],
    ["nothing is said of those who own nothing that is needed", ["@bo"], ["bo"], [], []],
  ])("%s", (_name, owners, expected, notAsked, named) => {
    const choice = choose([state("r", owners)], { refused });
    expect([asked(choice), choice.notAsked]).toEqual([expected, notAsked]);
    expect(choice.refused.map((text) => text.split(":")[0])).toEqual(named);
  });

  it("is asked all the same when somebody else managed to", () => {
    const { request, refused: named } = choose([state("r", ["@ada", "@bo"])], {
      refused,
      requested: { users: ["Ada"], teams: [] },
    });
    expect([request.users, named]).toEqual([[], []]);
  });

  it("is said with GitHub's words", () => {
    expect(choose([state("r", ["@ada"])], { refused }).refused).toEqual([
      "@ada: Reviews may only be requested from collaborators.",
    ]);
  });
});

describe("of several findings about one person's review", () => {
  const review = { id: 7, author: ada } as ReviewFacts;
  const finding = (code: ReviewCode): ReviewFinding => ({
    reviewId: 7,
    login: "Ada",
    counts: false,
    roles: [],
    why: "",
    code,
  });
  it.each<[string, ReviewCode[], string[]]>([
    ["one that ended on a route asks again, although it counts on another", ["content-changed", "counts"], ["Ada"]],
    ["the order does not matter", ["counts", "content-changed"], ["Ada"]],
    ["all that stand ask nobody again", ["counts", "limited-to-nothing"], ["bo"]],
    ["an earlier review says nothing", ["superseded", "counts"], ["bo"]],
  ])("%s", (_name, codes, expected) => {
    const reviews = codes.map((code) => finding(code));
    expect(asked(choose([state("r", ["@ada", "@bo"])], { reviews: [review] }, { reviews }))).toEqual(expected);
  });
});

describe("requests that stand", () => {
  it("of somebody in two teams fill the roles of both", () => {
    const states = [state("r", ["@acme/web"]), state("s", ["@acme/ops"])];
    expect(asked(choose(states, { requested: { users: ["cy"], teams: [] } }))).toEqual([]);
  });

  it("of ours to a team's member stay, since the member fills the team's role", () => {
    const ours = { users: ["cy"], teams: [] };
    const { withdraw } = choose([state("r", ["@acme/web"])], { requested: ours, requestedByUs: ours });
    expect(withdraw).toEqual({ users: [], teams: [] });
  });

  const both = ["@ada", "@bo"];
  it.each<[string, Partial<PeopleFacts>, string[], string[]]>([
    ["are not repeated", { requested: { users: ["BO"], teams: [] } }, [], []],
    ["of a member are as good as of the team", { requested: { users: ["cy"], teams: [] } }, ["@acme/web"], []],
    ["of a team are not repeated", { requested: { users: [], teams: ["Web"] } }, ["@acme/web"], []],
    ["of somebody else do not help", { requested: { users: ["zz"], teams: ["other"] } }, [], ["Ada"]],
  ])("%s", (_name, over, owners, expected) => {
    expect(asked(choose([state("r", owners.length > 0 ? owners : both)], over))).toEqual(expected);
  });

  const standing = { users: ["Ada", "bo"], teams: ["ops"] };
  it.each<[string, RequirementState[], Partial<PeopleFacts>, { users: string[]; teams: string[] }]>([
    [
      "of ours that nobody needs are withdrawn",
      [state("r", ["@bo"])],
      { requested: standing, requestedByUs: standing },
      { users: ["Ada"], teams: ["ops"] },
    ],
    [
      "of ours that nobody needs are withdrawn in the order of their letters",
      [],
      {
        requested: { users: ["bo", "Ada"], teams: ["web", "ops"] },
        requestedByUs: { users: ["bo", "Ada"], teams: ["web", "ops"] },
      },
      { users: ["Ada", "bo"], teams: ["ops", "web"] },
    ],
    [
      "of ours to the owner of a role that others have filled are withdrawn",
      [state("r", ["@bo"]), state("s", ["@ada", "@acme/ops"], { state: "approved" })],
      { requested: standing, requestedByUs: standing },
      { users: ["Ada"], teams: ["ops"] },
    ],
    ["of others are left", [state("r", ["@bo"])], { requested: standing }, { users: [], teams: [] }],
    [
      "of ours that are gone already are left",
      [],
      { requested: { users: [], teams: [] }, requestedByUs: standing },
      { users: [], teams: [] },
    ],
    [
      "of ours stay while an objection is open",
      [state("r", ["@ada", "@bo", "@acme/ops"], { state: "changes-requested" })],
      { requested: standing, requestedByUs: standing },
      { users: [], teams: [] },
    ],
    [
      "of ours stay when they are useful beyond the least",
      [state("r", ["@ada", "@bo", "@acme/ops"])],
      { requested: standing, requestedByUs: standing },
      { users: [], teams: [] },
    ],
  ])("%s", (_name, states, over, expected) => {
    expect(choose(states, over).withdraw).toEqual(expected);
  });
});

describe("limits", () => {
  it("asks nobody about a draft, and does nothing to a closed pull request", () => {
    const draft = choose([state("r", ["@ada"])], {}, { isDraft: true });
    expect([asked(draft), draft.notAsked]).toEqual([[], []]);
    const ours = { users: ["bo"], teams: [] };
    const closed = choose([state("r", ["@ada"])], { requested: ours, requestedByUs: ours }, { closed: true });
    expect(closed).toEqual({
      request: { users: [], teams: [] },
      withdraw: { users: [], teams: [] },
      notAsked: [],
      refused: [],
    });
  });

  it("asks no more than fifteen, those already asked included, and says for which roles nobody was", () => {
    const owners = Array.from({ length: 20 }, (_, id) => user(account(100 + id, `u${id + 10}`)));
    const states = owners.map(({ name }, index) => state(`role-${index + 10}`, [name]));
    const choice = choose(states, { owners, requested: { users: ["someone"], teams: ["else"] } });
    expect(choice.request.users).toHaveLength(13);
    expect(choice.notAsked).toHaveLength(7);
  });

  it("takes the same of several smallest choices whatever the order of the roles", () => {
    // Both Ada with Di and Bo with Cy would do.
    const di = account(13, "di");
    const owners = [user(ada), user(bo), user(cy), user(di)];
    const states = [
      state("a", ["@ada", "@bo"]),
      state("b", ["@cy", "@di"]),
      state("c", ["@bo", "@di"]),
      state("d", ["@ada", "@cy"]),
    ];
    const orders = states.flatMap((_, first) => [
      [...states.slice(first), ...states.slice(0, first)],
      [...states.slice(first), ...states.slice(0, first)].toReversed(),
    ]);
    for (const order of orders) expect(choose(order, { owners }).request.users).toEqual(["Ada", "di"]);
  });

  it("takes the same choice whatever the order of owners and roles", () => {
    const states = [state("r", ["@bo", "@cy", "@ada"]), state("s", ["@cy", "@ada"]), state("t", ["@acme/web"])];
    const shuffled = states
      .toReversed()
      .map((one) => ({ ...one, requirement: { ...one.requirement, owners: one.requirement.owners.toReversed() } }));
    expect(choose(shuffled)).toEqual(choose(states));
  });
});

describe("a cover", () => {
  it("names what it chose in the order of the items", () => {
    const item = (...meets: number[]): CoverItem => ({ variants: [meets], capacity: 1, cost: 1 });
    expect(chooseCover([1, 1], [item(1), item(0)], 5)).toEqual({ chosen: [0, 1], uncovered: [] });
  });

  const ask = (meets: number[], over: Partial<CoverItem> = {}): CoverItem => {
    return { variants: [meets], capacity: 1, cost: 1, ...over };
  };
  it.each<[string, number[], CoverItem[], number, { chosen: number[]; uncovered: number[] }]>([
    ["needs nobody when there is no need", [], [ask([0])], 5, { chosen: [], uncovered: [] }],
    [
      "takes two that meet everything before one that meets most and two more",
      [1, 1, 1, 1, 1, 1],
      [ask([1, 2, 4, 5]), ask([0, 1, 2]), ask([3, 4, 5])],
      5,
      { chosen: [1, 2], uncovered: [] },
    ],
    [
      "takes what is there already before what has to be asked",
      [1, 1],
      [ask([0, 1]), ask([0], { cost: 0 }), ask([1], { cost: 0 })],
      5,
      { chosen: [1, 2], uncovered: [] },
    ],
    ["takes the first of equal ones", [1], [ask([0]), ask([0])], 5, { chosen: [0], uncovered: [] }],
    ["meets a need of two by two of one", [2], [ask([0]), ask([0])], 5, { chosen: [0, 1], uncovered: [] }],
    [
      "meets a need of two by one of two",
      [2],
      [ask([0]), ask([0]), ask([0], { capacity: 2 })],
      5,
      { chosen: [2], uncovered: [] },
    ],
    [
      "takes an item for one of its variants only",
      [1, 1],
      [ask([], { variants: [[0], [1]] }), ask([0])],
      5,
      { chosen: [0, 1], uncovered: [] },
    ],
    [
      "tries the second variant of an item",
      [1, 1],
      [ask([], { variants: [[], [0, 1]] }), ask([0]), ask([1])],
      5,
      { chosen: [0], uncovered: [] },
    ],
    [
      "takes what meets most when not everything can be met",
      [1, 1, 1],
      [ask([0]), ask([0, 1])],
      5,
      { chosen: [1], uncovered: [2] },
    ],
    [
      "takes what meets most when there is no room for more",
      [1, 1, 1],
      [ask([0]), ask([1, 2])],
      1,
      { chosen: [1], uncovered: [0] },
    ],
    [
      "takes what is there already also without room",
      [1, 1],
      [ask([0]), ask([1], { cost: 0 })],
      0,
      { chosen: [1], uncovered: [0] },
    ],
    [
      "takes what meets most first, also when it stands first",
      [1, 1, 1],
      [ask([0, 1]), ask([0])],
      5,
      { chosen: [0], uncovered: [2] },
    ],
    [
      "takes the first of equal ones also when not everything can be met",
      [1, 1],
      [ask([0]), ask([0])],
      5,
      { chosen: [0], uncovered: [1] },
    ],
    [
      "names what it chose in the order of the items also when not everything can be met",
      [1, 1, 1, 1],
      [ask([0]), ask([1, 2])],
      5,
      { chosen: [0, 1], uncovered: [3] },
    ],
    [
      "leaves what is there already and meets nothing",
      [1],
      [ask([], { cost: 0 }), ask([0])],
      5,
      { chosen: [1], uncovered: [] },
    ],
    ["asks nobody without room", [1], [ask([0])], 0, { chosen: [], uncovered: [0] }],
  ])("%s", (_name, needs, items, room, expected) => {
    expect(chooseCover(needs, items, room)).toEqual(expected);
  });

  const cover = fc.record({
    needs: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 4 }),
    items: fc.array(
      fc.record({
        variants: fc.array(fc.uniqueArray(fc.nat(3)), { minLength: 1, maxLength: 2 }),
        capacity: fc.integer({ min: 1, max: 2 }),
        cost: fc.constantFrom<0 | 1>(0, 1),
      }),
      { maxLength: 6 },
    ),
  });

  /** The least cost of any choice of items and variants that meets all needs; null when none does. */
  function findLeastCost(needs: readonly number[], items: readonly CoverItem[]): number | null {
    if (needs.every((need) => need <= 0)) return 0;
    const [item, ...rest] = items;
    if (item === undefined) return null;
    const costs = [findLeastCost(needs, rest)];
    for (const meets of item.variants) {
      const left = needs.map((need, position) => (meets.includes(position) ? need - item.capacity : need));
      const cost = findLeastCost(left, rest);
      costs.push(cost === null ? null : cost + item.cost);
    }
    return costs.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);
  }

  it("costs as little as any cover does", () => {
    fc.assert(
      fc.property(cover, ({ needs, items }) => {
        const { chosen, uncovered } = chooseCover(needs, items, 10);
        const least = findLeastCost(needs, items);
        const cost = chosen.reduce((total, position) => total + (items[position]?.cost ?? 0), 0);
        expect(uncovered.length === 0 ? cost : null).toBe(least);
      }),
      { numRuns: 1000 },
    );
  });

  it("of a large problem meets what can be met", () => {
    const needs = Array.from({ length: 60 }, () => 1);
    const items = Array.from({ length: 200 }, (_, n): CoverItem => {
      return { variants: [[n % 60, (n * 7) % 60, (n * 13) % 60]], capacity: 1, cost: 1 };
    });
    expect(chooseCover(needs, items, 60).uncovered).toEqual([]);
  });
});
