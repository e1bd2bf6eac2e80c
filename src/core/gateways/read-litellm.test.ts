import { describe, expect, it } from "vitest";
import { edit, listCodes, litellmText, readText } from "./test-gateways.ts";

const find = (text: string, name: string) => readText(text).routes.find((route) => route.name === name);

describe("a LiteLLM file is read as routes", () => {
  it("with model, parameters, timeout, retries and fallbacks", () => {
    const route = find(litellmText, "support-answer");
    expect(route?.fallbacks).toEqual(["support-backup"]);
    expect(route?.targets).toHaveLength(1);
    expect(route?.targets[0]).toMatchObject({
      id: "support-1",
      opaque: null,
      bundle: {
        model: "openai/gpt-4o-2024-08-06",
        parameters: { temperature: 0.2 },
        timeoutMs: 30_000,
        maxRetries: 2,
      },
      places: { model: { line: 5 }, "parameters.temperature": { line: 7 }, timeoutMs: { line: 8 } },
    });
    expect(listCodes(readText(litellmText))).toEqual([]);
  });

  it("the general timeout holds where a route has none, and stands on its own line", () => {
    const target = find(litellmText, "support-backup")?.targets[0];
    expect(target?.bundle.timeoutMs).toBe(60_000);
    expect(target?.places["timeoutMs"]?.line).toBe(22);
  });

  it.each<[string, readonly [string, string], Record<string, unknown>]>([
    [
      "the router's timeout before the general one",
      ["  num_retries: 2", "  num_retries: 2\n  timeout: 45"],
      { timeoutMs: 45_000 },
    ],
    ["retries of one model before the router's", ["max_tokens: 800", "max_retries: 7"], { maxRetries: 7 }],
    [
      "prices per token as prices per million",
      ["max_tokens: 800", "input_cost_per_token: 0.000003"],
      { pricing: { inputPerMTok: 3, outputPerMTok: null } },
    ],
    ["a region", ["max_tokens: 800", "aws_region_name: eu-west-1"], { region: "eu-west-1" }],
    ["a provider of its own", ["max_tokens: 800", "custom_llm_provider: openai"], { provider: "openai" }],
    [
      "any other key as a parameter",
      ["max_tokens: 800", "extra_body: {a: 1}"],
      { parameters: { extra_body: { a: 1 } } },
    ],
  ])("takes %s", (_name, change, bundle) => {
    expect(find(edit(litellmText, change), "support-backup")?.targets[0]?.bundle).toMatchObject(bundle);
  });

  it("entries of one name are a pool, with weights and an order", () => {
    const text = `model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o-2024-08-06, weight: 3, order: 1}}
  - {model_name: a, litellm_params: {model: azure/eu, weight: 1, order: 1}}
  - {model_name: a, litellm_params: {model: azure/us, order: 2}}
`;
    const targets = readText(text).routes[0]?.targets.map(({ bundle, weight, priority }) => [
      bundle.model,
      weight,
      priority,
    ]);
    expect(targets).toEqual([
      ["openai/gpt-4o-2024-08-06", 3, 1],
      ["azure/eu", 1, 1],
      ["azure/us", null, 2],
    ]);
  });

  it("an alias is a route that leads where the other one does", () => {
    const text = edit(litellmText, [
      "  num_retries: 2",
      "  num_retries: 2\n  model_group_alias: {fast: support-backup}",
    ]);
    expect(find(text, "fast")?.targets[0]?.bundle.model).toBe("anthropic/claude-sonnet-4-5-20250929");
  });

  it.each<[string, string, readonly string[]]>([
    ["in the general settings", "litellm_settings:\n  fallbacks: [{a: [b]}]\n", ["b"]],
    ["as default for every route", "litellm_settings:\n  default_fallbacks: [a, b]\n", ["b"]],
    ["under a star for every route", 'router_settings:\n  fallbacks: [{"*": [b]}]\n', ["b"]],
    ["for long questions", "router_settings:\n  context_window_fallbacks: [{a: [b]}]\n", ["b (context window)"]],
    [
      "for refused contents beside the usual ones",
      "router_settings:\n  fallbacks: [{a: [b]}]\n  content_policy_fallbacks: [{a: [b]}]\n",
      ["b", "b (content policy)"],
    ],
  ])("fallbacks are found %s", (_name, settings, expected) => {
    const models =
      "model_list:\n- {model_name: a, litellm_params: {model: x/y}}\n- {model_name: b, litellm_params: {model: x/z}}\n";
    expect(find(models + settings, "a")?.fallbacks).toEqual(expected);
  });
});

