import type { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appId, closeAcme, startAcme, type AcmeScenario } from "./acme-scenario.ts";
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

function openChange(files: Record<string, string> = { "model-routes/support.yaml": "x: 1\n" }): number {
  github.pushFiles({ repo, branch: "change", author: "ada", message: "Change", files });
  return github.openPull({ repo, head: "change", title: "Change", author: "ada" }).number;
}

async function eventsOf(event: string): Promise<Record<string, unknown>[]> {
  await github.waitForDeliveries();
  return github.deliveries({ event }).map((delivery) => delivery.payload as Record<string, unknown>);
}

describe("a pull request", () => {
  it("is created, listed, edited and closed over REST", async () => {
    github.pushFiles({ repo, branch: "change", author: "ada", message: "Change", files: { a: "1" } });
    const { data } = await octokit.rest.pulls.create({ ...at, head: "change", base: "main", title: "A" });
    const pull = { ...at, pull_number: data.number };
    await expect(octokit.rest.pulls.create({ ...at, head: "change", base: "main", title: "B" })).rejects.toMatchObject({
      status: 422,
    });
    await octokit.rest.pulls.update({ ...pull, title: "B", body: "text" });
    expect((await octokit.rest.pulls.get(pull)).data).toMatchObject({
      title: "B",
      body: "text",
      changed_files: 1,
      commits: 1,
      additions: 1,
    });
    expect((await octokit.rest.pulls.list({ ...at, head: "acme:change" })).data).toHaveLength(1);
    await octokit.rest.pulls.update({ ...pull, state: "closed" });
    expect((await octokit.rest.pulls.list(at)).data).toEqual([]);
    await octokit.rest.pulls.update({ ...pull, state: "open" });
    expect((await eventsOf("pull_request")).map((payload) => payload["action"])).toEqual([
      "opened",
      "edited",
      "closed",
      "reopened",
    ]);
  });

  it("a new push moves its head, tells before and after, and keeps its diff at the merge base", async () => {
    const number = openChange();
    const before = github.pull({ repo, number }).headSha;
    github.pushFiles({ repo, branch: "main", author: "bob", message: "Elsewhere", files: { other: "o" } });
    const after = github.pushFiles({ repo, branch: "change", author: "bob", message: "More", files: { "b.txt": "b" } });
    const { data } = await octokit.rest.pulls.get({ ...at, pull_number: number });
    expect(data.head.sha).toBe(after);
    const { data: files } = await octokit.rest.pulls.listFiles({ ...at, pull_number: number });
    expect(files.map((file) => file.filename)).toEqual(["b.txt", "model-routes/support.yaml"]);
    const { data: commits } = await octokit.rest.pulls.listCommits({ ...at, pull_number: number });
    expect(commits.map((commit) => commit.author?.login)).toEqual(["ada", "bob"]);
    expect((await octokit.rest.git.getRef({ ...at, ref: `pull/${number}/head` })).data.object.sha).toBe(after);
    const events = (await eventsOf("pull_request")).filter((payload) => payload["action"] === "synchronize");
    expect(events).toMatchObject([{ before, after, number, sender: { login: "bob" } }]);
  });

  it("a force push is marked, and a commit that is gone stays readable", async () => {
    const number = openChange();
    const old = github.pull({ repo, number }).headSha;
    const main = github.resolveRef({ repo, ref: "main" }) ?? "";
    github.pushFiles({ repo, branch: "change", author: "ada", message: "Again", files: { a: "2" }, parent: main });
    expect((await eventsOf("push")).at(-1)).toMatchObject({ forced: true, before: old });
    expect((await octokit.rest.repos.getCommit({ ...at, ref: old })).data.sha).toBe(old);
  });

  it("the test merge joins base tip and head, follows both, and is missing on conflict", async () => {
    const number = openChange();
    const get = async (): Promise<{ mergeable: boolean | null; merge_commit_sha: string | null }> =>
      (await octokit.rest.pulls.get({ ...at, pull_number: number })).data;
    const first = await get();
    expect(first.mergeable).toBe(true);
    const { data } = await octokit.rest.git.getCommit({ ...at, commit_sha: first.merge_commit_sha ?? "" });
    expect(data.parents.map((parent) => parent.sha)).toEqual([
      github.resolveRef({ repo, ref: "main" }),
      github.pull({ repo, number }).headSha,
    ]);
    github.pushFiles({ repo, branch: "main", author: "bob", message: "Elsewhere", files: { other: "o" } });
    expect((await get()).merge_commit_sha).not.toBe(first.merge_commit_sha);
    github.pushFiles({
      repo,
      branch: "main",
      author: "bob",
      message: "Same place",
      files: { "model-routes/support.yaml": "y: 2\n" },
    });
    expect(await get()).toMatchObject({ mergeable: false, mergeable_state: "dirty", merge_commit_sha: null });
    expect(() => github.mergePull({ repo, number, by: "bob" })).toThrow("conflict");
    github.delayMergeable({ repo, number, reads: 1 });
    expect((await get()).mergeable).toBeNull();
    expect((await get()).mergeable).toBe(false);
  });

  it("retargeting, drafts and labels are events with what changed", async () => {
    github.createBranch({ repo, branch: "release" });
    const number = openChange();
    github.retargetPull({ repo, number, by: "bob", base: "release" });
    github.setDraft({ repo, number, by: "ada", draft: true });
    github.setDraft({ repo, number, by: "ada", draft: false });
    await octokit.rest.issues.addLabels({ ...at, issue_number: number, labels: ["risky"] });
    await octokit.rest.issues.removeLabel({ ...at, issue_number: number, name: "risky" });
    const events = await eventsOf("pull_request");
    expect(events.map((payload) => payload["action"])).toEqual([
      "opened",
      "edited",
      "converted_to_draft",
      "ready_for_review",
      "labeled",
      "unlabeled",
    ]);
    expect(events[1]).toMatchObject({ changes: { base: { ref: { from: "main" } } } });
  });

  it("a fork's pull request has its commits in the base repository, but check runs do not name it", async () => {
    github.grantAccess({ repo, login: "eve", permission: "read" });
    const fork = github.forkRepository({ repo, owner: "eve" });
    github.pushFiles({ repo: fork.fullName, branch: "change", author: "eve", message: "Fork", files: { a: "1" } });
    const { number, headSha } = github.openPull({ repo, head: "eve:change", title: "From a fork", author: "eve" });
    const app = await acme.asApp();
    const { data } = await app.rest.checks.create({ ...at, name: "x", head_sha: headSha });
    expect(data.pull_requests).toEqual([]);
    expect((await app.rest.pulls.get({ ...at, pull_number: number })).data.head.repo.full_name).toBe("eve/shop");
    expect(
      (await app.rest.repos.listPullRequestsAssociatedWithCommit({ ...at, commit_sha: headSha })).data.map(
        (pull) => pull.number,
      ),
    ).toEqual([number]);
  });
});

