import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lexer } from "yaml";
import { parseFully, yamlLimits } from "./parse-yaml.ts";
import { readPlainYaml } from "./read-plain-yaml.ts";

/** The library's reading in the same form; a string names the first problem. */
function readFully(text: string): unknown {
  const parsed = parseFully("file.yaml", text, { documents: 1, mergeKeys: false });
  if (!parsed.ok) return parsed.problems[0]?.code;
  const [document] = parsed.value;
  return { value: document?.value, keys: document?.keys, values: document?.values };
}

const read = (text: string): ReturnType<typeof readPlainYaml> => readPlainYaml(text, yamlLimits.tokens);

/** What the two readers say, where the quick one gives an answer and the library another one, or fewer tokens than the library counts. */
function findDifference(text: string): unknown {
  const quick = read(text);
  if (quick === null) return null;
  const full = readFully(text);
  if (!isDeepStrictEqual({ ...quick }, full)) return { text, quick, full };
  const tokens = [...new Lexer().lex(text)].length;
  return readPlainYaml(text, tokens - 1) === null ? null : { text, tokens };
}

describe("is read at once, as the library reads it", () => {
  it.each([
    ["a map of words, numbers and logic", "a: 1\nb: true\nc: text with spaces\nd: -0\ne: 0.20\nf: null\n"],
    ["maps inside maps", "a:\n  b:\n    c: 1\n  d: 2\ne: 3"],
    ["lists below their key and at its depth", "a:\n  - 1\n  - x\nb:\n- y\n- z\nc: 1\n"],
    ["lists of maps", "a:\n  - b: 1\n    c: 2\n  -   b: 3\n      c:\n        d: 4\n  - text\n"],
    ["quotes without escapes", "a: \"x: y # z\"\nb: 'it''s' # no\n".replace("''", "")],
    ["quoted keys", "\"a b\": 1\n'c': 2\n"],
    ["comments and empty lines", "# head\n\na: 1 # one\n  # deeper\n\nb:\n  # first\n  c: 2\n"],
    ["lists and maps in one line", 'a: [1, "x", y z, -3.5]\nb: {c: 1, "d": [true, {}], e: []}\n'],
    ["lists and maps in items of lists", "a:\n  - [1, 2]\n  - {b: 1}\n"],
    ["JSON in one line", '{"a":[1,null,true,"x\\n\\"y\\""],"b":{"c":{}}}'],
    ["JSON over many lines", JSON.stringify({ a: [1, { b: "x" }, []], c: { d: -1.5 } }, null, 2)],
    ["a list at the top", "- 1\n- a: 2\n"],
    [
      "dates, versions, digests, addresses and thresholds",
      "a: 2027-01-31\nb: v1\nc: sha256:ab\nd: https://x/y\ne: <= 5\n",
    ],
    ["spaces at the end of a line", "a: x  \nb:   \n  c: 1 \n"],
    ["two ways to the same dotted name", "a.b: 1\na:\n  b: 2\n"],
    ["letters of all the world inside words", "a: x ü 😀\u00a0\n"],
  ])("%s", (_name, text) => {
    expect(read(text)).not.toBeNull();
    expect(findDifference(text)).toBeNull();
  });
});

