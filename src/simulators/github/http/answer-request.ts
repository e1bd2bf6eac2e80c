import { createHash, randomUUID } from "node:crypto";
import type { ContractChecker } from "../../contract/contract-checker.ts";
import type { SimulatorRequest, SimulatorResponse } from "../../loopback-server.ts";
import { answerArchive, archivePath } from "../routes/action-routes.ts";
import { GitHubFailure, type World } from "../world.ts";
import { identifyActor, type Actor } from "./actor.ts";
import type { RateLimits } from "./rate-limits.ts";
import { matchRoute, PermissionFailure, type Call, type CompiledRoute } from "./route.ts";

export interface RequestDesk {
  world: World;
  routes: readonly CompiledRoute[];
  limits: RateLimits;
  contract: ContractChecker | undefined;
  report: (violation: string) => void;
  answerGraphql: (actor: Actor, body: Record<string, unknown>) => Promise<SimulatorResponse>;
}

function asObject(body: unknown): Record<string, unknown> {
  return typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : {};
}

function renderFailure(failure: GitHubFailure): SimulatorResponse {
  return {
    status: failure.status,
    body: {
      message: failure.message,
      ...(failure.errors === undefined ? {} : { errors: failure.errors }),
      documentation_url: "https://docs.github.com/rest",
      status: String(failure.status),
    },
    ...(failure instanceof PermissionFailure ? { headers: { "x-accepted-github-permissions": failure.accepted } } : {}),
  };
}

/** What a handler answers, with GitHub's refusals turned into answers. Anything else thrown is the simulator's own mistake. */
function runRoute(route: CompiledRoute, call: Call): SimulatorResponse {
  try {
    return route.handle(call);
  } catch (error) {
    if (error instanceof GitHubFailure) return renderFailure(error);
    throw error;
  }
}

function addEntityTag(request: SimulatorRequest, response: SimulatorResponse): SimulatorResponse {
  if (request.method !== "GET" || response.status !== 200 || response.body === undefined) return response;
  const content = Buffer.isBuffer(response.body) ? response.body : JSON.stringify(response.body);
  const etag = `W/"${createHash("sha256").update(content).digest("hex")}"`;
  const headers = { ...response.headers, etag };
  const isKnown = (request.headers["if-none-match"] ?? "").replace(/^W\//, "") === etag.replace(/^W\//, "");
  return isKnown ? { status: 304, headers } : { ...response, headers };
}

/**
 * The document is thin about refusals: many that GitHub gives are not listed or have no body there, and some list two
 * forms of a body that cannot be told apart. Where it does describe a refusal, the body must conform.
 */
function isGapOfDocument(response: SimulatorResponse, violation: string): boolean {
  const gaps = ["the status is not documented", "no body is documented", "must match exactly one schema in oneOf"];
  return (response.status >= 400 || response.status === 304) && gaps.some((gap) => violation.endsWith(gap));
}

/** The root folder is asked for with and without a slash at the end; the document knows the first form. */
function normalizePath(path: string): string {
  return path.endsWith("/contents") ? `${path}/` : path;
}

function checkResponse(desk: RequestDesk, request: SimulatorRequest, path: string, response: SimulatorResponse): void {
  // Raw media types are not JSON, and the document only describes JSON.
  if (desk.contract === undefined || Buffer.isBuffer(response.body) || typeof response.body === "string") return;
  const body = response.body === undefined ? undefined : (JSON.parse(JSON.stringify(response.body)) as unknown);
  const checked = { method: request.method, path: normalizePath(path), status: response.status, body };
  for (const violation of desk.contract.checkResponse(checked)) {
    if (!isGapOfDocument(response, violation)) {
      desk.report(`response ${request.method} ${path} ${response.status}: ${violation}`);
    }
  }
}

function checkRequest(desk: RequestDesk, request: SimulatorRequest, path: string): string[] {
  const checked = { method: request.method, path: normalizePath(path), query: request.query, body: request.body };
  const violations = desk.contract?.checkRequest(checked) ?? [];
  for (const violation of violations) desk.report(`request ${request.method} ${path}: ${violation}`);
  return violations;
}

function answerRest(desk: RequestDesk, request: SimulatorRequest, actor: Actor, prefix: string): SimulatorResponse {
  const path = request.path.slice(prefix.length);
  const found = matchRoute(desk.routes, request.method, path);
  const violations = checkRequest(desk, request, path);
  if (found === undefined) return renderFailure(new GitHubFailure(404, "Not Found"));
  if (violations.length > 0) {
    return renderFailure(
      new GitHubFailure(422, `Does not conform to GitHub's OpenAPI document: ${violations.join("; ")}`),
    );
  }
  if (request.rawBody.length > 0 && request.body === undefined) {
    return renderFailure(new GitHubFailure(400, "Problems parsing JSON"));
  }
  const call: Call = {
    world: desk.world,
    actor,
    request,
    params: found.params,
    query: request.query,
    body: Array.isArray(request.body) ? { labels: request.body } : asObject(request.body),
    selfUrl: `${desk.world.url}${request.path}`,
  };
  const response = runRoute(found.route, call);
  checkResponse(desk, request, path, response);
  return addEntityTag(request, response);
}

/** Answers one request: who asks, limits, route, contract, headers. */
export async function answerRequest(desk: RequestDesk, request: SimulatorRequest): Promise<SimulatorResponse> {
  if (request.path.startsWith(`${archivePath}/`)) return answerArchive(desk.world, request.path);
  let actor: Actor;
  try {
    actor = identifyActor(desk.world, request.headers);
  } catch (error) {
    if (error instanceof GitHubFailure) return renderFailure(error);
    throw error;
  }
  const isGraphql = request.method === "POST" && (request.path === "/graphql" || request.path === "/api/graphql");
  const refusal = desk.limits.refuse(actor, isGraphql);
  if (refusal !== undefined) return refusal;
  const prefix = request.path.startsWith("/api/v3/") ? "/api/v3" : "";
  const response = isGraphql
    ? await desk.answerGraphql(actor, asObject(request.body))
    : answerRest(desk, request, actor, prefix);
  return {
    ...response,
    headers: {
      "x-github-request-id": randomUUID(),
      "x-github-media-type": "github.v3; format=json",
      ...desk.limits.count(actor, response.status === 304),
      ...response.headers,
    },
  };
}
