import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import type { Bundle } from "../routes/route-file.ts";
import {
  expectServed,
  identifyContent,
  parseServed,
  renderBundle,
  renderServedSchema,
  renderVariations,
} from "./served-value.ts";
import { renderTransitions } from "./transitions.ts";

const flag = { binding: "acme-production", flagKey: "support_answer_model_route" };
const bundle: Bundle = {
  provider: "openai",
  model: "gpt-4o-2024-08-06",
  modelFamily: null,
  version: null,
  endpoint: null,
  region: "eu",
  promptVersion: null,
  prompt: "prompts/support/v3.md",
  retrievalProfile: null,
  retrieval: null,
  toolPolicy: null,
  tools: null,
  parameters: { temperature: 0.2 },
  timeoutMs: 8000,
  maxRetries: null,
  fallback: [{ kind: "name", name: "baseline-search" }],
  pricing: { inputPerMTok: 1, outputPerMTok: 2 },
  latency: { p95Ms: 100 },
};
const digestOf = (letter: string): string => `mrb1:sha256:${letter.repeat(64)}`;
const bundles = {
  flagType: "json" as const,
  baseline: { bundle, digest: digestOf("a") },
  candidate: { bundle: { ...bundle, model: "other" }, digest: digestOf("b") },
};

describe("the served value", () => {
  it("is what an application needs to call the bundle, without claims of price and latency", () => {
    expect(renderBundle(bundle)).toEqual({
      provider: "openai",
      model: "gpt-4o-2024-08-06",
      region: "eu",
      prompt: "prompts/support/v3.md",
      parameters: { temperature: 0.2 },
      timeoutMs: 8000,
      fallback: ["baseline-search"],
    });
  });

  it("fits the published schema in every variation", async () => {
    const schema = renderServedSchema();
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot("../../../docs/schema/served.schema.json");
    const validate = new Ajv2020({ strict: false }).compile(schema);
    const values = renderVariations(flag, bundles, "shadow").map((variation) => JSON.parse(variation.value) as unknown);
    expect(values.map((value) => [validate(value), validate.errors])).toEqual(values.map(() => [true, null]));
    expect(validate({ variation: "candidate" })).toBe(false);
  });

  it("of a shadow is the baseline with the candidate beside it", () => {
    const shadow = renderVariations(flag, bundles, "shadow").find((variation) => variation.name === "shadow");
    expect(JSON.parse(shadow?.value ?? "")).toMatchObject({ digest: digestOf("a"), shadow: { digest: digestOf("b") } });
  });

  it("of a string flag is the variation's name, and there is no shadow", () => {
    const variations = renderVariations(flag, { ...bundles, flagType: "string" }, "default");
    expect(variations.map((variation) => variation.value)).toEqual(["baseline", "candidate"]);
    expect(expectServed(variations, "candidate")).toEqual({ variation: "candidate", digest: null, stage: null });
  });

  it("of the baseline is the same at every stage, so that going back needs no write of values", () => {
    const value = (stage: "shadow" | "default") => renderVariations(flag, bundles, stage)[0]?.value;
    expect(value("shadow")).toBe(value("default"));
  });

  it("names the same content at every stage of one candidate, another for another candidate", () => {
    const value = (stage: "shadow" | "default", digest: string): string =>
      renderVariations(flag, { ...bundles, candidate: { ...bundles.candidate, digest } }, stage)[1]?.value ?? "";
    expect(identifyContent(value("shadow", digestOf("b")))).toBe(identifyContent(value("default", digestOf("b"))));
    expect(identifyContent(value("shadow", digestOf("b")))).not.toBe(identifyContent(value("shadow", digestOf("c"))));
  });

  it.each([
    ["not JSON", "{"],
    ["a list", "[]"],
    [
      "a digest of another form",
      JSON.stringify({ variation: "baseline", bundle: {}, digest: "sha256:1", stage: null }),
    ],
    [
      "a stage that does not exist",
      JSON.stringify({ variation: "baseline", bundle: {}, digest: digestOf("a"), stage: "soon" }),
    ],
  ])("%s is nobody's served value", (_name, text) => {
    expect(parseServed(text)).toBeNull();
  });
});

it("the transition table in the documentation is the one that runs", async () => {
  const head = [
    "# Transitions of a rollout",
    "",
    "The rows are asked from the top; the first that fits gives the next step. After each step the world is read again.",
    "Generated from `src/core/rollout/transitions.ts`; `npx vitest run src/core/rollout -u` writes it anew.",
    "",
    "",
  ].join("\n");
  await expect(head + renderTransitions()).toMatchFileSnapshot("../../../docs/transitions.md");
});
