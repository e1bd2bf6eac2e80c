import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchOwners } from "./match-owners.ts";
import { maskOf, matchElements } from "./owner-pattern.ts";
import { parseCodeowners, type ParsedCodeowners } from "./parse-codeowners.ts";

const parse = (text: string): ParsedCodeowners => parseCodeowners({ kind: "text", path: ".github/CODEOWNERS", text });

describe("the last line that matches decides alone", () => {
  it.each<[string, string, string, ReturnType<typeof matchOwners>]>([
    ["a later line replaces an earlier one", "* @a\n*.js @b", "x.js", { kind: "owned", line: 2, owners: ["@b"] }],
    [
      "an earlier line stays where the later does not match",
      "* @a\n*.js @b",
      "x.ts",
      { kind: "owned", line: 1, owners: ["@a"] },
    ],
    ["a general line after a special one wins", "/a/b/ @b\n* @a", "a/b/c", { kind: "owned", line: 2, owners: ["@a"] }],
    ["owners of two lines are never added", "*.js @a\n*.js @b", "x.js", { kind: "owned", line: 2, owners: ["@b"] }],
    ["several owners of one line are all owners", "* @b @a", "x", { kind: "owned", line: 1, owners: ["@b", "@a"] }],
    ["a line without owners takes ownership away", "* @a\n/gen/", "gen/x", { kind: "unowned", line: 2 }],
    ["a later owner gives it back", "/gen/\n/gen/x @a", "gen/x", { kind: "owned", line: 2, owners: ["@a"] }],
    ["no line is another answer than a line without owners", "/a/ @a", "b", { kind: "unmatched" }],
    [
      "a skipped line leaves the earlier one in force",
      "* @a\n/x/ docs@",
      "x/y",
      { kind: "owned", line: 1, owners: ["@a"] },
    ],
    ["an empty file owns nothing", "", "x", { kind: "unmatched" }],
  ])("%s", (_name, text, path, expected) => {
    expect(matchOwners(parse(text), path)).toEqual(expected);
  });

  it("finds through its index what a look at every line finds", () => {
    const name = fc.constantFrom("a", "b", "a.js", "b.ts", "*", "**", "*.js", "a*", "?", "*a.ts");
    const line = fc
      .tuple(fc.constantFrom("", "/"), fc.array(name, { minLength: 1, maxLength: 4 }), fc.constantFrom("", "/"))
      .map(([start, names, end]) => `${start}${names.join("/")}${end} @x`);
    const path = fc.array(fc.constantFrom("a", "b", "a.js", "b.ts", "ba.ts"), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), path, (lines, segments) => {
        const parsed = parse(lines.join("\n"));
        const slow = parsed.lines.findLast(({ elements }) => matchElements(elements, segments, segments.map(maskOf)));
        const fast = matchOwners(parsed, segments.join("/"));
        expect(fast.kind === "unmatched" ? undefined : fast.line).toBe(slow?.line);
      }),
      { numRuns: 1000 },
    );
  });

  it("finds through its index what a look at every line finds, for names made of stars", () => {
    const piece = fc.constantFrom("a", "b", "ab", "aa", "q", "?", "a?");
    const glob = fc
      .tuple(
        fc.constantFrom("", "a", "*", "@", "?"),
        fc.array(piece, { maxLength: 5 }),
        fc.constantFrom("", "*", "b", "?"),
      )
      .map(([start, pieces, end]) => `${start}${pieces.join("*")}${end}`)
      .filter((text) => text !== "");
    const line = fc
      .tuple(fc.constantFrom("", "", "/", "/*/", "/*/*/", "**/"), glob, fc.constantFrom("", "/", "/*", "/a*"))
      .map(([start, name, end]) => `${start}${name}${end} @x`);
    const pathName = fc
      .array(fc.constantFrom("a", "b", "q", "@"), { minLength: 1, maxLength: 8 })
      .map((c) => c.join(""));
    const path = fc.array(pathName, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 25 }), fc.array(path, { maxLength: 4 }), (lines, paths) => {
        const parsed = parse(lines.join("\n"));
        for (const segments of paths) {
          const slow = parsed.lines.findLast(({ elements }) => matchElements(elements, segments, segments.map(maskOf)));
          const fast = matchOwners(parsed, segments.join("/"));
          expect(fast.kind === "unmatched" ? undefined : fast.line).toBe(slow?.line);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, string, string, number]>([
    ["a last piece is no middle piece, the longer pattern later", "a*b @x\na*b*b @x", "axb", 1],
    ["a last piece is no middle piece, the longer pattern earlier", "a*b*b @x\na*b @x", "axb", 2],
    ["a middle piece may not reach into the end", "a*xb @x\na*xb*b @x", "axb", 1],
    ["of the same pattern the later line decides", "a*b @x\na*b @y", "ab", 2],
    ["a piece with a question mark is another than one with its letter", "a*b?*c @x\na*b\\?*c @x", "a?bxc", 1],
    ["a late line wins over a pattern that shares its start", "a*b*d @x\na*c*d @x\na*b*e*d @x", "abcd", 2],
    ["a late line is found behind endings whose lines are early", "a*bc @x\na*xbc @x\n*bc @x\na*axbc @x", "aaxbc", 4],
    ["one name, no star", "a?c @x\nab?? @x", "abc", 1],
  ])("patterns that share their search keep apart: %s", (_name, text, path, line) => {
    expect(matchOwners(parse(text), path)).toMatchObject({ line });
  });
});

describe("size", () => {
  const paths = Array.from({ length: 3000 }, (_, n) => `packages/pkg-${n % 700}/src/module-${n % 40}/file-${n}.ts`);

  it.each<[string, (n: number) => string]>([
    ["a file of the usual kind", (n) => (n % 5 === 0 ? `*.ext${n} @a` : `/packages/pkg-${n}/src/ @acme/team-${n}`)],
    ["deep patterns only", (n) => `**/module-${n}/**/x${n}-*.ts @a`],
    ["patterns that fit all but the last letter", (n) => `*f*i*l*e*-*t*s*${n}x @a`],
    ["patterns whose letters come in another order", (n) => `*s*t*.*-*e*l*i*f*${n % 10} @a`],
    ["folders made of stars", (n) => `/*a*/*g*/**/*m*/**/*f*i*l*e*/${n} @a`],
    ["folders made of stars without one whole name", (n) => `/*a*/*g*/**/*m*/**/*f*i*l*e*${n}x @a`],
    ["patterns made of stars", (n) => `*p*k*g*m*o*d*u*l*e*${n} @a`],
  ])("answers 3,000 paths against 1,030 lines: %s", (_name, line) => {
    const parsed = parse(Array.from({ length: 1030 }, (_, n) => line(n)).join("\n"));
    // How soon is measured by the bench; a lost index ends in the test's own limit.
    expect(paths.map((path) => matchOwners(parsed, path))).toHaveLength(paths.length);
  });
});