describe("a target that hides its model is opaque", () => {
  it.each<[string, readonly [string, string], string]>([
    ["a deployment of Azure", ["openai/gpt-4o-2024-08-06", "azure/support"], "deployment of azure"],
    [
      "a private server behind an OpenAI prefix",
      ["timeout: 30", "api_base: http://vllm.internal:8000/v1"],
      "not a provider's public address",
    ],
    [
      "another provider's address behind an OpenAI prefix",
      ["timeout: 30", "api_base: https://api.groq.com/openai/v1"],
      "the endpoint belongs to groq",
    ],
    ["a model from the environment", ["openai/gpt-4o-2024-08-06", "os.environ/SUPPORT_MODEL"], "filled in at run time"],
    [
      "an address from the environment",
      ["timeout: 30", "api_base: os.environ/BASE"],
      "not a provider's public address",
    ],
  ])("%s", (_name, change, why) => {
    expect(find(edit(litellmText, change), "support-answer")?.targets[0]?.opaque).toContain(why);
  });

  it("base_model declares the family behind a deployment", () => {
    const text = edit(
      litellmText,
      ["openai/gpt-4o-2024-08-06", "azure/support"],
      ["id: support-1", "base_model: azure/gpt-4o-2024-08-06"],
    );
    const target = find(text, "support-answer")?.targets[0];
    expect(target?.bundle.version).toBe("azure/gpt-4o-2024-08-06");
    expect(target?.bundle.modelFamily).not.toBeNull();
    expect(target?.opaque).not.toBeNull();
  });
});

describe("the traps of LiteLLM are said", () => {
  it.each<[string, readonly [string, string], string]>([
    ["a misspelt parameter", ["max_tokens: 800", "max_tokns: 800"], "error gateway-misspelt-key 15"],
    ["a limit of requests under another name", ["max_tokens: 800", "rpm_limit: 8"], "error gateway-misspelt-key 15"],
    ["a limit of tokens under another name", ["max_tokens: 800", "tpm_limit: 8"], "error gateway-misspelt-key 15"],
    [
      "a capability in the wrong map",
      ["max_tokens: 800", "supports_function_calling: true"],
      "error gateway-misspelt-key 15",
    ],
    ["a misspelt setting of the router", ["num_retries: 2", "num_retrys: 2"], "error gateway-misspelt-key 17"],
    [
      "fallbacks at the top level",
      ["general_settings:", "fallbacks: []\ngeneral_settings:"],
      "error gateway-misspelt-key 23",
    ],
    ["a wildcard", ["model_name: support-backup", 'model_name: "*"'], "error gateway-wildcard 11"],
    ["a provider's wildcard", ["anthropic/claude-sonnet-4-5-20250929", "anthropic/*"], "error gateway-wildcard 13"],
    ["a literal secret", ["os.environ/ANTHROPIC_API_KEY", "sk-ant-abc0123456789abcdef"], "error gateway-secret 14"],
    ["a secret that only its key tells", ["os.environ/LITELLM_MASTER_KEY", "hunter2"], "error gateway-secret 24"],
    [
      "a model from the environment",
      ["openai/gpt-4o-2024-08-06", "os.environ/MODEL"],
      "warning gateway-environment-reference 5",
    ],
    [
      "models in the database",
      ["  master_key", "  store_model_in_db: true\n  master_key"],
      "warning gateway-models-in-database 24",
    ],
    ["an included file", ["general_settings:", "include: [b.yaml]\ngeneral_settings:"], "warning gateway-include 23"],
    ["a fallback to nowhere", ["[support-backup]", "[suport-backup]"], "warning gateway-unknown-route 19"],
    ["a timeout that is none", ["timeout: 30", "timeout: soon"], "error gateway-wrong-value 8"],
    [
      "an entry without a model",
      ["      model: anthropic/claude-sonnet-4-5-20250929\n", ""],
      "error gateway-incomplete-entry 11",
    ],
  ])("%s", (_name, change, expected) => {
    expect(listCodes(readText(edit(litellmText, change)))).toContain(expected);
  });

  it("a key for servers that want none is no secret", () => {
    expect(listCodes(readText(edit(litellmText, ["os.environ/ANTHROPIC_API_KEY", "dummy"])))).toEqual([]);
  });

  it("no part of a secret is in anything that is shown", () => {
    const text = edit(
      litellmText,
      ["os.environ/OPENAI_API_KEY", "sk-proj-abc0123456789"],
      ["max_tokens: 800", "extra_headers: {authorization: hunter2hunter2}"],
    );
    const { digest: _digest, ...shown } = readText(text);
    expect(JSON.stringify(shown)).not.toMatch(/abc0123456789|hunter2/);
  });
});
