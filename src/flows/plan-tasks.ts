import { z } from "zod";

const account = z.object({ id: z.number(), login: z.string(), type: z.string().optional() });
const repository = z.object({
  id: z.number(),
  name: z.string(),
  full_name: z.string(),
  default_branch: z.string().optional(),
  owner: z.object({ login: z.string() }),
});
const withRepository = z.object({ action: z.string().optional(), repository, sender: account });
const pullPayload = withRepository.extend({
  before: z.string().optional(),
  changes: z.object({ base: z.unknown().optional() }).optional(),
  pull_request: z.object({ number: z.number(), head: z.object({ sha: z.string() }) }),
});
const commentPayload = withRepository.extend({
  issue: z.object({ number: z.number(), pull_request: z.unknown().optional() }),
  comment: z.object({ id: z.number(), body: z.string(), user: account.nullable() }),
});
const checkPayload = withRepository.extend({
  check_run: z.object({
    id: z.number(),
    head_sha: z.string(),
    name: z.string(),
    app: z.object({ id: z.number() }).nullable(),
  }),
  requested_action: z.object({ identifier: z.string() }).optional(),
});
const suitePayload = withRepository.extend({
  check_suite: z.object({ head_sha: z.string(), app: z.object({ id: z.number() }).nullable() }),
});
const pushPayload = z.object({
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  deleted: z.boolean().optional(),
  repository: repository.extend({ owner: z.object({ login: z.string() }) }),
});
const mergeGroupPayload = withRepository.extend({
  merge_group: z.object({ head_sha: z.string(), head_ref: z.string(), base_ref: z.string() }),
});
const organizationPayload = z.object({ organization: z.object({ login: z.string() }) });

/** Owner, name and id of a repository, as every job carries it. */
export interface RepositoryName {
  id: number;
  owner: string;
  name: string;
}

export interface Actor {
  id: number;
  login: string;
  isBot: boolean;
}

/** What one webhook asks for. Everything in it is a hint: the work re-reads GitHub (facts/github.md section 1). */
export type Task =
  | { kind: "review-pull"; repository: RepositoryName; number: number; cause: string }
  /**
   * Somebody pushed to the head: kept, because people who pushed may not approve (SPEC 7). Who reopens may have pushed or not: what was
   * pushed while it was closed came without a word (`isPush` false).
   */
  | {
      kind: "note-pusher";
      repository: RepositoryName;
      number: number;
      actor: Actor;
      headSha: string;
      /** The head before this push; null for another event. */
      before: string | null;
      isPush: boolean;
    }
  /** All open pull requests whose head is this commit. */
  | { kind: "review-head"; repository: RepositoryName; headSha: string; cause: string }
  | { kind: "review-repository"; repository: RepositoryName; cause: string }
  | { kind: "review-organization"; organization: string; cause: string }
  | { kind: "check-default-branch"; repository: RepositoryName; before: string; sha: string }
  /** GitHub waits for our check on the head of a merge-queue group. Branches without `refs/heads/`. */
  | { kind: "judge-merge-group"; repository: RepositoryName; headSha: string; headRef: string; baseRef: string }
  /** GitHub dropped the group, merged or not: nobody waits any more. */
  | { kind: "drop-merge-group"; repository: RepositoryName; headSha: string }
  | {
      kind: "run-command";
      repository: RepositoryName;
      number: number;
      actor: Actor;
      body: string;
      /** Distinguishes this request from every other: `comment-1`, `button-7`. */
      requestId: string;
      via: "comment" | "button";
    };

/** Why the other pull requests of a commit are judged, and shown, again. */
export const headLeft = "another pull request left the commit";

const reviewingPullActions = new Set([
  "opened",
  "reopened",
  "synchronize",
  "edited",
  "ready_for_review",
  "converted_to_draft",
  "closed",
  "review_requested",
  "review_request_removed",
]);

const buttons: Readonly<Record<string, string>> = {
  recheck: "/routeward recheck",
  rehearse: "/routeward rehearse",
  rollback: "/routeward rollback asked for with the button",
};

function actorOf(user: z.infer<typeof account>): Actor {
  return { id: user.id, login: user.login, isBot: user.type === "Bot" };
}

function nameOf(from: z.infer<typeof repository>): RepositoryName {
  return { id: from.id, owner: from.owner.login, name: from.name };
}

function planPull(payload: unknown): Task[] {
  const parsed = pullPayload.safeParse(payload);
  if (!parsed.success || !reviewingPullActions.has(parsed.data.action ?? "")) return [];
  const { action = "", pull_request: pull, sender } = parsed.data;
  const base = { repository: nameOf(parsed.data.repository), number: pull.number };
  const tasks: Task[] = [];
  if (action === "opened" || action === "synchronize" || action === "reopened") {
    const before = action === "synchronize" ? (parsed.data.before ?? null) : null;
    const isPush = action !== "reopened";
    tasks.push({ kind: "note-pusher", ...base, actor: actorOf(sender), headSha: pull.head.sha, before, isPush });
  }
  const isRetargeted = action === "edited" && parsed.data.changes?.base !== undefined;
  tasks.push({
    kind: "review-pull",
    ...base,
    cause: isRetargeted ? "pull_request.retargeted" : `pull_request.${action}`,
  });
  // GitHub keeps one check for a commit: whoever else has it as head may be shown the verdict of the one that left.
  const left = action === "closed" ? pull.head.sha : action === "synchronize" ? parsed.data.before : undefined;
  if (left !== undefined)
    tasks.push({ kind: "review-head", repository: base.repository, headSha: left, cause: headLeft });
  return tasks;
}

