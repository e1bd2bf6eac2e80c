import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headLeft, planTasks } from "./plan-tasks.ts";

const ourApp = 7;
const dana = { id: 1, login: "dana", type: "User" };
const repository = {
  id: 9,
  name: "routes",
  full_name: "acme/routes",
  default_branch: "main",
  owner: { login: "acme" },
};
const name = { id: 9, owner: "acme", name: "routes" };
const base = { repository, sender: dana };
const plan = (event: string, payload: unknown) => planTasks(event, payload, "guid-1", ourApp);
const kinds = (event: string, payload: unknown) => plan(event, payload).map((task) => task.kind);

const pull = (action: string) => ({ ...base, action, pull_request: { number: 4, head: { sha: "abc" } } });
const comment = (body: string, more: object = {}) => ({
  ...base,
  action: "created",
  issue: { number: 4, pull_request: {} },
  comment: { id: 55, body, user: dana },
  ...more,
});
const check = (action: string, identifier?: string, appId = ourApp) => ({
  ...base,
  action,
  check_run: { id: 3, head_sha: "abc", name: "routeward/approval", app: { id: appId } },
  ...(identifier === undefined ? {} : { requested_action: { identifier } }),
});

describe("a pull request", () => {
  it.each([
    ["opened: who pushed is kept, and it is judged", "opened", ["note-pusher", "review-pull"]],
    ["a new push: who pushed is kept, and it is judged", "synchronize", ["note-pusher", "review-pull"]],
    ["retargeted or reworded: judged", "edited", ["review-pull"]],
    ["closed, merged or not: judged, and so is who else has the commit", "closed", ["review-pull", "review-head"]],
    ["ready for review: judged", "ready_for_review", ["review-pull"]],
    ["labelled: nothing", "labeled", []],
    ["an action of next year: nothing", "teleported", []],
  ])("%s", (_name, action, expected) => {
    expect(kinds("pull_request", pull(action))).toEqual(expected);
  });

  it("a new push leaves the old commit to whoever else has it", () => {
    expect(plan("pull_request", { ...pull("synchronize"), before: "old" }).at(-1)).toEqual({
      kind: "review-head",
      repository: name,
      headSha: "old",
      cause: headLeft,
    });
  });

  it("says when it was retargeted, because the old success is for another base", () => {
    const retargeted = { ...pull("edited"), changes: { base: { ref: { from: "dev" } } } };
    expect(plan("pull_request", retargeted)).toMatchObject([{ cause: "pull_request.retargeted" }]);
    expect(plan("pull_request", { ...pull("edited"), changes: { title: { from: "x" } } })).toMatchObject([
      { cause: "pull_request.edited" },
    ]);
  });

  it.each(["submitted", "edited", "dismissed"])("is judged again when a review is %s", (action) => {
    expect(plan("pull_request_review", pull(action))).toEqual([
      { kind: "review-pull", repository: name, number: 4, cause: `pull_request_review.${action}` },
    ]);
  });
});

describe("a command", () => {
  it("runs from a new comment by a person on a pull request", () => {
    expect(plan("issue_comment", comment("/routeward rollback slow"))).toEqual([
      {
        kind: "run-command",
        repository: name,
        number: 4,
        actor: { id: 1, login: "dana", isBot: false },
        body: "/routeward rollback slow",
        requestId: "comment-55",
        via: "comment",
      },
    ]);
  });

  it.each([
    ["an edited comment", comment("/routeward rollback x", { action: "edited" })],
    [
      "a comment of a bot",
      comment("/routeward rollback x", {
        comment: { id: 1, body: "/routeward rollback", user: { ...dana, type: "Bot" } },
      }),
    ],
    ["a comment on an issue", comment("/routeward rollback x", { issue: { number: 4 } })],
    ["a comment that only mentions it", comment("try /routeward rollback")],
    ["a comment of a deleted account", comment("x", { comment: { id: 1, body: "/routeward status", user: null } })],
  ])("does not run from %s", (_name, payload) => {
    expect(plan("issue_comment", payload)).toEqual([]);
  });
});

describe("our check run", () => {
  it.each([
    ["re-run by a person: judged again", check("rerequested"), ["review-head"]],
    ["the re-check button: judged again", check("requested_action", "recheck"), ["review-head"]],
    ["the rollback button: a command", check("requested_action", "rollback"), ["run-command"]],
    ["the rehearse button: a command", check("requested_action", "rehearse"), ["run-command"]],
    ["a button that we never made: nothing", check("requested_action", "delete-all"), []],
    ["a check run of another app: nothing", check("rerequested", undefined, 8), []],
    ["completed: nothing, it is our own echo", check("completed"), []],
  ])("%s", (_name, payload, expected) => {
    expect(kinds("check_run", payload)).toEqual(expected);
  });

  it("is judged again with its suite", () => {
    const payload = { ...base, action: "rerequested", check_suite: { head_sha: "abc", app: { id: ourApp } } };
    expect(kinds("check_suite", payload)).toEqual(["review-head"]);
    expect(kinds("check_suite", { ...payload, action: "requested" })).toEqual([]);
  });
});

describe("a push", () => {
  const push = (ref: string, more: object = {}) => ({ ref, before: "000", after: "abc", repository, ...more });
  it.each([
    [
      "to the default branch: looks for unapproved content",
      push("refs/heads/main"),
      ["check-default-branch", "review-repository"],
    ],
    ["to another branch: nothing, the pull request tells", push("refs/heads/feature"), []],
    ["of a merge queue branch: nothing", push("refs/heads/gh-readonly-queue/main/pr-4-abc"), []],
    ["that deletes: nothing", push("refs/heads/main", { deleted: true }), []],
  ])("%s", (_name, payload, expected) => {
    expect(kinds("push", payload)).toEqual(expected);
  });
});

const group = (action: string) => ({
  ...base,
  action,
  merge_group: { head_sha: "abc", head_ref: "refs/heads/gh-readonly-queue/main/pr-4-1", base_ref: "refs/heads/main" },
});

it("a merge group is judged for the branch that its queue merges into", () => {
  expect(plan("merge_group", group("checks_requested"))).toEqual([
    {
      kind: "judge-merge-group",
      repository: name,
      headSha: "abc",
      headRef: "gh-readonly-queue/main/pr-4-1",
      baseRef: "main",
    },
  ]);
});

it.each([
  ["merge_group", group("checks_requested"), ["judge-merge-group"]],
  ["merge_group", group("destroyed"), ["drop-merge-group"]],
  ["merge_group", group("teleported"), []],
  ["membership", { organization: { login: "acme" } }, ["review-organization"]],
  ["team", { organization: { login: "acme" } }, ["review-organization"]],
  ["installation", { action: "created" }, []],
  ["something_new", { anything: true }, []],
])("answers %s %#", (event, payload, expected) => {
  expect(kinds(event, payload)).toEqual(expected);
});

it("never throws, whatever a payload holds", () => {
  const events = [
    "pull_request",
    "pull_request_review",
    "issue_comment",
    "check_run",
    "check_suite",
    "push",
    "merge_group",
    "team",
  ];
  fc.assert(
    fc.property(fc.constantFrom(...events), fc.anything(), (event, payload) => {
      expect(planTasks(event, payload, "guid", ourApp)).toBeInstanceOf(Array);
    }),
  );
});
