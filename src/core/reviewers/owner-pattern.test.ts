import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findPiece, maskOf, matchElements, needsOf, parsePattern, pieceStandsAt } from "./owner-pattern.ts";

function matches(pattern: string, path: string): boolean | "invalid" {
  const parsed = parsePattern(pattern);
  if (!parsed.ok) return "invalid";
  const segments = path.split("/");
  return matchElements(parsed.elements, segments, segments.map(maskOf));
}

describe("a pattern matches as GitHub documents it", () => {
  it.each<[string, string, string, boolean]>([
    ["a star alone matches a file at the root", "*", "README.md", true],
    ["a star alone matches at any depth", "*", "a/b/c.txt", true],
    ["an extension matches at the root", "*.js", "index.js", true],
    ["an extension matches at any depth", "*.js", "src/lib/index.js", true],
    ["an extension does not match a longer one", "*.js", "src/index.json", false],
    ["an extension is compared with its case", "*.js", "src/INDEX.JS", false],
    ["a folder with an extension covers what is in it", "*.js", "vendor.js/readme.md", true],
    ["a rooted folder covers its files", "/build/logs/", "build/logs/today.txt", true],
    ["a rooted folder covers its subfolders", "/build/logs/", "build/logs/2026/11/today.txt", true],
    ["a rooted folder does not match elsewhere", "/build/logs/", "x/build/logs/today.txt", false],
    ["a folder pattern does not match a file of that name", "/build/logs/", "build/logs", false],
    ["a folder's star matches its direct children", "docs/*", "docs/getting-started.md", true],
    ["a folder's star does not match nested files", "docs/*", "docs/build-app/troubleshooting.md", false],
    ["a folder's star is rooted, because the slash stands inside", "docs/*", "x/docs/a.md", false],
    ["a rooted star matches files of the root", "/*", "README.md", true],
    ["a rooted star does not match nested files", "/*", "docs/README.md", false],
    ["a folder name matches at the root", "apps/", "apps/web/index.ts", true],
    ["a folder name matches at any depth", "apps/", "x/y/apps/web.ts", true],
    ["a folder name does not match a file of that name", "apps/", "x/apps", false],
    ["a folder name does not match a longer name", "apps/", "myapps/web.ts", false],
    ["a rooted folder takes all below it", "/docs/", "docs/a/b/c.md", true],
    ["a deep pattern matches at the root", "**/logs", "logs", true],
    ["a deep pattern matches deeply nested", "**/logs", "deeply/nested/logs/a.txt", true],
    ["a deep pattern compares whole names", "**/logs", "mylogs/a.txt", false],
    ["a rooted name without slash matches the file", "/apps/github", "apps/github", true],
    ["a rooted name without slash matches the folder's content", "/apps/github", "apps/github/a.ts", true],
    ["a rooted name does not match a longer one", "/apps/github", "apps/github-old/a.ts", false],
    ["a path with a slash inside is rooted", "src/lib", "src/lib/a.ts", true],
    ["a path with a slash inside does not match deeper", "src/lib", "packages/src/lib/a.ts", false],
    ["a name matches a file at any depth", "Makefile", "a/b/Makefile", true],
    ["a name is compared with its case", "Makefile", "a/makefile", false],
    ["a name matches a folder at any depth", "vendor", "a/vendor/b.go", true],
    ["double stars in the middle match no folder", "a/**/z", "a/z", true],
    ["double stars in the middle match several folders", "a/**/z", "a/b/c/z", true],
    ["double stars at the end match everything inside", "a/**", "a/b/c", true],
    ["double stars at the end do not match the folder's own name", "a/**", "a", false],
    ["double stars and a star match everything inside", "a/**/*", "a/b/c/d", true],
    ["double stars and a slash match below subfolders", "a/**/", "a/b/c", true],
    ["double stars and a slash do not match direct children", "a/**/", "a/b", false],
    ["double stars alone match everything", "**", "a/b", true],
    ["double stars inside a name are one star", "a**c", "abbc", true],
    ["double stars inside a name do not cross a slash", "a**c", "ab/bc", false],
    ["a star does not cross a slash", "/a*c", "a/c", false],
    ["a star in the middle of a path stands for one folder", "/packages/*/src/", "packages/web/src/a.ts", true],
    ["a star in the middle of a path does not stand for two", "/packages/*/src/", "packages/a/b/src/a.ts", false],
    ["a star may stand for nothing", "/a*", "a", true],
    ["several stars hold their order", "/a*b*c", "a-c-b-c", true],
    ["what stands between two stars may stand at the very beginning", "*a*c", "abc", true],
    ["what stands between two stars may end where the rest begins", "*ab*c", "abc", true],
    ["what stands between two stars does not share a letter with the rest", "*ab*b", "ab", false],
    ["a question mark between stars does not help a letter that is not there", "*?x*c", "abcdefc", false],
    ["a question mark between stars stands for one letter", "*?x*c", "aaxbc", true],
    ["several stars in the wrong order do not match", "/a*b*c", "a-c-b", false],
    ["overlapping ends do not match", "/ab*ba", "aba", false],
    ["a question mark is one character", "/a?c", "abc", true],
    ["a question mark is not nothing", "/a?c", "ac", false],
    ["a question mark is no slash", "/a?c", "a/c", false],
    ["a question mark between stars", "/*a?c*", "xxabcxx", true],
    ["a question mark between stars may touch the end", "/*a?*c", "xabc", true],
    ["a question mark between stars does not overlap the end", "/*a?*c", "xac", false],
    ["two stars with nothing between are one", "/a*?*c", "abc", true],
    ["an escaped space is a space", "/my\\ docs/", "my docs/a.md", true],
    ["an escaped star is a star", "/a\\*b", "a*b", true],
    ["an escaped star matches nothing else", "/a\\*b", "axb", false],
    ["braces are plain characters", "/*.{js,ts}", "a.js", false],
    ["a dot is a plain character", "/a.b", "axb", false],
    ["a dot file is matched by a star", "/*", ".env", true],
    ["a number sign inside a name is plain", "/c#/", "c#/a.cs", true],
    ["a lone slash matches nothing", "/", "a", false],
    ["two slashes in a row match nothing", "a//b", "a/b", false],
    ["a folder's star and a slash match below it", "/a/*/", "a/b/c", true],
    ["a folder's star and a slash do not match a file", "/a/*/", "a/b", false],
  ])("%s: %s against %s", (_name, pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected);
  });
});

