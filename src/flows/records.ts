import { z } from "zod";
import type {
  Account,
  ApprovedRoute,
  BreachedCandidates,
  FlagClaim,
  Latch,
  LiveState,
  Rehearsal,
  RouteAnswer,
  SourceText,
} from "../core/facts.ts";
import type { Effect } from "../core/effect.ts";
import type { RehearsalPhase } from "../core/rollout/rollout-facts.ts";
import type { WatchEntry } from "../core/rollout/watch.ts";
import { stages } from "../core/scales.ts";
import type { RecordKind } from "../ports/store.ts";

/** Key of everything that belongs to one flag of one binding: records, jobs and audit subjects agree on it. */
export function keyOfFlag(binding: string, flagKey: string): string {
  return `${binding}/${flagKey}`;
}

/** Audit subject of one flag. */
export function subjectOfFlag(binding: string, flagKey: string): string {
  return `flag/${keyOfFlag(binding, flagKey)}`;
}

const time = z.iso.datetime();
const condition = z.object({ property: z.string(), in: z.array(z.string()) });
const audience = z.object({
  name: z.string(),
  internal: z.boolean(),
  segment: z.string().nullable(),
  where: z.array(condition),
  safe: z.array(condition),
  percent: z.number().nullable(),
});

const approvedContent = {
  path: z.string(),
  text: z.string(),
  files: z.record(z.string(), z.string()),
  audiences: z.record(z.string(), audience),
  candidateDigest: z.string().nullable(),
  baselineDigest: z.string(),
};

/** What was last approved and merged for a flag; key `binding/flagKey`. Written by the pull flow, read by the rollout. */
export const approvedRouteKind: RecordKind<ApprovedRoute> = {
  name: "approved-route",
  schema: z.object({
    binding: z.string(),
    flagKey: z.string(),
    environment: z.string(),
    repository: z.string(),
    ...approvedContent,
    earlier: z.array(z.object(approvedContent)).optional(),
    anchor: z.object(approvedContent).optional(),
    mergeSha: z.string(),
    pull: z.number().int(),
    approvedAt: time,
    approvers: z.array(
      z.object({ login: z.string(), id: z.number(), roles: z.array(z.string()), reviewId: z.number() }),
    ),
    tier: z.string(),
  }),
};

/** Candidates that were rolled back for a breach; key `binding/flagKey`. Written with the latch, never taken back. */
export const breachedKind: RecordKind<BreachedCandidates> = {
  name: "breached-candidates",
  schema: z.object({ binding: z.string(), flagKey: z.string(), at: z.record(z.string(), time) }),
};

/** What is applied and proven in FeatBit; key `binding/flagKey`. Written by the rollout only. */
export const liveStateKind: RecordKind<LiveState> = {
  name: "live-state",
  schema: z.object({
    binding: z.string(),
    flagKey: z.string(),
    stage: z.enum(stages).nullable(),
    step: z.number().int().min(0),
    share: z.number().min(0).max(100),
    candidateDigest: z.string().nullable(),
    baselineDigest: z.string(),
    audiences: z.array(z.string()),
    excluded: z.array(z.string()),
    targetingDigest: z.string(),
    revision: z.string(),
    mergeSha: z.string(),
    enteredAt: time,
    soakedMs: z.number(),
    provenAt: time,
    paused: z.object({ at: time, by: z.string(), reason: z.string() }).nullable(),
    nextStep: z.number().int().min(0).optional(),
    segments: z.record(z.string(), z.string()).optional(),
  }),
};

/** What the guardrail watch of one binding saw at its last look; key is the binding. Written by the watch only, once for each look. */
export interface BindingWatch {
  binding: string;
  /** When everything was looked at. */
  at: string;
  /** Milliseconds between two looks. */
  everyMs: number;
  /** Sorted by flag key. */
  flags: readonly WatchEntry[];
}

export const watchKind: RecordKind<BindingWatch> = {
  name: "guardrail-watch",
  schema: z.object({
    binding: z.string(),
    at: time,
    everyMs: z.number().positive(),
    flags: z.array(
      z.object({
        flagKey: z.string(),
        of: z.string(),
        liveVersion: z.number().int(),
        at: time,
        readings: z.enum(["pass", "open", "fail"]),
        clock: z.enum(["running", "stopped"]),
        why: z.string(),
        soakedMs: z.number().min(0),
        wantedMs: z.number().min(0),
        frozen: z.string().nullable(),
        guardrails: z.array(
          z.object({
            name: z.string(),
            outcome: z.enum(["pass", "fail", "inconclusive", "error"]),
            candidate: z.number().nullable(),
            baseline: z.number().nullable(),
            samples: z.number().nullable(),
            why: z.string(),
          }),
        ),
      }),
    ),
  }),
};

/**
 * The rules of a repository as they were last read, key `owner/name`: the guardrail watch goes by them, so that a breach acts
 * while GitHub is away.
 */
