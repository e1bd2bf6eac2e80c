import { copyFile, lstat, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { splitNul } from "./read-objects.ts";
import { createGitRunner, type GitRunner } from "./run-git.ts";

/** Untracked files above this are left out: they cannot be read anyway, and a forgotten dump must not be packed. */
const maximumUntrackedBytes = 1024 * 1024;
const maximumUntracked = 20_000;

/** Nobody: objects made here are thrown away. */
const nobody: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: "routeward",
  GIT_AUTHOR_EMAIL: "routeward@localhost",
  GIT_AUTHOR_DATE: "@0 +0000",
  GIT_COMMITTER_NAME: "routeward",
  GIT_COMMITTER_EMAIL: "routeward@localhost",
  GIT_COMMITTER_DATE: "@0 +0000",
};

/**
 * A place for objects and an index beside the repository, so that a state which nobody committed can be a real tree of git's own making
 * (filters, modes, links, ignored files) while the repository stays untouched.
 */
export interface Scratch {
  /** Reads the repository's objects and its own, writes only its own. */
  git: GitRunner;
  /** The commit that `git add --all` and `git commit` would make of the working tree now, on top of `parent`. */
  writeWorkingTree(parent: string | null): Promise<string>;
  /** A tree with some files written anew; null removes one. */
  writeFiles(tree: string, files: ReadonlyMap<string, string | null>): Promise<string>;
  writeEmptyTree(): Promise<string>;
  close(): Promise<void>;
}

/** Makes the scratch in the folder for temporary files; `close` removes it. */
export async function openScratch(
  root: string,
  paths: { objects: string; index: string },
  env: Readonly<Record<string, string | undefined>>,
): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), "routeward-"));
  const objects = join(folder, "objects");
  await mkdir(objects);
  const git = createGitRunner(root, env, {
    ...nobody,
    GIT_OBJECT_DIRECTORY: objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: `"${paths.objects.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
  });
  let indexes = 0;
  const nextIndex = (): { GIT_INDEX_FILE: string } => {
    indexes += 1;
    return { GIT_INDEX_FILE: join(folder, `index-${indexes}`) };
  };
  const readId = async (args: readonly string[], request: Parameters<GitRunner>[1] = {}): Promise<string> =>
    (await git(args, request)).out.toString("utf8").trim();

  return {
    git,
    async writeWorkingTree(parent) {
      const env = nextIndex();
      const hasIndex = await copyIfThere(paths.index, env.GIT_INDEX_FILE);
      // Files that cannot be read are left out, as they would be missing for everybody else.
      if (hasIndex) await git(["add", "--update", "--ignore-errors"], { env, accept: [0, 1] });
      const untracked = await listUntracked(root, git);
      if (untracked.length > 0) {
        await git(["add", "--ignore-errors", "--pathspec-from-file=-", "--pathspec-file-nul"], {
          env,
          input: untracked.join("\0"),
          accept: [0, 1],
        });
      }
      const tree = await readId(["write-tree", "--missing-ok"], { env });
      const onto = parent === null ? [] : ["-p", parent];
      return readId(["commit-tree", tree, ...onto, "-m", "working tree"]);
    },
    async writeFiles(tree, files) {
      const env = nextIndex();
      await git(["read-tree", tree], { env });
      const lines: string[] = [];
      for (const [path, text] of files) {
        const oid = text === null ? null : await readId(["hash-object", "-w", "--stdin"], { input: text });
        lines.push(oid === null ? `0 ${"0".repeat(40)}\t${path}\0` : `100644 ${oid}\t${path}\0`);
      }
      await git(["update-index", "-z", "--index-info"], { env, input: lines.join("") });
      return readId(["write-tree", "--missing-ok"], { env });
    },
    writeEmptyTree: () => readId(["mktree"]),
    // A git that was cut off may still be writing.
    close: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }),
  };
}

async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to);
    return true;
  } catch {
    // A repository without a single `git add` has no index.
    return false;
  }
}

async function listUntracked(root: string, git: GitRunner): Promise<readonly string[]> {
  const { out } = await git(["ls-files", "--others", "--exclude-standard", "-z"]);
  const found: string[] = [];
  for (const path of splitNul(out).slice(0, maximumUntracked)) {
    // A name that ends with a slash is a repository of its own.
    if (path.endsWith("/")) continue;
    const stats = await lstat(join(root, path)).catch(() => null);
    if (stats !== null && stats.size <= maximumUntrackedBytes) found.push(path);
  }
  return found;
}
