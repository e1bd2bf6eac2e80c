import type { ChangedPath, FileContent, TreeEntry } from "../../core/facts.ts";
import type { GitRunner } from "./run-git.ts";

/** Larger files are not read (SPEC 2), except where the caller names a limit of its own. */
const maximumBlobBytes = 256 * 1024;

/** Blobs asked for in one call of `cat-file`, so that one answer stays small. */
const batchBlobs = 400;

const modes: Readonly<Record<string, TreeEntry["mode"]>> = {
  "100644": "file",
  "100664": "file",
  "100755": "executable",
  "120000": "symlink",
  "160000": "submodule",
};

/** Every path of a tree. Names come as bytes that end with NUL, so no name can look like another line. */
export async function readTreeEntries(git: GitRunner, tree: string): Promise<readonly TreeEntry[]> {
  const { out } = await git(["ls-tree", "-r", "-l", "-z", "--full-tree", tree]);
  return splitNul(out).flatMap((line) => {
    const tab = line.indexOf("\t");
    const [mode = "", , oid = "", size = "0"] = line.slice(0, tab).split(/ +/);
    const known = modes[mode];
    return known === undefined ? [] : [{ path: line.slice(tab + 1), mode: known, oid, size: Number(size) || 0 }];
  });
}

/** Contents by blob id; see `RepositoryPort.readBlobs`. */
export async function readBlobContents(
  git: GitRunner,
  blobs: readonly (Pick<TreeEntry, "oid" | "mode" | "size"> & { maxBytes?: number })[],
): Promise<ReadonlyMap<string, FileContent>> {
  const contents = new Map<string, FileContent>();
  const wanted = new Set<string>();
  for (const { oid, mode, size, maxBytes = maximumBlobBytes } of blobs) {
    if (mode === "symlink" || mode === "submodule") contents.set(oid, { kind: mode });
    else if (size > maxBytes) contents.set(oid, { kind: "too-large", size });
    else wanted.add(oid);
  }
  const open = [...wanted].filter((oid) => !contents.has(oid));
  for (let start = 0; start < open.length; start += batchBlobs) {
    const batch = open.slice(start, start + batchBlobs);
    const { out } = await git(["cat-file", "--batch"], { input: `${batch.join("\n")}\n` });
    for (const [oid, bytes] of splitBatch(out)) contents.set(oid, classifyBytes(bytes));
  }
  return contents;
}

function* splitBatch(out: Buffer): Generator<[oid: string, bytes: Buffer]> {
  let at = 0;
  while (at < out.length) {
    const end = out.indexOf(10, at);
    if (end < 0) return;
    const [oid = "", kind, size] = out.toString("utf8", at, end).split(" ");
    at = end + 1;
    if (kind === undefined || size === undefined) continue;
    const length = Number(size);
    if (kind === "blob") yield [oid, out.subarray(at, at + length)];
    at += length + 1;
  }
}

/** Says what bytes are: text only when they are strict UTF-8 without NUL. A byte order mark stays. */
function classifyBytes(bytes: Uint8Array): FileContent {
  if (bytes.includes(0)) return { kind: "binary" };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { kind: "not-utf8" };
  }
  if (text.startsWith("version https://git-lfs.github.com/spec/")) return { kind: "lfs-pointer" };
  return { kind: "text", text };
}

const statuses: Readonly<Record<string, ChangedPath["status"]>> = {
  A: "added",
  D: "removed",
  M: "modified",
  T: "changed",
  R: "renamed",
  C: "copied",
};

/** What differs between two trees, with renames; sorted by path. */
export async function readTreeChanges(git: GitRunner, base: string, head: string): Promise<readonly ChangedPath[]> {
  const { out } = await git(["diff-tree", "-r", "-z", "-M", "--no-ext-diff", "--name-status", base, head]);
  const words = splitNul(out);
  const files: ChangedPath[] = [];
  for (let at = 0; at < words.length;) {
    const letter = (words[at] ?? "").slice(0, 1);
    const status = statuses[letter] ?? "changed";
    const isPair = letter === "R" || letter === "C";
    const path = words[at + (isPair ? 2 : 1)] ?? "";
    // A copy leaves its source as it was, so only a renamed file has an old name.
    files.push({ path, previousPath: letter === "R" ? (words[at + 1] ?? null) : null, status });
    at += isPair ? 3 : 2;
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The words of an answer in which each ends with NUL. */
export function splitNul(out: Buffer): readonly string[] {
  const words = out.toString("utf8").split("\0");
  return words.at(-1) === "" ? words.slice(0, -1) : words;
}
