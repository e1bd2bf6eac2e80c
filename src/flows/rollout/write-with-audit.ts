import { FeatBitError } from "../../ports/featbit.ts";
import type { StoreOperations } from "../../ports/store.ts";
import { rolloutStatusKind, type RolloutStatus } from "../records.ts";
import type { RolloutRun } from "./rollout-run.ts";

/** Digests of own writings that are remembered: the few that a run of crashes could leave in FeatBit. */
const rememberedWrites = 12;

export interface FeatBitWrite {
  key: string;
  effect: string;
  data: Readonly<Record<string, unknown>>;
  /** Digest of the contents that the flag will have; null for a switch. */
  writes: string | null;
  /** What is written rests on somebody else's contents: it is not remembered as ours. */
  isForeign?: boolean;
}

/** What became of a write. `again`: FeatBit holds something newer than what was planned from. */
export type WriteResult = "done" | "again";

/**
 * Changes FeatBit once: intent with the digest of what will be written (one commit), the call, its outcome (SPEC 14). A call
 * whose end is unknown leaves its intent open; the next run looks into FeatBit instead of guessing.
 *
 * @throws FeatBitError except for a conflict, which is an answer
 */
export async function writeWithAudit(
  run: RolloutRun,
  write: FeatBitWrite,
  act: () => Promise<unknown>,
): Promise<WriteResult> {
  const { store } = run.ports;
  await store.transaction(async (tx) => {
    await tx.recordIntent({
      key: write.key,
      effect: write.effect,
      subject: run.subject,
      data: { ...write.data, writes: write.writes },
    });
    if (write.writes !== null && write.isForeign !== true) await rememberWrite(run, tx, write.writes);
  });
  try {
    const result = await act();
    await store.recordOutcome(write.key, {
      status: "done",
      data: { result: typeof result === "string" ? result : null },
    });
    return "done";
  } catch (error) {
    if (!(error instanceof FeatBitError) || isUnknownEnd(error)) throw error;
    await store.recordOutcome(write.key, {
      status: "failed",
      data: { kind: error.kind, status: error.status, codes: error.codes },
    });
    if (error.kind === "conflict") return "again";
    throw error;
  }
}

/** Whether FeatBit may have done it although it did not say so: no answer, or one that only a broken server gives. */
function isUnknownEnd(error: FeatBitError): boolean {
  return error.status === 0 || error.status >= 500 || error.kind === "unavailable" || error.kind === "unexpected";
}

/** Keeps the digest of contents as our own, so that they are not taken for a change by hand. */
export async function rememberWrite(run: RolloutRun, tx: StoreOperations, digest: string): Promise<void> {
  const current = await tx.getRecord(rolloutStatusKind, run.key);
  const before = current?.value.written ?? [];
  if (before.at(-1) === digest) return;
  const value: RolloutStatus = {
    ...(current?.value ?? createStatus(run)),
    written: [...before.filter((known) => known !== digest), digest].slice(-rememberedWrites),
  };
  await tx.putRecord({
    kind: rolloutStatusKind,
    key: run.key,
    value,
    expectedVersion: current?.version ?? 0,
    audit: { subject: run.subject },
  });
}

/** The status of a flag about which nothing was said yet. */
export function createStatus(run: Pick<RolloutRun, "name" | "now">): RolloutStatus {
  return {
    ...run.name,
    state: "moving",
    reason: "",
    since: run.now().toISOString(),
    attempts: 0,
    mergeSha: null,
    written: [],
  };
}
