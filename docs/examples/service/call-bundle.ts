import type { JsonObject, JsonValue } from "routeward/runtime";

/** What a model gave back, and what it cost in US dollars. */
export interface ModelAnswer {
  text: string;
  costUsd: number;
}

/** Your provider's client. It must end when `signal` does, with an error. */
export type CallModel = (bundle: JsonObject, question: string, signal: AbortSignal) => Promise<ModelAnswer>;

/** How one question was answered. */
export interface BundleAnswer extends ModelAnswer {
  retries: number;
  fellBack: boolean;
}

export interface BundleCallers {
  callModel: CallModel;
  /** What a bundle may name as its `fallback`. */
  fallbacks: Readonly<Record<string, (question: string) => Promise<string>>>;
}

const defaultTimeoutMs = 10_000;

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Asks the model with the bundle's own timeout and retries, then its fallbacks in their order. @throws the model's last error when nothing answers. */
export async function callBundle(bundle: JsonObject, question: string, callers: BundleCallers): Promise<BundleAnswer> {
  const maxRetries = Number(bundle["maxRetries"] ?? 0);
  let failure: unknown;
  for (let retries = 0; retries <= maxRetries; retries += 1) {
    try {
      const signal = AbortSignal.timeout(Number(bundle["timeoutMs"] ?? defaultTimeoutMs));
      return { ...(await callers.callModel(bundle, question, signal)), retries, fellBack: false };
    } catch (error) {
      failure = error;
    }
  }
  const fallbacks = bundle["fallback"];
  for (const fallback of isList(fallbacks) ? fallbacks : []) {
    const answer = await fallBack(fallback, question, callers).catch(() => null);
    if (answer !== null) return { ...answer, retries: maxRetries, fellBack: true };
  }
  throw failure;
}

async function fallBack(fallback: JsonValue, question: string, callers: BundleCallers): Promise<ModelAnswer | null> {
  if (isObject(fallback)) return callBundle(fallback, question, callers);
  const answer = typeof fallback === "string" ? callers.fallbacks[fallback] : undefined;
  return answer === undefined ? null : { text: await answer(question), costUsd: 0 };
}
