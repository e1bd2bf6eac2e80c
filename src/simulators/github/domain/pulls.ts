import type { Commit } from "../git/git-objects.ts";
import { findBaseTip, listPullCommits } from "../mergeability.ts";
import { findByEmail } from "../render/render-git.ts";
import { findRepository, listPulls } from "../find-in-world.ts";
import { GitHubFailure, type Account, type App, type Pull, type Repository, type World } from "../world.ts";
import { finishMerge, touch } from "./close-pull.ts";
import { emitPull } from "./emit-pull.ts";
import { createIssue, recordEvent } from "./issues.ts";
import { findProtectionGap } from "./protection.ts";
import { changeRef } from "./push.ts";
import { githubAddress, signAs } from "./signatures.ts";

type Json = Record<string, unknown>;

function invalid(message: string): GitHubFailure {
  return new GitHubFailure(422, "Validation Failed", [{ resource: "PullRequest", code: "custom", message }]);
}

function findHead(world: World, repo: Repository, head: string): { headRepo: Repository; headRef: string } {
  const colon = head.indexOf(":");
  if (colon < 0) return { headRepo: repo, headRef: head };
  const owner = head.slice(0, colon);
  const own = repo.owner.login.toLowerCase() === owner.toLowerCase() ? repo : undefined;
  const fork = world.repositories.find(
    (other) => other.parent === repo && other.owner.login.toLowerCase() === owner.toLowerCase(),
  );
  const headRepo = own ?? fork ?? findRepository(world, owner, repo.name);
  if (headRepo === undefined) throw invalid(`no repository for head ${head}`);
  return { headRepo, headRef: head.slice(colon + 1) };
}

export interface NewPull {
  repo: Repository;
  head: string;
  base: string;
  title: string;
  body: string | null;
  draft: boolean;
  author: Account;
  app: App | undefined;
}

export function openPull(world: World, wanted: NewPull): Pull {
  const { repo, base, author } = wanted;
  const { headRepo, headRef } = findHead(world, repo, wanted.head);
  const headSha = headRepo.refs.get(`refs/heads/${headRef}`);
  const baseSha = repo.refs.get(`refs/heads/${base}`);
  if (headSha === undefined)
    throw new GitHubFailure(422, "Validation Failed", [{ resource: "PullRequest", field: "head", code: "invalid" }]);
  if (baseSha === undefined)
    throw new GitHubFailure(422, "Validation Failed", [{ resource: "PullRequest", field: "base", code: "invalid" }]);
  const label = `${headRepo.owner.login}:${headRef}`;
  const twin = listPulls(repo).some(
    (pull) =>
      pull.issue.state === "open" && pull.headRepo === headRepo && pull.headRef === headRef && pull.baseRef === base,
  );
  if (twin) throw invalid(`A pull request already exists for ${label}.`);
  if (repo.store.isAncestor(headSha, baseSha)) throw invalid(`No commits between ${base} and ${headRef}`);
  const issue = createIssue(world, {
    repo,
    title: wanted.title,
    body: wanted.body,
    author,
    app: wanted.app,
    labels: [],
    silent: true,
  });
  const pull: Pull = {
    id: world.nextId(),
    issue,
    draft: wanted.draft,
    headRepo,
    headRef,
    headSha,
    baseRef: base,
    baseSha,
    requestedUsers: [],
    requestedTeams: [],
    reviews: [],
    mergedAt: undefined,
    mergedBy: undefined,
    mergeCommitSha: undefined,
    mergedBaseSha: undefined,
    nullReads: 0,
  };
  issue.pull = pull;
  repo.refs.set(`refs/pull/${issue.number}/head`, headSha);
  emitPull(world, pull, "opened", author);
  return pull;
}

export function reopenPull(world: World, pull: Pull, by: Account): void {
  if (pull.issue.state === "open") return;
  const tip = pull.headRepo.refs.get(`refs/heads/${pull.headRef}`);
  if (pull.mergedAt !== undefined || tip === undefined) throw invalid("state cannot be changed.");
  pull.issue.state = "open";
  pull.issue.closedAt = undefined;
  pull.headSha = tip;
  pull.issue.repo.refs.set(`refs/pull/${pull.issue.number}/head`, tip);
  touch(world, pull.issue);
  emitPull(world, pull, "reopened", by);
}

export function editPull(
  world: World,
  pull: Pull,
  by: Account,
  edit: { title?: string; body?: string | null; base?: string },
): void {
  const changes: Json = {};
  const { issue } = pull;
  if (edit.title !== undefined && edit.title !== issue.title) {
    changes["title"] = { from: issue.title };
    recordEvent(world, issue, by, { kind: "renamed", from: issue.title, to: edit.title });
    issue.title = edit.title;
  }
  if (edit.body !== undefined && edit.body !== issue.body) {
    changes["body"] = { from: issue.body ?? "" };
    issue.body = edit.body;
  }
  if (edit.base !== undefined && edit.base !== pull.baseRef) {
    const sha = issue.repo.refs.get(`refs/heads/${edit.base}`);
    if (sha === undefined || issue.state === "closed")
      throw invalid(`Proposed base branch '${edit.base}' was not found`);
    changes["base"] = { ref: { from: pull.baseRef }, sha: { from: pull.baseSha } };
    pull.baseRef = edit.base;
    pull.baseSha = sha;
  }
  if (Object.keys(changes).length === 0) return;
  touch(world, issue);
  emitPull(world, pull, "edited", by, { changes });
  world.settleQueues(issue.repo);
}

