import { zipSync, strToU8 } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRoutePull, repo, startTestWorld, type TestWorld } from "./test-world.ts";

let world: TestWorld;

beforeEach(async () => {
  world = await startTestWorld();
});

afterEach(async () => {
  await world.close();
});

function account(login: string) {
  return { id: expect.any(Number), login, isBot: login.endsWith("[bot]") };
}

describe("owners", () => {
  it("are resolved with members of child teams and write access, in the order asked", async () => {
    const { simulator, repository } = world;
    simulator.createTeam({ org: "acme", name: "hidden", privacy: "secret", members: ["bob"] });
    simulator.createTeam({ org: "acme", name: "readers", members: ["bob"] });
    simulator.grantAccess({ repo, team: "readers", permission: "read" });
    simulator.createBot({ login: "renovate[bot]" });
    const names = [
      "@acme/platform",
      "@bob",
      "@dan",
      "@nobody-here",
      "@acme/nothing",
      "@acme/hidden",
      "@acme/readers",
      "@other/team",
      "ann@acme.example",
      "@renovate[bot]",
      "someone",
    ];
    const owners = await repository.readOwners(names);
    expect(owners.map((owner) => owner.name)).toEqual(names);
    expect(owners).toEqual([
      {
        kind: "team",
        name: "@acme/platform",
        slug: "platform",
        canWrite: true,
        members: [account("bob"), account("cat")],
      },
      { kind: "user", name: "@bob", account: account("bob"), canWrite: true },
      { kind: "user", name: "@dan", account: account("dan"), canWrite: false },
      { kind: "unresolved", name: "@nobody-here", why: "there is no such login" },
      { kind: "unresolved", name: "@acme/nothing", why: "team not visible: it does not exist or is secret" },
      expect.objectContaining({ kind: "unresolved", name: "@acme/hidden", why: expect.stringContaining("secret") }),
      { kind: "team", name: "@acme/readers", slug: "readers", canWrite: false, members: [account("bob")] },
      { kind: "unresolved", name: "@other/team", why: "the team belongs to another organisation" },
      { kind: "unresolved", name: "ann@acme.example", why: "an e-mail address cannot be looked up" },
      expect.objectContaining({ kind: "unresolved", name: "@renovate[bot]" }),
      { kind: "unresolved", name: "someone", why: "not an owner" },
    ]);
  });

  it("are asked about again after their memberships changed", async () => {
    const { simulator, repository, port } = world;
    await repository.readOwners(["@acme/platform"]);
    simulator.addTeamMember({ org: "acme", team: "platform", login: "dan" });
    const logins = async (): Promise<string[]> =>
      (await repository.readOwners(["@acme/platform"])).flatMap((owner) =>
        owner.kind === "team" ? owner.members.map((member) => member.login) : [],
      );
    expect(await logins()).toEqual(["bob", "cat"]);
    port.forgetPeople();
    expect(await logins()).toEqual(["bob", "cat", "dan"]);
  });

  it("are asked about anew where a merge needs to know, and kept so", async () => {
    const { simulator, repository } = world;
    const logins = async (options?: { isFresh: boolean }): Promise<string[]> =>
      (await repository.readOwners(["@acme/platform"], options)).flatMap((owner) =>
        owner.kind === "team" ? owner.members.map((member) => member.login) : [],
      );
    expect(await logins()).toEqual(["bob", "cat"]);
    simulator.removeTeamMember({ org: "acme", team: "platform", login: "bob" });
    expect(await logins()).toEqual(["bob", "cat"]);
    expect(await logins({ isFresh: true })).toEqual(["cat"]);
    expect(await logins()).toEqual(["cat"]);
  });

  it("do not look absent while GitHub is away", async () => {
    world.simulator.server.addFault({
      when: (request) => request.path.includes("/teams/"),
      effect: {
        kind: "status",
        response: { status: 403, body: { message: "Resource not accessible by integration" } },
      },
    });
    await expect(world.repository.readOwners(["@acme/platform"])).rejects.toMatchObject({ kind: "forbidden" });
  });

  it("have a permission that can be asked for alone", async () => {
    expect(await world.repository.readPermission("bob")).toEqual({ account: account("bob"), canWrite: true });
    expect(await world.repository.readPermission("dan")).toEqual({ account: account("dan"), canWrite: false });
    expect(await world.repository.readPermission("nobody-here")).toBeNull();
  });
});

