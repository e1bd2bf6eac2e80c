import type { SourceText } from "../../core/facts.ts";
import { cut } from "../../core/problem.ts";
import { digestContents } from "../../core/rollout/compare-flag.ts";
import { digestSegments } from "../../core/rollout/digest-segments.ts";
import { judgeStep } from "../../core/rollout/judge-step.ts";
import { findBinding } from "../../core/risk/check-transition.ts";
import { listSegmentKeys } from "../../core/rollout/exposure.ts";
import { isKnown } from "../../core/rollout/flag-checks.ts";
import { checkOwnership } from "../../core/rollout/flag-identity.ts";
import type { FlagSnapshot, SegmentSnapshot } from "../../core/rollout/flag.ts";
import { describeExposure, planBaseline, planWanted, type ApprovedContent } from "../../core/rollout/plan-wanted.ts";
import { withRehearsal } from "../../core/rollout/live-rehearsal.ts";
import type {
  ApprovalFacts,
  BaselineFacts,
  RehearsalUnderway,
  RolloutFacts,
  Wanted,
} from "../../core/rollout/rollout-facts.ts";
import { keyOfPull, pullStateKind } from "../pull-state.ts";
import { checkBranch, type BranchState } from "./check-branch.ts";
import { gatherRecords, type FlagRecords } from "./gather-records.ts";
import { readApprovedContent } from "./read-approved-content.ts";
import { reconcileIntents } from "./reconcile-intents.ts";
import type { RolloutRun } from "./rollout-run.ts";
import { switchOnKey } from "./effect-keys.ts";

/** One look at the world: what the next step is planned from, and the records that a write must find unchanged. */
export interface RolloutView {
  facts: RolloutFacts;
  records: FlagRecords;
  content: ApprovedContent | null;
  /** The newest merge of the default branch is still being judged; its own job says what comes of it. */
  isSettling: boolean;
}

/**
 * Reads everything about a flag: the store first; then FeatBit and GitHub at the same time. While a latch stands nobody but
 * FeatBit is asked, so that a rollback waits for nothing else.
 */
export async function gatherRollout(run: RolloutRun): Promise<RolloutView> {
  const { store } = run.ports;
  const records = await gatherRecords(run.job, store, run.now());
  run.rehearsal = records.rehearsal;
  const { approved } = records;
  const read = approved === null ? null : readApprovedContent(approved);
  const content = read?.ok === true ? read.content : null;
  const approval = approved === null ? null : approvalOf(approved);
  const latchNow = records.latch?.value ?? null;
  const isLater = latchNow === null || (approval !== null && Date.parse(approval.approvedAt) > Date.parse(latchNow.at));

  const reading = readFlagFirst(run);
  const early = latchNow === null ? null : await reading;
  const switchedOn =
    latchNow !== null && approval !== null && (await wasSwitchedOn(run, approval.mergeSha, latchNow.at));
  // While a rollback is under way nobody but FeatBit is asked, so that it waits for nothing else.
  const mayRelease = isLater && (early === null || !early.isEnabled || switchedOn);
  // Only a stage needs to be looked at twice; the way to the baseline waits for nobody but FeatBit.
  const asksStage = content !== null && content.stage !== null && mayRelease;
  // A stage that is not live yet needs a write, and nothing is written over changes that wait in FeatBit: both are asked at once.
  const isNew = asksStage && records.live?.value.mergeSha !== approval?.mergeSha;
  const [flag, pendingEarly, approvedSegments, branch] = await Promise.all([
    reading,
    isNew ? run.flags.countPendingChanges(run.job.flagKey) : null,
    asksStage ? readSegments(run, content, records, {}) : [],
    asksStage ? readBranch(run, content, records.floor) : unaskedBranch,
  ]);
  const segments = asksStage ? await readSegments(run, content, records, branch.audiencesNow) : approvedSegments;
  const planned = planWantedState(
    run,
    content,
    records,
    segments,
    branch.audiencesNow,
    read !== null && !read.ok ? read.reason : null,
  );
  const blockers = [...records.unreadable, ...run.refusals, ...branch.reasons, ...checkScope(run, content, records)];
  const rehearsal = findRehearsal(records, planned, blockers);
  const wanted = planned.kind === "stage" ? withRehearsal(run.name, planned, rehearsal) : planned;
  const mustWrite =
    flag !== null && wanted.kind === "stage" && mayRelease && digestContents(flag) !== digestContents(wanted.contents);
  const repository = approved?.repository ?? latchNow?.repository ?? "";
  return {
    records,
    content,
    isSettling: branch.isSettling,
    facts: {
      name: run.name,
      approval,
      wanted,
      baseline: planBaselineFacts(run, content),
      blockers,
      latch: latchNow,
      live: records.live?.value ?? null,
      flag,
      foreign: flag === null ? null : checkOwnership(flag, run.name, repository, records.isAdopted),
      pendingChanges: mustWrite ? (pendingEarly ?? (await run.flags.countPendingChanges(run.job.flagKey))) : 0,
      written: records.status?.value.written ?? [],
      switchedOn,
      proof: run.proof,
      stepDue: asksStage ? findDueStep(run, content, records, branch) : null,
      segments: asksStage ? digestSegments(segments) : null,
      drift: branch.policy?.drift ?? "alert",
      rehearsal,
      hands: asksStage ? await readHands(run, flag, wanted, records) : [],
    },
  };
}

