import type { Account, OwnerFacts, PeopleFacts, ReviewFacts } from "../facts.ts";
import { assertNever } from "../problem.ts";
import type { RequirementState, ReviewRequirement } from "../reviewers/requirement.ts";
import { assignRoles } from "./assign-roles.ts";
import { excludePeople, indexOwners, ownersOf, type Exclusion } from "./eligible-people.ts";
import { findObjection, findUnknownPeople, type ApprovalContext } from "./judge-review.ts";
import { parseReviewRoles } from "./parse-review-roles.ts";
import type { ReviewFinding } from "./review-finding.ts";

export interface ApprovalCount {
  /** One for each requirement, in their order. */
  states: readonly RequirementState[];
  /** One for each review that says something, by review id. */
  reviews: readonly ReviewFinding[];
  /** Why no review at all can count at present, in sentences; empty when they can. */
  holds: readonly string[];
}

/**
 * Which reviews count for which role of one route, and why (SPEC 7). A review counts when the last word of its author is an
 * approval of exactly what is judged now, and its author owns a required role, can write, and made no part of the change.
 */
export function countApprovals(
  requirements: readonly ReviewRequirement[],
  people: PeopleFacts,
  context: ApprovalContext,
): ApprovalCount {
  const excluded = excludePeople(context.author, people);
  const owners = indexOwners(people.owners);
  const ownersBySlot = requirements.map((requirement) => ownersOf(requirement, owners));
  const lastWords = findLastWords(people.reviews);

  const ballots = people.reviews
    .filter((review) => isOpinion(review))
    .sort((a, b) => a.id - b.id)
    .map((review) => {
      const isLastWord = review.author === null || lastWords.get(review.author.id) === review.id;
      return readBallot(review, isLastWord, { requirements, ownersBySlot, people, excluded, context });
    });

  const approvals = ballots.filter((ballot) => ballot.kind === "approves");
  const filled = assignRoles(
    requirements,
    approvals.map(({ voter, slots }) => ({ id: voter.id, slots })),
    context.separationOfDuties.includes(context.tier),
  );
  const states = requirements.map((requirement, slot) => {
    const filledIds = new Set(filled[slot]);
    return describeState(requirement, {
      filledBy: approvals.filter(({ voter }) => filledIds.has(voter.id)),
      keptApart: approvals.filter(({ voter, slots }) => slots.includes(slot) && !filledIds.has(voter.id)),
      objectors: ballots.filter((ballot) => ballot.kind === "objects").filter(({ slots }) => slots.includes(slot)),
      owners,
      candidates: [...(ownersBySlot[slot] ?? new Map<number, Account>()).values()],
      excluded,
    });
  });
  const unknown = findUnknownPeople(people, context);
  return {
    states,
    reviews: ballots.map((ballot) => describeBallot(ballot, requirements, filled)),
    holds: unknown === null ? [] : [unknown],
  };
}

/** A review with what it does to the requirements; `slots` are their positions. */
type Ballot =
  | { kind: "approves"; review: ReviewFacts; voter: Account; slots: readonly number[] }
  | { kind: "objects"; review: ReviewFacts; voter: Account; slots: readonly number[]; why: string }
  | { kind: "nothing"; review: ReviewFacts; code: NonNullable<ReviewFinding["code"]>; why: string };

interface BallotInput {
  requirements: readonly ReviewRequirement[];
  ownersBySlot: readonly ReadonlyMap<number, Account>[];
  people: PeopleFacts;
  excluded: ReadonlyMap<number, Exclusion>;
  context: ApprovalContext;
}

/** A comment changes nobody's verdict (facts/github.md section 3). */
function isOpinion(review: ReviewFacts): boolean {
  return review.state === "APPROVED" || review.state === "CHANGES_REQUESTED" || review.state === "DISMISSED";
}

/** The id of each person's last review that says something, by account id. */
function findLastWords(reviews: readonly ReviewFacts[]): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  for (const review of reviews) {
    if (review.author === null || !isOpinion(review)) continue;
    last.set(review.author.id, Math.max(review.id, last.get(review.author.id) ?? review.id));
  }
  return last;
}

