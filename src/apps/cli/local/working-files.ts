import type { FileContent, Snapshot, SourceText, TreeEntry } from "../../../core/facts.ts";
import { policyPath } from "../../../core/policy/parse-policy.ts";
import { codeownersLimitBytes } from "../../../core/reviewers/parse-codeowners.ts";
import { codeownersPaths } from "../../../core/risk/classify-governance.ts";
import { tableOf } from "../../../core/table-of.ts";
import type { LocalGit } from "../../../adapters/git-local/open-local-git.ts";

/** The working tree as it would be committed now, read as far as it is asked for. */
export interface WorkingFiles {
  entries: readonly TreeEntry[];
  /** Reads these paths, those that exist. */
  read(paths: readonly string[]): Promise<void>;
  /** With everything that was read so far. */
  snapshot(): Snapshot;
  readPolicy(): Promise<SourceText>;
  /** The one CODEOWNERS file that GitHub takes. */
  readCodeowners(): Promise<SourceText>;
}

export async function readWorkingFiles(git: LocalGit): Promise<WorkingFiles> {
  const commit = await git.writeWorkingTree();
  const entries = await git.readTree(commit);
  const contents = new Map<string, FileContent>();
  const read = async (paths: readonly string[]): Promise<void> => {
    const wanted = new Set(paths.filter((path) => !contents.has(path)));
    const found = entries.filter((entry) => wanted.has(entry.path));
    const blobs = await git.readBlobs(
      found.map((entry) =>
        codeownersPaths.includes(entry.path) ? { ...entry, maxBytes: codeownersLimitBytes } : entry,
      ),
    );
    for (const { path, oid, mode } of found) {
      const content: FileContent | undefined =
        mode === "symlink" || mode === "submodule" ? { kind: mode } : blobs.get(oid);
      if (content !== undefined) contents.set(path, content);
    }
  };
  const readSource = async (path: string | undefined): Promise<SourceText> => {
    if (path === undefined || !entries.some((entry) => entry.path === path)) return { kind: "absent" };
    await read([path]);
    const content = contents.get(path);
    return content?.kind === "text"
      ? { kind: "text", path, text: content.text }
      : { kind: "unreadable", path, why: content?.kind ?? "it has no content" };
  };
  return {
    entries,
    read,
    snapshot: () => ({ commit, complete: true, entries, contents: tableOf([...contents]) }),
    readPolicy: () => readSource(policyPath),
    readCodeowners: () => readSource(codeownersPaths.find((path) => entries.some((entry) => entry.path === path))),
  };
}
