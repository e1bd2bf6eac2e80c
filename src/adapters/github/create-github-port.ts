import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { FileContent, OwnerFacts, RepositoryFacts } from "../../core/facts.ts";
import { GitHubError, type GitHubPort, type RepositoryPort } from "../../ports/github.ts";
import { createBoundedCache, type BoundedCache } from "./bounded-cache.ts";
import { createGitHubClient, type GitHubClient, type RememberedAnswer } from "./github-client.ts";
import { createRepositoryPort } from "./create-repository-port.ts";
import { listFailedDeliveries } from "./list-failed-deliveries.ts";
import type { AdapterLog, OctokitLike } from "./octokit-like.ts";
import type { Tree } from "./read-tree.ts";
import type { AttestationTrust } from "./verify-attestation.ts";
import type { RepositoryContext } from "./repository-context.ts";

/** Which installation covers a repository is asked again after this many milliseconds. */
const installationAgeMs = 10 * 60_000;

/** Memberships are asked again after this many milliseconds, or after `forgetPeople`. */
const peopleAgeMs = 30_000;

const maximumBlobCharacters = 32 * 1024 * 1024;
const maximumTreeEntries = 200_000;

const repositorySchema = z.object({
  id: z.number(),
  name: z.string(),
  owner: z.object({ login: z.string() }),
  default_branch: z.string(),
});

const installationSchema = z.object({ id: z.number(), suspended_at: z.string().nullish() });
const listedRepositorySchema = z.object({ id: z.number(), name: z.string(), owner: z.object({ login: z.string() }) });
const appSchema = z.object({ id: z.number(), slug: z.string() });

/** What the adapter is built from. The Octokits come from Probot, so that tokens and pacing are its business. */
export interface GitHubPortOptions {
  octokitForApp: () => Promise<OctokitLike>;
  octokitForInstallation: (installationId: number) => Promise<OctokitLike>;
  /** Makes the next request of the installation ask for a new token; without it a 401 stays one. */
  forgetToken?: (installationId: number) => void;
  appId: number;
  now: () => Date;
  log?: AdapterLog;
  /** Pauses before looking again whether a write happened; the machine's clock when absent. */
  wait?: (milliseconds: number) => Promise<void>;
  /** Fetches artifacts from the storage that GitHub redirects to; without any token. */
  fetchFromStorage?: typeof fetch;
  /** Whose signatures under attestations are believed; nothing is attested when absent. */
  attestationTrust?: AttestationTrust;
}

/** The port, and what webhooks tell it. */
export interface GitHubAdapter extends GitHubPort {
  /** Forgets teams, members and permissions; to be called on `membership`, `team` and `member` events. */
  forgetPeople(): void;
  /** Forgets which installation covers what; to be called on `installation` events. */
  forgetInstallations(): void;
}

interface Caches {
  answers: BoundedCache<RememberedAnswer>;
  installations: BoundedCache<number>;
  blobs: BoundedCache<FileContent>;
  trees: BoundedCache<Tree>;
  owners: BoundedCache<OwnerFacts>;
}

const silentLog: AdapterLog = { debug: () => {}, warn: () => {} };

