import { defineConfig } from "vitest/config";

/** Tests of the core alone, in the order that finds a mutant soonest, each property bounded in time: see setup.ts. */
export default defineConfig({
  test: {
    include: ["src/core/**/*.test.ts"],
    testTimeout: 30_000,
    maxWorkers: 1,
    setupFiles: ["test/mutation/setup.ts"],
  },
});
