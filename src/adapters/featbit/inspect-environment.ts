import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { cut } from "../../core/problem.ts";
import { FeatBitError } from "../../ports/featbit.ts";
import { createFeatBitApi } from "./featbit-api.ts";
import { openSdkConnection } from "./sdk-connection.ts";

/** How to reach one environment; the operator's binding. */
export interface InspectedPlace {
  apiUrl: string;
  evaluationUrl: string;
  streamingUrl: string;
  envId: string;
  accessToken: string;
  sdkKey: string;
}

/** What a harmless call told about the token. `refused`: FeatBit said no; `unknown`: it said something else. */
export type Answered = "allowed" | "refused" | "unknown";

/** An environment as its token sees it. */
export interface InspectedEnvironment {
  /** The project and environment that the token is shown; null when neither is listed. */
  named: { project: string; environment: string } | null;
  canRead: Answered;
  canCreate: Answered;
  /** `refused`: the server is older than 5.3.3 and lets no token write targeting. */
  canTarget: Answered;
  /** Flags by key, the newest hundred. */
  flagKeys: readonly string[];
  /** Who changed flags lately, by how often; null when FeatBit does not say. */
  actors: readonly { name: string; changes: number }[] | null;
}

const timeoutMs = 10_000;
const shownActors = 10;

const projects = z.array(
  z.object({
    key: z.string(),
    environments: z.array(z.object({ id: z.string(), key: z.string() })).nullish(),
  }),
);
const flagPage = z.object({ items: z.array(z.object({ key: z.string() })) });
const auditPage = z.object({ items: z.array(z.object({ refType: z.string(), creatorName: z.string().nullish() })) });

/** A call that must fail: FeatBit checks the right first, and what it says then tells whether the right is there. */
async function tryFailing(call: Promise<unknown>, allowed: (error: FeatBitError) => boolean): Promise<Answered> {
  try {
    await call;
    return "unknown";
  } catch (error) {
    if (!(error instanceof FeatBitError)) throw error;
    if (error.kind === "forbidden") return "refused";
    return allowed(error) ? "allowed" : "unknown";
  }
}

async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof FeatBitError) return null;
    throw error;
  }
}

function countActors(items: z.infer<typeof auditPage>["items"]): { name: string; changes: number }[] {
  const counts = new Map<string, number>();
  for (const { refType, creatorName } of items)
    if (refType === "FeatureFlag") counts.set(creatorName ?? "System", (counts.get(creatorName ?? "System") ?? 0) + 1);
  return [...counts]
    .map(([name, changes]) => ({ name: cut(name), changes }))
    .toSorted((one, other) => other.changes - one.changes || (one.name < other.name ? -1 : 1))
    .slice(0, shownActors);
}

/**
 * Finds out what a token may do, without changing anything (facts/featbit.md sections 2, 3 and 5). Two calls look like writes and
 * cannot be any: a creation that every validator refuses, and targeting for a flag that does not exist. Whether a flag may be
 * switched, retargeted or deleted is told by no call without an effect.
 *
 * @throws FeatBitError when the token is not accepted or FeatBit is away
 */
export async function inspectEnvironment(place: InspectedPlace): Promise<InspectedEnvironment> {
  const api = createFeatBitApi({ ...place, timeoutMs });
  const env = `/envs/${encodeURIComponent(place.envId)}`;
  const listed = await api({ method: "GET", path: "/projects", data: projects, purpose: "list projects" });
  const named = listed
    .flatMap((project) =>
      (project.environments ?? []).map(({ id, key }) => ({ id, project: project.key, environment: key })),
    )
    .find(({ id }) => id.toLowerCase() === place.envId.toLowerCase());
  const nowhere = `routeward-doctor-${randomUUID()}`;
  const flags = await orNull(
    api({
      method: "GET",
      path: `${env}/feature-flags?pageIndex=0&pageSize=100`,
      data: flagPage,
      purpose: "list flags",
    }),
  );
  const [canCreate, canTarget, audit] = await Promise.all([
    tryFailing(
      api({
        method: "POST",
        path: `${env}/feature-flags`,
        // Refused three times over: no name, a key that is none, and a variation that is not there.
        body: {
          name: "",
          key: "not a key",
          isEnabled: false,
          description: "",
          variationType: "string",
          variations: [],
          enabledVariationId: nowhere,
          disabledVariationId: nowhere,
          tags: [],
        },
        data: z.unknown(),
        purpose: "see whether flags may be created",
      }),
      ({ kind }) => kind === "invalid",
    ),
    tryFailing(
      api({
        method: "PUT",
        path: `${env}/feature-flags/${nowhere}/targeting`,
        body: {
          revision: randomUUID(),
          comment: "",
          targeting: {
            targetUsers: [],
            rules: [],
            fallthrough: { dispatchKey: null, includedInExpt: false, variations: [] },
            exptIncludeAllTargets: false,
          },
        },
        data: z.unknown(),
        purpose: "see whether tokens may write targeting",
      }),
      ({ kind }) => kind === "missing",
    ),
    orNull(
      api({
        method: "GET",
        path: `${env}/audit-logs?pageIndex=0&pageSize=50`,
        data: auditPage,
        purpose: "read the audit log",
      }),
    ),
  ]);
  return {
    named: named === undefined ? null : { project: named.project, environment: named.environment },
    canRead: flags === null ? "refused" : "allowed",
    canCreate,
    canTarget,
    flagKeys: flags?.items.map(({ key }) => key) ?? [],
    actors: audit === null ? null : countActors(audit.items),
  };
}

/** The `Date` header of a FeatBit server, or null when it does not answer. */
export async function readServerDate(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url.replace(/\/+$/, "")}/health/liveness`, {
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return response.headers.get("date");
  } catch {
    return null;
  }
}

const lookEveryMs = 50;

/** Whether the real SDK gets the environment's flags with this key. Never throws. */
export async function tryConnecting(place: InspectedPlace, patienceMs: number): Promise<boolean> {
  const connection = openSdkConnection({ ...place, pingIntervalMs: 500 });
  try {
    for (const ends = performance.now() + patienceMs; performance.now() < ends; await sleep(lookEveryMs))
      if (connection.client.initialized()) return true;
    return false;
  } finally {
    await connection.close();
  }
}
