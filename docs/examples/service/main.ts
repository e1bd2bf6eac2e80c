import type { JsonObject } from "routeward/runtime";
import { startAnswerService } from "./answer-service.ts";
import { createStubModel, gradeAnswer, searchDocumentation } from "./stub-model.ts";

const flagKey = "support_answer_model_route";

/** The route that holds whenever FeatBit cannot say: the `baseline` of the route file, shipped with the application. */
const baseline: JsonObject = {
  provider: "openai",
  model: "gpt-4o-2024-08-06",
  region: "eu",
  promptVersion: "support-v3",
  prompt: "prompts/support/v3.md",
  retrievalProfile: "public-docs",
  toolPolicy: "read-only",
  parameters: { temperature: 0.2, max_tokens: 800 },
  timeoutMs: 8000,
  maxRetries: 1,
  fallback: ["baseline-search"],
};

function readVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is missing`);
  return value;
}

const service = await startAnswerService({
  flagKey,
  port: Number(process.env["PORT"] ?? 8080),
  featbit: {
    sdkKey: readVariable("FEATBIT_SDK_KEY"),
    streamingUrl: readVariable("FEATBIT_STREAMING_URL"),
    eventsUrl: readVariable("FEATBIT_EVENTS_URL"),
    baselines: { [flagKey]: { bundle: baseline, digest: null } },
    awayAfterMs: Number(process.env["FEATBIT_AWAY_AFTER_MS"] ?? 60_000),
  },
  callModel: createStubModel(process.env["STUB_MODEL_DELAYS"]),
  fallbacks: { "baseline-search": searchDocumentation },
  grade: gradeAnswer,
});
console.log(`answering on ${service.url}`);

process.once("SIGTERM", () => {
  // The FeatBit SDK leaves timers behind that would keep the process alive for a while.
  void service.close().then(() => process.exit(0));
});