describe("reviews", () => {
  it("are read oldest first with the commit they saw", async () => {
    const { simulator, repository } = world;
    const { number, headSha } = openRoutePull(simulator);
    const first = simulator.review({ repo, number, by: "bob", event: "APPROVE", body: "/routeward as product-owner" });
    const second = simulator.review({ repo, number, by: "cat", event: "REQUEST_CHANGES", body: "no" });
    expect(await repository.readReviews(number)).toEqual([
      {
        id: first,
        author: account("bob"),
        state: "APPROVED",
        body: "/routeward as product-owner",
        submittedAt: expect.any(String),
        commitSha: headSha,
        dismissedBy: null,
        dismissedState: null,
      },
      expect.objectContaining({ id: second, state: "CHANGES_REQUESTED" }),
    ]);
  });

  it("that were dismissed stay in the list, even where nobody can say who did it", async () => {
    const { simulator, repository } = world;
    const { number } = openRoutePull(simulator);
    const review = simulator.review({ repo, number, by: "bob", event: "APPROVE" });
    simulator.dismissReview({ repo, number, review, by: "ann" });
    simulator.server.addFault({
      when: (request) => request.path.endsWith("/events"),
      effect: { kind: "status", response: { status: 404, body: { message: "Not Found" } } },
    });
    const [dismissed] = await repository.readReviews(number);
    expect(dismissed).toMatchObject({ id: review, state: "DISMISSED", dismissedBy: null, dismissedState: null });
    expect(world.warnings).toEqual(["could not read who dismissed reviews"]);
  });

  it("name who dismissed them and what they had said", async () => {
    const { simulator, repository } = world;
    const { number } = openRoutePull(simulator);
    const objection = simulator.review({ repo, number, by: "bob", event: "REQUEST_CHANGES", body: "no" });
    const approval = simulator.review({ repo, number, by: "cat", event: "APPROVE" });
    simulator.dismissReview({ repo, number, review: objection, by: "ann", message: "answered" });
    simulator.dismissReview({ repo, number, review: approval, by: "bob" });
    expect(await repository.readReviews(number)).toMatchObject([
      { id: objection, state: "DISMISSED", dismissedBy: account("ann"), dismissedState: "CHANGES_REQUESTED" },
      { id: approval, state: "DISMISSED", dismissedBy: account("bob"), dismissedState: "APPROVED" },
    ]);
  });

  it("keep a verdict that nobody has described unknown", async () => {
    const { simulator, repository } = world;
    const { number } = openRoutePull(simulator);
    const review = simulator.review({ repo, number, by: "bob", event: "APPROVE" });
    simulator.dismissReview({ repo, number, review, by: "ann" });
    const events = [
      { event: "assigned", actor: null },
      {
        event: "review_dismissed",
        actor: { id: 5, login: "ann" },
        dismissed_review: { review_id: review, state: "applauded" },
      },
    ];
    simulator.server.addFault({
      when: (request) => request.path.endsWith(`/issues/${number}/events`),
      effect: { kind: "status", response: { status: 200, body: events } },
    });
    expect(await repository.readReviews(number)).toMatchObject([
      { dismissedBy: { id: 5, login: "ann" }, dismissedState: null },
    ]);
  });
});

describe("people of the commits", () => {
  it("are authors, committers and co-authors, each once", async () => {
    const { simulator, repository } = world;
    simulator.createUser({ login: "eve", email: "eve@home.example" });
    simulator.pushFiles({
      repo,
      branch: "team",
      message: "One",
      files: { "model-routes/a.yaml": "a: 1\n" },
      author: "ann",
      committer: "bob",
      coAuthors: ["Cat <77+cat-x@users.noreply.github.com>", "Stranger <stranger@nowhere.example>", "eve"],
    });
    simulator.pushFiles({
      repo,
      branch: "team",
      message: "Two",
      files: { "model-routes/a.yaml": "a: 2\n" },
      author: { name: "Ghost", email: "ghost@nowhere.example" },
      pusher: "ann",
    });
    const { number } = simulator.openPull({ repo, head: "team", title: "Team", author: "ann" });
    const people = await repository.readCommitPeople(number);
    expect(people.complete).toBe(true);
    expect(people.commits).toHaveLength(2);
    const logins = people.people.map((person) => person.account?.login ?? person.text).sort();
    expect(logins).toEqual([
      "Ghost <ghost@nowhere.example>",
      "Stranger <stranger@nowhere.example>",
      "ann",
      "bob",
      "cat-x",
      "eve",
    ]);
  });

  it("of GitHub's own merge button are nobody", async () => {
    const { simulator, repository } = world;
    simulator.pushFiles({
      repo,
      branch: "web",
      message: "Edit on the page",
      files: { "model-routes/a.yaml": "a: 3\n" },
      author: "ann",
      committer: { name: "GitHub", email: "noreply@github.com" },
    });
    const { number } = simulator.openPull({ repo, head: "web", title: "Web", author: "ann" });
    expect((await repository.readCommitPeople(number)).people).toMatchObject([{ account: { login: "ann" } }]);
  });
});

