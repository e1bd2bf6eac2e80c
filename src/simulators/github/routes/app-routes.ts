import { isInstalledOn, fullName, findRepository, requireAccount } from "../find-in-world.ts";
import { GitHubFailure, type Installation } from "../world.ts";
import { makeInstallationToken } from "../http/actor.ts";
import {
  answerPage,
  readNumber,
  readStrings,
  requireAppToken,
  requireInstallation,
  type Call,
  type Route,
} from "../http/route.ts";
import { renderApp, renderInstallation } from "../render/render-account.ts";
import { renderFullRepository, renderRepository } from "../render/render-repository.ts";
import type { Repository, World } from "../world.ts";
import type { DeliveryQueue } from "../webhooks/delivery-queue.ts";
import { renderDelivery, renderDeliveryItem } from "../webhooks/render-delivery.ts";

const tokenLifetime = 60 * 60 * 1000;

function listReachable(world: World, installation: Installation): Repository[] {
  return world.repositories.filter((repo) => isInstalledOn(installation, repo));
}

function requireOwnInstallation(call: Call): Installation {
  const app = requireAppToken(call);
  const id = readNumber(call, "installation_id");
  const found = call.world.installations.find((installation) => installation.id === id && installation.app === app);
  if (found === undefined) throw new GitHubFailure(404, "Integration not found");
  return found;
}

/** A token may narrow what the installation was granted, never widen it. */
function narrowPermissions(installation: Installation, wanted: unknown): Record<string, string> {
  const granted = { ...installation.app.permissions };
  if (typeof wanted !== "object" || wanted === null) return granted;
  const order = ["read", "write", "admin"];
  for (const [name, level] of Object.entries(wanted)) {
    if (order.indexOf(String(level)) > order.indexOf(granted[name] ?? "")) {
      throw new GitHubFailure(422, "The permissions requested are not granted to this installation.");
    }
  }
  return Object.fromEntries(Object.entries(wanted).map(([name, level]) => [name, String(level)]));
}

