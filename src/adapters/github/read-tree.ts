import { z } from "zod";
import type { TreeEntry } from "../../core/facts.ts";
import { GitHubError } from "../../ports/github.ts";
import type { BoundedCache } from "./bounded-cache.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** The whole tree of a commit, or as much of it as could be read. */
export interface Tree {
  complete: boolean;
  entries: readonly TreeEntry[];
}

/** GitHub cuts recursive listings at 100,000 entries or 7 MB; beyond these we stop walking ourselves. */
const maximumEntries = 300_000;
const maximumRequests = 100;

const treeSchema = z.object({
  truncated: z.boolean(),
  tree: z.array(
    z.object({ path: z.string(), mode: z.string(), type: z.string(), sha: z.string(), size: z.number().optional() }),
  ),
});

type RawTree = z.infer<typeof treeSchema>;

function readMode(mode: string): TreeEntry["mode"] {
  switch (mode) {
    case "100755":
      return "executable";
    case "120000":
      return "symlink";
    case "160000":
      return "submodule";
    default:
      // Old repositories hold 100664 and the like; Git reads all of them as plain files.
      if (mode.startsWith("100")) return "file";
      throw new GitHubError("failed to read the tree: GitHub reports a file mode that is unknown", {
        kind: "unexpected",
        status: 200,
        retryable: false,
      });
  }
}

async function fetchTree(context: RepositoryContext, sha: string, recursive: boolean): Promise<RawTree | null> {
  return context.client.find(
    "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
    // Any value of `recursive` switches it on, even 0.
    { ...context.place, tree_sha: sha, ...(recursive ? { recursive: "1" } : {}) },
    treeSchema,
    "read the tree",
  );
}

function collect(raw: RawTree, prefix: string, into: TreeEntry[]): void {
  for (const entry of raw.tree) {
    if (entry.type === "tree") continue;
    into.push({ path: prefix + entry.path, mode: readMode(entry.mode), oid: entry.sha, size: entry.size ?? 0 });
  }
}

/** Reads a tree whose recursive listing was cut: level by level where it is too large, at once where it is not. */
async function walkTree(context: RepositoryContext, sha: string): Promise<Tree> {
  const entries: TreeEntry[] = [];
  const open = [{ prefix: "", sha, isKnownTooLarge: true }];
  let requests = 0;
  let complete = true;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (requests >= maximumRequests || entries.length >= maximumEntries) return { complete: false, entries };
    const { prefix } = next;
    requests += 1;
    const raw = await fetchTree(context, next.sha, !next.isKnownTooLarge);
    if (raw === null) {
      complete = false;
    } else if (!raw.truncated) {
      collect(raw, prefix, entries);
      if (next.isKnownTooLarge) {
        for (const entry of raw.tree) {
          if (entry.type === "tree")
            open.push({ prefix: `${prefix}${entry.path}/`, sha: entry.sha, isKnownTooLarge: false });
        }
      }
    } else if (next.isKnownTooLarge) {
      collect(raw, prefix, entries);
      complete = false;
    } else {
      open.push({ ...next, isKnownTooLarge: true });
    }
  }
  return { complete, entries };
}

/** See `RepositoryPort.readTree`. Trees of a commit never change, so `cache` may keep them. */
export async function readTree(
  context: RepositoryContext,
  cache: BoundedCache<Tree>,
  sha: string,
): Promise<Tree | null> {
  const key = `${context.place.owner}/${context.place.repo} ${sha}`;
  const known = cache.get(key);
  if (known !== undefined) return known;

  const raw = await fetchTree(context, sha, true);
  if (raw === null) {
    await context.checkRepository();
    return null;
  }
  let tree: Tree;
  if (raw.truncated) {
    tree = await walkTree(context, sha);
  } else {
    const entries: TreeEntry[] = [];
    collect(raw, "", entries);
    tree = { complete: true, entries };
  }
  if (tree.complete) cache.set(key, tree, tree.entries.length);
  return tree;
}
