import { expect, it } from "vitest";
import { buildPolicy, readRoute, writeBundle, writeRecord, type Written } from "../verdict/test-builders.ts";
import { bundleRules } from "./bundle-rules.ts";
import { viewBundle, type BundleView } from "./bundle-view.ts";

/** A bundle as one side of a difference; the files that it names are readable and the same, unless said otherwise. */
function view(
  changes: Written,
  files: BundleView["files"] = { "prompts/v3.md": "d3", "tools.json": "d1" },
): BundleView {
  const { candidate } = readRoute(writeRecord({ candidate: writeBundle(changes) })).record;
  if (candidate === null) throw new Error("the test's record has no candidate");
  return viewBundle(candidate, files, buildPolicy());
}

function look(id: string, from: BundleView, to: BundleView): [field: string, sentence: string] | null {
  const found = bundleRules.find((rule) => rule.id === id)?.look(from, to) ?? null;
  return found === null ? null : [found.field, found.sentence];
}

const dated = "gpt-4o-2024-08-06";
const own = { provider: "azure", model: "our-deployment" };
const many = (value: number): Written => ({
  parameters: Object.fromEntries(["f", "e", "d", "c", "b", "a"].map((name) => [name, value])),
});
const nested = (changes: Written): Written => ({ fallback: [{ model: dated, prompt: "prompts/v3.md", ...changes }] });

