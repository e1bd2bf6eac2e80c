import { isActiveMember, isAtLeast, isCollaborator, decideTeamPermission } from "../permissions.ts";
import { renderUser } from "../render/render-account.ts";
import { renderHookTeam, renderReview, renderSimplePull } from "../render/render-pull.ts";
import { findAccount, findTeam, fullName } from "../find-in-world.ts";
import {
  GitHubFailure,
  type Account,
  type Pull,
  type Review,
  type ReviewState,
  type Team,
  type World,
} from "../world.ts";
import { touch } from "./close-pull.ts";
import { emitPull } from "./emit-pull.ts";
import { recordEvent } from "./issues.ts";

const maximumReviewers = 15;

export type ReviewEvent = "APPROVE" | "REQUEST_CHANGES" | "COMMENT";

const stateOfEvent: Record<ReviewEvent, ReviewState> = {
  APPROVE: "APPROVED",
  REQUEST_CHANGES: "CHANGES_REQUESTED",
  COMMENT: "COMMENTED",
};

function emitReview(world: World, pull: Pull, review: Review, action: string, sender: Account): void {
  world.emit(
    "pull_request_review",
    {
      action,
      review: renderReview(world, pull, review, "hook"),
      pull_request: renderSimplePull(world, pull),
    },
    { repo: pull.issue.repo, sender },
  );
}

function requireAllowed(pull: Pull, author: Account, event: ReviewEvent, body: string): void {
  if (pull.issue.author === author && event !== "COMMENT") {
    const what = event === "APPROVE" ? "approve" : "request changes on";
    throw new GitHubFailure(422, "Unprocessable Entity", [`Can not ${what} your own pull request`]);
  }
  if (body === "" && event !== "APPROVE") {
    throw new GitHubFailure(422, "Unprocessable Entity", ["Body can't be blank"]);
  }
}

/** Whoever reviews is no longer asked, and no team of his either. Returns those teams. */
function settleRequests(world: World, pull: Pull, author: Account): Team[] {
  const answered = pull.requestedTeams.filter((team) => isActiveMember(world, team, author));
  pull.requestedUsers = pull.requestedUsers.filter((user) => user !== author);
  pull.requestedTeams = pull.requestedTeams.filter((team) => !answered.includes(team));
  return answered;
}

export function createReview(
  world: World,
  pull: Pull,
  wanted: { author: Account; event: ReviewEvent | undefined; body: string; commit: string | undefined },
): Review {
  const commit = wanted.commit ?? pull.headSha;
  if (pull.issue.repo.store.readCommit(commit) === undefined) {
    throw new GitHubFailure(422, "Unprocessable Entity", [`No commit found for SHA: ${commit}`]);
  }
  if (wanted.event !== undefined) requireAllowed(pull, wanted.author, wanted.event, wanted.body);
  const review: Review = {
    id: world.nextId(),
    author: wanted.author,
    state: "PENDING",
    body: wanted.body,
    commit,
    submittedAt: undefined,
    onBehalfOf: [],
  };
  pull.reviews.push(review);
  if (wanted.event !== undefined) submitReview(world, pull, review, wanted.event);
  return review;
}

export function submitReview(world: World, pull: Pull, review: Review, event: ReviewEvent, body = review.body): void {
  requireAllowed(pull, review.author, event, body);
  review.body = body;
  review.state = stateOfEvent[event];
  review.submittedAt = world.now();
  review.onBehalfOf = settleRequests(world, pull, review.author);
  touch(world, pull.issue);
  emitReview(world, pull, review, "submitted", review.author);
}

export function requireReview(pull: Pull, id: number): Review {
  const review = pull.reviews.find((candidate) => candidate.id === id);
  if (review === undefined) throw new GitHubFailure(404, "Not Found");
  return review;
}

