import { validate } from "@octokit/graphql-schema";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { repo, startTestWorld, type TestWorld } from "./test-world.ts";

let world: TestWorld;

beforeEach(async () => {
  world = await startTestWorld();
  // A check that nobody sets on group commits keeps them in the queue.
  world.simulator.protectBranch({ repo, branch: "main", requiredChecks: [{ context: "ci" }], mergeQueue: true });
});

afterEach(async () => {
  await world.close();
});

async function makeGreen(sha: string): Promise<void> {
  await world.repository.publishCheck({
    name: "ci",
    headSha: sha,
    status: "completed",
    conclusion: "success",
    title: "ok",
    summary: "ok",
    text: "",
    annotations: [],
    actions: [],
    externalId: sha,
  });
}

/** Pull requests that touch different files, in the queue in this order. */
async function enqueue(...branches: string[]): Promise<{ number: number; headSha: string }[]> {
  const { simulator } = world;
  const pulls = [];
  for (const branch of branches) {
    simulator.pushFiles({ repo, branch, message: branch, files: { [`${branch}.md`]: branch }, author: "ann" });
    const pull = simulator.openPull({ repo, head: branch, title: branch, author: "ann" });
    await makeGreen(pull.headSha);
    simulator.enqueuePull({ repo, number: pull.number, by: "bob" });
    pulls.push(pull);
  }
  return pulls;
}

function headOf(number: number): string {
  return world.simulator.mergeQueue({ repo }).find((entry) => entry.number === number)?.headSha ?? "";
}

function inGroup(pull: { number: number; headSha: string } | undefined): unknown {
  const number = pull?.number ?? 0;
  return { number, headSha: pull?.headSha, groupSha: headOf(number) };
}

describe("a merge group", () => {
  it("holds its own pull request and all ahead of it, down to the tip of the base", async () => {
    const { simulator, repository } = world;
    const [one, two, three] = await enqueue("one", "two", "three");
    const baseSha = simulator.resolveRef({ repo, ref: "main" });
    expect(await repository.readMergeGroup(headOf(one?.number ?? 0), "refs/heads/main")).toEqual({
      baseSha,
      members: [inGroup(one)],
    });
    expect(await repository.readMergeGroup(headOf(three?.number ?? 0), "main")).toEqual({
      baseSha,
      members: [inGroup(one), inGroup(two), inGroup(three)],
    });
  });

  it("loses the members that are merged already", async () => {
    const { simulator, repository } = world;
    const [one, two] = await enqueue("one", "two");
    const merged = headOf(one?.number ?? 0);
    await makeGreen(merged);
    expect(simulator.pull({ repo, number: one?.number ?? 0 }).merged).toBe(true);
    expect(await repository.readMergeGroup(headOf(two?.number ?? 0), "main")).toEqual({
      baseSha: merged,
      members: [inGroup(two)],
    });
    expect(await repository.readMergeGroup(merged, "main")).toBeNull();
  });

  it("is nobody's once it was built anew, on a branch without a queue, or on one that is not there", async () => {
    const { simulator, repository } = world;
    const [one] = await enqueue("one");
    const before = headOf(one?.number ?? 0);
    simulator.pushFiles({ repo, branch: "main", message: "Past", files: { past: "1" }, author: "ann" });
    expect(await repository.readMergeGroup(before, "main")).toBeNull();
    expect(await repository.readMergeGroup(headOf(one?.number ?? 0), "main")).toMatchObject({
      members: [inGroup(one)],
    });
    simulator.createBranch({ repo, branch: "free" });
    expect(await repository.readMergeGroup(before, "free")).toBeNull();
    expect(await repository.readMergeGroup(before, "nowhere")).toBeNull();
    expect(world.warnings).toEqual([]);
  });
});

interface FakeEntry {
  base: string | null;
  head: string | null;
  number?: number | null;
}