export interface RulesInForce {
  repository: string;
  policy: SourceText;
  floor: SourceText;
  readAt: string;
  /** The repository's policy of `readAt` cannot be understood, so `policy` is the last one before it that could be. Absent: it can. */
  isOutdated?: boolean | undefined;
}

const sourceText: z.ZodType<SourceText> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("absent") }),
  z.object({ kind: z.literal("unreadable"), path: z.string(), why: z.string() }),
  z.object({ kind: z.literal("text"), path: z.string(), text: z.string() }),
]);

export const rulesInForceKind: RecordKind<RulesInForce> = {
  name: "rules-in-force",
  schema: z.object({
    repository: z.string(),
    policy: sourceText,
    floor: sourceText,
    readAt: time,
    isOutdated: z.boolean().optional(),
  }),
};

/** Above Git (SPEC 13); key `binding/flagKey`. It exists from a rollback until a later approved re-entry is proven. */
export const latchKind: RecordKind<Latch> = {
  name: "latch",
  schema: z.object({
    binding: z.string(),
    flagKey: z.string(),
    at: time,
    by: z.string(),
    reason: z.string(),
    cause: z.enum(["command", "button", "cli", "breach", "flag-turned-off", "merge"]),
    candidateDigest: z.string().nullable(),
    repository: z.string(),
    pull: z.number().int().nullable(),
  }),
};

/** Who owns a flag key; key `binding/<case-folded flagKey>` (SPEC 4). */
export const flagClaimKind: RecordKind<FlagClaim> = {
  name: "flag-claim",
  schema: z.object({ binding: z.string(), flagKey: z.string(), repository: z.string(), path: z.string() }),
};

const routeAnswer: z.ZodType<RouteAnswer> = z.object({
  ok: z.boolean(),
  status: z.number().int(),
  elapsedMs: z.number(),
  why: z.string(),
});

/** A rehearsal that Routeward made itself; key `binding/flagKey/<candidate digest>`. */
export const rehearsalKind: RecordKind<Rehearsal> = {
  name: "rehearsal",
  schema: z.object({
    binding: z.string(),
    flagKey: z.string(),
    candidateDigest: z.string(),
    at: time,
    by: z.string(),
    ok: z.boolean(),
    forwardMs: z.number(),
    backMs: z.number(),
    detail: z.string(),
    where: z.enum(["disposable", "live"]).optional(),
    route: routeAnswer.nullable().optional(),
  }),
};

/** A rehearsal on the live flag that somebody asked for and that is not over; key `binding/flagKey`. */
export interface LiveRehearsal {
  binding: string;
  flagKey: string;
  candidateDigest: string;
  by: string;
  /** Where the person who asked is answered. */
  repository: string;
  repositoryId: number;
  pull: number;
  askedAt: string;
  phase: RehearsalPhase;
  userKey: string;
  /** The merge whose stage was live when it began; null before. */
  mergeSha: string | null;
  /** When the phase began, before FeatBit heard of it. */
  phaseBegan: string;
  forwardMs: number;
  backMs: number;
  route: RouteAnswer | null;
  /** What was shown to be wrong; null while nothing was. */
  failure: string | null;
  /** Another run went on with it: its times hold the pause. */
  isInterrupted: boolean;
}

export const liveRehearsalKind: RecordKind<LiveRehearsal> = {
  name: "live-rehearsal",
  schema: z.object({
    binding: z.string(),
    flagKey: z.string(),
    candidateDigest: z.string(),
    by: z.string(),
    repository: z.string(),
    repositoryId: z.number(),
    pull: z.number().int(),
    askedAt: time,
    phase: z.enum(["asked", "forward", "back", "clearing"]),
    userKey: z.string(),
    mergeSha: z.string().nullable(),
    phaseBegan: time,
    forwardMs: z.number(),
    backMs: z.number(),
    route: routeAnswer.nullable(),
    failure: z.string().nullable(),
    isInterrupted: z.boolean(),
  }),
};

/** Up to where FeatBit's own log of a flag is joined to ours; key `binding/flagKey`. */
export interface FeatBitLog {
  binding: string;
  flagKey: string;
  /** FeatBit's GUID: a flag that is made anew has another log. */
  flagId: string;
  /** The flag's revision when its log was read. */
  revision: string;
  at: string;
  /** Ids of the rows that the last look saw. */
  rows: readonly string[];
}

export const featBitLogKind: RecordKind<FeatBitLog> = {
  name: "featbit-log",
  schema: z.object({
    binding: z.string(),
    flagKey: z.string(),
    flagId: z.string(),
    revision: z.string(),
    at: time,
    rows: z.array(z.string()),
  }),
};

/** The operator's word that a flag which Routeward did not make may be moved by it; key `binding/flagKey` (SPEC 4). */
export interface Adoption {
  binding: string;
  flagKey: string;
  by: string;
  at: string;
}

export const adoptionKind: RecordKind<Adoption> = {
  name: "adoption",
  schema: z.object({ binding: z.string(), flagKey: z.string(), by: z.string(), at: time }),
};

