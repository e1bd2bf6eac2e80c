import { isAbsolute, resolve } from "node:path";
import type { ChangedPath, FileContent, TreeEntry } from "../../core/facts.ts";
import { GitError } from "./git-error.ts";
import { readBlobContents, readTreeChanges, readTreeEntries, splitNul } from "./read-objects.ts";
import { createGitRunner, type GitRunner } from "./run-git.ts";
import { openScratch } from "./write-trees.ts";

/** One commit of a branch's first-parent line, which is what merges leave there. */
export interface LocalCommit {
  sha: string;
  /** Null for a root commit. */
  parent: string | null;
  /** ISO 8601, when it was committed. */
  at: string;
  subject: string;
}

/**
 * A clone on this machine, read through the `git` command. Nothing is fetched and nothing of the repository changes: what has to be
 * written goes to a temporary object folder. Trees, commits and working-tree states are named by their object id.
 *
 * @throws GitError from every method when git refuses
 */
export interface LocalGit {
  /** Absolute path of the working tree. */
  root: string;
  readHead(): Promise<{ sha: string | null; branch: string | null }>;
  /** The branch that pull requests go to, as far as the clone knows it: of `origin` first, else a local one. Null: there is none. */
  findDefaultBranch(): Promise<{ name: string; sha: string } | null>;
  /** Whether a single branch is known here, of this clone or of a remote. */
  hasOneBranch(): Promise<boolean>;
  /** Null when the name is no commit here. */
  findCommit(name: string): Promise<string | null>;
  /** `owner/name` as the address of `origin` says it; null without one. */
  readRemote(): Promise<{ owner: string; name: string } | null>;
  /** The commit that would hold the working tree as it is, untracked files included, ignored ones not. */
  writeWorkingTree(): Promise<string>;
  writeFiles(tree: string, files: ReadonlyMap<string, string | null>): Promise<string>;
  writeEmptyTree(): Promise<string>;
  /** What merging `head` into `base` would give; `head` itself when the two conflict. @throws GitError when the clone lacks what it takes */
  mergeCommits(base: string, head: string): Promise<{ tree: string; hasConflicts: boolean }>;
  readTree(tree: string): Promise<readonly TreeEntry[]>;
  readBlobs(
    blobs: readonly (Pick<TreeEntry, "oid" | "mode" | "size"> & { maxBytes?: number })[],
  ): Promise<ReadonlyMap<string, FileContent>>;
  readChanges(base: string, head: string): Promise<readonly ChangedPath[]>;
  /** Newest first. */
  listFirstParents(tip: string, limit: number): Promise<readonly LocalCommit[]>;
  /** Addresses of authors, committers and co-authors of the commits in `head` and not in `base`; sorted. */
  listEmails(base: string | null, head: string): Promise<readonly string[]>;
  /** Removes what was written. */
  close(): Promise<void>;
}

