import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRoutePull, repo, startTestWorld, type TestWorld } from "./test-world.ts";

let world: TestWorld;

beforeEach(async () => {
  world = await startTestWorld();
});

afterEach(async () => {
  await world.close();
});

describe("pull requests", () => {
  it("are read with the tip of the base branch as it is now", async () => {
    const { simulator, repository } = world;
    const { number, headSha } = openRoutePull(simulator);
    const baseSha = simulator.pushFiles({ repo, branch: "main", message: "Later", files: { x: "1" }, author: "bob" });
    expect(await repository.readPull(number)).toEqual({
      number,
      title: "Change the route",
      state: "open",
      isDraft: false,
      merged: false,
      mergeCommitSha: null,
      mergedAt: null,
      author: { id: expect.any(Number), login: "ann", isBot: false },
      baseRef: "main",
      baseSha,
      headRef: "change",
      headSha,
      isFork: false,
      htmlUrl: expect.stringContaining(`/pull/${number}`),
    });
  });

  it("that do not exist are null, also as a test merge's error", async () => {
    expect(await world.repository.readPull(99)).toBeNull();
    await expect(world.repository.readTestMerge(99)).rejects.toMatchObject({ kind: "missing" });
  });

  it("have a test merge of the present base and head", async () => {
    const { simulator, repository } = world;
    const { number } = openRoutePull(simulator);
    simulator.delayMergeable({ repo, number, reads: 1 });
    expect(await repository.readTestMerge(number)).toEqual({ kind: "pending" });
    const merge = await repository.readTestMerge(number);
    if (merge.kind !== "ready") throw new Error(merge.kind);
    expect(await repository.readFirstParent(merge.sha)).toBe(await repository.readBranch("main"));
    const tree = await repository.readTree(merge.sha);
    expect(tree?.entries.map((entry) => entry.path)).toContain("model-routes/a.yaml");
  });

  it("that conflict have none", async () => {
    const { simulator, repository } = world;
    const { number } = openRoutePull(simulator);
    simulator.pushFiles({
      repo,
      branch: "main",
      message: "Other",
      files: { "model-routes/a.yaml": "model_change: { flagKey: other }\n" },
      author: "bob",
    });
    expect(await repository.readTestMerge(number)).toEqual({ kind: "conflict" });
  });

  it("are found by head, and after the merge by their commit", async () => {
    const { simulator, repository } = world;
    const one = openRoutePull(simulator, "one");
    simulator.createBranch({ repo, branch: "release" });
    const twin = simulator.openPull({ repo, head: "one", base: "release", title: "Twin", author: "bob" });
    openRoutePull(simulator, "two");
    expect(await repository.findOpenPullsByHead(one.headSha)).toEqual([one.number, twin.number]);
    expect((await repository.listOpenPulls()).map((pull) => pull.baseRef)).toEqual(["main", "release", "main"]);

    const merged = simulator.mergePull({ repo, number: one.number, by: "bob", method: "squash" });
    expect(await repository.findMergedPulls(merged)).toEqual([one.number]);
    expect(await repository.readPull(one.number)).toMatchObject({ merged: true, mergeCommitSha: merged });
    expect(await repository.findOpenPullsByHead(one.headSha)).toEqual([twin.number]);
  });

  it("list changes with the old names of renamed files", async () => {
    const { simulator, repository } = world;
    simulator.pushFiles({
      repo,
      branch: "move",
      message: "Move",
      files: { "model-routes/a.yaml": null, "model-routes/b.yaml": "model_change: {}\n", "new.txt": "x\n" },
      author: "ann",
    });
    const { number } = simulator.openPull({ repo, head: "move", title: "Move", author: "ann" });
    expect(await repository.readChanges(number)).toEqual({
      complete: true,
      files: [
        { path: "model-routes/b.yaml", previousPath: "model-routes/a.yaml", status: "renamed" },
        { path: "new.txt", previousPath: null, status: "added" },
      ],
    });
  });

  it("list all changes over several pages", async () => {
    const { simulator, repository } = world;
    const files = Object.fromEntries(Array.from({ length: 230 }, (_, index) => [`many/${index}.txt`, `${index}\n`]));
    simulator.pushFiles({ repo, branch: "many", message: "Many", files, author: "ann" });
    const { number } = simulator.openPull({ repo, head: "many", title: "Many", author: "ann" });
    const changes = await repository.readChanges(number);
    expect(changes).toMatchObject({ complete: true });
    expect(changes.files).toHaveLength(230);
  });

  it("from forks are told apart", async () => {
    const { simulator, repository } = world;
    simulator.forkRepository({ repo, owner: "dan" });
    simulator.pushFiles({
      repo: "dan/support-routes",
      branch: "fix",
      message: "Fix",
      files: { y: "1" },
      author: "dan",
    });
    const { number } = simulator.openPull({ repo, head: "dan:fix", title: "Fix", author: "dan" });
    expect(await repository.readPull(number)).toMatchObject({ isFork: true, author: { login: "dan" } });
  });
});

