import { defineConfig } from "vitest/config";

const folder = process.env["MUTATION_FOLDER"] ?? "**";

/**
 * The tests that a folder's mutants must not survive: its own and those of the whole decision. Tests of other folders would find a few
 * more, at several times the cost. Files stay isolated: without it Stryker loses track of which test covers what, and calls mutants
 * survivors that are not.
 */
export default defineConfig({
  test: {
    include: [`src/core/${folder}/**/*.test.ts`, "src/core/decide.test.ts"],
    testTimeout: 30_000,
    maxWorkers: 1,
    setupFiles: ["test/mutation/setup.ts"],
  },
});
