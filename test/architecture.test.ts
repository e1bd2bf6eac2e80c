import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkArchitecture, listImports, renderOffence } from "./architecture/check-architecture.ts";

const root = join(import.meta.dirname, "..");

function readSources(): { path: string; text: string }[] {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `src/${name.replaceAll("\\", "/")}`)
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

it("imports go one way, and the core touches nothing outside", () => {
  const sources = readSources();
  expect(sources.length).toBeGreaterThan(20);
  expect(checkArchitecture(sources).map(renderOffence)).toEqual([]);
});

const check = (path: string, text: string): string[] => checkArchitecture([{ path, text }]).map(({ rule }) => rule);

describe("a wrong import is named", () => {
  it.each<[string, string, string, string]>([
    ["core knows no port", "src/core/risk/a.ts", "../../ports/store.ts", "src/core must not know src/ports"],
    ["core knows no flow", "src/core/risk/a.ts", "../../flows/a.ts", "src/core must not know src/flows"],
    ["ports know no flow", "src/ports/a.ts", "../flows/a.ts", "src/ports must not know src/flows"],
    ["flows know no adapter", "src/flows/a.ts", "../adapters/store/a.ts", "src/flows must not know src/adapters"],
    ["adapters know no flow", "src/adapters/store/a.ts", "../../flows/a.ts", "src/adapters must not know src/flows"],
    ["flows know no app", "src/flows/a.ts", "../apps/bot/a.ts", "src/flows must not know src/apps"],
    ["adapters know no app", "src/adapters/store/a.ts", "../../apps/a.ts", "src/adapters must not know src/apps"],
    ["adapters do not know each other", "src/adapters/github/a.ts", "../store/a.ts", "adapters do not know each other"],
    ["a stage knows no later stage", "src/core/risk/a.ts", "../verdict/a.ts", "risk stands before verdict"],
    ["a leaf knows no stage", "src/core/facts.ts", "./policy/policy.ts", "facts.ts stands before policy"],
    ["a stage knows no conclusion", "src/core/commands/a.ts", "../assess.ts", "commands stands before assess.ts"],
    ["relevance does not know the assessment", "src/core/relevance.ts", "./assess.ts", "stands before assess.ts"],
    ["an unlisted stage is refused", "src/core/risk/a.ts", "../helpers/a.ts", "not in the list of stages"],
    ["an unlisted stage imports nothing", "src/core/helpers/a.ts", "../risk/a.ts", "not in the list of stages"],
    ["an unlisted layer is refused", "src/lib/a.ts", "../core/facts.ts", "src/lib, which is no layer"],
    ["simulators know nothing of the app", "src/simulators/a.ts", "../core/facts.ts", "must not know src/core"],
    ["the bot knows no simulator", "src/apps/bot/a.ts", "../../simulators/a.ts", "only apps/demo and tests"],
    ["code reaches nothing outside src", "src/apps/bot/a.ts", "../../../test/a.ts", "from outside src"],
    [
      "a test of core knows no adapter",
      "src/core/risk/a.test.ts",
      "../../adapters/a/b.ts",
      "must not know src/adapters",
    ],
    ["core reads no disk", "src/core/risk/a.ts", "node:fs", "pure packages only"],
    ["core takes no client", "src/core/risk/a.ts", "@octokit/rest", "pure packages only"],
    ["core takes no log", "src/core/risk/a.ts", "pino", "pure packages only"],
    ["a package that only begins alike is another", "src/core/risk/a.ts", "yaml-ast", "pure packages only"],
  ])("%s: %s imports %s", (_name, path, specifier, rule) => {
    expect(check(path, `import { a } from "${specifier}";`)).toEqual([expect.stringContaining(rule)]);
  });

  it.each<[string, string]>([
    ["statement", 'import { a } from "../verdict/a.ts";'],
    ["type", 'import type { A } from "../verdict/a.ts";'],
    ["several lines", 'import {\n  a,\n  type B,\n} from "../verdict/a.ts";'],
    ["side effect", 'import "../verdict/a.ts";'],
    ["re-export", 'export * from "../verdict/a.ts";'],
    ["named re-export", "export type { A } from '../verdict/a.ts';"],
    ["dynamic", 'const a = await import("../verdict/a.ts");'],
    ["type in place", 'type A = import("../verdict/a.ts").A;'],
    ["behind an address", 'const u = "https://x"; type A = import("../verdict/a.ts").A;'],
  ])("in the form of a %s", (_name, text) => {
    expect(check("src/core/risk/a.ts", text)).toHaveLength(1);
  });

  it("with its line", () => {
    expect(listImports('/* one\n two */\nimport a from "a";\n// import b from "b";\nimport c from "c";')).toEqual([
      { specifier: "a", line: 3 },
      { specifier: "c", line: 5 },
    ]);
  });
});

