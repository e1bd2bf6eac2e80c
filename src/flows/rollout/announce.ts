import { cut } from "../../core/problem.ts";
import type { ApprovedRoute, Latch, LiveState } from "../../core/facts.ts";
import type { WantedStage } from "../../core/rollout/rollout-facts.ts";
import { createHash } from "node:crypto";
import type { RolloutEffect } from "../records.ts";
import type { RolloutRun } from "./rollout-run.ts";

/** What GitHub is told when a stage is proven: a deployment for it, the one before inactive, and the outcome on the pull request. */
export function announceStage(
  run: RolloutRun,
  approved: ApprovedRoute,
  wanted: WantedStage,
  before: LiveState | null,
  times: { servedMs: number; proofMs: number; probes: number },
): readonly RolloutEffect[] {
  const { stage } = wanted;
  const effects: RolloutEffect[] = [];
  if (before !== null && before.stage !== null && (before.mergeSha !== approved.mergeSha || before.stage !== stage))
    effects.push(closeDeployment(run, before));
  const id = `${run.key}:${approved.mergeSha}:${stage ?? "none"}:${wanted.step}`;
  if (stage !== null) {
    effects.push({
      type: "set-deployment",
      key: deploymentKey(run, approved.mergeSha, stage),
      sha: approved.mergeSha,
      environment: environmentOf(run),
      isProduction: run.binding.isProduction,
      state: "success",
      description: cut(`${stage}: ${describeShare(wanted)}`, 130),
      payload: {
        binding: run.job.binding,
        flagKey: run.job.flagKey,
        stage,
        step: wanted.step,
        candidate: wanted.candidateDigest,
        pull: approved.pull,
      },
    });
  }
  const lines = [
    stage === null
      ? `\`${run.job.flagKey}\` serves the baseline to everyone.`
      : `\`${run.job.flagKey}\` is live at **${stage}**: ${describeShare(wanted)}.`,
    "",
    `- served ${describeSeconds(times.servedMs)} after the approval of the merge; proof through the FeatBit SDK with ${times.probes} probes took ${describeSeconds(times.proofMs)}`,
    ...(wanted.candidateDigest === null ? [] : [`- candidate \`${wanted.candidateDigest}\``]),
    `- baseline \`${wanted.baselineDigest}\``,
    ...(wanted.excluded.length === 0 ? [] : [`- without ${wanted.excluded.map(quote).join(", ")}`]),
    ...wanted.unproven.map((text) => `- not proven: ${escapeText(text)}`),
  ];
  effects.push({
    type: "add-comment",
    key: `github:outcome:${id}`,
    pull: approved.pull,
    marker: `routeward-rollout ${id}`,
    body: lines.join("\n"),
  });
  return effects;
}

/** What GitHub is told when the baseline is proven after a rollback. */
export function announceRollback(
  run: RolloutRun,
  latch: Latch,
  before: LiveState | null,
  pull: number | null,
  backMs: number | null,
): readonly RolloutEffect[] {
  const effects: RolloutEffect[] = before !== null && before.stage !== null ? [closeDeployment(run, before)] : [];
  if (pull === null) return effects;
  const id = `${run.key}:${latch.at}`;
  const took =
    backMs === null
      ? ""
      : `, proven through the FeatBit SDK ${describeSeconds(backMs)} after the rollback was asked for`;
  const body = [
    `Rolled back: \`${run.job.flagKey}\` is off and serves the baseline to everyone${took}.`,
    "",
    `- by ${escapeText(latch.by)} (${latch.cause}): ${escapeText(latch.reason)}`,
    "- it stays off until a pull request that is approved and merged after this asks for a stage again",
  ].join("\n");
  return [
    ...effects,
    { type: "add-comment", key: `github:rollback:${id}`, pull, marker: `routeward-rollback ${id}`, body },
  ];
}

