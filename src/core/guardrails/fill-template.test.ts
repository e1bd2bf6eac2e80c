import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import type { MetricTemplate } from "../policy/policy.ts";
import { fillTemplate, renderPrometheusDuration, type TemplateFill } from "./fill-template.ts";

const place = { path: "model-routes/a.yaml", line: 7, column: 5 };

function template(queries: Partial<MetricTemplate>): MetricTemplate {
  return {
    name: "latency",
    category: "latency",
    value: null,
    numerator: null,
    denominator: null,
    samples: null,
    parameters: {},
    ...queries,
  };
}

function fill(value: string, change: Partial<TemplateFill> = {}, defaults: Record<string, string> = {}) {
  return fillTemplate(
    template({ value, parameters: defaults }),
    { route: "support_answer", variation: "candidate", windowMs: 1_800_000, parameters: {}, ...change },
    place,
  );
}

function textOf(filled: ReturnType<typeof fill>): string | null {
  if (!filled.ok) throw new Error(filled.problems.map((problem) => problem.message).join("; "));
  return filled.value.value;
}

describe("a template is filled", () => {
  it.each([
    [
      "with route, variation and window",
      'rate(x{route="$route",v="$variation"}[$window])',
      {},
      'rate(x{route="support_answer",v="candidate"}[30m])',
    ],
    ["longest name first", 'x{a="$routes"}', { parameters: { routes: "many" } }, 'x{a="many"}'],
    [
      "with a quote in a value escaped",
      'x{a="$route"}',
      { route: 'a"} or vector(1) #' },
      'x{a="a\\"} or vector(1) #"}',
    ],
    ["with a backslash in a value escaped", 'x{a="$route"}', { route: "a\\" }, 'x{a="a\\\\"}'],
    ["with a line break in a value escaped", "x{a='$route'}", { route: "a\nb'c" }, "x{a='a\\nb\\'c'}"],
    ["with other control characters escaped", 'x{a="$route"}', { route: "a\u0000b" }, 'x{a="a\\u0000b"}'],
    ["unescaped between backquotes", "x{a=`$route`}", { route: 'a"\\' }, 'x{a=`a"\\`}'],
    ["with a number outside of quotes", "quantile($q, x)", { parameters: { q: "0.95" } }, "quantile(0.95, x)"],
    ["but a dollar that ends a regular expression stays", 'x{a=~"^b$"}', {}, 'x{a=~"^b$"}'],
    ["but a value is not filled again", 'x{a="$route"}', { route: "$variation" }, 'x{a="$variation"}'],
    ["but an escaped quote does not end a text", 'x{a="\\"$route"}', { route: "r" }, 'x{a="\\"r"}'],
    ["with a backslash before a name between backquotes", "x{a=`\\$route`}", { route: "r" }, "x{a=`\\r`}"],
    ["in a text that holds the mark of a comment", 'x{a="# $route"}', { route: "r" }, 'x{a="# r"}'],
    ["with a backquote in a value between double quotes", 'x{a="$route"}', { route: "a`b" }, 'x{a="a`b"}'],
    ["with a window of several units outside of quotes", "x[$window]", { windowMs: 5_400_000 }, "x[1h30m]"],
    [
      "but a comment is left alone",
      'x # it\'s $nothing\n+ y{a="$route"}',
      { route: "r" },
      'x # it\'s $nothing\n+ y{a="r"}',
    ],
  ])("%s", (_name, query, change, expected) => {
    expect(textOf(fill(query, change))).toBe(expected);
  });

  it("with the template's own parameters where the guardrail gives none", () => {
    expect(textOf(fill('x{s=~"$segment"}', {}, { segment: ".*" }))).toBe('x{s=~".*"}');
    expect(textOf(fill('x{s=~"$segment"}', { parameters: { segment: "eu" } }, { segment: ".*" }))).toBe('x{s=~"eu"}');
  });

  it("in every one of its queries", () => {
    const filled = fillTemplate(
      template({ numerator: "n[$window]", denominator: "d[$window]", samples: "s[$window]" }),
      { route: "r", variation: "baseline", windowMs: 60_000, parameters: {} },
      place,
    );
    expect(filled).toEqual({
      ok: true,
      problems: [],
      value: { value: null, numerator: "n[1m]", denominator: "d[1m]", samples: "s[1m]" },
    });
  });
});

