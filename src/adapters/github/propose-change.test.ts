import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ChangeProposal } from "../../core/effect.ts";
import type { Fault } from "../../simulators/loopback-server.ts";
import { repo, startTestWorld, type TestWorld } from "./test-world.ts";

const path = "model-routes/a.yaml";
const branch = "routeward/promote/a";
let world: TestWorld;

beforeEach(async () => {
  world = await startTestWorld();
});
afterEach(async () => {
  await world.close();
});

async function makeProposal(change: Partial<ChangeProposal> = {}): Promise<ChangeProposal> {
  const baseSha = await world.repository.readBranch("main");
  return {
    branch,
    baseRef: "main",
    baseSha: baseSha ?? "",
    path,
    text: "model_change: { flagKey: a }\n",
    isExecutable: false,
    message: "Ask for the next stage",
    title: "Promote a",
    body: "Why",
    ...change,
  };
}

function readFile(ref = branch): string | undefined {
  return world.simulator.readFile({ repo, ref, path });
}

const countWrites = (): number => world.simulator.server.log.filter(({ method }) => method !== "GET").length;

it("opens a pull request with one verified file on top of the base", async () => {
  const opened = await world.repository.proposeChange(await makeProposal());
  expect(opened).toMatchObject({ kind: "open", written: true });
  const number = opened.kind === "open" ? opened.number : 0;
  const changes = await world.repository.readChanges(number);
  expect(changes).toEqual({ complete: true, files: [{ path, previousPath: null, status: "modified" }] });
  const pull = await world.repository.readPull(number);
  expect(pull).toMatchObject({ title: "Promote a", author: { login: "routeward[bot]", isBot: true }, headRef: branch });
  const { people } = await world.repository.readCommitPeople(number);
  expect(people.map(({ account }) => account?.login)).toEqual(["routeward[bot]"]);
  expect(readFile()).toBe("model_change: { flagKey: a }\n");
});

describe("a repetition makes nothing twice", () => {
  it("an open one is found and left", async () => {
    const proposal = await makeProposal();
    const first = await world.repository.proposeChange(proposal);
    expect(await world.repository.proposeChange(proposal)).toEqual({ ...first, written: false });
    expect(world.simulator.pulls({ repo })).toHaveLength(1);
  });

  it.each<[string, string]>([
    ["the blob", "/git/blobs"],
    ["the tree", "/git/trees"],
    ["the commit", "/git/commits"],
    ["the branch", "/git/refs"],
    ["the pull request", "/pulls"],
  ])("when the answer about %s is lost", async (_name, end) => {
    const effects: Fault["effect"][] = [{ kind: "lost-answer" }, { kind: "lost-request" }];
    for (const [index, effect] of effects.entries()) {
      const own = { branch: `${branch}-${index}` };
      world.simulator.server.addFault({
        when: (request) => request.method === "POST" && request.path.endsWith(end),
        times: 1,
        effect,
      });
      const proposal = await makeProposal(own);
      // What got lost for good is asked for again by the next pass.
      const made = await world.repository.proposeChange(proposal).catch(() => world.repository.proposeChange(proposal));
      expect(made.kind).toBe("open");
      expect(readFile(own.branch)).toBe(proposal.text);
    }
    expect(world.simulator.pulls({ repo })).toHaveLength(2);
  });

  it("a branch without its pull request is taken up", async () => {
    const proposal = await makeProposal();
    world.simulator.server.addFault({
      when: (request) => request.method === "POST" && request.path.endsWith("/pulls"),
      times: 1,
      effect: { kind: "status", response: { status: 500, body: { message: "no" } } },
    });
    await expect(world.repository.proposeChange(proposal)).rejects.toMatchObject({ name: "GitHubError" });
    expect(readFile()).toBe(proposal.text);
    expect(world.simulator.pulls({ repo })).toEqual([]);
    const made = await world.repository.proposeChange(proposal);
    expect(made.kind).toBe("open");
    expect(world.simulator.pulls({ repo })).toHaveLength(1);
  });
});

describe("what happened meanwhile is respected", () => {
  it("a base that moved: the branch follows it when the file means something else", async () => {
    const first = await world.repository.proposeChange(await makeProposal());
    world.simulator.pushFiles({ repo, branch: "main", message: "More", files: { "b.txt": "b\n" }, author: "ann" });
    const again = await world.repository.proposeChange(await makeProposal({ text: "model_change: { flagKey: b }\n" }));
    expect(again).toEqual({ ...first, written: true });
    expect(readFile()).toBe("model_change: { flagKey: b }\n");
    expect(world.simulator.readFile({ repo, ref: branch, path: "b.txt" })).toBe("b\n");
  });

  it("a branch on which somebody has committed stays theirs", async () => {
    const first = await world.repository.proposeChange(await makeProposal());
    world.simulator.pushFiles({ repo, branch, message: "Mine", files: { [path]: "mine\n" }, author: "bob" });
    const again = await world.repository.proposeChange(await makeProposal({ text: "model_change: { flagKey: b }\n" }));
    expect(again).toEqual({ ...first, written: false });
    expect(readFile()).toBe("mine\n");
  });

  it("one that somebody closed stays closed", async () => {
    const first = await world.repository.proposeChange(await makeProposal());
    const number = first.kind === "open" ? first.number : 0;
    world.simulator.closePull({ repo, number, by: "bob" });
    const before = countWrites();
    expect(await world.repository.proposeChange(await makeProposal())).toEqual({
      kind: "closed",
      number,
      merged: false,
    });
    expect(countWrites()).toBe(before);
  });

  it("a pull request of somebody else from a branch of that name is not ours", async () => {
    world.simulator.pushFiles({ repo, branch, message: "Mine", files: { [path]: "mine\n" }, author: "bob" });
    world.simulator.openPull({ repo, head: branch, title: "Mine", author: "bob" });
    await expect(world.repository.proposeChange(await makeProposal())).rejects.toMatchObject({ kind: "invalid" });
    expect(readFile()).toBe("mine\n");
  });
});

it("an installation that may not write says so, and nothing is opened", async () => {
  world.simulator.setPermissions({ appId: 4711, permissions: { contents: "read" } });
  expect(await world.repository.proposeChange(await makeProposal())).toEqual({ kind: "forbidden" });
  expect(world.simulator.pulls({ repo })).toEqual([]);
});
