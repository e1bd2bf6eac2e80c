import type { PeopleFacts, PullFacts, ReviewFacts } from "../core/facts.ts";
import type { RepositoryPeople } from "../ports/github.ts";
import type { PullState } from "./pull-state.ts";

export interface PeopleQuestion {
  pull: PullFacts;
  /** `@login` and `@org/team` names that the assessment wants to know about. */
  owners: readonly string[];
  state: PullState;
  /** Ref whose CODEOWNERS errors GitHub is asked for. */
  rulesBranch: string;
  /**
   * Content digests per route path as they are judged now, for reviews of the pull request's head; null when what is judged may
   * be more than such a review saw.
   */
  contentNow: Readonly<Record<string, string>> | null;
  /** The same at another commit, for a review that was missed when it arrived; null when the commit is gone. */
  contentAt: (commitSha: string) => Promise<Readonly<Record<string, string>> | null>;
}

async function bindReview(
  review: Omit<ReviewFacts, "content">,
  question: PeopleQuestion,
): Promise<ReviewFacts["content"]> {
  const stored = question.state.reviewContent[String(review.id)];
  if (stored !== undefined) return stored;
  if (review.commitSha === null) return null;
  if (review.commitSha === question.pull.headSha && question.contentNow !== null) return question.contentNow;
  return question.contentAt(review.commitSha);
}

/** The reviews that were given before the merge, and which of their authors may write. */
async function readReviewers(
  { number, mergedAt }: PullFacts,
  repository: RepositoryPeople,
): Promise<{ listed: readonly Omit<ReviewFacts, "content">[]; writers: Record<number, boolean> }> {
  const all = await repository.readReviews(number);
  const listed = all.filter((review) => mergedAt === null || review.submittedAt <= mergedAt);
  const logins = new Map<number, string>();
  for (const { author } of listed) if (author !== null && !author.isBot) logins.set(author.id, author.login);
  const writers: Record<number, boolean> = {};
  await Promise.all(
    [...logins].map(async ([id, login]) => {
      const permission = await repository.readPermission(login);
      // Another account may have taken the login over: then it says nothing about the reviewer.
      writers[id] = permission !== null && permission.account.id === id && permission.canWrite;
    }),
  );
  return { listed, writers };
}

/** Whether every push since the first that was heard of was heard of. */
function arePushersKnown(headSha: string, { pushedHeads, unheardHeads = [] }: PullState): boolean {
  return pushedHeads === undefined || (pushedHeads.includes(headSha) && unheardHeads.length === 0);
}

/** Asks GitHub about exactly the people that the assessment names (ARCHITECTURE, the walk, step 4). */
export async function gatherPeopleFacts(question: PeopleQuestion, repository: RepositoryPeople): Promise<PeopleFacts> {
  const { pull, state } = question;
  const [{ listed, writers }, commits, owners, requested, codeownersErrors] = await Promise.all([
    readReviewers(pull, repository),
    repository.readCommitPeople(pull.number),
    // Whoever left a team a moment before the merge answers for it no more, whether or not the webhook has come (SPEC 7).
    repository.readOwners(question.owners, { isFresh: pull.merged }),
    repository.readRequestedReviewers(pull.number),
    repository.readCodeownersErrors(question.rulesBranch),
  ]);
  const reviews: ReviewFacts[] = [];
  for (const review of listed) reviews.push({ ...review, content: await bindReview(review, question) });
  return {
    reviews,
    owners,
    writers,
    commitPeople: commits.people,
    commitsComplete: commits.complete,
    pushers: state.pushers,
    arePushersKnown: arePushersKnown(pull.headSha, state),
    triggeredBy: state.ownPull?.askedBy ?? null,
    isOwnPull: state.ownPull !== undefined,
    requested,
    requestedByUs: state.requestedByUs,
    ...(state.refusedRequests?.headSha === pull.headSha ? { refused: state.refusedRequests.refused } : {}),
    codeownersErrors,
  };
}