function narrowRepositories(call: Call, installation: Installation): Set<number> | undefined {
  const names = readStrings(call.body, "repositories").map((name) => name.toLowerCase());
  const ids = Array.isArray(call.body["repository_ids"]) ? call.body["repository_ids"] : [];
  if (names.length === 0 && ids.length === 0) return undefined;
  const chosen = listReachable(call.world, installation).filter(
    (repo) => names.includes(repo.name.toLowerCase()) || ids.includes(repo.id),
  );
  if (chosen.length < names.length + ids.length) {
    throw new GitHubFailure(
      422,
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  }
  return new Set(chosen.map((repo) => repo.id));
}

function createToken(call: Call): ReturnType<Route["handle"]> {
  const installation = requireOwnInstallation(call);
  if (installation.suspendedAt !== undefined) throw new GitHubFailure(403, "This installation has been suspended");
  const permissions = narrowPermissions(installation, call.body["permissions"]);
  const repositoryIds = narrowRepositories(call, installation);
  const token = makeInstallationToken(installation);
  const expiresAt = Date.now() + tokenLifetime;
  call.world.tokens.set(token, { installation, permissions, repositoryIds, expiresAt });
  const selected = repositoryIds ?? installation.repositoryIds;
  return {
    status: 201,
    body: {
      token,
      expires_at: `${new Date(expiresAt).toISOString().slice(0, 19)}Z`,
      permissions,
      repository_selection: selected === undefined ? "all" : "selected",
      ...(repositoryIds === undefined
        ? {}
        : {
            repositories: listReachable(call.world, installation)
              .filter((repo) => repositoryIds.has(repo.id))
              .map((repo) => renderRepository(call.world, repo)),
          }),
    },
  };
}

function findInstallation(call: Call, matches: (installation: Installation) => boolean): ReturnType<Route["handle"]> {
  const app = requireAppToken(call);
  const found = call.world.installations.find((installation) => installation.app === app && matches(installation));
  if (found === undefined) throw new GitHubFailure(404, "Not Found");
  return { status: 200, body: renderInstallation(call.world, found) };
}

function listDeliveries(call: Call, queue: DeliveryQueue): ReturnType<Route["handle"]> {
  const app = requireAppToken(call);
  const status = call.query.get("status");
  const attempts = queue
    .listAttempts(app)
    .toReversed()
    .filter((attempt) => {
      // As on GitHub, an attempt without any answer is neither success nor failure.
      if (status === "success") return attempt.statusCode >= 200 && attempt.statusCode < 400;
      if (status === "failure") return attempt.statusCode >= 400 && attempt.statusCode < 600;
      return true;
    });
  const perPage = Math.min(Number(call.query.get("per_page") ?? 30) || 30, 100);
  const cursor = call.query.get("cursor");
  const start = cursor === null ? 0 : attempts.findIndex((attempt) => attempt.id <= Number(cursor.replace("v1_", "")));
  if (start < 0) return { status: 200, body: [] };
  const page = attempts.slice(start, start + perPage);
  const next = attempts[start + perPage];
  const query = new URLSearchParams(call.query);
  if (next !== undefined) query.set("cursor", `v1_${next.id}`);
  return {
    status: 200,
    body: page.map(renderDeliveryItem),
    ...(next === undefined ? {} : { headers: { link: `<${call.selfUrl}?${query.toString()}>; rel="next"` } }),
  };
}

/** What an app asks about itself. */
export function listAppRoutes(queue: DeliveryQueue): Route[] {
  return [
    {
      operation: "GET /app",
      handle: (call) => {
        const app = requireAppToken(call);
        const count = call.world.installations.filter((installation) => installation.app === app).length;
        return { status: 200, body: { ...renderApp(call.world, app), installations_count: count } };
      },
    },
    {
      operation: "GET /app/installations",
      handle: (call) => {
        const app = requireAppToken(call);
        const own = call.world.installations.filter((installation) => installation.app === app);
        return answerPage(call, own, (installation) => renderInstallation(call.world, installation));
      },
    },
    {
      operation: "GET /app/installations/{installation_id}",
      handle: (call) => ({ status: 200, body: renderInstallation(call.world, requireOwnInstallation(call)) }),
    },
    { operation: "POST /app/installations/{installation_id}/access_tokens", handle: createToken },
    {
      operation: "GET /app/hook/config",
      handle: (call) => {
        const app = requireAppToken(call);
        const body = { content_type: "json", insecure_ssl: "0", secret: "********", url: app.webhookUrl ?? "" };
        return { status: 200, body };
      },
    },
    { operation: "GET /app/hook/deliveries", handle: (call) => listDeliveries(call, queue) },
    {
      operation: "GET /app/hook/deliveries/{delivery_id}",
      handle: (call) => {
        const app = requireAppToken(call);
        const id = readNumber(call, "delivery_id");
        const attempt = queue.listAttempts(app).find((candidate) => candidate.id === id);
        if (attempt === undefined) throw new GitHubFailure(404, "Not Found");
        return { status: 200, body: renderDelivery(call.world, attempt) };
      },
    },
    {
      operation: "POST /app/hook/deliveries/{delivery_id}/attempts",
      handle: (call) => {
        const app = requireAppToken(call);
        const id = readNumber(call, "delivery_id");
        const attempt = queue.listAttempts(app).find((candidate) => candidate.id === id);
        if (attempt === undefined) throw new GitHubFailure(404, "Not Found");
        queue.redeliver(attempt);
        return { status: 202, body: {} };
      },
    },
    {
      operation: "GET /orgs/{org}/installation",
      handle: (call) => {
        const account = requireAccount(call.world, call.params["org"] ?? "");
        return findInstallation(call, (installation) => installation.account === account);
      },
    },
    {
      operation: "GET /users/{username}/installation",
      handle: (call) => {
        const account = requireAccount(call.world, call.params["username"] ?? "");
        return findInstallation(call, (installation) => installation.account === account);
      },
    },
    {
      operation: "GET /repos/{owner}/{repo}/installation",
      handle: (call) => {
        const repo = findRepository(call.world, call.params["owner"] ?? "", call.params["repo"] ?? "");
        return findInstallation(
          call,
          (installation) =>
            repo !== undefined &&
            installation.account === repo.owner &&
            (installation.repositoryIds?.has(repo.id) ?? true),
        );
      },
    },
    {
      operation: "GET /installation/repositories",
      handle: (call) => {
        const installation = requireInstallation(call);
        const narrowed = call.actor.kind === "installation" ? call.actor.token.repositoryIds : undefined;
        const repos = listReachable(call.world, installation)
          .filter((repo) => narrowed?.has(repo.id) ?? true)
          .toSorted((a, b) => (fullName(a) < fullName(b) ? -1 : 1));
        return answerPage(
          call,
          repos,
          (repo) => renderFullRepository(call.world, repo, "none"),
          (repositories, total) => ({
            total_count: total,
            repository_selection: installation.repositoryIds === undefined ? "all" : "selected",
            repositories,
          }),
        );
      },
    },
    {
      operation: "GET /rate_limit",
      handle: (call) => {
        const rate = {
          limit: 5000,
          used: 0,
          remaining: 5000,
          reset: Math.floor(call.world.now().getTime() / 1000) + 3600,
        };
        const slow = { ...rate, limit: 30, remaining: 30 };
        return { status: 200, body: { resources: { core: rate, search: slow, graphql: rate }, rate } };
      },
    },
  ];
}
