import { buildSchema, graphql, GraphQLError } from "graphql";
import type { SimulatorResponse } from "../../loopback-server.ts";
import type { Actor } from "../http/actor.ts";
import { decidePermission } from "../permissions.ts";
import { renderNodeId, renderTime } from "../render/render-account.ts";
import { findRepository, fullName, isInstalledOn } from "../find-in-world.ts";
import type { Repository, World } from "../world.ts";
import { resolveAccount } from "./resolve-account.ts";
import { resolveExpression, resolveObject } from "./resolve-git.ts";
import { resolvePull } from "./resolve-pull.ts";
import { resolveQueue } from "./resolve-queue.ts";
import { schemaText } from "./schema.ts";

type Json = Record<string, unknown>;

/** GitHub puts the kind of an error beside its message; graphql-js keeps such things under `extensions`. */
function makeError(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

function canSee(world: World, actor: Actor, repo: Repository): boolean {
  if (actor.kind === "installation") {
    const { token } = actor;
    return !repo.private || (isInstalledOn(token.installation, repo) && (token.repositoryIds?.has(repo.id) ?? true));
  }
  return actor.kind === "user" && decidePermission(world, repo, actor.account) !== "none";
}

function requirePermission(actor: Actor, repo: Repository, name: string): void {
  if (actor.kind !== "installation" || !repo.private || actor.token.permissions[name] !== undefined) return;
  throw makeError("FORBIDDEN", "Resource not accessible by integration");
}

function resolveRepository(world: World, actor: Actor, repo: Repository): Json {
  const resolveRef = (name: string): Json | null => {
    const oid = repo.refs.get(name);
    if (oid === undefined) return null;
    return {
      id: `REF_${name}`,
      name: name.replace(/^refs\/(?:heads|tags)\//, ""),
      target: () => resolveObject(world, repo, oid),
    };
  };
  return {
    id: renderNodeId("Repository", repo.id),
    databaseId: repo.id,
    name: repo.name,
    nameWithOwner: fullName(repo),
    isPrivate: repo.private,
    defaultBranchRef: () => resolveRef(`refs/heads/${repo.defaultBranch}`),
    ref: ({ qualifiedName }: { qualifiedName: string }) =>
      resolveRef(qualifiedName) ??
      resolveRef(`refs/heads/${qualifiedName}`) ??
      resolveRef(`refs/tags/${qualifiedName}`),
    object: ({ expression, oid }: { expression?: string | null; oid?: string | null }) => {
      requirePermission(actor, repo, "contents");
      if (typeof oid === "string") return resolveObject(world, repo, oid);
      return typeof expression === "string" ? resolveExpression(world, repo, expression) : null;
    },
    pullRequest: ({ number }: { number: number }) => {
      requirePermission(actor, repo, "pull_requests");
      const pull = repo.issues.get(number)?.pull;
      if (pull === undefined) {
        throw makeError("NOT_FOUND", `Could not resolve to a PullRequest with the number of ${number}.`);
      }
      return resolvePull(world, pull, (other) => resolveRepository(world, actor, other));
    },
    mergeQueue: ({ branch }: { branch?: string | null }) => {
      requirePermission(actor, repo, "merge_queues");
      return resolveQueue(world, repo, branch ?? repo.defaultBranch, (pull) =>
        resolvePull(world, pull, (other) => resolveRepository(world, actor, other)),
      );
    },
  };
}

function createRoot(world: World, actor: Actor): Json {
  return {
    repository: ({ owner, name }: { owner: string; name: string }) => {
      const repo = findRepository(world, owner, name);
      if (repo === undefined || !canSee(world, actor, repo)) {
        throw makeError("NOT_FOUND", `Could not resolve to a Repository with the name '${owner}/${name}'.`);
      }
      return resolveRepository(world, actor, repo);
    },
    rateLimit: () => ({
      cost: 1,
      limit: 5000,
      nodeCount: 1,
      remaining: 4999,
      used: 1,
      resetAt: renderTime(new Date(world.now().getTime() + 60 * 60 * 1000)),
    }),
    viewer: () => {
      if (actor.kind !== "user") throw makeError("FORBIDDEN", "Resource not accessible by integration");
      return resolveAccount(actor.account);
    },
  };
}

/** Builds the answerer of `/graphql`. Errors of fields come with status 200, as GitHub sends them. */
export function createGraphqlAnswer(world: World): (actor: Actor, body: Json) => Promise<SimulatorResponse> {
  const schema = buildSchema(schemaText);
  return async (actor, body) => {
    if (actor.kind === "anonymous" || actor.kind === "app") {
      return { status: 401, body: { message: "This endpoint requires you to be authenticated." } };
    }
    const { query, variables, operationName } = body;
    const result = await graphql({
      schema,
      source: typeof query === "string" ? query : "",
      rootValue: createRoot(world, actor),
      variableValues: typeof variables === "object" && variables !== null ? (variables as Json) : {},
      ...(typeof operationName === "string" ? { operationName } : {}),
    });
    const errors = result.errors?.map((error) => ({
      ...(typeof error.extensions["type"] === "string" ? { type: error.extensions["type"] } : {}),
      message: error.message,
      locations: error.locations,
      ...(error.path === undefined ? {} : { path: error.path }),
    }));
    return {
      status: 200,
      body: {
        ...(result.data === undefined ? {} : { data: result.data }),
        ...(errors === undefined ? {} : { errors }),
      },
    };
  };
}
