import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Bundle } from "../routes/route-file.ts";
import { comparePrice, priceDataVersion } from "./compare-price.ts";
import { identifyModel, isSameFamily, type ModelIdentity } from "./identify-model.ts";

function bundle(model: string, provider: string | null = null, more: Partial<Bundle> = {}): Bundle {
  return {
    provider,
    model,
    modelFamily: null,
    version: null,
    endpoint: null,
    region: null,
    promptVersion: null,
    prompt: null,
    retrievalProfile: null,
    retrieval: null,
    toolPolicy: null,
    tools: null,
    parameters: {},
    timeoutMs: null,
    maxRetries: null,
    fallback: [],
    pricing: null,
    latency: null,
    ...more,
  };
}

const none = { modelFamilies: {} };

it.each<[string, Bundle, Partial<ModelIdentity>]>([
  [
    "a dated OpenAI id",
    bundle("gpt-4o-2024-08-06", "openai"),
    { servingProvider: "openai", vendor: "openai", family: "gpt-4o", version: "4o@2024-08-06", pinned: "pinned" },
  ],
  ["an alias follows its newest snapshot", bundle("gpt-4o", "openai"), { family: "gpt-4o", pinned: "floating" }],
  [
    "latest moves",
    bundle("claude-3-5-sonnet-latest", "anthropic"),
    { family: "claude-sonnet", version: "3.5", pinned: "floating" },
  ],
  [
    "an alias moves whatever version the file claims",
    bundle("gpt-4o", "openai", { version: "1" }),
    { pinned: "floating" },
  ],
  ["an old four-digit snapshot", bundle("gpt-4-0613", "openai"), { family: "gpt-4", pinned: "pinned" }],
  ["the small sibling is another family", bundle("gpt-4o-mini", "openai"), { family: "gpt-4o-mini" }],
  [
    "a Bedrock geography",
    bundle("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock"),
    {
      servingProvider: "bedrock",
      vendor: "anthropic",
      family: "claude-sonnet",
      geography: "us",
      pinned: "pinned",
      version: "4.5@20250929-v1:0",
    },
  ],
  [
    "a Bedrock foundation model by its ARN",
    bundle("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", "bedrock"),
    { family: "claude-haiku", opaque: false },
  ],
  [
    "a system inference profile by its ARN",
    bundle(
      "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
      "bedrock",
    ),
    { family: "claude-sonnet", geography: "eu" },
  ],
  [
    "router prefixes in a row",
    bundle("bedrock/converse/anthropic.claude-3-haiku-20240307-v1:0"),
    { servingProvider: "bedrock", family: "claude-haiku" },
  ],
  [
    "a reseller's vendor",
    bundle("openrouter/anthropic/claude-sonnet-4.5"),
    { servingProvider: "openrouter", vendor: "anthropic", family: "claude-sonnet" },
  ],
  [
    "a reseller's variant",
    bundle("anthropic/claude-sonnet-4.5:free", "openrouter"),
    { variant: "free", family: "claude-sonnet" },
  ],
  [
    "a Vertex snapshot",
    bundle("vertex_ai/claude-sonnet-4-5@20250929"),
    { servingProvider: "vertex", family: "claude-sonnet", pinned: "pinned" },
  ],
  ["a Mistral snapshot", bundle("mistral-large-2411", "mistral"), { family: "mistral-large", pinned: "pinned" }],
  [
    "an id that nobody knows",
    bundle("support-model-a"),
    { servingProvider: null, vendor: null, family: null, pinned: "unknown", opaque: false },
  ],
  ["an id that looks like a known one", bundle("gpt-4o-support-tuned", "openai"), { family: null }],
  ["version numbers that fooled a prototype", bundle("llama3-2-1b", "groq"), { family: null }],
  ["a provider that contradicts the id", bundle("anthropic/claude-sonnet-4-5", "openai"), { family: null }],
  ["a vendor that contradicts the id", bundle("meta.claude-sonnet-4-5", "bedrock"), { family: null, vendor: "meta" }],
  [
    "a declared family of an unknown model",
    bundle("support-model-a", null, { modelFamily: "support" }),
    { family: "support" },
  ],
  [
    "a declared family against the catalogue",
    bundle("gpt-4o", "openai", { modelFamily: "claude-sonnet" }),
    { family: "gpt-4o" },
  ],
  ["a name such as constructor", bundle("constructor", "__proto__"), { family: null }],
])("%s", (_name, target, expected) => {
  expect(identifyModel(target, none)).toMatchObject(expected);
});

