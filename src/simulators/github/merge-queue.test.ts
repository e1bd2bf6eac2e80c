import type { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appId, closeAcme, startAcme, type AcmeScenario } from "./acme-scenario.ts";
import type { GitHubSimulator } from "./github-simulator.ts";

let acme: AcmeScenario;
let github: GitHubSimulator;
let app: Octokit;
const repo = "acme/shop";
const at = { owner: "acme", repo: "shop" };
const check = "routeward/approval";

beforeEach(async () => {
  acme = await startAcme();
  github = acme.github;
  app = await acme.asApp();
  github.protectBranch({
    repo,
    branch: "main",
    kind: "ruleset",
    requiredChecks: [{ context: check, appId }],
    mergeQueue: true,
  });
});
afterEach(() => closeAcme(acme));

async function conclude(head_sha: string, conclusion: "success" | "failure"): Promise<void> {
  await app.rest.checks.create({ ...at, name: check, head_sha, status: "completed", conclusion });
}

/** Opens a pull request that writes one file, and makes it ready for the queue. */
async function openGreen(branch: string, files: Record<string, string> = { [branch]: "1" }): Promise<number> {
  github.pushFiles({ repo, branch, author: "ada", message: `Add ${branch}`, files });
  const { number, headSha } = github.openPull({ repo, head: branch, title: branch, author: "ada" });
  await conclude(headSha, "success");
  return number;
}

async function enqueue(...numbers: number[]): Promise<void> {
  for (const number of numbers) github.enqueuePull({ repo, number, by: "bob" });
  await github.waitForDeliveries();
}

function headOf(position: number): string {
  return github.mergeQueue({ repo })[position - 1]?.headSha ?? "";
}

/** `event.action reason` of everything about the queue, in order. */
async function tellEvents(): Promise<string[]> {
  await github.waitForDeliveries();
  return github.deliveries().flatMap((delivery) => {
    const payload = delivery.payload as { reason?: string; number?: number };
    const isOfQueue =
      delivery.event === "merge_group" || ["enqueued", "dequeued", "closed"].includes(delivery.action ?? "");
    const words = [delivery.event, delivery.action, payload.number, payload.reason];
    return isOfQueue ? [words.filter((word) => word !== undefined).join(" ")] : [];
  });
}

