import type { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeAcme, startAcme, type AcmeScenario } from "./acme-scenario.ts";
import type { GitHubSimulator } from "./github-simulator.ts";

let acme: AcmeScenario;
let github: GitHubSimulator;
let octokit: Octokit;
const repo = "acme/shop";
const at = { owner: "acme", repo: "shop" };

beforeEach(async () => {
  acme = await startAcme();
  github = acme.github;
  octokit = acme.as("ada");
});
afterEach(() => closeAcme(acme));

function push(branch: string, files: Parameters<GitHubSimulator["pushFiles"]>[0]["files"], message = "Change"): string {
  return github.pushFiles({ repo, branch, author: "ada", message, files });
}

describe("contents", () => {
  it("a file is read as JSON and raw, a folder as a list, the root with an empty path", async () => {
    const { data } = await octokit.rest.repos.getContent({ ...at, path: "model-routes/support.yaml" });
    expect(data).toMatchObject({ type: "file", encoding: "base64" });
    const raw = await octokit.rest.repos.getContent({ ...at, path: "README.md", mediaType: { format: "raw" } });
    expect(raw.data).toBe("# Shop\n");
    const root = await octokit.rest.repos.getContent({ ...at, path: "" });
    expect((root.data as { name: string }[]).map((entry) => entry.name)).toEqual([
      ".github",
      "README.md",
      "model-routes",
    ]);
    await expect(octokit.rest.repos.getContent({ ...at, path: "nowhere" })).rejects.toMatchObject({ status: 404 });
  });

  it("a symlink to a file is followed, one that leads nowhere is shown; a listed submodule is called a file", async () => {
    push("main", {
      good: { mode: "120000", text: "README.md" },
      bad: { mode: "120000", text: "../outside" },
      module: { mode: "160000", text: "1".repeat(40) },
    });
    const good = await octokit.rest.repos.getContent({ ...at, path: "good" });
    expect(good.data).toMatchObject({
      type: "file",
      path: "good",
      content: Buffer.from("# Shop\n").toString("base64"),
    });
    const bad = await octokit.rest.repos.getContent({ ...at, path: "bad" });
    expect(bad.data).toMatchObject({ type: "symlink", target: "../outside" });
    const root = (await octokit.rest.repos.getContent({ ...at, path: "" })).data as { name: string; type: string }[];
    expect(root.find((entry) => entry.name === "module")?.type).toBe("file");
    const tree = await octokit.rest.git.getTree({ ...at, tree_sha: "main", recursive: "1" });
    expect(
      tree.data.tree
        .filter((entry) => !entry.path.includes("/") && entry.type !== "tree")
        .map((entry) => [entry.path, entry.mode]),
    ).toEqual([
      ["README.md", "100644"],
      ["bad", "120000"],
      ["good", "120000"],
      ["module", "160000"],
    ]);
  });

  it("a file over a megabyte comes empty as JSON and whole as raw", async () => {
    push("main", { big: "x".repeat(1024 * 1024 + 1) });
    const { data } = await octokit.rest.repos.getContent({ ...at, path: "big" });
    expect(data).toMatchObject({ encoding: "none", content: "", size: 1024 * 1024 + 1 });
    const raw = await octokit.rest.repos.getContent({ ...at, path: "big", mediaType: { format: "raw" } });
    expect((raw.data as unknown as string).length).toBe(1024 * 1024 + 1);
  });

  it("a file is written with the id of what it replaces, and a wrong id conflicts", async () => {
    const file = { ...at, path: "notes/a b.txt", message: "Add", branch: "main" };
    const content = Buffer.from("one").toString("base64");
    const created = await octokit.rest.repos.createOrUpdateFileContents({ ...file, content });
    expect(created.status).toBe(201);
    const sha = created.data.content?.sha ?? "";
    await expect(
      octokit.rest.repos.createOrUpdateFileContents({ ...file, content, sha: "0".repeat(40) }),
    ).rejects.toMatchObject({ status: 409 });
    await expect(octokit.rest.repos.createOrUpdateFileContents({ ...file, content })).rejects.toMatchObject({
      status: 422,
    });
    const updated = await octokit.rest.repos.createOrUpdateFileContents({
      ...file,
      content: Buffer.from("two").toString("base64"),
      sha,
    });
    expect(updated.status).toBe(200);
    expect(github.readFile({ repo, ref: "main", path: "notes/a b.txt" })).toBe("two");
  });
});

