import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ConfigurationError } from "./read-environment.ts";
import { doPatternsOverlap, parseOperatorConfig } from "./read-operator-config.ts";

const example = readFileSync(new URL("../../../docs/examples/routeward.config.yaml", import.meta.url), "utf8");
const env = { FEATBIT_ACCESS_TOKEN: "api-token", FEATBIT_SDK_KEY: "sdk-key" };
const second = example.slice(example.indexOf("  - name:"), example.indexOf("sweep:"));

const mistakesOf = (text: string, variables: Record<string, string> = env): readonly string[] => {
  try {
    parseOperatorConfig("routeward.config.yaml", text, variables);
    return [];
  } catch (error) {
    return (error as ConfigurationError).mistakes;
  }
};

it("accepts the example as it stands", () => {
  const config = parseOperatorConfig("routeward.config.yaml", example, env);
  expect(config.bindings[0]).toMatchObject({
    name: "acme-production",
    isProduction: true,
    dispatchKey: "accountId",
    featbit: { accessToken: "api-token", sdkKey: "sdk-key", webhookSecret: null },
  });
  expect(config.sweep).toEqual({ pullRequests: 600_000, deliveries: 300_000, drift: 300_000, guardrails: 60_000 });
});

describe("a mistake is named with its line", () => {
  it.each([
    ["an unknown key", example.replace("flagKeys:", "flagKey:"), /routeward\.config\.yaml:\d+:\d+: .*flagKeys/s],
    ["a wrong address", example.replace("http://127.0.0.1:5000", "featbit"), /routeward\.config\.yaml:\d+:\d+/],
    ["a duration without unit", example.replace("10m", "ten"), /10m/],
  ])("%s", (_name, text, expected) => {
    expect(mistakesOf(text).join("\n")).toMatch(expected);
  });
});

describe("the address that a rehearsal asks", () => {
  const withRoute = (lines: string): string =>
    example.replace("    metrics:\n", `    rehearsal: ${lines}\n    metrics:\n`);

  it("is read with its time and token, and absent means that nothing is asked", () => {
    expect(parseOperatorConfig("f.yaml", example, env).bindings[0]?.rehearsal).toBeNull();
    const text = withRoute('{ routeUrl: "http://127.0.0.1:8080/probe/{flagKey}", timeout: 2s, tokenEnv: ROUTE_TOKEN }');
    expect(parseOperatorConfig("f.yaml", text, { ...env, ROUTE_TOKEN: "r-1" }).bindings[0]?.rehearsal).toEqual({
      url: "http://127.0.0.1:8080/probe/{flagKey}",
      timeoutMs: 2_000,
      token: "r-1",
    });
    expect(mistakesOf(text)).toEqual([expect.stringContaining("ROUTE_TOKEN is missing")]);
  });

  it.each([
    ["another scheme", '{ routeUrl: "file:///etc/passwd" }'],
    ["too long a wait", '{ routeUrl: "http://127.0.0.1:8080", timeout: 5m }'],
  ])("refuses %s", (_name, lines) => {
    expect(mistakesOf(withRoute(lines)).join()).toMatch(/f?.*rehearsal|Expected/);
  });
});

it("lists all missing secrets at once, by name only", () => {
  expect(mistakesOf(example, {})).toEqual([
    expect.stringContaining("FEATBIT_ACCESS_TOKEN is missing"),
    expect.stringContaining("FEATBIT_SDK_KEY is missing"),
  ]);
});

it("lists missing secrets and overlaps beside what is wrong in the file, each binding's own", () => {
  const wrong = second.replace("acme-production", "third").replace("flagKeys:", "flagKey:");
  const text = example.replace("sweep:", `${second.replace("acme-production", "other")}${wrong}sweep:`);
  const mistakes = mistakesOf(text, { FEATBIT_ACCESS_TOKEN: "api-token" });
  expect(mistakes.filter((each) => each.includes("flagKey"))).not.toEqual([]);
  expect(mistakes.filter((each) => each.includes('"acme-production" and "other" overlap'))).toHaveLength(1);
  expect(mistakes.filter((each) => each.includes("FEATBIT_SDK_KEY is missing"))).toHaveLength(3);
  expect(mistakes.join("\n")).not.toContain("api-token");
});

it("refuses bindings that overlap", () => {
  const two = example.replace(
    "sweep:",
    `${second.replace("acme-production", "other").replace("support_*", "support_answer_*")}sweep:`,
  );
  expect(mistakesOf(two)).toEqual([expect.stringContaining("overlap")]);
  const apart = example.replace(
    "sweep:",
    `${second.replace("acme-production", "other").replace("support_*", "sales_*")}sweep:`,
  );
  expect(mistakesOf(apart)).toEqual([]);
});

