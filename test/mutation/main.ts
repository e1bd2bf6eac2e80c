import { readdirSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { cutUnits, sampleUnits } from "./sample-units.ts";

/**
 * `npm run mutation [-- folder …] [--sample N] [--seed N] [--again FILE] [--patience MS] [--workers N]`: changes the decision core in small ways and
 * looks whether its tests notice. Prints survivors and one JSON line a folder. With `--sample` only functions with about N mutants are tried.
 */
const folders = ["risk", "reviewers", "approvals", "verdict", "evidence", "guardrails"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "20" },
    // What an earlier run printed: only the places of its survivors are tried.
    again: { type: "string" },
    // Processor time of tests, in milliseconds, that a mutant must outlive to count as a survivor.
    patience: { type: "string", default: "1000" },
    workers: { type: "string", default: "1" },
    // Vitest as in `npm test`, a process for each test file of each mutant: to check the quick runner against.
    vitest: { type: "boolean", default: false },
  },
});
setPriority(10);

for (const folder of positionals.length === 0 ? folders : positionals) {
  // Read in processes of Stryker's, by the quick runner.
  process.env["MUTATION_PATIENCE_MS"] = values.patience;
  const results = await new Stryker({
    mutate: listRanges(folder),
    testRunner: values.vitest ? "vitest" : "in-process",
    plugins: ["@stryker-mutator/vitest-runner", "./test/mutation/in-process-runner.ts"],
    vitest: { configFile: "test/mutation/vitest.config.ts", related: true },
    coverageAnalysis: "perTest",
    // A mutant of a module's own tables would need all tests of the core again, a minute each: they are counted as not tried.
    ignoreStatic: true,
    concurrency: Number(values.workers),
    timeoutMS: 10_000,
    reporters: ["progress-append-only"],
    // Version 10 rewrites tsconfig.json through an interface that TypeScript 7 has no more; nothing here needs it rewritten.
    tsconfigFile: "not-rewritten.json",
    tempDirName: ".stryker-tmp",
  }).runMutationTest();

  const count = (status: string): number => results.filter((mutant) => mutant.status === status).length;
  for (const mutant of results) {
    if (mutant.status !== "Survived" && mutant.status !== "NoCoverage") continue;
    const { start, end } = mutant.location;
    // In the form of `mutate`, which counts columns from 0.
    const { line } = start;
    const source = readFileSync(mutant.fileName, "utf8").split("\n")[line - 1]?.trim() ?? "";
    const place = `${mutant.fileName.split("/").slice(-2).join("/")}:${line}:${start.column - 1}-${end.line}:${end.column - 1}`;
    const replacement = mutant.replacement.replaceAll(/\s+/g, " ").slice(0, 80);
    process.stdout.write(
      `${mutant.status} ${place} ${mutant.mutatorName} | ${source.slice(0, 120)} => ${replacement}\n`,
    );
  }
  const killed = count("Killed") + count("Timeout");
  const tried = killed + count("Survived") + count("NoCoverage");
  const share = tried === 0 ? null : Math.round((killed / tried) * 1000) / 10;
  const stopped = count("Timeout");
  const sampled = values.sample !== undefined || values.again !== undefined;
  process.stdout.write(
    `${JSON.stringify({ folder, sampled, tried, killed, stopped, share, notTried: count("Ignored") })}\n`,
  );
}

/** What of a folder is mutated, in Stryker's form: a path, or a path with lines. */
function listRanges(folder: string): string[] {
  if (values.again !== undefined) {
    const survivors = readFileSync(values.again, "utf8").matchAll(/^(?:Survived|NoCoverage) (\S+) /gm);
    return [...new Set([...survivors].map(([, place]) => `src/core/${place ?? ""}`))].filter((place) =>
      place.startsWith(`src/core/${folder}/`),
    );
  }
  const paths = readdirSync(join("src/core", folder))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && name !== "test-builders.ts")
    .sort()
    .map((name) => `src/core/${folder}/${name}`);
  if (values.sample === undefined) return paths;
  const units = paths.flatMap((path) => cutUnits(path, readFileSync(path, "utf8")));
  const sample = sampleUnits(units, Number(values.sample), Number(values.seed));
  return sample.map(({ path, from, to }) => `${path}:${from}-${to}`);
}
