import { describe, expect, it } from "vitest";
import { buildPolicy } from "../verdict/test-builders.ts";
import { compareGateways, listNewProblems } from "./compare-gateways.ts";
import { edit, envoyText, gatewayPath, kongText, litellmText, portkeyText, readText } from "./test-gateways.ts";

const policy = buildPolicy();

function compare(before: string | null, after: string | null, more: Parameters<typeof buildPolicy>[0] = {}) {
  const read = (text: string | null) => (text === null ? null : readText(text));
  return compareGateways(read(before), read(after), gatewayPath, { ...policy, ...more });
}

const idsOf = (before: string | null, after: string | null): readonly string[] => [
  ...new Set(compare(before, after).classification.fired.map(({ id }) => id)),
];

type Case = [name: string, change: readonly (readonly [string, string])[], tier: string, rules: readonly string[]];

describe("LiteLLM: a change of the file is a change of a route", () => {
  it.each<Case>([
    ["a temperature", [["temperature: 0.2", "temperature: 0.9"]], "medium", ["parameters-changed"]],
    ["a timeout", [["timeout: 30", "timeout: 5"]], "medium", ["timeout-changed"]],
    [
      "the timeout of all routes without one",
      [["request_timeout: 60", "request_timeout: 5"]],
      "medium",
      ["timeout-changed"],
    ],
    ["the retries of all routes", [["num_retries: 2", "num_retries: 0"]], "medium", ["retries-changed"]],
    [
      "another snapshot of the model",
      [["gpt-4o-2024-08-06", "gpt-4o-2024-11-20"]],
      "medium",
      ["model-version-changed"],
    ],
    ["a fallback more", [["[support-backup]", "[support-backup, last]"]], "medium", ["fallback-added"]],
    ["the model's alias instead of its snapshot", [["gpt-4o-2024-08-06", "gpt-4o"]], "high", ["model-unpinned"]],
    ["another provider", [["openai/gpt-4o", "openrouter/openai/gpt-4o"]], "high", ["provider-switched"]],
    [
      "another vendor's model",
      [["openai/gpt-4o-2024-08-06", "anthropic/claude-sonnet-4-5-20250929"]],
      "high",
      ["model-family-changed", "provider-switched"],
    ],
    [
      "a private server behind the same name",
      [["timeout: 30", "timeout: 30\n      api_base: http://vllm:8000"]],
      "high",
      ["endpoint-changed", "model-family-changed"],
    ],
    ["the fallback's end", [["    - support-answer: [support-backup]\n", "    - {}\n"]], "high", ["fallback-removed"]],
    [
      "another price",
      [["max_tokens: 800", "max_tokens: 800\n      input_cost_per_token: 0.00001"]],
      "high",
      ["cost-profile-changed"],
    ],
    [
      "another region",
      [["max_tokens: 800", "max_tokens: 800\n      vertex_location: us-east1"]],
      "restricted",
      ["region-boundary-changed"],
    ],
    ["another account", [["os.environ/OPENAI_API_KEY", "os.environ/OTHER_KEY"]], "medium", ["parameters-changed"]],
    ["a setting of the gateway", [["drop_params: true", "drop_params: false"]], "medium", ["parameters-changed"]],
    [
      "a new route",
      [
        [
          "router_settings:",
          "  - {model_name: c, litellm_params: {model: openai/gpt-4o-2024-08-06}}\nrouter_settings:",
        ],
      ],
      "medium",
      ["candidate-added"],
    ],
    [
      "a new route to a moving alias",
      [["router_settings:", "  - {model_name: c, litellm_params: {model: openai/gpt-4o}}\nrouter_settings:"]],
      "high",
      ["candidate-added", "model-unpinned"],
    ],
    [
      "a route under another name",
      [["model_name: support-backup", "model_name: support-spare"]],
      "high",
      ["candidate-added", "endpoint-changed"],
    ],
    [
      "a second target of another vendor",
      [
        [
          "router_settings:",
          "  - {model_name: support-answer, litellm_params: {model: groq/llama-3.3-70b-versatile}}\nrouter_settings:",
        ],
      ],
      "high",
      ["candidate-added", "customer-exposure", "model-family-changed", "provider-switched"],
    ],
    ["comments only", [["# answers", "# all answers"]], "low", ["metadata-only"]],
  ])("%s", (_name, change, tier, rules) => {
    const { classification } = compare(litellmText, edit(litellmText, ...change));
    expect([classification.tier, ...classification.fired.map(({ id }) => id)]).toEqual(
      expect.arrayContaining([tier, ...rules]),
    );
  });
});

