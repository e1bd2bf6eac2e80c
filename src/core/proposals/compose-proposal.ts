import type { Latch, LiveState } from "../facts.ts";
import { cut } from "../problem.ts";
import { codeSpan, escapeMarkdown } from "../report/escape-markdown.ts";
import { flattenLine } from "../report/flatten-line.ts";
import type { WatchEntry } from "../rollout/watch.ts";
import { renderDuration } from "../verdict/render-duration.ts";
import type { Cleanup, NextStage } from "./plan-proposal.ts";

/** The words of a pull request that Routeward opens. Everything from files and people in it is escaped. */
export interface ProposalText {
  title: string;
  body: string;
  /** Of the commit. */
  message: string;
}

/** What every proposal says of itself. */
export interface ProposalOrigin {
  flagKey: string;
  binding: string;
  path: string;
  /** `@login`, or what made Routeward do it by itself. */
  by: string;
  why: string;
  /** The pull request that brought what is live. */
  pull: number;
  candidateDigest: string | null;
}

export interface PromotionFacts extends ProposalOrigin {
  next: NextStage;
  live: LiveState;
  /** The last look of the guardrail watch; null when there was none at this step. */
  watch: WatchEntry | null;
  wantedMs: number;
  /** Ids that the file names after the edit. */
  evidence: readonly string[];
  added: readonly string[];
  missing: readonly (readonly string[])[];
  releaseOwners: string;
}

/** Guardrails that are listed; a file may hold more than a body can. */
const mostRows = 60;

export function composePromotion(facts: PromotionFacts): ProposalText {
  const { next, live, watch, added, missing } = facts;
  const asker = facts.by.startsWith("@")
    ? ` ${escapeMarkdown(facts.by)} asked for it, so that approval of theirs does not count here.`
    : "";
  const body = [
    `This asks for **${next.to}** of ${codeSpan(facts.flagKey)} in ${codeSpan(facts.binding)}; live is **${next.from}**.`,
    "",
    `- why: ${escapeMarkdown(facts.why)}`,
    `- live since ${live.enteredAt}: ${live.share} % of ${live.audiences.map((name) => codeSpan(name)).join(", ") || "nobody"}, from #${facts.pull}`,
    ...describeCandidate(facts),
    `- soaked: ${renderDuration(watch?.soakedMs ?? 0)} of ${renderDuration(facts.wantedMs)}${watch === null || watch.why === "" ? "" : ` (${escapeMarkdown(watch.why)})`}`,
    `- who must approve: release-owner (${escapeMarkdown(facts.releaseOwners, 500)}) and whoever the card names.${asker}`,
    "",
    ...describeReadings(watch),
    "",
    `**Evidence named by the file:** ${listCodes(facts.evidence)}`,
    ...(added.length === 0 ? [] : [`Added by this pull request: ${added.map((id) => codeSpan(id)).join(", ")}`]),
    ...missing.map(
      (kinds) => `Missing for ${next.to}: ${kinds.map((kind) => codeSpan(kind)).join(" or ")} about this candidate`,
    ),
    "",
    "Only `approval` changes. The check says whether everything that the stage needs is there; merging asks FeatBit for it.",
  ].join("\n");
  return finish(`Promote ${facts.flagKey} to ${next.to}`, body);
}

export function composeRollback(facts: ProposalOrigin & { latch: Latch }): ProposalText {
  const { latch } = facts;
  const body = [
    `${codeSpan(facts.flagKey)} in ${codeSpan(facts.binding)} was rolled back: the flag is off, everybody gets the baseline, and that is proven.`,
    "",
    `- by ${escapeMarkdown(latch.by)} at ${latch.at} (${latch.cause})`,
    `- reason: ${escapeMarkdown(latch.reason, 500)}`,
    ...describeCandidate(facts),
    "",
    "This writes it into the file, so that Git says what FeatBit serves. It moves no flag. One owner of the file approves it.",
    "Leave it open or close it to keep the file as it is; the flag stays off until a pull request that is approved and merged after the rollback asks for a stage again.",
  ].join("\n");
  return finish(`Record the rollback of ${facts.flagKey}`, body);
}

export function composeCleanup(facts: ProposalOrigin & { cleanup: Cleanup }): ProposalText {
  const { decision, excluded } = facts.cleanup;
  const body = [
    `The candidate of ${codeSpan(facts.flagKey)} in ${codeSpan(facts.binding)} is proven as the default. This makes it the baseline and retires the flag.`,
    "",
    `- why: ${escapeMarkdown(facts.why)}`,
    ...describeCandidate(facts),
    decision === "remove"
      ? "- cleanup: remove. The flag is switched off, which serves the new baseline to everyone; take it out of the code, then delete the file"
      : "- cleanup: permanent. The flag stays on and serves the new baseline to everyone",
    ...(excluded.length === 0
      ? []
      : [
          `- **excluded until now, and not any more:** ${excluded.map((name) => codeSpan(name)).join(", ")}. They get the old baseline today and the new one after the merge`,
        ]),
  ].join("\n");
  return finish(`Make the candidate of ${facts.flagKey} the baseline`, body);
}

/** What to do by hand where Routeward may not open the pull request itself. `patch` as `renderPatch` gives it. */
export function composeByHand(text: ProposalText, path: string, patch: string): string {
  const runs = patch.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return [
    `Routeward would open a pull request here ("${escapeMarkdown(text.title)}"), but this installation does not grant it \`contents: write\`. Everything else works without.`,
    "",
    `By hand: apply this to ${codeSpan(path)} on a branch of the default branch and open a pull request.`,
    "",
    `${fence}diff`,
    patch.trimEnd(),
    fence,
  ].join("\n");
}

function describeCandidate({ candidateDigest }: Pick<ProposalOrigin, "candidateDigest">): readonly string[] {
  return candidateDigest === null ? [] : [`- candidate ${codeSpan(candidateDigest)}`];
}

function describeReadings(watch: WatchEntry | null): readonly string[] {
  if (watch === null) return ["No guardrail was read at this step yet."];
  if (watch.guardrails.length === 0) return [`No guardrail was read at ${watch.at}.`];
  const show = (value: number | null): string => (value === null ? "" : String(Number(value.toPrecision(6))));
  const rows = watch.guardrails
    .slice(0, mostRows)
    .map(
      ({ name, outcome, candidate, baseline, samples, why }) =>
        `| ${escapeMarkdown(name, 100)} | ${outcome} | ${show(candidate)} | ${show(baseline)} | ${show(samples)} | ${escapeMarkdown(why, 200)} |`,
    );
  const left = watch.guardrails.length - rows.length;
  return [
    `Guardrails at ${watch.at}:`,
    "",
    "| guardrail | outcome | candidate | baseline | samples | |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    ...(left > 0 ? [`| and ${left} more | | | | | |`] : []),
  ];
}

/** Names one behind the other; a file may hold more than a body can. */
function listCodes(names: readonly string[]): string {
  const shown = names.slice(0, 50).map((name) => codeSpan(name));
  const left = names.length - shown.length;
  return [...shown, ...(left > 0 ? [`and ${left} more`] : [])].join(", ") || "none";
}

function finish(title: string, body: string): ProposalText {
  const flat = cut(flattenLine(title), 200);
  return { title: flat, body: cut(body, 60_000), message: flat };
}
