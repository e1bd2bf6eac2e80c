import type { BindingFacts } from "../../core/facts.ts";
import { cut } from "../../core/problem.ts";
import type { FlowPorts } from "../flow-ports.ts";
import { adoptionKind, flagClaimKind, keyOfFlag, subjectOfFlag } from "../records.ts";
import { updateRecord } from "../update-record.ts";
import type { ClaimHolder } from "./describe-flag.ts";

export interface TransferRequest {
  binding: BindingFacts;
  flagKey: string;
  from: ClaimHolder;
  to: ClaimHolder;
  by: string;
}

export type TransferResult = { ok: true; holder: ClaimHolder } | { ok: false; reason: string };

/** A path as Git lists it: no empty part, no `.` or `..`, no control character. */
function isRoutePath(path: string): boolean {
  const parts = path.split("/");
  return (
    /\.ya?ml$/.test(path) &&
    !/\p{Cc}|\\/u.test(path) &&
    parts.every((part) => part !== "" && part !== "." && part !== "..")
  );
}

function isSame(one: ClaimHolder, other: ClaimHolder): boolean {
  return one.repository.toLowerCase() === other.repository.toLowerCase() && one.path === other.path;
}

/**
 * The operator gives a flag key to another repository or path (SPEC 4). What is approved and live stays until the new holder
 * merges; pull requests of the old one are invalid from here on. The flag bears the old repository's tag, so the operator's
 * word that the new one may move it is written with it, in one commit.
 */
export async function transferClaim(
  request: TransferRequest,
  ports: Pick<FlowPorts, "store">,
  now: Date,
): Promise<TransferResult> {
  const { binding, flagKey, from, to, by } = request;
  const isAllowed = binding.repositories.some((name) => name.toLowerCase() === to.repository.toLowerCase());
  if (!isAllowed)
    return { ok: false, reason: `binding ${binding.name} does not name the repository ${to.repository}; add it first` };
  if (!isRoutePath(to.path))
    return { ok: false, reason: `"${cut(to.path)}" is not the path of a YAML file inside a repository` };
  const claimed = flagKey.toLowerCase();
  const subject = subjectOfFlag(binding.name, flagKey);
  const claimKey = keyOfFlag(binding.name, claimed);
  return ports.store.transaction(async (tx): Promise<TransferResult> => {
    const current = await tx.getRecord(flagClaimKind, claimKey);
    if (current === undefined)
      return { ok: false, reason: `nobody has claimed ${cut(flagKey)}: the first approved merge does` };
    const holder = { repository: current.value.repository, path: current.value.path };
    if (isSame(holder, to)) return { ok: true, holder };
    if (!isSame(holder, from))
      return { ok: false, reason: `meanwhile it belongs to ${holder.repository}, ${cut(holder.path)}; look again` };
    await tx.putRecord({
      kind: flagClaimKind,
      key: claimKey,
      value: { binding: binding.name, flagKey: claimed, ...to },
      expectedVersion: current.version,
      audit: { subject, data: { by, from: holder, to } },
    });
    if (holder.repository.toLowerCase() !== to.repository.toLowerCase())
      await updateRecord(tx, adoptionKind, keyOfFlag(binding.name, flagKey), subject, () => ({
        binding: binding.name,
        flagKey,
        by,
        at: now.toISOString(),
      }));
    return { ok: true, holder: to };
  });
}