describe("pools: who takes a greater share matters where the models differ", () => {
  it.each<[string, string, string, readonly string[]]>([
    [
      "Envoy: a greater share of another model",
      envoyText,
      edit(envoyText, ["weight: 10", "weight: 60"]),
      ["customer-exposure"],
    ],
    [
      "Kong: a greater share of another model",
      kongText,
      edit(kongText, ["weight: 30", "weight: 300"]),
      ["customer-exposure"],
    ],
    [
      "Portkey: a greater share of a hidden model",
      portkeyText,
      edit(portkeyText, ["0.25", "0.5"]),
      ["customer-exposure"],
    ],
    [
      "Kong: all weights doubled",
      kongText,
      edit(kongText, ["weight: 30", "weight: 60"], ["weight: 70", "weight: 140"]),
      [],
    ],
    ["Kong: another algorithm", kongText, edit(kongText, ["round-robin", "lowest-latency"]), ["customer-exposure"]],
    [
      "Envoy: a target leaves the pool",
      envoyText,
      edit(envoyText, ["        - name: openai\n          weight: 90\n", ""]),
      ["fallback-removed"],
    ],
    [
      "Envoy: a fallback becomes a target",
      envoyText,
      edit(envoyText, ["priority: 1", "priority: 0"]),
      ["fallback-removed", "candidate-added"],
    ],
    [
      "Envoy: more retries in the other resource",
      envoyText,
      edit(envoyText, ["numRetries: 3", "numRetries: 9"]),
      ["retries-changed"],
    ],
    [
      "Envoy: a shorter wait for each backend, where nothing says how long callers wait",
      edit(envoyText, ["request: 1m30s", "backendRequest: 30s"]),
      edit(envoyText, ["request: 1m30s", "backendRequest: 5s"]),
      ["timeout-changed"],
    ],
    [
      "Portkey: another prompt of Portkey's own",
      edit(portkeyText, ['"provider": "anthropic"', '"provider": "anthropic", "prompt_id": "pp-1"']),
      edit(portkeyText, ['"provider": "anthropic"', '"provider": "anthropic", "prompt_id": "pp-2"']),
      ["parameters-changed"],
    ],
    [
      "Envoy: another address in the other resource",
      envoyText,
      edit(envoyText, ["api.openai.com", "llm.example"]),
      ["endpoint-changed"],
    ],
    [
      "Envoy: another place of AWS",
      envoyText,
      edit(envoyText, ["eu-central-1", "us-east-1"]),
      ["region-boundary-changed"],
    ],
    [
      "Kong: groups instead of shares",
      kongText,
      edit(kongText, ["round-robin", "priority"]),
      ["fallback-added", "fallback-removed"],
    ],
  ])("%s", (_name, before, after, rules) => {
    const shares = idsOf(before, after).filter((id) => rules.includes(id) || id === "customer-exposure");
    expect([...new Set([...shares, ...rules])].toSorted()).toEqual(shares.toSorted());
    expect(shares.length > 0).toBe(rules.length > 0);
  });

  it("Portkey: the order of a fallback counts", () => {
    const { strategy, targets, ...rest } = JSON.parse(portkeyText) as { strategy: unknown; targets: unknown[] };
    const turned = JSON.stringify({ ...rest, strategy, targets: targets.toReversed() });
    expect(compare(portkeyText, turned).classification.tier).toBe("high");
  });

  it("between deployments of one model a share is only a setting", () => {
    const pool = (weight: number): string => `model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o-2024-08-06, weight: ${weight}, organization: x}}
  - {model_name: a, litellm_params: {model: openai/gpt-4o-2024-08-06, weight: 1, organization: y}}
`;
    expect(idsOf(pool(1), pool(5))).toEqual(["parameters-changed"]);
  });

  it("a target that enters with no share still shows what it is", () => {
    const after = edit(kongText, ["weight: 30", "weight: 0"]);
    const before = edit(kongText, [
      `                - route_type: llm/v1/chat
                  weight: 30
                  model:
                    provider: anthropic
                    name: claude-sonnet-4-5-20250929
`,
      "",
    ]);
    expect(compare(before, after).classification.tier).toBe("high");
  });
});

describe("files that come and go", () => {
  it("a new file is new routes, at least medium", () => {
    const { routes, classification } = compare(null, litellmText);
    expect(routes.map(({ name, change }) => [name, change])).toEqual([
      ["support-answer", "added"],
      ["support-backup", "added"],
    ]);
    expect(classification.tier).toBe("medium");
  });

  it("a file that disappears takes its routes away, which is high", () => {
    const { routes, classification } = compare(litellmText, null);
    expect(routes.map(({ change }) => change)).toEqual(["removed", "removed"]);
    expect(classification.tier).toBe("high");
  });

  it("an order of entries that no route shows is not passed over", () => {
    const entries = (first: string, second: string): string =>
      `model_list:\n${[first, second].map((name) => `  - {model_name: ${name}, litellm_params: {model: openai/gpt-4o-2024-08-06}}\n`).join("")}`;
    expect(idsOf(entries("a", "b"), entries("b", "a"))).toEqual(["parameters-changed"]);
  });
});

describe("the policy's own rules raise the tier of a gateway's file", () => {
  const rule = (when: Partial<(typeof policy)["tierRules"][number]["when"]>) => ({
    tierRules: [
      {
        id: "house-rule",
        tier: "restricted" as const,
        triggers: ["data" as const],
        why: "because",
        when: { workflows: [], dataClasses: [], paths: [], fields: [], ...when },
      },
    ],
  });
  const after = edit(litellmText, ["temperature: 0.2", "temperature: 0.9"]);

  it.each<[string, Parameters<typeof rule>[0], string]>([
    ["by its path", { paths: ["model-routes/**"] }, "restricted"],
    ["by the name of a changed route", { workflows: ["support-answer"] }, "restricted"],
    ["not by another path", { paths: ["elsewhere/**"] }, "medium"],
    ["not by data classes, which it cannot declare", { dataClasses: ["customer"] }, "medium"],
  ])("%s", (_name, when, tier) => {
    expect(compare(litellmText, after, rule(when)).classification.tier).toBe(tier);
  });
});

it("a mistake that the base holds already becomes a warning, a new one of its kind does not", () => {
  const wrong = edit(litellmText, ["max_tokens: 800", "max_tokns: 800"]);
  const worse = edit(wrong, ["temperature: 0.2", "max_tokns: 3"]);
  const severities = listNewProblems(readText(wrong), readText(worse)).map(({ severity }) => severity);
  expect(severities).toEqual(["warning", "error"]);
  expect(listNewProblems(null, readText(wrong)).map(({ severity }) => severity)).toEqual(["error"]);
});