function readBallot(review: ReviewFacts, isLastWord: boolean, input: BallotInput): Ballot {
  const { people, excluded, context } = input;
  const { author } = review;
  if (author === null) return { kind: "nothing", review, code: "account-gone", why: "the account no longer exists" };
  if (!isLastWord)
    return { kind: "nothing", review, code: "superseded", why: "superseded by a later review of theirs" };

  const owned = input.ownersBySlot.flatMap((owners, slot) => (owners.has(author.id) ? [slot] : []));
  const slots = limitSlots(review, owned, input.requirements);
  if (review.state !== "APPROVED") return readObjection(review, author, owned, slots, input);

  const objection = findObjection(review, author, people, excluded, context);
  if (objection !== null) return { kind: "nothing", review, ...objection };
  if (owned.length === 0) {
    return { kind: "nothing", review, code: "owner-of-nothing", why: "its author owns none of the required roles" };
  }
  if (slots.length === 0) {
    const why = "`/routeward as` names no required role that its author owns";
    return { kind: "nothing", review, code: "limited-to-nothing", why };
  }
  return { kind: "approves", review, voter: author, slots };
}

function limitSlots(
  review: ReviewFacts,
  owned: readonly number[],
  requirements: readonly ReviewRequirement[],
): readonly number[] {
  const limit = parseReviewRoles(review.body);
  if (limit === null) return owned;
  return owned.filter((slot) => {
    const { role, orRole } = requirements[slot] ?? { role: "" };
    return limit.includes(role.toLowerCase()) || (orRole !== undefined && limit.includes(orRole.toLowerCase()));
  });
}

/**
 * A request for changes stands until its author changes it, whatever is pushed meanwhile. A dismissal lifts it only when it
 * is known to come from somebody with no part in the change, or from the reviewer (SPEC 7).
 */
function readObjection(
  review: ReviewFacts,
  voter: Account,
  owned: readonly number[],
  limited: readonly number[],
  input: BallotInput,
): Ballot {
  const slots = limited.length > 0 ? limited : owned;
  if (review.state === "CHANGES_REQUESTED") {
    if (slots.length > 0) return { kind: "objects", review, voter, slots, why: `@${voter.login} asked for changes` };
    return {
      kind: "nothing",
      review,
      code: "owner-of-nothing",
      why: "asks for changes, but its author owns none of the required roles",
    };
  }
  const { dismissedBy, dismissedState } = review;
  const mayHaveObjected =
    dismissedState === undefined || dismissedState === null || dismissedState === "CHANGES_REQUESTED";
  const isLifted =
    dismissedBy !== null && (dismissedBy.id === voter.id || !(dismissedBy.isBot || input.excluded.has(dismissedBy.id)));
  if (!mayHaveObjected || isLifted || slots.length === 0) {
    return { kind: "nothing", review, code: "dismissed", why: "it was dismissed" };
  }
  const by = dismissedBy === null ? "somebody unknown" : `@${dismissedBy.login}`;
  const what = dismissedState === "CHANGES_REQUESTED" ? "asked for changes" : "gave a review of unknown content";
  return {
    kind: "objects",
    review,
    voter,
    slots,
    why: `@${voter.login} ${what}, and its dismissal by ${by} does not lift it`,
  };
}

function describeBallot(
  ballot: Ballot,
  requirements: readonly ReviewRequirement[],
  filled: readonly (readonly number[])[],
): ReviewFinding {
  const { review } = ballot;
  const common = { reviewId: review.id, login: review.author?.login ?? "ghost" };
  const rolesOf = (slots: readonly number[]): string[] => [
    ...new Set(slots.map((slot) => requirements[slot]?.role ?? "")),
  ];
  switch (ballot.kind) {
    case "nothing":
      return { ...common, counts: false, roles: [], why: ballot.why, code: ballot.code };
    case "objects":
      return { ...common, counts: false, roles: rolesOf(ballot.slots), why: ballot.why, code: "changes-requested" };
    case "approves": {
      const slots = ballot.slots.filter((slot) => filled[slot]?.includes(ballot.voter.id) === true);
      const roles = rolesOf(slots);
      const apart = rolesOf(ballot.slots.filter((slot) => !slots.includes(slot)));
      const limit = apart.length === 0 ? "" : `; not ${apart.join(", ")}: separation of duties`;
      return { ...common, counts: true, roles, why: `counts for ${roles.join(", ")}${limit}`, code: "counts" };
    }
    default:
      return assertNever(ballot);
  }
}