function answerQueue(
  entries: readonly (FakeEntry | null)[],
  page = { hasNextPage: false, endCursor: null as string | null },
) {
  const nodes = entries.map((entry) =>
    entry === null
      ? null
      : {
          baseCommit: entry.base === null ? null : { oid: entry.base },
          headCommit: entry.head === null ? null : { oid: entry.head },
          pullRequest: entry.number === null ? null : { number: entry.number ?? 1, headRefOid: "aa" },
        },
  );
  return {
    data: { repository: { ref: { target: { oid: "tip" } }, mergeQueue: { entries: { pageInfo: page, nodes } } } },
  };
}

function script(body: unknown, status = 200, times = 1): void {
  world.simulator.server.addFault({
    when: (request) => request.path.endsWith("/graphql"),
    times,
    effect: { kind: "status", response: { status, body } },
  });
}

describe("a queue that GitHub tells strangely", () => {
  it.each<[string, (FakeEntry | null)[]]>([
    ["nothing", []],
    ["the tip itself", [{ base: "older", head: "tip" }]],
    ["an entry ahead that is hidden", [null, { base: "h1", head: "h2" }]],
    [
      "an entry ahead that is not built",
      [
        { base: null, head: null },
        { base: "h1", head: "h2" },
      ],
    ],
    ["a pull request that is hidden", [{ base: "tip", head: "h2", number: null }]],
    [
      "the same head twice",
      [
        { base: "tip", head: "h2", number: 1 },
        { base: "tip", head: "h2", number: 2 },
      ],
    ],
    [
      "a circle",
      [
        { base: "h2", head: "h1" },
        { base: "h1", head: "h2" },
      ],
    ],
    ["an entry on itself", [{ base: "h2", head: "h2" }]],
  ])("gives no group for %s", async (_name, entries) => {
    script(answerQueue(entries));
    expect(await world.repository.readMergeGroup("h2", "main")).toBeNull();
  });

  it("gives no group for the tip of the base itself", async () => {
    script(answerQueue([{ base: "older", head: "tip" }]));
    expect(await world.repository.readMergeGroup("tip", "main")).toBeNull();
  });

  it("is followed over its pages, and given up where they do not end", async () => {
    const next = { hasNextPage: true, endCursor: "c1" };
    script(answerQueue([{ base: "h1", head: "h2", number: 2 }], next));
    script(answerQueue([{ base: "tip", head: "h1", number: 1 }]));
    expect(await world.repository.readMergeGroup("h2", "main")).toEqual({
      baseSha: "tip",
      members: [
        { number: 1, headSha: "aa", groupSha: "h1" },
        { number: 2, headSha: "aa", groupSha: "h2" },
      ],
    });
    script(answerQueue([{ base: "tip", head: "h2" }], next), 200, 20);
    expect(await world.repository.readMergeGroup("h2", "main")).toBeNull();
  });

  it("is nobody's when the app may not read it, and a later try's when GitHub is away", async () => {
    script({ data: null, errors: [{ type: "FORBIDDEN", message: "Resource not accessible by integration" }] });
    expect(await world.repository.readMergeGroup("h2", "main")).toBeNull();
    script({ errors: [{ message: "Field 'mergeQueue' doesn't exist on type 'Repository'" }] });
    expect(await world.repository.readMergeGroup("h2", "main")).toBeNull();
    expect(world.warnings).toEqual(["could not read the merge queue", "could not read the merge queue"]);
    script({ message: "Bad gateway" }, 502);
    await expect(world.repository.readMergeGroup("h2", "main")).rejects.toMatchObject({ retryable: true });
  });

  it("is asked for as GitHub's schema allows", async () => {
    const asked: string[] = [];
    world.simulator.server.watch({
      before: (request) => {
        if (request.path.endsWith("/graphql")) asked.push((request.body as { query: string }).query);
      },
    });
    await world.repository.readMergeGroup("h2", "main");
    expect(asked).toHaveLength(1);
    expect(validate(asked[0] ?? "")).toEqual([]);
  });
});
