import type { ChangedPath, TreeEntry } from "./facts.ts";

/** What differs between two trees, by path. A renamed file is one that is removed and one that is added. Sorted by path. */
export function diffTrees(base: readonly TreeEntry[], head: readonly TreeEntry[]): readonly ChangedPath[] {
  const before = new Map(base.map((entry) => [entry.path, entry]));
  const after = new Map(head.map((entry) => [entry.path, entry]));
  const changes: ChangedPath[] = [];
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old === undefined) changes.push({ path, previousPath: null, status: "added" });
    else if (old.oid !== entry.oid || old.mode !== entry.mode)
      changes.push({ path, previousPath: null, status: "modified" });
  }
  for (const path of before.keys()) if (!after.has(path)) changes.push({ path, previousPath: null, status: "removed" });
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
