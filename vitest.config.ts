import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["dist/**", "node_modules/**"],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    // The machine this is built for has two cores; more workers only make the embedded databases fight for them.
    maxWorkers: 2,
    reporters: process.env["CI"] === "true" ? ["default", "./test/reporters/closing-line.ts"] : ["default"],
  },
});
