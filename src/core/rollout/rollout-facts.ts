import type { Latch, LiveState } from "../facts.ts";
import type { Stage } from "../scales.ts";
import { digestContents, type FlagContents } from "./compare-flag.ts";
import type { FlagSnapshot } from "./flag.ts";
import type { FlagName } from "./flag-identity.ts";
import type { Probe } from "./probe.ts";

/** What the last approved merge asks of the flag. */
export type Wanted =
  /** Nothing was approved yet, or the file is a draft and no flag exists. */
  | { kind: "nothing"; why: string }
  /** Off, baseline to everyone: `rolled-back`, `rejected`, `retired`. */
  | { kind: "off"; status: string }
  /** The approved content cannot be brought into FeatBit's terms. */
  | { kind: "unclear"; reasons: readonly string[] }
  | WantedStage;

/** A stage with everything that FeatBit shall hold and every probe that shows it. */
export interface WantedStage {
  kind: "stage";
  /** Null: on, baseline to everyone, no stage entered (a draft whose flag exists). */
  stage: Stage | null;
  step: number;
  share: number;
  contents: FlagContents;
  /** Names of audiences with the candidate, narrow to wide. */
  audiences: readonly string[];
  /** The same with the percent that each gets. */
  shares: readonly { audience: string; share: number }[];
  excluded: readonly string[];
  candidateDigest: string | null;
  baselineDigest: string;
  probes: readonly Probe[];
  unproven: readonly string[];
}

/** The approval that a pass works for. */
export interface ApprovalFacts {
  mergeSha: string;
  approvedAt: string;
  pull: number;
  repository: string;
}

/** The baseline as it may be served, for the way back. Values are the texts of the baseline variation that were approved. */
export interface BaselineFacts {
  /** Accepted values of the baseline variation; the first is written when none of them stands there. Empty: unknown. */
  values: readonly string[];
  /** Made-up users of every audience: all of them must be back on the baseline. */
  users: readonly Omit<Probe, "expected">[];
}

/** What a proof showed: of exactly these contents, switched on or off. */
export interface ProofFacts {
  /** `identifyProof` of the flag that was proven. */
  of: string;
  ok: boolean;
  /** What was served instead, in a sentence. */
  text: string;
}

/**
 * Where a rehearsal on the live flag stands (SPEC 13): `asked`, then the synthetic user on the candidate (`forward`), on the
 * baseline (`back`), and gone again (`clearing`).
 */
export type RehearsalPhase = "asked" | "forward" | "back" | "clearing";

/** The rehearsal on the live flag that is under way, as far as the wanted state hangs on it. */
export interface RehearsalUnderway {
  phase: RehearsalPhase;
  /** Nobody else's: drawn for this rehearsal. */
  userKey: string;
}

/** Everything one pass of the rollout knows about one flag. */
export interface RolloutFacts {
  name: FlagName;
  approval: ApprovalFacts | null;
  wanted: Wanted;
  baseline: BaselineFacts;
  /** Reasons outside FeatBit why nothing may go forward: branch, claim, policy, binding, pause. */
  blockers: readonly string[];
  latch: Latch | null;
  live: LiveState | null;
  flag: FlagSnapshot | null;
  /** Why the flag is not ours; null when it is. */
  foreign: string | null;
  /** Scheduled changes and change requests that wait in FeatBit. */
  pendingChanges: number;
  /** Digests of contents that Routeward itself wrote, and marked (`markFound`) those that a repair is replacing. */
  written: readonly string[];
  /** Routeward already switched the flag on for this re-entry: that it is off again is somebody's hand. */
  switchedOn: boolean;
  proof: ProofFacts | null;
  /** The next step of the approved stage, when it may begin by itself (SPEC 10). */
  stepDue: { next: number; why: string } | null;
  /** Digests of the segments that the wanted targeting leans on, by key; null when FeatBit was not asked. */
  segments: Readonly<Record<string, string>> | null;
  /** What the policy says about changes by hand. */
  drift: "alert" | "repair";
  /** A rehearsal on this flag that may go on; null when there is none, or when something forbids it. */
  rehearsal: RehearsalUnderway | null;
  /** Who changed the flag by hand, by FeatBit's own log, in sentences. */
  hands: readonly string[];
}

/**
 * How contents that somebody made by hand are remembered while a repair replaces them: known, so that they are written over, and
 * not ours, so that nothing in them is trusted, their baseline least of all.
 */
export function markFound(digest: string): string {
  return `found ${digest}`;
}

/** What a flag is proven as. */
export function identifyProof(flag: FlagSnapshot | null): string {
  return flag === null ? "no flag" : `${flag.isEnabled ? "on" : "off"} ${digestContents(flag)}`;
}

/** Whether an approved merge releases the latch: it came after the rollback, asks for a stage, and nothing blocks it (SPEC 13). */
export function isReleased(latch: Latch, facts: Pick<RolloutFacts, "approval" | "wanted" | "blockers">): boolean {
  const { approval, wanted, blockers } = facts;
  if (approval === null || wanted.kind !== "stage" || wanted.stage === null || blockers.length > 0) return false;
  return Date.parse(approval.approvedAt) > Date.parse(latch.at);
}
