import type { ApprovedRoute, Latch, LiveState, SourceText } from "../../core/facts.ts";
import type { FlagWatch } from "../../core/rollout/judge-step.ts";
import { type RecordKind, type StoreOperations, type StoredRecord, UnreadableRecordError } from "../../ports/store.ts";
import {
  adoptionKind,
  approvedRouteKind,
  type BindingWatch,
  flagClaimKind,
  keyOfFlag,
  latchKind,
  liveStateKind,
  type LiveRehearsal,
  liveRehearsalKind,
  rolloutStatusKind,
  type RolloutStatus,
  rulesInForceKind,
  watchKind,
} from "../records.ts";
import type { FlagJob } from "./rollout-ports.ts";

/** What the store holds about one flag, with versions, so that a later write sees whether it is still so. */
export interface FlagRecords {
  key: string;
  approved: ApprovedRoute | null;
  latch: { value: Latch; version: number } | null;
  live: { value: LiveState; version: number } | null;
  claim: { repository: string; path: string; version: number } | null;
  status: { value: RolloutStatus; version: number } | null;
  rehearsal: { value: LiveRehearsal; version: number } | null;
  isAdopted: boolean;
  watch: FlagWatch;
  /** The organisation's floor as it was last read; absent when it never was. */
  floor: SourceText;
  /** Records that are there and cannot be trusted: nothing goes forward with them (SPEC principle 3). */
  unreadable: readonly string[];
}

/** Reads everything that the store holds about a flag. An unreadable latch counts as a latch, all others as absent and blocking. */
export async function gatherRecords(job: FlagJob, store: StoreOperations, now: Date): Promise<FlagRecords> {
  const key = keyOfFlag(job.binding, job.flagKey);
  const unreadable: string[] = [];
  const read = async <Value>(kind: RecordKind<Value>, recordKey = key): Promise<StoredRecord<Value> | null> => {
    try {
      return (await store.getRecord(kind, recordKey)) ?? null;
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
      unreadable.push(error.message);
      return null;
    }
  };
  const [approved, live, claim, status, adoption, watch, rehearsal] = await Promise.all([
    read(approvedRouteKind),
    read(liveStateKind),
    read(flagClaimKind, keyOfFlag(job.binding, job.flagKey.toLowerCase())),
    read(rolloutStatusKind),
    read(adoptionKind),
    read(watchKind, job.binding),
    read(liveRehearsalKind),
  ]);
  const rules = approved === null ? null : await read(rulesInForceKind, approved.value.repository);
  const trusted = unreadable.length;
  const latch = await read(latchKind);
  return {
    key,
    approved: approved?.value ?? null,
    latch: unreadable.length > trusted ? { value: makeLatch(job, now), version: -1 } : latch,
    live,
    claim:
      claim === null ? null : { repository: claim.value.repository, path: claim.value.path, version: claim.version },
    status,
    rehearsal,
    isAdopted: adoption !== null,
    watch: findWatch(watch?.value, job.flagKey),
    floor: rules?.value.floor ?? { kind: "absent" },
    unreadable,
  };
}

/** What the watch of a binding says about one flag. */
export function findWatch(watch: BindingWatch | undefined, flagKey: string): FlagWatch {
  return { entry: watch?.flags.find((entry) => entry.flagKey === flagKey) ?? null, everyMs: watch?.everyMs ?? 0 };
}

/** Stands for a latch that cannot be read: somebody wanted the baseline, and nothing says that it is over. */
function makeLatch(job: FlagJob, now: Date): Latch {
  return {
    binding: job.binding,
    flagKey: job.flagKey,
    at: now.toISOString(),
    by: "routeward",
    reason: "the latch's record cannot be read",
    cause: "breach",
    candidateDigest: null,
    repository: "",
    pull: null,
  };
}
