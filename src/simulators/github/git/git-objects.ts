import type { ObjectDatabase } from "./object-database.ts";

export interface TreeEntry {
  /** Six digits, as the API writes it: `040000` for a folder. */
  mode: string;
  kind: "blob" | "tree" | "commit";
  oid: string;
  name: string;
}

export interface Signature {
  name: string;
  email: string;
  date: Date;
}

export interface Commit {
  oid: string;
  tree: string;
  parents: string[];
  author: Signature;
  committer: Signature;
  message: string;
}

export function decideKind(mode: string): TreeEntry["kind"] {
  if (mode === "040000") return "tree";
  return mode === "160000" ? "commit" : "blob";
}

export function parseTree(content: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at < content.length) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    const mode = content.subarray(at, space).toString("latin1").padStart(6, "0");
    const name = content.subarray(space + 1, end).toString("utf8");
    const oid = content.subarray(end + 1, end + 21).toString("hex");
    entries.push({ mode, kind: decideKind(mode), oid, name });
    at = end + 21;
  }
  return entries;
}

/** Git compares folder names as if they ended in a slash. */
function sortName(entry: TreeEntry): Buffer {
  return Buffer.from(entry.kind === "tree" ? `${entry.name}/` : entry.name);
}

export function writeTree(database: ObjectDatabase, entries: readonly TreeEntry[]): string {
  const sorted = entries.toSorted((a, b) => Buffer.compare(sortName(a), sortName(b)));
  const parts = sorted.map((entry) =>
    Buffer.concat([Buffer.from(`${entry.mode.replace(/^0/, "")} ${entry.name}\0`), Buffer.from(entry.oid, "hex")]),
  );
  return database.write("tree", Buffer.concat(parts));
}

function parseSignature(text: string): Signature {
  const match = /^(.*) <([^>]*)> (\d+) [+-]\d{4}$/.exec(text);
  if (match === null) throw new Error(`unreadable signature ${text}`);
  return { name: match[1] ?? "", email: match[2] ?? "", date: new Date(Number(match[3]) * 1000) };
}

export function parseCommit(oid: string, content: Buffer): Commit {
  const text = content.toString("utf8");
  const blank = text.indexOf("\n\n");
  const headers = text.slice(0, blank).split("\n");
  const read = (name: string): string[] =>
    headers.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return {
    oid,
    tree: read("tree")[0] ?? "",
    parents: read("parent"),
    author: parseSignature(read("author")[0] ?? ""),
    committer: parseSignature(read("committer")[0] ?? ""),
    message: text.slice(blank + 2).replace(/\n$/, ""),
  };
}

export function writeCommit(database: ObjectDatabase, commit: Omit<Commit, "oid">): string {
  const sign = (by: Signature): string =>
    `${by.name.replace(/[<>\n]/g, "")} <${by.email.replace(/[<>\n]/g, "")}> ${Math.floor(by.date.getTime() / 1000)} +0000`;
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${sign(commit.author)}`,
    `committer ${sign(commit.committer)}`,
  ];
  return database.write("commit", Buffer.from(`${lines.join("\n")}\n\n${commit.message}\n`));
}