function planComment(payload: unknown): Task[] {
  const parsed = commentPayload.safeParse(payload);
  // Edits never run commands: the words that people agreed to may have been others.
  if (!parsed.success || parsed.data.action !== "created") return [];
  const { issue, comment } = parsed.data;
  if (issue.pull_request === undefined || comment.user === null || comment.user.type === "Bot") return [];
  if (!comment.body.startsWith("/routeward")) return [];
  return [
    {
      kind: "run-command",
      repository: nameOf(parsed.data.repository),
      number: issue.number,
      actor: actorOf(comment.user),
      body: comment.body.slice(0, 2_000),
      requestId: `comment-${comment.id}`,
      via: "comment",
    },
  ];
}

function planCheckRun(payload: unknown, appId: number, guid: string): Task[] {
  const parsed = checkPayload.safeParse(payload);
  if (!parsed.success || parsed.data.check_run.app?.id !== appId) return [];
  const { action, check_run: run, requested_action: requested, sender } = parsed.data;
  const where = { repository: nameOf(parsed.data.repository), headSha: run.head_sha };
  if (action === "rerequested") return [{ kind: "review-head", ...where, cause: "check_run.rerequested" }];
  const body = buttons[requested?.identifier ?? ""];
  if (action !== "requested_action" || body === undefined) return [];
  if (body.endsWith("recheck")) return [{ kind: "review-head", ...where, cause: "button recheck" }];
  return [
    {
      kind: "run-command",
      repository: where.repository,
      // Which pull request is found by the head commit: check runs of forks name none (facts/github.md section 1).
      number: 0,
      actor: actorOf(sender),
      body: `${body}\n${run.head_sha}`,
      requestId: `button-${guid}`,
      via: "button",
    },
  ];
}

function planPush(payload: unknown): Task[] {
  const parsed = pushPayload.safeParse(payload);
  if (!parsed.success || parsed.data.deleted === true) return [];
  const { ref, repository: where, before, after } = parsed.data;
  const repo = nameOf(where);
  if (where.default_branch === undefined || ref !== `refs/heads/${where.default_branch}`) return [];
  return [
    { kind: "check-default-branch", repository: repo, before, sha: after },
    // The base moved: what a merge would give, the policy and the owners may all be others now.
    { kind: "review-repository", repository: repo, cause: "push to the default branch" },
  ];
}

/**
 * What one webhook asks for; nothing for events, actions and shapes that are not known here, so that new ones do no harm.
 *
 * @param guid the delivery's id, for requests that have none of their own
 * @param appId our app: check runs of other apps are not ours to act on
 */
export function planTasks(event: string, payload: unknown, guid: string, appId: number): Task[] {
  switch (event) {
    case "pull_request":
      return planPull(payload);
    case "pull_request_review": {
      const parsed = pullPayload.safeParse(payload);
      if (!parsed.success) return [];
      const repository = nameOf(parsed.data.repository);
      return [
        {
          kind: "review-pull",
          repository,
          number: parsed.data.pull_request.number,
          cause: `pull_request_review.${parsed.data.action ?? ""}`,
        },
      ];
    }
    case "issue_comment":
      return planComment(payload);
    case "check_run":
      return planCheckRun(payload, appId, guid);
    case "check_suite": {
      const parsed = suitePayload.safeParse(payload);
      if (!parsed.success || parsed.data.action !== "rerequested" || parsed.data.check_suite.app?.id !== appId)
        return [];
      const repository = nameOf(parsed.data.repository);
      return [
        {
          kind: "review-head",
          repository,
          headSha: parsed.data.check_suite.head_sha,
          cause: "check_suite.rerequested",
        },
      ];
    }
    case "merge_group": {
      const parsed = mergeGroupPayload.safeParse(payload);
      if (!parsed.success) return [];
      const { action, merge_group: group } = parsed.data;
      const where = { repository: nameOf(parsed.data.repository), headSha: group.head_sha };
      if (action === "destroyed") return [{ kind: "drop-merge-group", ...where }];
      if (action !== "checks_requested") return [];
      const [headRef, baseRef] = [group.head_ref, group.base_ref].map((ref) => ref.replace(/^refs\/heads\//, ""));
      return [{ kind: "judge-merge-group", ...where, headRef: headRef ?? "", baseRef: baseRef ?? "" }];
    }
    case "push":
      return planPush(payload);
    case "membership":
    case "team": {
      const parsed = organizationPayload.safeParse(payload);
      return parsed.success
        ? [{ kind: "review-organization", organization: parsed.data.organization.login, cause: event }]
        : [];
    }
    default:
      return [];
  }
}
