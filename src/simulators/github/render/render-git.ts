import type { Commit, Signature } from "../git/git-objects.ts";
import type { FileDiff } from "../git/parse-diff.ts";
import type { Account, Repository, World } from "../world.ts";
import { renderNodeId, renderTime, renderUser } from "./render-account.ts";
import { renderHtmlUrl, renderRepositoryUrl } from "./render-repository.ts";

type Json = Record<string, unknown>;

/** The account whose address a commit carries; undefined for a stranger, as GitHub links nobody then. */
export function findByEmail(world: World, email: string): Account | undefined {
  return world.accounts.find((account) => account.email.toLowerCase() === email.toLowerCase());
}

function renderSignature(by: Signature): Json {
  return { name: by.name, email: by.email, date: renderTime(by.date) };
}

const unverified = { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null };

/** A commit of the git data API. */
export function renderGitCommit(world: World, repo: Repository, commit: Commit): Json {
  const url = renderRepositoryUrl(world, repo);
  const html = renderHtmlUrl(world, repo);
  return {
    sha: commit.oid,
    node_id: renderNodeId("Commit", repo.id) + commit.oid,
    url: `${url}/git/commits/${commit.oid}`,
    html_url: `${html}/commit/${commit.oid}`,
    author: renderSignature(commit.author),
    committer: renderSignature(commit.committer),
    message: commit.message,
    tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/git/commits/${sha}`,
      html_url: `${html}/commit/${sha}`,
    })),
    verification: unverified,
  };
}

/** A commit of the repositories API, with the accounts behind the addresses. */
export function renderCommit(world: World, repo: Repository, commit: Commit): Json {
  const url = renderRepositoryUrl(world, repo);
  const html = renderHtmlUrl(world, repo);
  const author = findByEmail(world, commit.author.email);
  const committer = findByEmail(world, commit.committer.email);
  return {
    sha: commit.oid,
    node_id: renderNodeId("Commit", repo.id) + commit.oid,
    commit: {
      author: renderSignature(commit.author),
      committer: renderSignature(commit.committer),
      message: commit.message,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      url: `${url}/git/commits/${commit.oid}`,
      comment_count: 0,
      verification: unverified,
    },
    url: `${url}/commits/${commit.oid}`,
    html_url: `${html}/commit/${commit.oid}`,
    comments_url: `${url}/commits/${commit.oid}/comments`,
    author: author === undefined ? null : renderUser(world, author),
    committer: committer === undefined ? null : renderUser(world, committer),
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${html}/commit/${sha}` })),
  };
}

/** A commit inside a webhook. */
export function renderHookCommit(world: World, repo: Repository, commit: Commit): Json {
  const person = (by: Signature): Json => {
    const account = findByEmail(world, by.email);
    return { name: by.name, email: by.email, ...(account === undefined ? {} : { username: account.login }) };
  };
  return {
    id: commit.oid,
    tree_id: commit.tree,
    message: commit.message,
    timestamp: renderTime(commit.committer.date),
    author: person(commit.author),
    committer: person(commit.committer),
    url: `${renderHtmlUrl(world, repo)}/commit/${commit.oid}`,
    distinct: true,
  };
}

/** Larger hunks are left out, as GitHub does; the limit itself is a round number of ours. */
const maximumPatch = 200_000;

export function renderDiffEntry(world: World, repo: Repository, file: FileDiff, headSha: string): Json {
  const html = renderHtmlUrl(world, repo);
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  const contents = `${renderRepositoryUrl(world, repo)}/contents/${path}?ref=${headSha}`;
  return {
    // A submodule's id is the commit it points to; a removed file keeps the id of what was removed.
    sha: file.oid ?? file.oldOid,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${html}/blob/${headSha}/${path}`,
    raw_url: `${html}/raw/${headSha}/${path}`,
    contents_url: contents,
    ...(file.patch === undefined || file.patch.length > maximumPatch ? {} : { patch: file.patch }),
    ...(file.previousPath === undefined ? {} : { previous_filename: file.previousPath }),
  };
}
