import { setTimeout as sleep } from "node:timers/promises";
import { Octokit } from "@octokit/rest";
import { z } from "zod";
import type { FileContent, OwnerFacts, RepositoryFacts } from "../../core/facts.ts";
import { GitHubError, type RepositoryPort } from "../../ports/github.ts";
import { createBoundedCache } from "./bounded-cache.ts";
import { createBoundedFetch } from "./bounded-fetch.ts";
import { createRepositoryPort } from "./create-repository-port.ts";
import { createGitHubClient, type RememberedAnswer } from "./github-client.ts";
import type { Tree } from "./read-tree.ts";
import type { RepositoryContext } from "./repository-context.ts";

const requestTimeoutMs = 15_000;

const repositorySchema = z.object({
  id: z.number(),
  name: z.string(),
  owner: z.object({ login: z.string() }),
  default_branch: z.string(),
});

/** The methods of the port that read; a person's token writes nothing through Routeward. */
export type RepositoryReader = Pick<RepositoryPort, Extract<keyof RepositoryPort, `read${string}`>>;

/**
 * Opens a repository with a person's token, for the command line.
 *
 * @param options.baseUrl see `readGitHubBaseUrl`; github.com when absent
 * @param options.token without one only public repositories can be read
 */
export function openWithToken(
  owner: string,
  name: string,
  options: { token?: string; baseUrl?: string; now: () => Date },
): RepositoryReader {
  const { now } = options;
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const octokit = new Octokit({
    log,
    request: { fetch: createBoundedFetch(requestTimeoutMs) },
    ...(options.token === undefined ? {} : { auth: options.token }),
    ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
  });
  const client = createGitHubClient({
    octokit: () => Promise.resolve(octokit),
    now,
    answers: createBoundedCache<RememberedAnswer>({ maxWeight: 500 }, now),
    cacheScope: "token",
    onRefused: () => {},
  });
  const place = { owner, repo: name };
  let known: Promise<RepositoryFacts> | null = null;
  const checkRepository = async (): Promise<RepositoryFacts> => {
    const found = await client.find("GET /repos/{owner}/{repo}", place, repositorySchema, "read the repository");
    if (found === null) {
      const message = `failed to read the repository: there is no ${owner}/${name}, or the token does not show it`;
      throw new GitHubError(message, { kind: "forbidden", status: 404, retryable: false });
    }
    return { id: found.id, owner: found.owner.login, name: found.name, defaultBranch: found.default_branch };
  };
  const shared = {
    blobs: createBoundedCache<FileContent>({ maxWeight: 32 * 1024 * 1024 }, now),
    trees: createBoundedCache<Tree>({ maxWeight: 200_000 }, now),
    owners: createBoundedCache<OwnerFacts>({ maxWeight: 2000 }, now),
    fetchFromStorage: fetch,
    // Whose signatures are believed is the operator's to say, so nothing is attested here.
    attestationTrust: null,
  };
  const context: RepositoryContext = {
    client,
    place,
    // No check run or comment belongs to a person's token.
    appId: 0,
    readBotLogin: () => Promise.resolve(""),
    readRepository: () => (known ??= checkRepository()),
    checkRepository,
    now,
    wait: (milliseconds) => sleep(milliseconds),
    log,
  };
  return createRepositoryPort(context, shared);
}
