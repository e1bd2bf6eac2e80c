import { cut } from "../../core/problem.ts";
import { planNextStep } from "../../core/rollout/next-step.ts";
import { FeatBitError } from "../../ports/featbit.ts";
import { GitHubError } from "../../ports/github.ts";
import { StaleVersionError } from "../../ports/store.ts";
import { latchKind, liveStateKind, approvedRouteKind, type RolloutStatus } from "../records.ts";
import { announceHold } from "./announce.ts";
import { applyStep } from "./apply-step.ts";
import { deliverOutbox, putInOutbox } from "./deliver-outbox.ts";
import { switchOffKey } from "./effect-keys.ts";
import { gatherRollout, type RolloutView } from "./gather-rollout.ts";
import { dropRehearsal } from "./play-live-rehearsal.ts";
import { joinFeatBitLog } from "./join-featbit-log.ts";
import type { FlagJob, RolloutPorts } from "./rollout-ports.ts";
import { openRun, renderChangeComment, type RolloutRun } from "./rollout-run.ts";
import { saveStatus } from "./save-status.ts";
import { writeWithAudit } from "./write-with-audit.ts";

/** Steps of one run at most; the longest way (another candidate with a rehearsal after it) takes two thirds of them. */
const maximumPasses = 32;

/** How a run ended. */
export interface AdvanceOutcome {
  state: RolloutStatus["state"];
  /** Empty when there is nothing to say. */
  reason: string;
  /** Milliseconds from the approval of the merge until the stage was proven, when this run proved it. */
  servedMs: number | null;
  /** Milliseconds from the latch until the baseline was proven, when this run proved it. */
  rolledBackMs: number | null;
}

/** FeatBit has everything and does not serve it; the queue tries again. */
export class UnprovenError extends Error {
  override readonly name = "UnprovenError";
  readonly retryable = true;
}

/**
 * Brings one flag to what the last approved merge asks, or back to the baseline while a latch stands (SPEC 12, 13). Looks at
 * the world, does one step, looks again. May be stopped anywhere and run again: nothing is lost and nothing doubled.
 *
 * @param now the clock; asked again for every time that is written
 * @throws FeatBitError, GitHubError, UnprovenError when the outside failed: the status says so and the queue tries again
 */
export async function advanceFlag(job: FlagJob, ports: RolloutPorts, now: () => Date): Promise<AdvanceOutcome> {
  const run = openRun(job, ports, now);
  if (run === null)
    return { state: "held", reason: `this process has no binding ${job.binding}`, servedMs: null, rolledBackMs: null };
  try {
    let ended = await takeSteps(run);
    // What it left in the flag goes at once, and not with the next look.
    if (await dropRehearsal(run, ended)) ended = await takeSteps(run);
    await deliverOutbox(run);
    await joinFeatBitLog(run);
    return { ...ended, servedMs: run.servedMs, rolledBackMs: run.rolledBackMs };
  } catch (error) {
    if (error instanceof FeatBitError || error instanceof GitHubError || error instanceof UnprovenError)
      await reportFailure(run, error);
    throw error;
  }
}

async function takeSteps(run: RolloutRun): Promise<Pick<AdvanceOutcome, "state" | "reason">> {
  for (let pass = 0; pass < maximumPasses; pass += 1) {
    run.job.signal?.throwIfAborted();
    const view = await look(run);
    const step = planNextStep(view.facts);
    const mergeSha = view.facts.approval?.mergeSha ?? null;
    if (step.kind === "hold") return hold(run, view, step.reasons);
    if (step.kind === "retry") throw new UnprovenError(step.reasons.join("; "));
    if (step.kind === "done") {
      // A flag that was never touched leaves no record of having been looked at.
      const isNews = view.records.status !== null || step.state !== "idle";
      if (isNews) await saveStatus(run, run.ports.store, step.state, step.why, mergeSha);
      return { state: step.state, reason: step.why };
    }
    await tryStep(run, view, step);
  }
  throw new UnprovenError(`the flag did not settle within ${maximumPasses} steps: somebody else keeps changing it`);
}

