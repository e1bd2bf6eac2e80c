import type { ChangedPath, PullFacts, RepositoryFacts } from "../../../core/facts.ts";
import { isGovernancePath } from "../../../core/risk/classify-governance.ts";
import type { LocalGit } from "../../../adapters/git-local/open-local-git.ts";
import { UsageError } from "../cli-command.ts";

export interface LocalChangeQuestion {
  /** Branch or commit to compare with; null for the default branch. */
  base: string | null;
  /** Leave out what is not committed. */
  committed: boolean;
  /** `owner/name` where `origin` does not say it. */
  repository: string | null;
  /** Text of a policy to judge by instead of the one in force. */
  policy: string | null;
  /** Judge by the policy and CODEOWNERS of the branch itself, as if they were merged already. */
  ownRules: boolean;
  /** Login of whoever would open the pull request. */
  author: string | null;
}

/** The work on a branch as the pull request that it would be. Trees and commits are object ids of the clone. */
export interface LocalChange {
  repository: RepositoryFacts;
  pull: PullFacts;
  base: string;
  /** What the base would hold after the merge. */
  head: string;
  rules: string;
  hasConflicts: boolean;
  changes: readonly ChangedPath[];
  /** Logins that the commits' addresses name. */
  commitLogins: readonly string[];
  /** What had to be assumed, for people. */
  notes: readonly string[];
}

/** @throws UsageError when `base` is no commit of this clone or there is nothing to compare with, and GitError */
export async function readLocalChange(git: LocalGit, question: LocalChangeQuestion): Promise<LocalChange> {
  const head = await git.readHead();
  const base = await findBase(git, question.base, head);
  const baseTree = base.sha ?? (await git.writeEmptyTree());
  const tip = question.committed && head.sha !== null ? head.sha : await git.writeWorkingTree();
  const merged = base.sha === null ? { tree: tip, hasConflicts: false } : await git.mergeCommits(base.sha, tip);
  const changes = await git.readChanges(baseTree, merged.tree);
  const emails = head.sha === null ? [] : await git.listEmails(base.sha, head.sha);
  const commitLogins = [...new Set(emails.flatMap(loginOf))];
  const repository = { id: 0, ...(await nameRepository(git, question.repository)), defaultBranch: base.name };
  const isSame = changes.length === 0;
  return {
    repository,
    pull: describePull({ base, tip, branch: head.branch, author: question.author ?? commitLogins[0] ?? "you" }),
    base: baseTree,
    head: merged.tree,
    rules: await chooseRules(git, question, baseTree, merged.tree),
    hasConflicts: merged.hasConflicts,
    changes: question.ownRules ? changes.filter(({ path }) => !isGovernancePath(path)) : changes,
    commitLogins,
    notes: [
      ...base.notes,
      ...(isSame ? [`nothing differs from ${base.name}; compare with an older commit by --base`] : []),
    ],
  };
}

interface Base {
  name: string;
  /** Null in a repository without a commit: everything is new. */
  sha: string | null;
  notes: readonly string[];
}

async function findBase(
  git: LocalGit,
  asked: string | null,
  head: { sha: string | null; branch: string | null },
): Promise<Base> {
  if (asked !== null) {
    const sha = await git.findCommit(asked);
    if (sha === null) throw new UsageError(`--base ${asked} is no commit of this clone`);
    return { name: asked.replace(/^origin\//, ""), sha, notes: [] };
  }
  const found = await git.findDefaultBranch();
  if (found !== null) return { ...found, notes: [] };
  const name = head.branch ?? "HEAD";
  if (head.sha === null) return { name, sha: null, notes: ["there is no commit yet, so every file is new"] };
  // Compared with the branch itself a pipeline's clone of one branch would find nothing to approve, whatever stands there.
  if (head.branch === null || !(await git.hasOneBranch()) || (await git.readRemote()) !== null) {
    throw new UsageError("the default branch is not known here: fetch it, or name a branch or commit by --base");
  }
  const note = `${name} is the only branch, so the working tree is compared with it; name another commit by --base`;
  return { name, sha: head.sha, notes: [note] };
}

async function nameRepository(git: LocalGit, asked: string | null): Promise<{ owner: string; name: string }> {
  if (asked !== null) {
    const [, owner, name] = /^([A-Za-z0-9_.-]{1,100})\/([A-Za-z0-9_.-]{1,100})$/.exec(asked) ?? [];
    if (owner === undefined || name === undefined) throw new UsageError(`--repository ${asked} is not OWNER/NAME`);
    return { owner, name };
  }
  const remote = await git.readRemote();
  return remote ?? { owner: "local", name: git.root.split(/[/\\]/).at(-1) ?? "repository" };
}

async function chooseRules(git: LocalGit, question: LocalChangeQuestion, base: string, head: string): Promise<string> {
  const rules = question.ownRules ? head : base;
  return question.policy === null
    ? rules
    : git.writeFiles(rules, new Map([[".github/routeward.yml", question.policy]]));
}

function describePull(input: { base: Base; tip: string; branch: string | null; author: string }): PullFacts {
  const { base, tip, branch, author } = input;
  return {
    number: 0,
    title: branch ?? "detached HEAD",
    state: "open",
    isDraft: false,
    merged: false,
    mergeCommitSha: null,
    mergedAt: null,
    author: { id: 1, login: author.replace(/^@/, ""), isBot: false },
    baseRef: base.name,
    baseSha: base.sha ?? "",
    headRef: branch ?? tip,
    headSha: tip,
    isFork: false,
    htmlUrl: "",
  };
}

/** GitHub's own addresses carry the login; others say nothing about accounts. */
function loginOf(email: string): string[] {
  const match = /^(?:\d{1,15}\+)?([a-z0-9-]{1,100})@users\.noreply\.[a-z0-9.-]{1,200}$/.exec(email);
  return match?.[1] === undefined ? [] : [match[1]];
}