describe("git data", () => {
  it("a commit is built from blob, tree and commit, and a branch is made and moved", async () => {
    const main = github.resolveRef({ repo, ref: "main" }) ?? "";
    const blob = await octokit.rest.git.createBlob({ ...at, content: "hello" });
    const tree = await octokit.rest.git.createTree({
      ...at,
      base_tree: main,
      tree: [
        { path: "deep/er/file", mode: "100755", type: "blob", sha: blob.data.sha },
        { path: "README.md", mode: "100644", type: "blob", sha: null },
      ],
    });
    const commit = await octokit.rest.git.createCommit({
      ...at,
      message: "Build",
      tree: tree.data.sha,
      parents: [main],
    });
    await octokit.rest.git.createRef({ ...at, ref: "refs/heads/feature/x", sha: commit.data.sha });
    expect(github.readFile({ repo, ref: "feature/x", path: "deep/er/file" })).toBe("hello");
    expect(github.readFile({ repo, ref: "feature/x", path: "README.md" })).toBeUndefined();
    expect((await octokit.rest.git.getRef({ ...at, ref: "heads/feature/x" })).data.object.sha).toBe(commit.data.sha);
    expect((await octokit.rest.git.getBlob({ ...at, file_sha: blob.data.sha })).data.content).toBe("aGVsbG8=");
    await expect(octokit.rest.git.createRef({ ...at, ref: "refs/heads/feature/x", sha: main })).rejects.toMatchObject({
      status: 422,
    });
    await expect(octokit.rest.git.updateRef({ ...at, ref: "heads/feature/x", sha: main })).rejects.toMatchObject({
      status: 422,
    });
    await octokit.rest.git.updateRef({ ...at, ref: "heads/feature/x", sha: main, force: true });
    await octokit.rest.git.deleteRef({ ...at, ref: "heads/feature/x" });
    expect(github.resolveRef({ repo, ref: "feature/x" })).toBeUndefined();
  });

  it("an object built here has the id that git gives it", async () => {
    const { data } = await octokit.rest.git.createBlob({ ...at, content: "hello\n" });
    expect(data.sha).toBe("ce013625030ba8dba906f756967f9e9ca394464a");
  });
});

describe("differences", () => {
  it("a comparison starts at the merge base, finds renames and says who is ahead", async () => {
    const body = Array.from({ length: 30 }, (_item, index) => `line ${index}`).join("\n");
    push("main", { "model-routes/old.yaml": body });
    push("change", { "model-routes/old.yaml": null, "model-routes/new.yaml": `${body}\nmore`, added: "a" });
    push("main", { "only-on-main": "m" });
    const { data } = await octokit.rest.repos.compareCommitsWithBasehead({ ...at, basehead: "main...change" });
    expect(data).toMatchObject({ status: "diverged", ahead_by: 1, behind_by: 1, total_commits: 1 });
    expect(data.files?.map((file) => [file.status, file.previous_filename, file.filename])).toEqual([
      ["added", undefined, "added"],
      ["renamed", "model-routes/old.yaml", "model-routes/new.yaml"],
    ]);
    expect(data.files?.[1]?.patch).toContain("+more");
  });

  it("a commit is shown with what it changed; a mode change and a change of type are told apart", async () => {
    const sha = push("change", {
      "README.md": { mode: "100755", text: "# Shop\n" },
      "model-routes/support.yaml": { mode: "120000", text: "elsewhere" },
    });
    const { data } = await octokit.rest.repos.getCommit({ ...at, ref: sha });
    expect(data.author?.login).toBe("ada");
    expect(data.files?.map((file) => [file.filename, file.status, file.changes])).toEqual([
      ["README.md", "modified", 0],
      ["model-routes/support.yaml", "changed", expect.any(Number) as number],
    ]);
    const { data: list } = await octokit.rest.repos.listCommits({ ...at, sha: "change", path: "README.md" });
    expect(list.map((commit) => commit.sha)[0]).toBe(sha);
  });

  it("an author whose address belongs to nobody is not linked to an account", async () => {
    const sha = github.pushFiles({
      repo,
      branch: "change",
      author: { name: "Stranger", email: "stranger@example.test" },
      pusher: "bob",
      coAuthors: ["cleo", "Someone <someone@example.test>"],
      message: "Change",
      files: { a: "1" },
    });
    const { data } = await octokit.rest.repos.getCommit({ ...at, ref: sha });
    expect(data.author).toBeNull();
    expect(data.commit.message).toMatch(
      /\n\nCo-authored-by: cleo <.*>\nCo-authored-by: Someone <someone@example.test>$/,
    );
  });
});
