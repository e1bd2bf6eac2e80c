import type { Account, PeopleFacts, ReviewFacts } from "../facts.ts";
import { atLeast, tiers, type Tier } from "../scales.ts";
import type { Exclusion } from "./eligible-people.ts";
import type { ReviewCode } from "./review-finding.ts";

/** What the reviews of one route are counted against. */
export interface ApprovalContext {
  /** The route's path: the key of its digest in `ReviewFacts.content`. */
  path: string;
  /** Digest of what is judged now (`digestContent`); null when the route cannot be read, and then nothing counts. */
  contentDigest: string | null;
  tier: Tier;
  author: Account;
  /** Tiers at which one person fills roles of one side only. */
  separationOfDuties: readonly Tier[];
}

export interface ReviewObjection {
  code: ReviewCode;
  why: string;
}

/** Why an approval does not count, before it is asked what its author owns; null when it does (SPEC 7). */
export function findObjection(
  review: ReviewFacts,
  author: Account,
  people: PeopleFacts,
  excluded: ReadonlyMap<number, Exclusion>,
  context: ApprovalContext,
): ReviewObjection | null {
  if (author.isBot) return { code: "bot", why: "bots and apps do not approve" };
  const exclusion = excluded.get(author.id);
  if (exclusion !== undefined) return { code: exclusion.code, why: `@${author.login} ${exclusion.why}` };
  if (people.writers[author.id] !== true) {
    return { code: "no-write-access", why: `@${author.login} has no write access to the repository` };
  }
  return findContentObjection(review, context) ?? findPeopleObjection(people, context);
}

function findContentObjection(review: ReviewFacts, context: ApprovalContext): ReviewObjection | null {
  if (review.commitSha === null) return { code: "commit-gone", why: "the reviewed commit no longer exists" };
  const { content } = review;
  const reviewed = content !== null && Object.hasOwn(content, context.path) ? content[context.path] : undefined;
  if (reviewed === undefined || context.contentDigest === null) {
    return { code: "content-unknown", why: "what it approved cannot be established" };
  }
  if (reviewed === context.contentDigest) return null;
  const commit = review.commitSha.slice(0, 7);
  return { code: "content-changed", why: `ended: what is judged has changed in meaning since commit ${commit}` };
}

/** Reasons that hold every review, because the reviewer might be among the people nobody could name. */
function findPeopleObjection(people: PeopleFacts, context: ApprovalContext): ReviewObjection | null {
  const why = findUnknownPeople(people, context);
  return why === null ? null : { code: "commits-unknown", why };
}

/** Why it is not known who made the change, in a sentence; null when it is known well enough for the tier (SPEC 7). */
export function findUnknownPeople(
  people: PeopleFacts,
  { tier, author }: Pick<ApprovalContext, "tier" | "author">,
): string | null {
  if (!people.commitsComplete) {
    return "the pull request has more commits than GitHub lists (250), so it is not known who wrote them all";
  }
  if (!atLeast(tiers, tier, "high")) return null;
  if (people.arePushersKnown === false) {
    return `GitHub's word of a push is missing, so it is not known who pushed, which ${tier} risk has to know; if it does not come, open the change in a new pull request`;
  }
  // GitHub does not tell who made a bot open a pull request. A co-author in a commit is no answer: anybody can write one.
  if (author.isBot && people.triggeredBy === null && people.isOwnPull !== true) {
    return `a bot (@${author.login}) opened it and nobody knows who made it do so, which ${tier} risk has to know; a person has to open the change under their own name`;
  }
  const unknown = people.commitPeople.filter(({ account }) => account === null);
  if (unknown.length === 0) return null;
  const names = [...new Set(unknown.map(({ text }) => text))].sort().slice(0, 3).join(", ");
  return `a commit names somebody who is no GitHub user (${names}), and ${tier} risk needs to know everybody`;
}
