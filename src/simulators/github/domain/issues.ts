import { renderComment, renderIssue, renderLabel } from "../render/render-pull.ts";
import {
  GitHubFailure,
  type Account,
  type App,
  type Comment,
  type Issue,
  type IssueEvent,
  type Repository,
  type World,
} from "../world.ts";
import { emitPull } from "./emit-pull.ts";

const maximumBody = 65_536;

function requireShortBody(resource: string, body: string | null): void {
  if (body !== null && body.length > maximumBody) {
    throw new GitHubFailure(422, "Validation Failed", [
      { resource, code: "custom", field: "body", message: "body is too long (maximum is 65536 characters)" },
    ]);
  }
}

export interface NewIssue {
  repo: Repository;
  title: string;
  body: string | null;
  author: Account;
  app: App | undefined;
  labels: string[];
  /** No `issues` event: it becomes a pull request. */
  silent?: boolean;
}

export function createIssue(world: World, wanted: NewIssue): Issue {
  const { repo } = wanted;
  requireShortBody("Issue", wanted.body);
  if (wanted.title.trim() === "") {
    throw new GitHubFailure(422, "Validation Failed", [{ resource: "Issue", code: "missing_field", field: "title" }]);
  }
  const now = world.now();
  const issue: Issue = {
    id: world.nextId(),
    number: repo.issues.size + 1,
    repo,
    title: wanted.title,
    body: wanted.body,
    author: wanted.author,
    app: wanted.app,
    state: "open",
    labels: [...wanted.labels],
    comments: [],
    events: [],
    createdAt: now,
    updatedAt: now,
    closedAt: undefined,
    pull: undefined,
  };
  repo.issues.set(issue.number, issue);
  if (wanted.silent !== true) emitIssue(world, issue, "opened", wanted.author);
  return issue;
}

function emitIssue(
  world: World,
  issue: Issue,
  action: string,
  sender: Account,
  extra: Record<string, unknown> = {},
): void {
  world.emit("issues", { action, issue: renderIssue(world, issue), ...extra }, { repo: issue.repo, sender });
}

/** Writes an event into the timeline of an issue or pull request. */
export function recordEvent(world: World, issue: Issue, actor: Account, what: IssueEvent["what"]): void {
  issue.events.push({ id: world.nextId(), actor, createdAt: world.now(), what });
}

export function editIssue(
  world: World,
  issue: Issue,
  by: Account,
  edit: { title?: string; body?: string | null; state?: "open" | "closed" },
): void {
  const changes: Record<string, unknown> = {};
  if (edit.body !== undefined) requireShortBody("Issue", edit.body);
  if (edit.title !== undefined && edit.title !== issue.title) {
    changes["title"] = { from: issue.title };
    recordEvent(world, issue, by, { kind: "renamed", from: issue.title, to: edit.title });
    issue.title = edit.title;
  }
  if (edit.body !== undefined && edit.body !== issue.body) {
    changes["body"] = { from: issue.body ?? "" };
    issue.body = edit.body;
  }
  issue.updatedAt = world.now();
  if (Object.keys(changes).length > 0) emitIssue(world, issue, "edited", by, { changes });
  if (edit.state !== undefined && edit.state !== issue.state) {
    issue.state = edit.state;
    issue.closedAt = edit.state === "closed" ? world.now() : undefined;
    emitIssue(world, issue, edit.state === "closed" ? "closed" : "reopened", by);
  }
}

/** Adds and removes labels; for a pull request each change is an event of its own. */
export function setLabels(world: World, issue: Issue, by: Account, labels: readonly string[]): void {
  const wanted = [...new Set(labels)];
  const added = wanted.filter((name) => !issue.labels.includes(name));
  const removed = issue.labels.filter((name) => !wanted.includes(name));
  issue.labels = wanted;
  for (const label of added) recordEvent(world, issue, by, { kind: "labeled", label });
  for (const label of removed) recordEvent(world, issue, by, { kind: "unlabeled", label });
  if (issue.pull === undefined) return;
  for (const name of added) emitPull(world, issue.pull, "labeled", by, { label: renderLabel(world, issue.repo, name) });
  for (const name of removed)
    emitPull(world, issue.pull, "unlabeled", by, { label: renderLabel(world, issue.repo, name) });
}

export function requireIssue(repo: Repository, number: number): Issue {
  const issue = repo.issues.get(number);
  if (issue === undefined) throw new GitHubFailure(404, "Not Found");
  return issue;
}

function emitComment(
  world: World,
  issue: Issue,
  comment: Comment,
  action: string,
  sender: Account,
  extra: Record<string, unknown> = {},
): void {
  world.emit(
    "issue_comment",
    { action, issue: renderIssue(world, issue), comment: renderComment(world, issue, comment), ...extra },
    { repo: issue.repo, sender },
  );
}

export function createComment(
  world: World,
  issue: Issue,
  author: Account,
  app: App | undefined,
  body: string,
): Comment {
  requireShortBody("IssueComment", body);
  if (body.trim() === "") {
    throw new GitHubFailure(422, "Validation Failed", [
      { resource: "IssueComment", code: "unprocessable", field: "data" },
    ]);
  }
  const now = world.now();
  const comment: Comment = { id: world.nextId(), author, app, body, createdAt: now, updatedAt: now };
  issue.comments.push(comment);
  issue.updatedAt = now;
  emitComment(world, issue, comment, "created", author);
  return comment;
}

export function findComment(repo: Repository, id: number): { issue: Issue; comment: Comment } {
  for (const issue of repo.issues.values()) {
    const comment = issue.comments.find((candidate) => candidate.id === id);
    if (comment !== undefined) return { issue, comment };
  }
  throw new GitHubFailure(404, "Not Found");
}

export function editComment(world: World, issue: Issue, comment: Comment, by: Account, body: string): void {
  requireShortBody("IssueComment", body);
  const from = comment.body;
  comment.body = body;
  comment.updatedAt = world.now();
  emitComment(world, issue, comment, "edited", by, { changes: { body: { from } } });
}

export function deleteComment(world: World, issue: Issue, comment: Comment, by: Account): void {
  issue.comments.splice(issue.comments.indexOf(comment), 1);
  emitComment(world, issue, comment, "deleted", by);
}
