import { globSync, readFileSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { ForgetfulWeakMap, forgetAll } from "./forgetful-weak-map.ts";
import { collected, startFile, type CollectedTest } from "./plain-vitest.ts";

/**
 * A test runner for Stryker that loads the pure tests of the core once and runs them in its own process, so that a mutant costs
 * milliseconds where a Vitest run costs a second. Runs inside Stryker's copy of the repository. The forms of options and results
 * are those of `@stryker-mutator/api/test-runner`.
 */
class InProcessRunner {
  private readonly order = new Map<string, number>();
  /** Tests that found the last mutants: the next mutant is often a line further. */
  private killers: readonly string[] = [];

  /** Stryker starts a new process for each mutant that has to be there while modules load. */
  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: false };
  }

  async dryRun(): Promise<unknown> {
    await load();
    const tests = [];
    const failed: string[] = [];
    for (const test of collected) {
      shared.currentTestId = test.id;
      const startedAt = process.cpuUsage();
      const failure = await runTest(test);
      shared.currentTestId = undefined;
      const { user, system } = process.cpuUsage(startedAt);
      const timeSpentMs = (user + system) / 1000;
      if (timeSpentMs > slowestMs && failure === null) continue;
      this.order.set(test.id, timeSpentMs);
      if (failure === null) tests.push({ id: test.id, name: test.name, timeSpentMs, status: 0 });
      else failed.push(`${test.id}: ${failure}`);
    }
    // A property that counts what it met needs more runs than the time limit leaves it: the few of that kind are left out.
    if (failed.length > 5) return { status: "error", errorMessage: failed.join("\n") };
    writeFileSync(orderFile, JSON.stringify([...this.order]));
    return {
      status: "complete",
      tests,
      mutantCoverage: dropHalfStatic(shared.mutantCoverage, new Set(tests.map(({ id }) => id))),
    };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }: MutantRun): Promise<unknown> {
    forgetAll();
    shared.hitCount = 0;
    shared.hitLimit = hitLimit;
    try {
      if (mutantActivation === "static") shared.activeMutant = activeMutant.id;
      const broken = await load();
      if (broken !== null) return { status: "killed", killedBy: [], nrOfTests: 0, failureMessage: broken };
      shared.activeMutant = activeMutant.id;
      return await this.tryTests(new Set(testFilter), hitLimit);
    } finally {
      shared.activeMutant = undefined;
      shared.hitCount = undefined;
    }
  }

  private async tryTests(chosen: ReadonlySet<string>, hitLimit: number | undefined): Promise<unknown> {
    if (this.order.size === 0) this.recallOrder();
    const tests = collected
      .filter((test) => chosen.size === 0 || chosen.has(test.id))
      .sort((a, b) => this.rank(a) - this.rank(b));
    let spentMs = 0;
    for (const [index, test] of tests.entries()) {
      spentMs += this.order.get(test.id) ?? 0;
      if (index > 0 && spentMs > patienceMs) return { status: "survived", nrOfTests: index };
      const failure = await runTest(test);
      if (hitLimit !== undefined && (shared.hitCount ?? 0) > hitLimit) return { status: "timeout" };
      if (failure !== null) {
        this.killers = [test.id, ...this.killers.filter((id) => id !== test.id)].slice(0, 20);
        return { status: "killed", killedBy: [test.id], nrOfTests: index + 1, failureMessage: failure };
      }
    }
    return { status: "survived", nrOfTests: tests.length };
  }

  private rank({ id }: CollectedTest): number {
    const position = this.killers.indexOf(id);
    return position >= 0 ? position - this.killers.length : (this.order.get(id) ?? 0);
  }

  /** The quickest tests go first; a process that follows one which was stopped reads how long each took. */
  private recallOrder(): void {
    const known = JSON.parse(readFileSync(orderFile, "utf8")) as [string, number][];
    for (const [id, timeSpentMs] of known) this.order.set(id, timeSpentMs);
  }
}

interface MutantRun {
  activeMutant: { id: string };
  testFilter?: readonly string[];
  hitLimit?: number;
  mutantActivation: "runtime" | "static";
}

/** Through this, Stryker's instrumented sources learn which mutant is on and tell what each test reached. */
interface Shared {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: MutantCoverage;
}

/** How often each mutant was reached, by mutant id. */
type Hits = Record<string, number>;

interface MutantCoverage {
  static: Hits;
  perTest: Record<string, Hits>;
}

const globals = globalThis as { __stryker__?: Shared; ForgetfulWeakMap?: unknown };
const shared: Shared = (globals.__stryker__ ??= {});
globals.ForgetfulWeakMap = ForgetfulWeakMap;

const orderFile = "stryker-test-order.json";

/** Those of the decision and of its card, whose verdict depends on nothing but what they import. */
const testFiles = [
  "src/core/{risk,reviewers,approvals,verdict,evidence,guardrails,report}/*.test.ts",
  "src/core/*.test.ts",
  "test/attacks/*.test.ts",
];

/**
 * Tests that need more processor time without a mutant are not tried on mutants: they show that something large comes to an end, and each
 * survivor would wait for them.
 */
const slowestMs = 1000;

/** A mutant that outlives this much processor time of tests, the quickest first, counts as a survivor. */
const patienceMs = Number(process.env["MUTATION_PATIENCE_MS"]);

let isLoaded = false;

/** Loads the test files once. Gives the error of a file that does not load, which only a mutant can cause. */
async function load(): Promise<string | null> {
  if (isLoaded) return null;
  isLoaded = true;
  // Whether a property fails is asked, not the smallest input: no shrinking, and the same inputs each time.
  fc.configureGlobal({ endOnFailure: true, seed: 20, interruptAfterTimeLimit: 30, markInterruptAsFailure: false });
  const plainVitest = import.meta.resolve("./plain-vitest.ts");
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "vitest" ? { url: plainVitest, shortCircuit: true } : next(specifier, context),
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (!url.includes("/src/core/") || loaded.source === undefined) return loaded;
      const text = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
      const source = text.replaceAll("new WeakMap", "new globalThis.ForgetfulWeakMap");
      return { ...loaded, source };
    },
  });
  try {
    for (const path of globSync(testFiles).sort()) {
      startFile(path);
      await import(pathToFileURL(join(process.cwd(), path)).href);
    }
    return null;
  } catch (error) {
    if (shared.activeMutant === undefined) throw error;
    return String(error);
  }
}

/**
 * A mutant that was reached while modules loaded and by a test as well is tried with the tests that reached it, without a new process:
 * Stryker would start one for each.
 */
function dropHalfStatic(coverage: MutantCoverage | undefined, tests: ReadonlySet<string>): MutantCoverage {
  const { static: loaded, perTest: reached } = coverage ?? { static: {}, perTest: {} };
  const perTest = Object.fromEntries(Object.entries(reached).filter(([id]) => tests.has(id)));
  const tested = new Set(Object.values(perTest).flatMap((hits) => Object.keys(hits)));
  return { static: Object.fromEntries(Object.entries(loaded).filter(([id]) => !tested.has(id))), perTest };
}

async function runTest(test: CollectedTest): Promise<string | null> {
  try {
    await test.run();
    return null;
  } catch (error) {
    return String(error);
  }
}

export const strykerPlugins = [{ kind: "TestRunner", name: "in-process", injectableClass: InProcessRunner }];
