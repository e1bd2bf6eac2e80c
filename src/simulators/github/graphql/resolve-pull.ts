import { listPullCommits, listPullFiles, judgeMergeability } from "../mergeability.ts";
import { decidePermission, isAtLeast } from "../permissions.ts";
import { renderNodeId, renderTime } from "../render/render-account.ts";
import type { Account, Pull, Repository, Review, Team, World } from "../world.ts";
import { makeConnection, type ConnectionArguments } from "./connection.ts";
import { resolveAccount } from "./resolve-account.ts";
import { resolveCommitObject, resolveObject } from "./resolve-git.ts";

type Json = Record<string, unknown>;

function resolveTeam(team: Team): Json {
  return {
    __typename: "Team",
    id: renderNodeId("Team", team.id),
    databaseId: team.id,
    slug: team.slug,
    combinedSlug: `${team.org.login}/${team.slug}`,
    name: team.name,
  };
}

function canWrite(world: World, pull: Pull, account: Account): boolean {
  return isAtLeast(decidePermission(world, pull.issue.repo, account), "write");
}

function resolveReview(world: World, pull: Pull, review: Review): Json {
  return {
    id: renderNodeId("PullRequestReview", review.id),
    databaseId: review.id,
    fullDatabaseId: String(review.id),
    state: review.state,
    submittedAt: review.submittedAt === undefined ? null : renderTime(review.submittedAt),
    authorCanPushToRepository: canWrite(world, pull, review.author),
    author: resolveAccount(review.author),
    body: review.body,
    commit: () => resolveObject(world, pull.issue.repo, review.commit),
    onBehalfOf: (wanted: ConnectionArguments) => makeConnection("onBehalfOf", review.onBehalfOf, wanted, resolveTeam),
  };
}

const opinions = new Set(["APPROVED", "CHANGES_REQUESTED", "DISMISSED"]);

/** The last approval, request for changes or dismissal of each reviewer; comments do not replace them. */
function listOpinions(world: World, pull: Pull, writersOnly: boolean): Review[] {
  const latest = new Map<number, Review>();
  for (const review of pull.reviews) {
    if (!opinions.has(review.state)) continue;
    if (!writersOnly || canWrite(world, pull, review.author)) latest.set(review.author.id, review);
  }
  return [...latest.values()];
}

function decideReview(world: World, pull: Pull): string | null {
  const required = pull.issue.repo.protections.get(pull.baseRef)?.requiredApprovals ?? 0;
  if (required === 0) return null;
  const states = listOpinions(world, pull, true).map((review) => review.state);
  if (states.includes("CHANGES_REQUESTED")) return "CHANGES_REQUESTED";
  return states.filter((state) => state === "APPROVED").length >= required ? "APPROVED" : "REVIEW_REQUIRED";
}

function listRequests(pull: Pull): Json[] {
  return [...pull.requestedUsers.map(resolveAccount), ...pull.requestedTeams.map(resolveTeam)].map((reviewer) => ({
    id: `RR_${String(reviewer["id"])}`,
    asCodeOwner: false,
    requestedReviewer: reviewer,
  }));
}

const changeTypes: Record<string, string> = { removed: "DELETED" };

function resolveMergeable(pull: Pull): string {
  const { mergeable } = judgeMergeability(pull);
  return mergeable === null ? "UNKNOWN" : mergeable ? "MERGEABLE" : "CONFLICTING";
}

function resolveMaybe(world: World, repo: Repository, oid: string | undefined): Json | null {
  return oid === undefined ? null : resolveObject(world, repo, oid);
}

export function resolvePull(world: World, pull: Pull, resolveRepository: (repo: Repository) => Json): Json {
  const { issue } = pull;
  const { repo } = issue;
  return {
    id: renderNodeId("PullRequest", pull.id),
    fullDatabaseId: String(pull.id),
    number: issue.number,
    title: issue.title,
    body: issue.body ?? "",
    state: pull.mergedAt === undefined ? issue.state.toUpperCase() : "MERGED",
    isDraft: pull.draft,
    merged: pull.mergedAt !== undefined,
    mergedAt: pull.mergedAt === undefined ? null : renderTime(pull.mergedAt),
    mergedBy: pull.mergedBy === undefined ? null : resolveAccount(pull.mergedBy),
    mergeable: () => resolveMergeable(pull),
    isCrossRepository: pull.headRepo !== repo,
    isInMergeQueue: (repo.queues.get(pull.baseRef) ?? []).some((entry) => entry.pull === pull),
    headRefOid: pull.headSha,
    headRefName: pull.headRef,
    baseRefOid: pull.baseSha,
    baseRefName: pull.baseRef,
    changedFiles: () => listPullFiles(pull).length,
    reviewDecision: () => decideReview(world, pull),
    author: resolveAccount(issue.author),
    headRepository: () => resolveRepository(pull.headRepo),
    mergeCommit: () => resolveMaybe(world, repo, pull.mergeCommitSha),
    potentialMergeCommit: () => resolveMaybe(world, repo, judgeMergeability(pull).testMergeSha),
    files: (wanted: ConnectionArguments) =>
      makeConnection("files", listPullFiles(pull), wanted, (file) => ({
        path: file.path,
        changeType: changeTypes[file.status] ?? file.status.toUpperCase(),
        additions: file.additions,
        deletions: file.deletions,
      })),
    latestOpinionatedReviews: (wanted: ConnectionArguments & { writersOnly?: boolean }) =>
      makeConnection(
        "latestOpinionatedReviews",
        listOpinions(world, pull, wanted.writersOnly === true),
        wanted,
        (review) => resolveReview(world, pull, review),
      ),
    reviews: (wanted: ConnectionArguments) => {
      const visible = pull.reviews.filter((review) => review.state !== "PENDING");
      return makeConnection("reviews", visible, wanted, (review) => resolveReview(world, pull, review));
    },
    reviewRequests: (wanted: ConnectionArguments) =>
      makeConnection("reviewRequests", listRequests(pull), wanted, (request) => request),
    commits: (wanted: ConnectionArguments) =>
      makeConnection("commits", listPullCommits(pull), wanted, (commit) => ({
        id: `PRC_${commit.oid}`,
        commit: resolveCommitObject(world, repo, commit),
      })),
  };
}
