import { digestContents, digestTargeting } from "../../core/rollout/compare-flag.ts";
import type { FlagTargeting } from "../../core/rollout/flag.ts";
import { planTags } from "../../core/rollout/flag-identity.ts";
import type { Probe } from "../../core/rollout/probe.ts";
import type { Step } from "../../core/rollout/step.ts";
import { markFound } from "../../core/rollout/rollout-facts.ts";
import { renderBaselineTargeting } from "../../core/rollout/targeting.ts";
import { assertNever, cut, InternalError } from "../../core/problem.ts";
import type { Latch } from "../../core/facts.ts";
import { latchKind, liveStateKind } from "../records.ts";
import { announceRepair } from "./announce.ts";
import { claimFlag } from "./claim-flag.ts";
import { putInOutbox } from "./deliver-outbox.ts";
import { createKey, switchOffKey, switchOnKey, writeKey } from "./effect-keys.ts";
import type { RolloutView } from "./gather-rollout.ts";
import { renderChangeComment, type RolloutRun } from "./rollout-run.ts";
import { beginRehearsal, clearRehearsal, saveRehearsal } from "./play-live-rehearsal.ts";
import { requireFlag, requireStage } from "./require-facts.ts";
import { saveBaseline, saveLive } from "./save-proven.ts";
import { rememberWrite, writeWithAudit } from "./write-with-audit.ts";

/** Milliseconds that a proof waits for FeatBit to bring a change to its SDKs. */
const proofDeadlineMs = 10_000;

/** A step that changes something, unlike those that end a run. */
export type ActiveStep = Exclude<Step, { kind: "done" | "hold" | "retry" }>;

/** Does one step. What it changed is seen by the next look at the world, never assumed. */
export async function applyStep(run: RolloutRun, view: RolloutView, step: ActiveStep): Promise<void> {
  const { flags, job } = run;
  const { facts, content } = view;
  const approved = content?.approved ?? null;
  const comment = (what: string): string => renderChangeComment(approved, what);
  switch (step.kind) {
    case "set-latch":
      return setLatch(run, view, step);
    case "begin-step":
      return beginStep(run, view, step);
    case "pause":
      return pause(run, view, step.reason);
    case "repair":
      return beginRepair(run, view, step);
    case "create-flag":
      return createFlag(run, view);
    case "put-variations": {
      const flag = requireFlag(facts.flag);
      await writeWithAudit(
        run,
        {
          key: writeKey(step.kind, run.key, step.revision),
          effect: step.kind,
          data: { variations: step.variations.map((v) => v.name) },
          writes: digestContents({ ...flag, variations: step.variations }),
        },
        () =>
          flags.putVariations(
            job.flagKey,
            step.revision,
            step.variations,
            comment(`variations for ${describeWanted(view)}`),
          ),
      );
      return;
    }
    case "put-off-variation": {
      const flag = requireFlag(facts.flag);
      await writeWithAudit(
        run,
        {
          key: writeKey(step.kind, run.key, step.revision),
          effect: step.kind,
          data: {},
          writes: digestContents({ ...flag, offVariationId: step.variationId }),
        },
        () => flags.putOffVariation(job.flagKey, step.revision, step.variationId, comment("off serves the baseline")),
      );
      return;
    }
    case "put-targeting":
      return putTargeting(
        run,
        view,
        step.revision,
        step.targeting,
        step.purpose === "baseline" ? "baseline to everyone" : describeWanted(view),
      );
    case "toggle-off": {
      const flag = requireFlag(facts.flag);
      const { latch } = facts;
      const key = switchOffKey(run.key, latch?.at ?? "", flag.revision);
      const why = comment(cut(`rollback (${latch?.cause ?? "unknown"}) by ${latch?.by ?? "unknown"}`, 120));
      await writeWithAudit(run, { key, effect: step.kind, data: { latch: latch?.at ?? null }, writes: null }, () =>
        flags.toggle(job.flagKey, false, why),
      );
      return;
    }
    case "toggle-on": {
      const key = switchOnKey(run.key, facts.approval?.mergeSha ?? "", facts.latch?.at ?? "");
      await writeWithAudit(
        run,
        { key, effect: step.kind, data: { latch: facts.latch?.at ?? null }, writes: null },
        () => flags.toggle(job.flagKey, true, comment(`re-entry at ${describeWanted(view)}`)),
      );
      return;
    }
    case "prove":
      return prove(run, view, step);
    case "begin-rehearsal":
      return beginRehearsal(run, view);
    case "save-rehearsal":
      return saveRehearsal(run, view, step);
    case "clear-rehearsal":
      return clearRehearsal(run, view, step);
    case "save-live":
      return saveLive(run, view);
    case "save-baseline":
      return saveBaseline(run, view);
    default:
      return assertNever(step);
  }
}

