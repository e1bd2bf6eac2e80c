import type { SimulatorRequest, SimulatorResponse } from "../../loopback-server.ts";
import type { RepositoryPermission } from "../control-input.ts";
import { decidePermission, isAtLeast } from "../permissions.ts";
import { findRepository, isInstalledOn } from "../find-in-world.ts";
import { GitHubFailure, type Account, type App, type Installation, type Repository, type World } from "../world.ts";
import type { Actor } from "./actor.ts";

/** One request on its way to a handler. */
export interface Call {
  world: World;
  actor: Actor;
  request: SimulatorRequest;
  params: Record<string, string>;
  query: URLSearchParams;
  /** `{}` when there was none. */
  body: Record<string, unknown>;
  /** Path and base as the client wrote them, for `Link` headers. */
  selfUrl: string;
}

/** A permission of the app and its level; one of several is enough. */
export type AppPermission = readonly [name: string, level: "read" | "write"];

export interface Access {
  app: readonly AppPermission[];
  /** What a person needs on the repository; `never` for what only apps may do. */
  user: RepositoryPermission | "never";
}

export interface Route {
  /** As in GitHub's OpenAPI document. */
  operation: string;
  handle: (call: Call) => SimulatorResponse;
}

/** Parameters that may hold slashes. */
const longParameters = new Set(["path", "ref", "basehead", "branch", "name"]);

/** How specific a template is: literal segments beat parameters, and a parameter beats one that takes slashes. */
function rankTemplate(template: string): string {
  return template
    .split("/")
    .map((part) => (!part.startsWith("{") ? "0" : longParameters.has(part.slice(1, -1)) ? "2" : "1"))
    .join("");
}

export interface CompiledRoute extends Route {
  method: string;
  pattern: RegExp;
  names: string[];
  rank: string;
}

export function compileRoutes(routes: readonly Route[]): CompiledRoute[] {
  return (
    routes
      .map((route) => {
        const [method = "", template = ""] = route.operation.split(" ");
        const names: string[] = [];
        const source = template.replace(/\{(\w+)\}/g, (_whole, name: string) => {
          names.push(name);
          return longParameters.has(name) ? "(.*?)" : "([^/]+)";
        });
        // `contents` with nothing behind it is the root folder.
        const pattern = new RegExp(`^${source.replace("/contents/(.*?)", "/contents(?:/(.*?))?")}$`);
        return { ...route, method, pattern, names, rank: rankTemplate(template) };
      })
      // Longer templates first: `commits/{ref}` would swallow `commits/{ref}/check-runs`.
      .sort((a, b) => b.rank.length - a.rank.length || (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
  );
}

/** The route of a path and its decoded parameters; undefined when there is none. */
export function matchRoute(
  routes: readonly CompiledRoute[],
  method: string,
  path: string,
): { route: CompiledRoute; params: Record<string, string> } | undefined {
  for (const route of routes) {
    if (route.method !== method) continue;
    const match = route.pattern.exec(path);
    if (match === null) continue;
    const params = route.names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? "")] as const);
    return { route, params: Object.fromEntries(params) };
  }
  return undefined;
}

/** Who a write is recorded as. @throws GitHubFailure 401 for nobody. */
export function requireSender(call: Call): Account {
  const { actor } = call;
  if (actor.kind === "user") return actor.account;
  if (actor.kind === "installation") return actor.token.installation.app.bot;
  if (actor.kind === "app") return actor.app.bot;
  throw new GitHubFailure(401, "Requires authentication");
}

/** The app that acts; undefined for people. */
export function findActingApp(call: Call): App | undefined {
  return call.actor.kind === "installation" ? call.actor.token.installation.app : undefined;
}

export function requireActingApp(call: Call): App {
  const app = findActingApp(call);
  if (app === undefined) throw new GitHubFailure(403, "You must authenticate via a GitHub App.");
  return app;
}

/** The app of a JWT. @throws GitHubFailure 401. */
export function requireAppToken(call: Call): App {
  if (call.actor.kind !== "app") throw new GitHubFailure(401, "A JSON web token could not be decoded");
  return call.actor.app;
}

export function requireInstallation(call: Call): Installation {
  if (call.actor.kind !== "installation") throw new GitHubFailure(403, "Resource not accessible by integration");
  return call.actor.token.installation;
}

/** Whether an installation token carries a permission at a level. */
export function holdsPermission(call: Call, [name, level]: AppPermission): boolean {
  if (call.actor.kind !== "installation") return false;
  const held = call.actor.token.permissions[name];
  return held === level || held === "write" || held === "admin";
}

/** A refusal of a missing permission names what would have been enough in a header. */
export class PermissionFailure extends GitHubFailure {
  readonly accepted: string;

