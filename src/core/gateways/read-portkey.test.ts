import { describe, expect, it } from "vitest";
import { edit, listCodes, portkeyText, readText } from "./test-gateways.ts";

describe("a Portkey configuration is read as one route", () => {
  it("with nested strategies as groups, shares and inherited timeouts", () => {
    const file = readText(portkeyText);
    expect(listCodes(file)).toEqual([]);
    const rows = file.routes[0]?.targets.map(({ bundle, weight, priority, opaque }) => [
      bundle.provider ?? bundle.endpoint,
      bundle.model,
      bundle.timeoutMs,
      bundle.maxRetries,
      weight,
      priority,
      opaque !== null,
    ]);
    expect(rows).toEqual([
      ["openai", "gpt-4o-2024-08-06", 12_000, 3, 0.75, 0, false],
      ["virtual key azure-eu", "gpt-4o", 5000, 3, 0.25, 0, true],
      ["anthropic", "claude-sonnet-4-5-20250929", 12_000, 3, null, 1, false],
    ]);
  });

  it("a configuration without targets is its own target", () => {
    const [route] = readText('{"virtual_key": "eu", "override_params": {"model": "gpt-4o", "top_p": 1}}').routes;
    expect(route?.targets[0]?.bundle).toMatchObject({ model: "gpt-4o", parameters: { top_p: 1 } });
  });

  it.each<[string, string, Record<string, unknown>]>([
    [
      "a slug before the model",
      '"override_params": {"model": "@openai-prod/gpt-4o"}',
      { model: "@openai-prod/gpt-4o" },
    ],
    [
      "a deployment of Azure by its model's name",
      '"provider": "azure-openai", "azure_resource_name": "eu", "azure_model_name": "gpt-4o"',
      { model: "gpt-4o", endpoint: "https://eu.openai.azure.com" },
    ],
  ])("%s hides which model answers", (_name, fields, bundle) => {
    const [route] = readText(`{"strategy": {"mode": "single"}, "targets": [{${fields}}]}`).routes;
    expect(route?.targets[0]?.bundle).toMatchObject(bundle);
    expect(route?.targets[0]?.opaque).not.toBeNull();
  });

  it.each<[string, readonly [string, string], string]>([
    ["a literal key", ['"provider": "anthropic"', '"provider": "anthropic", "api_key": "abc"'], "error gateway-secret"],
    ["a misspelt key", ['"request_timeout": 12000', '"request_timout": 12000'], "error gateway-misspelt-key"],
    ["an unknown inner strategy", ['"loadbalance"', '"shuffle"'], "error gateway-wrong-value"],
    [
      "a model of the caller",
      ['"model": "claude-sonnet-4-5-20250929"', '"top_p": 1'],
      "warning gateway-model-of-caller",
    ],
    ["a weight below zero", ["0.75", "-1"], "error gateway-wrong-value"],
  ])("%s is said", (_name, change, expected) => {
    const codes = listCodes(readText(edit(portkeyText, change))).map((code) => code.replace(/ \d+$/, ""));
    expect(codes).toContain(expected);
  });
});