/** What GitHub is told when nothing may go on. The same reasons are said once. */
export function announceHold(
  run: RolloutRun,
  approved: { pull: number; mergeSha: string } | null,
  state: "held" | "failing",
  reasons: readonly string[],
): readonly RolloutEffect[] {
  if (approved === null) return [];
  const digest = createHash("sha256")
    .update(JSON.stringify([state, reasons]))
    .digest("hex")
    .slice(0, 16);
  const id = `${run.key}:${approved.mergeSha}:${digest}`;
  const head =
    state === "held"
      ? `The rollout of \`${run.job.flagKey}\` is held. Nothing goes forward; the flag stays as it is.`
      : `The rollout of \`${run.job.flagKey}\` could not go on. It is tried again by itself; until then nothing goes forward.`;
  return [
    {
      type: "add-comment",
      key: `github:hold:${id}`,
      pull: approved.pull,
      marker: `routeward-hold ${id}`,
      body: [head, "", ...reasons.map((reason) => `- ${escapeText(reason)}`)].join("\n"),
    },
  ];
}

/** What GitHub is told when a change by hand is replaced by what was approved: once for each state that was found. */
export function announceRepair(
  run: RolloutRun,
  approved: { pull: number; mergeSha: string },
  found: string,
  differences: readonly string[],
): readonly RolloutEffect[] {
  const id = `${run.key}:${approved.mergeSha}:${found.slice(0, 16)}`;
  return [
    {
      type: "add-comment",
      key: `github:repair:${id}`,
      pull: approved.pull,
      marker: `routeward-repair ${id}`,
      body: [
        `\`${run.job.flagKey}\` was changed in FeatBit by hand. The approved state is put back; nobody gets the candidate by it who did not have it.`,
        "",
        ...differences.map((difference) => `- ${escapeText(difference)}`),
      ].join("\n"),
    },
  ];
}

/** What whoever asked for a rehearsal on the live flag is told. */
export function announceRehearsal(
  run: RolloutRun,
  asked: { askedAt: string; pull: number; candidateDigest: string },
  outcome: { ok: boolean; detail: string },
): readonly RolloutEffect[] {
  const id = `${run.key}:${asked.askedAt}`;
  const head = outcome.ok
    ? `Rehearsed the way back on \`${run.job.flagKey}\` itself, for a synthetic user only; everybody else was served what they were before.`
    : `The rehearsal on \`${run.job.flagKey}\` did not succeed. Nobody but a synthetic user was touched, and that one is gone.`;
  return [
    {
      type: "add-comment",
      key: `github:rehearsal:${id}`,
      pull: asked.pull,
      marker: `routeward-rehearsal ${id}`,
      body: [head, "", `- ${escapeText(outcome.detail)}`, `- candidate \`${asked.candidateDigest}\``].join("\n"),
    },
  ];
}

function closeDeployment(run: RolloutRun, before: LiveState): RolloutEffect {
  return {
    type: "set-deployment",
    key: deploymentKey(run, before.mergeSha, before.stage ?? "none"),
    sha: before.mergeSha,
    environment: environmentOf(run),
    isProduction: run.binding.isProduction,
    state: "inactive",
    description: `${before.stage ?? "none"}: no longer served`,
    payload: {
      binding: run.job.binding,
      flagKey: run.job.flagKey,
      stage: before.stage,
      step: before.step,
      candidate: before.candidateDigest,
    },
  };
}

function deploymentKey(run: RolloutRun, mergeSha: string, stage: string): string {
  return `${run.key}:${mergeSha}:${stage}`;
}

function environmentOf(run: RolloutRun): string {
  return cut(`${run.binding.environment}/${run.job.flagKey}`, 255);
}

function describeShare(wanted: WantedStage): string {
  if (wanted.stage === "offline-eval") return "baseline to everyone";
  if (wanted.stage === "shadow") return "baseline to everyone, the candidate beside it";
  if (wanted.stage === "default") return "candidate to everyone not excluded";
  const parts = wanted.shares.map(
    ({ audience, share }) => `${share === 100 ? "all" : `${share} %`} of ${quote(audience)}`,
  );
  return `candidate to ${parts.join(" and ")}`;
}

function describeSeconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(2)} s`;
}

function quote(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}

/** Text of other people in a comment: no markup, no mention, no reference, no comment mark. */
function escapeText(text: string): string {
  return cut(text.replaceAll(/\s+/g, " "), 500)
    .replaceAll(/[\\`*_{}[\]<>|~&]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll("@", "@\u200b")
    .replaceAll(/#(?=\d)/g, "#\u200b");
}
