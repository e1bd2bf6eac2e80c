import type { Account, OwnerFacts, PeopleFacts } from "../facts.ts";
import type { ReviewRequirement } from "../reviewers/requirement.ts";
import type { ReviewCode } from "./review-finding.ts";

/** Why somebody's approval of this pull request can never count, whatever it says. */
export interface Exclusion {
  code: ReviewCode;
  /** Ends the sentence "@login ...". */
  why: string;
}

/**
 * People whose approval never counts here, by account id (SPEC 7): the author, everyone who wrote, committed or pushed
 * its commits, and whoever made a bot open it. The first reason found stands.
 */
export function excludePeople(author: Account, people: PeopleFacts): ReadonlyMap<number, Exclusion> {
  const excluded = new Map<number, Exclusion>();
  const exclude = (account: Account | null, code: ReviewCode, why: string): void => {
    if (account !== null && !excluded.has(account.id)) excluded.set(account.id, { code, why });
  };
  exclude(author, "author", "is the author of the pull request");
  exclude(people.triggeredBy, "triggered-bot", "made the bot open the pull request");
  for (const { account } of people.commitPeople) {
    exclude(account, "commit-person", "is author, committer or co-author of a commit in it");
  }
  for (const pusher of people.pushers) exclude(pusher, "pusher", "pushed to it");
  return excluded;
}

/** Facts of the owners by their lower-case names. */
export function indexOwners(owners: readonly OwnerFacts[]): ReadonlyMap<string, OwnerFacts> {
  return new Map(owners.map((owner) => [owner.name.toLowerCase(), owner]));
}

/**
 * People who own the requirement, by account id: users named, and members of teams named, child teams included. Whoever has
 * no write access owns nothing (facts/github.md section 5), and bots are no reviewers.
 */
export function ownersOf(
  requirement: ReviewRequirement,
  owners: ReadonlyMap<string, OwnerFacts>,
): ReadonlyMap<number, Account> {
  const found = new Map<number, Account>();
  for (const name of requirement.owners) {
    for (const account of peopleBehind(owners.get(name))) {
      if (!account.isBot) found.set(account.id, account);
    }
  }
  return found;
}

/** The people behind one owner; none when it has no write access or could not be resolved. */
export function peopleBehind(owner: OwnerFacts | undefined): readonly Account[] {
  if (owner === undefined || owner.kind === "unresolved" || !owner.canWrite) return [];
  return owner.kind === "user" ? [owner.account] : owner.members;
}