describe("a template is refused", () => {
  it.each([
    ["when nothing fills a name", 'x{a="$segment"}', {}, "unknown-template-name"],
    ["when a parameter is in no query", "x", { parameters: { segment: "eu" } }, "unknown-template-parameter"],
    [
      "when a parameter is only the beginning of a name",
      'x{a="$segments"}',
      { parameters: { segment: "eu" } },
      "unknown-template-parameter",
    ],
    [
      "when a parameter would replace the route",
      'x{a="$route"}',
      { parameters: { route: "other" } },
      "unknown-template-parameter",
    ],
    [
      "when a text would stand outside of quotes",
      "x + $more",
      { parameters: { more: "vector(0)" } },
      "unusable-template-value",
    ],
    [
      "when a text would stand behind a text that has ended",
      'x{a="$route"} + $more',
      { parameters: { more: "vector(0)" } },
      "unusable-template-value",
    ],
    [
      "when a text would stand behind a text that holds another kind of quote",
      'x{a="it\'s"} + $more',
      { parameters: { more: "vector(0)" } },
      "unusable-template-value",
    ],
    [
      "when a parameter's name has a character that means something in a pattern",
      "quantile($a, x)",
      { parameters: { a: "1", "a.": "1" } },
      "unknown-template-parameter",
    ],
    ["when the route would stand outside of quotes", "$route", { route: "up" }, "unusable-template-value"],
    ["when a backquote would end a raw text", "x{a=`$route`}", { route: "a`" }, "unusable-template-value"],
  ])("%s", (_name, query, change, code) => {
    const filled = fill(query, change);
    expect(filled.ok).toBe(false);
    expect(filled.problems.map((problem) => problem.code)).toContain(code);
    expect(filled.problems[0]).toMatchObject({ ...place, severity: "error" });
  });
});

describe("what is wrong with a template is told once, with its mend", () => {
  const unfilled = (name: string): readonly string[] => [
    "unknown-template-name",
    `The query template names $${name}, which nothing fills.`,
    `$${name}`,
    `Give \`${name}\` in the template's or the guardrail's parameters, or remove it from the query.`,
  ];
  const unused = (name: string, message: string): readonly string[] => [
    "unknown-template-parameter",
    message,
    name,
    `Remove \`${name}\` from the guardrail's parameters.`,
  ];

  it.each<[string, string, Partial<TemplateFill>, readonly (readonly string[])[]]>([
    ["a name that nothing fills, named twice", 'x{a="$segment",b="$segment"}', {}, [unfilled("segment")]],
    ["two names that nothing fills", 'x{a="$one",b="$two"}', {}, [unfilled("one"), unfilled("two")]],
    [
      "a value outside of quotes",
      "x + $more",
      { parameters: { more: "vector(0)" } },
      [
        [
          "unusable-template-value",
          "The value of $more stands outside of quotes, where only a number or a duration may stand.",
          "vector(0)",
          "Give a number or a duration, or write the name in quotes in the query.",
        ],
      ],
    ],
    [
      "a value with a backquote between backquotes",
      "x{a=`$route`}",
      { route: "a`" },
      [
        [
          "unusable-template-value",
          "The value of $route cannot stand between backquotes.",
          "a`",
          "Remove the backquote from the value, or write the query's text in double quotes.",
        ],
      ],
    ],
    [
      "parameters that no query names, in their order",
      "x",
      { parameters: { b: "1", a: "2" } },
      [
        unused("a", "Template `latency` has no parameter `a`."),
        unused("b", "Template `latency` has no parameter `b`."),
      ],
    ],
    [
      "a parameter that Routeward fills",
      'x{a="$window"}',
      { parameters: { window: "1h" } },
      [unused("window", "`window` is filled by Routeward and cannot be given.")],
    ],
  ])("%s", (_name, query, change, expected) => {
    const { problems } = fill(query, change);
    expect(problems.map(({ code, message, found, fix }) => [code, message, found, fix])).toEqual(expected);
    expect(problems[0]?.expected).toBe("what template `latency` can be filled with");
  });
});

it("no value of a label can end its text", () => {
  assert(
    property(string({ unit: "binary" }), (route) => {
      const query = textOf(fill('x{a="$route"}', { route })) ?? "";
      const inner = query.slice('x{a="'.length, -'"}'.length);
      expect(inner.replaceAll(/\\./g, "")).not.toMatch(/["\n]/);
    }),
  );
});

it.each([
  [1_800_000, "30m"],
  [5_400_000, "1h30m"],
  [172_800_000, "2d"],
  [1500, "1s500ms"],
  [0, "1ms"],
])("%i milliseconds are %s for Prometheus", (milliseconds, expected) => {
  expect(renderPrometheusDuration(milliseconds)).toBe(expected);
});