/** Remembers the first success. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | null = null;
  return () => {
    known ??= work().catch((error: unknown) => {
      known = null;
      throw error;
    });
    return known;
  };
}

/** Creates the GitHub port of one app. Installations, trees, blobs and owners are kept in bounded caches. */
export function createGitHubPort(options: GitHubPortOptions): GitHubAdapter {
  const { now, forgetToken } = options;
  const log = options.log ?? silentLog;
  const caches: Caches = {
    answers: createBoundedCache({ maxWeight: 500 }, now),
    installations: createBoundedCache({ maxWeight: 10_000, maxAgeMs: installationAgeMs }, now),
    blobs: createBoundedCache({ maxWeight: maximumBlobCharacters }, now),
    trees: createBoundedCache({ maxWeight: maximumTreeEntries }, now),
    owners: createBoundedCache({ maxWeight: 2000, maxAgeMs: peopleAgeMs }, now),
  };

  const appClient = createGitHubClient({
    octokit: options.octokitForApp,
    now,
    answers: caches.answers,
    cacheScope: "app",
    onRefused: () => {},
  });

  const readApp = once(async () => {
    const app = await appClient.get("GET /app", {}, appSchema, "read the app");
    return { id: app.id, slug: app.slug, botLogin: `${app.slug}[bot]` };
  });

  const createInstallationClient = (installationId: number, onRefused: (error: GitHubError) => void): GitHubClient =>
    createGitHubClient({
      octokit: once(() => options.octokitForInstallation(installationId)),
      now,
      answers: caches.answers,
      cacheScope: `installation ${installationId}`,
      onRefused,
      ...(forgetToken === undefined ? {} : { forgetToken: () => forgetToken(installationId) }),
    });

  const findInstallation = async (owner: string, name: string): Promise<number> => {
    const key = `${owner}/${name}`.toLowerCase();
    const known = caches.installations.get(key);
    if (known !== undefined) return known;
    const found = await appClient.find(
      "GET /repos/{owner}/{repo}/installation",
      { owner, repo: name },
      installationSchema,
      "find the app's installation",
    );
    if (found === null || typeof found.suspended_at === "string") {
      throw new GitHubError(
        `failed to open the repository: the app is ${found === null ? "not installed" : "suspended"} there`,
        { kind: "forbidden", status: found === null ? 404 : 403, retryable: false },
      );
    }
    caches.installations.set(key, found.id);
    return found.id;
  };

  const openRepository = async (owner: string, name: string): Promise<RepositoryPort> => {
    const key = `${owner}/${name}`.toLowerCase();
    const client = createInstallationClient(await findInstallation(owner, name), (error) => {
      if (error.kind === "unauthorized" || error.kind === "forbidden") caches.installations.delete(key);
    });
    const place = { owner, repo: name };
    const checkRepository = async (): Promise<RepositoryFacts> => {
      const found = await client.find("GET /repos/{owner}/{repo}", place, repositorySchema, "read the repository");
      if (found === null) {
        caches.installations.delete(key);
        throw new GitHubError("failed to read the repository: the app does not see it any more", {
          kind: "forbidden",
          status: 404,
          retryable: false,
        });
      }
      return { id: found.id, owner: found.owner.login, name: found.name, defaultBranch: found.default_branch };
    };
    const context: RepositoryContext = {
      client,
      place,
      appId: options.appId,
      readBotLogin: async () => (await readApp()).botLogin,
      readRepository: once(checkRepository),
      checkRepository,
      now,
      wait: options.wait ?? ((milliseconds) => sleep(milliseconds)),
      log,
    };
    return createRepositoryPort(context, {
      ...caches,
      fetchFromStorage: options.fetchFromStorage ?? fetch,
      attestationTrust: options.attestationTrust ?? null,
    });
  };

  const listRepositories = async (): ReturnType<GitHubPort["listRepositories"]> => {
    const installations = await appClient.list(
      "GET /app/installations",
      {},
      installationSchema,
      "list the installations",
    );
    const repositories = new Map<number, { owner: string; name: string; id: number }>();
    for (const installation of installations.items) {
      if (typeof installation.suspended_at === "string") continue;
      const client = createInstallationClient(installation.id, () => {});
      try {
        const listing = await client.list(
          "GET /installation/repositories",
          {},
          listedRepositorySchema,
          "list an installation's repositories",
          { key: "repositories" },
        );
        for (const { id, name, owner } of listing.items) repositories.set(id, { owner: owner.login, name, id });
      } catch (error) {
        // One installation that was taken away meanwhile must not keep the sweep from the others.
        if (!(error instanceof GitHubError) || error.retryable) throw error;
        log.warn({ err: error, installationId: installation.id }, "could not list an installation's repositories");
      }
    }
    return [...repositories.values()].sort((one, other) => one.id - other.id);
  };

  return {
    openRepository,
    listRepositories,
    listFailedDeliveries: (since) => listFailedDeliveries(appClient, since),
    async redeliver(id) {
      await appClient.send(
        "POST /app/hook/deliveries/{delivery_id}/attempts",
        { delivery_id: id },
        z.unknown(),
        "ask for a redelivery",
      );
    },
    readApp,
    forgetPeople: () => caches.owners.clear(),
    forgetInstallations: () => caches.installations.clear(),
  };
}
