import { describe, expect, it } from "vitest";
import { parseGatewayDuration } from "./parse-gateway-duration.ts";
import { edit, envoyText, listCodes, readText } from "./test-gateways.ts";

describe("Envoy AI Gateway resources are read as routes", () => {
  it("with backends, addresses, weights, priorities, timeout and retries from all documents", () => {
    const file = readText(envoyText);
    expect(listCodes(file)).toEqual([]);
    expect(file.routes.map(({ name }) => name)).toEqual(["gpt-4o-2024-08-06"]);
    const rows = file.routes[0]?.targets.map(({ id, bundle, weight, priority, opaque }) => [
      id,
      bundle.provider,
      bundle.model,
      bundle.endpoint,
      bundle.region,
      weight,
      priority,
      opaque,
    ]);
    expect(rows).toEqual([
      ["openai", "openai", "gpt-4o-2024-08-06", "https://api.openai.com", null, 90, 0, null],
      [
        "claude",
        "bedrock",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "https://bedrock-runtime.eu-central-1.amazonaws.com",
        "eu-central-1",
        10,
        0,
        null,
      ],
      ["openai", "openai", "gpt-4o-mini-2024-07-18", "https://api.openai.com", null, 1, 1, null],
    ]);
    expect(file.routes[0]?.targets[0]?.bundle).toMatchObject({ timeoutMs: 90_000, maxRetries: 3 });
  });

  it("a place in a later document is counted from the top of the file", () => {
    expect(readText(envoyText).routes[0]?.targets[1]?.places["endpoint"]?.line).toBe(63);
  });

  it("the OpenAI schema at another address hides who serves it", () => {
    const target = readText(edit(envoyText, ["api.openai.com", "llm.internal.example"])).routes[0]?.targets[0];
    expect(target?.opaque).toContain("not a provider's public address");
  });

  it("a backend that stands in another file is opaque", () => {
    const target = readText(envoyText.split("---\n")[0] ?? "").routes[0]?.targets[0];
    expect(target?.bundle.endpoint).toBe("AIServiceBackend/openai (not in this file)");
    expect(target?.opaque).not.toBeNull();
  });

  it("a pool of servers of one's own is opaque", () => {
    const text = edit(envoyText, [
      "        - name: claude\n",
      "        - name: claude\n          kind: InferencePool\n          group: inference.networking.k8s.io\n",
    ]);
    const target = readText(text).routes[0]?.targets[1];
    expect(target?.bundle.endpoint).toBe("InferencePool/claude (not in this file)");
    expect(target?.opaque).toContain("not a provider's public address");
  });

  it("backends without a rule are routes of their own", () => {
    const text = envoyText.split("---\n").slice(1, 4).join("---\n");
    expect(readText(text).routes.map(({ name }) => name)).toEqual([
      "AIServiceBackend/claude",
      "AIServiceBackend/openai",
    ]);
  });

  it("what is written into the body is a parameter", () => {
    const text = edit(envoyText, [
      "        - name: claude\n",
      "        - name: claude\n          bodyMutation: {set: [{path: temperature, value: 0.9}]}\n",
    ]);
    expect(readText(text).routes[0]?.targets[1]?.bundle.parameters).toEqual({ temperature: 0.9 });
  });

  it("other headers of a match are part of the route's name", () => {
    const header = "            - {name: x-tenant, value: gold}\n";
    const text = edit(envoyText, ["            - type: Exact\n", `${header}            - type: Exact\n`]);
    expect(readText(text).routes[0]?.name).toBe('gpt-4o-2024-08-06 ["x-tenant"=gold]');
  });
});

describe("the traps of Envoy are said", () => {
  it.each<[string, readonly [string, string], string]>([
    ["a rule for any model", ["x-ai-eg-model", "x-other"], "error gateway-wildcard 15"],
    ["a pattern of models", ["type: Exact", "type: RegularExpression"], "error gateway-wildcard 15"],
    ["a misspelt weight", ["weight: 90", "wieght: 90"], "error gateway-misspelt-key 16"],
    ["a misspelt override", ["modelNameOverride: anth", "modelNameOveride: anth"], "error gateway-misspelt-key 19"],
    ["a timeout without a unit", ["1m30s", "90"], "error gateway-wrong-value 24"],
    [
      "a secret among the resources",
      ["kind: BackendTrafficPolicy", "kind: Secret\nstringData: {key: plain}"],
      "error gateway-secret 70",
    ],
  ])("%s", (_name, change, expected) => {
    expect(listCodes(readText(edit(envoyText, change)))).toContain(expected);
  });
});

it.each<[string, number | null]>([
  ["30s", 30_000],
  ["1m30s", 90_000],
  ["500ms", 500],
  ["2h", 7_200_000],
  ["1h1m1s1ms", 3_661_001],
  ["30", null],
  ["", null],
  ["1d", null],
  ["-1s", null],
])("the duration %s is %s ms", (text, milliseconds) => {
  expect(parseGatewayDuration(text)).toBe(milliseconds);
});
