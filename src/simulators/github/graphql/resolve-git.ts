import type { Commit, Signature } from "../git/git-objects.ts";
import type { FlatEntry } from "../git/git-store.ts";
import { renderNodeId, renderTime } from "../render/render-account.ts";
import { listLatestRuns } from "../render/render-check.ts";
import { findByEmail } from "../render/render-git.ts";
import { resolveCommit } from "../find-in-world.ts";
import type { CheckRun, CheckSuite, Repository, World } from "../world.ts";
import { makeConnection, type ConnectionArguments } from "./connection.ts";
import { resolveAccount } from "./resolve-account.ts";

type Json = Record<string, unknown>;
type Person = Pick<Signature, "name" | "email">;

/** Longer texts are cut and marked. GitHub documents the mark, not the limit: this one is chosen to be met in tests. */
const maximumText = 512 * 1024;

function resolveBlob(repo: Repository, oid: string): Json {
  const content = repo.store.readBlob(oid) ?? Buffer.alloc(0);
  const isBinary = content.subarray(0, 8000).includes(0);
  return {
    __typename: "Blob",
    id: renderNodeId("Blob", repo.id) + oid,
    oid,
    abbreviatedOid: oid.slice(0, 7),
    byteSize: content.length,
    isBinary,
    isTruncated: content.length > maximumText,
    text: isBinary ? null : content.subarray(0, maximumText).toString("utf8"),
  };
}

function resolveEntry(world: World, repo: Repository, entry: FlatEntry): Json {
  return {
    // A number, not the text of REST: 33188 for 100644.
    mode: Number.parseInt(entry.mode, 8),
    type: entry.kind,
    oid: entry.oid,
    size: entry.kind === "blob" ? (repo.store.readBlob(entry.oid)?.length ?? 0) : 0,
    name: entry.path.split("/").at(-1) ?? "",
    path: entry.path,
    // A submodule's commit is in another repository.
    object: () => (entry.kind === "commit" ? null : resolveObject(world, repo, entry.oid)),
  };
}

function resolveTree(world: World, repo: Repository, oid: string, prefix = ""): Json {
  return {
    __typename: "Tree",
    id: renderNodeId("Tree", repo.id) + oid,
    oid,
    abbreviatedOid: oid.slice(0, 7),
    entries: () =>
      (repo.store.readTree(oid) ?? []).map((entry) =>
        resolveEntry(world, repo, { ...entry, path: prefix + entry.name }),
      ),
  };
}

/** The git author first, then those whom the message names as co-authors; each address once. */
function listAuthors(commit: Commit): Person[] {
  const trailers = commit.message.matchAll(/^co-authored-by:\s*([^<\n]*)<([^>\n]+)>\s*$/gim);
  const named = [...trailers].map(([, name = "", email = ""]) => ({ name: name.trim(), email: email.trim() }));
  const byEmail = new Map<string, Person>();
  for (const person of [commit.author, ...named]) {
    const key = person.email.toLowerCase();
    if (!byEmail.has(key)) byEmail.set(key, person);
  }
  return [...byEmail.values()];
}

function resolveSignature(world: World, by: Person): Json {
  const account = findByEmail(world, by.email);
  return { name: by.name, email: by.email, user: account?.kind === "User" ? resolveAccount(account) : null };
}

function resolveRun(repo: Repository, run: CheckRun): Json {
  return {
    id: renderNodeId("CheckRun", run.id),
    databaseId: run.id,
    name: run.name,
    status: run.status.toUpperCase(),
    conclusion: run.conclusion?.toUpperCase() ?? null,
    externalId: run.externalId,
    isRequired: ({ pullRequestNumber }: { pullRequestNumber?: number | null }) => {
      const base = repo.issues.get(pullRequestNumber ?? 0)?.pull?.baseRef;
      const checks = base === undefined ? undefined : repo.protections.get(base)?.requiredChecks;
      return (
        checks?.some(
          (check) => check.context === run.name && (check.appId === undefined || check.appId === run.suite.app.id),
        ) ?? false
      );
    },
  };
}

function resolveSuite(repo: Repository, suite: CheckSuite): Json {
  return {
    id: renderNodeId("CheckSuite", suite.id),
    databaseId: suite.id,
    app: {
      id: renderNodeId("App", suite.app.id),
      databaseId: suite.app.id,
      slug: suite.app.slug,
      name: suite.app.slug,
    },
    checkRuns: (wanted: ConnectionArguments) => {
      const runs = listLatestRuns(repo.checkRuns.filter((run) => run.suite === suite));
      return makeConnection("checkRuns", runs, wanted, (run) => resolveRun(repo, run));
    },
  };
}

export function resolveCommitObject(world: World, repo: Repository, commit: Commit): Json {
  return {
    __typename: "Commit",
    id: renderNodeId("Commit", repo.id) + commit.oid,
    oid: commit.oid,
    abbreviatedOid: commit.oid.slice(0, 7),
    message: commit.message,
    messageHeadline: commit.message.split("\n")[0] ?? "",
    committedDate: renderTime(commit.committer.date),
    author: resolveSignature(world, commit.author),
    committer: resolveSignature(world, commit.committer),
    tree: () => resolveTree(world, repo, commit.tree),
    authors: (wanted: ConnectionArguments) =>
      makeConnection("authors", listAuthors(commit), wanted, (by) => resolveSignature(world, by)),
    file: ({ path }: { path: string }) => {
      const entry = path === "" ? undefined : repo.store.findEntry(commit.tree, path);
      return entry === undefined ? null : resolveEntry(world, repo, entry);
    },
    checkSuites: (wanted: ConnectionArguments) => {
      const suites = repo.checkSuites.filter((suite) => suite.sha === commit.oid);
      return makeConnection("checkSuites", suites, wanted, (suite) => resolveSuite(repo, suite));
    },
  };
}

/** Any object by its id; null when the repository does not have it. */
export function resolveObject(world: World, repo: Repository, oid: string): Json | null {
  const object = repo.store.readObject(oid);
  if (object?.kind === "blob") return resolveBlob(repo, oid);
  if (object?.kind === "tree") return resolveTree(world, repo, oid);
  const commit = repo.store.readCommit(oid);
  return commit === undefined ? null : resolveCommitObject(world, repo, commit);
}

/** An expression of git: a ref or SHA, or one with `:path` behind it. Null when it leads nowhere. */
export function resolveExpression(world: World, repo: Repository, expression: string): Json | null {
  const colon = expression.indexOf(":");
  const name = colon < 0 ? expression : expression.slice(0, colon);
  const sha = resolveCommit(repo, name);
  if (sha === undefined) return colon < 0 ? resolveObject(world, repo, name) : null;
  if (colon < 0) return resolveObject(world, repo, sha);
  const entry = repo.store.findEntry(repo.store.requireCommit(sha).tree, expression.slice(colon + 1));
  return entry === undefined ? null : resolveObject(world, repo, entry.oid);
}
