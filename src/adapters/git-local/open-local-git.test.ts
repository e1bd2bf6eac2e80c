import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLocalPort } from "./create-local-port.ts";
import { GitError } from "./git-error.ts";
import { openLocalGit, type LocalGit } from "./open-local-git.ts";

const env = {
  PATH: process.env["PATH"] ?? "",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Dana",
  GIT_AUTHOR_EMAIL: "dana@example.com",
  GIT_COMMITTER_NAME: "Dana",
  GIT_COMMITTER_EMAIL: "dana@example.com",
};

let folder: string;
let git: LocalGit;
const run = (...args: string[]): string => execFileSync("git", args, { cwd: folder, env, encoding: "utf8" }).trim();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "git local: test-"));
  run("init", "-q", "-b", "main");
  writeFileSync(join(folder, "a.txt"), "one\n");
  writeFileSync(join(folder, "b.txt"), "a longer text that a rename keeps\n");
  run("add", "--all");
  run("commit", "-q", "-m", "First");
  git = await openLocalGit(folder, env);
});
afterAll(async () => {
  await git.close();
  rmSync(folder, { recursive: true, force: true });
});

it("reads contents as the app does on GitHub: text, binary, other encodings, too large, LFS", async () => {
  const files = {
    "text.txt": "ü\r\n",
    "binary.bin": "a\0b",
    "latin.txt": Buffer.from([0xfc, 0x0a]),
    "large.txt": "x".repeat(256 * 1024 + 1),
    "lfs.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  const entries = await git.readTree(await git.writeWorkingTree());
  const contents = await git.readBlobs(entries);
  const kinds = Object.fromEntries(entries.map(({ path, oid }) => [path, contents.get(oid)?.kind]));
  expect(kinds).toEqual({
    "a.txt": "text",
    "b.txt": "text",
    "text.txt": "text",
    "binary.bin": "binary",
    "latin.txt": "not-utf8",
    "large.txt": "too-large",
    "lfs.bin": "lfs-pointer",
  });
  const large = entries.flatMap((entry) =>
    entry.path === "large.txt" ? [{ ...entry, maxBytes: 256 * 1024 + 1 }] : [],
  );
  expect([...(await git.readBlobs(large)).values()]).toEqual([{ kind: "text", text: files["large.txt"] }]);
  for (const path of Object.keys(files)) rmSync(join(folder, path));
});

it("names renamed files by both names", async () => {
  const head = run("rev-parse", "HEAD");
  const tree = await git.writeFiles(
    head,
    new Map([
      ["b.txt", null],
      ["c.txt", "a longer text that a rename keeps\n"],
      ["a.txt", "two\n"],
    ]),
  );
  expect(await git.readChanges(head, tree)).toEqual([
    { path: "a.txt", previousPath: null, status: "modified" },
    { path: "c.txt", previousPath: "b.txt", status: "renamed" },
  ]);
});

describe("names of commits", () => {
  it.each([["-h"], ["--all"], [""], ["main:a.txt"], ["nowhere"]])("%j is none", async (name) => {
    expect(await git.findCommit(name)).toBeNull();
  });

  it("main is one", async () => {
    expect(await git.findCommit("main")).toBe(run("rev-parse", "main"));
  });
});

it.each([
  ["git@github.example:acme/support-routes.git", { owner: "acme", name: "support-routes" }],
  ["https://github.example/acme/shop", { owner: "acme", name: "shop" }],
  ["ssh://git@github.example:22/acme/shop.git/", { owner: "acme", name: "shop" }],
  ["../elsewhere", null],
])("origin %s is %j", async (url, expected) => {
  run("config", "remote.origin.url", url);
  expect(await git.readRemote()).toEqual(expected);
});

it("gives the port what only GitHub knows as absent", async () => {
  const repository = { id: 0, owner: "acme", name: "shop", defaultBranch: "main" };
  const port = createLocalPort(git, { repository, rules: run("rev-parse", "main"), changes: [] });
  expect(await port.readOrganizationFile(".github/routeward.yml")).toBeNull();
  expect(await port.readWorkflowRun(1, "x")).toEqual({ kind: "not-found" });
  expect(await port.readBranch("other")).toBeNull();
});

it("refuses a folder outside of a repository", async () => {
  await expect(openLocalGit("/", env)).rejects.toBeInstanceOf(GitError);
});

it("removes its temporary folder when it is closed", async () => {
  const before = readdirSync(join(folder, ".git")).sort();
  const another = await openLocalGit(folder, env);
  await another.writeWorkingTree();
  await another.close();
  expect(readdirSync(join(folder, ".git")).sort()).toEqual(before);
});