describe("a pattern that GitHub refuses is refused", () => {
  it.each<[string, string, number]>([
    ["negation", "!docs/", 0],
    ["an escaped leading number sign", "\\#file", 0],
    ["a character range", "/[a-c].txt", 1],
    ["a character range at the very beginning", "[a-c].txt", 0],
    ["a lone closing bracket", "/app/slug]/", 9],
    ["three asterisks", "***/*.rb", 0],
    ["a lone backslash at the end", "docs\\", 4],
  ])("%s: %s", (_name, pattern, offset) => {
    expect(parsePattern(pattern)).toMatchObject({ ok: false, offset });
  });
});

/**
 * The same rules said another way, slow and without any shortcut: each pattern becomes the list of regular expressions
 * over the whole path, by rewriting text.
 */
function matchesSlowly(pattern: string, path: string): boolean {
  return writeExpression(pattern)?.test(path) ?? false;
}

function writeExpression(pattern: string): RegExp | null {
  const isFolder = pattern.endsWith("/");
  const body = pattern.replace(/^\//, "").replace(/\/$/, "");
  const isRooted = pattern.startsWith("/") || body.includes("/");
  const names = body.split("/");
  const last = names.at(-1) ?? "";
  const one = "[^/]+";
  let expression = isRooted ? "" : "(?:[^/]+/)*";
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
    if (name === "**") expression += isLast ? `(?:${one}/)*${one}` : "(?:[^/]+/)*";
    else expression += name === "*" ? one : nameExpression(name);
    if (!isLast && name !== "**") expression += "/";
  }
  if (isFolder) expression += "/.+";
  else if (last !== "**" && last !== "*") expression += "(?:/.+)?";
  return body === "" ? null : new RegExp(`^${expression}$`, "su");
}

