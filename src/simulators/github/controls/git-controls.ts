import type { PushInput } from "../control-input.ts";
import { changeRef } from "../domain/push.ts";
import { signAs, signFor } from "../domain/signatures.ts";
import { GitStore } from "../git/git-store.ts";
import type { GitHubSimulator } from "../github-simulator.ts";
import { addAccount } from "../domain/add-account.ts";
import {
  findAccount,
  findRepository,
  fullName,
  requireAccount,
  requireRepository,
  resolveCommit,
} from "../find-in-world.ts";
import type { Account, Repository, World } from "../world.ts";

type GitControls = Pick<
  GitHubSimulator,
  | "createRepository"
  | "forkRepository"
  | "pushFiles"
  | "createBranch"
  | "deleteBranch"
  | "forcePush"
  | "readFile"
  | "resolveRef"
  | "protectBranch"
  | "unprotectBranch"
>;

const founderLogin = "ghost-writer";

function findFounder(world: World): Account {
  return findAccount(world, founderLogin) ?? addAccount(world, { login: founderLogin, kind: "User" });
}

function requireSha(repo: Repository, ref: string): string {
  const sha = resolveCommit(repo, ref);
  if (sha === undefined) throw new Error(`${fullName(repo)} has no ${ref}`);
  return sha;
}

function renderTrailers(world: World, coAuthors: readonly string[]): string {
  const lines = coAuthors.map((author) => {
    const account = findAccount(world, author);
    return `Co-authored-by: ${account === undefined ? author : `${account.name} <${account.email}>`}`;
  });
  return lines.length === 0 ? "" : `\n\n${lines.join("\n")}`;
}

function findPusher(world: World, push: PushInput): Account {
  if (push.pusher !== undefined) return requireAccount(world, push.pusher);
  if (typeof push.author === "string") return requireAccount(world, push.author);
  throw new Error("a push with an author who has no account needs a pusher");
}

function addRepository(
  world: World,
  repo: Omit<
    Repository,
    | "id"
    | "collaborators"
    | "issues"
    | "protections"
    | "queues"
    | "checkSuites"
    | "checkRuns"
    | "statuses"
    | "deployments"
    | "workflowRuns"
    | "attestations"
    | "createdAt"
    | "pushedAt"
  >,
): Repository {
  if (findRepository(world, repo.owner.login, repo.name) !== undefined)
    throw new Error(`${repo.owner.login}/${repo.name} exists`);
  const made: Repository = {
    ...repo,
    id: world.nextId(),
    collaborators: new Map(),
    issues: new Map(),
    protections: new Map(),
    queues: new Map(),
    checkSuites: [],
    checkRuns: [],
    statuses: [],
    deployments: [],
    workflowRuns: [],
    attestations: [],
    createdAt: world.now(),
    pushedAt: world.now(),
  };
  world.repositories.push(made);
  return made;
}

function pushFiles(world: World, push: PushInput): string {
  const repo = requireRepository(world, push.repo);
  const ref = `refs/heads/${push.branch}`;
  const tip = push.parent ?? repo.refs.get(ref) ?? requireSha(repo, repo.defaultBranch);
  const author = signFor(world, push.author);
  const sha = repo.store.writeCommit({
    tree: repo.store.applyFiles(repo.store.requireCommit(tip).tree, push.files),
    parents: [tip, ...(push.mergeOf ?? [])],
    author,
    committer: push.committer === undefined ? author : signFor(world, push.committer),
    message: `${push.message}${renderTrailers(world, push.coAuthors ?? [])}`,
  });
  changeRef(world, { repo, ref, to: sha, by: findPusher(world, push) });
  return sha;
}

export function createGitControls(world: World): GitControls {
  return {
    createRepository({
      owner,
      name,
      files,
      private: isPrivate = false,
      defaultBranch = "main",
      author,
      message = "Initial commit",
    }) {
      const store = new GitStore();
      world.stores.push(store);
      const by = signAs(world, author === undefined ? findFounder(world) : requireAccount(world, author));
      const sha = store.writeCommit({
        tree: store.applyFiles(undefined, files),
        parents: [],
        author: by,
        committer: by,
        message,
      });
      const repo = addRepository(world, {
        owner: requireAccount(world, owner),
        name,
        private: isPrivate,
        defaultBranch,
        parent: undefined,
        store,
        refs: new Map([[`refs/heads/${defaultBranch}`, sha]]),
      });
      return { fullName: fullName(repo), id: repo.id, sha };
    },
    forkRepository({ repo: name, owner }) {
      const parent = requireRepository(world, name);
      const heads = [...parent.refs].filter(([ref]) => ref.startsWith("refs/heads/"));
      const fork = addRepository(world, {
        owner: requireAccount(world, owner),
        name: parent.name,
        private: parent.private,
        defaultBranch: parent.defaultBranch,
        parent,
        store: parent.store,
        refs: new Map(heads),
      });
      return { fullName: fullName(fork), id: fork.id };
    },
    pushFiles: (push) => pushFiles(world, push),
    createBranch({ repo: name, branch, from }) {
      const repo = requireRepository(world, name);
      const sha = requireSha(repo, from ?? repo.defaultBranch);
      const by = repo.owner.kind === "User" ? repo.owner : findFounder(world);
      changeRef(world, { repo, ref: `refs/heads/${branch}`, to: sha, by });
      return sha;
    },
    deleteBranch({ repo: name, branch, pusher }) {
      const by = pusher === undefined ? findFounder(world) : requireAccount(world, pusher);
      changeRef(world, { repo: requireRepository(world, name), ref: `refs/heads/${branch}`, to: undefined, by });
    },
    forcePush({ repo: name, branch, sha, pusher }) {
      const repo = requireRepository(world, name);
      const by = requireAccount(world, pusher);
      changeRef(world, { repo, ref: `refs/heads/${branch}`, to: requireSha(repo, sha), by });
    },
    readFile({ repo: name, ref, path }) {
      const repo = requireRepository(world, name);
      const sha = resolveCommit(repo, ref);
      const entry = sha === undefined ? undefined : repo.store.findEntry(repo.store.requireCommit(sha).tree, path);
      return entry?.kind === "blob" ? repo.store.readBlob(entry.oid)?.toString("utf8") : undefined;
    },
    resolveRef({ repo, ref }) {
      return resolveCommit(requireRepository(world, repo), ref);
    },
    protectBranch({
      repo,
      branch,
      kind = "classic",
      requiredChecks = [],
      requiredApprovals = 0,
      enforceAdmins = false,
      strict = false,
      mergeQueue = false,
    }) {
      const queue = mergeQueue === true ? { method: "merge" as const } : mergeQueue;
      requireRepository(world, repo).protections.set(branch, {
        kind,
        requiredChecks: requiredChecks.map((check) => ({ context: check.context, appId: check.appId })),
        requiredApprovals,
        enforceAdmins,
        strict,
        mergeQueue: queue === false ? undefined : queue,
      });
    },
    unprotectBranch({ repo, branch }) {
      const found = requireRepository(world, repo);
      found.protections.delete(branch);
      world.settleQueues(found);
    },
  };
}