it.each<[id: string, name: string, from: Written, to: Written, expected: [field: string, sentence: string] | null]>([
  [
    "timeout-changed",
    "a first timeout",
    { timeoutMs: null },
    { timeoutMs: 900 },
    ["timeoutMs", "timeout changed from nothing to 900 ms"],
  ],
  [
    "timeout-changed",
    "a timeout that is gone",
    { timeoutMs: 900 },
    { timeoutMs: null },
    ["timeoutMs", "timeout changed from 900 ms to nothing"],
  ],
  [
    "retries-changed",
    "retries that are no longer said",
    { maxRetries: 2 },
    { maxRetries: null },
    ["maxRetries", "retries changed from 2 to nothing"],
  ],
  [
    "parameters-changed",
    "all names in the order of their letters, the line of the first",
    { parameters: { top_p: 1 } },
    { parameters: { seed: 7 } },
    ["parameters.seed", "parameters changed: seed from nothing to 7, top_p from 1 to nothing"],
  ],
  [
    "parameters-changed",
    "five of six, and how many more",
    many(1),
    many(2),
    [
      "parameters.a",
      "parameters changed: a from 1 to 2, b from 1 to 2, c from 1 to 2, d from 1 to 2, e from 1 to 2 and 1 more",
    ],
  ],
  [
    "parameters-changed",
    "five without a rest",
    { parameters: { a: 1, b: 1, c: 1, d: 1, e: 1 } },
    { parameters: { a: 2, b: 2, c: 2, d: 2, e: 2 } },
    ["parameters.a", "parameters changed: a from 1 to 2, b from 1 to 2, c from 1 to 2, d from 1 to 2, e from 1 to 2"],
  ],
  [
    "parameters-changed",
    "another order of keys is no change",
    { parameters: { x: { a: 1, b: 2 } } },
    { parameters: { x: { b: 2, a: 1 } } },
    null,
  ],
  [
    "parameters-changed",
    "a parameter named like a method of objects",
    { parameters: {} },
    { parameters: { toString: 1 } },
    ["parameters.toString", "parameters changed: toString from nothing to 1"],
  ],
  [
    "prompt-changed",
    "another file",
    {},
    { prompt: "prompts/v4.md" },
    ["prompt", "prompt changed from prompts/v3.md to prompts/v4.md"],
  ],
  [
    "retrieval-changed",
    "the first file",
    {},
    { retrieval: "retrieval.yaml" },
    ["retrieval", "retrieval changed from nothing to retrieval.yaml"],
  ],
  [
    "tool-policy-changed",
    "the first file of tools",
    {},
    { tools: "tools.json" },
    ["tools", "tool policy changed from nothing to tools.json"],
  ],
  [
    "fallback-added",
    "the same bundle with its parameters in another order is no other one",
    nested({ parameters: { a: 1, b: { c: 1, d: 2 } } }),
    nested({ parameters: { b: { d: 2, c: 1 }, a: 1 } }),
    null,
  ],
  [
    "fallback-added",
    "a bundle with another timeout is another one",
    nested({ timeoutMs: 1000 }),
    nested({ timeoutMs: 2000 }),
    ["fallback", `fallback added: ${dated}`],
  ],
  [
    "fallback-added",
    "a bundle with another fallback of its own is another one",
    nested({ fallback: ["a"] }),
    nested({ fallback: ["b"] }),
    ["fallback", `fallback added: ${dated}`],
  ],
  [
    "fallback-removed",
    "one of two that are the same",
    { fallback: ["a", "a"] },
    { fallback: ["a"] },
    ["fallback", "fallbacks are asked in another order: a, a became a"],
  ],
  [
    "tool-policy-changed",
    "the same file of tools is no change",
    { tools: "tools.json" },
    { tools: "tools.json" },
    null,
  ],
  ["fallback-added", "two at once", { fallback: [] }, { fallback: ["a", "b"] }, ["fallback", "fallback added: a, b"]],
  ["fallback-added", "one less is none more", { fallback: ["a", "b"] }, { fallback: ["a"] }, null],
  [
    "fallback-removed",
    "two at once",
    { fallback: ["a", "b"] },
    { fallback: [] },
    ["fallback", "fallback removed: a, b"],
  ],
  ["fallback-removed", "one more at the end keeps the others", { fallback: ["a"] }, { fallback: ["a", "b"] }, null],
  [
    "fallback-removed",
    "one more before keeps the order of the others",
    { fallback: ["a", "b"] },
    { fallback: ["z", "a", "b"] },
    null,
  ],
  [
    "fallback-removed",
    "another order",
    { fallback: ["a", "b"] },
    { fallback: ["b", "a"] },
    ["fallback", "fallbacks are asked in another order: a, b became b, a"],
  ],
  [
    "model-version-changed",
    "the version alone, on its line",
    { version: "1" },
    { version: "2" },
    [
      "version",
      "model version changed from gpt-4o-2024-08-06 (version 1) to gpt-4o-2024-08-06 (version 2), same family",
    ],
  ],
  [
    "model-version-changed",
    "another model of the family",
    {},
    { model: "gpt-4o-2024-11-20" },
    ["model", "model version changed from gpt-4o-2024-08-06 to gpt-4o-2024-11-20, same family"],
  ],
  ["model-version-changed", "another family is another rule", {}, { model: "gpt-4.1-2025-04-14" }, null],
  [
    "provider-switched",
    "both known",
    {},
    { provider: "azure" },
    ["provider", "provider switched from openai to azure"],
  ],
  [
    "provider-switched",
    "no provider said on either side, and none known",
    { provider: null, model: "ours-1" },
    { provider: null, model: "ours-2" },
    ["model", "the providers of ours-1 and ours-2 are not both known, which counts as a switch"],
  ],
  [
    "provider-switched",
    "a provider that is no longer said, of a model that says its own",
    {},
    { provider: null },
    ["model", "provider changed from openai to nothing"],
  ],
  [
    "provider-switched",
    "a provider that is said, of a model whose name says none",
    { provider: null },
    {},
    ["provider", "provider changed from nothing to openai"],
  ],
  [
    "provider-switched",
    "a provider that is no longer said, of a model that says none",
    { provider: "acme", model: "ours-1" },
    { provider: null, model: "ours-1" },
    ["model", "provider changed from acme to nothing"],
  ],
  [
    "provider-switched",
    "a provider where none was known",
    { provider: null, model: "ours-1" },
    { provider: "acme", model: "ours-1" },
    ["provider", "provider changed from nothing to acme"],
  ],
  [
    "provider-switched",
    "a provider that is said, of a model whose name says the same",
    { provider: null, model: "openai/gpt-4o-2024-08-06" },
    { model: "openai/gpt-4o-2024-08-06" },
    null,
  ],
  [
    "provider-switched",
    "a model of which nobody knows the provider stays as it is",
    { provider: null, model: "ours-1" },
    { provider: null, model: "ours-1" },
    null,
  ],
  [
    "provider-switched",
    "a provider in other words",
    { provider: "openai" },
    { provider: "OpenAI", model: "gpt-4o-2024-11-20" },
    null,
  ],
  ["provider-switched", "another model of the same provider is none", {}, { model: "gpt-4o-2024-11-20" }, null],
  [
    "model-family-changed",
    "both known",
    {},
    { model: "gpt-4.1-2025-04-14" },
    ["model", "model family changed from gpt-4o to gpt-4.1"],
  ],
  [
    "model-family-changed",
    "the family of the one before is not known",
    own,
    { provider: "azure" },
    [
      "model",
      "model changed from our-deployment to gpt-4o-2024-08-06; the family of our-deployment is not known (declare modelFamily), which counts as changed",
    ],
  ],
  [
    "model-family-changed",
    "the family of the one after is not known",
    {},
    own,
    [
      "model",
      "model changed from gpt-4o-2024-08-06 to our-deployment; the family of our-deployment is not known (declare modelFamily), which counts as changed",
    ],
  ],
  ["model-family-changed", "an unknown target that stays as it is", own, own, null],
  [
    "model-family-changed",
    "an unknown target of another version",
    own,
    { ...own, version: "2" },
    [
      "modelFamily",
      "model changed from our-deployment to our-deployment; the family of our-deployment is not known (declare modelFamily), which counts as changed",
    ],
  ],
  [
    "model-family-changed",
    "an unknown target at another endpoint",
    own,
    { ...own, endpoint: "https://llm.example.com" },
    [
      "modelFamily",
      "model changed from our-deployment to our-deployment; the family of our-deployment is not known (declare modelFamily), which counts as changed",
    ],
  ],
  [
    "model-family-changed",
    "an unknown target at another provider",
    own,
    { ...own, provider: "acme" },
    [
      "modelFamily",
      "model changed from our-deployment to our-deployment; the family of our-deployment is not known (declare modelFamily), which counts as changed",
    ],
  ],
  [
    "model-family-changed",
    "a family that is declared for an unknown target",
    own,
    { ...own, modelFamily: "gpt-4o" },
    [
      "modelFamily",
      "model changed from our-deployment to our-deployment; the family of our-deployment is not known (declare modelFamily), which counts as changed",
    ],
  ],
  [
    "model-family-changed",
    "another declared family, on its line",
    { ...own, modelFamily: "gpt-4o" },
    { ...own, modelFamily: "gpt-4.1" },
    ["modelFamily", "model family changed from gpt-4o to gpt-4.1"],
  ],
  [
    "model-unpinned",
    "a moving name",
    {},
    { model: "gpt-4o" },
    ["model", "gpt-4o moves when its provider moves it; before: gpt-4o-2024-08-06"],
  ],
  ["model-unpinned", "a name that moved before already", { model: "gpt-4o" }, { model: "gpt-4o" }, null],
  [
    "model-unpinned",
    "another moving name",
    { model: "gpt-4o" },
    { model: "gpt-4o-mini" },
    ["model", "gpt-4o-mini moves when its provider moves it; before: gpt-4o"],
  ],
  [
    "model-unpinned",
    "a name of which nobody knows",
    {},
    own,
    ["model", "our-deployment is not known to be pinned; before: gpt-4o-2024-08-06"],
  ],
  [
    "model-unpinned",
    "the same name where it is only a deployment's",
    {},
    { provider: "azure" },
    ["model", "gpt-4o-2024-08-06 is not known to be pinned; before: gpt-4o-2024-08-06"],
  ],
  ["model-unpinned", "a pinned name", { model: "gpt-4o" }, {}, null],
  [
    "cost-profile-changed",
    "another version of an unknown model",
    own,
    { ...own, version: "2" },
    ["model", "the list price from our-deployment to our-deployment is not known, which counts as changed"],
  ],
  [
    "cost-profile-changed",
    "an unknown model at another endpoint",
    own,
    { ...own, endpoint: "https://llm.example.com" },
    ["model", "the list price from our-deployment to our-deployment is not known, which counts as changed"],
  ],
  [
    "cost-profile-changed",
    "an unknown model at another provider",
    own,
    { ...own, provider: "acme" },
    ["model", "the list price from our-deployment to our-deployment is not known, which counts as changed"],
  ],
  ["cost-profile-changed", "an unknown model that stays as it is", own, own, null],
  ["cost-profile-changed", "the same list price", {}, { model: "gpt-4o-2024-11-20" }, null],
  [
    "cost-profile-changed",
    "another list price",
    {},
    { model: "gpt-4o-mini-2024-07-18" },
    [
      "model",
      "cost from gpt-4o-2024-08-06 to gpt-4o-mini-2024-07-18 changes by a factor of 0.06 (list price, @pydantic/genai-prices 0.1.8, 2026-09-23)",
    ],
  ],
  [
    "cost-profile-changed",
    "the same list price, but more for long contexts",
    { model: "gpt-5" },
    { provider: "google", model: "gemini-2.5-pro" },
    [
      "model",
      "cost from gpt-5 to gemini-2.5-pro changes by a factor of 1.00, of 2.00 with long contexts (list price, @pydantic/genai-prices 0.1.8, 2026-09-23)",
    ],
  ],
  [
    "cost-profile-changed",
    "a declared price of output, on its line",
    { pricing: { inputPerMTok: 1, outputPerMTok: 2 } },
    { pricing: { inputPerMTok: 1, outputPerMTok: 4 } },
    ["pricing.outputPerMTok", "declared price (output, per million tokens) changed from $2 to $4"],
  ],
  [
    "latency-profile-changed",
    "ten percent more is no change",
    { latency: { p95Ms: 1000 } },
    { latency: { p95Ms: 1100 } },
    null,
  ],
  [
    "latency-profile-changed",
    "more than that is one",
    { latency: { p95Ms: 1000 } },
    { latency: { p95Ms: 1101 } },
    ["latency.p95Ms", "declared p95 latency changed from 1000 ms to 1101 ms"],
  ],
  [
    "latency-profile-changed",
    "a declaration that is gone",
    { latency: { p95Ms: 1000 } },
    {},
    ["latency.p95Ms", "declared p95 latency changed from 1000 ms to nothing"],
  ],
  [
    "region-boundary-changed",
    "another region",
    { region: "eu" },
    { region: "us" },
    ["region", "region changed from eu to us"],
  ],
  [
    "region-boundary-changed",
    "a region that is no longer said",
    { region: "eu" },
    { region: null },
    ["region", "region changed from eu to nothing"],
  ],
  [
    "region-boundary-changed",
    "another geography of an AWS profile",
    { provider: "bedrock", model: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" },
    { provider: "bedrock", model: "global.anthropic.claude-sonnet-4-5-20250929-v1:0" },
    ["model", "the model's geography changed from eu to global"],
  ],
  [
    "region-boundary-changed",
    "from the region itself to an AWS profile",
    { provider: "bedrock", model: "anthropic.claude-sonnet-4-5-20250929-v1:0" },
    { provider: "bedrock", model: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" },
    ["model", "the model's geography changed from in-region to eu"],
  ],
  [
    "region-boundary-changed",
    "another region in the model's ARN",
    {
      provider: "bedrock",
      model: "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
    },
    {
      provider: "bedrock",
      model: "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
    },
    ["model", "the place where the model runs changed from eu-west-1 to us-east-1"],
  ],
  [
    "region-boundary-changed",
    "another region in the provider's address",
    { provider: "vertex", endpoint: "https://europe-west4-aiplatform.googleapis.com/v1" },
    { provider: "vertex", endpoint: "https://us-central1-aiplatform.googleapis.com/v1" },
    ["endpoint", "the place where the model runs changed from europe-west4 to us-central1"],
  ],
  [
    "region-boundary-changed",
    "an address in a place, and then one in none",
    { region: null, endpoint: "https://eu.api.openai.com/v1" },
    { region: null, endpoint: "https://api.openai.com/v1" },
    ["endpoint", "the place where the model runs changed from eu to nothing"],
  ],
  [
    "region-boundary-changed",
    "a place that the record's region still says",
    { region: "eu", endpoint: "https://eu.api.openai.com/v1" },
    { region: "eu", endpoint: "https://api.openai.com/v1" },
    null,
  ],
  [
    "region-boundary-changed",
    "another model of the same geography",
    { provider: "bedrock", model: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" },
    { provider: "bedrock", model: "eu.anthropic.claude-3-5-sonnet-20240620-v1:0" },
    null,
  ],
  [
    "region-boundary-changed",
    "a model that is no longer one of AWS",
    { provider: "bedrock", model: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" },
    {},
    null,
  ],
  [
    "region-boundary-changed",
    "a model outside AWS says nothing about a place",
    {},
    { provider: "bedrock", model: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" },
    null,
  ],
])("%s: %s", (id, _name, from, to, expected) => {
  expect(look(id, view(from), view(to))).toEqual(expected);
});

it("a bundle that stays as it is fires no rule", () => {
  const same = bundleRules.filter(({ id }) => look(id, view({}), view({})) !== null);
  expect(same).toEqual([]);
});

it.each<[string, BundleView["files"], BundleView["files"], boolean]>([
  ["the same content is no change", { "prompts/v3.md": "d3" }, { "prompts/v3.md": "d3" }, false],
  ["other content is a change", { "prompts/v3.md": "d3" }, { "prompts/v3.md": "d4" }, true],
  ["a file that is not there on one side is a change", { "prompts/v3.md": "d3" }, {}, true],
  ["a file that nobody could read on either side is a change", {}, {}, true],
  ["an unread file is a change as well", { "prompts/v3.md": null }, { "prompts/v3.md": null }, true],
])("of a file that a bundle names, %s", (_name, before, after, isChange) => {
  const changed = "prompt changed: prompts/v3.md has other content, or cannot be read";
  expect(look("prompt-changed", view({}, before), view({}, after))).toEqual(isChange ? ["prompt", changed] : null);
});

it.each<[id: string, what: string, field: string, path: string]>([
  ["prompt-changed", "prompt", "prompt", "prompts/v3.md"],
  ["retrieval-changed", "retrieval", "retrieval", "retrieval.yaml"],
  ["tool-policy-changed", "tool policy", "tools", "tools.json"],
])("%s: another content of the file, on its line", (id, what, field, path) => {
  const named = { prompt: "prompts/v3.md", retrieval: "retrieval.yaml", tools: "tools.json" };
  const digests = { "prompts/v3.md": "d1", "retrieval.yaml": "d2", "tools.json": "d3" };
  expect(look(id, view(named, digests), view(named, { ...digests, [path]: "d4" }))).toEqual([
    field,
    `${what} changed: ${path} has other content, or cannot be read`,
  ]);
});

it.each<[string, BundleView["files"], BundleView["files"], boolean]>([
  ["is the same fallback with the same prompt", { "prompts/v3.md": "d3" }, { "prompts/v3.md": "d3" }, false],
  ["is another fallback with another prompt", { "prompts/v3.md": "d3" }, { "prompts/v3.md": "d4" }, true],
  ["is another fallback when its prompt cannot be read", {}, {}, true],
])("a bundle as fallback %s", (_name, before, after, isOther) => {
  const [from, to] = [view(nested({}), before), view(nested({}), after)];
  expect(look("fallback-added", from, to)).toEqual(isOther ? ["fallback", `fallback added: ${dated}`] : null);
  expect(look("fallback-removed", from, to)).toEqual(isOther ? ["fallback", `fallback removed: ${dated}`] : null);
});