describe("a right import is let through", () => {
  it.each<[string, string]>([
    ["src/core/verdict/a.ts", "../risk/a.ts"],
    ["src/core/risk/a.ts", "../facts.ts"],
    ["src/core/risk/a.ts", "./b.ts"],
    ["src/core/facts.ts", "./scales.ts"],
    ["src/core/assess.ts", "./relevance.ts"],
    ["src/core/assess.ts", "./commands/a.ts"],
    ["src/core/risk/a.ts", "node:crypto"],
    ["src/core/models/a.ts", "@pydantic/genai-prices"],
    ["src/core/yaml/a.ts", "yaml"],
    ["src/core/risk/a.test.ts", "../verdict/test-builders.ts"],
    ["src/core/risk/a.test.ts", "fast-check"],
    ["src/ports/a.ts", "../core/facts.ts"],
    ["src/flows/a.ts", "../ports/store.ts"],
    ["src/adapters/store/queue/a.ts", "../database.ts"],
    ["src/adapters/store/a.ts", "../../core/facts.ts"],
    ["src/adapters/github/a.test.ts", "../../simulators/github/a.ts"],
    ["src/apps/bot/a.ts", "../../adapters/store/a.ts"],
    ["src/apps/demo/a.ts", "../../simulators/github/a.ts"],
    ["src/simulators/github/a.ts", "../loopback-server.ts"],
    ["src/simulators/github/a.ts", "node:http"],
  ])("%s imports %s", (path, specifier) => {
    expect(check(path, `import { a } from "${specifier}";`)).toEqual([]);
  });
});

describe("the core does not touch", () => {
  it.each<[string, string]>([
    ["the clock", "const now = Date.now();"],
    ["the clock through a date", "const now = new Date();"],
    ["the clock through a date without brackets", "const now = new Date;"],
    ["the clock as a text", "const now = Date();"],
    ["the timer's clock", "const t = performance.now();"],
    ["chance", "const n = Math.random();"],
    ["random ids", "const id = randomUUID();"],
    ["the process", "process.exit(1);"],
    ["the environment", 'const a = process["env"];'],
    ["the network", 'await fetch("https://example.com");'],
    ["the console", 'console.log("x");'],
    ["timers", "setTimeout(() => {}, 1);"],
    ["the global object", 'globalThis["fetch"]("x");'],
  ])("%s", (_name, text) => {
    expect(check("src/core/risk/a.ts", text)).toEqual([expect.stringContaining("must not use")]);
  });

  it.each<[string, string]>([
    ["a date from an argument", "const at = new Date(facts.at);"],
    ["a comment about the clock", "// never Date.now() here\n/* nor new Date() */"],
    ["a function of that name on something else", "cache.fetch(key);"],
    ["the word process", 'const text = "this may process for long";'],
  ])("but %s is fine", (_name, text) => {
    expect(check("src/core/risk/a.ts", text)).toEqual([]);
  });

  it.each<[string, number]>([
    ["src/flows/a.ts", 1],
    ["src/adapters/store/a.ts", 1],
    ["src/ports/a.ts", 1],
    ["src/simulators/a.ts", 1],
    ["src/apps/bot/a.ts", 0],
    ["src/flows/a.test.ts", 0],
  ])("only apps read the environment: %s", (path, offences) => {
    expect(check(path, 'const a = process.env["A"];')).toHaveLength(offences);
  });

  it("but a simulator may hand PATH to git", () => {
    const text = 'spawnSync("git", [], { env: { PATH: process.env["PATH"] } });';
    expect(check("src/simulators/a.ts", text)).toEqual([]);
    expect(check("src/flows/a.ts", text)).toHaveLength(1);
  });
});
