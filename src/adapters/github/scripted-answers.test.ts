import { createHash } from "node:crypto";
import { validate } from "@octokit/graphql-schema";
import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import type { RepositoryPort } from "../../ports/github.ts";
import { createGitHubPort } from "./create-github-port.ts";
import type { OctokitAnswer } from "./octokit-like.ts";

/** Answers that the simulator never gives: cut, wrong, hostile. */
interface Script {
  rest?: Record<string, (parameters: Record<string, unknown>) => unknown>;
  graphql?: (query: string, variables: Record<string, unknown>) => unknown;
  fetchFromStorage?: typeof fetch;
}

const base: NonNullable<Script["rest"]> = {
  "GET /repos/{owner}/{repo}/installation": () => ({ id: 1 }),
  "GET /repos/{owner}/{repo}": () => ({ id: 9, name: "r", owner: { login: "o" }, default_branch: "main" }),
};

async function open(script: Script): Promise<{ repository: RepositoryPort; asked: string[] }> {
  const asked: string[] = [];
  const octokit = {
    request(route: string, parameters: Record<string, unknown> = {}): Promise<OctokitAnswer> {
      asked.push(route);
      const answer = { ...base, ...script.rest }[route];
      if (answer === undefined) {
        return Promise.reject(
          Object.assign(new Error("Not Found"), {
            status: 404,
            request: { url: route },
            response: { headers: {}, data: {} },
          }),
        );
      }
      const data = answer(parameters);
      return Promise.resolve(isAnswer(data) ? data : { status: 200, headers: {}, data });
    },
    graphql(query: string, variables: Record<string, unknown> = {}): Promise<unknown> {
      asked.push("graphql");
      return Promise.resolve(script.graphql?.(query, variables) ?? {});
    },
  };
  const port = createGitHubPort({
    octokitForApp: () => Promise.resolve(octokit),
    octokitForInstallation: () => Promise.resolve(octokit),
    appId: 1,
    now: () => new Date("2026-11-23T00:00:00.000Z"),
    wait: () => Promise.resolve(),
    ...(script.fetchFromStorage === undefined ? {} : { fetchFromStorage: script.fetchFromStorage }),
  });
  return { repository: await port.openRepository("o", "r"), asked };
}

function isAnswer(data: unknown): data is OctokitAnswer {
  return typeof data === "object" && data !== null && "status" in data && "headers" in data;
}

