import type { Logger } from "pino";
import { Probot, ProbotOctokit } from "probot";
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

/**
 * Probot's Octokit with our limits. The function form matters: Probot 14.3.2 ignores the object form of `throttle`, and
 * without an id all installations would share one limiter (facts/probot-and-tooling.md section 4).
 */
export function createProbotOctokit(pace: Pace): typeof ProbotOctokit {
  return ProbotOctokit.defaults((options: GivenOptions) => ({
    ...options,
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
  const probot = new Probot({
    appId: options.appId,
    privateKey: options.privateKey,
    secret: options.webhookSecret,
    log: options.log,
    baseUrl: options.baseUrl,
    Octokit: createProbotOctokit(options.pace ?? "github"),
    request: { fetch: createBoundedFetch(options.timeoutMs ?? requestTimeoutMs, options.fetch) },
  });
  return {
    probot,
    octokitForApp: () => probot.auth(),
    // Never through `octokit.auth({ type: "installation" })`: that ignores the base URL and calls github.com.
    octokitForInstallation: (installationId) => probot.auth(installationId),
  };
}