/** A record that changed meanwhile is no failure: the next look sees it. */
async function tryStep(run: RolloutRun, view: RolloutView, step: Parameters<typeof applyStep>[2]): Promise<void> {
  try {
    await applyStep(run, view, step);
  } catch (error) {
    if (!(error instanceof StaleVersionError)) throw error;
  }
}

async function look(run: RolloutRun): Promise<RolloutView> {
  try {
    return await gatherRollout(run);
  } catch (error) {
    if (error instanceof FeatBitError) await switchOffBlindly(run);
    throw error;
  }
}

/**
 * FeatBit does not let the flag be read, and a rollback waits: off is one call that needs no revision, and what off serves
 * was proven to be the baseline when the flag was last proven. Reading comes first all the same, because off could
 * have been made to serve something else since.
 */
async function switchOffBlindly(run: RolloutRun): Promise<void> {
  const { store } = run.ports;
  const [latch, live, approved] = await Promise.all([
    store.getRecord(latchKind, run.key),
    store.getRecord(liveStateKind, run.key),
    store.getRecord(approvedRouteKind, run.key),
  ]);
  if (latch === undefined || live === undefined || live.value.stage === null) return;
  const key = switchOffKey(run.key, latch.value.at, "unread");
  const before = await store.lastOutcome(key);
  if (before?.status === "done") return;
  const comment = renderChangeComment(approved?.value ?? null, `rollback (${latch.value.cause}) by ${latch.value.by}`);
  await writeWithAudit(
    run,
    { key, effect: "toggle-off", data: { latch: latch.value.at, unread: true }, writes: null },
    () => run.flags.toggle(run.job.flagKey, false, comment),
  );
}

/**
 * Says why nothing goes on. The sweep looks again; no job is queued from here, because it would take the place and the time of a
 * rollback that may be waiting already.
 */
async function hold(
  run: RolloutRun,
  view: RolloutView,
  reasons: readonly string[],
): Promise<Pick<AdvanceOutcome, "state" | "reason">> {
  const reason = reasons.join("; ");
  const approval = view.facts.approval;
  await run.ports.store.transaction(async (tx) => {
    const { isNews } = await saveStatus(run, tx, "held", reason, approval?.mergeSha ?? null);
    if (isNews && approval !== null && !view.isSettling && !isAnswered(view, reasons))
      await putInOutbox(run, tx, approval.repository, announceHold(run, approval, "held", reasons));
  });
  return { state: "held", reason };
}

/** Whoever paused by a command was answered where the command was given. */
function isAnswered({ facts }: RolloutView, reasons: readonly string[]): boolean {
  return reasons.length === 1 && facts.live?.paused?.by.startsWith("@") === true;
}

/** Writes down that the outside failed; people are told from the second time on, since most failures pass by themselves. */
async function reportFailure(run: RolloutRun, error: FeatBitError | GitHubError | UnprovenError): Promise<void> {
  const { store } = run.ports;
  const reason = explainFailure(error);
  const approved = await store.getRecord(approvedRouteKind, run.key);
  await store.transaction(async (tx) => {
    const { status } = await saveStatus(run, tx, "failing", reason, approved?.value.mergeSha ?? null);
    if (status.attempts === 2 && approved !== undefined)
      await putInOutbox(run, tx, approved.value.repository, announceHold(run, approved.value, "failing", [reason]));
  });
  if (error instanceof GitHubError) return;
  // Best effort: the failure of FeatBit is what the queue must hear of, and the outbox keeps the message.
  await deliverOutbox(run).catch((failure: unknown) => {
    if (!(failure instanceof GitHubError)) throw failure;
  });
}

function explainFailure(error: FeatBitError | GitHubError | UnprovenError): string {
  if (error instanceof UnprovenError) return error.message;
  const who = error instanceof FeatBitError ? "FeatBit" : "GitHub";
  const codes = error instanceof FeatBitError && error.codes.length > 0 ? `, ${error.codes.join(" ")}` : "";
  // Our own words for what FeatBit refused: they say what people can do about it.
  const why = error instanceof FeatBitError ? `: ${cut(error.message, 300)}` : "";
  return error.status === 0
    ? `${who} did not answer (${error.kind})${why}`
    : `${who} answered ${error.status} (${error.kind}${codes})${why}`;
}
