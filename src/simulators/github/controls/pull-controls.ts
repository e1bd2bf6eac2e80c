import type { PullSnapshot } from "../control-input.ts";
import { closePull } from "../domain/close-pull.ts";
import { createComment, editComment, findComment, requireIssue } from "../domain/issues.ts";
import { dequeuePull, enqueuePull } from "../domain/merge-queue.ts";
import { editPull, mergePull, openPull, reopenPull, setDraft } from "../domain/pulls.ts";
import { createReview, dismissReview, requestReviewers, requireReview } from "../domain/reviews.ts";
import type { GitHubSimulator } from "../github-simulator.ts";
import { judgeMergeability } from "../mergeability.ts";
import { renderTime } from "../render/render-account.ts";
import { listPulls, requireAccount, requirePull, requireRepository } from "../find-in-world.ts";
import type { Account, Pull, World } from "../world.ts";

type PullControls = Pick<
  GitHubSimulator,
  | "openPull"
  | "pull"
  | "pulls"
  | "review"
  | "dismissReview"
  | "requestReview"
  | "mergePull"
  | "enqueuePull"
  | "dequeuePull"
  | "mergeQueue"
  | "closePull"
  | "reopenPull"
  | "retargetPull"
  | "editPull"
  | "setDraft"
  | "delayMergeable"
  | "comment"
  | "editComment"
  | "comments"
  | "issues"
>;

function describePull(pull: Pull): PullSnapshot {
  const { issue } = pull;
  return {
    number: issue.number,
    title: issue.title,
    body: issue.body,
    state: issue.state,
    draft: pull.draft,
    merged: pull.mergedAt !== undefined,
    mergeCommitSha: pull.mergeCommitSha ?? judgeMergeability(pull).testMergeSha ?? null,
    author: issue.author.login,
    headRef: pull.headRef,
    headSha: pull.headSha,
    baseRef: pull.baseRef,
    requestedReviewers: pull.requestedUsers.map((user) => user.login),
    requestedTeams: pull.requestedTeams.map((team) => team.slug),
    labels: [...issue.labels],
  };
}

export function createPullControls(world: World): PullControls {
  const find = (where: { repo: string; number: number }): Pull =>
    requirePull(requireRepository(world, where.repo), where.number);
  const who = (login: string): Account => requireAccount(world, login);
  return {
    openPull({ repo: name, head, base, title, body, author, draft = false }) {
      const repo = requireRepository(world, name);
      const pull = openPull(world, {
        repo,
        head,
        base: base ?? repo.defaultBranch,
        title,
        body: body ?? null,
        draft,
        author: who(author),
        app: undefined,
      });
      return { number: pull.issue.number, headSha: pull.headSha };
    },
    pull: (where) => describePull(find(where)),
    pulls: ({ repo, state = "open" }) =>
      listPulls(requireRepository(world, repo))
        .filter((pull) => state === "all" || pull.issue.state === state)
        .map(describePull),
    review: ({ by, event, body, commit, ...where }) => {
      const text = body ?? (event === "APPROVE" ? "" : "see above");
      return createReview(world, find(where), { author: who(by), event, body: text, commit }).id;
    },
    dismissReview({ review, by, message, ...where }) {
      const pull = find(where);
      dismissReview(world, pull, requireReview(pull, review), who(by), message ?? null);
    },
    requestReview({ by, reviewers = [], teams = [], ...where }) {
      requestReviewers(world, find(where), who(by), { reviewers, teams, canSeeTeams: true });
    },
    mergePull: ({ by, method = "merge", sha, bypass = false, ...where }) =>
      mergePull(world, find(where), { by: who(by), method, sha, bypass }),
    enqueuePull({ by, ...where }) {
      enqueuePull(world, find(where), who(by));
    },
    dequeuePull({ by, ...where }) {
      dequeuePull(world, find(where), who(by));
    },
    mergeQueue: ({ repo: name, branch }) => {
      const repo = requireRepository(world, name);
      const entries = repo.queues.get(branch ?? repo.defaultBranch) ?? [];
      return entries.flatMap(({ pull, group }, index) =>
        group === undefined
          ? []
          : [
              {
                position: index + 1,
                number: pull.issue.number,
                baseSha: group.baseSha,
                headSha: group.headSha,
                branch: group.ref.slice("refs/heads/".length),
              },
            ],
      );
    },
    closePull({ by, ...where }) {
      closePull(world, find(where), who(by));
    },
    reopenPull({ by, ...where }) {
      reopenPull(world, find(where), who(by));
    },
    retargetPull({ by, base, ...where }) {
      editPull(world, find(where), who(by), { base });
    },
    editPull({ by, title, body, ...where }) {
      editPull(world, find(where), who(by), {
        ...(title === undefined ? {} : { title }),
        ...(body === undefined ? {} : { body }),
      });
    },
    setDraft({ by, draft, ...where }) {
      setDraft(world, find(where), who(by), draft);
    },
    delayMergeable({ reads, ...where }) {
      find(where).nullReads = reads;
    },
    comment({ repo, number, by, body }) {
      return createComment(world, requireIssue(requireRepository(world, repo), number), who(by), undefined, body).id;
    },
    editComment({ repo, comment: id, by, body }) {
      const { issue, comment } = findComment(requireRepository(world, repo), id);
      editComment(world, issue, comment, who(by), body);
    },
    comments: ({ repo, number }) =>
      requireIssue(requireRepository(world, repo), number).comments.map((comment) => ({
        id: comment.id,
        author: comment.author.login,
        body: comment.body,
        createdAt: renderTime(comment.createdAt),
        updatedAt: renderTime(comment.updatedAt),
      })),
    issues: ({ repo }) =>
      [...requireRepository(world, repo).issues.values()]
        .filter((issue) => issue.pull === undefined)
        .map((issue) => ({
          number: issue.number,
          title: issue.title,
          body: issue.body,
          author: issue.author.login,
          state: issue.state,
          labels: [...issue.labels],
        })),
  };
}