interface StateInput {
  filledBy: readonly { review: ReviewFacts; voter: Account }[];
  keptApart: readonly { voter: Account }[];
  objectors: readonly { why: string }[];
  owners: ReadonlyMap<string, OwnerFacts>;
  /** People who own the requirement. */
  candidates: readonly Account[];
  excluded: ReadonlyMap<number, Exclusion>;
}

function describeState(requirement: ReviewRequirement, input: StateInput): RequirementState {
  const { objectors, candidates, excluded } = input;
  const filledBy = input.filledBy.map(({ review, voter }) => ({
    login: voter.login,
    id: voter.id,
    reviewId: review.id,
  }));
  const missing = requirement.count - filledBy.length;
  const { state, explanation } = ((): Pick<RequirementState, "state" | "explanation"> => {
    if (requirement.missing !== null) {
      return {
        state: "missing-owner",
        explanation: `${requirement.missing.why}; add: ${requirement.missing.lineToAdd}`,
      };
    }
    if (objectors.length > 0) {
      return {
        state: "changes-requested",
        explanation: `${objectors.map(({ why }) => why).join("; ")}; only that person can change it, by a new review`,
      };
    }
    if (missing <= 0) {
      return { state: "approved", explanation: `approved by ${filledBy.map(({ login }) => `@${login}`).join(", ")}` };
    }
    const able = candidates.filter(({ id }) => !excluded.has(id));
    if (able.length < requirement.count)
      return { state: "missing-owner", explanation: explainNobody(requirement, input) };
    return { state: "waiting", explanation: explainWaiting(requirement, missing, input) };
  })();
  return { requirement, state, filledBy, explanation };
}

function explainWaiting(requirement: ReviewRequirement, missing: number, input: StateInput): string {
  const usable = requirement.owners.filter((name) => {
    const owner = input.owners.get(name);
    return owner !== undefined && owner.kind !== "unresolved" && owner.canWrite;
  });
  const wanted = missing === 1 ? "an approval" : `${missing} approvals`;
  const ask = `needs ${wanted} of ${usable.join(" or ")}`;
  if (input.keptApart.length === 0) return ask;
  const apart = input.keptApart.map(({ voter }) => `@${voter.login}`).join(", ");
  const fill = input.keptApart.length === 1 ? "fills" : "fill";
  return `${ask}; ${apart} already ${fill} a role of the other side (separation of duties)`;
}

/** Why nobody, or too few, of the owners can approve: without it a sole owner who is the author would wait for ever. */
function explainNobody(requirement: ReviewRequirement, input: StateInput): string {
  const reasons = requirement.owners.map((name) => {
    const owner = input.owners.get(name);
    if (owner === undefined) return `${name} was not looked up`;
    if (owner.kind === "unresolved") return `${name}: ${owner.why}`;
    if (!owner.canWrite) return `${name} has no write access`;
    if (owner.kind === "team") {
      return owner.members.length === 0
        ? `${name} has no members`
        : `of ${name} too few people took no part in the change`;
    }
    if (owner.account.isBot) return `${name} is a bot`;
    const exclusion = input.excluded.get(owner.account.id);
    return exclusion === undefined ? `${name} alone is not enough` : `${name} ${exclusion.why}`;
  });
  const wanted = requirement.count === 1 ? "nobody can approve" : `fewer than ${requirement.count} people can approve`;
  return `${wanted}: ${reasons.join("; ")}`;
}
