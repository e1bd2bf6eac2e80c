import type { SimulatorResponse } from "../../loopback-server.ts";
import {
  createComment,
  createIssue,
  deleteComment,
  editComment,
  editIssue,
  findComment,
  requireIssue,
  setLabels,
} from "../domain/issues.ts";
import { closePull } from "../domain/close-pull.ts";
import { editPull, reopenPull } from "../domain/pulls.ts";
import {
  answerPage,
  findActingApp,
  readNumber,
  readString,
  readStrings,
  reads,
  repositoryRoute,
  requireSender,
  writes,
  type Call,
  type Route,
} from "../http/route.ts";
import { renderIssueEvent } from "../render/render-issue-event.ts";
import { renderComment, renderIssue, renderLabel } from "../render/render-pull.ts";
import { GitHubFailure, type Issue, type Repository } from "../world.ts";

const base = "/repos/{owner}/{repo}";
/** Comments and labels of a pull request may also be written with `pull_requests`. */
const read = reads("issues", "pull_requests");
const write = writes("write", "issues", "pull_requests");
const contribute = writes("read", "issues", "pull_requests");

function findIssue(call: Call, repo: Repository): Issue {
  return requireIssue(repo, readNumber(call, "issue_number"));
}

function readLabels(call: Call): string[] {
  const value = call.body["labels"];
  const names = Array.isArray(value) ? (value as unknown[]) : [];
  return names.flatMap((item) =>
    typeof item === "string"
      ? [item]
      : typeof item === "object" && item !== null && "name" in item
        ? [String(item.name)]
        : [],
  );
}

function patchIssue(call: Call, repo: Repository): SimulatorResponse {
  const issue = findIssue(call, repo);
  const by = requireSender(call);
  const title = readString(call.body, "title");
  const body = call.body["body"] === null ? null : readString(call.body, "body");
  const state = readString(call.body, "state");
  const edit = { ...(title === undefined ? {} : { title }), ...(body === undefined ? {} : { body }) };
  if (issue.pull === undefined) {
    editIssue(call.world, issue, by, { ...edit, ...(state === "open" || state === "closed" ? { state } : {}) });
  } else {
    editPull(call.world, issue.pull, by, edit);
    if (state === "closed") closePull(call.world, issue.pull, by);
    if (state === "open") reopenPull(call.world, issue.pull, by);
  }
  if (call.body["labels"] !== undefined) setLabels(call.world, issue, by, readLabels(call));
  return { status: 200, body: renderIssue(call.world, issue) };
}

function listIssues(call: Call, repo: Repository): SimulatorResponse {
  const state = call.query.get("state") ?? "open";
  const labels = (call.query.get("labels") ?? "").split(",").filter((name) => name !== "");
  const creator = call.query.get("creator");
  const found = [...repo.issues.values()].filter(
    (issue) =>
      (state === "all" || issue.state === state) &&
      labels.every((name) => issue.labels.includes(name)) &&
      (creator === null || issue.author.login === creator),
  );
  return answerPage(call, found.toReversed(), (issue) => renderIssue(call.world, issue));
}

/** Authors change their own comments; writers anybody's. The route has let in who may read. */
function requireOwnComment(call: Call, repo: Repository): ReturnType<typeof findComment> {
  const found = findComment(repo, readNumber(call, "comment_id"));
  const app = findActingApp(call);
  if (app !== undefined && found.comment.author !== app.bot) {
    throw new GitHubFailure(403, "Resource not accessible by integration");
  }
  return found;
}

/** Issues, comments and labels. */
export const issueRoutes: Route[] = [
  repositoryRoute(`GET ${base}/issues`, reads("issues"), listIssues),
  repositoryRoute(`POST ${base}/issues`, writes("read", "issues"), (call, repo) => {
    const issue = createIssue(call.world, {
      repo,
      title:
        typeof call.body["title"] === "number" ? String(call.body["title"]) : (readString(call.body, "title") ?? ""),
      body: readString(call.body, "body") ?? null,
      author: requireSender(call),
      app: findActingApp(call),
      labels: readLabels(call),
    });
    return { status: 201, body: renderIssue(call.world, issue) };
  }),
  repositoryRoute(`GET ${base}/issues/{issue_number}`, read, (call, repo) => ({
    status: 200,
    body: renderIssue(call.world, findIssue(call, repo)),
  })),
  repositoryRoute(`PATCH ${base}/issues/{issue_number}`, write, patchIssue),
  repositoryRoute(`GET ${base}/issues/{issue_number}/events`, read, (call, repo) => {
    const issue = findIssue(call, repo);
    return answerPage(call, issue.events, (event) => renderIssueEvent(call.world, issue, event));
  }),
  repositoryRoute(`GET ${base}/issues/{issue_number}/comments`, read, (call, repo) => {
    const issue = findIssue(call, repo);
    const since = call.query.get("since");
    const comments = issue.comments.filter((comment) => since === null || comment.updatedAt >= new Date(since));
    return answerPage(call, comments, (comment) => renderComment(call.world, issue, comment));
  }),
  repositoryRoute(`POST ${base}/issues/{issue_number}/comments`, contribute, (call, repo) => {
    const issue = findIssue(call, repo);
    const body = readString(call.body, "body") ?? "";
    const comment = createComment(call.world, issue, requireSender(call), findActingApp(call), body);
    return { status: 201, body: renderComment(call.world, issue, comment) };
  }),
  repositoryRoute(`GET ${base}/issues/comments/{comment_id}`, read, (call, repo) => {
    const { issue, comment } = findComment(repo, readNumber(call, "comment_id"));
    return { status: 200, body: renderComment(call.world, issue, comment) };
  }),
  repositoryRoute(`PATCH ${base}/issues/comments/{comment_id}`, contribute, (call, repo) => {
    const { issue, comment } = requireOwnComment(call, repo);
    editComment(call.world, issue, comment, requireSender(call), readString(call.body, "body") ?? "");
    return { status: 200, body: renderComment(call.world, issue, comment) };
  }),
  repositoryRoute(`DELETE ${base}/issues/comments/{comment_id}`, contribute, (call, repo) => {
    const { issue, comment } = requireOwnComment(call, repo);
    deleteComment(call.world, issue, comment, requireSender(call));
    return { status: 204 };
  }),
  repositoryRoute(`GET ${base}/issues/{issue_number}/labels`, read, (call, repo) =>
    answerPage(call, findIssue(call, repo).labels, (name) => renderLabel(call.world, repo, name)),
  ),
  repositoryRoute(`POST ${base}/issues/{issue_number}/labels`, write, (call, repo) => {
    const issue = findIssue(call, repo);
    const added = [...readLabels(call), ...readStrings({ labels: call.body }, "labels")];
    setLabels(call.world, issue, requireSender(call), [...issue.labels, ...added]);
    return { status: 200, body: issue.labels.map((name) => renderLabel(call.world, repo, name)) };
  }),
  repositoryRoute(`DELETE ${base}/issues/{issue_number}/labels/{name}`, write, (call, repo) => {
    const issue = findIssue(call, repo);
    const name = call.params["name"] ?? "";
    if (!issue.labels.includes(name)) throw new GitHubFailure(404, "Label does not exist");
    setLabels(
      call.world,
      issue,
      requireSender(call),
      issue.labels.filter((label) => label !== name),
    );
    return { status: 200, body: issue.labels.map((label) => renderLabel(call.world, repo, label)) };
  }),
];
