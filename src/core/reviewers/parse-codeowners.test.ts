import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut } from "../problem.ts";
import { codeownersLimitBytes, exceedsBytes, parseCodeowners } from "./parse-codeowners.ts";

const path = ".github/CODEOWNERS";
const parse = (text: string): ReturnType<typeof parseCodeowners> => parseCodeowners({ kind: "text", path, text });

describe("lines of CODEOWNERS", () => {
  it.each<[string, string, { pattern: string; owners: string[] }[]]>([
    ["a user", "* @ada", [{ pattern: "*", owners: ["@ada"] }]],
    ["a team", "* @acme/web-ui", [{ pattern: "*", owners: ["@acme/web-ui"] }]],
    ["an e-mail address", "*.go docs@example.com", [{ pattern: "*.go", owners: ["docs@example.com"] }]],
    ["several owners on one line", "/a/ @ada @acme/x", [{ pattern: "/a/", owners: ["@ada", "@acme/x"] }]],
    ["owners are compared without their case", "* @Ada @ADA", [{ pattern: "*", owners: ["@ada"] }]],
    ["the pattern keeps its case", "/Docs/ @ada", [{ pattern: "/Docs/", owners: ["@ada"] }]],
    ["a line without owners is a line", "/a/", [{ pattern: "/a/", owners: [] }]],
    ["a comment after the owners", "*.js @ada #This is a comment.", [{ pattern: "*.js", owners: ["@ada"] }]],
    ["a comment in place of the owners", "/a/ # nobody", [{ pattern: "/a/", owners: [] }]],
    ["a whole comment is no line", "# * @ada", []],
    ["an indented comment is no line", "   # * @ada", []],
    ["an empty line is no line", "   \t ", []],
    ["an indented line", "\t  * @ada", [{ pattern: "*", owners: ["@ada"] }]],
    ["blanks at the end", "* @ada \t", [{ pattern: "*", owners: ["@ada"] }]],
    ["tabs between", "*\t@ada\t\t@bo", [{ pattern: "*", owners: ["@ada", "@bo"] }]],
    [
      "Windows line ends",
      "* @ada\r\n/a/ @bo\r\n",
      [
        { pattern: "*", owners: ["@ada"] },
        { pattern: "/a/", owners: ["@bo"] },
      ],
    ],
    ["a byte order mark", "\uFEFF* @ada", [{ pattern: "*", owners: ["@ada"] }]],
    ["an escaped space belongs to the pattern", "/my\\ docs/ @ada", [{ pattern: "/my\\ docs/", owners: ["@ada"] }]],
    ["a form feed and a vertical tab between", "*\f@ada\v@bo", [{ pattern: "*", owners: ["@ada", "@bo"] }]],
    ["a carriage return inside a line", "*\r@ada\r", [{ pattern: "*", owners: ["@ada"] }]],
    ["the longest user name", `* @${"a".repeat(100)}`, [{ pattern: "*", owners: [`@${"a".repeat(100)}`] }]],
    ["a backslash and a blank at the end of the line", "/a\\ ", [{ pattern: "/a\\ ", owners: [] }]],
    ["the longest team name", `* @a/${"b".repeat(255)}`, [{ pattern: "*", owners: [`@a/${"b".repeat(255)}`] }]],
    ["a managed user's name with an underscore", "* @ada_acme", [{ pattern: "*", owners: ["@ada_acme"] }]],
  ])("%s", (_name, text, lines) => {
    const parsed = parse(text);
    expect(parsed.lines.map(({ pattern, owners }) => ({ pattern, owners }))).toEqual(lines);
    expect(parsed.problems).toEqual([]);
  });
});

