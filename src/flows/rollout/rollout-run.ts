import type { ApprovedRoute, BindingFacts } from "../../core/facts.ts";
import type { FlagName } from "../../core/rollout/flag-identity.ts";
import type { FlagSnapshot, SegmentSnapshot } from "../../core/rollout/flag.ts";
import type { ProofFacts } from "../../core/rollout/rollout-facts.ts";
import type { FlagPort } from "../../ports/featbit.ts";
import { keyOfFlag, type LiveRehearsal, subjectOfFlag } from "../records.ts";
import type { BranchState } from "./check-branch.ts";
import type { FlagJob, RolloutPorts } from "./rollout-ports.ts";

/** One run of a flag's job: what it remembers between its passes, and nothing that another run would miss. */
export interface RolloutRun {
  job: FlagJob;
  name: FlagName;
  key: string;
  subject: string;
  binding: BindingFacts;
  flags: FlagPort;
  ports: RolloutPorts;
  now: () => Date;
  /** Last proof of this run. A later run proves again: a proof is only worth what the SDK serves now. */
  proof: ProofFacts | null;
  /** When the baseline was first seen through the SDK after a rollback, and when the stage was. */
  provenAt: { baseline: string | null; stage: string | null };
  /** The flag as the last look found it. */
  flag: FlagSnapshot | null;
  /** When the last proof ended. */
  proofAt: string | null;
  /** This run began the rehearsal on the live flag itself, so that its times hold no interruption. */
  playsRehearsal: boolean;
  /** The asked rehearsal as the last look found it. */
  rehearsal: { value: LiveRehearsal; version: number } | null;
  /** Milliseconds that the last proof took. */
  proofMs: number;
  /** Milliseconds from the approval of the merge until the stage was proven; null when this run proved none. */
  servedMs: number | null;
  /** Milliseconds from the latch until the baseline was proven; null when this run proved none. */
  rolledBackMs: number | null;
  /** What FeatBit refused for good in this run: reasons to hold. */
  refusals: string[];
  /** What was asked once: it is read anew by the next run. */
  branch: { mergeSha: string; state: BranchState } | null;
  segments: { keys: string; found: readonly SegmentSnapshot[] } | null;
  /** Intents of earlier runs were looked at. */
  reconciled: boolean;
}

/** Begins a run. Null when this process has no such binding: the operator took it away. */
export function openRun(job: FlagJob, ports: RolloutPorts, now: () => Date): RolloutRun | null {
  const binding = ports.bindings.find((candidate) => candidate.name === job.binding);
  const flags = ports.flags.get(job.binding);
  if (binding === undefined || flags === undefined) return null;
  return {
    job,
    name: { binding: job.binding, flagKey: job.flagKey },
    key: keyOfFlag(job.binding, job.flagKey),
    subject: subjectOfFlag(job.binding, job.flagKey),
    binding,
    flags,
    ports,
    now,
    proof: null,
    provenAt: { baseline: null, stage: null },
    proofMs: 0,
    flag: null,
    proofAt: null,
    playsRehearsal: false,
    rehearsal: null,
    refusals: [],
    servedMs: null,
    rolledBackMs: null,
    branch: null,
    segments: null,
    reconciled: false,
  };
}

/** The comment on every change in FeatBit: repository, pull request, commit and stage (SPEC 12), findable by `query`. */
export function renderChangeComment(approved: ApprovedRoute | null, what: string): string {
  const origin = approved === null ? "" : ` ${approved.repository}#${approved.pull} ${approved.mergeSha.slice(0, 12)}`;
  return `routeward:${origin} ${what}`.slice(0, 240);
}