async function putTargeting(
  run: RolloutRun,
  view: RolloutView,
  revision: string,
  targeting: FlagTargeting,
  what: string,
): Promise<void> {
  const flag = requireFlag(view.facts.flag);
  const { latch } = view.facts;
  const text = what === "baseline to everyone" && latch !== null ? `${what} after the rollback by ${latch.by}` : what;
  await writeWithAudit(
    run,
    {
      key: writeKey("put-targeting", run.key, revision),
      effect: "put-targeting",
      data: { what, targeting: digestTargeting(targeting) },
      writes: digestContents({ ...flag, targeting }),
    },
    () =>
      run.flags.putTargeting(
        run.job.flagKey,
        revision,
        targeting,
        renderChangeComment(view.content?.approved ?? null, text),
      ),
  );
}

/** Claims the key first (SPEC 4), then creates the flag with the baseline for everyone. */
async function createFlag(run: RolloutRun, view: RolloutView): Promise<void> {
  const wanted = requireStage(view);
  const approved = view.content?.approved;
  if (approved === undefined) throw new InternalError("a flag without an approval");
  await claimFlag(run, view);
  const contents = { ...wanted.contents, targeting: renderBaselineTargeting(run.name) };
  await writeWithAudit(
    run,
    {
      key: createKey(run.key, approved.mergeSha),
      effect: "create-flag",
      data: { repository: approved.repository },
      writes: digestContents(contents),
    },
    async () => {
      const answer = await run.flags.createFlag({
        key: run.job.flagKey,
        name: cut(view.content?.record.workflow ?? run.job.flagKey, 100),
        description: cut(
          `Model route of ${approved.repository}, ${approved.path}. Moved by Routeward: change it by pull request.`.replaceAll(
            // FeatBit's own webhooks fail on these (facts/featbit.md section 9).
            /[\n\r\\]/g,
            " ",
          ),
          500,
        ),
        type: view.content?.record.flagType ?? "json",
        variations: contents.variations,
        offVariationId: contents.offVariationId,
        tags: planTags(approved.repository),
      });
      // FeatBit compares new keys without case and finds them with it, so such a flag exists and cannot be read.
      if (answer === "exists" && (await run.flags.readFlag(run.job.flagKey)) === null) {
        run.refusals.push(`FeatBit already has a flag whose key differs from ${run.job.flagKey} only by case`);
      }
      return answer;
    },
  );
}

/** Writes down that the next step begins, with the readings that allow it, before FeatBit hears of it. */
async function beginStep(
  run: RolloutRun,
  view: RolloutView,
  step: Extract<Step, { kind: "begin-step" }>,
): Promise<void> {
  const { live, watch } = view.records;
  if (live === null) throw new InternalError("a further step of nothing");
  await run.ports.store.putRecord({
    kind: liveStateKind,
    key: run.key,
    value: { ...live.value, nextStep: step.next },
    expectedVersion: live.version,
    audit: {
      subject: run.subject,
      data: {
        stage: live.value.stage,
        from: live.value.step,
        to: step.next,
        why: step.why,
        readings: watch.entry?.guardrails,
      },
    },
  });
}

async function pause(run: RolloutRun, view: RolloutView, reason: string): Promise<void> {
  const { live } = view.records;
  if (live === null) throw new InternalError("a pause of nothing");
  await run.ports.store.putRecord({
    kind: liveStateKind,
    key: run.key,
    value: { ...live.value, paused: { at: run.now().toISOString(), by: "routeward", reason } },
    expectedVersion: live.version,
    audit: { subject: run.subject, data: { paused: reason } },
  });
}

/**
 * What was found counts as known from here on, so that the next looks write the approved contents over it; what was found, and
 * by whom, is told in the same commit.
 */
