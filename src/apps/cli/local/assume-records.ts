import type { ApprovedRoute, BindingFacts, FileFacts, Latch, LiveState } from "../../../core/facts.ts";
import type { Policy } from "../../../core/policy/policy.ts";
import { greatestShare } from "../../../core/risk/compare-exposure.ts";
import { findBinding } from "../../../core/risk/check-transition.ts";
import { isGoingBackStatus } from "../../../core/risk/route-comparison.ts";
import { planOf } from "../../../core/routes/plan-of.ts";
import { resolveRoute } from "../../../core/routes/resolve-route.ts";
import type { RouteFile } from "../../../core/routes/route-file.ts";
import { stageOf } from "../../../core/routes/stage-of.ts";
import { atLeast, stages, type Stage } from "../../../core/scales.ts";
import { tableOf } from "../../../core/table-of.ts";
import { listRouteFiles } from "../../../flows/plan-reading.ts";

export type AssumedRecords = Pick<FileFacts, "approved" | "live" | "latches">;

export const noRecords: AssumedRecords = { approved: [], live: [], latches: [] };

/**
 * Bindings for a place without an operator's file: each environment that a route file names is taken for production, the strictest
 * reading, and any flag key may be moved.
 */
export function assumeBindings(facts: FileFacts, policy: Policy): readonly BindingFacts[] {
  const files = [facts.base, facts.head].flatMap((snapshot) => listRouteFiles(policy, snapshot));
  const environments = [...new Set(files.map(({ record }) => record.environment))].sort();
  return environments.map((environment) => ({
    name: `assumed-${environment}`,
    repositories: [`${facts.repository.owner}/${facts.repository.name}`],
    environment,
    isProduction: true,
    flagKeys: ["*"],
    dispatchKey: "keyId",
  }));
}

/**
 * What Routeward's store most likely holds where nothing went around it: the base branch's content is the approved one, and its stage was
 * entered and has soaked for no time. So nothing that needs a proven stage looks proven here.
 */
export function assumeRecords(facts: FileFacts, policy: Policy): AssumedRecords {
  const repository = `${facts.repository.owner}/${facts.repository.name}`;
  const known = listRouteFiles(policy, facts.base).flatMap((file) => {
    const found = findBinding(file, repository, facts.bindings);
    const { baselineDigest, candidateDigest, files } = resolveRoute(file, facts.base);
    if (!("binding" in found) || baselineDigest === null) return [];
    const base: BaseRoute = { file, binding: found.binding.name, baselineDigest, candidateDigest, repository };
    return [{ base, files }];
  });
  return {
    approved: known.map(({ base, files }) => ({
      ...approveBase(base, facts),
      files: tableOf(Object.entries(files).map(([path, digest]) => [path, digest ?? ""] as const)),
      audiences: policy.audiences,
    })),
    live: known.flatMap(({ base }) => {
      const stage = stageOf(base.file.record, policy);
      return stage === null ? [] : [assumeLive(base, stage, policy, facts)];
    }),
    latches: known.flatMap(({ base }) => assumeLatch(base, facts)),
  };
}

interface BaseRoute {
  file: RouteFile;
  binding: string;
  baselineDigest: string;
  candidateDigest: string | null;
  repository: string;
}

function approveBase(base: BaseRoute, facts: FileFacts): Omit<ApprovedRoute, "files" | "audiences"> {
  const { file, binding, baselineDigest, candidateDigest, repository } = base;
  const content = facts.base.contents[file.path];
  return {
    binding,
    flagKey: file.record.flagKey,
    environment: file.record.environment,
    repository,
    path: file.path,
    text: content?.kind === "text" ? content.text : "",
    candidateDigest,
    baselineDigest,
    mergeSha: facts.base.commit,
    pull: 0,
    approvedAt: facts.at,
    approvers: [],
    tier: "low",
  };
}

/** The state of a route whose stage was entered a moment ago. */
function assumeLive(base: BaseRoute, stage: Stage, policy: Policy, facts: FileFacts): LiveState {
  const { record } = base.file;
  const plan = planOf(record, policy);
  const step = plan.find((each) => each.stage === stage);
  const name = step?.audience ?? null;
  const audience = name !== null && Object.hasOwn(policy.audiences, name) ? (policy.audiences[name] ?? null) : null;
  const isExposed = atLeast(stages, stage, "internal-canary");
  const share = step === undefined ? 100 : (step.steps[0] ?? greatestShare(step, audience));
  return {
    binding: base.binding,
    flagKey: record.flagKey,
    stage,
    step: 0,
    share: isExposed ? share : 0,
    candidateDigest: base.candidateDigest,
    baselineDigest: base.baselineDigest,
    audiences: isExposed
      ? plan.flatMap((each) => (each.audience !== null && atLeast(stages, stage, each.stage) ? [each.audience] : []))
      : [],
    excluded: record.exposure.excluded,
    targetingDigest: "",
    revision: "",
    mergeSha: facts.base.commit,
    enteredAt: facts.at,
    soakedMs: 0,
    provenAt: facts.at,
    paused: null,
  };
}

function assumeLatch({ file, binding, candidateDigest, repository }: BaseRoute, facts: FileFacts): readonly Latch[] {
  const { status } = file.record.approval;
  if (!isGoingBackStatus(status)) return [];
  return [
    {
      binding,
      flagKey: file.record.flagKey,
      at: facts.at,
      by: "the base branch",
      reason: `its status is ${status}`,
      cause: "merge",
      candidateDigest,
      repository,
      pull: null,
    },
  ];
}