  constructor(accepted: readonly AppPermission[]) {
    super(403, "Resource not accessible by integration");
    this.accepted = accepted.map(([name, level]) => `${name}=${level}`).join("; ");
  }
}

function requireUserAccess(call: Call, repo: Repository, account: Account, wanted: Access["user"]): void {
  const permission = decidePermission(call.world, repo, account);
  if (permission === "none") throw new GitHubFailure(404, "Not Found");
  if (wanted === "never") throw new GitHubFailure(403, "You must authenticate via a GitHub App.");
  if (!isAtLeast(permission, wanted)) throw new GitHubFailure(403, "Must have admin rights to Repository.");
}

function requireInstallationAccess(call: Call, repo: Repository, accepted: readonly AppPermission[]): void {
  if (call.actor.kind !== "installation") return;
  const { token } = call.actor;
  const reaches = isInstalledOn(token.installation, repo) && (token.repositoryIds?.has(repo.id) ?? true);
  const onlyReads = accepted.every(([, level]) => level === "read");
  if (!reaches) {
    if (repo.private) throw new GitHubFailure(404, "Not Found");
    if (!onlyReads) throw new PermissionFailure(accepted);
    return;
  }
  const isMetadata = accepted.some(([name, level]) => name === "metadata" && level === "read");
  if (!isMetadata && !accepted.some((permission) => holdsPermission(call, permission)))
    throw new PermissionFailure(accepted);
}

/** The repository of the path, if the actor may do this to it. @throws GitHubFailure 401, 403, 404. */
export function openRepository(call: Call, access: Access): Repository {
  const repo = findRepository(call.world, call.params["owner"] ?? "", call.params["repo"] ?? "");
  if (repo === undefined) throw new GitHubFailure(404, "Not Found");
  switch (call.actor.kind) {
    case "anonymous":
      if (repo.private) throw new GitHubFailure(404, "Not Found");
      if (access.user !== "read") throw new GitHubFailure(401, "Requires authentication");
      return repo;
    case "user":
      requireUserAccess(call, repo, call.actor.account, access.user);
      return repo;
    case "installation":
      requireInstallationAccess(call, repo, access.app);
      return repo;
    case "app":
  }
  // A JWT speaks for the app, not for any of its installations.
  throw new GitHubFailure(403, "Resource not accessible by integration");
}

/** A route below `/repos/{owner}/{repo}`. */
export function repositoryRoute(
  operation: string,
  access: Access,
  handle: (call: Call, repo: Repository) => SimulatorResponse,
): Route {
  return { operation, handle: (call) => handle(call, openRepository(call, access)) };
}

export function reads(...names: string[]): Access {
  return { app: names.map((name) => [name, "read"] as const), user: "read" };
}

export function writes(user: Access["user"], ...names: string[]): Access {
  return { app: names.map((name) => [name, "write"] as const), user };
}

/** A parameter that is a number. @throws GitHubFailure 404 when it is none. */
export function readNumber(call: Call, name: string): number {
  const text = call.params[name] ?? "";
  if (!/^\d{1,15}$/.test(text)) throw new GitHubFailure(404, "Not Found");
  return Number(text);
}

export function readString(body: Record<string, unknown>, key: string): string | undefined {
  const value = body[key];
  return typeof value === "string" ? value : undefined;
}

export function readStrings(body: Record<string, unknown>, key: string): string[] {
  const value = body[key];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

export interface PageRange {
  page: number;
  perPage: number;
}

export function readPage(call: Call, maximum = 100): PageRange {
  const read = (key: string, fallback: number): number => {
    const value = Number(call.query.get(key) ?? fallback);
    return Number.isInteger(value) && value >= 1 ? value : fallback;
  };
  return { page: read("page", 1), perPage: Math.min(read("per_page", 30), maximum) };
}

/** A page of a list with its `Link` header; `wrap` for the lists that GitHub puts inside an object. */
export function answerPage<T>(
  call: Call,
  items: readonly T[],
  render: (item: T) => unknown,
  wrap?: (rendered: unknown[], total: number) => unknown,
): SimulatorResponse {
  const { page, perPage } = readPage(call);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const rendered = items.slice((page - 1) * perPage, page * perPage).map(render);
  const link = (to: number, relation: string): string => {
    const query = new URLSearchParams(call.query);
    query.set("page", String(to));
    query.set("per_page", String(perPage));
    return `<${call.selfUrl}?${query.toString()}>; rel="${relation}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, "prev"), link(1, "first")] : []),
    ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
  ];
  return {
    status: 200,
    body: wrap === undefined ? rendered : wrap(rendered, items.length),
    ...(links.length === 0 ? {} : { headers: { link: links.join(", ") } }),
  };
}
