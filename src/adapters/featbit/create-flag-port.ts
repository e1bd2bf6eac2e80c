import { z } from "zod";
import type { FlagSnapshot, SegmentSnapshot } from "../../core/rollout/flag.ts";
import { FeatBitError, type FlagChange, type FlagPort } from "../../ports/featbit.ts";
import { createFeatBitApi, type ApiRequest } from "./featbit-api.ts";
import { auditPage, flagAnswer, segmentAnswer, segmentPage } from "./parse-answers.ts";
import { createProver } from "./prove-served.ts";
import { openSdkConnection } from "./sdk-connection.ts";

/** How to reach one FeatBit environment; the operator's binding with its secrets filled in. */
export interface FlagPortOptions {
  apiUrl: string;
  evaluationUrl: string;
  streamingUrl: string;
  envId: string;
  accessToken: string;
  sdkKey: string;
  /** Milliseconds for one call of the management API; 10,000 when absent. */
  timeoutMs?: number;
  /** Milliseconds between the SDK's pings; 1,000 when absent. After `close()` the process may live that much longer. */
  pingIntervalMs?: number;
  /** Milliseconds until an SDK client that does not hold FeatBit's flag is replaced; 3,000 when absent. */
  renewAfterMs?: number;
}

/** The flag port of one binding, with the SDK client that must be closed at the end. */
export interface ClosableFlagPort extends FlagPort {
  /** Closes the SDK client. Running proofs end with a retryable FeatBitError. */
  close(): Promise<void>;
}

const pageSize = 100;

/** Audit rows carry the whole flag twice, and FeatBit joins their creators one by one: small pages. */
const auditPageSize = 20;

/** A list longer than this is somebody's accident; it is not walked to its end. */
const maximumPages = 50;

const revisionAnswer = z.string().min(1);

/** Null for what FeatBit says is not there. A 404 without its code means a wrong address and stays an error. */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof FeatBitError && error.kind === "missing" && error.codes.includes("ResourceNotFound"))
      return null;
    throw error;
  }
}

/**
 * The flag port over FeatBit's management API and the FeatBit Node SDK. It never uses PATCH, which has no permission and
 * no revision check (facts/featbit.md section 5).
 */
