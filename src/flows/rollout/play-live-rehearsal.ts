import { assertNever, InternalError } from "../../core/problem.ts";
import { digestContents } from "../../core/rollout/compare-flag.ts";
import type { Step } from "../../core/rollout/step.ts";
import type { Rehearsal } from "../../core/facts.ts";
import type { StoreTransaction } from "../../ports/store.ts";
import { keyOfPull } from "../pull-state.ts";
import { type LiveRehearsal, liveRehearsalKind, rehearsalKind } from "../records.ts";
import { updateRecord } from "../update-record.ts";
import { announceRehearsal } from "./announce.ts";
import { putInOutbox } from "./deliver-outbox.ts";
import { writeKey } from "./effect-keys.ts";
import type { RolloutView } from "./gather-rollout.ts";
import { keyOfRehearsal } from "./rehearse.ts";
import { requireFlag } from "./require-facts.ts";
import { renderChangeComment, type RolloutRun } from "./rollout-run.ts";
import { saveStatus } from "./save-status.ts";
import { writeWithAudit } from "./write-with-audit.ts";

type Stored = { value: LiveRehearsal; version: number };

function requireRehearsal(view: RolloutView): Stored {
  const { rehearsal } = view.records;
  if (rehearsal === null) throw new InternalError("a step of no rehearsal");
  return rehearsal;
}

/** Writes down that the synthetic user goes to the candidate now, before FeatBit hears of it. */
export async function beginRehearsal(run: RolloutRun, view: RolloutView): Promise<void> {
  const mergeSha = view.facts.approval?.mergeSha ?? null;
  run.playsRehearsal = true;
  await saveRun(run, requireRehearsal(view), { phase: "forward", mergeSha, phaseBegan: run.now().toISOString() });
}

/**
 * Keeps what the proof of a phase showed and goes on to the next one. The times are those from the record before the write to
 * the end of the proof. After the way back the operator's address is asked, if there is one.
 */
export async function saveRehearsal(
  run: RolloutRun,
  view: RolloutView,
  step: Extract<Step, { kind: "save-rehearsal" }>,
): Promise<void> {
  const stored = requireRehearsal(view);
  const { phase, phaseBegan } = stored.value;
  const now = run.now().toISOString();
  const tookMs = Math.max(0, Date.parse(run.proofAt ?? now) - Date.parse(phaseBegan));
  const isInterrupted = stored.value.isInterrupted || !run.playsRehearsal;
  const begin = { phaseBegan: now, isInterrupted };
  switch (phase) {
    case "forward":
      return saveRun(run, stored, {
        ...begin,
        phase: step.ok ? "back" : "clearing",
        forwardMs: tookMs,
        failure: step.ok ? null : `forward: ${step.text}`,
      });
    case "back": {
      const route = step.ok ? await askRoute(run) : null;
      const failure = !step.ok
        ? `back: ${step.text}`
        : route?.ok === false
          ? `the baseline route did not answer over HTTP: ${route.why}`
          : null;
      return saveRun(run, stored, { ...begin, phase: "clearing", backMs: tookMs, route, failure });
    }
    case "clearing":
      return finish(run, view, { ...stored, value: { ...stored.value, isInterrupted } });
    case "asked":
      throw new InternalError("a proof of a rehearsal that has not begun");
    default:
      return assertNever(phase);
  }
}

async function askRoute(run: RolloutRun): Promise<LiveRehearsal["route"]> {
  return (await run.ports.routeProbes.get(run.job.binding)?.probe(run.job.flagKey)) ?? null;
}

async function saveRun(run: RolloutRun, stored: Stored, change: Partial<LiveRehearsal>): Promise<void> {
  const value = { ...stored.value, ...change };
  await run.ports.store.putRecord({
    kind: liveRehearsalKind,
    key: run.key,
    value,
    expectedVersion: stored.version,
    audit: { subject: run.subject, data: { rehearsal: value.phase, by: value.by, failure: value.failure } },
  });
}

