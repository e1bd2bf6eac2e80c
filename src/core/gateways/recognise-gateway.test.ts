import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareGateways } from "./compare-gateways.ts";
import { buildPolicy } from "../verdict/test-builders.ts";
import { readGateway, recogniseGateway } from "./recognise-gateway.ts";
import { edit, envoyText, gatewayPath, kongText, litellmText, portkeyText, readText } from "./test-gateways.ts";

const samples = [litellmText, envoyText, kongText, portkeyText];

describe("a gateway's file is recognised by what it holds", () => {
  it.each<[string, string, string | null]>([
    ["LiteLLM by its model list", litellmText, "litellm"],
    ["a LiteLLM file without models", "model_list: []\n", "litellm"],
    ["Envoy AI Gateway in several documents", envoyText, "envoy"],
    ["Envoy AI Gateway in its later version", envoyText.replaceAll("v1alpha1", "v1beta1"), "envoy"],
    ["an Envoy backend alone", envoyText.split("---\n")[3] ?? "", "envoy"],
    ["Kong by the format of decK", kongText, "kong"],
    ["a Kong file that lost its AI plugin", '_format_version: "3.0"\nservices: []\n', "kong"],
    ["Portkey by strategy and targets", portkeyText, "portkey"],
    ["Portkey with a virtual key alone", '{"virtual_key": "openai-eu"}', "portkey"],
    ["a list of models of somebody else", "model_list:\n  - name: a\n", null],
    ["an unknown strategy", '{"strategy": {"mode": "roulette"}, "targets": []}', null],
    ["a route file, whatever stands beside the record", `model_change: {}\n${litellmText}`, null],
    ["another resource of Kubernetes", "apiVersion: v1\nkind: Service # gateway.envoyproxy.io\n", null],
    ["several documents that are not Envoy's", "model_list: []\n---\nmodel_list: []\n", null],
    ["a text that is no YAML", "model_list: [", null],
    ["a text without any mark", "a: b\n", null],
    ["an evaluation of promptfoo, which serves nobody", "providers: [openai:chat:gpt-4o]\nprompts: [a]\n", null],
  ])("%s", (_name, text, kind) => {
    expect(recogniseGateway("a.yaml", text)?.kind ?? null).toBe(kind);
  });
});

describe("the digest of a file", () => {
  it("stays when only comments and layout change", () => {
    expect(readText(`# another comment\n${litellmText}\n\n`).digest).toBe(readText(litellmText).digest);
  });

  it("changes with a secret that nothing shows", () => {
    const secret = (value: string): string =>
      edit(litellmText, ["os.environ/OPENAI_API_KEY", `sk-test${value}0123456789abcdef`]);
    expect(readText(secret("A")).digest).not.toBe(readText(secret("B")).digest);
  });
});

describe("merge keys and anchors are read as the gateways read them", () => {
  it("takes the merged keys, and those that are written out before them", () => {
    const text = `common: &common
  timeout: 20
  temperature: 0.1
model_list:
  - model_name: a
    litellm_params:
      <<: *common
      model: openai/gpt-4o-2024-08-06
      temperature: 0.7
`;
    const [route] = readText(text).routes;
    expect(route?.targets[0]?.bundle).toMatchObject({ timeoutMs: 20_000, parameters: { temperature: 0.7 } });
  });
});

describe("whatever a file holds", () => {
  const policy = buildPolicy();

  it("reading and comparing never throw", () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(...samples),
        fc.array(
          fc.tuple(
            fc.nat(3000),
            fc.nat(40),
            fc.constantFrom("", "null", "[]", "{}", "-1", "*", ": ", "\n", "x", "'", "1e9"),
          ),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
      )
      .map(([text, cuts]) =>
        cuts.reduce((before, [at, length, insert]) => before.slice(0, at) + insert + before.slice(at + length), text),
      );
    fc.assert(
      fc.property(mutated, fc.constantFrom(...samples), (text, other) => {
        const recognised = recogniseGateway(gatewayPath, text);
        if (recognised === null) return;
        const [before, after] = [readText(other), readGateway(recognised)];
        for (const { line, column } of after.problems) expect(Math.min(line, column)).toBeGreaterThan(0);
        compareGateways(before, after, gatewayPath, policy);
        compareGateways(after, before, gatewayPath, policy);
      }),
      { numRuns: 1500 },
    );
  });

  it("any value in any place is read or reported", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const fields = fc.record(
      {
        model_list: value,
        router_settings: value,
        litellm_settings: value,
        general_settings: value,
        strategy: fc.record({ mode: fc.constantFrom("fallback", "loadbalance", "conditional") }),
        targets: fc.array(value),
        _format_version: value,
        plugins: fc.array(fc.record({ name: fc.constantFrom("ai-proxy", "ai-proxy-advanced"), config: value })),
        virtual_key: value,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, (top) => {
        const recognised = recogniseGateway(gatewayPath, JSON.stringify(top));
        if (recognised === null) return;
        const { classification } = compareGateways(null, readGateway(recognised), gatewayPath, policy);
        expect(classification.fired.length).toBeGreaterThan(0);
      }),
      { numRuns: 1500 },
    );
  });

  it.each<[string, (index: number) => string, string]>([
    ["many routes", (index) => `- {model_name: m${index}, litellm_params: {model: a/b${index}}}\n`, "model_list:\n"],
    ["one pool", (index) => `- {model_name: m, litellm_params: {model: a/b${index}}}\n`, "model_list:\n"],
    ["wrong keys", (index) => `- {model_name: m${index}, litellm_parms: {modle: x}}\n`, "model_list:\n"],
    ["long fallbacks", (index) => `    - m${index}: [x${index}]\n`, "model_list: []\nrouter_settings:\n  fallbacks:\n"],
  ])("%s up to the limit of a file are judged soon", (_name, line, head) => {
    const text = head + Array.from({ length: 2000 }, (_, index) => line(index)).join("");
    const started = performance.now();
    const recognised = recogniseGateway(gatewayPath, text);
    if (recognised !== null) compareGateways(readText(litellmText), readGateway(recognised), gatewayPath, policy);
    expect(performance.now() - started).toBeLessThan(4000);
  });
});
