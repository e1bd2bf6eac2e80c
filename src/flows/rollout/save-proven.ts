import { InternalError } from "../../core/problem.ts";
import { digestContents, digestTargeting } from "../../core/rollout/compare-flag.ts";
import { renderBaselineTargeting } from "../../core/rollout/targeting.ts";
import type { Latch, LiveState } from "../../core/facts.ts";
import { StaleVersionError, type StoreTransaction } from "../../ports/store.ts";
import { type ProposalRequest, requestProposal } from "../proposals/request-proposal.ts";
import { latchKind, liveStateKind } from "../records.ts";
import { announceRollback, announceStage } from "./announce.ts";
import { claimFlag } from "./claim-flag.ts";
import { putInOutbox } from "./deliver-outbox.ts";
import type { RolloutView } from "./gather-rollout.ts";
import { requireFlag, requireStage } from "./require-facts.ts";
import type { RolloutRun } from "./rollout-run.ts";
import { saveStatus } from "./save-status.ts";

/** The stage becomes live: state, status, message and the end of a released latch in one commit, if no rollback came in between. */
export async function saveLive(run: RolloutRun, view: RolloutView): Promise<void> {
  const wanted = requireStage(view);
  const flag = requireFlag(view.facts.flag);
  const approved = view.content?.approved;
  if (approved === undefined) throw new InternalError("a live stage without an approval");
  const before = view.facts.live;
  const provenAt = run.provenAt.stage ?? run.now().toISOString();
  const continues =
    before !== null &&
    before.stage === wanted.stage &&
    before.step === wanted.step &&
    before.candidateDigest === wanted.candidateDigest;
  const live: LiveState = {
    ...run.name,
    stage: wanted.stage,
    step: wanted.step,
    share: wanted.share,
    candidateDigest: wanted.candidateDigest,
    baselineDigest: wanted.baselineDigest,
    audiences: wanted.audiences,
    excluded: wanted.excluded,
    targetingDigest: digestTargeting(wanted.contents.targeting),
    revision: flag.revision,
    mergeSha: approved.mergeSha,
    enteredAt: continues ? before.enteredAt : provenAt,
    soakedMs: continues ? before.soakedMs : 0,
    provenAt,
    paused: null,
    ...(view.facts.segments === null ? {} : { segments: view.facts.segments }),
  };
  const servedMs = Date.parse(provenAt) - Date.parse(approved.approvedAt);
  const times = { servedMs, proofMs: run.proofMs, probes: wanted.probes.length };
  await claimFlag(run, view);
  await run.ports.store.transaction(async (tx) => {
    const latch = await tx.getRecord(latchKind, run.key);
    const expected = view.records.latch?.version ?? 0;
    if ((latch?.version ?? 0) !== expected)
      throw new StaleVersionError({
        kind: latchKind.name,
        key: run.key,
        expectedVersion: expected,
        actualVersion: latch?.version ?? 0,
      });
    await tx.putRecord({
      kind: liveStateKind,
      key: run.key,
      value: live,
      expectedVersion: view.records.live?.version ?? 0,
      audit: { subject: run.subject, data: { stage: live.stage, step: live.step, mergeSha: live.mergeSha, servedMs } },
    });
    if (latch !== undefined)
      await tx.deleteRecord({
        kind: latchKind,
        key: run.key,
        expectedVersion: latch.version,
        audit: { subject: run.subject, data: { releasedBy: approved.mergeSha, pull: approved.pull } },
      });
    await putInOutbox(run, tx, approved.repository, announceStage(run, approved, wanted, before, times));
    await saveStatus(run, tx, "live", "", approved.mergeSha, digestContents(flag));
  });
  run.servedMs = servedMs;
}

/** The way back is proven: nothing is live any more. The latch stays. */
export async function saveBaseline(run: RolloutRun, view: RolloutView): Promise<void> {
  const { latch, live: before, flag } = view.facts;
  if (latch === null) throw new InternalError("a rollback without a latch");
  const now = run.now().toISOString();
  const provenAt = run.provenAt.baseline ?? now;
  const approved = view.content?.approved;
  const live: LiveState = {
    ...run.name,
    stage: null,
    step: 0,
    share: 0,
    candidateDigest: null,
    // A merge that retires the route has written its own baseline; an emergency went back to what was served.
    baselineDigest:
      (latch.cause === "merge" ? approved?.baselineDigest : undefined) ??
      before?.baselineDigest ??
      approved?.baselineDigest ??
      "",
    audiences: [],
    excluded: [],
    targetingDigest: digestTargeting(renderBaselineTargeting(run.name)),
    revision: flag?.revision ?? "",
    mergeSha: before?.mergeSha ?? approved?.mergeSha ?? "",
    enteredAt: provenAt,
    soakedMs: 0,
    provenAt,
    paused: null,
  };
  const backMs = Date.parse(provenAt) - Date.parse(latch.at);
  // Proven after this latch already: somebody touched the flag while it was off, and nobody waits for an answer.
  const isAnswer = before === null || before.stage !== null || Date.parse(before.provenAt) < Date.parse(latch.at);
  await run.ports.store.transaction(async (tx) => {
    await tx.putRecord({
      kind: liveStateKind,
      key: run.key,
      value: live,
      expectedVersion: view.records.live?.version ?? 0,
      audit: { subject: run.subject, data: { stage: null, latch: latch.at, backMs } },
    });
    const effects = announceRollback(
      run,
      latch,
      before,
      isAnswer ? (latch.pull ?? approved?.pull ?? null) : null,
      latch.cause === "merge" ? null : backMs,
    );
    await proposeRolledBack(run, view, latch, tx);
    await putInOutbox(run, tx, latch.repository === "" ? (approved?.repository ?? "") : latch.repository, effects);
    await saveStatus(
      run,
      tx,
      "off",
      latch.reason,
      approved?.mergeSha ?? null,
      flag === null ? null : digestContents(flag),
    );
  });
  run.rolledBackMs = backMs;
}

/** Git shall say what FeatBit serves: a pull request sets `rolled-back`, unless a merge is what said so (SPEC 13). */
async function proposeRolledBack(
  run: RolloutRun,
  view: RolloutView,
  latch: Latch,
  tx: StoreTransaction,
): Promise<void> {
  const content = view.content;
  if (content === null || latch.cause === "merge" || !content.record.approval.status.startsWith("approved-")) return;
  const { approved } = content;
  const request: ProposalRequest = {
    ...run.name,
    purpose: "rollback",
    mergeSha: approved.mergeSha,
    status: "rolled-back",
    // It takes exposure away and moves nothing: whoever rolled back may approve it.
    askedBy: null,
    by: latch.by,
    why: latch.reason,
    repository: approved.repository,
    answerTo: latch.repository === approved.repository ? (latch.pull ?? approved.pull) : approved.pull,
  };
  await requestProposal(request, run.ports, tx, run.now());
}