export function setDraft(world: World, pull: Pull, by: Account, draft: boolean): void {
  if (pull.draft === draft) return;
  pull.draft = draft;
  touch(world, pull.issue);
  emitPull(world, pull, draft ? "converted_to_draft" : "ready_for_review", by);
  world.settleQueues(pull.issue.repo);
}

export interface MergeRequest {
  by: Account;
  method: "merge" | "squash" | "rebase";
  sha?: string | undefined;
  title?: string | undefined;
  message?: string | undefined;
  /** Ignore protection. */
  bypass: boolean;
}

/** The people behind the commits that the squashed commit does not name as author. */
function listCoAuthors(world: World, commits: readonly Commit[], author: Account): string[] {
  const lines = commits
    .filter((commit) => findByEmail(world, commit.author.email) !== author)
    .map((commit) => `Co-authored-by: ${commit.author.name} <${commit.author.email}>`);
  const written = commits.flatMap((commit) => commit.message.match(/^Co-authored-by: .*$/gim) ?? []);
  return [...new Set([...lines, ...written])];
}

/** The commit that a merge gives on top of `baseTip`; undefined when there are conflicts. */
export function makeMergeCommit(
  world: World,
  pull: Pull,
  request: Pick<MergeRequest, "by" | "method" | "title" | "message">,
  baseTip: string,
): string | undefined {
  const { store } = pull.issue.repo;
  const { issue } = pull;
  const number = issue.number;
  if (request.method === "rebase") {
    let tip = baseTip;
    for (const commit of listPullCommits(pull)) {
      // Rebasing drops merges, as GitHub's button does.
      if (commit.parents.length > 1) continue;
      const tree = store.pickTree(tip, commit);
      if (tree === undefined) return undefined;
      tip = store.writeCommit({ ...commit, tree, parents: [tip], committer: signAs(world, request.by) });
    }
    return tip;
  }
  const tree = store.mergeTrees(baseTip, pull.headSha);
  if (tree === undefined) return undefined;
  const committer = { ...githubAddress, date: world.now() };
  if (request.method === "squash") {
    const commits = listPullCommits(pull);
    const lines = commits.length > 1 ? commits.map((commit) => `* ${commit.message}`) : [];
    const trailers = listCoAuthors(world, commits, issue.author);
    const body = request.message ?? [...lines, ...(trailers.length > 0 ? [trailers.join("\n")] : [])].join("\n\n");
    const message = `${request.title ?? `${issue.title} (#${number})`}${body === "" ? "" : `\n\n${body}`}`;
    return store.writeCommit({ tree, parents: [baseTip], author: signAs(world, issue.author), committer, message });
  }
  const title = request.title ?? `Merge pull request #${number} from ${pull.headRepo.owner.login}/${pull.headRef}`;
  return store.writeCommit({
    tree,
    parents: [baseTip, pull.headSha],
    author: signAs(world, request.by),
    committer,
    message: `${title}\n\n${request.message ?? issue.title}`,
  });
}

/** Merges as the button does. @throws GitHubFailure 405 or 409, with nothing changed. */
export function mergePull(world: World, pull: Pull, request: MergeRequest): string {
  const { issue } = pull;
  if (issue.state === "closed") throw new GitHubFailure(405, "Pull Request is not mergeable");
  if (pull.draft) throw new GitHubFailure(405, "Pull Request is still a draft");
  if (request.sha !== undefined && request.sha !== pull.headSha) {
    throw new GitHubFailure(409, "Head branch was modified. Review and try the merge again.");
  }
  const gap = request.bypass ? undefined : findProtectionGap(world, pull);
  if (gap !== undefined) throw new GitHubFailure(405, gap);
  if (!request.bypass && issue.repo.protections.get(pull.baseRef)?.mergeQueue !== undefined) {
    throw new GitHubFailure(405, "Changes must be made through the merge queue");
  }
  const baseTip = findBaseTip(pull);
  const sha = makeMergeCommit(world, pull, request, baseTip);
  if (sha === undefined) throw new GitHubFailure(405, "Merge conflict");
  // Settled before the ref moves, so that the push does not settle it a second time.
  finishMerge(world, pull, { by: request.by, sha, baseSha: baseTip });
  changeRef(world, { repo: issue.repo, ref: `refs/heads/${pull.baseRef}`, to: sha, by: request.by });
  return sha;
}

/** Merges the base into the head, as the button "Update branch" does. */
export function updateBranch(world: World, pull: Pull, by: Account, expectedHead: string | undefined): void {
  const { store } = pull.issue.repo;
  if (expectedHead !== undefined && expectedHead !== pull.headSha) {
    throw new GitHubFailure(422, "expected_head_sha does not match the head of the pull request.");
  }
  const baseTip = findBaseTip(pull);
  if (store.isAncestor(baseTip, pull.headSha))
    throw new GitHubFailure(422, "There are no new commits on the base branch.");
  const tree = store.mergeTrees(pull.headSha, baseTip);
  if (tree === undefined) throw new GitHubFailure(422, "merge conflict between base and head");
  const sha = store.writeCommit({
    tree,
    parents: [pull.headSha, baseTip],
    author: signAs(world, by),
    committer: { ...githubAddress, date: world.now() },
    message: `Merge branch '${pull.baseRef}' into ${pull.headRef}`,
  });
  changeRef(world, { repo: pull.headRepo, ref: `refs/heads/${pull.headRef}`, to: sha, by });
}
