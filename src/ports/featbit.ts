import type { FlagSnapshot, FlagTargeting, FlagVariation, SegmentSnapshot } from "../core/rollout/flag.ts";
import type { Probe, ProbeResult } from "../core/rollout/probe.ts";

/**
 * What the rollout needs of one FeatBit environment (one binding). Every method may be called again after an unknown
 * outcome: callers re-read before they repeat a write. Source: facts/featbit.md.
 *
 * @throws FeatBitError from every method when FeatBit refuses, is away or answers something unknown.
 */
export interface FlagPort {
  /** The flag as it stands with its revision, or null when there is none. Archived flags are returned too. */
  readFlag(flagKey: string): Promise<FlagSnapshot | null>;
  /**
   * Creates the flag switched on, serving `offVariationId` to everyone. An existing key (compared without case) is
   * answered with `exists`, never overwritten.
   */
  createFlag(flag: NewFlag): Promise<"created" | "exists">;
  /** Replaces the variations. Throws a `conflict` FeatBitError when `revision` is no longer the flag's. Returns the new revision. */
  putVariations(
    flagKey: string,
    revision: string,
    variations: readonly FlagVariation[],
    comment: string,
  ): Promise<string>;
  /** Sets what an off flag serves. */
  putOffVariation(flagKey: string, revision: string, variationId: string, comment: string): Promise<string>;
  /** Replaces the whole targeting. Throws a `conflict` FeatBitError when `revision` is no longer the flag's. Returns the new revision. */
  putTargeting(flagKey: string, revision: string, targeting: FlagTargeting, comment: string): Promise<string>;
  /** Switches the flag on or off in one call without a revision. A flag that is so already stays untouched. Returns the revision. */
  toggle(flagKey: string, isEnabled: boolean, comment: string): Promise<string>;
  /** Archives, then deletes: only for the disposable rehearsal flag. A missing flag is a success. */
  deleteFlag(flagKey: string, comment: string): Promise<void>;
  /** How many scheduled changes or change requests wait on the flag. */
  countPendingChanges(flagKey: string): Promise<number>;
  /** Segments by key, with their contents; missing keys are left out. */
  readSegments(keys: readonly string[]): Promise<readonly SegmentSnapshot[]>;
  /** FeatBit's own audit rows of the flag since `sinceMs` (Unix milliseconds), newest first, at most `limit`. */
  readChanges(flagId: string, sinceMs: number, limit: number): Promise<readonly FlagChange[]>;
  /**
   * Evaluates the probes through the real FeatBit Node SDK over its streaming connection until every probe serves what it
   * must, the deadline passes, or `isCancelled` answers true (asked about every 200 ms). Never throws for a probe that
   * is served something else: the result says so.
   */
  prove(flagKey: string, probes: readonly Probe[], options: ProveOptions): Promise<ProofResult>;
}

export interface NewFlag {
  key: string;
  name: string;
  description: string;
  type: "json" | "string";
  variations: readonly FlagVariation[];
  /** Served while on (to everyone, until targeting is written) and while off. */
  offVariationId: string;
  tags: readonly string[];
}

export interface FlagChange {
  id: string;
  at: string;
  actor: string;
  /** Id of the user or access token that made the change. */
  actorId: string;
  comment: string;
  kinds: readonly string[];
}

export interface ProveOptions {
  /** Milliseconds until the proof gives up. */
  deadlineMs: number;
  isCancelled?: () => Promise<boolean>;
}

export interface ProofResult {
  ok: boolean;
  cancelled: boolean;
  /** Milliseconds from the call until the last probe was right, or until it gave up. */
  elapsedMs: number;
  results: readonly ProbeResult[];
}

/** The bindings' flag ports by binding name. */
export type FlagPorts = ReadonlyMap<string, FlagPort>;

export type FeatBitErrorKind =
  | "unauthorized"
  | "forbidden"
  | "missing"
  | "conflict"
  | "business"
  | "invalid"
  | "unavailable"
  | "unexpected";

/** FeatBit refused, was away, or said something that nobody has described. */
export class FeatBitError extends Error {
  override readonly name = "FeatBitError";
  readonly kind: FeatBitErrorKind;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** FeatBit's error codes, for example `KeyHasBeenUsed`. */
  readonly codes: readonly string[];
  /** Whether the same call may succeed later without a person doing something. */
  readonly retryable: boolean;

  constructor(
    message: string,
    fields: { kind: FeatBitErrorKind; status: number; codes?: readonly string[]; retryable: boolean; cause?: unknown },
  ) {
    super(message, { cause: fields.cause });
    this.kind = fields.kind;
    this.status = fields.status;
    this.codes = fields.codes ?? [];
    this.retryable = fields.retryable;
  }
}
