import type { JsonValue } from "../../src/core/json.ts";

/** Numbers from 0 up to but without 1, the same for the same seed. */
export type Random = () => number;

/** A small generator (mulberry32): a failing sample is found again by its seed. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

function pick<Item>(random: Random, items: readonly Item[], otherwise: Item): Item {
  return items[below(random, items.length)] ?? otherwise;
}

const oddTexts = [
  "\u0000",
  "\uFEFF",
  "\u2028",
  "\u202E",
  "\u0301",
  "\uD800",
  "\uDFFF",
  "💥",
  "ﷺ",
  "\r",
  "\t",
  "\u001B[31m",
  "<script>",
  "]]>",
  "<!DOCTYPE x [<!ENTITY a 'b'>]>",
  "&a *a",
  "*missing",
  "<<: *x",
  "!!binary aGk=",
  "!!js/function x",
  "--- ",
  "...",
  "%YAML 9.9",
  "|+",
  ">-",
  "? ",
  "- - - - ",
  "{",
  "}",
  "[",
  "]",
  '"',
  "'",
  "\\",
  "\\u0000",
  "#",
  ":",
  ": ",
  ",",
  "__proto__",
  "constructor",
  "toString",
  "0x1F",
  "1e999",
  "-1e999",
  "-0",
  ".nan",
  ".inf",
  "NaN",
  "9".repeat(400),
  "0.1".repeat(50),
  "1_000",
  "~",
  "null",
  "yes",
  "2026-13-45T99:99:99Z",
  "../../../etc/passwd",
  "*".repeat(60),
  "**/".repeat(40),
  "{a,b}".repeat(12),
  "a".repeat(5000),
  "(".repeat(300),
  "@",
  "@@",
  "%",
  "$route",
  "${x}",
] as const;

type Mutation = (text: string, random: Random, others: readonly string[]) => string;

function splice(text: string, at: number, removed: number, inserted: string): string {
  return text.slice(0, at) + inserted + text.slice(at + removed);
}

function changeLines(text: string, random: Random, change: (lines: string[], at: number) => void): string {
  const lines = text.split("\n");
  change(lines, below(random, lines.length));
  return lines.join("\n");
}

/** What goes wrong in files: on disks, in editors, in merges, and on purpose. */
const mutations: readonly Mutation[] = [
  (text, random) => {
    const at = below(random, text.length + 1);
    const flipped = (text.charCodeAt(at) || 0) ^ (1 << below(random, 8));
    return splice(text, at, 1, String.fromCharCode(flipped));
  },
  (text, random) => splice(text, below(random, text.length + 1), 0, String.fromCharCode(below(random, 65_536))),
  (text, random) => splice(text, below(random, text.length + 1), below(random, 20), ""),
  (text, random) => text.slice(0, below(random, text.length + 1)),
  (text, random) => text.slice(below(random, text.length + 1)),
  (text, random) => splice(text, below(random, text.length + 1), 0, pick(random, oddTexts, "")),
  (text, random) => {
    const at = below(random, text.length + 1);
    return splice(text, at, below(random, 30), pick(random, oddTexts, ""));
  },
  (text, random) => changeLines(text, random, (lines, at) => lines.splice(at, 0, lines[at] ?? "")),
  (text, random) => changeLines(text, random, (lines, at) => lines.splice(at, 1)),
  (text, random) =>
    changeLines(text, random, (lines, at) => {
      const other = below(random, lines.length);
      [lines[at], lines[other]] = [lines[other] ?? "", lines[at] ?? ""];
    }),
  (text, random) =>
    changeLines(text, random, (lines, at) => {
      lines[at] = `${" ".repeat(below(random, 12))}${(lines[at] ?? "").trimStart()}`;
    }),
  // The key of one line before the value of another.
  (text, random) =>
    changeLines(text, random, (lines, at) => {
      const other = lines[below(random, lines.length)] ?? "";
      lines[at] = `${(lines[at] ?? "").split(":")[0] ?? ""}:${other.slice(other.indexOf(":") + 1)}`;
    }),
  (text, random) => {
    const depth = 1 + below(random, 400);
    const [open, close] = pick(
      random,
      [
        ["[", "]"],
        ["{a: ", "}"],
        ["- ", ""],
        ['{"a":', "}"],
        ["<a>", "</a>"],
      ],
      ["[", "]"],
    );
    const at = below(random, text.length + 1);
    return splice(text, at, 0, `${(open ?? "").repeat(depth)}1${(close ?? "").repeat(depth)}`);
  },
  (text, random) => {
    const digits = [...text.matchAll(/\d+(?:\.\d+)?/g)];
    const found = digits[below(random, digits.length)];
    if (found === undefined) return text;
    const value = pick(random, ["-1", "0", "1e308", "1e-320", "9".repeat(30), "0.1.2", "1e1e1", "００"], "0");
    return splice(text, found.index, found[0].length, value);
  },
  (text, random, others) => {
    const other = pick(random, others, "");
    const from = below(random, other.length + 1);
    return splice(text, below(random, text.length + 1), 0, other.slice(from, from + below(random, 400)));
  },
  (text, random) => text.repeat(1 + below(random, 3)),
  (text, random) => text.replaceAll("\n", pick(random, ["\r\n", "\r", "\n\n", "\u0085"], "\n")),
];

/** One of the samples with one to four things gone wrong in it. */
export function mutateText(samples: readonly string[], random: Random): string {
  let text = pick(random, samples, "");
  for (let count = 1 + below(random, 4); count > 0; count -= 1) {
    text = pick(random, mutations, (same: string) => same)(text, random, samples);
  }
  return text;
}

const oddValues: readonly JsonValue[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  -0,
  0.1,
  2 ** 53,
  "",
  "x",
  "\uD800",
  "\u0000",
  "a".repeat(70_000),
  [],
  {},
  [[[[[]]]]],
  ["x", null, 1],
  { id: null },
  { toString: 1, constructor: "x" },
  JSON.parse('{"__proto__": {"polluted": true}}') as JsonValue,
];

function mutateNode(value: JsonValue, random: Random, chance: number): JsonValue {
  if (random() < chance) return pick(random, oddValues, null);
  if (Array.isArray(value)) {
    const items = value.map((item: JsonValue) => mutateNode(item, random, chance));
    if (random() < chance) items.push(...items);
    return items;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, member]): [string, JsonValue][] => {
    if (random() < chance) return [];
    return [[random() < chance ? pick(random, oddTexts, "x") : key, mutateNode(member, random, chance)]];
  });
  return Object.fromEntries(entries);
}

/** One of the values with odd ones in some places, members missing, renamed and doubled. */
export function mutateValue(samples: readonly JsonValue[], random: Random): JsonValue {
  return mutateNode(pick(random, samples, null), random, random() < 0.5 ? 0.02 : 0.1);
}