function nameExpression(name: string): string {
  return name
    .replaceAll(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll(/\*+/g, "[^/]*")
    .replaceAll("?", "[^/]");
}

describe("the matcher", () => {
  const name = fc
    .array(fc.constantFrom("a", "b", ".", "*", "?", "ab"), { minLength: 1, maxLength: 5 })
    .map((c) => c.join(""));
  const patternName = fc.oneof({ weight: 3, arbitrary: name }, fc.constantFrom("*", "**", "a", "b"));
  const pattern = fc
    .tuple(fc.constantFrom("", "/"), fc.array(patternName, { minLength: 1, maxLength: 5 }), fc.constantFrom("", "/"))
    .map(([start, names, end]) => start + names.join("/") + end)
    .filter((text) => !text.includes("***"));
  const pathName = fc.array(fc.constantFrom("a", "b", "."), { minLength: 1, maxLength: 4 }).map((c) => c.join(""));
  const path = fc.array(pathName, { minLength: 1, maxLength: 6 }).map((names) => names.join("/"));

  it("agrees with a slow matcher that says the rules another way", () => {
    fc.assert(
      fc.property(pattern, path, (pattern, path) => {
        expect(matches(pattern, path)).toBe(matchesSlowly(pattern, path));
      }),
      { numRuns: 3000 },
    );
  });

  it("agrees with the slow matcher on names made of stars", () => {
    const piece = fc.constantFrom("a", "b", "ab", "aa", "q", "?", "a?");
    const glob = fc
      .tuple(
        fc.constantFrom("", "a", "*"),
        fc.array(piece, { minLength: 1, maxLength: 6 }),
        fc.constantFrom("", "*", "q*b*"),
      )
      .map(([start, pieces, end]) => `${start}${pieces.join("*")}${end}`);
    const longName = fc.array(fc.constantFrom("a", "b", "q"), { minLength: 1, maxLength: 12 }).map((c) => c.join(""));
    fc.assert(
      fc.property(fc.constantFrom("", "/"), glob, longName, (start, name, path) => {
        expect(matches(start + name, path)).toBe(matchesSlowly(start + name, path));
      }),
      { numRuns: 3000 },
    );
  });

  /** All lists of one to `most` of the parts. */
  const combine = (parts: readonly string[], most: number): string[][] => {
    const shorter = most === 1 ? [] : combine(parts, most - 1);
    return [...parts.map((part) => [part]), ...shorter.flatMap((list) => parts.map((part) => [...list, part]))];
  };
  const findDisagreements = (patterns: readonly string[], paths: readonly string[]): string[] => {
    const masked = paths.map((path) => ({ path, segments: path.split("/"), masks: path.split("/").map(maskOf) }));
    return patterns.flatMap((pattern) => {
      const parsed = parsePattern(pattern);
      const expression = writeExpression(pattern);
      return masked
        .filter(({ path, segments, masks }) => {
          const isMatched = parsed.ok && matchElements(parsed.elements, segments, masks);
          return isMatched !== (expression?.test(path) ?? false);
        })
        .map(({ path }) => `${pattern} against ${path}`);
    });
  };

  it("agrees with the slow matcher on every short name made of letters, question marks and stars", () => {
    const globs = [...new Set(combine(["a", "b", "?", "*"], 4).map((letters) => letters.join("")))];
    const names = [...new Set(combine(["a", "b"], 4).map((letters) => letters.join("")))];
    const patterns = globs.filter((glob) => !glob.includes("***"));
    expect(patterns.length * names.length).toBeGreaterThan(9_000);
    expect(findDisagreements(patterns, names)).toEqual([]);
  });

  it("agrees with the slow matcher on every short path of a few names", () => {
    const bodies = new Set([
      ...combine(["a", "b", "*", "**", "a*", "?"], 2).map((names) => names.join("/")),
      ...combine(["a", "*", "**"], 4).map((names) => names.join("/")),
    ]);
    const patterns = [...bodies].flatMap((body) => [body, `/${body}`, `${body}/`, `/${body}/`]);
    const paths = [...new Set(combine(["a", "b", "ab"], 3).map((names) => names.join("/")))];
    expect(patterns.length * paths.length).toBeGreaterThan(18_000);
    expect(findDisagreements(patterns, paths)).toEqual([]);
  });

  it("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
        expect(() => matches(a, b)).not.toThrow();
      }),
    );
  });

  it("comes to an end on patterns made to make matchers slow", () => {
    expect(matches(`/${"*a".repeat(2000)}b`, "a".repeat(4000))).toBe(false);
    expect(matches(`/${"**/a/".repeat(500)}b`, `${"a/".repeat(2000)}c`)).toBe(false);
    expect(matches(`/${"*?".repeat(1000)}b*`, "a".repeat(4000))).toBe(false);
  });
});