export function createFlagPort(options: FlagPortOptions): ClosableFlagPort {
  const api = createFeatBitApi({ ...options, timeoutMs: options.timeoutMs ?? 10_000 });
  const env = `/envs/${encodeURIComponent(options.envId)}`;
  const flagPath = (flagKey: string, rest = ""): string => `${env}/feature-flags/${encodeURIComponent(flagKey)}${rest}`;

  const getFlag = (flagKey: string): Promise<FlagSnapshot> =>
    api({ method: "GET", path: flagPath(flagKey), data: flagAnswer, purpose: `read flag ${flagKey}` });

  const readFlag = (flagKey: string): Promise<FlagSnapshot | null> => orNull(getFlag(flagKey));

  const write = (flagKey: string, what: string, body: object): Promise<string> =>
    api({
      method: "PUT",
      path: flagPath(flagKey, `/${what}`),
      body,
      data: revisionAnswer,
      purpose: `write ${what} of flag ${flagKey}`,
    });

  const prover = createProver({
    readFlag: getFlag,
    connect: () => openSdkConnection({ ...options, pingIntervalMs: options.pingIntervalMs ?? 1_000 }),
    renewAfterMs: options.renewAfterMs ?? 3_000,
  });

  /** Runs a step of a deletion; a refusal is a success when the flag has gone meanwhile, which FeatBit answers with 403. */
  const runUnlessGone = async (flagKey: string, step: ApiRequest<boolean>): Promise<boolean> => {
    try {
      await api(step);
      return true;
    } catch (error) {
      const mayBeGone = error instanceof FeatBitError && (error.kind === "forbidden" || error.kind === "missing");
      if (mayBeGone && (await readFlag(flagKey)) === null) return false;
      throw error;
    }
  };

  const findSegmentIds = async (keys: readonly string[]): Promise<string[]> => {
    const wanted = new Set(keys);
    const found = new Map<string, string>();
    // A key is unique among all segments; archived ones come only when asked for.
    for (const isArchived of [false, true]) {
      for (let index = 0; index < maximumPages && found.size < wanted.size; index += 1) {
        const query = `?isArchived=${isArchived}&pageIndex=${index}&pageSize=${pageSize}`;
        const path = `${env}/segments${query}`;
        const page = await api({ method: "GET", path, data: segmentPage, purpose: "list segments" });
        for (const item of page.items) if (wanted.has(item.key) && !found.has(item.key)) found.set(item.key, item.id);
        if ((index + 1) * pageSize >= page.totalCount || page.items.length === 0) break;
      }
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, id]) => id);
  };

  return {
    readFlag,

    async createFlag(flag) {
      const { key, name, description, type, variations, offVariationId, tags } = flag;
      try {
        await api({
          method: "POST",
          path: `${env}/feature-flags`,
          body: {
            key,
            name,
            description,
            isEnabled: true,
            variationType: type,
            variations,
            enabledVariationId: offVariationId,
            disabledVariationId: offVariationId,
            tags,
          },
          data: flagAnswer,
          purpose: `create flag ${key}`,
        });
        return "created";
      } catch (error) {
        const isUsed =
          error instanceof FeatBitError && error.kind === "business" && error.codes.includes("KeyHasBeenUsed");
        if (isUsed) return "exists";
        throw error;
      }
    },

    putVariations: (flagKey, revision, variations, comment) =>
      write(flagKey, "variations", { revision, variations, comment }),

    putOffVariation: (flagKey, revision, variationId, comment) =>
      write(flagKey, "off-variation", { revision, offVariationId: variationId, comment }),

    putTargeting: (flagKey, revision, targeting, comment) =>
      write(flagKey, "targeting", { revision, targeting, comment }),

    toggle: (flagKey, isEnabled, comment) => write(flagKey, `toggle/${isEnabled}`, { comment }),

    async deleteFlag(flagKey, comment) {
      const flag = await readFlag(flagKey);
      if (flag === null) return;
      const step = (method: "PUT" | "DELETE", rest: string, purpose: string): ApiRequest<boolean> => ({
        method,
        path: flagPath(flagKey, rest),
        body: { comment },
        data: z.boolean(),
        purpose: `${purpose} flag ${flagKey}`,
      });
      if (!flag.isArchived && !(await runUnlessGone(flagKey, step("PUT", "/archive", "archive")))) return;
      await runUnlessGone(flagKey, step("DELETE", "", "delete"));
    },

    async countPendingChanges(flagKey) {
      const path = flagPath(flagKey, "/pending-changes");
      const purpose = `read pending changes of flag ${flagKey}`;
      // On a flag that does not exist nothing can wait.
      return (await orNull(api({ method: "GET", path, data: z.array(z.unknown()), purpose })))?.length ?? 0;
    },

    async readSegments(keys) {
      if (keys.length === 0) return [];
      const segments: SegmentSnapshot[] = [];
      for (const id of await findSegmentIds(keys)) {
        const path = `${env}/segments/${encodeURIComponent(id)}`;
        const segment = await orNull(api({ method: "GET", path, data: segmentAnswer, purpose: "read a segment" }));
        if (segment !== null) segments.push(segment);
      }
      return segments;
    },

    async readChanges(flagId, sinceMs, limit) {
      const changes = new Map<string, FlagChange>();
      for (let index = 0; index < maximumPages && changes.size < limit; index += 1) {
        const query = new URLSearchParams({
          refId: flagId,
          refType: "FeatureFlag",
          from: String(sinceMs),
          pageIndex: String(index),
          pageSize: String(auditPageSize),
        });
        const path = `${env}/audit-logs?${query.toString()}`;
        const page = await api({ method: "GET", path, data: auditPage, purpose: "read FeatBit's audit log" });
        // A change made meanwhile moves the pages on, so that a row may come twice.
        for (const row of page.items) {
          changes.set(row.id, {
            id: row.id,
            at: row.createdAt,
            actor: row.creatorName || row.creatorEmail,
            actorId: row.creatorId,
            comment: row.comment,
            kinds: row.instructions.map((instruction) => instruction.kind),
          });
        }
        if ((index + 1) * auditPageSize >= page.totalCount || page.items.length === 0) break;
      }
      return [...changes.values()].slice(0, limit);
    },

    prove: (flagKey, probes, proveOptions) => prover.prove(flagKey, probes, proveOptions),
    close: () => prover.close(),
  };
}