it.each<[string, Bundle]>([
  ["an Azure deployment", bundle("azure/support")],
  ["an Azure deployment that is called like a model", bundle("gpt-4o", "azure")],
  ["a SageMaker endpoint", bundle("sagemaker/my-endpoint")],
  ["a SageMaker ARN", bundle("arn:aws:sagemaker:eu-west-1:111122223333:endpoint/x", "sagemaker")],
  [
    "an application inference profile",
    bundle("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc", "bedrock"),
  ],
  ["a provisioned model", bundle("arn:aws:bedrock:us-east-1:111122223333:provisioned-model/abc", "bedrock")],
  ["an environment reference of LiteLLM", bundle("os.environ/MODEL")],
  ["an environment reference of a shell", bundle("${MODEL}", "openai")],
  ["a template", bundle("{{ model }}", "openai")],
  ["a wildcard", bundle("*", "openai")],
  ["a self-hosted server", bundle("hosted_vllm/llama")],
  ["a virtual key", bundle("gpt-4o", "portkey")],
  ["a gateway's own name", bundle("@prod/model")],
  ["a private gateway", bundle("gpt-4o-2024-08-06", "openai", { endpoint: "https://llm.acme.example/v1" })],
  [
    "a private gateway that looks like OpenAI",
    bundle("gpt-4o", "openai", { endpoint: "https://api.openai.com.acme.example/v1" }),
  ],
  ["a domain that only sounds like OpenAI", bundle("gpt-4o", "openai", { endpoint: "https://api.openai.xyz/v1" })],
  [
    "a model behind another provider's address",
    bundle("gpt-4o", "openai", { endpoint: "https://api.groq.com/openai/v1" }),
  ],
  [
    "a model whose id names another provider than its address",
    bundle("openai/gpt-4o", null, { endpoint: "https://openrouter.ai/api/v1" }),
  ],
  [
    "a model of Bedrock behind another address",
    bundle("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", null, {
      endpoint: "https://api.openai.com/v1",
    }),
  ],
  ["a LiteLLM gateway's own name", bundle("gpt-4o", "litellm")],
  ["a fine-tuned model", bundle("ft:gpt-4o:acme", "openai")],
])("%s is opaque, and its family must be declared", (_name, target) => {
  const identity = identifyModel(target, none);
  expect(identity).toMatchObject({ opaque: true, family: null });
  expect(isSameFamily(identity, identity)).toBe(false);
  expect(identifyModel({ ...target, modelFamily: "gpt-4o" }, none)).toMatchObject({ opaque: true, family: "gpt-4o" });
});

it("the policy's family stands above the catalogue and the declaration", () => {
  const target = bundle("azure/support", null, { modelFamily: "mine" });
  expect(identifyModel(target, { modelFamilies: { "azure/support": "gpt-4o" } }).family).toBe("gpt-4o");
});

it.each<[string, string | null, string, string]>([
  ["gpt-4o", "openai", "https://api.openai.com/v1", "openai"],
  ["gpt-4o", null, "https://eu.api.openai.com/v1", "openai"],
  ["gemini-2.5-pro", "google", "https://europe-west1-aiplatform.googleapis.com/v1", "google"],
  ["anthropic.claude-3-haiku-20240307-v1:0", "bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com", "bedrock"],
  ["grok-3", "xai", "https://api.x.ai/v1", "xai"],
])("%s of %s at %s hides nothing, and %s serves it", (model, provider, endpoint, servingProvider) => {
  expect(identifyModel(bundle(model, provider, { endpoint }), none)).toMatchObject({ opaque: false, servingProvider });
});

it("snapshots of one line are one family, lines are not", () => {
  const family = (a: Bundle, b: Bundle): boolean => isSameFamily(identifyModel(a, none), identifyModel(b, none));
  expect(family(bundle("gpt-4o-2024-05-13", "openai"), bundle("gpt-4o-2024-08-06", "openai"))).toBe(true);
  expect(
    family(bundle("claude-sonnet-4-5", "anthropic"), bundle("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock")),
  ).toBe(true);
  expect(family(bundle("gpt-4o", "openai"), bundle("gpt-4o-mini", "openai"))).toBe(false);
  expect(family(bundle("a"), bundle("a"))).toBe(false);
});

