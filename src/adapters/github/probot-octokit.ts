import type { Logger } from "pino";
import { Probot, ProbotOctokit } from "probot";
import { createBoundedCache } from "./bounded-cache.ts";
import { createBoundedFetch } from "./bounded-fetch.ts";
import type { OctokitLike } from "./octokit-like.ts";

/** Milliseconds until a request to GitHub counts as unanswered. */
const requestTimeoutMs = 10_000;

/** A limit that ends within this many seconds is waited for in place; a longer one goes back to the queue. */
const patienceSeconds = 5;

/**
 * How fast to write. `github`: one write a second and one notifying write in three seconds for each installation, as
 * GitHub asks. `unpaced`: for a GitHub without rate limits (the simulator, a GitHub Enterprise Server that has them off).
 */
export type Pace = "github" | "unpaced";

/** `http(s)://HOST/api/v3` of a GitHub Enterprise Server or simulator; undefined, meaning github.com, without a host. */
export function readGitHubBaseUrl(host: string | undefined, protocol = "https"): string | undefined {
  return host === undefined || host === "" ? undefined : `${protocol}://${host}/api/v3`;
}

/** What Probot hands to the function form of `defaults`. */
interface GivenOptions {
  auth?: { installationId?: number };
  throttle?: object;
}

/** Installation tokens by the key that `@octokit/auth-app` makes: the installation's id, then what narrows the token. */
interface TokenCache {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  forget(installationId: number): void;
}

/** GitHub's tokens live for an hour. */
const tokenAgeMs = 55 * 60_000;

/** Probot's own cache cannot be emptied, so a token that GitHub took back early would be sent for most of an hour. */
function createTokenCache(): TokenCache {
  const tokens = createBoundedCache<string>({ maxWeight: 15_000, maxAgeMs: tokenAgeMs }, () => new Date());
  const keys = new Map<string, Set<string>>();
  return {
    get: (key) => tokens.get(key),
    set(key, value) {
      const id = key.split("|", 1)[0] ?? key;
      keys.set(id, (keys.get(id) ?? new Set()).add(key));
      tokens.set(key, value);
    },
    forget(installationId) {
      for (const key of keys.get(String(installationId)) ?? []) tokens.delete(key);
      keys.delete(String(installationId));
    },
  };
}

/**
 * Probot's Octokit with our limits. The function form matters: Probot 14.3.2 ignores the object form of `throttle`, and
 * without an id all installations would share one limiter (facts/probot-and-tooling.md section 4).
 */
export function createProbotOctokit(pace: Pace, tokens: TokenCache = createTokenCache()): typeof ProbotOctokit {
  return ProbotOctokit.defaults((options: GivenOptions) => ({
    ...options,
    ...(options.auth === undefined ? {} : { auth: { ...options.auth, cache: tokens } }),
    // Reads are tried three times, after 1 and 4 more seconds. Writes carry `retries: 0` and are looked up instead.
    retry: { retries: 2 },
    throttle: {
      ...options.throttle,
      ...(pace === "unpaced" ? { enabled: false } : {}),
      id: String(options.auth?.installationId ?? "app"),
      onRateLimit: (retryAfter: number, _request: object, _octokit: object, retryCount: number) =>
        retryCount < 1 && retryAfter <= patienceSeconds,
      onSecondaryRateLimit: (retryAfter: number, _request: object, _octokit: object, retryCount: number) =>
        retryCount < 1 && retryAfter <= patienceSeconds,
    },
  }));
}

/** What the bot and the worker need of Probot: signature verification, and Octokits that know who they are. */
export interface GitHubProbot {
  probot: Probot;
  octokitForApp: () => Promise<OctokitLike>;
  octokitForInstallation: (installationId: number) => Promise<OctokitLike>;
  /** Makes the next request of the installation ask for a new token. */
  forgetToken: (installationId: number) => void;
}

/**
 * @param options.baseUrl see `readGitHubBaseUrl`
 * @param options.fetch for tests
 */
export function createGitHubProbot(options: {
  appId: number;
  privateKey: string;
  webhookSecret: string;
  log: Logger;
  baseUrl?: string;
  pace?: Pace;
  timeoutMs?: number;
  fetch?: typeof fetch;
}): GitHubProbot {
  const tokens = createTokenCache();
  const probot = new Probot({
    appId: options.appId,
    privateKey: options.privateKey,
    secret: options.webhookSecret,
    log: options.log,
    baseUrl: options.baseUrl,
    Octokit: createProbotOctokit(options.pace ?? "github", tokens),
    request: { fetch: createBoundedFetch(options.timeoutMs ?? requestTimeoutMs, options.fetch) },
  });
  return {
    probot,
    octokitForApp: () => probot.auth(),
    // Never through `octokit.auth({ type: "installation" })`: that ignores the base URL and calls github.com.
    octokitForInstallation: (installationId) => probot.auth(installationId),
    forgetToken: (installationId) => tokens.forget(installationId),
  };
}
