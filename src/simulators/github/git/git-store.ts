import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Files } from "../control-input.ts";
import { parseDiff, type FileDiff } from "./parse-diff.ts";
import {
  decideKind,
  parseCommit,
  parseTree,
  writeCommit,
  writeTree,
  type Commit,
  type Signature,
  type TreeEntry,
} from "./git-objects.ts";
import { ObjectDatabase, type GitObject } from "./object-database.ts";

export interface FlatEntry {
  path: string;
  mode: string;
  kind: TreeEntry["kind"];
  oid: string;
}

interface Folder {
  entries: Map<string, TreeEntry | Folder>;
}

/**
 * Objects and history of one repository and its forks. Reads and single writes happen in this process; merge bases,
 * merges and differences are the `git` command's (2.38 or newer), each asked once per pair of commits.
 */
export class GitStore {
  readonly #database: ObjectDatabase;
  readonly #folder: string;
  readonly #mergeBases = new Map<string, string | undefined>();
  readonly #merges = new Map<string, string | undefined>();
  readonly #diffs = new Map<string, FileDiff[]>();
  readonly #commits = new Map<string, Commit>();

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "routeward-github-"));
    this.#database = new ObjectDatabase(this.#folder);
    // What `git init --bare` would write, without two processes for each repository.
    for (const name of ["objects", "refs"]) mkdirSync(join(this.#folder, name));
    writeFileSync(join(this.#folder, "HEAD"), "ref: refs/heads/main\n");
    const config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[gc]\n\tauto = 0\n";
    writeFileSync(join(this.#folder, "config"), config);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #git(arguments_: string[], expected: number[]): { status: number; stdout: Buffer } {
    const result = spawnSync("git", arguments_, {
      maxBuffer: 256 * 1024 * 1024,
      // Nothing of the machine's own git configuration may change a result.
      env: {
        PATH: process.env["PATH"],
        GIT_DIR: this.#folder,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        LC_ALL: "C",
      },
    });
    if (result.error !== undefined) throw result.error;
    if (!expected.includes(result.status ?? -1)) {
      throw new Error(`git ${arguments_.join(" ")} ended with ${result.status}: ${result.stderr.toString()}`);
    }
    return { status: result.status ?? -1, stdout: result.stdout };
  }

  readObject(oid: string): GitObject | undefined {
    return this.#database.read(oid);
  }

  writeBlob(content: Buffer): string {
    return this.#database.write("blob", content);
  }

  readBlob(oid: string): Buffer | undefined {
    const object = this.#database.read(oid);
    return object?.kind === "blob" ? object.content : undefined;
  }

  readTree(oid: string): TreeEntry[] | undefined {
    const object = this.#database.read(oid);
    return object?.kind === "tree" ? parseTree(object.content) : undefined;
  }

  writeTree(entries: readonly TreeEntry[]): string {
    return writeTree(this.#database, entries);
  }

  readCommit(oid: string): Commit | undefined {
    const known = this.#commits.get(oid);
    if (known !== undefined) return known;
    const object = this.#database.read(oid);
    if (object?.kind !== "commit") return undefined;
    const commit = parseCommit(oid, object.content);
    this.#commits.set(oid, commit);
    return commit;
  }

  requireCommit(oid: string): Commit {
    const commit = this.readCommit(oid);
    if (commit === undefined) throw new Error(`no commit ${oid}`);
    return commit;
  }

  writeCommit(commit: {
    tree: string;
    parents: string[];
    author: Signature;
    committer: Signature;
    message: string;
  }): string {
    return writeCommit(this.#database, commit);
  }

  /** The entry at a path; undefined when absent. The root is a tree with an empty path. */
  findEntry(tree: string, path: string): FlatEntry | undefined {
    let entry: FlatEntry = { path: "", mode: "040000", kind: "tree", oid: tree };
    if (path === "") return entry;
    for (const name of path.split("/")) {
      if (entry.kind !== "tree") return undefined;
      const next = this.readTree(entry.oid)?.find((child) => child.name === name);
      if (next === undefined) return undefined;
      entry = {
        path: entry.path === "" ? name : `${entry.path}/${name}`,
        mode: next.mode,
        kind: next.kind,
        oid: next.oid,
      };
    }
    return entry;
  }

  /** Everything below a tree, in git's order, folders before what is in them. */
  listTree(tree: string, prefix = ""): FlatEntry[] {
    return (this.readTree(tree) ?? []).flatMap((entry) => {
      const flat = { path: `${prefix}${entry.name}`, mode: entry.mode, kind: entry.kind, oid: entry.oid };
      return entry.kind === "tree" ? [flat, ...this.listTree(entry.oid, `${flat.path}/`)] : [flat];
    });
  }

  #loadFolder(tree: string | undefined): Folder {
    const entries = tree === undefined ? [] : (this.readTree(tree) ?? []);
    return { entries: new Map(entries.map((entry) => [entry.name, entry])) };
  }

  #storeFolder(folder: Folder): string | undefined {
    const entries: TreeEntry[] = [];
    for (const [name, entry] of folder.entries) {
      if ("oid" in entry) entries.push(entry);
      else {
        const oid = this.#storeFolder(entry);
        if (oid !== undefined) entries.push({ mode: "040000", kind: "tree", oid, name });
      }
    }
    return entries.length === 0 ? undefined : this.writeTree(entries);
  }

  /** The tree with these entries put at their paths; an oid of null removes. Folders that become empty disappear, as in git. */
  editTree(tree: string | undefined, edits: readonly { path: string; mode: string; oid: string | null }[]): string {
    const root = this.#loadFolder(tree);
    for (const edit of edits) {
      const names = edit.path.split("/");
      const last = names.pop() ?? "";
      let folder = root;
      for (const name of names) {
        const existing = folder.entries.get(name);
        const next =
          existing === undefined || ("oid" in existing && existing.kind !== "tree")
            ? this.#loadFolder(undefined)
            : "oid" in existing
              ? this.#loadFolder(existing.oid)
              : existing;
        folder.entries.set(name, next);
        folder = next;
      }
      if (edit.oid === null) folder.entries.delete(last);
      else folder.entries.set(last, { mode: edit.mode, kind: decideKind(edit.mode), oid: edit.oid, name: last });
    }
    return this.#storeFolder(root) ?? this.writeTree([]);
  }

  /** The tree with these files written. */
  applyFiles(tree: string | undefined, files: Files): string {
    const edits = Object.entries(files).map(([path, content]) => {
      if (content === null) return { path, mode: "100644", oid: null };
      const { mode, text } =
        typeof content === "string" || Buffer.isBuffer(content) ? { mode: "100644", text: content } : content;
      // A submodule's entry names a commit of another repository: there is nothing to store.
      const oid = mode === "160000" ? text.toString() : this.writeBlob(Buffer.from(text));
      return { path, mode, oid };
    });
    return this.editTree(tree, edits);
  }

  /** The best common ancestor; undefined for unrelated histories. */
  findMergeBase(a: string, b: string): string | undefined {
    if (a === b) return a;
    const key = [a, b].sort().join(" ");
    if (!this.#mergeBases.has(key)) {
      const { status, stdout } = this.#git(["merge-base", a, b], [0, 1]);
      this.#mergeBases.set(key, status === 0 ? stdout.toString("latin1").trim() : undefined);
    }
    return this.#mergeBases.get(key);
  }

  isAncestor(older: string, newer: string): boolean {
    return this.findMergeBase(older, newer) === older;
  }

  /** The tree of merging `theirs` into `ours`; undefined when they conflict. */
  mergeTrees(ours: string, theirs: string): string | undefined {
    const key = `${ours} ${theirs}`;
    if (!this.#merges.has(key)) {
      const arguments_ = ["merge-tree", "--write-tree", "--no-messages", "--allow-unrelated-histories", ours, theirs];
      const { status, stdout } = this.#git(arguments_, [0, 1]);
      this.#merges.set(key, status === 0 ? stdout.toString("latin1").split("\n")[0] : undefined);
    }
    return this.#merges.get(key);
  }

  /**
   * The tree of applying what `commit` changed against its first parent on top of `onto`; undefined when they conflict.
   * `merge-tree --merge-base` would say it directly but needs git 2.40, so the same three trees are given a history of their own.
   */
  pickTree(onto: string, commit: Commit): string | undefined {
    const parent = commit.parents[0];
    const baseTree = parent === undefined ? this.writeTree([]) : this.requireCommit(parent).tree;
    const by = commit.author;
    const make = (tree: string, parents: string[], message: string): string =>
      this.writeCommit({ tree, parents, author: by, committer: by, message });
    const base = make(baseTree, [], "base of a pick");
    const ours = make(this.requireCommit(onto).tree, [base], "ours of a pick");
    const theirs = make(commit.tree, [base], "theirs of a pick");
    return this.mergeTrees(ours, theirs);
  }

  /** Commits reachable from `head` and not from `excluded`; parents before children. */
  listCommits(head: string, excluded: readonly string[] = []): Commit[] {
    const seen = new Set<string>();
    const hide = [...excluded];
    for (let oid = hide.pop(); oid !== undefined; oid = hide.pop()) {
      if (seen.has(oid)) continue;
      seen.add(oid);
      hide.push(...(this.readCommit(oid)?.parents ?? []));
    }
    const ordered: Commit[] = [];
    // An explicit stack: a long history must not end in a stack overflow.
    const stack: { oid: string; done: boolean }[] = [{ oid: head, done: false }];
    for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
      const commit = this.readCommit(item.oid);
      if (commit === undefined) continue;
      if (item.done) {
        ordered.push(commit);
        continue;
      }
      if (seen.has(item.oid)) continue;
      seen.add(item.oid);
      stack.push({ oid: item.oid, done: true });
      for (const parent of commit.parents.toReversed()) stack.push({ oid: parent, done: false });
    }
    return ordered;
  }

  /** What changed between the trees of two commits (or trees), with renames found as git finds them. */
  diff(from: string | undefined, to: string): FileDiff[] {
    const old = from ?? this.writeTree([]);
    const key = `${old} ${to}`;
    const known = this.#diffs.get(key);
    if (known !== undefined) return known;
    const options = ["diff-tree", "-r", "-M", "--full-index", "--no-commit-id", "--no-ext-diff", "--no-textconv"];
    const raw = this.#git([...options, "-z", "--raw", "--numstat", old, to], [0]).stdout;
    const patch = raw.length === 0 ? Buffer.alloc(0) : this.#git([...options, "-p", old, to], [0]).stdout;
    const diff = parseDiff(raw.toString("utf8"), patch.toString("utf8"));
    this.#diffs.set(key, diff);
    return diff;
  }
}
