import { z } from "zod";
import type { ClaimHolder, FlagSummary } from "./describe-flag.ts";
import type { RouteStatus } from "./list-route-status.ts";

/** Longest that one request may wait for a proof. The command line asks again when its own patience is longer. */
export const maximumWaitMs = 60_000;

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);
const flagKey = z.string().min(1).max(256);
const fullName = z.string().regex(/^[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}$/);
const path = z.string().min(1).max(1_000);
const time = z.iso.datetime();
const holder = z.object({ repository: fullName, path });
const waitMs = z.number().int().min(0).max(maximumWaitMs);

/** What the operator may ask of Routeward on the machine that it runs on (SPEC 4, 13, 16). */
export const operatorRequest = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("show-flag"), binding: name, flagKey }),
  /** `revision` is what the operator was shown: a flag that changed since is not taken unseen. */
  z.object({ kind: z.literal("adopt"), binding: name, flagKey, revision: z.string().min(1).max(100) }),
  z.object({ kind: z.literal("show-claim"), binding: name, flagKey }),
  /** `from` is what the operator was shown. */
  z.object({ kind: z.literal("transfer"), binding: name, flagKey, from: holder, to: holder }),
  z.object({
    kind: z.literal("rollback"),
    binding: name,
    flagKey,
    reason: z.string().min(1).max(300),
    requestId: z.string().regex(/^[A-Za-z0-9-]{8,64}$/),
  }),
  z.object({ kind: z.literal("await-rollback"), binding: name, flagKey, since: time, waitMs }),
  z.object({
    kind: z.literal("rehearse"),
    binding: name,
    flagKey,
    /** Null: the pull request that is found, an open one before the merged one. */
    pull: z.object({ repository: fullName, number: z.number().int().positive() }).nullable(),
  }),
  z.object({ kind: z.literal("await-rehearsal"), binding: name, flagKey, since: time, waitMs }),
  z.object({
    kind: z.literal("cleanup"),
    binding: name,
    flagKey,
    requestId: z.string().regex(/^[A-Za-z0-9-]{8,64}$/),
  }),
  z.object({ kind: z.literal("status"), flagKey: flagKey.nullable() }),
]);

export type OperatorRequest = z.infer<typeof operatorRequest>;

/** Who asks: a user of the operating system, as the person's own process names it. */
export const operatorUser = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);

/** What each kind of request is answered with when it is not refused. */
export interface OperatorResults {
  "show-flag": FlagSummary;
  adopt: { adoptedAt: string };
  "show-claim": { holder: ClaimHolder | null };
  transfer: { holder: ClaimHolder };
  /** `at` is null when this very request was dealt with before and has been released since. */
  rollback: { at: string | null };
  "await-rollback": { proven: boolean; milliseconds: number | null; state: string; reason: string };
  rehearse: { repository: string; pull: number; since: string };
  "await-rehearsal": {
    rehearsal: { ok: boolean; candidateDigest: string; forwardMs: number; backMs: number; detail: string } | null;
  };
  /** The pull request is opened by the flag's own job. */
  cleanup: { askedAt: string };
  status: { routes: readonly RouteStatus[] };
}

const claimHolder: z.ZodType<ClaimHolder> = z.object({ repository: z.string(), path: z.string() });

const flagSummary: z.ZodType<FlagSummary> = z.object({
  key: z.string(),
  revision: z.string(),
  type: z.string(),
  isEnabled: z.boolean(),
  isArchived: z.boolean(),
  tags: z.array(z.string()),
  updatedAt: z.string(),
  variations: z.array(z.object({ name: z.string(), value: z.string(), isOff: z.boolean() })),
  targetedUsers: z.number(),
  rules: z.array(z.string()),
  fallthrough: z.array(z.string()),
  pendingChanges: z.number().nullable(),
  lastChanges: z.array(z.object({ at: z.string(), actor: z.string(), comment: z.string() })).nullable(),
  isOurs: z.boolean(),
  adopted: z.object({ by: z.string(), at: z.string() }).nullable(),
  claim: claimHolder.nullable(),
  isApproved: z.boolean(),
});

const routeStatus: z.ZodType<RouteStatus> = z.object({
  binding: z.string(),
  flagKey: z.string(),
  repository: z.string().nullable(),
  path: z.string().nullable(),
  state: z.enum(["moving", "live", "held", "failing", "rolling-back", "off", "idle", "unknown"]),
  reason: z.string(),
  stage: z.string().nullable(),
  share: z.number(),
  since: z.string().nullable(),
  paused: z.string().nullable(),
  latch: z.object({ at: z.string(), by: z.string(), reason: z.string() }).nullable(),
  watch: z.string().nullable(),
});

/** The answers' forms, for whoever asks through the channel: another version may be running there. */
export const operatorResults: { readonly [Kind in keyof OperatorResults]: z.ZodType<OperatorResults[Kind]> } = {
  "show-flag": flagSummary,
  adopt: z.object({ adoptedAt: time }),
  "show-claim": z.object({ holder: claimHolder.nullable() }),
  transfer: z.object({ holder: claimHolder }),
  rollback: z.object({ at: time.nullable() }),
  "await-rollback": z.object({
    proven: z.boolean(),
    milliseconds: z.number().nullable(),
    state: z.string(),
    reason: z.string(),
  }),
  rehearse: z.object({ repository: z.string(), pull: z.number(), since: time }),
  "await-rehearsal": z.object({
    rehearsal: z
      .object({
        ok: z.boolean(),
        candidateDigest: z.string(),
        forwardMs: z.number(),
        backMs: z.number(),
        detail: z.string(),
      })
      .nullable(),
  }),
  cleanup: z.object({ askedAt: time }),
  status: z.object({ routes: z.array(routeStatus) }),
};

/** An answer whose result is not known to have the form of its request yet. */
export const operatorAnswer = z.union([
  z.object({ ok: z.literal(false), reason: z.string() }),
  z.object({ ok: z.literal(true), result: z.unknown() }),
]);
export type RawOperatorAnswer = z.infer<typeof operatorAnswer>;

export type OperatorAnswer<Kind extends OperatorRequest["kind"] = OperatorRequest["kind"]> =
  | { ok: true; result: OperatorResults[Kind] }
  | { ok: false; reason: string };