/** Opens the repository that a folder lies in. @throws GitError when it lies in none, or in one without a working tree */
export async function openLocalGit(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LocalGit> {
  const asked = await createGitRunner(
    folder,
    env,
  )(["rev-parse", "--show-toplevel", "--git-path", "objects", "--git-path", "index"]);
  const [root = folder, objects = "", index = ""] = asked.out.toString("utf8").split("\n");
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  const scratch = await openScratch(root, { objects: absolute(objects), index: absolute(index) }, env);
  const { git } = scratch;
  const findCommit = (name: string): Promise<string | null> => resolveCommit(git, name);
  return {
    root,
    readHead: () => readHead(git),
    findDefaultBranch: () => findDefaultBranch(git),
    findCommit,
    hasOneBranch: () => hasOneBranch(git),
    readRemote: () => readRemote(git),
    writeWorkingTree: async () => scratch.writeWorkingTree(await findCommit("HEAD")),
    writeFiles: (tree, files) => scratch.writeFiles(tree, files),
    writeEmptyTree: () => scratch.writeEmptyTree(),
    mergeCommits: (base, head) => mergeCommits(git, base, head),
    readTree: (tree) => readTreeEntries(git, tree),
    readBlobs: (blobs) => readBlobContents(git, blobs),
    readChanges: (base, head) => readTreeChanges(git, base, head),
    listFirstParents: (tip, limit) => listFirstParents(git, tip, limit),
    listEmails: (base, head) => listEmails(git, base, head),
    close: () => scratch.close(),
  };
}

async function resolveCommit(git: GitRunner, name: string): Promise<string | null> {
  // A name that begins with a dash would be an option.
  if (name === "" || name.startsWith("-")) return null;
  const { code, out } = await git(["rev-parse", "--verify", "--quiet", `${name}^{commit}`], { accept: [0, 1, 128] });
  return code === 0 ? out.toString("utf8").trim() : null;
}

async function readHead(git: GitRunner): Promise<{ sha: string | null; branch: string | null }> {
  const { code, out } = await git(["symbolic-ref", "--quiet", "--short", "HEAD"], { accept: [0, 1] });
  return { sha: await resolveCommit(git, "HEAD"), branch: code === 0 ? out.toString("utf8").trim() : null };
}

async function findDefaultBranch(git: GitRunner): Promise<{ name: string; sha: string } | null> {
  const remote = "refs/remotes/origin/";
  const { code, out } = await git(["symbolic-ref", "--quiet", `${remote}HEAD`], { accept: [0, 1] });
  const told = code === 0 ? [out.toString("utf8").trim()] : [];
  const usual = ["main", "master"];
  const refs = [...told, ...usual.map((name) => `${remote}${name}`), ...usual.map((name) => `refs/heads/${name}`)];
  for (const ref of refs) {
    const sha = await resolveCommit(git, ref);
    if (sha !== null) return { name: ref.replace(remote, "").replace("refs/heads/", ""), sha };
  }
  return null;
}

async function readRemote(git: GitRunner): Promise<{ owner: string; name: string } | null> {
  const { code, out } = await git(["config", "--get", "remote.origin.url"], { accept: [0, 1] });
  const match = /[/:]([A-Za-z0-9_.-]{1,100})\/([A-Za-z0-9_.-]{1,100}?)(?:\.git)?\/?$/.exec(out.toString("utf8").trim());
  const [, owner, name] = match ?? [];
  return code === 0 && owner !== undefined && name !== undefined ? { owner, name } : null;
}

async function mergeCommits(
  git: GitRunner,
  base: string,
  head: string,
): Promise<{ tree: string; hasConflicts: boolean }> {
  const { code } = await git(["merge-base", "--is-ancestor", base, head], { accept: [0, 1] });
  if (code === 0) return { tree: head, hasConflicts: false };
  const request = { accept: [0, 1, 128, 129] };
  const merged = await git(["merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", base, head], request);
  if (merged.code === 129) {
    throw new GitError(
      "git 2.38 or newer is needed to see what the merge would give; update git, or bring the branch up to date with its base",
      { command: "merge-tree", code: 129, said: "" },
    );
  }
  if (merged.code === 128) await explainUnmerged(git, base, head);
  // What is left of 128: histories without a common commit, which GitHub does not merge either.
  if (merged.code !== 0) return { tree: head, hasConflicts: true };
  return { tree: splitNul(merged.out)[0] ?? head, hasConflicts: false };
}

/** @throws GitError when it is the clone that lacks something: that is no conflict */
async function explainUnmerged(git: GitRunner, base: string, head: string): Promise<void> {
  const { code } = await git(["merge-base", base, head], { accept: [0, 1] });
  const isShallow = (await git(["rev-parse", "--is-shallow-repository"])).out.toString("utf8").trim() === "true";
  if (code !== 0 && !isShallow) return;
  const message = isShallow
    ? "this clone is shallow and lacks the commit where the branch began: get it with git fetch --unshallow"
    : "this clone lacks objects that the merge needs, and nothing is fetched for it: clone without --filter";
  throw new GitError(message, { command: "merge-tree", code: 128, said: "" });
}

async function hasOneBranch(git: GitRunner): Promise<boolean> {
  const { out } = await git(["for-each-ref", "--count=2", "--format=%(refname)", "refs/heads", "refs/remotes"]);
  return out.toString("utf8").trim().split("\n").filter(Boolean).length === 1;
}

async function listFirstParents(git: GitRunner, tip: string, limit: number): Promise<readonly LocalCommit[]> {
  const format = "--format=%H%x01%P%x01%cI%x01%s";
  const { out } = await git(["log", "--first-parent", "-z", `--max-count=${limit}`, format, tip, "--"]);
  return splitNul(out).map((line) => {
    const [sha = "", parents = "", at = "", subject = ""] = line.split("\u0001");
    const parent = parents.split(" ")[0] ?? "";
    return { sha, parent: parent === "" ? null : parent, at: new Date(at).toISOString(), subject };
  });
}

async function listEmails(git: GitRunner, base: string | null, head: string): Promise<readonly string[]> {
  const range = base === null ? head : `${base}..${head}`;
  const format = "--format=%ae%n%ce%n%(trailers:key=Co-authored-by,valueonly)";
  const { out } = await git(["log", "-z", "--max-count=1000", format, range, "--"]);
  const lines = splitNul(out).flatMap((commit) => commit.split("\n"));
  const emails = lines.map((line) => (/<([^<>]{1,300})>\s*$/.exec(line)?.[1] ?? line).trim().toLowerCase());
  return [...new Set(emails.filter((email) => email !== "" && email !== "routeward@localhost"))].sort();
}