describe("a piece of a name", () => {
  const plain = { text: "ab", wild: new Set<number>() };
  const wild = { text: "a?", wild: new Set([1]) };

  it.each<[string, Parameters<typeof findPiece>, number]>([
    ["is found at its first place", [plain, "abab", 0, 4], 0],
    ["is found no earlier than asked", [plain, "abab", 1, 4], 2],
    ["may end where the rest begins", [plain, "xxab", 0, 4], 2],
    ["may not reach into the rest", [plain, "xxab", 0, 3], -1],
    ["is not found where it does not stand", [plain, "axb", 0, 3], -1],
    ["with a question mark is found at its first place", [wild, "xaba", 0, 4], 1],
    ["with a question mark is found no earlier than asked", [wild, "abab", 1, 4], 2],
    ["with a question mark may end where the rest begins", [wild, "xxab", 0, 4], 2],
    ["with a question mark may not reach into the rest", [wild, "xxab", 0, 3], -1],
  ])("%s", (_name, asked, place) => {
    expect(findPiece(...asked)).toBe(place);
  });

  it.each<[string, Parameters<typeof pieceStandsAt>, boolean]>([
    ["stands where its letters are", [plain, "xab", 1], true],
    ["does not stand one letter away", [plain, "xab", 0], false],
    ["stands with any letter for its question mark", [wild, "xaz", 1], true],
    ["does not stand on a question mark alone", [wild, "xaz", 0], false],
  ])("%s", (_name, asked, stands) => {
    expect(pieceStandsAt(...asked)).toBe(stands);
  });
});

describe("the letters that a pattern needs", () => {
  const bits = (...letters: string[]): number =>
    letters.reduce((all, letter) => all | (1 << (letter.charCodeAt(0) & 31)), 0);

  it.each<[string, string, string[]]>([
    ["all of a plain name", "/abc", ["a", "b", "c"]],
    ["those of every name", "/a/b*/c", ["a", "b", "c"]],
    ["none for a star", "/*", []],
    ["none for two stars", "**", []],
    ["none for a question mark", "/a?b*", ["a", "b"]],
    ["that of an escaped question mark", "/a\\?*", ["a", "?"]],
  ])("%s: %s", (_name, pattern, letters) => {
    const parsed = parsePattern(pattern);
    expect(parsed.ok && needsOf(parsed.elements)).toBe(bits(...letters));
  });

  it("are no reason to refuse a name that holds them", () => {
    expect(maskOf("cab")).toBe(bits("a", "b", "c"));
    expect(maskOf("")).toBe(0);
  });

  it("spare the comparison of a name that lacks one", () => {
    const parsed = parsePattern("/a*b");
    expect(parsed.ok && matchElements(parsed.elements, ["ab"], [maskOf("a")])).toBe(false);
  });
});

describe("a pattern is compiled to as few elements as say it", () => {
  const plain = (text: string): object => ({ kind: "literal", text });
  const any = { kind: "any" };
  const deep = { kind: "deep" };

  it.each<[string, string, object[]]>([
    ["a name stands anywhere and covers what is below it", "a", [deep, plain("a"), deep]],
    ["a rooted name", "/a", [plain("a"), deep]],
    ["a folder covers only what is below it", "/a/", [plain("a"), any, deep]],
    ["direct children", "/a/*", [plain("a"), any]],
    ["a star and a slash", "/a/*/", [plain("a"), any, any, deep]],
    ["everything below", "/a/**", [plain("a"), deep, any, deep]],
    ["everything below folders", "/a/**/", [plain("a"), deep, any, any, deep]],
    ["two stars twice in a row are two stars once", "/**/**/a", [deep, plain("a"), deep]],
    ["two stars before a name without a root", "**/a", [deep, plain("a"), deep]],
    ["an escaped star is a letter", "/\\*", [plain("*"), deep]],
    ["two escaped stars are letters", "/\\*\\*", [plain("**"), deep]],
    ["an escaped question mark is a letter", "/\\?", [plain("?"), deep]],
    ["an escaped backslash is a letter", "/a\\\\", [plain("a\\"), deep]],
  ])("%s: %s", (_name, pattern, elements) => {
    expect(parsePattern(pattern)).toEqual({ ok: true, elements });
  });

  it.each<[string, string, string[], number]>([
    ["a star between", "/ab*c", ["ab", "c"], 3],
    ["two stars in a row are one", "/a**c", ["a", "c"], 2],
    ["a star on each side of a question mark", "/*?*", ["", "?", ""], 1],
    ["stars around a letter", "/*a*", ["", "a", ""], 1],
    ["a star first and twice", "/**a", ["", "a"], 1],
  ])("a name with wildcards is cut at its stars: %s, %s", (_name, pattern, texts, atLeast) => {
    const parsed = parsePattern(pattern);
    const [first] = parsed.ok ? parsed.elements : [];
    expect(first).toMatchObject({ kind: "glob", glob: { atLeast, pieces: texts.map((text) => ({ text })) } });
  });
});
