import type {
  BindingFacts,
  FileContent,
  FileFacts,
  LiveState,
  Measurement,
  PullFacts,
  Snapshot,
  SourceText,
} from "../core/facts.ts";
import { applyOperatorMetrics } from "../core/guardrails/operator-metrics.ts";
import { builtInPolicy } from "../core/policy/built-in-policy.ts";
import { parsePolicy } from "../core/policy/parse-policy.ts";
import type { Policy } from "../core/policy/policy.ts";
import { concernsRoute, listTouchedPaths } from "../core/relevance.ts";
import type { RouteFile } from "../core/routes/route-file.ts";
import { identifyWatch } from "../core/rollout/watch.ts";
import { tableOf } from "../core/table-of.ts";
import type { RepositoryFiles } from "../ports/github.ts";
import type { RecordKind } from "../ports/store.ts";
import type { FlowPorts } from "./flow-ports.ts";
import { findPolicyBranch } from "./find-policy-branch.ts";
import { gatherProofs } from "./gather-proofs.ts";
import { gatherMeasurements } from "./gather-measurements.ts";
import { listRouteFiles, planReading } from "./plan-reading.ts";
import { gatherRules, readFiles, readSnapshot, type RuleSources } from "./gather-rules.ts";
import {
  approvedRouteKind,
  type BindingWatch,
  breachedKind,
  flagClaimKind,
  keyOfFlag,
  latchKind,
  liveStateKind,
  rehearsalKind,
  watchKind,
} from "./records.ts";

/** The two states that are compared: what the base branch holds, and what it would hold after the merge. */
export interface ComparedCommits {
  baseSha: string;
  headSha: string;
  hasConflicts: boolean;
}

/** What is known beside the repository's files. Without a store nothing was ever approved, live or claimed. */
export type FactSources = Pick<FlowPorts, "bindings" | "metrics" | "policyBranches"> & {
  store: Pick<FlowPorts["store"], "getRecord" | "listRecords">;
};

/** Policy to read by: the one in force, or the built-in one where it cannot be read (the assessment then says so). */
export function policyForReading(policy: SourceText, floor: SourceText): Policy {
  const parsed = parsePolicy(policy, floor);
  return parsed.ok ? parsed.value : { ...builtInPolicy, digest: "" };
}

/** Evidence wrappers name one more file, which may be asked for only when the wrapper was read. */
const readingRounds = 4;

async function readMore(port: RepositoryFiles, snapshot: Snapshot, paths: readonly string[]): Promise<Snapshot> {
  if (paths.length === 0) return snapshot;
  const contents = await readFiles(port, snapshot.entries, paths);
  // A path that cannot be read is marked, so that it is not asked for again.
  const asked = paths.map((path) => [path, contents[path] ?? { kind: "binary" }] as const);
  return { ...snapshot, contents: tableOf<FileContent>([...Object.entries(snapshot.contents), ...asked]) };
}

/** Reads what the core asks for, until it asks for nothing new. */
async function readContents(
  port: RepositoryFiles,
  policy: Policy,
  changes: FileFacts["changes"]["files"],
  empty: { base: Snapshot; head: Snapshot },
): Promise<{ base: Snapshot; head: Snapshot }> {
  let { base, head } = empty;
  for (let round = 0; round < readingRounds; round += 1) {
    const wanted = planReading(policy, changes, { base, head });
    if (wanted.base.length + wanted.head.length === 0) break;
    [base, head] = await Promise.all([readMore(port, base, wanted.base), readMore(port, head, wanted.head)]);
  }
  return { base, head };
}

async function readByKey<Value>(
  store: FactSources["store"],
  kind: RecordKind<Value>,
  keys: readonly string[],
): Promise<Value[]> {
  const records = await Promise.all(keys.map((key) => store.getRecord(kind, key)));
  return records.flatMap((record) => (record === undefined ? [] : [record.value]));
}

/** Bindings that let this repository move flags; which of them fits a route is for the core to say. */
export function bindingsOf(bindings: readonly BindingFacts[], fullName: string): readonly BindingFacts[] {
  return bindings.filter((binding) =>
    binding.repositories.some((name) => name.toLowerCase() === fullName.toLowerCase()),
  );
}