function oidOf(text: string | Buffer): string {
  const bytes = Buffer.from(text);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function file(text: string) {
  return { oid: oidOf(text), mode: "file" as const, size: Buffer.byteLength(text) };
}

const blobRoute = "GET /repos/{owner}/{repo}/git/blobs/{file_sha}";
const treeRoute = "GET /repos/{owner}/{repo}/git/trees/{tree_sha}";

function blob(text: string, change: object = {}) {
  return { byteSize: Buffer.byteLength(text), isBinary: false, isTruncated: false, text, ...change };
}

describe("contents from GraphQL", () => {
  it("are asked for in batches of 50, with ids as variables and by GitHub's schema", async () => {
    const texts = Array.from({ length: 120 }, (_, index) => `route ${index}`);
    const byOid = new Map(texts.map((text) => [oidOf(text), text]));
    const sizes: number[] = [];
    const problems: unknown[] = [];
    const { repository, asked } = await open({
      graphql(query, variables) {
        problems.push(...validate(query));
        const oids = Object.entries(variables).filter(([name]) => /^o\d/.test(name));
        sizes.push(oids.length);
        return {
          repository: Object.fromEntries(
            oids.map(([name, oid]) => [name.replace("o", "b"), blob(byOid.get(String(oid)) ?? "")]),
          ),
        };
      },
    });
    const contents = await repository.readBlobs(texts.map((text) => file(text)));
    expect(problems).toEqual([]);
    expect(sizes).toEqual([50, 50, 20]);
    expect(asked).not.toContain(blobRoute);
    expect(contents.get(oidOf("route 7"))).toEqual({ kind: "text", text: "route 7" });
  });

  it.each([
    ["was recoded", blob("caf\uFFFD")],
    ["was cut", blob("ca", { isTruncated: true })],
    ["is other text", blob("evil")],
    ["is said to be binary", blob("café", { isBinary: true })],
    ["is withheld", blob("café", { text: null })],
    ["is missing", null],
    ["has an unknown form", { words: 1 }],
  ])("are read again through REST when a text %s", async (_name, answer) => {
    const { repository } = await open({
      graphql: () => ({ repository: { b0: answer } }),
      rest: { [blobRoute]: () => ({ encoding: "base64", size: 5, content: Buffer.from("café").toString("base64") }) },
    });
    expect([...(await repository.readBlobs([file("café")])).values()]).toEqual([{ kind: "text", text: "café" }]);
  });

  it("that are not what their id names are refused", async () => {
    const { repository } = await open({
      rest: { [blobRoute]: () => ({ encoding: "base64", size: 4, content: Buffer.from("evil").toString("base64") }) },
    });
    await expect(repository.readBlobs([file("café")])).rejects.toMatchObject({ kind: "unexpected" });
  });

  it("with an id that is no id are not asked for", async () => {
    const { repository, asked } = await open({});
    const bad = { oid: '"){evil}', mode: "file" as const, size: 1 };
    await expect(repository.readBlobs([bad])).rejects.toMatchObject({ kind: "invalid" });
    expect(asked).not.toContain("graphql");
  });

  it("of a symlink that spells a file's content stay a symlink", async () => {
    const { repository } = await open({});
    const contents = await repository.readBlobs([file("same"), { ...file("same"), mode: "symlink" }]);
    expect([...contents.values()]).toEqual([{ kind: "symlink" }]);
  });
});

describe("a tree that GitHub cuts", () => {
  const entry = (path: string, type = "blob") => ({
    path,
    mode: type === "tree" ? "040000" : "100644",
    type,
    sha: `${path.replace("/", "-")}-sha`,
    ...(type === "tree" ? {} : { size: 1 }),
  });

  it("is walked folder by folder", async () => {
    const { repository } = await open({
      rest: {
        [treeRoute](parameters) {
          const recursive = parameters["recursive"] !== undefined;
          switch (parameters["tree_sha"]) {
            case "root":
              return recursive
                ? { truncated: true, tree: [entry("a.txt")] }
                : { truncated: false, tree: [entry("a.txt"), entry("big", "tree"), entry("small", "tree")] };
            case "big-sha":
              return recursive
                ? { truncated: true, tree: [] }
                : { truncated: false, tree: [entry("c.txt"), entry("deep", "tree")] };
            default:
              return { truncated: false, tree: [entry("d.txt")] };
          }
        },
      },
    });
    const tree = await repository.readTree("root");
    expect(tree?.complete).toBe(true);
    expect(tree?.entries.map((one) => one.path).sort()).toEqual([
      "a.txt",
      "big/c.txt",
      "big/deep/d.txt",
      "small/d.txt",
    ]);
  });

  it("is incomplete when a folder alone is cut, or when it never ends", async () => {
    const cut = await open({ rest: { [treeRoute]: () => ({ truncated: true, tree: [entry("a.txt")] }) } });
    expect(await cut.repository.readTree("root")).toMatchObject({ complete: false });
    const endless = await open({
      rest: {
        [treeRoute]: (parameters) =>
          parameters["recursive"] === undefined
            ? { truncated: false, tree: [entry("again", "tree")] }
            : { truncated: true, tree: [] },
      },
    });
    expect(await endless.repository.readTree("root")).toMatchObject({ complete: false });
  });

  it("with a mode that nobody knows is an error", async () => {
    const { repository } = await open({
      rest: {
        [treeRoute]: () => ({ truncated: false, tree: [{ path: "a", mode: "777777", type: "blob", sha: "s" }] }),
      },
    });
    await expect(repository.readTree("root")).rejects.toMatchObject({ kind: "unexpected" });
  });
});

describe("answers of an unknown form", () => {
  const pullRoute = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
  const reviewsRoute = "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews";

  it.each([
    ["an empty text", ""],
    ["half a pull request", { number: 1, title: "t" }],
    ["a state that is new", { number: 1, title: "t", state: "paused" }],
  ])("are errors that are not repeated blindly: %s", async (_name, answer) => {
    const { repository } = await open({ rest: { [pullRoute]: () => answer } });
    await expect(repository.readPull(1)).rejects.toMatchObject({ kind: "unexpected", retryable: false });
  });

  it("also in reviews, while deleted people are nobody", async () => {
    const review = {
      id: 1,
      user: null,
      body: null,
      state: "approved",
      submitted_at: "2026-11-23T00:00:00Z",
      commit_id: null,
    };
    const good = await open({ rest: { [reviewsRoute]: () => [review, { ...review, id: 2, state: "PENDING" }] } });
    expect(await good.repository.readReviews(1)).toEqual([
      {
        id: 1,
        author: null,
        state: "APPROVED",
        body: "",
        submittedAt: review.submitted_at,
        commitSha: null,
        dismissedBy: null,
        dismissedState: null,
      },
    ]);
    const odd = await open({ rest: { [reviewsRoute]: () => [{ ...review, state: "MAYBE" }] } });
    await expect(odd.repository.readReviews(1)).rejects.toMatchObject({ kind: "unexpected" });
  });

  it("a listing with fewer files than counted is incomplete", async () => {
    const pull = {
      number: 1,
      title: "t",
      state: "open",
      user: null,
      html_url: "u",
      changed_files: 2,
      commits: 251,
      base: { ref: "main", sha: "b", repo: { id: 9 } },
      head: { ref: "h", sha: "h", repo: null },
    };
    const { repository } = await open({
      rest: {
        [pullRoute]: () => pull,
        [`${pullRoute}/files`]: () => [{ filename: "a", status: "modified" }],
        [`${pullRoute}/commits`]: () => [
          { sha: "c", commit: { message: "m", author: null, committer: null }, author: {}, committer: null },
        ],
      },
    });
    expect(await repository.readChanges(1)).toMatchObject({ complete: false });
    expect(await repository.readCommitPeople(1)).toMatchObject({
      complete: false,
      people: [{ account: null, text: "<>" }],
    });
    expect(await repository.readPull(1)).toMatchObject({
      author: { login: "ghost", id: 0 },
      isFork: true,
      baseSha: "b",
    });
  });
});

describe("co-authors with an address that names nobody", () => {
  it("are resolved by GitHub", async () => {
    const problems: unknown[] = [];
    const { repository } = await open({
      graphql(query) {
        problems.push(...validate(query));
        return {
          repository: {
            c0: { authors: { nodes: [{ email: "Eve@acme.example", user: { databaseId: 5, login: "eve" } }] } },
          },
        };
      },
      rest: {
        "GET /repos/{owner}/{repo}/pulls/{pull_number}": () => ({ commits: 1 }),
        "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits": () => [
          {
            sha: "a".repeat(40),
            commit: {
              message: "Fix\n\nCo-authored-by: Eve <eve@acme.example>",
              author: { name: "Ann", email: "ann@acme.example" },
              committer: { name: "GitHub", email: "noreply@github.com" },
            },
            author: { id: 3, login: "ann", type: "User" },
            committer: { id: 19_864_447, login: "web-flow", type: "User" },
          },
        ],
      },
    });
    expect((await repository.readCommitPeople(1)).people.map((person) => person.account)).toEqual([
      { id: 3, login: "ann", isBot: false },
      { id: 5, login: "eve", isBot: false },
    ]);
    expect(problems).toEqual([]);
  });
});

it("an author whom GitHub does not know stays unknown, whatever the address claims", async () => {
  const claimed = { name: "Ann", email: "3+ann@users.noreply.acme.example" };
  const { repository } = await open({
    rest: {
      "GET /repos/{owner}/{repo}/pulls/{pull_number}": () => ({ commits: 1 }),
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits": () => [
        {
          sha: "a".repeat(40),
          commit: { message: "x", author: claimed, committer: claimed },
          author: null,
          committer: null,
        },
      ],
    },
  });
  expect((await repository.readCommitPeople(1)).people).toEqual([
    { account: null, text: "Ann <3+ann@users.noreply.acme.example>" },
  ]);
});

