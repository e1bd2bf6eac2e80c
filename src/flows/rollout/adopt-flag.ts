import { digestContents } from "../../core/rollout/compare-flag.ts";
import { adoptionKind, keyOfFlag, rolloutStatusKind, subjectOfFlag } from "../records.ts";
import { updateRecord } from "../update-record.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

/** What became of an adoption. */
export type AdoptionResult = { ok: true } | { ok: false; reason: string };

/**
 * The operator hands a flag that Routeward did not make over to it, as it stands (SPEC 4). From here on merges move it; what
 * it serves until then stays.
 *
 * @throws FeatBitError when the flag cannot be read
 */
export async function adoptFlag(
  request: { binding: string; flagKey: string; by: string },
  ports: Pick<RolloutPorts, "flags" | "store">,
  now: () => Date,
): Promise<AdoptionResult> {
  const { binding, flagKey, by } = request;
  const flags = ports.flags.get(binding);
  if (flags === undefined) return { ok: false, reason: `there is no binding ${binding}` };
  const flag = await flags.readFlag(flagKey);
  if (flag === null) return { ok: false, reason: `FeatBit has no flag ${flagKey}; a merge creates it` };
  const at = now().toISOString();
  const key = keyOfFlag(binding, flagKey);
  const subject = subjectOfFlag(binding, flagKey);
  // Its contents count as known from now on: the first merge may replace them, and a change by hand after this is seen.
  await updateRecord(ports.store, rolloutStatusKind, key, subject, (current) => ({
    ...(current ?? { binding, flagKey, state: "idle" as const, reason: "", since: at, attempts: 1, mergeSha: null }),
    written: [digestContents(flag)],
  }));
  await updateRecord(ports.store, adoptionKind, key, subject, () => ({ binding, flagKey, by, at }));
  return { ok: true };
}
