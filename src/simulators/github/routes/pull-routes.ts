import type { SimulatorResponse } from "../../loopback-server.ts";
import { editPull, mergePull, openPull, updateBranch } from "../domain/pulls.ts";
import { closePull } from "../domain/close-pull.ts";
import { reopenPull } from "../domain/pulls.ts";
import {
  createReview,
  dismissReview,
  removeReviewers,
  requestReviewers,
  requireReview,
  submitReview,
  type ReviewEvent,
} from "../domain/reviews.ts";
import {
  answerPage,
  findActingApp,
  holdsPermission,
  readNumber,
  readString,
  readStrings,
  reads,
  repositoryRoute,
  requireSender,
  writes,
  type Call,
  type Route,
} from "../http/route.ts";
import { listPullCommits, listPullFiles } from "../mergeability.ts";
import { decidePermission, isAtLeast } from "../permissions.ts";
import { renderCommit, renderDiffEntry } from "../render/render-git.ts";
import { renderPull, renderRequestedReviewers, renderReview, renderSimplePull } from "../render/render-pull.ts";
import { listPulls, requirePull } from "../find-in-world.ts";
import { GitHubFailure, type Pull, type Repository } from "../world.ts";

const maximumFiles = 3000;
const maximumCommits = 250;
const read = reads("pull_requests");
const write = writes("write", "pull_requests");
/** Anybody who can read may open a pull request or leave a review. */
const contribute = writes("read", "pull_requests");

function findPull(call: Call, repo: Repository): Pull {
  return requirePull(repo, readNumber(call, "pull_number"));
}

function listPullRequests(call: Call, repo: Repository): SimulatorResponse {
  const state = call.query.get("state") ?? "open";
  const head = call.query.get("head");
  const base = call.query.get("base");
  const found = listPulls(repo).filter(
    (pull) =>
      (state === "all" || pull.issue.state === state) &&
      (base === null || pull.baseRef === base) &&
      (head === null || `${pull.headRepo.owner.login}:${pull.headRef}` === head),
  );
  const key = (pull: Pull): number =>
    call.query.get("sort") === "updated" ? pull.issue.updatedAt.getTime() : pull.issue.number;
  const ascending = call.query.get("direction") === "asc";
  const sorted = found.toSorted((a, b) => (ascending ? key(a) - key(b) : key(b) - key(a)));
  return answerPage(call, sorted, (pull) => renderSimplePull(call.world, pull));
}

function createPull(call: Call, repo: Repository): SimulatorResponse {
  const pull = openPull(call.world, {
    repo,
    head: readString(call.body, "head") ?? "",
    base: readString(call.body, "base") ?? "",
    title: readString(call.body, "title") ?? "",
    body: readString(call.body, "body") ?? null,
    draft: call.body["draft"] === true,
    author: requireSender(call),
    app: findActingApp(call),
  });
  return { status: 201, body: renderPull(call.world, pull) };
}

function patchPull(call: Call, repo: Repository): SimulatorResponse {
  const pull = findPull(call, repo);
  const by = requireSender(call);
  const title = readString(call.body, "title");
  const base = readString(call.body, "base");
  const body = call.body["body"] === null ? null : readString(call.body, "body");
  editPull(call.world, pull, by, {
    ...(title === undefined ? {} : { title }),
    ...(body === undefined ? {} : { body }),
    ...(base === undefined ? {} : { base }),
  });
  if (call.body["state"] === "closed") closePull(call.world, pull, by);
  if (call.body["state"] === "open") reopenPull(call.world, pull, by);
  return { status: 200, body: renderPull(call.world, pull) };
}

/** Classic protection does not bind administrators unless it says so. */
function mayBypass(call: Call, pull: Pull): boolean {
  const { repo } = pull.issue;
  const protection = repo.protections.get(pull.baseRef);
  if (protection?.kind !== "classic" || protection.enforceAdmins || call.actor.kind !== "user") return false;
  return isAtLeast(decidePermission(call.world, repo, call.actor.account), "admin");
}

function merge(call: Call, repo: Repository): SimulatorResponse {
  const pull = findPull(call, repo);
  const method = readString(call.body, "merge_method") ?? "merge";
  if (method !== "merge" && method !== "squash" && method !== "rebase") {
    throw new GitHubFailure(422, "Invalid merge method");
  }
  const sha = mergePull(call.world, pull, {
    by: requireSender(call),
    method,
    sha: readString(call.body, "sha"),
    title: readString(call.body, "commit_title"),
    message: readString(call.body, "commit_message"),
    bypass: mayBypass(call, pull),
  });
  return { status: 200, body: { sha, merged: true, message: "Pull Request successfully merged" } };
}

function readReviewers(call: Call): { reviewers: string[]; teams: string[] } {
  return { reviewers: readStrings(call.body, "reviewers"), teams: readStrings(call.body, "team_reviewers") };
}

function canSeeTeams(call: Call): boolean {
  return call.actor.kind === "user" || holdsPermission(call, ["members", "read"]);
}

function postReviewers(call: Call, repo: Repository): SimulatorResponse {
  const pull = findPull(call, repo);
  const wanted = readReviewers(call);
  if (wanted.reviewers.length + wanted.teams.length === 0) {
    throw new GitHubFailure(422, "Invalid request.\n\nAny subschema needs `reviewers` or `team_reviewers`.");
  }
  requestReviewers(call.world, pull, requireSender(call), { ...wanted, canSeeTeams: canSeeTeams(call) });
  return { status: 201, body: renderSimplePull(call.world, pull) };
}

