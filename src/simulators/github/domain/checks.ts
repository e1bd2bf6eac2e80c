import { renderHookCheckRun, renderHookStatus, renderHookSuite } from "../render/render-check.ts";
import {
  GitHubFailure,
  type Account,
  type Annotation,
  type App,
  type CheckRun,
  type CheckSuite,
  type CommitStatus,
  type Repository,
  type World,
} from "../world.ts";

type Json = Record<string, unknown>;

const statuses = ["queued", "in_progress", "completed"];
const conclusions = ["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"];
const levels = ["notice", "warning", "failure"];

export const checkLimits = {
  text: 65_535,
  annotations: 50,
  actions: 3,
  label: 20,
  description: 40,
  identifier: 20,
  annotationTitle: 255,
  annotationMessage: 64 * 1024,
};

function refuse(message: string, field: string): never {
  throw new GitHubFailure(422, `Invalid request.\n\n${message}`, [
    { resource: "CheckRun", code: "invalid", field, message },
  ]);
}

function readText(body: Json, key: string, maximum = Number.POSITIVE_INFINITY): string | undefined {
  const value = body[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") return refuse(`"${key}" is not a string.`, key);
  if (value.length > maximum) refuse(`Only ${maximum} characters are allowed; ${value.length} were supplied.`, key);
  return value;
}

function readObject(value: unknown, field: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(`"${field}" is not an object.`, field);
  return value as Json;
}

function readAnnotation(value: unknown): Annotation {
  const item = readObject(value, "annotations");
  const path = readText(item, "path") ?? refuse('"path" wasn\'t supplied.', "annotations");
  const level = readText(item, "annotation_level") ?? "";
  const message =
    readText(item, "message", checkLimits.annotationMessage) ?? refuse('"message" wasn\'t supplied.', "annotations");
  const { start_line: start, end_line: end, start_column: startColumn, end_column: endColumn } = item;
  if (!levels.includes(level)) refuse(`"${level}" is not an annotation level.`, "annotations");
  if (typeof start !== "number" || typeof end !== "number" || start < 1 || end < start) {
    return refuse("lines start at 1 and end_line is not before start_line.", "annotations");
  }
  if ((startColumn !== undefined || endColumn !== undefined) && start !== end) {
    refuse("columns are only allowed on a single line.", "annotations");
  }
  return {
    path,
    start_line: start,
    end_line: end,
    start_column: typeof startColumn === "number" ? startColumn : null,
    end_column: typeof endColumn === "number" ? endColumn : null,
    annotation_level: level,
    title: readText(item, "title", checkLimits.annotationTitle) ?? null,
    message,
    raw_details: readText(item, "raw_details", checkLimits.annotationMessage) ?? null,
  };
}

function readActions(value: unknown): CheckRun["actions"] {
  if (!Array.isArray(value)) return refuse('"actions" is not an array.', "actions");
  if (value.length > checkLimits.actions) refuse(`No more than ${checkLimits.actions} actions are allowed.`, "actions");
  return value.map((entry) => {
    const item = readObject(entry, "actions");
    const read = (key: "label" | "description" | "identifier"): string =>
      readText(item, key, checkLimits[key]) ?? refuse(`"${key}" wasn't supplied.`, "actions");
    return { label: read("label"), description: read("description"), identifier: read("identifier") };
  });
}

function applyOutput(run: CheckRun, value: unknown, isNew: boolean): void {
  const output = readObject(value, "output");
  const title = readText(output, "title");
  const summary = readText(output, "summary", checkLimits.text);
  if (isNew && title === undefined) refuse('"title" wasn\'t supplied.', "output");
  if (summary === undefined) refuse('"summary" wasn\'t supplied.', "output");
  const annotations = output["annotations"];
  if (annotations !== undefined) {
    if (!Array.isArray(annotations)) return refuse('"annotations" is not an array.', "output");
    if (annotations.length > checkLimits.annotations) refuse("Only 50 annotations are allowed in a request.", "output");
    // Appended, never replaced: whoever sends the same ones again sees them twice.
    run.annotations.push(...annotations.map(readAnnotation));
  }
  run.title = title ?? run.title;
  run.summary = summary ?? run.summary;
  run.text = readText(output, "text", checkLimits.text) ?? run.text;
}

function applyState(world: World, run: CheckRun, body: Json): void {
  const conclusion = readText(body, "conclusion");
  if (conclusion !== undefined && !conclusions.includes(conclusion)) {
    refuse(`"${conclusion}" is not a conclusion an app may set.`, "conclusion");
  }
  const status = conclusion === undefined ? readText(body, "status") : "completed";
  if (status !== undefined && !statuses.includes(status))
    refuse(`"${status}" is not a status an app may set.`, "status");
  if (status === "completed" && conclusion === undefined && run.conclusion === null) {
    refuse("a completed check run needs a conclusion.", "conclusion");
  }
  const startedAt = readText(body, "started_at");
  const completedAt = readText(body, "completed_at");
  if (startedAt !== undefined) run.startedAt = new Date(startedAt);
  if (status === undefined) return;
  run.status = status;
  if (status === "completed") {
    run.conclusion = conclusion ?? run.conclusion;
    run.completedAt = completedAt === undefined ? world.now() : new Date(completedAt);
  } else {
    run.conclusion = null;
    run.completedAt = undefined;
  }
}

function applyBody(world: World, run: CheckRun, body: Json, isNew: boolean): void {
  run.name = readText(body, "name") ?? run.name;
  run.externalId = readText(body, "external_id") ?? run.externalId;
  run.detailsUrl = readText(body, "details_url") ?? run.detailsUrl;
  if (body["actions"] !== undefined) run.actions = readActions(body["actions"]);
  if (body["output"] !== undefined) applyOutput(run, body["output"], isNew);
  applyState(world, run, body);
}

/** The suite of an app for a commit, made when there is none. */
export function ensureSuite(world: World, repo: Repository, app: App, sha: string): CheckSuite {
  const known = repo.checkSuites.find((suite) => suite.app === app && suite.sha === sha);
  if (known !== undefined) return known;
  const ref = [...repo.refs].find(([name, oid]) => name.startsWith("refs/heads/") && oid === sha)?.[0];
  const suite: CheckSuite = {
    id: world.nextId(),
    app,
    sha,
    branch: ref?.slice("refs/heads/".length) ?? null,
    before: repo.store.readCommit(sha)?.parents[0] ?? null,
    createdAt: world.now(),
    updatedAt: world.now(),
    reset: false,
  };
  repo.checkSuites.push(suite);
  return suite;
}

function emitRun(
  world: World,
  repo: Repository,
  run: CheckRun,
  action: string,
  sender: Account,
  extra: Json = {},
): void {
  const toOwnerOnly = action === "rerequested" || action === "requested_action";
  world.emit(
    "check_run",
    { action, check_run: renderHookCheckRun(world, repo, run), ...extra },
    { repo, sender, ...(toOwnerOnly ? { onlyApp: run.suite.app } : {}) },
  );
}

export function createRun(world: World, repo: Repository, app: App, body: Json): CheckRun {
  const sha = readText(body, "head_sha") ?? refuse('"head_sha" wasn\'t supplied.', "head_sha");
  const name = readText(body, "name") ?? refuse('"name" wasn\'t supplied.', "name");
  if (repo.store.readCommit(sha) === undefined) throw new GitHubFailure(422, `No commit found for SHA: ${sha}`);
  const suite = ensureSuite(world, repo, app, sha);
  const run: CheckRun = {
    id: world.nextId(),
    suite,
    name,
    status: "queued",
    conclusion: null,
    externalId: "",
    detailsUrl: null,
    title: null,
    summary: null,
    text: null,
    annotations: [],
    actions: [],
    startedAt: world.now(),
    completedAt: undefined,
  };
  applyBody(world, run, body, true);
  suite.reset = false;
  suite.updatedAt = world.now();
  repo.checkRuns.push(run);
  emitRun(world, repo, run, "created", app.bot);
  if (run.status === "completed") emitRun(world, repo, run, "completed", app.bot);
  world.settleQueues(repo);
  return run;
}

export function requireRun(repo: Repository, id: number): CheckRun {
  const run = repo.checkRuns.find((candidate) => candidate.id === id);
  if (run === undefined) throw new GitHubFailure(404, "Not Found");
  return run;
}

/** Changes a run; only the app that created it may. All or nothing: a refused body changes nothing. */
export function updateRun(world: World, repo: Repository, app: App, run: CheckRun, body: Json): void {
  if (run.suite.app !== app)
    throw new GitHubFailure(
      403,
      "Invalid app_id `" + app.id + "` - check run can only be modified by the GitHub App that created it.",
    );
  const draft = { ...run, annotations: [...run.annotations] };
  applyBody(world, draft, body, false);
  const wasCompleted = run.status === "completed" && run.conclusion === draft.conclusion;
  Object.assign(run, draft);
  run.suite.reset = false;
  run.suite.updatedAt = world.now();
  if (run.status === "completed" && !wasCompleted) emitRun(world, repo, run, "completed", app.bot);
  world.settleQueues(repo);
}

/** The suite is set back to queued, the run is not: the app has to. */
export function rerequestRun(world: World, repo: Repository, run: CheckRun, by: Account): void {
  run.suite.reset = true;
  emitRun(world, repo, run, "rerequested", by);
}

export function pressAction(world: World, repo: Repository, run: CheckRun, identifier: string, by: Account): void {
  if (!run.actions.some((action) => action.identifier === identifier)) {
    throw new GitHubFailure(422, `the check run has no action ${identifier}`);
  }
  emitRun(world, repo, run, "requested_action", by, { requested_action: { identifier } });
}

function emitSuite(world: World, repo: Repository, suite: CheckSuite, action: string, by: Account): void {
  const payload = { action, check_suite: renderHookSuite(world, repo, suite) };
  world.emit("check_suite", payload, { repo, sender: by, onlyApp: suite.app });
}

export function requestSuite(
  world: World,
  repo: Repository,
  request: { app: App; sha: string; branch: string; before: string; by: Account },
): void {
  const suite = ensureSuite(world, repo, request.app, request.sha);
  suite.branch = request.branch;
  suite.before = request.before;
  emitSuite(world, repo, suite, "requested", request.by);
}

export function rerequestSuite(world: World, repo: Repository, suite: CheckSuite, by: Account): void {
  suite.reset = true;
  emitSuite(world, repo, suite, "rerequested", by);
}

const statusStates = ["error", "failure", "pending", "success"];

export function createStatus(world: World, repo: Repository, sha: string, creator: Account, body: Json): CommitStatus {
  if (repo.store.readCommit(sha) === undefined) throw new GitHubFailure(422, `No commit found for SHA: ${sha}`);
  const state = readText(body, "state") ?? "";
  if (!statusStates.includes(state)) refuse(`"${state}" is not a state.`, "state");
  const status = {
    id: world.nextId(),
    sha,
    context: readText(body, "context") ?? "default",
    state,
    description: readText(body, "description", 140) ?? null,
    targetUrl: readText(body, "target_url") ?? null,
    creator,
    createdAt: world.now(),
  };
  repo.statuses.push(status);
  world.emit("status", renderHookStatus(world, repo, status), { repo, sender: creator });
  world.settleQueues(repo);
  return status;
}
