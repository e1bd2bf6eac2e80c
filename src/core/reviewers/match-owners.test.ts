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

  /** Lines of all files of so many of the patterns, in each order. */
  const fill = (lines: ParsedCodeowners["lines"], count: number): ParsedCodeowners["lines"][] =>
    count === 0 ? [[]] : fill(lines, count - 1).flatMap((file) => lines.map((line) => [...file, line]));

  it.each<[string, string[], number, string[]]>([
    [
      "names with stars",
      ["a*b", "a*b*b", "*b", "a*", "*a*", "a*c*b", "?*b", "a*?b", "a?b", "*.a*b"],
      3,
      "ab acb abb axcb b aa .ab".split(" "),
    ],
    [
      "names at any depth",
      ["a", "a/", "*.a", "*b.a", "**/a", "*/a", "a*", "?"],
      3,
      "a b/a a/b x.a/c b/c.b.a ab/b x/y/z".split(" "),
    ],
    [
      "folders from the root",
      ["/a", "/a/", "/a/b", "/a/*", "/*/b", "/a*/b", "/**/b", "/a/**/c"],
      3,
      "a a/b a/b/c b/b ab/b a/x/c x/y/b c/c".split(" "),
    ],
  ])(
    "finds through its index what a look at every line finds, in every file of three such lines: %s",
    (_name, patterns, count, paths) => {
      const known = parse(patterns.map((pattern) => `${pattern} @x`).join("\n")).lines;
      const wrong = fill(known, count).flatMap((chosen) => {
        const lines = chosen.map((each, index) => ({ ...each, line: index + 1 }));
        return paths
          .filter((path) => {
            const segments = path.split("/");
            const slow = lines.findLast(({ elements }) => matchElements(elements, segments, segments.map(maskOf)));
            const fast = matchOwners({ lines }, path);
            return (fast.kind === "unmatched" ? undefined : fast.line) !== slow?.line;
          })
          .map((path) => `${lines.map(({ pattern }) => pattern).join(", ")} against ${path}`);
      });
      expect(wrong).toEqual([]);
    },
  );

  it.each<[string, string, string, number]>([
    ["eight folders and more", "/1/2/3/4/5/6/7/8/9 @x\n/1/2/3/4/5/6/7/8/x @x", "1/2/3/4/5/6/7/8/9", 1],
    ["exactly eight folders", "/1/2/3/4/5/6/7/8 @x\n/1/2/3/4/5/6/7/9 @x", "1/2/3/4/5/6/7/8", 1],
    ["a rooted folder with a wildcard below it", "/a/b*/ @x\n/a/c*/ @x", "a/bx/y", 1],
    ["a rooted folder, the line of its subfolder earlier", "/a/b/ @x\n/a/ @x", "a/b/c", 2],
    ["a whole name, the longer one elsewhere", "**/a/**/abc @x", "x/a/y/abc/z", 1],
    ["a wildcard folder at the second depth", "/*/a*/ @x\n/*/b*/ @x", "q/ax/z", 1],
    ["a wildcard folder behind two stars", "/**/a*/b* @x", "q/r/ax/by", 1],
    ["a dot inside the name but not in its ending", "a.*b @x", "a.xb", 1],
    ["an ending with two dots", "*.d.ts @x\n*.ts @x\n*.js @x", "a/b.d.ts", 2],
    ["an ending with a question mark behind its dot", "*.?s @x", "a.ts", 1],
    ["a folder with an ending", "*.app/ @x", "my.app/a", 1],
    ["a dot at the very beginning", "*.env @x", ".env", 1],
    ["an ending of many letters", "a*bcdef @x", "axbcdef", 1],
    ["a wildcard name at the second depth only", "* @x\n/*/a* @x", "ax/b", 1],
    ["the children of a wildcard name, but not theirs", "* @x\n**/a*/* @x", "ax/b/c", 1],
    ["two wildcard names, of which one stands", "* @x\n**/a*/**/b* @x", "ax/c", 1],
    ["what one pattern found past the shared pieces is not another's", "*z @x\na*c*z @x\na*b*q*z @x", "abz", 1],
  ])("the index loses no line: %s", (_name, text, path, line) => {
    expect(matchOwners(parse(text), path)).toMatchObject({ line });
  });

  it("finds the same again for a name it has seen", () => {
    const parsed = parse("a* @x\nb* @y\n/q*/ @z");
    const ask = (path: string): number | null => {
      const found = matchOwners(parsed, path);
      return found.kind === "unmatched" ? null : found.line;
    };
    const paths = ["ax", "bx", "c", "ax/bx", "bx/ax", "c/ax", "qa/c", "ax"];
    const first = paths.map(ask);
    expect(first).toEqual([1, 2, null, 2, 2, 1, 3, 1]);
    expect(paths.map(ask)).toEqual(first);
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
    ["of two that both match the later decides, the longer one later", "a*b @x\na*c*b @x", "acb", 2],
    ["of two that both match the later decides, the shorter one later", "a*c*b @x\na*b @x", "acb", 2],
    ["what follows shared pieces stands behind them", "*z @x\na*b*d*z @x\na*b*c*z @x", "acdbz", 1],
    ["where a shared piece is missing both miss", "*q*a*b @x\n*q*c*b @x\nc*b @x", "cab", 3],
    ["an ending of one letter", "*ab @x\n*b @x", "xb", 2],
    ["an ending of no letter", "a* @x\nb* @x", "ax", 1],
    ["an ending with a question mark", "a*?b @x\na*b @x", "axb", 2],
    ["an ending with a question mark, later", "a*b @x\na*?b @x", "axb", 2],
    ["an ending longer than the name", "*abc @x\n*c @x\n*bc @x", "c", 2],
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
