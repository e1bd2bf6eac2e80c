import type { ZodType } from "zod";
import { z } from "zod";
import { GitHubError } from "../../ports/github.ts";
import type { BoundedCache } from "./bounded-cache.ts";
import { describeGitHubFailure } from "./describe-github-failure.ts";
import type { OctokitAnswer, OctokitLike } from "./octokit-like.ts";

/** An answer that GitHub may confirm with 304, which costs nothing of the primary limit (facts/github.md section 6). */
export interface RememberedAnswer {
  etag: string;
  answer: OctokitAnswer;
}

type Parameters = Readonly<Record<string, unknown>>;

/** Typed requests of one installation (or of the app itself): every answer is parsed, every failure is a `GitHubError`. */
export interface GitHubClient {
  /** Reads. `what` completes "failed to ...". */
  get<T>(route: string, parameters: Parameters, schema: ZodType<T>, what: string): Promise<T>;
  /** The same, with null for a thing that GitHub does not have or does not show. */
  find<T>(route: string, parameters: Parameters, schema: ZodType<T>, what: string): Promise<T | null>;
  /**
   * Follows every page. `key` names the list inside answers that wrap it. `complete` is false when `maxPages` pages
   * were not enough.
   */
  list<T>(
    route: string,
    parameters: Parameters,
    schema: ZodType<T>,
    what: string,
    options?: { key?: string; maxPages?: number; isEnough?: (items: readonly T[]) => boolean },
  ): Promise<{ items: T[]; complete: boolean }>;
  /** Writes, exactly once: an answer that never came is for the caller to find out about. */
  send<T>(route: string, parameters: Parameters, schema: ZodType<T>, what: string): Promise<T>;
  /** GraphQL, once: every caller has another way to the answer. */
  query<T>(text: string, variables: Parameters, schema: ZodType<T>, what: string): Promise<T>;
  /** The answer as it came, redirects not followed and the body not read. */
  open(route: string, parameters: Parameters, what: string): Promise<OctokitAnswer>;
}

const defaultMaxPages = 100;

/** Answers that are large and, because their address names their content, never asked for again. */
function isWorthRemembering(route: string): boolean {
  return !route.includes("/git/trees/") && !route.includes("/git/blobs/");
}

function readLinks(headers: Readonly<Record<string, unknown>>): Map<string, string> {
  const links = new Map<string, string>();
  const value = headers["link"];
  if (typeof value !== "string" || value.length > 16_384) return links;
  for (const part of value.split(",")) {
    const end = part.indexOf(">");
    const rel = /\brel="([a-z]+)"/.exec(part.slice(end + 1))?.[1];
    const start = part.indexOf("<");
    if (rel !== undefined && start >= 0 && end > start) links.set(rel, part.slice(start + 1, end));
  }
  return links;
}

/** Page or cursor of the next page, taken from the `Link` header; null on the last page. */
function readNextPage(headers: Readonly<Record<string, unknown>>): Record<string, string> | null {
  const next = readLinks(headers).get("next");
  if (next === undefined || !URL.canParse(next)) return null;
  const query = new URL(next).searchParams;
  const page = query.get("page");
  const cursor = query.get("cursor");
  if (cursor !== null) return { cursor };
  return page === null ? null : { page };
}

const notModified = z.object({ status: z.literal(304) });

/**
 * @param options.octokit asked for each request, so that a caller can exchange it
 * @param options.forgetToken called when GitHub does not accept the token, before the one repetition with a new one
 * @param options.onRefused told about failures that put the installation in doubt
 */
export function createGitHubClient(options: {
  octokit: () => Promise<OctokitLike>;
  now: () => Date;
  answers: BoundedCache<RememberedAnswer>;
  cacheScope: string;
  onRefused: (error: GitHubError) => void;
  forgetToken?: () => void;
}): GitHubClient {
  const perform = async <T>(
    what: string,
    work: (octokit: OctokitLike) => Promise<T>,
    mayRenew = options.forgetToken !== undefined,
  ): Promise<T> => {
    try {
      return await work(await options.octokit());
    } catch (error) {
      const failure = describeGitHubFailure(error, what, options.now());
      // Nothing was done on a 401, so even a write may be sent again with a new token.
      if (failure.kind === "unauthorized" && mayRenew) {
        options.forgetToken?.();
        return perform(what, work, false);
      }
      options.onRefused(failure);
      throw failure;
    }
  };

  const parse = <T>(schema: ZodType<T>, data: unknown, status: number, what: string): T => {
    const parsed = schema.safeParse(data);
    if (parsed.success) return parsed.data;
    const where = parsed.error.issues[0]?.path.join(".") ?? "";
    throw new GitHubError(
      `failed to ${what}: GitHub's answer has an unknown form${where === "" ? "" : ` at ${where}`}`,
      {
        kind: "unexpected",
        status,
        retryable: false,
      },
    );
  };

  const read = async (route: string, parameters: Parameters, what: string): Promise<OctokitAnswer> => {
    const key = `${options.cacheScope} ${route} ${JSON.stringify(parameters)}`;
    const remembered = options.answers.get(key);
    return perform(what, async (octokit) => {
      const { headers, ...rest } = parameters;
      const own = typeof headers === "object" && headers !== null ? headers : {};
      try {
        const answer = await octokit.request(route, {
          ...rest,
          headers: { ...own, ...(remembered === undefined ? {} : { "if-none-match": remembered.etag }) },
        });
        const etag = answer.headers["etag"];
        if (typeof etag === "string" && isWorthRemembering(route)) options.answers.set(key, { etag, answer });
        return answer;
      } catch (error) {
        if (remembered !== undefined && notModified.safeParse(error).success) return remembered.answer;
        throw error;
      }
    });
  };

  const client: GitHubClient = {
    async get(route, parameters, schema, what) {
      const answer = await read(route, parameters, what);
      return parse(schema, answer.data, answer.status, what);
    },
    async find(route, parameters, schema, what) {
      try {
        return await client.get(route, parameters, schema, what);
      } catch (error) {
        if (error instanceof GitHubError && error.kind === "missing") return null;
        throw error;
      }
    },
    async list<T>(
      route: string,
      parameters: Parameters,
      schema: ZodType<T>,
      what: string,
      listing: { key?: string; maxPages?: number; isEnough?: (items: readonly T[]) => boolean } = {},
    ) {
      const items: T[] = [];
      let next: Record<string, string> | null = {};
      for (let page = 0; page < (listing.maxPages ?? defaultMaxPages); page += 1) {
        const answer: OctokitAnswer = await read(route, { per_page: 100, ...parameters, ...next }, what);
        const data: unknown =
          listing.key === undefined
            ? answer.data
            : parse(z.record(z.string(), z.unknown()), answer.data, answer.status, what)[listing.key];
        items.push(...parse(z.array(schema), data, answer.status, what));
        next = readNextPage(answer.headers);
        if (next === null || listing.isEnough?.(items) === true) return { items, complete: next === null };
      }
      return { items, complete: false };
    },
    async send(route, parameters, schema, what) {
      const answer = await perform(what, (octokit) =>
        octokit.request(route, { ...parameters, request: { retries: 0 } }),
      );
      return parse(schema, answer.data, answer.status, what);
    },
    async query(text, variables, schema, what) {
      const data = await perform(what, (octokit) => octokit.graphql(text, { ...variables, request: { retries: 0 } }));
      return parse(schema, data, 200, what);
    },
    open: (route, parameters, what) =>
      perform(what, (octokit) =>
        octokit.request(route, {
          ...parameters,
          request: { redirect: "manual", parseSuccessResponseBody: false },
        }),
      ),
  };
  return client;
}
