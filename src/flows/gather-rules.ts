import type { FileContent, Snapshot, SourceText, TreeEntry } from "../core/facts.ts";
import { codeownersLimitBytes } from "../core/reviewers/parse-codeowners.ts";
import { GitHubError, type RepositoryFiles } from "../ports/github.ts";

export const policyPath = ".github/routeward.yml";
/** In GitHub's order: the first that exists is the only one that counts (facts/github.md section 5). */
export const codeownersPaths: readonly string[] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/** The rules in force, as texts: all from the default branch or one that the operator lists, never from a head (SPEC 3). */
export interface RuleSources {
  /** Commit that they were read from. */
  sha: string;
  policy: SourceText;
  floor: SourceText;
  codeowners: SourceText;
}

const whyUnreadable: Readonly<Record<Exclude<FileContent["kind"], "text">, string>> = {
  "too-large": "it is larger than 256 KiB",
  binary: "it is not a text file",
  "not-utf8": "it is not UTF-8",
  "lfs-pointer": "it is a Git LFS pointer",
  symlink: "it is a symbolic link",
  submodule: "it is a submodule",
};

function sourceOf(path: string, content: FileContent | undefined): SourceText {
  if (content === undefined) return { kind: "unreadable", path, why: "GitHub did not give its content" };
  if (content.kind === "text") return { kind: "text", path, text: content.text };
  const isIgnored = content.kind === "too-large" && codeownersPaths.includes(path);
  return {
    kind: "unreadable",
    path,
    why: isIgnored ? "GitHub ignores one of 3 MB or more" : whyUnreadable[content.kind],
  };
}

async function readFloor(port: RepositoryFiles): Promise<SourceText> {
  const path = `organisation's .github: ${policyPath}`;
  try {
    const file = await port.readOrganizationFile(policyPath);
    if (file === null) return { kind: "absent" };
    return "text" in file
      ? { kind: "text", path, text: file.text }
      : { kind: "unreadable", path, why: file.unreadable };
  } catch (error) {
    // The app may not be installed on that repository. Whether this blocks is the operator's to say (SPEC 3, requireFloor).
    if (error instanceof GitHubError && !error.retryable) return { kind: "unreadable", path, why: error.message };
    throw error;
  }
}

/** Reads some files of a tree. Entries that are links or submodules say so instead of being followed. */
export async function readFiles(
  port: RepositoryFiles,
  entries: readonly TreeEntry[],
  paths: readonly string[],
): Promise<Record<string, FileContent>> {
  const wanted = new Set(paths);
  const found = entries.filter((entry) => wanted.has(entry.path));
  // GitHub's limit for CODEOWNERS is far above ours for other files (facts/github.md section 5).
  const blobs = await port.readBlobs(
    found.map((entry) => (codeownersPaths.includes(entry.path) ? { ...entry, maxBytes: codeownersLimitBytes } : entry)),
  );
  const contents: Record<string, FileContent> = Object.create(null);
  for (const entry of found) {
    const content = blobs.get(entry.oid);
    if (entry.mode === "symlink" || entry.mode === "submodule") contents[entry.path] = { kind: entry.mode };
    else if (content !== undefined) contents[entry.path] = content;
  }
  return contents;
}

/** An empty snapshot of a commit, or of a commit that GitHub does not know: then nothing may be concluded from it. */
export async function readSnapshot(port: RepositoryFiles, sha: string): Promise<Snapshot> {
  const tree = await port.readTree(sha);
  return { commit: sha, complete: tree?.complete ?? false, entries: tree?.entries ?? [], contents: {} };
}

/**
 * Reads policy, organisation floor and CODEOWNERS from the tip of the default branch.
 *
 * @param branch another branch to read them from; only one that the operator lists and that is guarded (`findPolicyBranch`)
 */
export async function gatherRules(port: RepositoryFiles, branch?: string): Promise<RuleSources> {
  const { defaultBranch } = await port.readRepository();
  const [snapshot, floor] = await Promise.all([
    port.readBranch(branch ?? defaultBranch).then((sha) => readSnapshot(port, sha ?? "")),
    readFloor(port),
  ]);
  return { sha: snapshot.commit, floor, ...(await readRules(port, snapshot)) };
}

/** Reads policy and CODEOWNERS as one commit holds them. */
export async function readRules(
  port: RepositoryFiles,
  snapshot: Snapshot,
): Promise<Pick<RuleSources, "policy" | "codeowners">> {
  const contents = await readFiles(port, snapshot.entries, [policyPath, ...codeownersPaths]);
  const source = (path: string | undefined): SourceText => {
    if (path !== undefined && snapshot.entries.some((entry) => entry.path === path))
      return sourceOf(path, contents[path]);
    // In a listing that was cut nobody can tell that a file is absent.
    return snapshot.complete
      ? { kind: "absent" }
      : { kind: "unreadable", path: path ?? ".github/CODEOWNERS", why: "GitHub could not list the whole repository" };
  };
  const owners = codeownersPaths.find((path) => snapshot.entries.some((entry) => entry.path === path));
  return { policy: source(policyPath), codeowners: source(owners) };
}