describe("a merge queue", () => {
  it("builds each pull request on the one ahead and asks for checks on each", async () => {
    const first = await openGreen("one");
    const second = await openGreen("two");
    const tip = github.resolveRef({ repo, ref: "main" }) ?? "";
    await enqueue(first, second);
    const queue = github.mergeQueue({ repo });
    expect(queue).toMatchObject([
      { position: 1, number: first, baseSha: tip, branch: `gh-readonly-queue/main/pr-${first}-${tip}` },
      { position: 2, number: second, baseSha: queue[0]?.headSha },
    ]);
    expect(github.readFile({ repo, ref: headOf(1), path: "two" })).toBeUndefined();
    expect(github.readFile({ repo, ref: headOf(2), path: "one" })).toBe("1");
    const asked = github.deliveries({ event: "merge_group" }).map((delivery) => delivery.payload);
    expect(asked).toMatchObject(
      queue.map((entry) => ({
        action: "checks_requested",
        merge_group: {
          head_sha: entry.headSha,
          head_ref: `refs/heads/${entry.branch}`,
          base_sha: entry.baseSha,
          base_ref: "refs/heads/main",
          head_commit: { id: entry.headSha },
        },
      })),
    );
  });

  it("merges from the front when the check on the group commit is green, and keeps what is behind", async () => {
    const first = await openGreen("one");
    const second = await openGreen("two");
    await enqueue(first, second);
    const [one, two] = [headOf(1), headOf(2)];
    await conclude(one, "success");
    expect(github.resolveRef({ repo, ref: "main" })).toBe(one);
    expect(github.pull({ repo, number: first })).toMatchObject({ merged: true, mergeCommitSha: one });
    expect(github.mergeQueue({ repo })).toMatchObject([{ number: second, headSha: two, baseSha: one }]);
    await conclude(two, "success");
    expect(github.resolveRef({ repo, ref: "main" })).toBe(two);
    expect(await tellEvents()).toEqual([
      `pull_request enqueued ${first}`,
      "merge_group checks_requested",
      `pull_request enqueued ${second}`,
      "merge_group checks_requested",
      `pull_request dequeued ${first} MERGE`,
      `pull_request closed ${first}`,
      "merge_group destroyed merged",
      `pull_request dequeued ${second} MERGE`,
      `pull_request closed ${second}`,
      "merge_group destroyed merged",
    ]);
  });

  it("merges two in one push when the second was green first", async () => {
    await enqueue(await openGreen("one"), await openGreen("two"));
    const [one, two] = [headOf(1), headOf(2)];
    await conclude(two, "success");
    expect(github.mergeQueue({ repo })).toHaveLength(2);
    await conclude(one, "success");
    await github.waitForDeliveries();
    const pushes = github.deliveries({ event: "push" }).map((delivery) => delivery.payload as { ref: string });
    expect(pushes.filter((push) => push.ref === "refs/heads/main")).toMatchObject([{ after: two }]);
  });

  it("takes out what fails and builds those behind it anew", async () => {
    const first = await openGreen("one");
    const second = await openGreen("two");
    await enqueue(first, second);
    const tip = github.resolveRef({ repo, ref: "main" });
    const [one, two] = [headOf(1), headOf(2)];
    await conclude(one, "failure");
    expect(github.mergeQueue({ repo })).toMatchObject([{ number: second, baseSha: tip }]);
    expect(headOf(1)).not.toBe(two);
    expect(github.readFile({ repo, ref: headOf(1), path: "one" })).toBeUndefined();
    expect((await tellEvents()).slice(-4)).toEqual([
      `pull_request dequeued ${first} CI_FAILURE`,
      "merge_group destroyed dequeued",
      "merge_group destroyed invalidated",
      "merge_group checks_requested",
    ]);
    await enqueue(first);
    expect(headOf(2)).not.toBe(one);
    expect(github.mergeQueue({ repo })).toHaveLength(2);
  });

  it("builds a new commit for what failed and comes back at once", async () => {
    const number = await openGreen("one");
    await enqueue(number);
    const before = headOf(1);
    await conclude(before, "failure");
    await enqueue(number);
    expect(headOf(1)).not.toBe(before);
    expect(github.pull({ repo, number }).state).toBe("open");
  });

  it.each([
    [
      "a new push",
      (number: number) =>
        void github.pushFiles({ repo, branch: "one", author: "ada", message: "More", files: { more: String(number) } }),
    ],
    ["closing", (number: number) => github.closePull({ repo, number, by: "ada" })],
    ["a draft", (number: number) => github.setDraft({ repo, number, by: "ada", draft: true })],
    ["the button", (number: number) => github.dequeuePull({ repo, number, by: "bob" })],
    ["the end of the queue", () => github.unprotectBranch({ repo, branch: "main" })],
  ])("lets %s take a pull request out", async (_name, act) => {
    const number = await openGreen("one");
    await enqueue(number);
    act(number);
    expect(github.mergeQueue({ repo })).toEqual([]);
    expect((await tellEvents()).slice(-2)).toEqual([
      expect.stringContaining(`pull_request dequeued ${number}`),
      "merge_group destroyed dequeued",
    ]);
    expect(github.pull({ repo, number }).merged).toBe(false);
  });

  it("takes out what conflicts with what is ahead", async () => {
    const first = await openGreen("one", { same: "1" });
    const second = await openGreen("two", { same: "2" });
    await enqueue(first, second);
    expect(github.mergeQueue({ repo })).toMatchObject([{ number: first }]);
    expect((await tellEvents()).at(-1)).toBe(`pull_request dequeued ${second} MERGE_CONFLICT`);
  });

  it("is built anew when an administrator pushes past it", async () => {
    await enqueue(await openGreen("one"));
    const before = headOf(1);
    const sha = github.pushFiles({ repo, branch: "main", author: "dora", message: "Past", files: { past: "1" } });
    expect(github.mergeQueue({ repo })).toMatchObject([{ baseSha: sha }]);
    expect(headOf(1)).not.toBe(before);
  });

  it("is the only way in, and only for what is green", async () => {
    const number = await openGreen("one");
    await expect(acme.as("bob").rest.pulls.merge({ ...at, pull_number: number })).rejects.toMatchObject({
      status: 405,
    });
    github.pushFiles({ repo, branch: "red", author: "ada", message: "Red", files: { red: "1" } });
    const red = github.openPull({ repo, head: "red", title: "Red", author: "ada" }).number;
    expect(() => github.enqueuePull({ repo, number: red, by: "bob" })).toThrow(/is expected/);
    await enqueue(number);
    expect(() => github.enqueuePull({ repo, number, by: "bob" })).toThrow(/already/);
  });

  it("squashes when it is told to", async () => {
    github.protectBranch({ repo, branch: "main", mergeQueue: { method: "squash" } });
    const tip = github.resolveRef({ repo, ref: "main" });
    const number = await openGreen("one");
    await enqueue(number);
    const merged = github.pull({ repo, number }).mergeCommitSha ?? "";
    const { data } = await app.rest.git.getCommit({ ...at, commit_sha: merged });
    expect(data.parents.map((parent) => parent.sha)).toEqual([tip]);
  });

  it("shows in the rules of the branch and in GraphQL", async () => {
    const number = await openGreen("one");
    await enqueue(number);
    const rules = await app.rest.repos.getBranchRules({ ...at, branch: "main" });
    expect(rules.data.map((rule) => rule.type)).toContain("merge_queue");
    const query = `query($branch:String){repository(owner:"acme",name:"shop"){
      pullRequest(number:${number}){isInMergeQueue}
      mergeQueue(branch:$branch){entries(first:100){totalCount nodes{position state enqueuer{login}
        baseCommit{oid} headCommit{oid} pullRequest{number headRefOid}}}}}}`;
    expect(await app.graphql(query, { branch: "main" })).toEqual({
      repository: {
        pullRequest: { isInMergeQueue: true },
        mergeQueue: {
          entries: {
            totalCount: 1,
            nodes: [
              {
                position: 1,
                state: "AWAITING_CHECKS",
                enqueuer: { login: "bob" },
                baseCommit: { oid: github.resolveRef({ repo, ref: "main" }) },
                headCommit: { oid: headOf(1) },
                pullRequest: { number, headRefOid: github.pull({ repo, number }).headSha },
              },
            ],
          },
        },
      },
    });
    expect(await app.graphql(query, { branch: "other" })).toMatchObject({ repository: { mergeQueue: null } });
    const blind = await acme.asApp({ contents: "read", pull_requests: "read" });
    await expect(blind.graphql(query)).rejects.toThrow(/not accessible/);
  });
});