/** The synthetic user is gone and everybody is served what they were: the result counts from here on, and whoever asked is told. */
async function finish(run: RolloutRun, view: RolloutView, { value, version }: Stored): Promise<void> {
  const result: Rehearsal = {
    binding: value.binding,
    flagKey: value.flagKey,
    candidateDigest: value.candidateDigest,
    at: run.now().toISOString(),
    by: value.by,
    ok: value.failure === null,
    forwardMs: value.forwardMs,
    backMs: value.backMs,
    detail: value.failure ?? describeTimes(value),
    where: "live",
    route: value.route,
  };
  await run.ports.store.transaction(async (tx) => {
    const key = keyOfRehearsal(value.binding, value.flagKey, value.candidateDigest);
    await updateRecord(tx, rehearsalKind, key, run.subject, () => result);
    await endRehearsal(run, tx, { value, version }, { ok: result.ok, detail: result.detail });
    const mergeSha = view.facts.approval?.mergeSha ?? null;
    await saveStatus(run, tx, "live", "", mergeSha, digestContents(requireFlag(view.facts.flag)));
  });
}

function describeTimes({ forwardMs, backMs, route, isInterrupted }: LiveRehearsal): string {
  const parts = [`candidate served after ${forwardMs} ms, baseline again after ${backMs} ms`];
  if (route !== null) parts.push(`the baseline route answered ${route.status} over HTTP after ${route.elapsedMs} ms`);
  if (isInterrupted) parts.push("it was interrupted, and the times hold the interruption");
  return parts.join("; ");
}

/** Ends the asked rehearsal, tells whoever asked, and has the pull request judged with the result. */
async function endRehearsal(
  run: RolloutRun,
  tx: StoreTransaction,
  { value, version }: Stored,
  outcome: { ok: boolean; detail: string },
): Promise<void> {
  await tx.deleteRecord({
    kind: liveRehearsalKind,
    key: run.key,
    expectedVersion: version,
    audit: { subject: run.subject, data: { rehearsal: "ended", by: value.by, ...outcome } },
  });
  await putInOutbox(run, tx, value.repository, announceRehearsal(run, value, outcome));
  const [owner = "", name = ""] = value.repository.split("/");
  const { repositoryId, pull: number } = value;
  const data = { owner, name, repositoryId, number, cause: "rehearsal" };
  await run.ports.queue.enqueueIn(tx, "pull", keyOfPull(repositoryId, number), data);
}

/**
 * Gives up a rehearsal that the run could neither begin nor finish, and says why. What was proven before about the candidate
 * stays: that something else came in between shows nothing about the way back.
 *
 * @returns whether there was one; its synthetic user may still be in the flag
 */
export async function dropRehearsal(run: RolloutRun, ended: { state: string; reason: string }): Promise<boolean> {
  const seen = run.rehearsal;
  if (seen === null) return false;
  const why =
    ended.state === "live"
      ? "another candidate or merge is live"
      : `the rollout is ${ended.state}${ended.reason === "" ? "" : `: ${ended.reason}`}`;
  await run.ports.store.transaction((tx) =>
    endRehearsal(run, tx, seen, {
      ok: false,
      detail: `not ${seen.value.phase === "asked" ? "begun" : "finished"}: ${why}`,
    }),
  );
  return true;
}

/**
 * Takes the rule of a synthetic user away. When the rest of the flag is not known to be ours, it does not become so by this: a
 * change by hand below the rule is still seen as one.
 */
export async function clearRehearsal(
  run: RolloutRun,
  view: RolloutView,
  step: Extract<Step, { kind: "clear-rehearsal" }>,
): Promise<void> {
  const flag = requireFlag(view.facts.flag);
  const writes = digestContents({ ...flag, targeting: step.targeting });
  const { wanted, written } = view.facts;
  const isOurs = written.includes(writes) || (wanted.kind === "stage" && digestContents(wanted.contents) === writes);
  const comment = renderChangeComment(view.content?.approved ?? null, "without the synthetic user of the rehearsal");
  await writeWithAudit(
    run,
    {
      key: writeKey("put-targeting", run.key, step.revision),
      effect: "put-targeting",
      data: { what: "clear rehearsal" },
      writes,
      isForeign: !isOurs,
    },
    () => run.flags.putTargeting(run.job.flagKey, step.revision, step.targeting, comment),
  );
}
