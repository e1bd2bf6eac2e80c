import { z } from "zod";
import type { FlagSnapshot, SegmentSnapshot } from "../../core/rollout/flag.ts";

// FeatBit's answers are read permissively: unknown members are dropped, and null stands for FeatBit's empty value where
// its own UI treats the two alike. What Routeward decides by is required.

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

const variation = z.object({ id: z.string(), name: text, value: text });

const range = z.object({
  id: z.string(),
  rollout: z.tuple([z.number(), z.number()]),
  exptRollout: z.number().default(0),
});

const dispatchKey = z
  .string()
  .nullish()
  .transform((value) => value ?? null);

const condition = z.object({ id: text, property: z.string(), op: text, value: text });

const matchRule = z.object({ id: z.string(), name: text, conditions: z.array(condition) });

const targetUsers = z
  .array(z.object({ variationId: z.string(), keyIds: z.array(z.string()) }))
  .nullish()
  .transform((value) => value ?? []);

/** Everything that decides what a flag serves; the management API and the SDK's copy share it. */
const servingMembers = {
  key: z.string(),
  isEnabled: z.boolean(),
  disabledVariationId: z.string(),
  variations: z.array(variation),
  targetUsers,
  rules: z.array(
    matchRule.extend({ dispatchKey, includedInExpt: z.boolean().default(false), variations: z.array(range) }),
  ),
  fallthrough: z.object({ dispatchKey, includedInExpt: z.boolean().default(false), variations: z.array(range) }),
};

const servingFlag = z.object(servingMembers);

const heldFlag = servingFlag.extend({ updatedAt: z.string() });

/** A flag of `GET .../feature-flags/{key}`. */
export const flagAnswer = z
  .object({
    ...servingMembers,
    id: z.string(),
    revision: z.string().min(1),
    variationType: z.string(),
    isArchived: z.boolean(),
    exptIncludeAllTargets: z.boolean().default(true),
    tags: z.array(z.string()).default([]),
    updatorId: text,
    updatedAt: z.string(),
  })
  .transform((flag): FlagSnapshot => ({
    id: flag.id,
    key: flag.key,
    revision: flag.revision,
    type: flag.variationType,
    isEnabled: flag.isEnabled,
    isArchived: flag.isArchived,
    offVariationId: flag.disabledVariationId,
    variations: flag.variations,
    targeting: {
      targetUsers: flag.targetUsers,
      rules: flag.rules,
      fallthrough: flag.fallthrough,
      exptIncludeAllTargets: flag.exptIncludeAllTargets,
    },
    tags: flag.tags,
    updatorId: flag.updatorId,
    updatedAt: flag.updatedAt,
  }));

/** A segment of `GET .../segments/{id}`. */
export const segmentAnswer: z.ZodType<SegmentSnapshot> = z.object({
  id: z.string(),
  key: z.string(),
  isArchived: z.boolean(),
  included: z.array(z.string()),
  excluded: z.array(z.string()),
  rules: z.array(matchRule),
});

/** A page of `GET .../segments`: enough to find ids by key. */
export const segmentPage = z.object({
  totalCount: z.number(),
  items: z.array(z.object({ id: z.string(), key: z.string() })),
});

/** A page of `GET .../audit-logs`. */
export const auditPage = z.object({
  totalCount: z.number(),
  items: z.array(
    z.object({
      id: z.string(),
      createdAt: z.string(),
      creatorId: z.string(),
      creatorName: text,
      creatorEmail: text,
      comment: text,
      instructions: z
        .array(z.object({ kind: z.string() }))
        .nullish()
        .transform((value) => value ?? []),
    }),
  ),
});

/**
 * Whether the flag as an SDK holds it is the one that the management API answers: it decides the same, and it is not older.
 * The time counts as well, because an edit of a segment touches only the time of the flags that name it.
 */
export function checkHeldFlag(held: unknown, flag: FlagSnapshot): boolean {
  const parsed = heldFlag.safeParse(held);
  if (!parsed.success) return false;
  const { updatedAt, ...serving } = parsed.data;
  // A store may round the microseconds that a pushed flag still has, so a millisecond is no difference.
  if (!(Date.parse(updatedAt) + 1 >= Date.parse(flag.updatedAt))) return false;
  const { targetUsers: users, rules, fallthrough } = flag.targeting;
  const wanted = servingFlag.parse({
    key: flag.key,
    isEnabled: flag.isEnabled,
    disabledVariationId: flag.offVariationId,
    variations: flag.variations,
    targetUsers: users,
    rules,
    fallthrough,
  });
  return JSON.stringify(serving) === JSON.stringify(wanted);
}
