import { z } from "zod";
import { stages, tiers, triggers } from "../scales.ts";
import { parseCron } from "../time/parse-cron.ts";
import { isTimeZone } from "../time/zoned-time.ts";
import { dataClasses, evidenceKinds, guardrailCategories } from "../vocabulary.ts";
import { durationText, filledText, positiveDuration, repositoryPath, shortName } from "../yaml/common-schemas.ts";
import { strictMap } from "../yaml/strict-map.ts";
import { checkGlob } from "./match-glob.ts";

const glob = z.string().superRefine((text, context) => {
  const expected = checkGlob(text);
  if (expected === null) return;
  const params = { code: "wrong-glob", expected, fix: `Write ${expected}.` };
  context.addIssue({ code: "custom", message: "the pattern is not accepted.", params });
});

const owner = z
  .string()
  .max(320)
  .regex(/^(?:@[A-Za-z0-9][A-Za-z0-9_-]{0,100}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,100})?|[^\s@]{1,64}@[^\s@]{1,253})$/, {
    error: () => "@user, @organisation/team or an e-mail address",
  });

const conditions = z
  .array(strictMap({ property: filledText.max(128), in: z.array(filledText.max(256)).min(1).max(500) }))
  .max(20);

const query = filledText.max(4000);

/** Query templates by name, of a policy or of the operator (SPEC 9). */
export const metricTemplates = z.record(
  shortName,
  strictMap({
    category: z.enum(guardrailCategories),
    value: query.nullish(),
    numerator: query.nullish(),
    denominator: query.nullish(),
    samples: query.nullish().describe("Query of the number of samples behind `value`."),
    parameters: z.record(shortName, z.string().max(256)).nullish(),
  }),
);
export type MetricTemplatesInput = z.infer<typeof metricTemplates>;

const cron = z.string().superRefine((text, context) => {
  if (parseCron(text) !== null) return;
  const expected = "five cron fields: minute hour day month weekday, for example 0 16 * * 5";
  context.addIssue({
    code: "custom",
    message: "the cron text cannot be read.",
    params: { code: "wrong-cron", expected, fix: `Write ${expected}.` },
  });
});

const timezone = z.string().superRefine((text, context) => {
  if (isTimeZone(text)) return;
  const expected = "an IANA time zone, for example Europe/Berlin";
  context.addIssue({
    code: "custom",
    message: "the time zone is not known.",
    params: { code: "wrong-timezone", expected, fix: `Write ${expected}.` },
  });
});

/** `.github/routeward.yml` (SPEC 3), the repository's and the organisation's alike. */
export const policySchema = strictMap({
  version: z.literal(1).nullish(),
  routes: z.array(glob).min(1).max(50).nullish().describe("Globs of route files."),
  evidence: repositoryPath.nullish().describe("Folder of evidence records."),
  evidenceMaxAge: positiveDuration.nullish(),
  datasets: z.array(filledText.max(200)).max(200).nullish().describe("Names of accepted datasets; empty accepts any."),
  roles: z.record(shortName, z.union([owner, z.array(owner).min(1).max(50)])).nullish(),
  audiences: z
    .record(
      shortName,
      strictMap({
        internal: z.boolean().nullish(),
        segment: filledText.max(128).nullish().describe("Key of a FeatBit segment."),
        where: conditions.nullish().describe("Conditions that all must hold."),
        safe: conditions.nullish().describe("As an exclusion: who is not excluded."),
        percent: z.number().min(0).max(100).nullish(),
      }).nullable(),
    )
    .nullish(),
  stages: z
    .partialRecord(
      z.enum(stages),
      strictMap({
        soak: durationText.nullish().describe("How long the stage must have soaked before the next is entered."),
        evidence: z.array(z.enum(evidenceKinds)).max(20).nullish(),
        roles: z.array(shortName).max(20).nullish(),
        mayBeSkipped: z.boolean().nullish(),
      }),
    )
    .nullish(),
  metrics: metricTemplates.nullish(),
  guardrails: z.array(z.enum(guardrailCategories)).nullish().describe("Categories that customer stages must cover."),
  evidenceThresholds: z.partialRecord(z.enum(evidenceKinds), z.string().max(100)).nullish(),
  evidenceApps: z
    .array(z.int().min(1))
    .max(50)
    .nullish()
    .describe("Ids of GitHub Apps whose check runs count as evidence; GitHub Actions never does."),
  approvals: strictMap({
    counts: z.record(shortName, z.int().min(1).max(20)).nullish(),
    separationOfDuties: z.array(z.enum(tiers)).nullish(),
  }).nullish(),
  tiers: z
    .array(
      strictMap({
        id: shortName,
        tier: z.enum(tiers),
        triggers: z.array(z.enum(triggers)).nullish(),
        why: filledText.max(500),
        when: strictMap({
          workflows: z.array(filledText.max(200)).max(100).nullish(),
          paths: z.array(glob).max(100).nullish(),
          dataClasses: z.array(z.enum(dataClasses)).nullish(),
          fields: z.array(filledText.max(200)).max(100).nullish(),
        }),
      }),
    )
    .max(100)
    .nullish()
    .describe("Rules that raise the tier; none can lower it."),
  modelFamilies: z
    .record(filledText.max(256), filledText.max(128))
    .nullish()
    .describe("Model id or opaque target to family."),
  freeze: z
    .array(strictMap({ name: filledText.max(100), cron, lasts: positiveDuration, timezone }))
    .max(50)
    .nullish()
    .describe("Windows in which promotion waits."),
  drift: z.enum(["alert", "repair"]).nullish(),
  onBreach: z.enum(["pause", "rollback"]).nullish(),
  mode: z.enum(["enforce", "report"]).nullish(),
});

/** A policy file as it stands, before defaults. */
export type PolicyInput = z.infer<typeof policySchema>;