export function dismissReview(world: World, pull: Pull, review: Review, by: Account, message: string | null): void {
  if (review.state !== "APPROVED" && review.state !== "CHANGES_REQUESTED") {
    const what = review.state.toLowerCase();
    throw new GitHubFailure(422, "Unprocessable Entity", [`Can not dismiss a ${what} pull request review`]);
  }
  recordEvent(world, pull.issue, by, { kind: "review_dismissed", review, stateBefore: review.state, message });
  review.state = "DISMISSED";
  touch(world, pull.issue);
  emitReview(world, pull, review, "dismissed", by);
}

function refuseReviewer(pull: Pull): never {
  throw new GitHubFailure(
    422,
    `Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the ${fullName(pull.issue.repo)} repository.`,
  );
}

function findReviewer(world: World, pull: Pull, login: string): Account {
  const account = findAccount(world, login);
  if (account === pull.issue.author) {
    throw new GitHubFailure(422, "Review cannot be requested from pull request author.");
  }
  if (account === undefined || !isCollaborator(world, pull.issue.repo, account)) return refuseReviewer(pull);
  return account;
}

function findReviewTeam(world: World, pull: Pull, slug: string): Team {
  const { repo } = pull.issue;
  const team = findTeam(world, repo.owner.login, slug);
  if (team === undefined || !isAtLeast(decideTeamPermission(team, repo), "read")) return refuseReviewer(pull);
  return team;
}

/** All or nothing. One event for each who was not asked already. @throws GitHubFailure 422. */
export function requestReviewers(
  world: World,
  pull: Pull,
  by: Account,
  wanted: { reviewers: readonly string[]; teams: readonly string[]; canSeeTeams: boolean },
): void {
  if (wanted.reviewers.length > maximumReviewers) {
    throw new GitHubFailure(422, `A pull request may only have ${maximumReviewers} reviewers requested at once.`);
  }
  if (wanted.teams.length > 0 && !wanted.canSeeTeams) {
    throw new GitHubFailure(422, `Could not resolve to a node with the global id of '${wanted.teams[0] ?? ""}'.`);
  }
  const users = wanted.reviewers.map((login) => findReviewer(world, pull, login));
  const teams = wanted.teams.map((slug) => findReviewTeam(world, pull, slug));
  const newUsers = [...new Set(users)].filter((user) => !pull.requestedUsers.includes(user));
  const newTeams = [...new Set(teams)].filter((team) => !pull.requestedTeams.includes(team));
  pull.requestedUsers.push(...newUsers);
  pull.requestedTeams.push(...newTeams);
  touch(world, pull.issue);
  for (const user of newUsers) {
    recordEvent(world, pull.issue, by, { kind: "review_requested", reviewer: user });
    emitPull(world, pull, "review_requested", by, { requested_reviewer: renderUser(world, user) });
  }
  for (const team of newTeams) {
    recordEvent(world, pull.issue, by, { kind: "review_requested", reviewer: team });
    emitPull(world, pull, "review_requested", by, { requested_team: renderHookTeam(world, team) });
  }
}

/** Takes requests back; who was not asked is passed over. */
export function removeReviewers(
  world: World,
  pull: Pull,
  by: Account,
  unwanted: { reviewers: readonly string[]; teams: readonly string[] },
): void {
  const names = new Set(unwanted.reviewers.map((login) => login.toLowerCase()));
  const slugs = new Set(unwanted.teams.map((slug) => slug.toLowerCase()));
  const users = pull.requestedUsers.filter((user) => names.has(user.login.toLowerCase()));
  const teams = pull.requestedTeams.filter((team) => slugs.has(team.slug.toLowerCase()));
  pull.requestedUsers = pull.requestedUsers.filter((user) => !users.includes(user));
  pull.requestedTeams = pull.requestedTeams.filter((team) => !teams.includes(team));
  for (const user of users) {
    recordEvent(world, pull.issue, by, { kind: "review_request_removed", reviewer: user });
    emitPull(world, pull, "review_request_removed", by, { requested_reviewer: renderUser(world, user) });
  }
  for (const team of teams) {
    recordEvent(world, pull.issue, by, { kind: "review_request_removed", reviewer: team });
    emitPull(world, pull, "review_request_removed", by, { requested_team: renderHookTeam(world, team) });
  }
}
