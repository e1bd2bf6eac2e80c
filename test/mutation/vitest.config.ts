import { defineConfig } from "vitest/config";

/** Tests of the core alone, each property bounded in time: see setup.ts. */
export default defineConfig({
  test: {
    include: ["src/core/**/*.test.ts"],
    testTimeout: 30_000,
    maxWorkers: 1,
    // The core keeps no state between tests, and to read every module again for each of thousands of mutants would be most of the work.
    isolate: false,
    setupFiles: ["test/mutation/setup.ts"],
  },
});