describe("trees and files", () => {
  it("tell what every file is", async () => {
    const { simulator, repository } = world;
    const large = "x".repeat(300 * 1024);
    const sha = simulator.pushFiles({
      repo,
      branch: "kinds",
      message: "Kinds",
      author: "ann",
      files: {
        "run.sh": { mode: "100755", text: "#!/bin/sh\n" },
        link: { mode: "120000", text: "README.md" },
        module: { mode: "160000", text: "a".repeat(40) },
        "large.txt": large,
        "binary.bin": Buffer.from([1, 0, 2]),
        "latin.txt": Buffer.from([0x63, 0x61, 0x66, 0xe9]),
        "bom.txt": "\uFEFFtext",
        "lfs.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1\n",
        "grüße.yaml": "ключ: значение 🚀\n",
      },
    });
    const tree = await repository.readTree(sha);
    const entries = tree?.entries ?? [];
    const contents = await repository.readBlobs(entries);
    const told = Object.fromEntries(entries.map((entry) => [entry.path, [entry.mode, contents.get(entry.oid)]]));
    expect(tree?.complete).toBe(true);
    expect(told).toEqual({
      "README.md": ["file", { kind: "text", text: "# Routes\n" }],
      ".github/CODEOWNERS": ["file", { kind: "text", text: "* @acme/platform\n" }],
      "model-routes/a.yaml": ["file", { kind: "text", text: "model_change: {}\n" }],
      "run.sh": ["executable", { kind: "text", text: "#!/bin/sh\n" }],
      link: ["symlink", { kind: "symlink" }],
      module: ["submodule", { kind: "submodule" }],
      "large.txt": ["file", { kind: "too-large", size: large.length }],
      "binary.bin": ["file", { kind: "binary" }],
      "latin.txt": ["file", { kind: "not-utf8" }],
      "bom.txt": ["file", { kind: "text", text: "\uFEFFtext" }],
      "lfs.bin": ["file", { kind: "lfs-pointer" }],
      "grüße.yaml": ["file", { kind: "text", text: "ключ: значение 🚀\n" }],
    });
    const found = entries.filter(({ path }) => path === "large.txt");
    const readUpTo = async (maxBytes: number) =>
      [...(await repository.readBlobs(found.map((entry) => ({ ...entry, maxBytes })))).values()].map(
        ({ kind }) => kind,
      );
    expect([await readUpTo(large.length - 1), await readUpTo(large.length)]).toEqual([["too-large"], ["text"]]);
    expect((await repository.readBlobs(found)).get(found[0]?.oid ?? "")?.kind).toBe("too-large");
  });

  it("are read once: neither tree nor content changes under its id", async () => {
    const { simulator, repository, port } = world;
    const sha = (await repository.readBranch("main")) ?? "";
    const entries = (await repository.readTree(sha))?.entries ?? [];
    await repository.readBlobs(entries);
    expect(simulator.server.log.filter((entry) => entry.path.includes("/git/blobs/"))).toEqual([]);
    const requests = simulator.server.log.length;
    const again = await port.openRepository("acme", "support-routes");
    expect(await again.readBlobs((await again.readTree(sha))?.entries ?? [])).toHaveProperty("size", 3);
    expect(simulator.server.log.length).toBe(requests);
  });

  it("fall back to REST when GraphQL fails", async () => {
    const { simulator, repository, warnings } = world;
    simulator.server.addFault({
      when: (request) => request.path.endsWith("/graphql"),
      effect: { kind: "status", response: { status: 502, body: { message: "bad gateway" } } },
    });
    const entries = (await repository.readTree((await repository.readBranch("main")) ?? ""))?.entries ?? [];
    expect([...(await repository.readBlobs(entries)).values()].map((content) => content.kind)).toEqual([
      "text",
      "text",
      "text",
    ]);
    expect(warnings).toEqual(["GraphQL gave no file contents, reading them one by one"]);
  });

  it("of no commit and no branch are null, and the parent of no commit is an error", async () => {
    const { repository } = world;
    expect(await repository.readTree("f".repeat(40))).toBeNull();
    expect(await repository.readBranch("nowhere")).toBeNull();
    await expect(repository.readFirstParent("f".repeat(40))).rejects.toMatchObject({ kind: "missing" });
    expect(await repository.readFirstParent((await repository.readBranch("main")) ?? "")).toBeNull();
  });
});

