import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderCheck } from "../../src/core/report/render-check.ts";
import type { Verdict } from "../../src/core/verdict/verdict.ts";
import { main, makeClone, runCommand, type Clone } from "./command-line.ts";
import { exampleFlag, examplePath, makeExampleClone, readExample } from "./example-clone.ts";

interface CheckJson {
  conclusion: string;
  assumed: string[];
  verdict: {
    state: string;
    tier: string;
    title: string;
    problems: { code: string; path: string }[];
    routes: {
      flagKey: string;
      state: string;
      classification: { tier: string; fired: { id: string }[] };
      requirements: { requirement: { role: string }; state: string }[];
      problems: { code: string; path: string }[];
      gates: { gate: string; state: string }[];
    }[];
  };
}

async function checkJson(clone: Clone, args: readonly string[] = []): Promise<CheckJson & { code: number }> {
  const { code, stdout, stderr } = await clone.run(["check", "--json", ...args]);
  expect(stderr).toBe("");
  return { code, ...(JSON.parse(stdout) as CheckJson) };
}

describe("the example's route on a branch", () => {
  let clone: Clone;
  beforeAll(() => {
    clone = makeExampleClone();
  });
  afterAll(() => clone.close());

  it("prints the card that the check run shows, plain in a pipe", async () => {
    const at = ["--at", "2026-06-15T10:00:00Z"];
    const { code, stdout, stderr } = await clone.run(["check", ...at]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toMatch(/^(?:High|Restricted) risk: /);
    for (const section of ["Baseline and candidate", "Evidence", "Guardrails", "Required reviewers", "Stage"]) {
      expect(stdout).toContain(`\n${section}\n`);
    }
    expect(stdout).toContain("anthropic");
    expect(stdout).not.toContain("\u001B");
    // The verdict that the check run is made of says the same, section by section.
    const { verdict, conclusion } = JSON.parse((await clone.run(["check", "--json", ...at])).stdout) as {
      verdict: Verdict;
      conclusion: string;
    };
    const run = renderCheck(verdict, { headSha: "h" });
    expect({ conclusion: run.conclusion, title: run.title }).toEqual({ conclusion, title: stdout.split("\n")[0] });
    const titles = [...run.text.matchAll(/^(?:### |<summary>)([^<\n]+)/gm)].map(([, title]) => title ?? "");
    expect(titles.length).toBeGreaterThan(8);
    expect(stdout.split("\n").filter((line) => titles.includes(line))).toEqual(titles);
  });

  it.each([
    ["FORCE_COLOR colours a pipe", { FORCE_COLOR: "1" }, true],
    ["NO_COLOR stands above it", { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
  ])("%s", async (_name, env, isColoured) => {
    const { stdout } = await clone.run(["check"], env);
    expect(stdout.includes("\u001B[")).toBe(isColoured);
  });

  it("takes the owner's name from origin and says what it assumes", async () => {
    const { verdict, assumed } = await checkJson(clone);
    expect(verdict.routes.map((route) => route.flagKey)).toEqual([exampleFlag]);
    expect(verdict.routes[0]?.problems).toEqual([]);
    expect(assumed).toContain("no route was approved before");
  });

  it("counts pretended approvals of the roles that are needed", async () => {
    const before = await checkJson(clone);
    const roles = before.verdict.routes[0]?.requirements.map((each) => each.requirement.role) ?? [];
    const approvals = roles.flatMap((role, index) => ["--approve", `@person-${index}:${role}`]);
    const { verdict } = await checkJson(clone, approvals);
    expect(roles.length).toBeGreaterThan(2);
    expect(verdict.routes[0]?.requirements.map((each) => each.state)).toEqual(roles.map(() => "approved"));
  });

  it("does not count an approval of whoever made the commits", async () => {
    const { verdict } = await checkJson(clone, ["--approve", "@dana:product-owner"]);
    const product = verdict.routes[0]?.requirements.find((each) => each.requirement.role === "product-owner");
    expect(product?.state).toBe("waiting");
  });

  it("says when nobody asked for an approval", async () => {
    const { assumed } = await checkJson(clone, ["--approve", "@ann:janitor"]);
    expect(assumed.join("\n")).toContain("no approval as janitor is needed (@ann)");
  });

  it("takes bindings from an operator's file", async () => {
    clone.write({ ".git/operator.yaml": readExample("routeward.config.yaml") });
    const { verdict, assumed } = await checkJson(clone, ["--config", ".git/operator.yaml"]);
    expect(verdict.routes[0]?.problems).toEqual([]);
    expect(assumed.join("\n")).not.toContain("--config");
    const other = await checkJson(clone, ["--config", ".git/operator.yaml", "--repository", "acme/other"]);
    expect(other.verdict.routes[0]?.problems.map((problem) => problem.code)).toEqual(["environment-without-binding"]);
  });

  it("is judged by another policy when one is named", async () => {
    clone.write({ ".git/report.yml": "version: 1\nmode: report\n" });
    const { code, conclusion, verdict } = await checkJson(clone, ["--policy", ".git/report.yml"]);
    expect({ code, conclusion }).toEqual({ code: 0, conclusion: "success" });
    expect(verdict.title).toContain("report only");
  });

  it("gives SARIF whose results stand at lines of the route file", async () => {
    const { code, stdout } = await clone.run(["check", "--sarif"]);
    expect(code).toBe(1);
    const log = JSON.parse(stdout) as {
      version: string;
      runs: {
        tool: { driver: { rules: { id: string }[] } };
        results: {
          ruleId: string;
          ruleIndex: number;
          locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
        }[];
      }[];
    };
    const [run] = log.runs;
    expect(log.version).toBe("2.1.0");
    expect(run?.results.length).toBeGreaterThan(3);
    for (const result of run?.results ?? []) {
      expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
      expect(result.locations[0]?.physicalLocation.region.startLine).toBeGreaterThan(0);
    }
    expect(run?.results.some((each) => each.locations[0]?.physicalLocation.artifactLocation.uri === examplePath)).toBe(
      true,
    );
  });
});

describe("what is compared", () => {
  const open: Clone[] = [];
  afterAll(() => {
    for (const clone of open) clone.close();
  });
  const example = (): Clone => {
    const clone = makeExampleClone();
    open.push(clone);
    return clone;
  };

  it("counts what is not committed, and leaves it out with --committed", async () => {
    const clone = example();
    clone.write({ [examplePath]: `${readExample("support-answer-full.yaml")}  promtVersion: x\n` });
    const dirty = await checkJson(clone);
    expect(dirty.verdict.problems.map(({ code }) => code)).toContain("unknown-key");
    const clean = await checkJson(clone, ["--committed"]);
    expect(clean.verdict.problems.map(({ code }) => code)).not.toContain("unknown-key");
    expect(clone.git("status", "--porcelain").trim()).toBe(`M ${examplePath}`);
  });

  it("sees new files, and none that git ignores", async () => {
    const clone = example();
    clone.write({
      ".gitignore": "model-routes/private/\n",
      "model-routes/new.yaml": readExample("support-answer.yaml").replace(exampleFlag, "support_new"),
      "model-routes/private/x.yaml": "model_change: {}\n",
    });
    const { verdict } = await checkJson(clone);
    expect(verdict.routes.map((route) => route.flagKey).sort()).toEqual([exampleFlag, "support_new"]);
    expect(verdict.problems.map(({ path }) => path)).not.toContain("model-routes/private/x.yaml");
  });

  it("judges what the merge would give, not the branch alone", async () => {
    const clone = example();
    clone.git("checkout", "-q", "main");
    clone.commit("Other work", { "other.txt": "x\n" });
    clone.git("checkout", "-q", "canary");
    const { verdict } = await checkJson(clone);
    expect(verdict.state).not.toBe("not-applicable");
    expect(verdict.problems).toEqual([]);
  });

  it("says when the merge conflicts", async () => {
    const clone = example();
    clone.git("checkout", "-q", "main");
    clone.commit("The same file", { [examplePath]: "model_change: {}\n" });
    clone.git("checkout", "-q", "canary");
    const { code, stdout } = await clone.run(["check"]);
    expect(code).toBe(1);
    expect(stdout).toContain("it conflicts with its base branch");
  });

  it("takes rules from the base and never from the branch, unless asked to", async () => {
    const clone = example();
    clone.commit("Loosen", { ".github/routeward.yml": "version: 1\nmode: report\n" });
    const strict = await checkJson(clone);
    expect({ code: strict.code, tier: strict.verdict.tier }).toEqual({ code: 1, tier: "restricted" });
    expect(strict.assumed).toContain("judged by the rules of main; --own-rules judges by those of the branch");
    const own = await checkJson(clone, ["--own-rules"]);
    expect(own.conclusion).toBe("success");
  });

  it("counts the base's content as approved, and everything as new with --as-new", async () => {
    const clone = example();
    clone.git("checkout", "-q", "main");
    clone.git("merge", "-q", "canary");
    clone.git("checkout", "-q", "-b", "words");
    const text = readExample("support-answer-full.yaml").replace("first-line support", "first-level support");
    clone.commit("Words", { [examplePath]: text });
    const usual = await checkJson(clone);
    expect(usual.verdict.routes[0]?.classification.fired.map(({ id }) => id)).toEqual(["metadata-only"]);
    const fresh = await checkJson(clone, ["--as-new"]);
    expect(fresh.verdict.routes[0]?.classification.fired.map(({ id }) => id)).toContain("candidate-added");
  });

  it("prefers the default branch of origin to a local one", async () => {
    const clone = example();
    const main = clone.git("rev-parse", "main").trim();
    clone.git("update-ref", "refs/remotes/origin/trunk", main);
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk");
    clone.git("branch", "-q", "-f", "main", "canary");
    const { verdict } = await checkJson(clone);
    expect(verdict.routes).toHaveLength(1);
  });

  it("has nothing to say about a branch without routes", async () => {
    const clone = example();
    clone.git("checkout", "-q", "main");
    const { code, conclusion, assumed } = await checkJson(clone);
    expect({ code, conclusion }).toEqual({ code: 0, conclusion: "success" });
    expect(assumed).toEqual(["nothing differs from main; compare with an older commit by --base"]);
  });

  it("works in a folder below the root and while a hook has set git's variables", async () => {
    const clone = example();
    const env = { GIT_DIR: "/nowhere", GIT_INDEX_FILE: "/nowhere/index" };
    const { code, stdout } = await runCommand(join(clone.folder, "model-routes"), ["check"], env);
    expect(code).toBe(1);
    expect(stdout).toContain("Baseline and candidate");
  });
});

describe("odd and hostile repositories", () => {
  const clones: Clone[] = [];
  afterAll(() => {
    for (const clone of clones) clone.close();
  });
  const start = (files: Readonly<Record<string, string>> = {}): Clone => {
    const clone = makeClone(files);
    clones.push(clone);
    return clone;
  };

  it("judges a repository without a commit", async () => {
    const clone = start();
    clone.write({ "model-routes/a.yaml": readExample("support-answer.yaml") });
    const { code, assumed, verdict } = await checkJson(clone);
    expect(code).toBe(1);
    expect(assumed).toContain("there is no commit yet, so every file is new");
    expect(verdict.routes.map((route) => route.flagKey)).toEqual([exampleFlag]);
  });

  it("takes names with every character that a file name can have", async () => {
    const clone = start({ "README.md": "x\n" });
    const names = [
      "a\nb.yaml",
      "tab\there.yaml",
      '"quoted".yaml',
      "-dash.yaml",
      "$(touch pwned).yaml",
      "ü\u202E.yaml",
      "*.yaml",
    ];
    clone.write(Object.fromEntries(names.map((name) => [`model-routes/${name}`, "model_change: {}\n"])));
    const { verdict } = await checkJson(clone);
    expect(
      [...new Set(verdict.problems.map(({ path }) => path))].filter((path) => path.startsWith("model-routes/")).sort(),
    ).toEqual(names.map((name) => `model-routes/${name}`).sort());
    const { stdout } = await clone.run(["check"]);
    expect(stdout).not.toContain("\u202E");
  });

  it("follows no symbolic link", async () => {
    const clone = start({ "README.md": "x\n", "model-routes/keep.txt": "x\n" });
    symlinkSync("/etc/passwd", join(clone.folder, "model-routes/link.yaml"));
    const { verdict } = await checkJson(clone);
    expect(verdict.problems.map(({ code, path }) => [code, path])).toContainEqual([
      "symlink",
      "model-routes/link.yaml",
    ]);
  });

  it("starts no program that the repository's configuration names", async () => {
    const clone = start({ "README.md": "x\n" });
    clone.git("config", "core.fsmonitor", "touch pwned-monitor; false");
    clone.git("config", "diff.external", "touch pwned-diff");
    clone.write({ "model-routes/a.yaml": readExample("support-answer.yaml") });
    await clone.run(["check"]);
    expect(clone.git("-c", "core.fsmonitor=false", "status", "--porcelain")).not.toContain("pwned");
  });

  it("leaves nothing behind in the repository", async () => {
    const clone = start({ "README.md": "x\n" });
    clone.write({ "model-routes/a.yaml": readExample("support-answer.yaml") });
    const before = clone.git("count-objects", "-v");
    await clone.run(["check"]);
    expect(clone.git("count-objects", "-v")).toBe(before);
    expect(clone.git("status", "--porcelain").trim()).toBe("?? model-routes/");
  });
});

// On a busy machine the command may be through before anybody sees that it has begun.
it("leaves nothing behind when it is interrupted", { retry: 3 }, async () => {
  const clone = makeExampleClone();
  const temporary = mkdtempSync(join(tmpdir(), "cli-test-"));
  try {
    const env = { ...process.env, TMPDIR: temporary };
    const child = spawn(process.execPath, [main, "check"], { cwd: clone.folder, env, stdio: "ignore" });
    const ended = once(child, "close");
    const isWorking = (): boolean =>
      readdirSync(temporary, { recursive: true, encoding: "utf8" }).some((path) => path.includes("index-"));
    while (!isWorking() && child.exitCode === null) await setTimeout(5);
    child.kill("SIGINT");
    const [code, signal] = (await ended) as [number | null, string | null];
    expect({ code, signal, left: readdirSync(temporary) }).toEqual({ code: null, signal: "SIGINT", left: [] });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    clone.close();
  }
});

/** The command in a network namespace of its own, where the machine allows that; else only with the preload that refuses. */
function isolate(folder: string): string {
  const preload = ["--import", fileURLToPath(new URL("refuse-network.ts", import.meta.url))];
  const command = [process.execPath, ...preload, main, "check", "--own-rules"];
  const run = (name: string, args: readonly string[]): string => {
    try {
      return execFileSync(name, [...args], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    } catch (error) {
      const { status, stdout } = error as { status: number | null; stdout: string };
      // 1 is the answer "not approved".
      if (status === 1 && stdout !== "") return stdout;
      throw error;
    }
  };
  try {
    return run("unshare", ["-rn", ...command]);
  } catch {
    return run(process.execPath, command.slice(1));
  }
}

it("prints a card in a repository made by init, without network, in under 1.5 s", async () => {
  const clone = makeClone({ "src/answer.ts": 'call({ model: "gpt-4o-2024-08-06" });\n' });
  try {
    expect((await clone.run(["init"])).code).toBe(0);
    isolate(clone.folder);
    // Other tests may hold the processors: the best of a few says what the command itself takes.
    let best = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 6 && best >= 1500; attempt += 1) {
      const start = performance.now();
      expect(isolate(clone.folder)).toContain("Baseline and candidate");
      best = Math.min(best, performance.now() - start);
    }
    expect(best).toBeLessThan(1500);
  } finally {
    clone.close();
  }
});