function deleteReviewers(call: Call, repo: Repository): SimulatorResponse {
  const pull = findPull(call, repo);
  // Required even when only teams are taken back.
  if (!Array.isArray(call.body["reviewers"])) {
    throw new GitHubFailure(422, 'Invalid request.\n\n"reviewers" wasn\'t supplied.');
  }
  removeReviewers(call.world, pull, requireSender(call), readReviewers(call));
  return { status: 200, body: renderSimplePull(call.world, pull) };
}

function readEvent(call: Call): ReviewEvent | undefined {
  const event = readString(call.body, "event");
  if (event === undefined || event === "APPROVE" || event === "REQUEST_CHANGES" || event === "COMMENT") return event;
  throw new GitHubFailure(422, "Unprocessable Entity", [`${event} is not a review event`]);
}

function postReview(call: Call, repo: Repository): SimulatorResponse {
  const pull = findPull(call, repo);
  const review = createReview(call.world, pull, {
    author: requireSender(call),
    event: readEvent(call),
    body: readString(call.body, "body") ?? "",
    commit: readString(call.body, "commit_id"),
  });
  return { status: 200, body: renderReview(call.world, pull, review) };
}

const base = "/repos/{owner}/{repo}/pulls";

const reviewRoutes: Route[] = [
  repositoryRoute(`GET ${base}/{pull_number}/requested_reviewers`, read, (call, repo) => ({
    status: 200,
    body: renderRequestedReviewers(call.world, findPull(call, repo)),
  })),
  repositoryRoute(`POST ${base}/{pull_number}/requested_reviewers`, write, postReviewers),
  repositoryRoute(`DELETE ${base}/{pull_number}/requested_reviewers`, write, deleteReviewers),
  repositoryRoute(`GET ${base}/{pull_number}/reviews`, read, (call, repo) => {
    const pull = findPull(call, repo);
    // A pending review is its author's alone.
    const self = call.actor.kind === "anonymous" ? undefined : requireSender(call);
    const visible = pull.reviews.filter((review) => review.state !== "PENDING" || review.author === self);
    return answerPage(call, visible, (review) => renderReview(call.world, pull, review));
  }),
  repositoryRoute(`POST ${base}/{pull_number}/reviews`, contribute, postReview),
  repositoryRoute(`GET ${base}/{pull_number}/reviews/{review_id}`, read, (call, repo) => {
    const pull = findPull(call, repo);
    return { status: 200, body: renderReview(call.world, pull, requireReview(pull, readNumber(call, "review_id"))) };
  }),
  repositoryRoute(`POST ${base}/{pull_number}/reviews/{review_id}/events`, contribute, (call, repo) => {
    const pull = findPull(call, repo);
    const review = requireReview(pull, readNumber(call, "review_id"));
    const event = readEvent(call);
    if (event === undefined || review.author !== requireSender(call) || review.state !== "PENDING") {
      throw new GitHubFailure(422, "Unprocessable Entity", ["Could not submit the review"]);
    }
    submitReview(call.world, pull, review, event, readString(call.body, "body"));
    return { status: 200, body: renderReview(call.world, pull, review) };
  }),
  repositoryRoute(`PUT ${base}/{pull_number}/reviews/{review_id}/dismissals`, write, (call, repo) => {
    const pull = findPull(call, repo);
    const review = requireReview(pull, readNumber(call, "review_id"));
    if ((readString(call.body, "message") ?? "") === "") {
      throw new GitHubFailure(422, "Unprocessable Entity", ["message is missing"]);
    }
    dismissReview(call.world, pull, review, requireSender(call), readString(call.body, "message") ?? null);
    return { status: 200, body: renderReview(call.world, pull, review) };
  }),
];

/** Pull requests, their files and commits, merging and reviews. */
export const pullRoutes: Route[] = [
  repositoryRoute(`GET ${base}`, read, listPullRequests),
  repositoryRoute(`POST ${base}`, contribute, createPull),
  repositoryRoute(`GET ${base}/{pull_number}`, read, (call, repo) => {
    const pull = findPull(call, repo);
    const body = renderPull(call.world, pull);
    pull.nullReads = Math.max(0, pull.nullReads - 1);
    return { status: 200, body };
  }),
  repositoryRoute(`PATCH ${base}/{pull_number}`, write, patchPull),
  repositoryRoute(`GET ${base}/{pull_number}/files`, read, (call, repo) => {
    const pull = findPull(call, repo);
    const files = listPullFiles(pull).slice(0, maximumFiles);
    return answerPage(call, files, (file) => renderDiffEntry(call.world, pull.headRepo, file, pull.headSha));
  }),
  repositoryRoute(`GET ${base}/{pull_number}/commits`, read, (call, repo) => {
    const commits = listPullCommits(findPull(call, repo)).slice(0, maximumCommits);
    return answerPage(call, commits, (commit) => renderCommit(call.world, repo, commit));
  }),
  repositoryRoute(`GET ${base}/{pull_number}/merge`, read, (call, repo) => {
    if (findPull(call, repo).mergedAt === undefined) throw new GitHubFailure(404, "Not Found");
    return { status: 204 };
  }),
  repositoryRoute(`PUT ${base}/{pull_number}/merge`, writes("write", "contents"), merge),
  repositoryRoute(`PUT ${base}/{pull_number}/update-branch`, write, (call, repo) => {
    const pull = findPull(call, repo);
    updateBranch(call.world, pull, requireSender(call), readString(call.body, "expected_head_sha"));
    const url = `${call.world.url}/${repo.owner.login}/${repo.name}/pull/${pull.issue.number}`;
    return { status: 202, body: { message: "Updating pull request branch.", url } };
  }),
  ...reviewRoutes,
];