/**
 * How the rollout of a flag stands, for people: check card, dashboard, `/metrics`.
 * - `moving`: FeatBit is being brought to the approved state
 * - `live`: the approved state is proven
 * - `held`: something forbids the next step; `reason` says what
 * - `failing`: FeatBit or GitHub refused or was away; tried again by itself
 * - `rolling-back`, `off`: the latch is set; proven baseline is `off`
 * - `idle`: the approved file asks for nothing
 */
export interface RolloutStatus {
  binding: string;
  flagKey: string;
  state: "moving" | "live" | "held" | "failing" | "rolling-back" | "off" | "idle";
  /** Plain sentence; empty when there is nothing to say. */
  reason: string;
  /** When this state with this reason began. */
  since: string;
  /** Runs that ended in the same state with the same reason. */
  attempts: number;
  mergeSha: string | null;
  /** Digests of the flag contents that Routeward wrote or was about to write, newest last: everything else is a change by hand. */
  written: readonly string[];
}

export const rolloutStatusKind: RecordKind<RolloutStatus> = {
  name: "rollout-status",
  schema: z.object({
    binding: z.string(),
    flagKey: z.string(),
    state: z.enum(["moving", "live", "held", "failing", "rolling-back", "off", "idle"]),
    reason: z.string(),
    since: time,
    attempts: z.number().int(),
    mergeSha: z.string().nullable(),
    written: z.array(z.string()),
  }),
};

/** Effects on GitHub that were decided together with a state and are not all done yet; key `binding/flagKey`. */
export interface RolloutOutbox {
  binding: string;
  flagKey: string;
  /** `owner/name`. */
  repository: string;
  effects: readonly RolloutEffect[];
}

/** The effects that a rollout has on GitHub. */
export type RolloutEffect = Extract<Effect, { type: "add-comment" | "open-issue" | "set-deployment" }>;

const rolloutEffect: z.ZodType<RolloutEffect> = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("add-comment"),
    key: z.string(),
    pull: z.number().int(),
    marker: z.string(),
    body: z.string(),
  }),
  z.object({
    type: z.literal("open-issue"),
    key: z.string(),
    marker: z.string(),
    title: z.string(),
    body: z.string(),
    labels: z.array(z.string()),
  }),
  z.object({
    type: z.literal("set-deployment"),
    key: z.string(),
    sha: z.string(),
    environment: z.string(),
    isProduction: z.boolean(),
    state: z.enum(["in_progress", "success", "failure", "inactive"]),
    description: z.string(),
    payload: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  }),
]);

export const rolloutOutboxKind: RecordKind<RolloutOutbox> = {
  name: "rollout-outbox",
  schema: z.object({
    binding: z.string(),
    flagKey: z.string(),
    repository: z.string(),
    effects: z.array(rolloutEffect),
  }),
};

export const proposalPurposes = ["promotion", "rollback", "cleanup"] as const;
export type ProposalPurpose = (typeof proposalPurposes)[number];

/**
 * The last pull request that Routeward opened, or is to open, for one purpose and flag; key `binding/flagKey/purpose`.
 * - `asked`: its job waits or runs
 * - `open`: it was opened; `pull` says which. Whether it still is open is for GitHub to say
 * - `by-hand`: Routeward may not open it and said what to do by hand
 * - `closed`: somebody closed it, and nobody has asked again
 * - `refused`: it makes no sense any more, or the file cannot be edited; `reason` says why
 */
export interface Proposal {
  binding: string;
  flagKey: string;
  purpose: ProposalPurpose;
  /** What it is for: the merge that it follows and the status that it asks for. The same is proposed once. */
  of: string;
  /** Counts the pull requests for the same `of`: a person may ask again after one was closed. */
  round: number;
  /** The person who asked, whose approval then does not count; null when nobody did. */
  askedBy: Account | null;
  /** `@login`, or what made Routeward do it. */
  by: string;
  why: string;
  at: string;
  /** `owner/name`. */
  repository: string;
  /** Where the answer goes; null when nobody waits for one. */
  answerTo: number | null;
  /** A person asked: a closed pull request for the same gives way to another one. */
  isAgain: boolean;
  state: "asked" | "open" | "by-hand" | "closed" | "refused";
  pull: number | null;
  reason: string;
}

export const proposalKind: RecordKind<Proposal> = {
  name: "proposal",
  schema: z.object({
    binding: z.string(),
    flagKey: z.string(),
    purpose: z.enum(proposalPurposes),
    of: z.string(),
    round: z.number().int().min(0),
    askedBy: z.object({ id: z.number(), login: z.string(), isBot: z.boolean() }).nullable(),
    by: z.string(),
    why: z.string(),
    at: time,
    repository: z.string(),
    answerTo: z.number().int().nullable(),
    isAgain: z.boolean(),
    state: z.enum(["asked", "open", "by-hand", "closed", "refused"]),
    pull: z.number().int().nullable(),
    reason: z.string(),
  }),
};