describe("asking again", () => {
  it("costs nothing while nothing changed", async () => {
    const { simulator, repository } = world;
    const { number } = openRoutePull(simulator);
    const first = await repository.readPull(number);
    expect(await repository.readPull(number)).toEqual(first);
    const answers = simulator.server.log.filter((entry) => entry.path.endsWith(`/pulls/${number}`));
    expect(answers.map((entry) => entry.status)).toEqual([200, 304]);
  });

  it("shows what changed", async () => {
    const { simulator, repository } = world;
    const { number } = openRoutePull(simulator);
    await repository.readPull(number);
    simulator.editPull({ repo, number, by: "ann", title: "Other" });
    expect(await repository.readPull(number)).toMatchObject({ title: "Other" });
  });
});

describe("a repository that is out of sight", () => {
  it("is an error and not an absent thing", async () => {
    world.simulator.uninstallApp({ installationId: world.installationId });
    for (const read of [
      world.repository.readPull(1),
      world.repository.readTree("f".repeat(40)),
      world.repository.readBranch("main"),
    ]) {
      await expect(read).rejects.toMatchObject({
        name: "GitHubError",
        kind: expect.stringMatching(/forbidden|unauthorized/),
      });
    }
    await expect(world.port.openRepository("acme", "support-routes")).rejects.toMatchObject({ kind: "forbidden" });
  });

  it("is an error when the app was never installed", async () => {
    await expect(world.port.openRepository("acme", "nothing")).rejects.toMatchObject({ kind: "forbidden" });
  });
});

describe("the app", () => {
  it("knows itself and all its repositories", async () => {
    expect(await world.port.readApp()).toEqual({ id: 4711, slug: "routeward", botLogin: "routeward[bot]" });
    expect(await world.port.listRepositories()).toEqual([
      { owner: "acme", name: "support-routes", id: expect.any(Number) },
    ]);
    expect(await world.repository.readRepository()).toMatchObject({ owner: "acme", defaultBranch: "main" });
  });

  it("gets a new token when the old one has run out", async () => {
    await world.repository.readBranch("main");
    world.simulator.expireTokens();
    expect(await world.repository.addComment(openRoutePull(world.simulator).number, "m", "b")).toMatchObject({
      written: true,
    });
  });
});