/** How long a live step has soaked: what the guardrail watch has seen green, and nothing that it has not (SPEC 10). */
function fillSoak(live: LiveState, watches: readonly BindingWatch[]): LiveState {
  const entry = watches
    .find(({ binding }) => binding === live.binding)
    ?.flags.find(({ flagKey }) => flagKey === live.flagKey);
  return { ...live, soakedMs: entry?.of === identifyWatch(live) ? entry.soakedMs : 0 };
}

/**
 * Reads everything that a verdict needs before people are asked about (ARCHITECTURE, the walk, step 2): both snapshots with
 * route files, named files and evidence; the rules of the default branch, or of the base where the operator lets them judge; what the store knows about the flags; guardrails of
 * flags whose candidate is live.
 *
 * @param edited rules to judge by instead of those of the default branch, to see what they would do
 */
export async function gatherFileFacts(
  pull: PullFacts,
  commits: ComparedCommits,
  port: RepositoryFiles,
  ports: FactSources,
  now: Date,
  edited?: RuleSources,
): Promise<FileFacts> {
  const at = now.toISOString();
  const repository = await port.readRepository();
  const policyBranch = await findPolicyBranch(pull, repository, port, ports);
  const [rules, changes, emptyBase, emptyHead] = await Promise.all([
    edited ?? gatherRules(port, policyBranch?.isGuarded === true ? policyBranch.name : undefined),
    port.readChanges(pull.number),
    readSnapshot(port, commits.baseSha),
    readSnapshot(port, commits.headSha),
  ]);
  const policy = policyForReading(rules.policy, rules.floor);
  const { base, head } = await readContents(port, policy, changes.files, { base: emptyBase, head: emptyHead });
  const touched = new Set(listTouchedPaths(changes.files));
  const concerned = (snapshot: Snapshot): readonly RouteFile[] =>
    listRouteFiles(policy, snapshot).filter((file) => concernsRoute(policy, file, touched));
  const changedAtHead = concerned(head);
  const changed = [...concerned(base), ...changedAtHead];
  const proofs = await gatherProofs(port, pull.headSha, head, changedAtHead, policy);

  const fullName = `${repository.owner}/${repository.name}`;
  const bindings = bindingsOf(ports.bindings, fullName);
  const flagKeys = [...new Set(changed.map(({ record }) => record.flagKey))].sort();
  const keys = bindings.flatMap((binding) => flagKeys.map((flagKey) => keyOfFlag(binding.name, flagKey)));
  const claimKeys = bindings.flatMap((binding) =>
    flagKeys.map((flagKey) => keyOfFlag(binding.name, flagKey.toLowerCase())),
  );
  const [approved, live, latches, breached, claims, watches, rehearsals] = await Promise.all([
    readByKey(ports.store, approvedRouteKind, keys),
    readByKey(ports.store, liveStateKind, keys),
    readByKey(ports.store, latchKind, keys),
    readByKey(ports.store, breachedKind, keys),
    readByKey(ports.store, flagClaimKind, claimKeys),
    readByKey(
      ports.store,
      watchKind,
      bindings.map(({ name }) => name),
    ),
    Promise.all(keys.map((key) => ports.store.listRecords(rehearsalKind, `${key}/`))),
  ]);

  const measurements: [string, readonly Measurement[]][] = [];
  for (const state of live) {
    const file = changedAtHead.find(({ record }) => record.flagKey === state.flagKey);
    if (file === undefined) continue;
    const source = ports.metrics.get(state.binding);
    const binding = bindings.find(({ name }) => name === state.binding) ?? null;
    const inForce = applyOperatorMetrics(policy, binding, file.record);
    const readings = await gatherMeasurements(file.record, inForce, state, source, at);
    measurements.push([keyOfFlag(state.binding, state.flagKey), readings]);
  }
  return {
    at,
    repository,
    pull,
    changes,
    base,
    head,
    hasConflicts: commits.hasConflicts,
    ...(policyBranch === undefined ? {} : { policyBranch }),
    policy: rules.policy,
    floor: rules.floor,
    codeowners: rules.codeowners,
    bindings,
    approved,
    live: live.map((state) => fillSoak(state, watches)),
    latches,
    breached,
    claims,
    rehearsals: rehearsals.flat().map(({ value }) => value),
    ...proofs,
    measurements: tableOf(measurements),
  };
}
