import { z } from "zod";
import { evidenceKinds } from "../vocabulary.ts";
import { filledText, repositoryPath } from "../yaml/common-schemas.ts";
import { strictMap } from "../yaml/strict-map.ts";

/** Tools whose outputs are read as they are, behind a wrapper record. */
export const toolFormats = ["promptfoo", "openai-eval", "inspect", "junit", "sagemaker", "in-toto"] as const;
export type ToolFormat = (typeof toolFormats)[number];

/** The format of a record whose evidence is a check run of CI: there is no file, GitHub is asked. */
export const checkRunFormat = "check-run";

const digest = z
  .string()
  .regex(/^(?:mrb1:)?sha256:[0-9a-f]{64}$/, { error: () => "a digest: mrb1:sha256: and 64 hex digits" });

const moment = z
  .string()
  .max(40)
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/, {
    error: () => "a time with zone, for example 2026-06-11T09:12:44Z",
  });

const count = z.int().min(0).max(1_000_000_000);

/** A record of the evidence folder (SPEC 8): in Routeward's own form, or with `format` and `file` a wrapper of a tool's output. */
export const evidenceSchema = strictMap({
  id: z
    .string()
    .max(128)
    .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/, { error: () => "an evidence id: letters, digits, `.`, `_` and `-`" }),
  kind: z.enum(evidenceKinds),
  bundle: digest.nullish().describe("Digest of the candidate, as `routeward digest` prints it."),
  dataset: strictMap({
    name: filledText.max(200),
    digest: filledText.max(200).nullish(),
    size: count.nullish(),
  }).nullish(),
  grader: filledText.max(500).nullish(),
  threshold: z.string().max(60).nullish(),
  result: z.number().nullish(),
  counts: strictMap({ total: count, passed: count, failed: count, errored: count }).nullish(),
  run: filledText.max(500).nullish(),
  url: filledText.max(2000).nullish().describe("Shown, never fetched."),
  producedAt: moment.nullish(),
  producer: strictMap({ workflow: repositoryPath, runId: z.int().min(1) })
    .nullish()
    .describe("Without it the record is only declared."),
  passed: z.boolean().nullish().describe("Ignored: whether a record passed is recomputed."),
  format: z.enum([...toolFormats, checkRunFormat]).nullish(),
  file: repositoryPath.nullish().describe("File of the tool's output in the evidence folder."),
  check: strictMap({
    app: z
      .int()
      .min(1)
      .describe("Id of the GitHub App that makes the check run; the policy lists it in `evidenceApps`."),
    name: filledText.max(255).describe("Name of the check run."),
    commit: z
      .string()
      .regex(/^[0-9a-f]{40}$/, { error: () => "a commit id: 40 hex digits" })
      .nullish()
      .describe("The commit that was checked; without it the head of the pull request."),
  })
    .nullish()
    .describe("For the format `check-run`: which check run is the evidence."),
  select: strictMap({ provider: filledText.max(200).nullish(), scorer: filledText.max(200).nullish() })
    .nullish()
    .describe("Which part of the output is meant, where it holds several."),
});

/** A record as it stands in a file. */
export type EvidenceInput = z.infer<typeof evidenceSchema>;
