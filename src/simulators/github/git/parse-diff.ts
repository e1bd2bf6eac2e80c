export interface FileDiff {
  status: "added" | "removed" | "modified" | "renamed" | "copied" | "changed";
  path: string;
  previousPath: string | undefined;
  /** Null for a removed file. */
  oid: string | null;
  oldOid: string | null;
  mode: string;
  oldMode: string;
  additions: number;
  deletions: number;
  /** From the first `@@`; undefined for binary files and mode changes. */
  patch: string | undefined;
}

const statusNames: Record<string, FileDiff["status"]> = {
  A: "added",
  D: "removed",
  M: "modified",
  R: "renamed",
  C: "copied",
  T: "changed",
};

const noObject = "0".repeat(40);

function takePatches(patch: string): string[] {
  return patch
    .split(/^(?=diff --git )/m)
    .filter((section) => section.startsWith("diff --git "))
    .map((section) => {
      const start = section.search(/^@@ /m);
      return start < 0 ? "" : section.slice(start).replace(/\n$/, "");
    });
}

/** Reads `git diff-tree -z --raw --numstat` and, for the hunks, the same difference as `-p`. */
export function parseDiff(raw: string, patch: string): FileDiff[] {
  const fields = raw.split("\0");
  const patches = takePatches(patch);
  const files: FileDiff[] = [];
  let at = 0;
  let section = 0;
  while (fields[at]?.startsWith(":") === true) {
    const [oldMode = "", mode = "", oldOid = "", oid = "", letter = ""] = (fields[at] ?? "").slice(1).split(" ");
    const status = statusNames[letter.slice(0, 1)] ?? "modified";
    const isPair = status === "renamed" || status === "copied";
    const first = fields[at + 1] ?? "";
    const second = isPair ? (fields[at + 2] ?? "") : undefined;
    at += isPair ? 3 : 2;
    // A change of type is shown as a removal and an addition, two sections for one entry.
    const width = status === "changed" ? 2 : 1;
    const text = patches.slice(section, section + width).filter((part) => part !== "");
    section += width;
    files.push({
      status,
      path: second ?? first,
      previousPath: second === undefined ? undefined : first,
      oid: oid === noObject ? null : oid,
      oldOid: oldOid === noObject ? null : oldOid,
      mode,
      oldMode,
      additions: 0,
      deletions: 0,
      patch: text.length === 0 ? undefined : text.join("\n"),
    });
  }
  for (const file of files) {
    const [additions = "", deletions = "", path = ""] = (fields[at] ?? "").split("\t");
    // For a rename the path is empty and both names follow as fields of their own.
    at += path === "" ? 3 : 1;
    file.additions = Number(additions) || 0;
    file.deletions = Number(deletions) || 0;
  }
  return files;
}