describe("a mistake costs its own line only, and is reported with line and column", () => {
  it.each<[string, string, string, number]>([
    ["an owner without an at sign", "*.txt docs", "codeowners-invalid-owner", 7],
    ["an e-mail address without its domain", "*.txt @ok docs@", "codeowners-invalid-owner", 11],
    ["a lone at sign", "* @", "codeowners-invalid-owner", 3],
    ["a team with a dot", "* @acme/web.ui", "codeowners-invalid-owner", 3],
    ["a team inside a team", "* @acme/web/ui", "codeowners-invalid-owner", 3],
    ["a user name that is too long", `* @${"a".repeat(101)}`, "codeowners-invalid-owner", 3],
    ["a team name that is too long", `* @a/${"b".repeat(256)}`, "codeowners-invalid-owner", 3],
    ["a user name that begins with a hyphen", "* @-ada", "codeowners-invalid-owner", 3],
    ["an organisation that begins with a hyphen", "* @-acme/web", "codeowners-invalid-owner", 3],
    ["a team without a name", "* @acme/", "codeowners-invalid-owner", 3],
    ["an e-mail address with two at signs", "* a@b@c", "codeowners-invalid-owner", 3],
    ["an e-mail address whose name is too long", `* ${"a".repeat(65)}@b`, "codeowners-invalid-owner", 3],
    ["an e-mail address whose domain is too long", `* a@${"b".repeat(256)}`, "codeowners-invalid-owner", 3],
    ["a backslash does not keep a blank in an owner", "* @a\\ @b", "codeowners-invalid-owner", 3],
    ["a comment glued to an owner", "* @ada#lead", "codeowners-invalid-owner", 3],
    ["an unescaped space in a path", "/my docs/ @ada", "codeowners-invalid-owner", 5],
    ["negation", "  !/a/ @ada", "codeowners-invalid-pattern", 3],
    ["a character range", "/a/[bc]/ @ada", "codeowners-invalid-pattern", 4],
    ["three asterisks", "***/*.rb @ada", "codeowners-invalid-pattern", 1],
    ["an escaped number sign", "\\#a @ada", "codeowners-invalid-pattern", 1],
  ])("%s", (_name, text, code, column) => {
    const parsed = parse(`* @first\n${text}\n/z/ @last`);
    expect(parsed.lines.map(({ line }) => line)).toEqual([1, 3]);
    expect(parsed.invalidLines).toEqual([2]);
    expect(parsed.problems).toMatchObject([
      { code, severity: "warning", path, line: 2, column, found: cut(text.trim()) },
    ]);
  });

  it.each<[string, string, string]>([
    ["an owner that is none", "* docs", "@user, @organisation/team or an e-mail address"],
    ["a pattern that GitHub refuses", "!/a/ @ada", "a pattern GitHub reads"],
  ])("says what was expected: %s", (_name, text, expected) => {
    expect(parse(text).problems.map((problem) => problem.expected)).toEqual([expected]);
  });

  it("names the file that was read", () => {
    expect(parse("* @ada").path).toBe(path);
  });

  it("takes a byte order mark for a mark only where the file begins", () => {
    expect(parse("/a\uFEFFb @ada").lines.map(({ pattern }) => pattern)).toEqual(["/a\uFEFFb"]);
  });

  it.each<[string, string, string, string]>([
    ["negation", "!/a/ @ada", "negation with ! does not work in CODEOWNERS", "Write a later line without owners."],
    [
      "an escaped number sign",
      "\\#a @ada",
      "a leading # cannot be escaped in CODEOWNERS",
      "Match the folder that holds the file.",
    ],
    ["a character range", "/[ab]/ @ada", "[ ] does not work in CODEOWNERS", "Use * or ? in place of the brackets."],
    ["three asterisks", "*** @ada", "three asterisks in a row", "Write `**/` or `*`."],
    ["a lone backslash", "/a\\", "the pattern ends in a lone backslash", "Remove the backslash."],
    [
      "an owner that ends in a backslash",
      "* @a\\ @b",
      "`@a\\` is no owner",
      "Write @user, @organisation/team or an e-mail address.",
    ],
    ["no owner", "* docs", "`docs` is no owner", "Write @user, @organisation/team or an e-mail address."],
  ])("says what is wrong and how to mend it: %s", (_name, text, why, fix) => {
    const [problem] = parse(text).problems;
    expect(problem?.message).toBe(`CODEOWNERS line 1 is skipped, as GitHub skips it: ${why}.`);
    expect(problem?.fix).toBe(fix);
  });

  it("reports no more than fifty of them, but knows all", () => {
    const parsed = parse("!x @a\n".repeat(80));
    expect(parsed.problems).toHaveLength(50);
    expect(parsed.invalidLines).toHaveLength(80);
  });
});