describe("is left to the library", () => {
  it.each([
    ["a duplicate key", "a: 1\na: 2"],
    ["a duplicate key in JSON", '{"a":1,"a":2}'],
    ["a value over two lines", "a: x\n  y\n"],
    ["a key without a value", "a:\nb: 1\n"],
    ["an item without a value", "- \n- 1\n"],
    ["an anchor", "a: &x 1"],
    ["an alias", "a: *x"],
    ["a tag", "a: !!str 1"],
    ["a block of text", "a: |\n  x\n"],
    ["a merge key", "<<: 1"],
    ["the name of the prototype", "__proto__: 1"],
    ["the name of the prototype in JSON", '{"__proto__": 1}'],
    ["a document mark", "---\na: 1"],
    ["a directive", "%YAML 1.2\n---\na: 1"],
    ["a tab", "a:\t1"],
    ["Windows line ends", "a: 1\r\n"],
    ["a colon inside a plain value", "a: b: c"],
    ["a plain value that ends in a colon", "a: b:"],
    ["uneven indentation", "a:\n    b: 1\n  c: 2\n"],
    ["text that begins deeper than the first column", "  a: 1\n"],
    ["an escape by number", 'a: "\\u0041"'],
    ["an escape in a block", 'a: "x\\ny"'],
    ["a number in another form", "a: 0x1F"],
    ["a number that JSON cannot keep", "a: 12345678901234567890"],
    ["infinity", "a: .inf"],
    ["a word for nothing", "a: ~"],
    ["nothing at all", ""],
    ["a lone word", "word"],
    ["an unclosed bracket", "a: [1, 2\n"],
    ["a bracket over two lines inside a block", "a: [1,\n  2]\n"],
    ["a comma too many", "[1, 2, ]"],
    ["a key of a word that means something", "true: 1"],
    ["more than the depth that is surely allowed", "[".repeat(20) + "]".repeat(20)],
    ["more tokens than are allowed", "a: 1\n".repeat(20_000)],
  ])("%s", (_name, text) => {
    expect(read(text)).toBeNull();
  });

  it("a text of ever deeper maps", () => {
    const text = Array.from({ length: 20 }, (_, level) => `${" ".repeat(level)}k:`).join("\n");
    expect(read(`${text} 1\n`)).toBeNull();
  });
});

const usual = <T>(common: readonly T[], odd: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...common) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });

const commonValues = [
  "1",
  "x y",
  "-1",
  "0.5",
  "true",
  '"x"',
  "'y'",
  "[1, x]",
  "{a: 1}",
  "[]",
  '{"b":2}',
  "<= 5",
  "x # c",
  "a:b",
];
const oddValues = [
  ".github/x.yml",
  ".a",
  ".inf",
  ...'|null|~|1e3|007|.5|# c|x #c|a: b|-|--|>|[x|{a: {b: [1]}}|[a b,c]|é|"a" b|[-]|{a:1}|[ 1 ]|x,|x]|[x]]|"x"# c'.split(
    "|",
  ),
  "|",
  "[{a: 1, b}]",
  "x ",
  "x\u00a0",
  "\ufeff",
];
const lineParts = fc.tuple(
  usual(["", "", "", "  ", "  "], ["    ", " ", "   "]),
  usual(["", "", "", "- "], ["-   ", "- - ", "-"]),
  usual(["a: ", "b: ", "c: ", "d: ", "e: ", "f: ", "g: ", '"q r": '], ["h:", "'s': ", "a.b: ", "true: ", "", "? "]),
  usual(commonValues, oddValues),
  usual(["\n"], [" \n", "\n\n", "\n# c\n", "", ":\n", "\n---\n"]),
);
/** A line that opens a block, and lines that may stand in it. */
const block = fc.tuple(usual(["k:\n", "l:\n"], ["- k:\n", "k: \n", "k: # c\n"]), fc.array(lineParts, { maxLength: 3 }));

it("never reads anything in another way than the library", () => {
  let quick = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(lineParts, block), { maxLength: 4 }), (lines) => {
      const text = lines.flat(3).join("");
      if (read(text) !== null) quick += 1;
      expect(findDifference(text)).toBeNull();
    }),
    { numRuns: 4000 },
  );
  // About one in ten of such texts is plain; this only says that the property was not about nothing.
  expect(quick).toBeGreaterThan(250);
});

const disturbances = ["", " ", "\n", ",", "]", "}", '"', "\\", ": ", "#", "-", "a"];

it("never reads JSON in another way than the library, mutilated or not", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...disturbances), (text, at, more) => {
      const place = at % (text.length + 1);
      expect(findDifference(text)).toBeNull();
      expect(findDifference(text.slice(0, place) + more + text.slice(place))).toBeNull();
      expect(findDifference(JSON.stringify(JSON.parse(text), null, 2))).toBeNull();
    }),
    { numRuns: 1000 },
  );
});
