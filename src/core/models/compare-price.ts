import { calcPrice } from "@pydantic/genai-prices";
import type { Bundle } from "../routes/route-file.ts";
import { identifyModel } from "./identify-model.ts";

/** Version of the price package whose data `priceDataDate` describes; a test keeps it equal to the one installed. */
export const priceDataVersion = "0.1.8";
/** Day of the price list inside the package. */
export const priceDataDate = "2026-09-23";

/** How the price of `b` stands to the price of `a`. Ratios, not dollars: lists disagree on the amounts (facts/formats.md section 2). */
export interface PriceComparison {
  /**
   * `same`: same model at the same provider, nothing declared differently. `list`: both are in the price list. `declared`: both bundles say
   * their prices. `unknown`: neither way; counts as changed.
   */
  kind: "list" | "declared" | "same" | "unknown";
  /** Of input and output the ratio that is further from 1; null when unknown. Between 0.001 and 1000. */
  ratio: number | null;
  inputRatio: number | null;
  outputRatio: number | null;
  /**
   * The ratio at the tier of the longest contexts, where it is another than the base's: some lists charge those more. Null where nothing
   * differs, or the list was not used.
   */
  longContextRatio: number | null;
  /** The same from the declared prices, when both bundles declare them, also where the list decides. */
  declaredRatio: number | null;
  /** For people: `list price, @pydantic/genai-prices 0.1.8`. */
  source: string;
  /** ISO date of the price list; null when it was not used. */
  dataDate: string | null;
}

interface Price {
  input: number;
  output: number;
}

/** Compares what two bundles cost per token. Synchronous, from bundled data, the same at any time. */
export function comparePrice(a: Bundle, b: Bundle): PriceComparison {
  const declared = compareParts(declaredPrice(a), declaredPrice(b));
  const declaredRatio = declared?.ratio ?? null;
  const [listA, listB] = [listPrices(a), listPrices(b)];
  if (listA !== null && listB !== null) {
    const list = compareParts(listA.base, listB.base);
    if (list !== null) {
      const long = compareParts(listA.longContext, listB.longContext)?.ratio ?? null;
      const longContextRatio = long === list.ratio ? null : long;
      const source = `list price, @pydantic/genai-prices ${priceDataVersion}`;
      return { kind: "list", ...list, longContextRatio, declaredRatio, source, dataDate: priceDataDate };
    }
  }
  if (declared !== null) {
    const source = "declared in the file";
    return { kind: "declared", ...declared, longContextRatio: null, declaredRatio, source, dataDate: null };
  }
  const isSame =
    a.model === b.model && a.provider === b.provider && a.version === b.version && a.endpoint === b.endpoint;
  if (isSame && a.region === b.region && a.pricing === null && b.pricing === null) {
    const source = "same model at the same provider";
    const ratios = { ratio: 1, inputRatio: 1, outputRatio: 1, longContextRatio: null };
    return { kind: "same", ...ratios, declaredRatio, source, dataDate: null };
  }
  return {
    kind: "unknown",
    ratio: null,
    inputRatio: null,
    outputRatio: null,
    longContextRatio: null,
    declaredRatio,
    source: "neither in the price list nor declared on both sides",
    dataDate: null,
  };
}

const providerIds: Readonly<Record<string, string>> = {
  openai: "openai",
  anthropic: "anthropic",
  bedrock: "aws",
  vertex: "google",
  google: "google",
  openrouter: "openrouter",
  groq: "groq",
  together: "together",
  fireworks: "fireworks",
  mistral: "mistral",
  cohere: "cohere",
  deepseek: "deepseek",
  xai: "x-ai",
  perplexity: "perplexity",
  cerebras: "cerebras",
};

/** US dollars per million tokens from the list; null when it is not sure that the list means this target. */
function listPrices(bundle: Bundle): { base: Price; longContext: Price } | null {
  const identity = identifyModel(bundle, { modelFamilies: {} });
  const providerId = identity.servingProvider === null ? undefined : providerIds[identity.servingProvider];
  // The list matches ids by likeness; only an id whose family is known is surely the one it means.
  if (identity.opaque || providerId === undefined || identity.family === null) return null;
  const id = bundle.model.trim().replace(/^arn:[^/]{1,100}\//, "");
  const names = [id, id.slice(id.indexOf("/") + 1), id.slice(id.lastIndexOf("/") + 1)];
  for (const name of new Set(names)) {
    // A thousand tokens, scaled: a million is charged at the long-context tier (facts/formats.md section 2).
    const base = priceOf(name, providerId, 1_000);
    const longContext = priceOf(name, providerId, 1_000_000);
    if (base !== null && longContext !== null) return { base, longContext };
  }
  return null;
}

/** @param tokens of a call, in and out; the list's tier depends on them */
function priceOf(name: string, providerId: string, tokens: number): Price | null {
  const timestamp = new Date(`${priceDataDate}T12:00:00Z`);
  const price = calcPrice({ input_tokens: tokens, output_tokens: tokens }, name, { providerId, timestamp });
  if (price === null) return null;
  const scale = 1_000_000 / tokens;
  return { input: price.input_price * scale, output: price.output_price * scale };
}

function declaredPrice({ pricing }: Bundle): Price | null {
  if (pricing === null || pricing.inputPerMTok === null || pricing.outputPerMTok === null) return null;
  return { input: pricing.inputPerMTok, output: pricing.outputPerMTok };
}

function compareParts(
  a: Price | null,
  b: Price | null,
): Pick<PriceComparison, "ratio" | "inputRatio" | "outputRatio"> | null {
  if (a === null || b === null) return null;
  const inputRatio = divide(b.input, a.input);
  const outputRatio = divide(b.output, a.output);
  const ratio = Math.abs(Math.log(inputRatio)) > Math.abs(Math.log(outputRatio)) ? inputRatio : outputRatio;
  return { ratio, inputRatio, outputRatio };
}

/** From or to free is as far as the scale goes. */
function divide(b: number, a: number): number {
  if (a === b) return 1;
  if (a === 0) return 1000;
  const rounded = Math.round((b / a) * 1e6) / 1e6;
  return Math.min(1000, Math.max(0.001, rounded));
}