describe("what GitHub says about the rules", () => {
  it("errors of CODEOWNERS", async () => {
    const { simulator, repository } = world;
    expect(await repository.readCodeownersErrors("main")).toEqual([]);
    simulator.pushFiles({
      repo,
      branch: "main",
      message: "Bad",
      files: { ".github/CODEOWNERS": "* @nobody-here\n" },
      author: "ann",
    });
    expect(await repository.readCodeownersErrors("main")).toMatchObject([{ line: 1, path: ".github/CODEOWNERS" }]);
  });

  it("required checks of classic protection and of rulesets", async () => {
    const { simulator, repository } = world;
    expect(await repository.readRequiredChecks("main")).toEqual([]);
    simulator.protectBranch({
      repo,
      branch: "main",
      requiredChecks: [{ context: "routeward/approval", appId: 4711 }, { context: "ci" }],
    });
    simulator.createBranch({ repo, branch: "release" });
    simulator.protectBranch({
      repo,
      branch: "release",
      kind: "ruleset",
      requiredChecks: [{ context: "routeward/approval", appId: 4711 }],
    });
    expect(await repository.readRequiredChecks("main")).toEqual([
      { name: "ci", appId: null },
      { name: "routeward/approval", appId: 4711 },
    ]);
    expect(await repository.readRequiredChecks("release")).toEqual([{ name: "routeward/approval", appId: 4711 }]);
  });

  it("files of the organisation", async () => {
    const { simulator, repository } = world;
    expect(await repository.readOrganizationFile(".github/routeward.yml")).toBeNull();
    simulator.createRepository({
      owner: "acme",
      name: ".github",
      files: {
        ".github/routeward.yml": "version: 1\n",
        folder: { mode: "120000", text: "nowhere" },
        "bad.yml": Buffer.from([0xff]),
      },
    });
    expect(await repository.readOrganizationFile(".github/routeward.yml")).toEqual({ text: "version: 1\n" });
    expect(await repository.readOrganizationFile(".github")).toEqual({ unreadable: "it is not a file" });
    expect(await repository.readOrganizationFile("folder")).toEqual({ unreadable: "it is not a file" });
    expect(await repository.readOrganizationFile("bad.yml")).toEqual({ unreadable: "it is not UTF-8 text" });
    expect(await repository.readOrganizationFile("nothing.yml")).toBeNull();
  });
});

describe("a workflow run", () => {
  it("is told with the record of its artifact and whether its workflow is the default branch's", async () => {
    const { simulator, repository } = world;
    const path = ".github/workflows/eval.yml";
    const main = simulator.pushFiles({
      repo,
      branch: "main",
      message: "CI",
      files: { [path]: "on: push\n" },
      author: "ann",
    });
    const changed = simulator.pushFiles({
      repo,
      branch: "own",
      message: "CI",
      files: { [path]: "on: pull_request\n" },
      author: "ann",
    });
    const good = simulator.addWorkflowRun({
      repo,
      path,
      headSha: main,
      conclusion: "success",
      artifacts: [{ name: "eval-1", files: { "eval-1.yaml": "id: eval-1\n", "log.txt": "x" } }],
    });
    const bad = simulator.addWorkflowRun({ repo, path, headSha: changed, conclusion: "failure", artifacts: [] });
    expect(await repository.readWorkflowRun(good.runId, "eval-1")).toEqual({
      kind: "found",
      runId: good.runId,
      workflow: path,
      conclusion: "success",
      headSha: main,
      workflowMatchesDefaultBranch: true,
      bundlesAtHead: {},
      artifactText: "id: eval-1\n",
      artifactFiles: expect.objectContaining({ "eval-1.yaml": "id: eval-1\n" }),
    });
    expect(await repository.readWorkflowRun(bad.runId, "eval-1")).toMatchObject({
      conclusion: "failure",
      workflowMatchesDefaultBranch: false,
      artifactText: null,
    });
    expect(await repository.readWorkflowRun(good.runId, "eval")).toMatchObject({ artifactText: null });
    expect(await repository.readWorkflowRun(123_456, "eval-1")).toEqual({ kind: "not-found" });
  });

  it("gives no record from an artifact that is expired, broken, or redirected to no web address", async () => {
    const { simulator, repository, warnings } = world;
    const { headSha } = openRoutePull(simulator);
    const run = simulator.addWorkflowRun({
      repo,
      path: ".github/workflows/eval.yml",
      headSha,
      artifacts: [
        { name: "old", files: { "old.json": "{}" }, expired: true },
        { name: "eval-1", files: { "eval-1.json": "{}" } },
      ],
    });
    expect(await repository.readWorkflowRun(run.runId, "old")).toMatchObject({ artifactText: null });
    const isDownload = (request: { path: string }): boolean => request.path.endsWith("/zip");
    const answer = (body: Buffer, headers = {}, status = 200) =>
      simulator.server.addFault({
        when: isDownload,
        times: 1,
        effect: { kind: "status", response: { status, body, headers } },
      });
    answer(Buffer.from("no zip"));
    expect(await repository.readWorkflowRun(run.runId, "eval-1")).toMatchObject({ artifactText: null });
    answer(Buffer.from(zipSync({ "other.json": strToU8("{}") })));
    expect(await repository.readWorkflowRun(run.runId, "eval-1")).toMatchObject({ artifactText: null });
    expect(warnings).toHaveLength(2);
    answer(Buffer.from(""), { location: "file:///etc/passwd" }, 302);
    await expect(repository.readWorkflowRun(run.runId, "eval-1")).rejects.toMatchObject({ kind: "unexpected" });
  });
});