describe("a file that gives no answer owns nothing", () => {
  it("is absent", () => {
    expect(parseCodeowners({ kind: "absent" })).toMatchObject({ kind: "absent", lines: [], problems: [] });
  });

  it.each<[string, Parameters<typeof parseCodeowners>[0], string, string, string]>([
    [
      "unreadable",
      { kind: "unreadable", path, why: "binary" },
      "codeowners-unreadable",
      "CODEOWNERS could not be read, so it is not known who owns what.",
      "Make the file readable on the default branch, then re-check.",
    ],
    [
      "too large",
      { kind: "text", path, text: "#".repeat(codeownersLimitBytes) },
      "codeowners-too-large",
      "CODEOWNERS is too large: GitHub ignores all of it, so nobody owns anything.",
      "Shorten the file.",
    ],
  ])("says why, when it is %s", (_name, source, code, message, fix) => {
    const { lines, invalidLines, problems } = parseCodeowners(source);
    expect([lines, invalidLines]).toEqual([[], []]);
    expect(problems).toMatchObject([{ code, message, fix, expected: "a text file under 3 MB", line: 1, column: 1 }]);
  });

  it("says how large it is, when it is too large", () => {
    const parsed = parse("#".repeat(codeownersLimitBytes + 1));
    expect(parsed.problems.map(({ found }) => found)).toEqual([`${codeownersLimitBytes + 1} characters`]);
  });

  it("is unreadable", () => {
    const parsed = parseCodeowners({ kind: "unreadable", path, why: "binary" });
    expect(parsed).toMatchObject({ kind: "unreadable", lines: [], problems: [{ severity: "error", found: "binary" }] });
  });

  it.each<[string, string, "read" | "too-large"]>([
    ["one byte under the limit is read", `* @ada\n${"#".repeat(codeownersLimitBytes - 8)}`, "read"],
    ["the limit itself is too large", `* @ada\n${"#".repeat(codeownersLimitBytes - 7)}`, "too-large"],
    ["two-byte letters to the limit", `* @ada\n${"é".repeat((codeownersLimitBytes - 8) / 2)}#`, "too-large"],
    ["two-byte letters count twice", `* @ada\n#${"é".repeat(codeownersLimitBytes / 2)}`, "too-large"],
    ["three-byte letters count three times", `* @ada\n#${"€".repeat(codeownersLimitBytes / 3)}`, "too-large"],
    ["four-byte letters count four times", `* @ada\n#${"😀".repeat(codeownersLimitBytes / 4)}`, "too-large"],
    [
      "a little less than the limit in four-byte letters",
      `* @ada\n#${"😀".repeat(codeownersLimitBytes / 4 - 4)}`,
      "read",
    ],
  ])("%s", (_name, text, kind) => {
    const parsed = parse(text);
    expect(parsed.kind).toBe(kind);
    expect(parsed.lines).toHaveLength(kind === "read" ? 1 : 0);
    expect(parsed.problems.map(({ severity }) => severity)).toEqual(kind === "read" ? [] : ["error"]);
  });

  it("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        expect(() => parse(text)).not.toThrow();
      }),
    );
  });
});

describe("bytes of a text", () => {
  it.each<[string, string, number]>([
    ["of one byte a letter", "abcdef", 6],
    ["of the last letter of one byte", "a\u007F\u007F", 3],
    ["of the first letter of two bytes", "a\u0080\u0080", 5],
    ["of the last letter of two bytes", "a\u07FF\u07FF", 5],
    ["of the first letter of three bytes", "a\u0800\u0800", 7],
    ["of the last letter before the surrogates", "a\uD7FF\uD7FF", 7],
    ["of the first letter of four bytes", "a\u{10000}\u{10000}", 9],
    ["of the last letter of four bytes", "a\u{10FFFF}\u{10FFFF}", 9],
    ["of the first letter behind the surrogates", "a\uE000\uE000", 7],
    ["of letters of every size", "a\u00E9\u20AC\u{1F600}", 10],
  ])("are counted as UTF-8 has them: %s", (_name, text, bytes) => {
    expect(new TextEncoder().encode(text)).toHaveLength(bytes);
    const answers = [bytes - 1, bytes, bytes + 1].map((limit) => exceedsBytes(text, limit));
    expect(answers).toEqual([true, true, false]);
  });
});
