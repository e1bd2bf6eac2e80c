import { describe, expect, it } from "vitest";
import { splitTargets } from "./gateway-route.ts";
import { edit, kongText, listCodes, readText } from "./test-gateways.ts";

const targetsOf = (text: string) => readText(text).routes[0]?.targets ?? [];

describe("a decK file is read as routes", () => {
  it("with targets, shares, prices, timeout and Kong's own defaults", () => {
    const file = readText(kongText);
    expect(listCodes(file)).toEqual([]);
    expect(file.routes.map(({ name }) => name)).toEqual(["route chat"]);
    expect(targetsOf(kongText)[0]).toMatchObject({
      weight: 70,
      priority: 0,
      bundle: {
        provider: "openai",
        model: "gpt-4o-2024-08-06",
        parameters: { temperature: 0.3 },
        timeoutMs: 20_000,
        maxRetries: 5,
        pricing: { inputPerMTok: 2.5, outputPerMTok: 10 },
      },
      places: { model: { line: 22 }, weight: { line: 16 } },
    });
  });

  it("under the priority algorithm a weight is a group and no share, the greatest first", () => {
    const route = readText(edit(kongText, ["round-robin", "priority"])).routes[0];
    if (route === undefined) throw new Error("no route");
    const { first, later } = splitTargets(route);
    expect(first.map(({ bundle, weight }) => [bundle.model, weight])).toEqual([["gpt-4o-2024-08-06", null]]);
    expect(later.map(({ bundle }) => bundle.model)).toEqual(["claude-sonnet-4-5-20250929"]);
  });

  it.each<[string, string, string]>([
    [
      "a route named by the plugin",
      "plugins: [{name: ai-proxy, route: chat, config: {model: {provider: openai, name: a}}}]",
      "route chat",
    ],
    ["everything", "plugins: [{name: ai-proxy, config: {model: {provider: openai, name: a}}}]", "global"],
    [
      "a consumer, with the plugin's own name",
      "consumers: [{username: bob, plugins: [{name: ai-proxy, instance_name: x, config: {model: {provider: openai, name: a}}}]}]",
      "consumer bob (x)",
    ],
  ])("a plugin is named by what it is attached to: %s", (_name, text, expected) => {
    expect(readText(`_format_version: "3.0"\n${text}\n`).routes.map(({ name }) => name)).toEqual([expected]);
  });

  it("a target without a weight has Kong's own of a hundred", () => {
    expect(targetsOf(edit(kongText, ["                  weight: 30\n", ""])).map(({ weight }) => weight)).toEqual([
      70, 100,
    ]);
  });

  it("a plugin that is turned off is no route", () => {
    expect(
      readText(edit(kongText, ["- name: ai-proxy-advanced", "- name: ai-proxy-advanced\n            enabled: false"]))
        .routes,
    ).toEqual([]);
  });

  it.each<[string, readonly [string, string], Record<string, unknown>]>([
    [
      "a deployment of Azure",
      ["temperature: 0.3", "azure_instance: eu\n                      azure_deployment_id: chat"],
      { model: "chat", endpoint: "https://eu.openai.azure.com" },
    ],
    [
      "an address of one's own",
      ["temperature: 0.3", "upstream_url: http://llm:8000/v1"],
      { endpoint: "http://llm:8000/v1" },
    ],
    ["a region", ["temperature: 0.3", "bedrock: {aws_region: eu-west-1}"], { region: "eu-west-1" }],
  ])("takes %s", (_name, change, bundle) => {
    const [target] = targetsOf(edit(kongText, change));
    expect(target?.bundle).toMatchObject(bundle);
  });
});

describe("the traps of Kong are said", () => {
  it.each<[string, readonly [string, string], string]>([
    ["a literal key", ["Bearer {vault://env/openai-key}", "Bearer abc-secret"], "error gateway-secret 19"],
    ["a misspelt option", ["temperature: 0.3", "temprature: 0.3"], "error gateway-misspelt-key 24"],
    ["a misspelt balancer", ["balancer:", "balancr:"], "error gateway-misspelt-key 11"],
    [
      "a model of the caller",
      ["                    name: gpt-4o-2024-08-06\n", ""],
      "warning gateway-model-of-caller 20",
    ],
    [
      "a model from the environment",
      ["name: gpt-4o-2024-08-06", 'name: ${{ env "DECK_MODEL" }}'],
      "warning gateway-environment-reference 22",
    ],
  ])("%s", (_name, change, expected) => {
    expect(listCodes(readText(edit(kongText, change)))).toContain(expected);
  });
});
