import { z } from "zod";
import type { JsonValue } from "../json.ts";
import { stages } from "../scales.ts";
import { approvalStatuses, dataClasses, guardrailCategories, type RiskKind } from "../vocabulary.ts";
import {
  dateText,
  durationText,
  filledText,
  positiveDuration,
  repositoryPath,
  shortName,
} from "../yaml/common-schemas.ts";
import { strictMap } from "../yaml/strict-map.ts";

const json: z.ZodType<JsonValue> = z.json();

/** Key of a FeatBit flag. */
const flagKey = z
  .string()
  .regex(/^[a-zA-Z0-9._-]+$/, { error: () => "a FeatBit flag key: letters, digits, `.`, `_` and `-`" })
  .max(128);

const price = z.number().min(0).max(1_000_000);

const bundleFields = {
  provider: filledText.nullish().describe("Who serves the model: openai, anthropic, bedrock, azure."),
  model: filledText.describe("Id of the model as the provider knows it."),
  modelFamily: filledText.nullish().describe("Family of the model; needed when the id does not say it."),
  version: filledText.nullish(),
  endpoint: filledText.nullish(),
  region: filledText.nullish().describe("Where the data is processed."),
  promptVersion: filledText.nullish(),
  prompt: repositoryPath.nullish().describe("Path of the prompt file in this repository."),
  retrievalProfile: filledText.nullish(),
  retrieval: repositoryPath.nullish().describe("Path of the retrieval settings in this repository."),
  toolPolicy: filledText.nullish(),
  tools: repositoryPath.nullish().describe("Path of the tool policy in this repository."),
  parameters: z.record(z.string().max(256), json).nullish().describe("Sampling and other request parameters."),
  timeoutMs: z.int().min(1).max(3_600_000).nullish(),
  maxRetries: z.int().min(0).max(100).nullish(),
  pricing: strictMap({ inputPerMTok: price.nullish(), outputPerMTok: price.nullish() })
    .nullish()
    .describe("US dollars per million tokens, as claimed; not part of the digest."),
  latency: strictMap({ p95Ms: z.number().min(0).max(86_400_000).nullish() })
    .nullish()
    .describe("As claimed; not part of the digest."),
};

/** `baseline` and `candidate` (SPEC 2). */
export const bundleSchema = strictMap({
  ...bundleFields,
  get fallback() {
    return fallbackSchema.nullish();
  },
});

const fallbackSchema: z.ZodType<FallbackInput> = z.lazy(() =>
  z.union([filledText, bundleSchema, z.array(z.union([filledText, bundleSchema])).max(20)]),
);

/** A bundle as it stands in a file. */
export type BundleInput = z.infer<z.ZodObject<typeof bundleFields, z.core.$strict>> & {
  fallback?: FallbackInput | null | undefined;
};
export type FallbackInput = string | BundleInput | (string | BundleInput)[];

const guardrailSchema = strictMap({
  name: filledText.max(200),
  category: z.enum(guardrailCategories),
  metric: shortName.describe("Name of a metric template of the policy."),
  parameters: z
    .record(
      shortName,
      z.string().regex(/^[A-Za-z0-9_.:@/ -]{0,128}$/, {
        error: () => "text of letters, digits, spaces and `_.:@/-`, at most 128 (it is filled into a query)",
      }),
    )
    .nullish(),
  threshold: z.string().max(100).nullish().describe('An absolute bound: "<= 1800".'),
  margin: z
    .string()
    .max(100)
    .nullish()
    .describe('A bound against the baseline: "<= baseline + 10%", "<= baseline + 2pp".'),
  window: positiveDuration.nullish(),
  minSamples: z.int().min(1).max(1_000_000_000).nullish(),
  absentIs: z.number().nullish().describe("The value when there is no data; without it no data holds exposure."),
  onBreach: z.enum(["pause", "rollback"]).nullish(),
});

const planStepSchema = strictMap({
  stage: z.enum(stages),
  audience: shortName.nullish(),
  steps: z.array(z.number().min(1).max(100)).min(1).max(50).nullish().describe("Percents of the audience, rising."),
  soak: durationText.nullish(),
});

const exposureSchema = strictMap({
  firstAudience: shortName.nullish(),
  nextAudience: shortName.nullish(),
  plan: z.array(planStepSchema).min(1).max(stages.length).nullish(),
  excluded: z.array(shortName).max(100).nullish(),
});

/** The record `model_change` without its `x-` keys. */
export const recordSchema = strictMap({
  flagKey,
  flag: strictMap({ type: z.enum(["json", "string"]).nullish() }).nullish(),
  workflow: filledText.max(200).nullish(),
  owner: filledText.max(200),
  environment: shortName.nullish(),
  description: z.string().nullish(),
  improvement: z.union([filledText, strictMap({ goal: filledText, metric: shortName.nullish() })]).nullish(),
  dataClasses: z.array(z.enum(dataClasses)).max(50).nullish(),
  risks: strictMap({
    cost: filledText.nullish(),
    latency: filledText.nullish(),
    quality: filledText.nullish(),
    safety: filledText.nullish(),
    data: filledText.nullish(),
    support: filledText.nullish(),
  } satisfies Record<RiskKind, unknown>).nullish(),
  registry: strictMap({
    provider: z.enum(["sagemaker", "mlflow", "other"]),
    reference: filledText,
    version: filledText.nullish(),
  }).nullish(),
  baseline: bundleSchema,
  candidate: bundleSchema.nullish(),
  approval: strictMap({
    status: z.enum(approvalStatuses),
    reviewers: z
      .array(
        z
          .string()
          .regex(
            /^(?:[A-Za-z0-9][A-Za-z0-9._-]*|@[A-Za-z0-9][A-Za-z0-9-]*(?:_[A-Za-z0-9]+)?(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)?)$/,
            {
              error: () => "a role name, @user or @organisation/team",
            },
          )
          .max(200),
      )
      .max(50)
      .nullish(),
    evidence: z
      .array(
        z.union([
          z
            .string()
            .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/, {
              error: () => "an evidence id: letters, digits, `.`, `_` and `-`",
            })
            .max(128),
          z.record(z.string(), json),
        ]),
      )
      .max(100)
      .nullish(),
    outcome: strictMap({
      decision: z.enum(["expand", "revise", "keep-testing", "reject"]),
      reason: filledText,
    }).nullish(),
  }),
  guardrails: z.array(guardrailSchema).max(200).nullish(),
  exposure: exposureSchema.nullish(),
  rollback: strictMap({ defaultVariation: z.literal("baseline"), owner: filledText.nullish() }).nullish(),
  cleanup: strictMap({
    decision: z.enum(["remove", "permanent"]),
    by: dateText.nullish(),
    reviewBy: dateText.nullish(),
    owner: filledText.nullish(),
  }).nullish(),
  audit: z.record(z.string().max(100), z.string()).nullish(),
});

/** The record as it stands in a file, before defaults and normal forms. */
export type RecordInput = z.infer<typeof recordSchema>;
