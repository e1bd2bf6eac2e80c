import { judgeMergeability } from "../mergeability.ts";
import type { Account, Comment, Issue, Pull, Repository, Review, World } from "../world.ts";
import { decidePermission } from "../permissions.ts";
import { renderApp, renderNodeId, renderSimpleTeam, renderTeam, renderTime, renderUser } from "./render-account.ts";
import { renderHtmlUrl, renderRepository, renderRepositoryUrl } from "./render-repository.ts";

type Json = Record<string, unknown>;

export function decideAssociation(world: World, repo: Repository, account: Account): string {
  if (repo.owner === account) return "OWNER";
  if (repo.owner.members.has(account.id)) return "MEMBER";
  if (repo.collaborators.has(account.id)) return "COLLABORATOR";
  return decidePermission(world, repo, account) === "none" ? "NONE" : "CONTRIBUTOR";
}

export function renderLabel(world: World, repo: Repository, name: string): Json {
  return {
    id: Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 2_147_483_647, 7),
    node_id: renderNodeId("Label", name.length),
    url: `${renderRepositoryUrl(world, repo)}/labels/${encodeURIComponent(name)}`,
    name,
    description: null,
    color: "ededed",
    default: false,
  };
}

function renderSide(world: World, repo: Repository, ref: string, sha: string): Json {
  return {
    label: `${repo.owner.login}:${ref}`,
    ref,
    sha,
    user: renderUser(world, repo.owner),
    repo: renderRepository(world, repo),
  };
}

function renderLinks(url: string, issueUrl: string, html: string, sha: string, repoUrl: string): Json {
  return {
    self: { href: url },
    html: { href: html },
    issue: { href: issueUrl },
    comments: { href: `${issueUrl}/comments` },
    review_comments: { href: `${url}/comments` },
    review_comment: { href: `${repoUrl}/pulls/comments{/number}` },
    commits: { href: `${url}/commits` },
    statuses: { href: `${repoUrl}/statuses/${sha}` },
  };
}

