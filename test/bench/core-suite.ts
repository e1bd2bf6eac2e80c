import { parse } from "yaml";
import { assess } from "../../src/core/assess.ts";
import { decide } from "../../src/core/decide.ts";
import type { FileFacts } from "../../src/core/facts.ts";
import { matchOwners } from "../../src/core/reviewers/match-owners.ts";
import { parseCodeowners } from "../../src/core/reviewers/parse-codeowners.ts";
import { parseRouteFile } from "../../src/core/routes/parse-route-file.ts";
import { buildFacts, buildPeople, routePath } from "../../src/core/verdict/test-builders.ts";
import { changedPaths, hostileOwners, hostilePaths, ownersOf } from "./core-owners.ts";
import { buildManyRoutes, buildSmallPull, hostileTexts, largeTexts, textsOf } from "./core-texts.ts";
import { measureSubject, type Measure, type Subject } from "./measure.ts";

const limits = { verdict: 1, owners: 25, routes: 50, file: 60 } as const;

/** Hostile input may cost this many times the limit of its kind. */
const hostileFactor = 3;

/** The measures of issue 3: what one process can decide while people wait. */
export function measureCore(print: (measure: Measure) => void): void {
  for (const subject of [...listVerdicts(), ...listOwners(), ...listFiles()]) print(measureSubject("core", subject));
}

function listVerdicts(): readonly Subject[] {
  const small = buildSmallPull();
  const many = buildManyRoutes({ routes: 50, records: 20 });
  return [
    { name: "verdict of a small pull request", limit: limits.verdict, run: judge(small), floor: readAll(small) },
    { name: "50 routes with 20 evidence records each", limit: limits.routes, run: judge(many), floor: readAll(many) },
    {
      name: "verdict of a small pull request in JSON",
      limit: limits.verdict,
      run: judge(buildFacts()),
      floor: readAll(buildFacts()),
    },
  ];
}

/** Facts are copied at the top, so that nothing that is kept by the identity of a snapshot helps the second run. */
function judge(facts: FileFacts): () => unknown {
  const people = buildPeople();
  return () => {
    const fresh = { ...facts, base: { ...facts.base }, head: { ...facts.head } };
    return decide(assess(fresh), people);
  };
}

/** The `yaml` library reads each text once and makes nothing of it. */
function readAll(facts: FileFacts): () => unknown {
  const texts = textsOf(facts);
  return () => texts.map((text) => readOnce(text));
}

function readOnce(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

function countLetters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 64) count += 1;
  return count;
}

function listOwners(): readonly Subject[] {
  const match = (text: string, paths: readonly string[]): (() => unknown) => {
    const source = { kind: "text" as const, path: ".github/CODEOWNERS", text };
    return () => {
      const parsed = parseCodeowners(source);
      return paths.map((path) => matchOwners(parsed, path));
    };
  };
  const floor = (text: string, paths: readonly string[]): (() => unknown) => {
    return () => [text.split("\n").map((line) => line.split(" ")), paths.map((path) => path.split("/"))];
  };
  const ordinary: Subject = {
    name: "3,000 changed files against 1,030 CODEOWNERS lines",
    limit: limits.owners,
    run: match(ownersOf(1030), changedPaths(3000)),
    floor: floor(ownersOf(1030), changedPaths(3000)),
  };
  const hostile = Object.entries(hostileOwners).map(([name, line]): Subject => {
    const text = Array.from({ length: 1030 }, (_, index) => line(index)).join("\n");
    const paths = hostilePaths(3000);
    const limit = limits.owners * hostileFactor;
    return { name: `hostile CODEOWNERS: ${name}`, limit, run: match(text, paths), floor: floor(text, paths) };
  });
  return [ordinary, ...hostile];
}

function listFiles(): readonly Subject[] {
  const read = (name: string, text: string, limit: number, floor: () => unknown): Subject => {
    return { name, limit, run: () => parseRouteFile(routePath, { kind: "text", text }), floor };
  };
  return [
    ...Object.entries(largeTexts).map(([name, text]) =>
      read(`256 KiB route file ${name}`, text, limits.file, () => readOnce(text)),
    ),
    ...Object.entries(hostileTexts).map(([name, text]) => {
      // The library alone needs up to half a minute for some of these: their floor is a look at each character.
      return read(`hostile 256 KiB route file: ${name}`, text, limits.file * hostileFactor, () => countLetters(text));
    }),
  ];
}
