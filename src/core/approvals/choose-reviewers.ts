import type { Account, OwnerFacts, PeopleFacts, PullFacts } from "../facts.ts";
import { cut } from "../problem.ts";
import type { RequirementState } from "../reviewers/requirement.ts";
import { chooseCover, type CoverItem } from "./choose-cover.ts";
import { excludePeople, indexOwners, peopleBehind } from "./eligible-people.ts";
import type { ReviewCode, ReviewFinding } from "./review-finding.ts";
import { sideOfRole } from "./role-side.ts";

/** Logins without `@`, team slugs without organisation; sorted, whatever the case. */
export interface ReviewerNames {
  users: readonly string[];
  teams: readonly string[];
}

export interface ReviewerChoice {
  request: ReviewerNames;
  /** Only requests of our own that nobody needs any more. */
  withdraw: ReviewerNames;
  /** Roles for which nobody could be asked within GitHub's limit; for the card. */
  notAsked: readonly string[];
  /** Owners of unmet roles for whom GitHub takes no request, as `@name: why`; for the card. */
  refused: readonly string[];
}

/** GitHub's reports differ between 15 in one call and 15 in one pull request; the stricter is kept (facts/github.md section 4). */
const requestLimit = 15;

/** After these the reviewer has something new to look at; after any other word of theirs they have decided. */
const looksAgain: ReadonlySet<ReviewCode> = new Set(["content-changed", "content-unknown", "commit-gone", "dismissed"]);

/**
 * Whom to ask: the smallest set of owners that could fill all unmet roles, requests that stand already first, teams before
 * single people (SPEC 6). Never the author, people whose approval could not count, or those who have decided.
 *
 * @param states of all routes of the pull request
 * @param reviews the findings that go with them
 * @param separate whether one person fills roles of one side only (SPEC 7)
 */
export function chooseReviewers(
  states: readonly RequirementState[],
  reviews: readonly ReviewFinding[],
  people: PeopleFacts,
  pull: Pick<PullFacts, "author" | "isDraft" | "state">,
  separate: boolean,
): ReviewerChoice {
  const nobody = { users: [], teams: [] };
  if (pull.state === "closed") return { request: nobody, withdraw: nobody, notAsked: [], refused: [] };

  const needs = collectNeeds(states.filter(({ state }) => state === "waiting"));
  const askable = collectAskable(needs, reviews, people, pull.author);
  const items = askable.map((owner) => toCoverItem(owner, needs, separate));
  const standing = people.requested.users.length + people.requested.teams.length;
  // GitHub asks nobody about a draft either.
  const room = pull.isDraft ? 0 : Math.max(0, requestLimit - standing);
  const cover = chooseCover(
    needs.map(({ count }) => count),
    items,
    room,
  );
  // Somebody asked earlier may still be needed when an objection is out of the way.
  const unmet = states.filter(({ state }) => state === "waiting" || state === "changes-requested");
  const useful = collectAskable(collectNeeds(unmet), reviews, people, pull.author);
  const chosen = askable.filter(({ isRequested }, position) => cover.chosen.includes(position) && !isRequested);
  return {
    request: namesOf(chosen.map(({ owner }) => owner)),
    withdraw: findWithdrawn(people, useful),
    notAsked: pull.isDraft ? [] : [...new Set(cover.uncovered.map((need) => needs[need]?.role ?? ""))],
    refused: pull.isDraft ? [] : describeRefused(needs, people),
  };
}

/** An unmet role with the number of people it still wants. */
interface Need {
  role: string;
  owners: readonly string[];
  count: number;
}

/** The same role with the same owners on several routes is one need. Sorted by role. */
function collectNeeds(states: readonly RequirementState[]): Need[] {
  const needs = new Map<string, Need>();
  for (const { requirement, filledBy } of states) {
    const { role, owners } = requirement;
    const key = JSON.stringify([role, [...owners].sort()]);
    const count = Math.max(requirement.count - filledBy.length, needs.get(key)?.count ?? 0);
    needs.set(key, { role, owners, count });
  }
  return [...needs.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, need]) => need);
}

/** What GitHub said when it took no request for this owner; null when it was not refused, or is asked all the same by now. */
function findRefusal(owner: Exclude<OwnerFacts, { kind: "unresolved" }>, people: PeopleFacts): string | null {
  const isTeam = owner.kind === "team";
  const name = (isTeam ? owner.slug : owner.account.login).toLowerCase();
  const { users, teams } = people.requested;
  if ((isTeam ? teams : users).some((each) => each.toLowerCase() === name)) return null;
  return people.refused?.find((each) => each.name.toLowerCase() === name)?.why ?? null;
}

function describeRefused(needs: readonly Need[], people: PeopleFacts): readonly string[] {
  const owners = indexOwners(people.owners);
  const names = [...new Set(needs.flatMap((need) => need.owners))].sort();
  return names.flatMap((name) => {
    const owner = owners.get(name);
    if (owner === undefined || owner.kind === "unresolved") return [];
    const why = findRefusal(owner, people);
    return why === null ? [] : [`${name}: ${cut(why, 200)}`];
  });
}

interface AskableOwner {
  owner: Exclude<OwnerFacts, { kind: "unresolved" }>;
  /** Owner names that it answers for. */
  owns: readonly string[];
  /** People behind it whose approval would be new and count. */
  able: readonly Account[];
  isRequested: boolean;
}

