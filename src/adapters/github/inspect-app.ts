import { z } from "zod";
import { createBoundedCache } from "./bounded-cache.ts";
import { createGitHubClient } from "./github-client.ts";
import type { OctokitLike } from "./octokit-like.ts";

/** What the app was granted somewhere: permission to level, and event names. */
export interface Grant {
  permissions: Readonly<Record<string, string>>;
  events: readonly string[];
}

/** The app as GitHub knows it, for an operator who looks for mistakes. */
export interface InspectedApp extends Grant {
  id: number;
  slug: string;
  /** GitHub's clock minus ours, in milliseconds; null when GitHub did not tell. */
  skewMs: number | null;
  installations: readonly (Grant & { id: number; account: string; isSuspended: boolean })[];
  hook: { url: string; contentType: string; isInsecure: boolean };
  /** The newest attempts of deliveries, at most a hundred, and how many of them GitHub could not hand over. */
  deliveries: { count: number; failed: number; newest: string | null };
}

const grant = { permissions: z.record(z.string(), z.string()), events: z.array(z.string()) };
const appSchema = z.object({ id: z.number(), slug: z.string(), ...grant });
const installationSchema = z.object({
  id: z.number(),
  account: z.object({ login: z.string() }).nullable(),
  suspended_at: z.string().nullish(),
  ...grant,
});
const hookSchema = z.object({
  url: z.string().optional(),
  content_type: z.string().optional(),
  insecure_ssl: z.union([z.string(), z.number()]).optional(),
});
const deliverySchema = z.object({ status: z.string(), status_code: z.number(), delivered_at: z.string() });

/** Milliseconds that a server's `Date` header is ahead of our clock; it has whole seconds. Null without one. */
export function readSkew(header: unknown, now: Date): number | null {
  const at = typeof header === "string" ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? null : at + 500 - now.getTime();
}

/**
 * Reads what GitHub knows about the app itself; nothing is changed.
 *
 * @throws GitHubError when the app's credentials are refused or GitHub is away
 */
export async function inspectApp(octokit: () => Promise<OctokitLike>, now: () => Date): Promise<InspectedApp> {
  const client = createGitHubClient({
    octokit,
    now,
    answers: createBoundedCache({ maxWeight: 50 }, now),
    cacheScope: "doctor",
    onRefused: () => {},
  });
  const answer = await client.open("GET /app", {}, "read the app");
  const skewMs = readSkew(answer.headers["date"], now());
  const [app, installations, hook, deliveries] = await Promise.all([
    client.get("GET /app", {}, appSchema, "read the app"),
    client.list("GET /app/installations", {}, installationSchema, "list the installations"),
    client.get("GET /app/hook/config", {}, hookSchema, "read the webhook's settings"),
    client.list("GET /app/hook/deliveries", {}, deliverySchema, "list the deliveries", { maxPages: 1 }),
  ]);
  const failed = deliveries.items.filter(
    ({ status_code: code, status }) => status !== "OK" && !(code >= 200 && code < 300),
  );
  return {
    ...app,
    skewMs,
    installations: installations.items.map(({ id, account, suspended_at: suspendedAt, permissions, events }) => ({
      id,
      account: account?.login ?? "unknown",
      isSuspended: typeof suspendedAt === "string",
      permissions,
      events,
    })),
    hook: {
      url: hook.url ?? "",
      contentType: hook.content_type ?? "form",
      isInsecure: String(hook.insecure_ssl ?? "0") !== "0",
    },
    deliveries: {
      count: deliveries.items.length,
      failed: failed.length,
      newest: deliveries.items[0]?.delivered_at ?? null,
    },
  };
}