it.each<[string, Readonly<Record<string, string>>, RegExp]>([
  [
    "of two repositories that move one FeatBit environment",
    { "acme/support-routes": "acme/other", "environment: production": "environment: staging" },
    /overlap on "support_\*" in the same FeatBit environment/,
  ],
  [
    "of one repository's environment in two FeatBit environments",
    { "3f6c2d9e": "4f6c2d9e" },
    /overlap on "support_\*" in environment "production" of the same repository/,
  ],
  [
    "of one repository in other case",
    { "3f6c2d9e": "4f6c2d9e", "acme/support-routes": "ACME/Support-Routes" },
    /overlap/,
  ],
  [
    "of two environments of one repository, each in its own FeatBit environment",
    { "3f6c2d9e": "4f6c2d9e", "environment: production": "environment: staging" },
    /^$/,
  ],
])(
  "refuses bindings with the same flag keys %s, or takes them where no flag is moved twice",
  (_name, changes, words) => {
    const other = Object.entries(changes).reduce(
      (text, [from, to]) => {
        expect(text).toContain(from);
        return text.replace(from, to);
      },
      second.replace("acme-production", "other"),
    );
    const mistakes = mistakesOf(example.replace("sweep:", `${other}sweep:`));
    expect(mistakes.join("\n")).toMatch(words);
  },
);

it.each([
  ["support_*", "support_a", true],
  ["support_*", "*_model", true],
  ["support_*", "SUPPORT_x", true],
  ["a*b", "a*c", false],
  ["*", "x", true],
  ["sales_*", "support_*", false],
  ["*a".repeat(60), `${"*b".repeat(60)}c`, false],
])("patterns %s and %s overlap: %s", (a, b, expected) => {
  expect(doPatternsOverlap(a, b)).toBe(expected);
});

describe("policyBranches", () => {
  it("are kept by repository in lower case", () => {
    const text = example.replace("acme/support-routes", "Acme/Support-Routes");
    const config = parseOperatorConfig(
      "c.yaml",
      `${text}policyBranches: { ACME/support-routes: [stable, release/2026] }\n`,
      env,
    );
    expect([...config.policyBranches]).toEqual([["acme/support-routes", ["stable", "release/2026"]]]);
    expect(parseOperatorConfig("c.yaml", example, env).policyBranches.size).toBe(0);
  });

  it.each([
    ["a pattern", "{ acme/support-routes: ['release/*'] }", /:\d+:\d+: .*exact name of a branch/s],
    ["a name that Git refuses", "{ acme/support-routes: ['../main'] }", /exact name of a branch/],
    ["a name that looks like an option", "{ acme/support-routes: ['--main'] }", /exact name of a branch/],
    ["a repository that no binding names", "{ acme/other: [main] }", /acme\/other, which no binding names/],
    ["no list", "{ acme/support-routes: main }", /:\d+:\d+:/],
    ["an empty list", "{ acme/support-routes: [] }", /:\d+:\d+:/],
  ])("%s is refused", (_name, value, expected) => {
    expect(mistakesOf(`${example}policyBranches: ${value}\n`).join("\n")).toMatch(expected);
  });
});

describe("metric templates of a binding", () => {
  const withTemplates = (text: string): string =>
    example.replace(/(prometheusUrl: \S+)\n/, (_all, line: string) => `${line}\n      templates: ${text}\n`);

  it("are read as a policy's are", () => {
    const text = withTemplates("{ p95: { category: latency, value: 'up{v=\"$variation\"}', samples: 'count(up)' } }");
    expect(parseOperatorConfig("c.yaml", text, env).bindings[0]?.metricTemplates).toEqual({
      p95: {
        name: "p95",
        category: "latency",
        value: 'up{v="$variation"}',
        numerator: null,
        denominator: null,
        samples: "count(up)",
        parameters: {},
      },
    });
    expect(parseOperatorConfig("c.yaml", example, env).bindings[0]).not.toHaveProperty("metricTemplates");
  });

  it.each([
    ["without a query", "{ p95: { category: latency } }", /c\.yaml:\d+:\d+: The metric `p95` has no query/],
    ["with half a ratio", "{ p95: { category: cost, numerator: x } }", /value, or numerator and denominator/],
    ["of an unknown category", "{ p95: { category: speed, value: up } }", /c\.yaml:\d+:\d+: .*speed/s],
    ["with a misspelt key", "{ p95: { category: cost, vaule: up } }", /vaule/],
  ])("%s is refused with its line", (_name, value, expected) => {
    let mistakes: readonly string[] = [];
    try {
      parseOperatorConfig("c.yaml", withTemplates(value), env);
    } catch (error) {
      ({ mistakes } = error as ConfigurationError);
    }
    expect(mistakes.join("\n")).toMatch(expected);
  });
});
