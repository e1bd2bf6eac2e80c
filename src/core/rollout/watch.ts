import type { LiveState } from "../facts.ts";
import type { GuardrailFinding, GuardrailOutcome } from "../guardrails/judgement.ts";
import type { Policy } from "../policy/policy.ts";
import { cut } from "../problem.ts";

/** One guardrail as the last look found it. */
export interface WatchedGuardrail {
  name: string;
  outcome: GuardrailOutcome;
  candidate: number | null;
  baseline: number | null;
  samples: number | null;
  why: string;
}

/** What the guardrail watch knows of one flag between two looks. */
export interface WatchEntry {
  flagKey: string;
  /** What is watched: another candidate, stage, step or entering is another one, and its clock begins anew. */
  of: string;
  /** Version of the live record at the look: whatever wrote it in between, a pause above all, ends the continuity. */
  liveVersion: number;
  /** ISO 8601 of the look. */
  at: string;
  readings: "pass" | "open" | "fail";
  /** Whether the time until the next look may count as soaked. */
  clock: "running" | "stopped";
  /** Why the clock stands; empty while it runs. */
  why: string;
  /** Milliseconds that this step has soaked green. */
  soakedMs: number;
  /** Milliseconds that it must soak, by plan and policy at the look. */
  wantedMs: number;
  /** The freeze window that holds, in words; null when none does. */
  frozen: string | null;
  guardrails: readonly WatchedGuardrail[];
}

/** What a breach does (SPEC 9). */
export interface Breach {
  action: "pause" | "rollback";
  /** Names of the guardrails that fail. */
  guardrails: readonly string[];
  /** The readings, in words. */
  reason: string;
}

export interface WatchLook {
  live: LiveState;
  liveVersion: number;
  /** The look before; null when there was none. */
  before: WatchEntry | null;
  findings: readonly GuardrailFinding[];
  /** Why nothing may be concluded although there are readings, for example that the rollout is held; null when nothing stands in the way. */
  obstacle: string | null;
  onBreach: Policy["onBreach"];
  wantedMs: number;
  frozen: string | null;
  /** ISO 8601. */
  at: string;
  /** Milliseconds between two looks, as the operator set it. */
  everyMs: number;
}

/** A look may come this much later than the interval and still be the next one. */
const lateness = 1.5;

/** Whether the guardrails of this state are watched: from the first stage on at which the candidate runs. */
export function isWatched(live: LiveState): boolean {
  return live.stage !== null && live.stage !== "offline-eval" && live.candidateDigest !== null;
}

/** What the clock of a live state belongs to. */
export function identifyWatch(live: LiveState): string {
  return [live.stage ?? "none", live.step, live.candidateDigest ?? "none", live.enteredAt].join(" ");
}

/** Whether a look is recent enough to be believed. */
export function isFresh(entry: Pick<WatchEntry, "at">, at: string, everyMs: number): boolean {
  const age = Date.parse(at) - Date.parse(entry.at);
  return age >= 0 && age <= everyMs * lateness;
}

/**
 * Judges one look at a live flag (SPEC 9 and 10). The clock counts the time between two looks that were both green and followed
 * each other within one interval: what nobody looked at is never taken for green, be it that the app was down, the source
 * silent or the rollout paused. A breach sets it back to nothing.
 */
export function judgeWatch(look: WatchLook): { entry: WatchEntry; breach: Breach | null } {
  const { live, findings, at } = look;
  const failed = findings.filter(({ outcome }) => outcome === "fail");
  const open = findings.filter(({ outcome }) => outcome !== "fail" && outcome !== "pass");
  const readings = failed.length > 0 ? "fail" : open.length > 0 || findings.length === 0 ? "open" : "pass";
  const why = explainStop(look, failed, open);
  const before = look.before?.of === identifyWatch(live) ? look.before : null;
  const entry: WatchEntry = {
    flagKey: live.flagKey,
    of: identifyWatch(live),
    liveVersion: look.liveVersion,
    at,
    readings,
    clock: why === "" ? "running" : "stopped",
    why,
    soakedMs: readings === "fail" ? 0 : (before?.soakedMs ?? 0) + (why === "" ? countGreen(before, look) : 0),
    wantedMs: look.wantedMs,
    frozen: look.frozen,
    guardrails: findings.map(({ guardrail, outcome, candidate, baseline, samples, why: said }) => ({
      name: guardrail.name,
      outcome,
      candidate,
      baseline,
      samples,
      why: cut(said, 300),
    })),
  };
  return { entry, breach: judgeBreach(look, failed) };
}

function countGreen(before: WatchEntry | null, look: WatchLook): number {
  if (before === null || before.clock !== "running" || before.liveVersion !== look.liveVersion) return 0;
  return isFresh(before, look.at, look.everyMs) ? Date.parse(look.at) - Date.parse(before.at) : 0;
}

function explainStop(
  { live, obstacle, findings }: WatchLook,
  failed: readonly GuardrailFinding[],
  open: readonly GuardrailFinding[],
): string {
  if (failed.length > 0) return `guardrails fail: ${showFindings(failed)}`;
  if (live.paused !== null) return `paused by ${live.paused.by}: ${live.paused.reason}`;
  if (obstacle !== null) return obstacle;
  if (findings.length === 0) return "no guardrail is declared";
  return open.length > 0 ? `guardrails are not settled: ${showFindings(open)}` : "";
}

function judgeBreach({ live, onBreach }: WatchLook, failed: readonly GuardrailFinding[]): Breach | null {
  if (failed.length === 0) return null;
  const action = failed.some(({ guardrail }) => (guardrail.onBreach ?? onBreach) === "rollback") ? "rollback" : "pause";
  // What is paused already cannot be paused more; it can still be rolled back.
  if (action === "pause" && live.paused !== null) return null;
  return { action, guardrails: failed.map(({ guardrail }) => guardrail.name), reason: showFindings(failed) };
}

function showFindings(findings: readonly GuardrailFinding[]): string {
  return cut(findings.map(({ guardrail, why }) => `${guardrail.name} (${why})`).join("; "), 500);
}