/** The rehearsal on the live flag that may begin or go on: of the candidate and the merge that are live, while nothing forbids anything. */
function findRehearsal(
  { rehearsal, live, latch, approved }: FlagRecords,
  wanted: Wanted,
  blockers: readonly string[],
): RehearsalUnderway | null {
  if (rehearsal === null || live === null || latch !== null || blockers.length > 0) return null;
  if (wanted.kind !== "stage" || wanted.stage === null) return null;
  const { candidateDigest, phase, userKey, mergeSha } = rehearsal.value;
  const isOfLive = live.value.stage !== null && live.value.candidateDigest === candidateDigest;
  if (!isOfLive || wanted.candidateDigest !== candidateDigest || live.value.nextStep !== undefined) return null;
  if (live.value.mergeSha !== approved?.mergeSha || (phase !== "asked" && mergeSha !== approved.mergeSha)) return null;
  return { phase, userKey };
}

const unaskedBranch: BranchState = { reasons: [], audiencesNow: {}, policy: null, isSettling: false };

/**
 * Who changed a flag by hand, as FeatBit tells it (SPEC 13): the rows since the last proof that do not carry our comment. Asked
 * only when the contents are neither wanted nor ours.
 */
async function readHands(
  run: RolloutRun,
  flag: FlagSnapshot | null,
  wanted: Wanted,
  records: FlagRecords,
): Promise<readonly string[]> {
  if (flag === null || wanted.kind !== "stage") return [];
  const found = digestContents(flag);
  if (found === digestContents(wanted.contents) || isKnown(records.status?.value.written ?? [], found)) return [];
  const since = Date.parse(records.live?.value.provenAt ?? "");
  const changes = await run.flags.readChanges(flag.id, Number.isNaN(since) ? 0 : since - clockSlackMs, mostHands * 4);
  return changes
    .filter(({ comment }) => !comment.startsWith("routeward:"))
    .slice(0, mostHands)
    .map(({ actor, at, kinds }) =>
      cut(`changed by ${actor || "somebody"} at ${at} (${kinds.join(", ") || "unnamed"})`, 200),
    );
}

/** FeatBit's clock may go behind ours. */
const clockSlackMs = 60_000;
const mostHands = 5;

/** The flag, after what earlier runs left open was closed by what it shows. */
async function readFlagFirst(run: RolloutRun): Promise<FlagSnapshot | null> {
  const flag = await run.flags.readFlag(run.job.flagKey);
  run.flag = flag;
  if (!run.reconciled) {
    await reconcileIntents(run, flag);
    run.reconciled = true;
  }
  return flag;
}

function findDueStep(
  run: RolloutRun,
  content: ApprovedContent,
  records: FlagRecords,
  { policy }: BranchState,
): RolloutFacts["stepDue"] {
  const live = records.live?.value ?? null;
  const outlook = judgeStep({ content, live, watch: records.watch, policy, at: run.now().toISOString() });
  return outlook.kind === "due" ? { next: outlook.next, why: outlook.why } : null;
}

