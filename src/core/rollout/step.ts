import type { Latch } from "../facts.ts";
import type { FlagTargeting, FlagVariation } from "./flag.ts";
import type { Probe } from "./probe.ts";

/** One thing to do. The rollout does it, reads the world again and asks for the next. */
export type Step =
  /** Nothing more to do. */
  | { kind: "done"; state: "live" | "off" | "idle"; why: string }
  /** Nothing may be done until somebody or something changes. */
  | { kind: "hold"; reasons: readonly string[] }
  /** FeatBit does not serve what was written; worth another try later. */
  | { kind: "retry"; reasons: readonly string[] }
  /** The live step has soaked green: the next one begins. Recorded first, so that nothing but a pause or a rollback stops it half way. */
  | { kind: "begin-step"; next: number; why: string }
  /** The rollout pauses itself; somebody must resume it. */
  | { kind: "pause"; reason: string }
  /** What somebody wrote into the flag by hand is to be replaced by what was approved. */
  | { kind: "repair"; found: string; differences: readonly string[] }
  | { kind: "set-latch"; cause: Latch["cause"]; reason: string }
  | { kind: "create-flag" }
  | { kind: "put-variations"; revision: string; variations: readonly FlagVariation[] }
  | { kind: "put-off-variation"; revision: string; variationId: string }
  | { kind: "put-targeting"; revision: string; targeting: FlagTargeting; purpose: "stage" | "baseline" }
  /** A rehearsal on the live flag begins: recorded first, so that its synthetic user is known as ours. */
  | { kind: "begin-rehearsal" }
  /** What the proof showed of the rehearsal's phase is recorded, and the next phase begins. */
  | { kind: "save-rehearsal"; ok: boolean; text: string }
  /** The synthetic user that a rehearsal left behind goes; everybody else keeps what the flag serves. */
  | { kind: "clear-rehearsal"; revision: string; targeting: FlagTargeting }
  | { kind: "toggle-off" }
  | { kind: "toggle-on" }
  | { kind: "prove"; of: string; probes: readonly Probe[]; purpose: "stage" | "baseline" }
  /** The stage is proven: it becomes the live state, and a released latch goes. */
  | { kind: "save-live" }
  /** The way back is proven: the live state says baseline to everyone. */
  | { kind: "save-baseline" };

export type StepKind = Step["kind"];