async function beginRepair(run: RolloutRun, view: RolloutView, step: Extract<Step, { kind: "repair" }>): Promise<void> {
  const { approval } = view.facts;
  await run.ports.store.transaction(async (tx) => {
    await tx.appendAudit({
      type: "rollout.repair",
      subject: run.subject,
      data: { found: step.found, differences: step.differences },
    });
    await rememberWrite(run, tx, markFound(step.found));
    if (approval !== null)
      await putInOutbox(run, tx, approval.repository, announceRepair(run, approval, step.found, step.differences));
  });
}

async function setLatch(run: RolloutRun, view: RolloutView, step: Extract<Step, { kind: "set-latch" }>): Promise<void> {
  const { approval, live } = view.facts;
  // A merged `rolled-back` is as old as its approval: everything approved later may enter again.
  const at = step.cause === "merge" && approval !== null ? approval.approvedAt : run.now().toISOString();
  const latch: Latch = {
    ...run.name,
    at,
    by:
      step.cause === "merge" && approval !== null
        ? `the merge of ${approval.repository}#${approval.pull}`
        : await findSwitcher(run, view),
    reason: step.reason,
    cause: step.cause,
    candidateDigest: live?.candidateDigest ?? null,
    repository: approval?.repository ?? "",
    pull: approval?.pull ?? null,
  };
  await run.ports.store.putRecord({
    kind: latchKind,
    key: run.key,
    value: latch,
    expectedVersion: view.records.latch?.version ?? 0,
    audit: { subject: run.subject, data: { by: latch.by, reason: latch.reason, cause: latch.cause } },
  });
}

/** Who switched the flag off, by FeatBit's own log; for people, so it may be unknown. */
async function findSwitcher(run: RolloutRun, view: RolloutView): Promise<string> {
  const { flag } = view.facts;
  if (flag === null) return "somebody in FeatBit";
  const changes = await run.flags.readChanges(flag.id, 0, 10);
  return changes.find((change) => change.kinds.includes("TurnFlagOff"))?.actor ?? "somebody in FeatBit";
}

async function prove(run: RolloutRun, view: RolloutView, step: Extract<Step, { kind: "prove" }>): Promise<void> {
  const { store } = run.ports;
  const latchBefore = view.records.latch?.version ?? 0;
  const isCancelled = async (): Promise<boolean> =>
    ((await store.getRecord(latchKind, run.key))?.version ?? 0) !== latchBefore;
  const options =
    step.purpose === "stage" ? { deadlineMs: proofDeadlineMs, isCancelled } : { deadlineMs: proofDeadlineMs };
  const proof = await run.flags.prove(run.job.flagKey, step.probes, options);
  const at = run.now().toISOString();
  if (proof.cancelled) return;
  const wrong = proof.results.filter((result) => !result.ok);
  const text = wrong.map(
    ({ probe, served, problem }) =>
      `${probe.name} must be served ${describeServed(probe)} and gets ${served === null ? (problem ?? "nothing") : `${served.variation}${served.stage === null ? "" : ` of ${served.stage}`}`}`,
  );
  await store.appendAudit({
    type: "rollout.proof",
    subject: run.subject,
    data: {
      of: step.of,
      purpose: step.purpose,
      ok: proof.ok,
      elapsedMs: proof.elapsedMs,
      probes: proof.results.map(({ probe, ok }) => ({ name: probe.name, expected: probe.expected.variation, ok })),
    },
  });
  run.proof = {
    of: step.of,
    ok: proof.ok,
    text: proof.ok ? "" : `the FeatBit SDK does not serve what was written: ${cut(text.slice(0, 5).join("; "), 600)}`,
  };
  run.proofMs = proof.elapsedMs;
  run.proofAt = at;
  if (proof.ok) run.provenAt[step.purpose] ??= at;
}

function describeServed(probe: Probe): string {
  return `${probe.expected.variation}${probe.expected.stage === null ? "" : ` of ${probe.expected.stage}`}`;
}

function describeWanted(view: RolloutView): string {
  const { wanted } = view.facts;
  if (wanted.kind !== "stage") return "baseline";
  if (view.facts.rehearsal !== null) return `rehearsal for a synthetic user, ${view.facts.rehearsal.phase}`;
  return wanted.stage === null ? "baseline to everyone" : `${wanted.stage} step ${wanted.step + 1} (${wanted.share} %)`;
}