describe("an artifact", () => {
  const runs = "GET /repos/{owner}/{repo}/actions/runs/{run_id}";
  const download = "GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}";
  const rest = (location: string): NonNullable<Script["rest"]> => ({
    [runs]: () => ({ id: 4, path: ".github/workflows/e.yml@refs/heads/x", head_sha: "h", repository: { id: 9 } }),
    [`${runs}/artifacts`]: () => ({
      total_count: 2,
      artifacts: [
        { id: 1, name: "eval-1", size_in_bytes: 5, expired: false },
        { id: 2, name: "eval-1", size_in_bytes: 5, expired: false },
      ],
    }),
    [download]: (parameters) => ({
      status: 302,
      headers: { location: `${location}?id=${String(parameters["artifact_id"])}` },
      data: null,
    }),
  });

  it("is fetched from the storage that GitHub names, the newest of its name, without our token", async () => {
    const fetched: [string, RequestInit | undefined][] = [];
    const { repository } = await open({
      rest: rest("https://storage.example/a"),
      fetchFromStorage: (input, init) => {
        fetched.push([input instanceof Request ? input.url : input.toString(), init]);
        return Promise.resolve(
          fetched.length === 1
            ? new Response(null, { status: 307, headers: { location: "/b" } })
            : new Response(Buffer.from(zipSync({ "eval-1.json": strToU8("{}") }))),
        );
      },
    });
    expect(await repository.readWorkflowRun(4, "eval-1")).toMatchObject({
      workflow: ".github/workflows/e.yml",
      workflowMatchesDefaultBranch: false,
      artifactText: "{}",
    });
    expect(fetched.map(([url]) => url)).toEqual(["https://storage.example/a?id=2", "https://storage.example/b"]);
    expect(fetched.every(([, init]) => init?.headers === undefined)).toBe(true);
  });

  it.each<[string, () => Response | Promise<Response>, string]>([
    ["the storage fails", () => new Response("no", { status: 503 }), "unavailable"],
    ["the storage refuses", () => new Response("no", { status: 403 }), "unexpected"],
    ["the storage is not there", () => Promise.reject(new Error("https://storage.example/?sig=secret")), "unavailable"],
    ["it is redirected for ever", () => new Response(null, { status: 302, headers: { location: "/a" } }), "unexpected"],
    [
      "it is redirected to a file",
      () => new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } }),
      "unexpected",
    ],
    [
      "it is endless",
      () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000_000)) })),
      "unavailable",
    ],
  ])("that cannot be fetched is an error without the signed address: %s", async (_name, answer, kind) => {
    const { repository } = await open({
      rest: rest("https://storage.example/a"),
      fetchFromStorage: () => Promise.resolve(answer()),
    });
    const failure = await repository.readWorkflowRun(4, "eval-1").catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: "GitHubError", kind });
    expect(String(failure)).not.toContain("storage.example");
  });

  it("larger than 10 MiB is not fetched, and gives no record", async () => {
    const large = { id: 2, name: "eval-1", size_in_bytes: 10 * 1024 * 1024 + 1, expired: false };
    const { repository, asked } = await open({
      rest: {
        ...rest("https://storage.example/a"),
        [`${runs}/artifacts`]: () => ({ total_count: 1, artifacts: [large] }),
      },
    });
    expect(await repository.readWorkflowRun(4, "eval-1")).toMatchObject({ artifactText: null });
    expect(asked).not.toContain(download);
  });

  it("of a run of another repository is not found", async () => {
    const { repository } = await open({
      rest: { ...rest("x"), [runs]: () => ({ id: 4, path: "p", head_sha: "h", repository: { id: 8 } }) },
    });
    expect(await repository.readWorkflowRun(4, "eval-1")).toEqual({ kind: "not-found" });
  });
});

describe("a deployment", () => {
  it("that GitHub turned into a merge is an error", async () => {
    const { repository } = await open({
      rest: {
        "GET /app": () => ({ id: 1, slug: "routeward" }),
        "GET /repos/{owner}/{repo}/deployments": () => [],
        "POST /repos/{owner}/{repo}/deployments": () => ({
          status: 202,
          headers: {},
          data: { message: "Auto-merged" },
        }),
      },
    });
    const wanted = {
      key: "k",
      sha: "s",
      environment: "e",
      isProduction: false,
      state: "success" as const,
      description: "",
      payload: {},
    };
    await expect(repository.setDeployment(wanted)).rejects.toMatchObject({ kind: "unexpected", retryable: false });
  });
});
