import { assess } from "../../../core/assess.ts";
import { decide } from "../../../core/decide.ts";
import type { BindingFacts, FileFacts, Measurement, PeopleFacts, PullFacts, Rehearsal } from "../../../core/facts.ts";
import type { Stage } from "../../../core/scales.ts";
import { tableOf } from "../../../core/table-of.ts";
import type { Assessment } from "../../../core/verdict/assessment.ts";
import type { Verdict } from "../../../core/verdict/verdict.ts";
import { gatherFileFacts, policyForReading, type FactSources } from "../../../flows/gather-file-facts.ts";
import type { RepositoryFiles } from "../../../ports/github.ts";
import { assumeBindings, assumeRecords, noRecords, type AssumedRecords } from "./assume-records.ts";

/** What only a running Routeward knows, said by the person instead (`simulate`). */
export interface Supposition {
  /** Stage in which the candidate of the branch is taken to be live, in its last step. */
  live: Stage | null;
  soakedMs: number | null;
  isRehearsed: boolean;
  readings: readonly Measurement[];
}

export interface JudgingQuestion {
  /** Null where there is no operator's file: then every environment is taken for production. */
  bindings: readonly BindingFacts[] | null;
  /** Whether the base branch's content counts as approved. */
  assumeApproved: boolean;
  supposition: Supposition | null;
  /** The workflow runs that evidence names can be looked up. */
  knowsWorkflowRuns: boolean;
}

/** A verdict with what it came from. */
export interface Judged {
  facts: FileFacts;
  assessment: Assessment;
  people: PeopleFacts;
  verdict: Verdict;
}

/** Nothing was ever stored here. */
const emptySources: FactSources = {
  bindings: [],
  metrics: new Map(),
  store: { getRecord: () => Promise.resolve(undefined), listRecords: () => Promise.resolve([]) },
};

/** Steps 2 and 3 of the walk without the app's memory: file facts, and what is to be taken for its memory. */
export async function assessChange(
  port: RepositoryFiles,
  commits: { pull: PullFacts; base: string; head: string; hasConflicts: boolean },
  question: JudgingQuestion,
  now: Date,
): Promise<{ facts: FileFacts; assessment: Assessment }> {
  const { pull, base, head, hasConflicts } = commits;
  const read = await gatherFileFacts(pull, { baseSha: base, headSha: head, hasConflicts }, port, emptySources, now);
  const policy = policyForReading(read.policy, read.floor);
  const bound = { ...read, bindings: question.bindings ?? assumeBindings(read, policy) };
  const facts: FileFacts = {
    ...bound,
    ...(question.assumeApproved ? assumeRecords(bound, policy) : noRecords),
    workflowRuns: question.knowsWorkflowRuns ? read.workflowRuns : {},
  };
  const assessment = assess(facts);
  if (question.supposition === null) return { facts, assessment };
  const supposed = suppose(facts, assessment, question.supposition);
  return { facts: supposed, assessment: assess(supposed) };
}

/** Steps 3 and 4 of the walk: asks for the people, then decides. */
export async function judgeChange(
  port: RepositoryFiles,
  commits: Parameters<typeof assessChange>[1],
  question: JudgingQuestion & {
    people: (assessment: Assessment, facts: FileFacts) => PeopleFacts | Promise<PeopleFacts>;
  },
  now: Date,
): Promise<Judged> {
  const { facts, assessment } = await assessChange(port, commits, question, now);
  const people = await question.people(assessment, facts);
  return { facts, assessment, people, verdict: decide(assessment, people) };
}

/** Facts as they would be if what the person says were so. */
function suppose(facts: FileFacts, assessment: Assessment, supposition: Supposition): FileFacts {
  const routes = assessment.routes.filter((route) => !route.isRemoved && route.binding !== null);
  const { isRehearsed, readings } = supposition;
  const rehearsals = routes.flatMap(({ state, binding }): Rehearsal[] =>
    !isRehearsed || state.candidateDigest === null
      ? []
      : [
          {
            binding: binding?.name ?? "",
            flagKey: state.file.record.flagKey,
            candidateDigest: state.candidateDigest,
            at: facts.at,
            by: "supposed",
            ok: true,
            forwardMs: 0,
            backMs: 0,
            detail: "supposed",
          },
        ],
  );
  return {
    ...facts,
    rehearsals,
    live: supposeLive(facts, routes, supposition),
    measurements: tableOf(
      routes.map(({ state, binding }) => [`${binding?.name ?? ""}/${state.file.record.flagKey}`, readings] as const),
    ),
  };
}

function supposeLive(
  facts: FileFacts,
  routes: Assessment["routes"],
  { live, soakedMs }: Supposition,
): AssumedRecords["live"] {
  const known = facts.live.map((state) => ({ ...state, soakedMs: soakedMs ?? state.soakedMs }));
  if (live === null) return known;
  return routes.flatMap(({ state, binding, plan, audiences }) => {
    const { record } = state.file;
    if (binding === null || state.baselineDigest === null) return [];
    const steps = plan.find((step) => step.stage === live)?.steps ?? [];
    const before = plan.filter((step) => step.audience !== null && isReached(step.stage, live, plan));
    return [
      {
        binding: binding.name,
        flagKey: record.flagKey,
        stage: live,
        step: Math.max(0, steps.length - 1),
        share: steps.at(-1) ?? audienceShare(audiences, before.at(-1)?.audience ?? null),
        candidateDigest: state.candidateDigest,
        baselineDigest: state.baselineDigest,
        audiences: before.flatMap((step) => (step.audience === null ? [] : [step.audience])),
        excluded: record.exposure.excluded,
        targetingDigest: "",
        revision: "",
        mergeSha: facts.base.commit,
        enteredAt: facts.at,
        soakedMs: soakedMs ?? 0,
        provenAt: facts.at,
        paused: null,
      },
    ];
  });
}

function isReached(stage: Stage, live: Stage, plan: Assessment["routes"][number]["plan"]): boolean {
  const order = plan.map((step) => step.stage);
  return order.includes(live) && order.indexOf(stage) <= order.indexOf(live);
}

function audienceShare(audiences: Assessment["routes"][number]["audiences"], name: string | null): number {
  const audience = name !== null && Object.hasOwn(audiences, name) ? audiences[name] : undefined;
  return audience?.percent ?? 100;
}

/** What the person should know about a verdict that was made without GitHub and without the app's memory. */
export function listAssumptions(judged: Judged, question: JudgingQuestion): readonly string[] {
  const { facts, verdict } = judged;
  if (verdict.routes.length === 0) return [];
  const based = facts.live.filter((state) => state.stage !== null);
  return [
    ...(question.bindings === null
      ? [
          "no operator's file was named (--config): every environment is taken for production and every flag key for allowed",
        ]
      : []),
    ...(question.assumeApproved
      ? [
          facts.approved.length === 0
            ? "no route was approved before"
            : `what ${facts.repository.defaultBranch} holds counts as approved`,
        ]
      : ["nothing counts as approved before"]),
    ...(question.supposition === null && based.length > 0
      ? [
          `a stage that it asks for counts as just entered: ${based.map((each) => `${each.flagKey} ${each.stage ?? ""}`).join(", ")}`,
        ]
      : []),
    ...(question.knowsWorkflowRuns
      ? []
      : ["workflow runs, reviews, memberships, rehearsals and guardrail readings are not known here"]),
  ];
}