it.each<[string, Bundle, Bundle, string, number | null]>([
  [
    "list prices are compared as a ratio",
    bundle("gpt-4o-2024-08-06", "openai"),
    bundle("claude-sonnet-4-5-20250929", "anthropic"),
    "list",
    1.5,
  ],
  [
    "the base tier is taken, not the long-context one",
    bundle("gemini-2.5-pro", "google"),
    bundle("gemini-2.5-flash", "google"),
    "list",
    0.24,
  ],
  [
    "Bedrock's geographies cost more",
    bundle("claude-sonnet-4-5", "anthropic"),
    bundle("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock"),
    "list",
    1.1,
  ],
  ["an unknown model has no price", bundle("a"), bundle("b"), "unknown", null],
  ["the same model at the same provider costs the same", bundle("a"), bundle("a"), "same", 1],
  ["an Azure deployment has no list price", bundle("gpt-4o", "azure"), bundle("gpt-4o", "openai"), "unknown", null],
  [
    "an id like a known one has no list price",
    bundle("gpt-4o-support-tuned", "openai"),
    bundle("gpt-4o", "openai"),
    "unknown",
    null,
  ],
])("%s", (_name, a, b, kind, ratio) => {
  expect(comparePrice(a, b)).toMatchObject({ kind, ratio });
});

it("declared prices count where the list knows nothing, and are shown beside it", () => {
  const priced = (model: string, input: number, output: number): Bundle =>
    bundle(model, null, { pricing: { inputPerMTok: input, outputPerMTok: output } });
  expect(comparePrice(priced("a", 1, 2), priced("b", 1, 3))).toMatchObject({
    kind: "declared",
    ratio: 1.5,
    inputRatio: 1,
  });
  expect(comparePrice(priced("a", 0, 2), priced("b", 1, 2))).toMatchObject({ ratio: 1000 });
  const listed = { ...priced("gpt-4o", 1, 1), provider: "openai" };
  expect(comparePrice(listed, { ...listed, pricing: { inputPerMTok: 2, outputPerMTok: 1 } })).toMatchObject({
    kind: "list",
    ratio: 1,
    declaredRatio: 2,
  });
});

it.each<[string, Bundle, Bundle, number, number | null]>([
  [
    "dearer long contexts of one side are a ratio of their own",
    bundle("gpt-5", "openai"),
    bundle("gemini-2.5-pro", "google"),
    1,
    2,
  ],
  [
    "long contexts that go with the base have none",
    bundle("gpt-4o-2024-08-06", "openai"),
    bundle("gpt-5", "openai"),
    0.5,
    null,
  ],
  [
    "both sides dearer alike have none",
    bundle("claude-sonnet-4-5-20250929", "anthropic"),
    bundle("anthropic/claude-sonnet-4.5", "openrouter"),
    1,
    null,
  ],
])("%s", (_name, a, b, ratio, longContextRatio) => {
  expect(comparePrice(a, b)).toMatchObject({ ratio, longContextRatio });
});

it("says which price list it read", () => {
  const { version } = JSON.parse(readFileSync("node_modules/@pydantic/genai-prices/package.json", "utf8")) as {
    version: string;
  };
  expect(version).toBe(priceDataVersion);
  expect(comparePrice(bundle("gpt-4o", "openai"), bundle("gpt-4o", "openai"))).toMatchObject({
    source: expect.stringContaining(version),
    dataDate: "2026-09-23",
  });
});

it("never throws and never calls an unknown model known", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 60 }),
      fc.option(fc.string({ maxLength: 20 })),
      fc.option(fc.webUrl()),
      (model, provider, endpoint) => {
        const target = bundle(model, provider, { endpoint });
        const identity = identifyModel(target, none);
        expect(identity.family === null || !identity.opaque).toBe(true);
        comparePrice(target, bundle("gpt-4o", "openai"));
      },
    ),
    { numRuns: 300 },
  );
});
