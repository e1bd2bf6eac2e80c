import fc from "fast-check";
import { expect, it } from "vitest";
import { parseYaml, yamlLimits } from "./parse-yaml.ts";
import { placeInDocument } from "./yaml-document.ts";

function read(text: string): unknown {
  const parsed = parseYaml("file.yaml", text);
  return parsed.ok ? parsed.value.value : parsed.problems.map((one) => `${one.line}:${one.column} ${one.code}`);
}

it.each<[string, string, unknown]>([
  ["a date stays text", "a: 2027-01-31", { a: "2027-01-31" }],
  ["yes and no stay text", "a: yes", { a: "yes" }],
  ["0.20 is 0.2", "a: 0.20", { a: 0.2 }],
  ["JSON is read too", '{"a":[1,null,true]}', { a: [1, null, true] }],
  ["a byte order mark and Windows line ends change nothing", "\uFEFFa: 1\r\nb: x\r\n", { a: 1, b: "x" }],
  ["a few aliases are resolved", "a: &x [1]\nb: *x", { a: [1], b: [1] }],
  ["an explicit core tag is accepted", "a: !!str 1", { a: "1" }],
  ["a document start is accepted", "---\na: 1\n", { a: 1 }],
  ["minus zero is zero", "a: -0.0", { a: 0 }],
])("%s", (_name, text, value) => {
  expect(read(text)).toEqual(value);
});

it.each<[string, string, string]>([
  ["a duplicate key is refused where it stands again", "a: 1\nb:\n  c: 1\n  c: 2", "4:3 duplicate-key"],
  ["a duplicate key in JSON form too", '{"a":1,"a":2}', "1:8 duplicate-key"],
  ["a merge key is refused", "x: &x {a: 1}\ny:\n  <<: *x", "3:3 merge-key"],
  ["a second document is refused", "a: 1\n---\nb: 2", "2:1 several-documents"],
  ["a tag of another schema is refused", "a: !!binary aGk=", "1:13 yaml-tag"],
  ["a tag of one's own is refused", "a: !env X", "1:4 yaml-tag"],
  ["a directive, which could switch to YAML 1.1, is refused", "%YAML 1.1\n---\na: yes", "1:1 yaml-directive"],
  ["an alias without anchor is refused", "a: *x", "1:4 unknown-alias"],
  ["an alias inside its own anchor is refused", "a: &x [*x]", "1:8 unknown-alias"],
  ["infinity is refused", "a: .inf", "1:4 inexact-number"],
  ["a whole number that JSON cannot keep is refused", "a: 12345678901234567890", "1:4 inexact-number"],
  ["half a character is refused", 'a: "\\ud800"', "1:4 broken-text"],
  ["a NUL byte is refused", "a: \u0000", "1:4 control-character"],
  ["a terminal escape is refused", "a: x\u001b[31m", "1:5 control-character"],
  ["the name of the prototype is no key", "__proto__: 1", "1:1 reserved-key"],
  ["an empty file is refused", "# nothing\n", "1:1 empty-file"],
  ["a map in brackets that is never closed", "a:\n  b: { c: 1\n  d: 2", "3:3 broken-yaml"],
  ["a tab as indentation is refused", "a:\n\tb: 1", "2:1 broken-yaml"],
  ["an unclosed bracket is refused", "a: [1, 2\n", "2:1 broken-yaml"],
  ["more than 256 KiB is refused", `a: ${"x".repeat(256 * 1024)}`, "1:1 too-large"],
  ["more than 256 KiB is counted in bytes, not characters", `a: ${"ä".repeat(140 * 1024)}`, "1:1 too-large"],
  ["deep nesting is refused", "[".repeat(40), "1:35 too-deep"],
])("%s", (_name, text, problem) => {
  expect(read(text)).toContain(problem);
});

it("refuses more than a hundred aliases", () => {
  const aliases = (count: number): string => `a: &x 1\nb: [${Array.from({ length: count }, () => "*x").join(", ")}]`;
  expect(read(aliases(100))).toHaveProperty("b");
  expect(read(aliases(101))).toContain("2:405 too-many-aliases");
});

it("refuses an alias bomb of few aliases by the number of values it would make", () => {
  const lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"];
  for (let level = 1; level <= 9; level++) {
    const row = Array.from({ length: 10 }, () => `*a${level - 1}`).join(",");
    lines.push(`a${level}: &a${level} [${row}]`);
  }
  expect(read(lines.join("\n"))).toEqual([expect.stringContaining("too-complex")]);
});

it("says that a bare comparison needs quotes", () => {
  const parsed = parseYaml("file.yaml", "threshold: >= 0.85\n");
  expect(parsed.problems[0]?.fix).toContain('">= 0.85"');
});

it("never shows a secret in what it found", () => {
  const parsed = parseYaml("file.yaml", "key: sk-abcdefghijklmnop1234567890: x");
  expect(JSON.stringify(parsed)).not.toContain("abcdefghijklmnop");
});

it("knows where a value stands, and for a block where its key stands", () => {
  const parsed = parseYaml("file.yaml", "a:\n  b: text\n  c:\n    - d: 1\n");
  if (!parsed.ok) throw new Error("unreadable");
  const at = (...steps: (string | number)[]): string => {
    const place = placeInDocument(parsed.value, steps);
    return `${place.line}:${place.column}`;
  };
  expect([at("a"), at("a", "b"), at("a", "c"), at("a", "c", 0, "d"), at("a", "absent")]).toEqual([
    "1:1",
    "2:6",
    "3:3",
    "4:10",
    "1:1",
  ]);
});

const pieces = [
  "a",
  ": ",
  "\n",
  "  ",
  "- ",
  "[",
  "]",
  "{",
  "}",
  ",",
  '"',
  "'",
  "&x ",
  "*x",
  "!t ",
  "|",
  ">",
  "#",
  "? ",
  "<<",
  "\t",
  "%",
  "---\n",
  "\\",
  "0",
  "ü",
  "\u2028",
];

it("never throws and always gives a value or a problem, whatever the text", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 })), { maxLength: 60 }),
      (parts) => {
        const parsed = parseYaml("file.yaml", parts.join(""));
        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
        for (const problem of parsed.problems) {
          expect(problem.line).toBeGreaterThan(0);
          expect(problem.column).toBeGreaterThan(0);
          expect(problem.found.length).toBeLessThanOrEqual(120);
        }
      },
    ),
    { numRuns: 500 },
  );
});

it.each([
  "[",
  "{a: ",
  "- ",
  "? ",
  "&a ",
  "!a ",
  "*a ",
  ": ",
  ",",
  "---\n",
  "%a\n",
  "\n",
  "#\n",
  "a: b\n",
  "'",
  "{a,",
  "  \n",
])("comes to an end with 256 KiB of %j", (piece) => {
  const text = piece.repeat(Math.floor(yamlLimits.bytes / piece.length));
  // How soon is measured by the bench; a reader that hangs ends in the test's own limit.
  expect(parseYaml("file.yaml", text).problems.length).toBeLessThanOrEqual(yamlLimits.problems);
});
