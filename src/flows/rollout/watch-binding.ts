import type { ApprovedRoute, LiveState, Measurement } from "../../core/facts.ts";
import { judgeGuardrails } from "../../core/guardrails/judge-guardrails.ts";
import { applyOperatorMetrics } from "../../core/guardrails/operator-metrics.ts";
import type { Policy } from "../../core/policy/policy.ts";
import { planPromotion } from "../../core/proposals/plan-proposal.ts";
import { describeFreeze, judgeStage, judgeStep } from "../../core/rollout/judge-step.ts";
import { wantedSoakOf } from "../../core/routes/wanted-soak.ts";
import type { ApprovedContent } from "../../core/rollout/plan-wanted.ts";
import { type Breach, isWatched, judgeWatch, type WatchEntry } from "../../core/rollout/watch.ts";
import type { MetricQuery } from "../../ports/metrics.ts";
import { StaleVersionError } from "../../ports/store.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { planQueries } from "../gather-measurements.ts";
import {
  findProposal,
  identifyProposal,
  type ProposalRequest,
  requestProposal,
} from "../proposals/request-proposal.ts";
import {
  approvedRouteKind,
  type BindingWatch,
  keyOfFlag,
  latchKind,
  liveStateKind,
  rolloutStatusKind,
  type RolloutStatus,
  watchKind,
} from "../records.ts";
import { updateRecord } from "../update-record.ts";
import { pauseFlag } from "./pause-flag.ts";
import { readApprovedContent } from "./read-approved-content.ts";
import { readRulesInForce, type WatchRules } from "./read-rules-in-force.ts";
import { requestRollback } from "./roll-back.ts";

/** What the guardrail watch needs of the world. */
export type WatchPorts = Pick<FlowPorts, "github" | "store" | "queue" | "metrics" | "bindings">;

/** What one look at a binding came to. */
export interface WatchOutcome {
  watched: number;
  breaches: readonly { flagKey: string; breach: Breach }[];
}

/** One live flag with everything that its guardrails are judged by. */
interface WatchedFlag {
  live: LiveState;
  liveVersion: number;
  approved: ApprovedRoute | null;
  content: ApprovedContent | null;
  policy: Policy | null;
  /** See `WatchRules`. */
  isPolicyOutdated: boolean;
  status: RolloutStatus | null;
  queries: readonly MetricQuery[];
  /** The templates that the queries were made from; they say what the readings are. */
  metrics: Policy["metrics"];
}

/**
 * Looks once at the guardrails of everything that is live in a binding (SPEC 9): all queries in one batch at one instant; every
 * flag judged; breaches acted on at once; the soak clocks kept, in one record for the binding, so that a look costs one
 * write however many flags there are. Flags whose next step is due get their job.
 *
 * @param everyMs milliseconds between two looks; the clock counts nothing that two looks in a row did not see
 */
export async function watchBinding(
  job: { binding: string; everyMs: number },
  ports: WatchPorts,
  now: () => Date,
): Promise<WatchOutcome> {
  const { binding, everyMs } = job;
  const known = (await ports.store.getRecord(watchKind, binding))?.value;
  const flags = await listWatched(binding, ports, now());
  if (flags.length === 0 && (known === undefined || known.flags.length === 0)) return { watched: 0, breaches: [] };

  const at = now().toISOString();
  const readings = await measureAll(binding, flags, ports, at);
  const judged = flags.map((flag, index) => ({
    flag,
    ...judgeFlag(flag, readings[index] ?? [], known, { binding, everyMs, at }, ports),
  }));

  // Breaches first: nothing that comes after may keep them from acting.
  const breaches: { flagKey: string; breach: Breach }[] = [];
  for (const { flag, breach } of judged) {
    if (breach === null) continue;
    await actOnBreach(flag, breach, ports, now);
    breaches.push({ flagKey: flag.live.flagKey, breach });
  }
  const value: BindingWatch = { binding, at, everyMs, flags: judged.map(({ entry }) => entry) };
  await updateRecord(ports.store, watchKind, binding, `watch/${binding}`, () => value);
  for (const { flag, entry } of judged)
    if (isStepDue(flag, entry, { everyMs, at })) await enqueueFlag(flag.live, ports);
  for (const { flag, entry } of judged) await proposeNextStage(flag, entry, { everyMs, at }, ports, now());
  return { watched: flags.length, breaches };
}

async function listWatched(binding: string, ports: WatchPorts, now: Date): Promise<readonly WatchedFlag[]> {
  const prefix = keyOfFlag(binding, "");
  const [lives, latches, statuses] = await Promise.all([
    ports.store.listRecords(liveStateKind, prefix),
    ports.store.listRecords(latchKind, prefix),
    ports.store.listRecords(rolloutStatusKind, prefix),
  ]);
  const latched = new Set(latches.map(({ key }) => key));
  const statusOf = new Map(statuses.map(({ key, value }) => [key, value]));
  const asked = new Map<string, Promise<WatchRules | null>>();
  const rulesOf = (repository: string): Promise<WatchRules | null> => {
    const reading = asked.get(repository) ?? readRulesInForce(repository, ports, now);
    asked.set(repository, reading);
    return reading;
  };
  const facts = ports.bindings.find(({ name }) => name === binding) ?? null;
  const watched = lives.filter(({ key, value }) => isWatched(value) && !latched.has(key));
  const flags: WatchedFlag[] = [];
  for (const { key, value: live, version } of watched) {
    const approved = (await ports.store.getRecord(approvedRouteKind, key))?.value ?? null;
    const read = approved === null ? null : readApprovedContent(approved);
    const content = read?.ok === true ? read.content : null;
    const inForce = approved === null ? null : await rulesOf(approved.repository);
    const policy = inForce?.policy ?? null;
    const rules = content === null || policy === null ? null : applyOperatorMetrics(policy, facts, content.record);
    flags.push({
      live,
      liveVersion: version,
      approved,
      content,
      policy,
      isPolicyOutdated: inForce?.isOutdated === true,
      status: statusOf.get(key) ?? null,
      queries: content === null || rules === null ? [] : planQueries(content.record, rules),
      metrics: rules?.metrics ?? {},
    });
  }
  return flags;
}

