import { performance } from "node:perf_hooks";
import { createRandom, type Random } from "./mutate.ts";

/** A reader of something that others wrote. */
export interface FuzzTarget {
  name: string;
  /** Makes one input and reads it; whatever it throws is a finding. Returns what was read, to be shown with a finding. */
  read(random: Random): { input: unknown; act: () => void };
}

export interface FuzzResult {
  runs: number;
  /** Milliseconds of the slowest sample. */
  slowestMs: number;
  totalMs: number;
  failure: string | null;
}

/** Every reader is tried so often by `npm run fuzz` (issue 3). */
export const fullRuns = 20_000;

/**
 * How much is tried: FUZZ_RUNS says the number of samples; without it, as many of the 20,000 as fit into the milliseconds, so that all
 * readers together stay below 40 s in `npm test`.
 */
export function readFuzzBudget(env: Readonly<Record<string, string | undefined>>): { runs: number; limitMs: number } {
  const asked = Number(env["FUZZ_RUNS"] ?? "");
  return asked > 0 ? { runs: asked, limitMs: Infinity } : { runs: fullRuns, limitMs: 900 };
}

function describeInput(input: unknown): string {
  const text = typeof input === "string" ? JSON.stringify(input) : (JSON.stringify(input) ?? String(input));
  return text.length > 3000 ? `${text.slice(0, 3000)}… (${text.length} characters)` : text;
}

/** Tries one reader with mutated samples until the first failure. Sample `n` depends on `n` alone. */
export function runFuzz(target: FuzzTarget, budget: { runs: number; limitMs: number }): FuzzResult {
  const started = performance.now();
  let slowestMs = 0;
  for (let run = 0; run < budget.runs; run += 1) {
    const { input, act } = target.read(createRandom(run * 2_654_435_761 + 1));
    const before = performance.now();
    try {
      act();
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return {
        runs: run,
        slowestMs,
        totalMs: performance.now() - started,
        failure: `${target.name}, sample ${run}: ${why}\n${describeInput(input)}`,
      };
    }
    const now = performance.now();
    slowestMs = Math.max(slowestMs, now - before);
    if (now - started > budget.limitMs) return { runs: run + 1, slowestMs, totalMs: now - started, failure: null };
  }
  return { runs: budget.runs, slowestMs, totalMs: performance.now() - started, failure: null };
}