function collectAskable(
  needs: readonly Need[],
  reviews: readonly ReviewFinding[],
  people: PeopleFacts,
  author: Account,
): AskableOwner[] {
  const excluded = excludePeople(author, people);
  const decided = findDecided(reviews, people);
  const requested = {
    user: new Set(people.requested.users.map((login) => login.toLowerCase())),
    team: new Set(people.requested.teams.map((slug) => slug.toLowerCase())),
  };
  const owners = indexOwners(people.owners);
  const askable: AskableOwner[] = [];
  const isAble = ({ id, isBot }: Account): boolean => !isBot && !excluded.has(id) && !decided.has(id);
  const names = [...new Set(needs.flatMap((need) => need.owners))];
  for (const name of names) {
    const owner = owners.get(name);
    const able = peopleBehind(owner).filter(isAble);
    if (owner === undefined || owner.kind === "unresolved" || able.length === 0) continue;
    if (findRefusal(owner, people) !== null) continue;
    const isRequested =
      owner.kind === "team"
        ? requested.team.has(owner.slug.toLowerCase())
        : requested.user.has(owner.account.login.toLowerCase());
    // Whoever owns one role by name fills those of their teams as well.
    const owns =
      owner.kind === "team"
        ? [name]
        : names.filter((other) => peopleBehind(owners.get(other)).some(({ id }) => id === owner.account.id));
    askable.push({ owner, owns, able, isRequested });
  }
  for (const member of findRequestedMembers(askable, requested.user)) askable.push(member);
  return askable.sort(compareAskable);
}

/** Somebody asked by name, who owns roles only through teams, fills them as well as the teams would. */
function findRequestedMembers(askable: readonly AskableOwner[], requested: ReadonlySet<string>): AskableOwner[] {
  const named = new Set(askable.flatMap(({ owner }) => (owner.kind === "user" ? [owner.account.id] : [])));
  const members = new Map<number, AskableOwner>();
  for (const { owner, owns, able } of askable) {
    if (owner.kind !== "team") continue;
    for (const account of able) {
      if (!requested.has(account.login.toLowerCase()) || named.has(account.id)) continue;
      const facts = { kind: "user" as const, name: `@${account.login.toLowerCase()}`, account, canWrite: true };
      const teams = [...(members.get(account.id)?.owns ?? []), ...owns];
      members.set(account.id, { owner: facts, owns: teams, able: [account], isRequested: true });
    }
  }
  return [...members.values()];
}

/** Requests that stand come first, then teams, then names: the order in which equal choices are taken. */
function compareAskable(a: AskableOwner, b: AskableOwner): number {
  const rank = ({ owner, isRequested }: AskableOwner): number =>
    (isRequested ? 0 : 2) + (owner.kind === "team" ? 0 : 1);
  return rank(a) - rank(b) || (a.owner.name < b.owner.name ? -1 : 1);
}

/** Account ids of those whose last word still stands. */
function findDecided(reviews: readonly ReviewFinding[], people: PeopleFacts): ReadonlySet<number> {
  const authors = new Map(people.reviews.map(({ id, author }) => [id, author?.id]));
  const decided = new Set<number>();
  const again = new Set<number>();
  for (const { reviewId, code } of reviews) {
    const author = authors.get(reviewId);
    if (author === undefined || code === "superseded") continue;
    if (code !== undefined && looksAgain.has(code)) again.add(author);
    else decided.add(author);
  }
  // On one of several routes the review may have ended while it counts on another.
  for (const author of again) decided.delete(author);
  return decided;
}

/** What asking an owner could fill; a single person, where duties are separated, one side or the other. */
function toCoverItem({ owns, able, isRequested }: AskableOwner, needs: readonly Need[], separate: boolean): CoverItem {
  const positions = needs.flatMap((need, position) =>
    owns.some((name) => need.owners.includes(name)) ? [position] : [],
  );
  const cost = isRequested ? 0 : 1;
  if (!separate || able.length > 1) return { variants: [positions], capacity: able.length, cost };
  const of = (side: "quality" | "production"): number[] =>
    positions.filter((position) => [side, "neutral"].includes(sideOfRole(needs[position]?.role ?? "")));
  return { variants: [of("quality"), of("production")], capacity: 1, cost };
}

function findWithdrawn(people: PeopleFacts, useful: readonly AskableOwner[]): ReviewerNames {
  const ours = people.requestedByUs ?? { users: [], teams: [] };
  const needed = namesOf(useful.map(({ owner }) => owner));
  const select = (kind: keyof ReviewerNames): string[] => {
    const standing = new Set(people.requested[kind].map((name) => name.toLowerCase()));
    const keep = new Set(needed[kind].map((name) => name.toLowerCase()));
    const isDone = (name: string): boolean => standing.has(name.toLowerCase()) && !keep.has(name.toLowerCase());
    return ours[kind].filter(isDone).sort();
  };
  return { users: select("users"), teams: select("teams") };
}

function namesOf(owners: readonly AskableOwner["owner"][]): ReviewerNames {
  return {
    users: owners.flatMap((owner) => (owner.kind === "user" ? [owner.account.login] : [])),
    teams: owners.flatMap((owner) => (owner.kind === "team" ? [owner.slug] : [])),
  };
}
