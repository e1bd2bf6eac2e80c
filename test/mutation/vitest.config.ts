import { defineConfig } from "vitest/config";

/**
 * The tests that the quick runner tries as well, so that the two can be compared. Files stay isolated: without it Stryker loses track of
 * which test covers what, and calls mutants survivors that are not.
 */
export default defineConfig({
  test: {
    include: [
      "src/core/{risk,reviewers,approvals,verdict,evidence,guardrails,report}/*.test.ts",
      "src/core/*.test.ts",
      "test/attacks/*.test.ts",
    ],
    // Its property counts what it met, and needs more runs than the time limit leaves it.
    exclude: ["test/attacks/split-changes.test.ts"],
    testTimeout: 30_000,
    maxWorkers: 1,
    setupFiles: ["test/mutation/setup.ts"],
  },
});
