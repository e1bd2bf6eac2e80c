import { writeSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { readFuzzBudget, runFuzz } from "./run-fuzz.ts";
import { fuzzTargets } from "./targets.ts";

/** No sample of these sizes may take longer; a hang would take for ever. Generous, because the machine may be busy. */
const longestSampleMs = 3000;

const budget = readFuzzBudget(process.env);
const counts: string[] = [];

afterAll(() => {
  const total = counts.length;
  // The console of the test runner would put each line into a frame of its own.
  writeSync(1, `${counts.join("\n")}\n${total} readers fuzzed\n`);
});

it.each(fuzzTargets)(
  "$name is read without a throw or a hang, whatever it holds",
  (target) => {
    const result = runFuzz(target, budget);
    const { runs, slowestMs, totalMs } = result;
    counts.push(
      `fuzz ${target.name}: ${runs} samples in ${(totalMs / 1000).toFixed(1)} s, slowest ${slowestMs.toFixed(1)} ms`,
    );
    expect(result.failure).toBeNull();
    expect(slowestMs).toBeLessThan(longestSampleMs);
  },
  30 * 60_000,
);