function approvalOf(approved: {
  mergeSha: string;
  approvedAt: string;
  pull: number;
  repository: string;
}): ApprovalFacts {
  const { mergeSha, approvedAt, pull, repository } = approved;
  return { mergeSha, approvedAt, pull, repository };
}

function planWantedState(
  run: RolloutRun,
  content: ApprovedContent | null,
  records: FlagRecords,
  segments: readonly SegmentSnapshot[],
  audiencesNow: BranchState["audiencesNow"],
  unreadable: string | null,
): Wanted {
  if (unreadable !== null) return { kind: "unclear", reasons: [unreadable] };
  if (content === null) return { kind: "nothing", why: "no merge was approved for this flag yet" };
  return planWanted(content, { ...contextOf(run, records, audiencesNow), segments });
}

function contextOf(run: RolloutRun, records: FlagRecords, audiencesNow: BranchState["audiencesNow"]) {
  return {
    dispatchKey: run.binding.dispatchKey,
    exclusionsNow: audiencesNow,
    live: records.live?.value ?? null,
  };
}

async function readSegments(
  run: RolloutRun,
  content: ApprovedContent,
  records: FlagRecords,
  audiencesNow: BranchState["audiencesNow"],
): Promise<readonly SegmentSnapshot[]> {
  const keys = listSegmentKeys(describeExposure(content, contextOf(run, records, audiencesNow)));
  if (keys.length === 0) return [];
  const asked = keys.join("\n");
  if (run.segments?.keys !== asked) run.segments = { keys: asked, found: await run.flags.readSegments(keys) };
  return run.segments.found;
}

async function readBranch(run: RolloutRun, content: ApprovedContent, floor: SourceText): Promise<BranchState> {
  const { approved } = content;
  if (run.branch?.mergeSha !== approved.mergeSha) {
    const [owner = "", name = ""] = approved.repository.split("/");
    const repository = await run.ports.github.openRepository(owner, name);
    const isSettled = async (id: number, pull: number): Promise<boolean> =>
      (await run.ports.store.getRecord(pullStateKind, keyOfPull(id, pull)))?.value.settled != null;
    run.branch = { mergeSha: approved.mergeSha, state: await checkBranch(approved, floor, repository, isSettled) };
  }
  return run.branch.state;
}

/** What binding, environment and claim say (SPEC 4): the operator's word stands above every merge. */
function checkScope(run: RolloutRun, content: ApprovedContent | null, records: FlagRecords): readonly string[] {
  if (content === null) return [];
  const { approved, record } = content;
  const reasons: string[] = [];
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const scope = findBinding({ path: approved.path, record, places: {} }, approved.repository, run.ports.bindings);
  if ("problem" in scope) reasons.push(scope.problem.message);
  else if (scope.binding.name !== run.binding.name) {
    reasons.push(`the route belongs to binding ${scope.binding.name} now, no longer to ${run.binding.name}`);
  }
  const paused = records.live?.value.paused ?? null;
  if (paused !== null) reasons.push(`paused by ${paused.by} since ${paused.at}: ${paused.reason}`);
  if (records.claim !== null && !same(records.claim.repository, approved.repository)) {
    reasons.push(
      // Another repository's name may be private, so it is not said.
      `flag ${approved.flagKey} belongs to another repository now: what is served stays until that one's route is approved and merged, or the operator transfers it back`,
    );
  }
  return reasons;
}

function planBaselineFacts(run: RolloutRun, content: ApprovedContent | null): BaselineFacts {
  const anybody = { name: "user without attributes", userKey: "routeward-probe-bare", attributes: {} };
  return content === null ? { values: [], users: [anybody] } : planBaseline(content, run.binding.dispatchKey);
}

async function wasSwitchedOn(run: RolloutRun, mergeSha: string, latchedAt: string): Promise<boolean> {
  const outcome = await run.ports.store.lastOutcome(switchOnKey(run.key, mergeSha, latchedAt));
  return outcome !== undefined && outcome.status !== "failed";
}
