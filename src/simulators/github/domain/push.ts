import { renderHookCommit } from "../render/render-git.ts";
import { renderUser } from "../render/render-account.ts";
import { renderHtmlUrl, renderRepository } from "../render/render-repository.ts";
import { isInstalledOn, listPulls } from "../find-in-world.ts";
import { GitHubFailure, type Account, type Repository, type World } from "../world.ts";
import { requestSuite } from "./checks.ts";
import { closePull, finishMerge } from "./close-pull.ts";
import { emitPull } from "./emit-pull.ts";

const noObject = "0".repeat(40);
const maximumCommits = 2048;

export interface RefChange {
  repo: Repository;
  /** Full name. */
  ref: string;
  /** Undefined deletes. */
  to: string | undefined;
  by: Account;
  /** Refuse anything but a fast-forward. */
  fastForwardOnly?: boolean;
}

/** GitHub refuses a branch inside a branch (`a` beside `a/b`) as git does. */
function requireRoom(repo: Repository, ref: string): void {
  const clash = [...repo.refs.keys()].find((name) => name.startsWith(`${ref}/`) || ref.startsWith(`${name}/`));
  if (clash !== undefined) throw new GitHubFailure(422, `Reference cannot be created: ${clash} exists`);
}

function emitPush(world: World, change: RefChange, before: string): void {
  const { repo, ref, to, by } = change;
  const created = before === noObject;
  const known = created ? [...repo.refs].filter(([name]) => name !== ref).map(([, oid]) => oid) : [before];
  const commits = to === undefined ? [] : repo.store.listCommits(to, known).slice(-maximumCommits);
  const forced = !created && to !== undefined && !repo.store.isAncestor(before, to);
  const render = (oid: string): unknown => renderHookCommit(world, repo, repo.store.requireCommit(oid));
  const withFiles = commits.map((commit) => {
    const diff = repo.store.diff(commit.parents[0], commit.oid);
    const pick = (...statuses: string[]): string[] =>
      diff.filter((file) => statuses.includes(file.status)).map((file) => file.path);
    return {
      ...renderHookCommit(world, repo, commit),
      added: pick("added"),
      removed: pick("removed"),
      modified: pick("modified", "changed", "renamed"),
    };
  });
  const full = renderRepository(world, repo);
  world.emit(
    "push",
    {
      ref,
      before,
      after: to ?? noObject,
      repository: {
        ...full,
        owner: { ...renderUser(world, repo.owner), name: repo.owner.login, email: null },
        // In this event alone GitHub writes these as epoch seconds.
        created_at: Math.floor(repo.createdAt.getTime() / 1000),
        pushed_at: Math.floor(repo.pushedAt.getTime() / 1000),
        master_branch: repo.defaultBranch,
        stargazers: 0,
      },
      pusher: { name: by.login, email: by.email },
      created,
      deleted: to === undefined,
      forced,
      base_ref: null,
      compare: `${renderHtmlUrl(world, repo)}/compare/${before.slice(0, 12)}...${(to ?? noObject).slice(0, 12)}`,
      commits: withFiles,
      head_commit: to === undefined ? null : render(to),
    },
    { repo, sender: by },
  );
}

function moveHeads(world: World, repo: Repository, branch: string, before: string, to: string, by: Account): void {
  for (const base of world.repositories) {
    for (const pull of listPulls(base)) {
      if (pull.issue.state !== "open" || pull.headRepo !== repo || pull.headRef !== branch) continue;
      pull.headSha = to;
      pull.baseSha = base.refs.get(`refs/heads/${pull.baseRef}`) ?? pull.baseSha;
      pull.issue.updatedAt = world.now();
      base.refs.set(`refs/pull/${pull.issue.number}/head`, to);
      emitPull(world, pull, "synchronize", by, { before, after: to });
    }
  }
}

/** A push that brings a pull request's head into its base merges it, whoever pressed nothing. */
function settleBases(world: World, repo: Repository, branch: string, before: string, to: string, by: Account): void {
  for (const pull of listPulls(repo)) {
    if (pull.issue.state !== "open" || pull.baseRef !== branch) continue;
    if (repo.store.isAncestor(pull.headSha, to)) finishMerge(world, pull, { by, sha: to, baseSha: before });
  }
}

function closeOrphans(world: World, repo: Repository, branch: string, by: Account): void {
  for (const base of world.repositories) {
    for (const pull of listPulls(base)) {
      const lostHead = pull.headRepo === repo && pull.headRef === branch;
      const lostBase = base === repo && pull.baseRef === branch;
      if (pull.issue.state === "open" && (lostHead || lostBase)) closePull(world, pull, by);
    }
  }
}

function requestSuites(world: World, change: RefChange, before: string, to: string, branch: string): void {
  const { repo, by } = change;
  if (/^skip-checks: true$/m.test(repo.store.requireCommit(to).message)) return;
  for (const installation of world.installations) {
    if (isInstalledOn(installation, repo) && installation.app.permissions["checks"] === "write") {
      requestSuite(world, repo, { app: installation.app, sha: to, branch, before, by });
    }
  }
}

/** A pull request may come from a fork, so its base's queue is elsewhere. */
function settleAround(world: World, repo: Repository): void {
  world.settleQueues(repo);
  for (const other of world.repositories) if (other.store === repo.store && other !== repo) world.settleQueues(other);
}

/**
 * Creates, moves or deletes a ref and lets everything follow that follows on GitHub: `push`, `synchronize` of the pull
 * requests from it, merged and closed ones, a check suite for each app.
 */
export function changeRef(world: World, change: RefChange): void {
  const { repo, ref, to, by } = change;
  const before = repo.refs.get(ref) ?? noObject;
  if (before === (to ?? noObject)) return;
  if (to === undefined) repo.refs.delete(ref);
  else {
    if (before === noObject) requireRoom(repo, ref);
    else if (change.fastForwardOnly === true && !repo.store.isAncestor(before, to)) {
      throw new GitHubFailure(422, "Update is not a fast forward");
    }
    repo.refs.set(ref, to);
  }
  repo.pushedAt = world.now();
  if (!ref.startsWith("refs/heads/")) return;
  const branch = ref.slice("refs/heads/".length);
  emitPush(world, change, before);
  if (to === undefined) {
    closeOrphans(world, repo, branch, by);
    settleAround(world, repo);
    return;
  }
  moveHeads(world, repo, branch, before, to, by);
  settleBases(world, repo, branch, before, to, by);
  requestSuites(world, change, before, to, branch);
  settleAround(world, repo);
}