/** The form of lists and of most webhooks. */
export function renderSimplePull(world: World, pull: Pull): Json {
  const { issue } = pull;
  const repoUrl = renderRepositoryUrl(world, issue.repo);
  const url = `${repoUrl}/pulls/${issue.number}`;
  const issueUrl = `${repoUrl}/issues/${issue.number}`;
  const html = `${renderHtmlUrl(world, issue.repo)}/pull/${issue.number}`;
  const mergeability = judgeMergeability(pull);
  return {
    url,
    id: pull.id,
    node_id: renderNodeId("PullRequest", pull.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issueUrl,
    number: issue.number,
    state: issue.state,
    locked: false,
    active_lock_reason: null,
    title: issue.title,
    user: renderUser(world, issue.author),
    body: issue.body,
    created_at: renderTime(issue.createdAt),
    updated_at: renderTime(issue.updatedAt),
    closed_at: issue.closedAt === undefined ? null : renderTime(issue.closedAt),
    merged_at: pull.mergedAt === undefined ? null : renderTime(pull.mergedAt),
    merge_commit_sha: pull.mergeCommitSha ?? mergeability.testMergeSha ?? null,
    assignee: null,
    assignees: [],
    requested_reviewers: pull.requestedUsers.map((user) => renderUser(world, user)),
    requested_teams: pull.requestedTeams.map((team) => renderTeam(world, team)),
    labels: issue.labels.map((name) => renderLabel(world, issue.repo, name)),
    milestone: null,
    draft: pull.draft,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${repoUrl}/pulls/comments{/number}`,
    comments_url: `${issueUrl}/comments`,
    statuses_url: `${repoUrl}/statuses/${pull.headSha}`,
    head: renderSide(world, pull.headRepo, pull.headRef, pull.headSha),
    base: renderSide(world, issue.repo, pull.baseRef, pull.baseSha),
    _links: renderLinks(url, issueUrl, html, pull.headSha, repoUrl),
    author_association: decideAssociation(world, issue.repo, issue.author),
    auto_merge: null,
  };
}

/** The full form: one pull request read alone, and the `pull_request` webhooks. */
export function renderPull(world: World, pull: Pull): Json {
  const mergeability = judgeMergeability(pull);
  return {
    ...renderSimplePull(world, pull),
    merged: pull.mergedAt !== undefined,
    mergeable: mergeability.mergeable,
    rebaseable: mergeability.mergeable,
    mergeable_state: mergeability.mergeable === null ? "unknown" : mergeability.mergeable ? "clean" : "dirty",
    merged_by: pull.mergedBy === undefined ? null : renderUser(world, pull.mergedBy),
    comments: pull.issue.comments.length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: mergeability.commits.length,
    additions: mergeability.files.reduce((sum, file) => sum + file.additions, 0),
    deletions: mergeability.files.reduce((sum, file) => sum + file.deletions, 0),
    changed_files: mergeability.files.length,
  };
}

/** How check runs and workflow runs refer to a pull request. */
export function renderPullReference(world: World, pull: Pull): Json {
  const side = (repo: Repository, ref: string, sha: string): Json => ({
    ref,
    sha,
    repo: { id: repo.id, url: renderRepositoryUrl(world, repo), name: repo.name },
  });
  return {
    id: pull.id,
    number: pull.issue.number,
    url: `${renderRepositoryUrl(world, pull.issue.repo)}/pulls/${pull.issue.number}`,
    head: side(pull.headRepo, pull.headRef, pull.headSha),
    base: side(pull.issue.repo, pull.baseRef, pull.baseSha),
  };
}

/** `hook` is the webhook's form: the state in lower case, as GitHub sends it there and nowhere else. */
export function renderReview(world: World, pull: Pull, review: Review, form: "api" | "hook" = "api"): Json {
  const url = `${renderRepositoryUrl(world, pull.issue.repo)}/pulls/${pull.issue.number}`;
  const html = `${renderHtmlUrl(world, pull.issue.repo)}/pull/${pull.issue.number}#pullrequestreview-${review.id}`;
  return {
    id: review.id,
    node_id: renderNodeId("PullRequestReview", review.id),
    user: renderUser(world, review.author),
    body: form === "hook" && review.body === "" ? null : review.body,
    state: form === "hook" ? review.state.toLowerCase() : review.state,
    html_url: html,
    pull_request_url: url,
    author_association: decideAssociation(world, pull.issue.repo, review.author),
    _links: { html: { href: html }, pull_request: { href: url } },
    ...(review.submittedAt === undefined ? {} : { submitted_at: renderTime(review.submittedAt) }),
    commit_id: review.commit,
  };
}

export function renderRequestedReviewers(world: World, pull: Pull): Json {
  return {
    users: pull.requestedUsers.map((user) => renderUser(world, user)),
    teams: pull.requestedTeams.map((team) => renderTeam(world, team)),
  };
}

export function renderHookTeam(world: World, team: Pull["requestedTeams"][number]): Json {
  return {
    ...renderSimpleTeam(world, team),
    parent: team.parent === undefined ? null : renderSimpleTeam(world, team.parent),
  };
}

const noReactions = {
  total_count: 0,
  "+1": 0,
  "-1": 0,
  laugh: 0,
  hooray: 0,
  confused: 0,
  heart: 0,
  rocket: 0,
  eyes: 0,
};

export function renderIssue(world: World, issue: Issue): Json {
  const repoUrl = renderRepositoryUrl(world, issue.repo);
  const url = `${repoUrl}/issues/${issue.number}`;
  const kind = issue.pull === undefined ? "issues" : "pull";
  const html = `${renderHtmlUrl(world, issue.repo)}/${kind}/${issue.number}`;
  return {
    url,
    repository_url: repoUrl,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: html,
    id: issue.id,
    node_id: renderNodeId("Issue", issue.id),
    number: issue.number,
    title: issue.title,
    user: renderUser(world, issue.author),
    labels: issue.labels.map((name) => renderLabel(world, issue.repo, name)),
    state: issue.state,
    state_reason: issue.state === "closed" ? "completed" : null,
    locked: false,
    active_lock_reason: null,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: issue.comments.length,
    created_at: renderTime(issue.createdAt),
    updated_at: renderTime(issue.updatedAt),
    closed_at: issue.closedAt === undefined ? null : renderTime(issue.closedAt),
    author_association: decideAssociation(world, issue.repo, issue.author),
    body: issue.body,
    reactions: { url: `${url}/reactions`, ...noReactions },
    timeline_url: `${url}/timeline`,
    performed_via_github_app: issue.app === undefined ? null : renderApp(world, issue.app),
    ...(issue.pull === undefined
      ? {}
      : {
          draft: issue.pull.draft,
          pull_request: {
            url: `${repoUrl}/pulls/${issue.number}`,
            html_url: html,
            diff_url: `${html}.diff`,
            patch_url: `${html}.patch`,
            merged_at: issue.pull.mergedAt === undefined ? null : renderTime(issue.pull.mergedAt),
          },
        }),
  };
}

export function renderComment(world: World, issue: Issue, comment: Comment): Json {
  const repoUrl = renderRepositoryUrl(world, issue.repo);
  const url = `${repoUrl}/issues/comments/${comment.id}`;
  const kind = issue.pull === undefined ? "issues" : "pull";
  return {
    url,
    html_url: `${renderHtmlUrl(world, issue.repo)}/${kind}/${issue.number}#issuecomment-${comment.id}`,
    issue_url: `${repoUrl}/issues/${issue.number}`,
    id: comment.id,
    node_id: renderNodeId("IssueComment", comment.id),
    user: renderUser(world, comment.author),
    created_at: renderTime(comment.createdAt),
    updated_at: renderTime(comment.updatedAt),
    author_association: decideAssociation(world, issue.repo, comment.author),
    body: comment.body,
    reactions: { url: `${url}/reactions`, ...noReactions },
    performed_via_github_app: comment.app === undefined ? null : renderApp(world, comment.app),
  };
}