/** The readings of each flag, in the order of the flags. */
async function measureAll(
  binding: string,
  flags: readonly WatchedFlag[],
  ports: WatchPorts,
  at: string,
): Promise<readonly (readonly Measurement[])[]> {
  const source = ports.metrics.get(binding);
  const queries = flags.flatMap((flag) => flag.queries);
  const measured = source === undefined || queries.length === 0 ? [] : await source.measure(queries, at);
  let begin = 0;
  return flags.map((flag) => {
    const own = measured.slice(begin, begin + flag.queries.length);
    begin += flag.queries.length;
    return own;
  });
}

function judgeFlag(
  flag: WatchedFlag,
  measurements: readonly Measurement[],
  known: BindingWatch | undefined,
  look: { binding: string; everyMs: number; at: string },
  ports: WatchPorts,
): { entry: WatchEntry; breach: Breach | null } {
  const { live, liveVersion, content, policy, metrics } = flag;
  return judgeWatch({
    live,
    liveVersion,
    before: known?.flags.find(({ flagKey }) => flagKey === live.flagKey) ?? null,
    findings: content === null ? [] : judgeGuardrails(content.record.guardrails, measurements, live, metrics, look.at),
    obstacle: findObstacle(flag, ports.metrics.has(look.binding)),
    onBreach: policy?.onBreach ?? "pause",
    wantedMs: content === null || policy === null ? 0 : wantedSoakOf(content.plan, policy, live.stage ?? "default"),
    frozen: policy === null ? null : describeFreeze(policy, look.at),
    at: look.at,
    everyMs: look.everyMs,
  });
}

/** What keeps readings from counting as soaked although they may be fine. */
function findObstacle(flag: WatchedFlag, hasSource: boolean): string | null {
  const { approved, content, policy, live, status } = flag;
  if (approved === null || content === null) return "the approved content of the flag cannot be read";
  if (policy === null) return "the policy of the default branch cannot be read";
  if (flag.isPolicyOutdated)
    return "the policy of the default branch cannot be read; breaches go by the last one that could be";
  if (policy.mode === "report") return "the policy is in report mode: no flag moves";
  // Another candidate is approved: what is served now is on its way out.
  if (live.candidateDigest !== approved.candidateDigest) return "another candidate is approved and not live yet";
  if (!hasSource) return "the binding has no metrics source";
  if (status !== null && (status.state === "held" || status.state === "failing"))
    return `the rollout is ${status.state}: ${status.reason}`;
  return null;
}

async function actOnBreach(flag: WatchedFlag, breach: Breach, ports: WatchPorts, now: () => Date): Promise<void> {
  const { live, approved, policy } = flag;
  if (policy?.mode === "report") return;
  const { binding, flagKey } = live;
  const by = `guardrail ${breach.guardrails.join(", ")}`.slice(0, 200);
  if (breach.action === "pause") {
    await pauseFlag({ binding, flagKey, by, reason: breach.reason }, ports, now());
    return;
  }
  await requestRollback(
    {
      binding,
      flagKey,
      by,
      reason: breach.reason,
      cause: "breach",
      repository: approved?.repository ?? "",
      pull: approved?.pull ?? null,
    },
    ports,
    now,
  );
}

function isStepDue(flag: WatchedFlag, entry: WatchEntry, look: { everyMs: number; at: string }): boolean {
  if (flag.content === null) return false;
  const { content, live, policy } = flag;
  return judgeStep({ content, live, watch: { entry, everyMs: look.everyMs }, policy, at: look.at }).kind === "due";
}

/** The last step of a stage has soaked green: the pull request for the next one is asked for, once (SPEC 12). */
async function proposeNextStage(
  flag: WatchedFlag,
  entry: WatchEntry,
  look: { everyMs: number; at: string },
  ports: WatchPorts,
  now: Date,
): Promise<void> {
  const { content, live, policy } = flag;
  if (content === null) return;
  const outlook = judgeStage({ content, live, watch: { entry, everyMs: look.everyMs }, policy, at: look.at });
  const next = outlook.kind === "due" ? planPromotion({ content, live, latch: null }) : null;
  if (outlook.kind !== "due" || next?.kind !== "planned") return;
  const { binding, flagKey } = live;
  const { mergeSha, repository, pull } = content.approved;
  const request: ProposalRequest = {
    binding,
    flagKey,
    purpose: "promotion",
    mergeSha,
    status: next.value.status,
    askedBy: null,
    by: "routeward",
    why: outlook.why,
    repository,
    answerTo: pull,
  };
  const known = await findProposal(request, ports.store);
  if (known?.of === identifyProposal(request)) return;
  try {
    await ports.store.transaction((tx) => requestProposal(request, ports, tx, now));
  } catch (error) {
    // Somebody asked at the same moment.
    if (!(error instanceof StaleVersionError)) throw error;
  }
}

async function enqueueFlag({ binding, flagKey }: LiveState, ports: WatchPorts): Promise<void> {
  await ports.queue.enqueue("flag", keyOfFlag(binding, flagKey), { binding, flagKey, cause: "step due" });
}
