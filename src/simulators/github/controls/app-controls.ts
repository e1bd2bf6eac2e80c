import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { AppInput, DeliverySnapshot } from "../control-input.ts";
import type { GitHubSimulator } from "../github-simulator.ts";
import type { RateLimits } from "../http/rate-limits.ts";
import { addAccount } from "../domain/add-account.ts";
import { findAccount, requireAccount, requireRepository } from "../find-in-world.ts";
import type { App, Installation, World } from "../world.ts";
import type { DeliveryAttempt, DeliveryQueue } from "../webhooks/delivery-queue.ts";
import { renderMinimalRepository } from "../render/render-repository.ts";

type AppControls = Pick<
  GitHubSimulator,
  | "installApp"
  | "setWebhookUrl"
  | "setPermissions"
  | "suspendInstallation"
  | "uninstallApp"
  | "expireTokens"
  | "holdDeliveries"
  | "releaseDeliveries"
  | "loseHeldDeliveries"
  | "duplicateDelivery"
  | "redeliver"
  | "deliveries"
  | "waitForDeliveries"
  | "exhaustRateLimit"
>;

function readPublicKey(app: { privateKeyPem?: string; publicKeyPem?: string }): KeyObject {
  if (app.publicKeyPem !== undefined) return createPublicKey(app.publicKeyPem);
  if (app.privateKeyPem !== undefined) return createPublicKey(createPrivateKey(app.privateKeyPem));
  // An app without a key (GitHub Actions here) can never sign in.
  return generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
}

export function addApp(
  world: World,
  app: Pick<AppInput, "appId" | "slug" | "permissions" | "events"> & Partial<AppInput>,
): App {
  const login = `${app.slug}[bot]`;
  const bot = findAccount(world, login) ?? addAccount(world, { login, kind: "Bot" });
  const owner = app.account === undefined ? bot : requireAccount(world, app.account);
  const made: App = {
    id: app.appId,
    slug: app.slug,
    clientId: app.clientId ?? `Iv1.${app.appId.toString(16).padStart(16, "0")}`,
    publicKey: readPublicKey(app),
    owner,
    bot,
    webhookUrl: app.webhookUrl,
    webhookSecret: app.webhookSecret ?? "",
    permissions: { metadata: "read", ...app.permissions },
    events: [...app.events],
    hookId: world.nextId(),
    createdAt: world.now(),
  };
  world.apps.push(made);
  return made;
}

function describeAttempt(attempt: DeliveryAttempt): DeliverySnapshot {
  return {
    id: String(attempt.id),
    guid: attempt.hook.guid,
    event: attempt.hook.event,
    action: attempt.hook.action,
    status: attempt.status,
    statusCode: attempt.statusCode,
    redelivery: attempt.redelivery,
    payload: attempt.hook.payload,
  };
}

function emitInstallation(world: World, installation: Installation, action: string): void {
  const repositories = world.repositories.filter(
    (repo) => repo.owner === installation.account && (installation.repositoryIds?.has(repo.id) ?? true),
  );
  const brief = repositories.map((repo) => {
    const { id, node_id, name, full_name, private: isPrivate } = renderMinimalRepository(world, repo);
    return { id, node_id, name, full_name, private: isPrivate };
  });
  const owner = world.accounts.find((account) => installation.account.members.get(account.id) === "admin");
  world.emit(
    "installation",
    { action, repositories: brief, ...(action === "created" ? { requester: null } : {}) },
    { account: installation.account, installation, sender: owner ?? installation.account },
  );
}

function requireInstallation(world: World, id: number): Installation {
  const found = world.installations.find((installation) => installation.id === id);
  if (found === undefined) throw new Error(`no installation ${id}`);
  return found;
}

function dropTokens(world: World, installation: Installation): void {
  for (const [token, { installation: owner }] of world.tokens) if (owner === installation) world.tokens.delete(token);
}

export function createAppControls(world: World, queue: DeliveryQueue, limits: RateLimits): AppControls {
  const requireAttempt = (id: string): DeliveryAttempt => {
    const attempt = queue.listAttempts().find((candidate) => String(candidate.id) === id);
    if (attempt === undefined) throw new Error(`no delivery ${id}`);
    return attempt;
  };
  return {
    installApp(input) {
      const app = world.apps.find((candidate) => candidate.id === input.appId) ?? addApp(world, input);
      const installation: Installation = {
        id: world.nextId(),
        app,
        account: requireAccount(world, input.account),
        repositoryIds:
          input.repositories === undefined
            ? undefined
            : new Set(input.repositories.map((name) => requireRepository(world, name).id)),
        suspendedAt: undefined,
        createdAt: world.now(),
      };
      world.installations.push(installation);
      emitInstallation(world, installation, "created");
      return { installationId: installation.id, botLogin: app.bot.login };
    },
    setWebhookUrl({ appId, url }) {
      const app = world.apps.find((candidate) => candidate.id === appId);
      if (app === undefined) throw new Error(`no app ${appId}`);
      app.webhookUrl = url;
    },
    setPermissions({ appId, permissions }) {
      const app = world.apps.find((candidate) => candidate.id === appId);
      if (app === undefined) throw new Error(`no app ${appId}`);
      app.permissions = { ...app.permissions, ...permissions };
      for (const installation of world.installations) if (installation.app === app) dropTokens(world, installation);
    },
    suspendInstallation({ installationId, suspended }) {
      const installation = requireInstallation(world, installationId);
      installation.suspendedAt = suspended ? world.now() : undefined;
      if (suspended) dropTokens(world, installation);
      emitInstallation(world, installation, suspended ? "suspend" : "unsuspend");
    },
    uninstallApp({ installationId }) {
      const installation = requireInstallation(world, installationId);
      emitInstallation(world, installation, "deleted");
      dropTokens(world, installation);
      world.installations.splice(world.installations.indexOf(installation), 1);
    },
    expireTokens() {
      for (const token of world.tokens.values()) token.expiresAt = 0;
    },
    holdDeliveries: (filter = {}) => queue.hold(filter),
    releaseDeliveries: (order = "as-created") => queue.release(order),
    loseHeldDeliveries: () => queue.loseHeld(),
    duplicateDelivery: ({ id }) => queue.duplicate(requireAttempt(id)),
    redeliver: ({ id }) => queue.redeliver(requireAttempt(id)),
    deliveries: (filter = {}) => queue.listMatching(filter).map(describeAttempt),
    waitForDeliveries: (timeoutMs = 30_000) => queue.wait(timeoutMs),
    exhaustRateLimit: (limit) => limits.exhaust(limit),
  };
}
