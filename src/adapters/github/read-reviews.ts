import { z } from "zod";
import type { ReviewFacts } from "../../core/facts.ts";
import { GitHubError } from "../../ports/github.ts";
import { accountOrNullSchema } from "./accounts.ts";
import type { RepositoryContext } from "./repository-context.ts";

const reviewSchema = z.object({
  id: z.number(),
  user: accountOrNullSchema,
  body: z.string().nullish(),
  // Webhooks write it in lower case, REST in upper case.
  state: z
    .string()
    .transform((state) => state.toUpperCase())
    .pipe(z.enum(["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"])),
  submitted_at: z.string().nullish(),
  commit_id: z.string().nullish(),
});

const eventSchema = z.object({
  event: z.string().nullish(),
  actor: accountOrNullSchema,
  dismissed_review: z
    .object({
      review_id: z.number(),
      state: z
        .string()
        .transform((state) => state.toUpperCase())
        .pipe(z.enum(["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]))
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
});

type Dismissal = Required<Pick<ReviewFacts, "dismissedBy" | "dismissedState">>;

const unknownDismissal: Dismissal = { dismissedBy: null, dismissedState: null };

/** Who dismissed which review, and what it had said. Best effort: without it both are null, which the core treats as unknown. */
async function readDismissals(context: RepositoryContext, number: number): Promise<Map<number, Dismissal>> {
  try {
    const { items } = await context.client.list(
      "GET /repos/{owner}/{repo}/issues/{issue_number}/events",
      { ...context.place, issue_number: number },
      eventSchema,
      "read who dismissed reviews",
    );
    const dismissals = new Map<number, Dismissal>();
    for (const item of items) {
      if (item.event === "review_dismissed" && item.dismissed_review) {
        const { review_id: id, state } = item.dismissed_review;
        dismissals.set(id, { dismissedBy: item.actor, dismissedState: state ?? null });
      }
    }
    return dismissals;
  } catch (error) {
    if (!(error instanceof GitHubError) || error.kind === "rate-limited") throw error;
    context.log.warn({ err: error, pull: number }, "could not read who dismissed reviews");
    return new Map();
  }
}

/** See `RepositoryPort.readReviews`. Reviews that are not submitted yet are left out. */
export async function readReviews(
  context: RepositoryContext,
  number: number,
): Promise<readonly Omit<ReviewFacts, "content">[]> {
  const { items, complete } = await context.client.list(
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    { ...context.place, pull_number: number },
    reviewSchema,
    "list the reviews",
  );
  if (!complete) {
    throw new GitHubError("failed to list the reviews: there are more than 10,000", {
      kind: "unexpected",
      status: 200,
      retryable: false,
    });
  }
  const submitted = items.filter((review) => review.state !== "PENDING" && typeof review.submitted_at === "string");
  const dismissals = submitted.some((review) => review.state === "DISMISSED")
    ? await readDismissals(context, number)
    : new Map<number, Dismissal>();
  return submitted
    .map((review) => ({
      id: review.id,
      author: review.user,
      state: review.state,
      body: review.body ?? "",
      submittedAt: review.submitted_at ?? "",
      commitSha: review.commit_id ?? null,
      ...((review.state === "DISMISSED" ? dismissals.get(review.id) : undefined) ?? unknownDismissal),
    }))
    .sort((one, other) => Date.parse(one.submittedAt) - Date.parse(other.submittedAt) || one.id - other.id);
}