describe("merging", () => {
  it.each([
    ["merge", 2, /^Merge pull request #1 from acme\/change\n\nChange$/],
    ["squash", 1, /^Change \(#1\)[\s\S]*Co-authored-by: bob/],
    ["rebase", 1, /^Change$/],
  ] as const)("by %s gives the commit shape that GitHub gives", async (method, parents, message) => {
    github.pushFiles({ repo, branch: "change", author: "bob", message: "First", files: { a: "1" } });
    const number = openChange();
    github.pushFiles({ repo, branch: "main", author: "cleo", message: "Elsewhere", files: { other: "o" } });
    const head = github.pull({ repo, number }).headSha;
    const { data } = await octokit.rest.pulls.merge({ ...at, pull_number: number, merge_method: method, sha: head });
    const commit = await octokit.rest.git.getCommit({ ...at, commit_sha: data.sha });
    expect(commit.data.parents).toHaveLength(parents);
    expect(commit.data.message).toMatch(message);
    expect(commit.data.sha).not.toBe(head);
    expect(github.resolveRef({ repo, ref: "main" })).toBe(data.sha);
    expect(github.readFile({ repo, ref: "main", path: "other" })).toBe("o");
    expect(github.readFile({ repo, ref: "main", path: "a" })).toBe("1");
    const pull = (await octokit.rest.pulls.get({ ...at, pull_number: number })).data;
    expect(pull).toMatchObject({
      merged: true,
      merge_commit_sha: data.sha,
      merged_by: { login: "ada" },
      changed_files: 2,
    });
    expect((await eventsOf("pull_request")).at(-1)).toMatchObject({ action: "closed", pull_request: { merged: true } });
    expect((await eventsOf("push")).at(-1)).toMatchObject({ ref: "refs/heads/main", after: data.sha });
    expect(
      (await octokit.rest.repos.listPullRequestsAssociatedWithCommit({ ...at, commit_sha: data.sha })).data,
    ).toHaveLength(1);
  });

  it("a merge without a body works, a moved head is 409, a merged or draft one 405", async () => {
    const number = openChange();
    const old = github.pull({ repo, number }).headSha;
    github.pushFiles({ repo, branch: "change", author: "ada", message: "More", files: { b: "b" } });
    await expect(octokit.rest.pulls.merge({ ...at, pull_number: number, sha: old })).rejects.toMatchObject({
      status: 409,
    });
    github.setDraft({ repo, number, by: "ada", draft: true });
    await expect(octokit.rest.pulls.merge({ ...at, pull_number: number })).rejects.toMatchObject({ status: 405 });
    github.setDraft({ repo, number, by: "ada", draft: false });
    await expect(octokit.rest.pulls.checkIfMerged({ ...at, pull_number: number })).rejects.toMatchObject({
      status: 404,
    });
    await octokit.rest.pulls.merge({ ...at, pull_number: number });
    expect((await octokit.rest.pulls.checkIfMerged({ ...at, pull_number: number })).status).toBe(204);
    await expect(octokit.rest.pulls.merge({ ...at, pull_number: number })).rejects.toMatchObject({ status: 405 });
  });

  it("a required check binds writers, is bound to its app, and an administrator can go past it", async () => {
    github.protectBranch({ repo, branch: "main", requiredChecks: [{ context: "gate", appId }] });
    const number = openChange();
    const { headSha } = github.pull({ repo, number });
    const merge = (login: string): Promise<unknown> => acme.as(login).rest.pulls.merge({ ...at, pull_number: number });
    await expect(merge("ada")).rejects.toMatchObject({
      status: 405,
      message: expect.stringContaining("is expected") as string,
    });
    await octokit.rest.repos.createCommitStatus({ ...at, sha: headSha, context: "gate", state: "success" });
    await expect(merge("ada")).rejects.toMatchObject({ status: 405 });
    const app = await acme.asApp();
    const run = await app.rest.checks.create({ ...at, name: "gate", head_sha: headSha, conclusion: "success" });
    await app.rest.checks.update({ ...at, check_run_id: run.data.id, status: "in_progress" });
    await expect(merge("ada")).rejects.toMatchObject({ status: 405 });
    expect(() => github.mergePull({ repo, number, by: "dora" })).toThrow("in progress");
    await merge("dora");
    expect(github.pull({ repo, number }).merged).toBe(true);
  });

  it("a direct push that brings the head into the base merges the pull request", async () => {
    const number = openChange();
    const { headSha } = github.pull({ repo, number });
    await octokit.rest.git.updateRef({ ...at, ref: "heads/main", sha: headSha });
    expect(github.pull({ repo, number })).toMatchObject({ merged: true, state: "closed" });
  });

  it("update-branch merges the base into the head", async () => {
    const number = openChange();
    github.pushFiles({ repo, branch: "main", author: "bob", message: "Elsewhere", files: { other: "o" } });
    const { status } = await octokit.rest.pulls.updateBranch({ ...at, pull_number: number });
    expect(status).toBe(202);
    expect(github.readFile({ repo, ref: "change", path: "other" })).toBe("o");
  });
});

describe("reviews and requests", () => {
  it("a review takes the reviewer and the reviewer's team off the list, and nobody else", async () => {
    const number = openChange();
    const app = await acme.asApp();
    const pull = { ...at, pull_number: number };
    await app.rest.pulls.requestReviewers({ ...pull, reviewers: ["bob", "cleo"], team_reviewers: ["platform"] });
    await acme.as("cleo").rest.pulls.createReview({ ...pull, event: "COMMENT", body: "looking" });
    const { data } = await app.rest.pulls.listRequestedReviewers(pull);
    expect([data.users.map((user) => user.login), data.teams.map((team) => team.slug)]).toEqual([["bob"], []]);
    await app.rest.pulls.removeRequestedReviewers({ ...pull, reviewers: ["bob"] });
    expect(github.pull({ repo, number }).requestedReviewers).toEqual([]);
    expect((await eventsOf("pull_request")).map((payload) => payload["action"])).toEqual([
      "opened",
      "review_requested",
      "review_requested",
      "review_requested",
      "review_request_removed",
    ]);
  });

  it.each([
    ["the author", { reviewers: ["bob", "ada"] }, "pull request author"],
    ["somebody without access", { reviewers: ["bob", "eve"] }, "only be requested from collaborators"],
    ["an unknown login", { reviewers: ["nobody"] }, "only be requested from collaborators"],
    ["an unknown team", { reviewers: ["bob"], team_reviewers: ["ghosts"] }, "only be requested from collaborators"],
    [
      "more than fifteen people",
      { reviewers: Array.from({ length: 16 }, (_item, index) => `user${index}`) },
      "15 reviewers",
    ],
    ["nobody", {}, "subschema"],
  ])("asking %s is 422 and asks nobody", async (_name, wanted, message) => {
    const number = openChange();
    const app = await acme.asApp();
    await expect(app.rest.pulls.requestReviewers({ ...at, pull_number: number, ...wanted })).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining(message) as string,
    });
    expect(github.pull({ repo, number }).requestedReviewers).toEqual([]);
  });

  it("asking a team without members: read is 422", async () => {
    const number = openChange();
    const app = await acme.asApp({ pull_requests: "write" });
    await expect(
      app.rest.pulls.requestReviewers({ ...at, pull_number: number, team_reviewers: ["platform"] }),
    ).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining("global id") as string,
    });
  });

  it("authors cannot approve their own pull request", async () => {
    const number = openChange();
    await expect(
      octokit.rest.pulls.createReview({ ...at, pull_number: number, event: "APPROVE" }),
    ).rejects.toMatchObject({ status: 422 });
    expect(
      (await octokit.rest.pulls.createReview({ ...at, pull_number: number, event: "COMMENT", body: "hm" })).data.state,
    ).toBe("COMMENTED");
  });

  it("an approval stays on the commit it was given for, and a dismissal replaces it", async () => {
    const number = openChange();
    const pull = { ...at, pull_number: number };
    const old = github.pull({ repo, number }).headSha;
    const id = github.review({ repo, number, by: "bob", event: "APPROVE" });
    github.pushFiles({ repo, branch: "change", author: "ada", message: "More", files: { b: "b" } });
    const { data } = await octokit.rest.pulls.listReviews(pull);
    expect(data.map((review) => [review.state, review.commit_id])).toEqual([["APPROVED", old]]);
    const dismissed = await octokit.rest.pulls.dismissReview({ ...pull, review_id: id, message: "old" });
    expect(dismissed.data.state).toBe("DISMISSED");
    await expect(octokit.rest.pulls.dismissReview({ ...pull, review_id: id, message: "old" })).rejects.toMatchObject({
      status: 422,
    });
    expect(
      (await eventsOf("pull_request_review")).map((payload) => [
        payload["action"],
        (payload["review"] as { state: string }).state,
      ]),
    ).toEqual([
      ["submitted", "approved"],
      ["dismissed", "dismissed"],
    ]);
  });

  it("a pending review is seen by its author alone until it is submitted", async () => {
    const number = openChange();
    const pull = { ...at, pull_number: number };
    const bob = acme.as("bob");
    const { data } = await bob.rest.pulls.createReview({ ...pull, body: "draft" });
    expect((await octokit.rest.pulls.listReviews(pull)).data).toEqual([]);
    expect((await bob.rest.pulls.listReviews(pull)).data[0]?.state).toBe("PENDING");
    await bob.rest.pulls.submitReview({ ...pull, review_id: data.id, event: "APPROVE" });
    expect((await octokit.rest.pulls.getReview({ ...pull, review_id: data.id })).data.state).toBe("APPROVED");
  });
});
