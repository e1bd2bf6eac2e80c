import { z } from "zod";
import { stages, tiers, verdictStates } from "../core/scales.ts";
import type { RecordKind } from "../ports/store.ts";

const account = z.object({ id: z.number(), login: z.string(), isBot: z.boolean() });

const routeSummary = z.object({
  flagKey: z.string(),
  environment: z.string(),
  path: z.string(),
  binding: z.string().nullable(),
  state: z.enum(verdictStates),
  asked: z.enum(stages).nullable(),
  candidateDigest: z.string().nullable(),
  contentDigest: z.string().nullable(),
});

const standing = z.object({ state: z.enum(verdictStates), tier: z.enum(tiers) });

const schema = z.object({
  /** `owner/name`, as it was when last seen. */
  repository: z.string(),
  number: z.number(),
  /** Set when Routeward opened it itself: who asked for it, null when nobody did (a stage that soaked green). */
  ownPull: z.object({ askedBy: account.nullable() }).optional(),
  /** Everyone who pushed to the head. */
  pushers: z.array(account),
  /** Heads whose pusher is among them, newest last. Absent while no push was seen: then nobody can tell that one was missed. */
  pushedHeads: z.array(z.string()).optional(),
  /** Heads that later pushes took the place of, and whose own push was not heard of. */
  unheardHeads: z.array(z.string()).optional(),
  /** Reviewers whom Routeward asked, so that it withdraws only its own requests. */
  requestedByUs: z.object({ users: z.array(z.string()), teams: z.array(z.string()) }),
  /** For whom GitHub took no request while this was the head; a new head is another try. */
  refusedRequests: z
    .object({ headSha: z.string(), refused: z.array(z.object({ name: z.string(), why: z.string() })) })
    .optional(),
  /** What the newest check run of ours shows. */
  published: z
    .object({
      headSha: z.string(),
      externalId: z.string(),
      conclusion: z.string().nullable(),
      title: z.string(),
      /** The branch that the pull request went to. */
      baseRef: z.string().optional(),
    })
    .nullable(),
  /** Base commit of the last verdict. */
  baseSha: z.string().nullable(),
  verdict: z
    .object({
      state: z.enum(verdictStates),
      tier: z.enum(tiers),
      title: z.string(),
      at: z.string(),
      policyDigest: z.string(),
      routes: z.array(routeSummary),
    })
    .nullable(),
  /** Review id to content digest per route path: what each review was bound to when it arrived (SPEC 7). */
  reviewContent: z.record(z.string(), z.record(z.string(), z.string())),
  /** Closed without a merge when it was last looked at, so that the sweep need not ask again. */
  closed: z.boolean().default(false),
  /** What the edit of the rules would do to other pull requests; `of` identifies the rules and heads that were compared. */
  policyEffects: z
    .object({
      of: z.string(),
      effects: z.object({
        changed: z.array(
          z.object({ pull: z.number(), before: standing, after: standing, differences: z.array(z.string()) }),
        ),
        compared: z.number(),
        left: z.number(),
      }),
    })
    .optional(),
  /** Set once the merge was dealt with. */
  settled: z.object({ mergeSha: z.string(), outcome: z.enum(["approved", "held", "not-applicable"]) }).nullable(),
});

/** What is remembered about one pull request between two passes. Everything else is read again. */
export type PullState = z.infer<typeof schema>;

/** Key: `<repository id>#<number>`. */
export const pullStateKind: RecordKind<PullState> = { name: "pull-state", schema };

/** Key of a pull request's record and of its job. */
export function keyOfPull(repositoryId: number, number: number): string {
  return `${repositoryId}#${number}`;
}

/** The state of a pull request that nothing is remembered about. */
export function createPullState(repository: string, number: number): PullState {
  return {
    repository,
    number,
    pushers: [],
    requestedByUs: { users: [], teams: [] },
    published: null,
    baseSha: null,
    verdict: null,
    reviewContent: {},
    closed: false,
    settled: null,
  };
}
